"""/proc/net tables as the kernel prints them: route, fib_trie, if_inet6, ipv6_route."""

import socket
import struct


def _network4(text):
    """("192.0.2.10/24") -> address, network, prefix length as numbers."""
    address, length = text.split("/")
    number = struct.unpack("!I", socket.inet_aton(address))[0]
    mask = (0xFFFFFFFF << (32 - int(length))) & 0xFFFFFFFF
    return number, number & mask, int(length)


def _little(number):
    """As a little-endian kernel prints it: 192.0.2.1 is 010200C0."""
    return "{0:08X}".format(struct.unpack("<I", struct.pack("!I", number))[0])


def _dotted(number):
    return socket.inet_ntoa(struct.pack("!I", number))


def routes4(owners):
    head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
    rows = [head]
    for owner in owners:
        found = []
        gateway = 0xC0000201
        for text in owner.get("addresses4", []):
            _address, network, length = _network4(text)
            gateway = network + 1
            if length < 32:
                found.append((network, 0, 1, length))
        if owner.get("default_route"):
            found.insert(0, (0, gateway, 3, 0))
        for text in owner.get("routes", []):
            if ":" not in text:
                _address, network, length = _network4(text)
                found.append((network, gateway, 3, length))
        for network, via, flags, length in found:
            mask = (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF
            words = (owner["name"], _little(network), _little(via), flags, _little(mask))
            rows.append("{0}\t{1}\t{2}\t{3:04X}\t0\t0\t0\t{4}\t0\t0\t0".format(*words))
    return "\n".join("{0:<127}".format(text) for text in rows)


def fib_trie(owners):
    """One leaf per address, in the notation of the kernel; the inner nodes are abridged."""
    leaves = {_network4("127.0.0.0/8")[0]: [(8, "host LOCAL")], _network4("127.0.0.1/32")[0]: [(32, "host LOCAL")]}
    for owner in owners:
        for text in owner.get("addresses4", []):
            number, network, length = _network4(text)
            leaves.setdefault(number, []).append((32, "host LOCAL"))
            if length < 32:
                leaves.setdefault(network, []).append((length, "link UNICAST"))
                broadcast = network + (1 << (32 - length)) - 1
                leaves.setdefault(broadcast, []).append((32, "link BROADCAST"))
    rows = ["  +-- 0.0.0.0/0 3 0 5"]
    for number in sorted(leaves):
        rows.append("     |-- " + _dotted(number))
        rows += ["        /{0} {1}".format(length, kind) for length, kind in sorted(leaves[number])]
    body = "\n".join(rows)
    return "Main:\n{0}\nLocal:\n{0}".format(body)


def _digits6(address):
    return "".join("{0:02x}".format(byte) for byte in bytearray(socket.inet_pton(socket.AF_INET6, address)))


def addresses6(owners):
    rows = ["{0} 01 80 10 80       lo".format(_digits6("::1"))]
    for owner in owners:
        words = (_digits6("fe80::%x" % owner["index"]), owner["index"], owner["name"])
        rows.append("{0} {1:02x} 40 20 80 {2:>8}".format(*words))
        for text in owner.get("addresses6", []):
            address, length = text.split("/")
            words = (_digits6(address), owner["index"], int(length), owner["name"])
            rows.append("{0} {1:02x} {2:02x} 00 80 {3:>8}".format(*words))
    return "\n".join(rows)


def routes6(owners):
    nothing = "0" * 32
    rows = ["{0} 80 {1} 00 {1} 00000000 00000002 00000000 80200001       lo".format(_digits6("::1"), nothing)]
    row = "{0} {1:02x} {2} 00 {3} 00000400 00000001 00000000 {4:08x} {5:>8}"
    for owner in owners:
        rows.append(row.format(_digits6("fe80::"), 64, nothing, nothing, 1, owner["name"]))
        rows.append(row.format(_digits6("ff00::"), 8, nothing, nothing, 1, owner["name"]))
        for text in owner.get("addresses6", []):
            address, length = text.split("/")
            number = int(_digits6(address), 16) >> (128 - int(length)) << (128 - int(length))
            rows.append(row.format("{0:032x}".format(number), int(length), nothing, nothing, 1, owner["name"]))
            rows.append(row.format(_digits6(address), 128, nothing, nothing, 0x80200001, owner["name"]))
        for text in owner.get("routes", []):
            if ":" in text:
                address, length = text.split("/")
                rows.append(row.format(_digits6(address), int(length), nothing, _digits6("fe80::1"), 3, owner["name"]))
        if owner.get("default_route6"):
            rows.append(row.format(nothing, 0, nothing, _digits6("fe80::1"), 0x00450003, owner["name"]))
    rows.append("{0} 00 {0} 00 {0} ffffffff 00000001 00000000 00200200       lo".format(nothing))
    return "\n".join(rows)
