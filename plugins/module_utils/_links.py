# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is in use on a network device: addresses and routes on it, bonds, bridges, VLANs and switches above it.

All of it counts up to the top: an address on a VLAN on a bond is a use of every NIC in the bond. The IPv4 tables
name local addresses without their device: an address belongs to the devices with the longest connected prefix
around it. What these files do not show at all (further tables, further legs of a route, addresses without a route)
comes from _live_links. Link-local IPv6 addresses are no use, every device that is up has one.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel documents "Documentation/ABI/testing/sysfs-class-net" and "Documentation/filesystems/proc.rst" (section
1.4); the formats of /proc/net/{fib_trie,route,if_inet6,ipv6_route} are those of the kernel's net/ipv4/fib_trie.c,
net/ipv6/addrconf.c and net/ipv6/route.c.
"""

import re
import socket
import struct

SYS_NET = "/sys/class/net"

_LOCAL4 = re.compile(r"\|-- ((?:[0-9]{1,3}\.){3}[0-9]{1,3})\n((?:\s+/[0-9]+ .*\n?)+)")
# Whole lines only: a capture may have been cut off in the middle of one.
_ROUTE4 = re.compile(r"^(\S+)((?:\t[0-9A-F]{8}){2})\t([0-9A-F]{4,8})(?:\t\S+){3}\t([0-9A-F]{8})(?:\t\S+){3} *$", re.M)
_ADDRESS6 = re.compile(r"^([0-9a-f]{32}) \S+ ([0-7][0-9a-f]|80) \S+ \S+ +(\S+) *$", re.M)
_ROUTE6 = re.compile(
    r"^([0-9a-f]{32}) ([0-7][0-9a-f]|80) \S+ \S+ ([0-9a-f]{32})(?: \S+){3} ([0-9a-f]{8}) +(\S+) *$", re.M
)
_DEVTYPE = re.compile(r"^DEVTYPE=(.*)$", re.MULTILINE)
_KINDS = {"bond": "bond", "bridge": "bridge", "vlan": "vlan", "openvswitch": "ovs"}
_REJECT = 0x0200
_NOT_A_ROUTE6 = 0x80000000 | 0x00100000 | _REJECT  # local, anycast, unreachable


class Links:
    """The network devices of a tree; uses(name) tells what would be cut off with one of them.

    *known* is (device, kind, what) of uses that somebody else has found.
    """

    def __init__(self, tree, known=()):
        self._tree = tree
        self._on = {}
        _add_ipv4(tree, self._on)
        _add_ipv6(tree, self._on)
        for name, kind, what in known:
            _note(self._on, name, kind, what)
        self._vlans = _vlans(tree)

    def uses(self, name):
        """[{kind, detail}] on *name* and on everything above it, nearest first."""
        found, seen, waiting = [], {name}, [name]
        while waiting:
            device = waiting.pop(0)
            found.extend(self._on.get(device, []))
            for upper, kind in self._uppers(device):
                found.append(_use(kind, upper, device))
                if upper not in seen:
                    seen.add(upper)
                    waiting.append(upper)
        return found

    def _uppers(self, name):
        directory = "{0}/{1}".format(SYS_NET, name)
        names = {entry[len("upper_") :] for entry in self._tree.names(directory) if entry.startswith("upper_")}
        names.add(self._tree.link_name(directory + "/master"))
        names.update(vlan for vlan, lower in self._vlans.items() if lower == name)
        return [(upper, self._kind(upper)) for upper in sorted(names - {None})]

    def _kind(self, name):
        devtype = _DEVTYPE.search(self._tree.text("{0}/{1}/uevent".format(SYS_NET, name)) or "")
        if devtype and devtype.group(1) in _KINDS:
            return _KINDS[devtype.group(1)]
        if name in self._vlans:
            return "vlan"
        if name == "ovs-system":
            return "ovs"
        return "team" if name.startswith("team") else "upper"


def _use(kind, what, name):
    return {"kind": kind, "detail": "{0} on {1}".format(what, name)}


def _vlans(tree):
    """{VLAN device: device below} from the table of the 8021q module."""
    rows = [row.split("|") for row in (tree.text("/proc/net/vlan/config") or "").splitlines()[2:]]
    return {row[0].strip(): row[2].strip() for row in rows if len(row) == 3}


def _add_ipv4(tree, on):
    routes = _routes4(tree)
    connected = [(name, network, length) for name, network, length, gateway in routes if not gateway and length]
    held = set()
    for address in _local4(tree):
        around = [row for row in connected if _prefix(address, row[2]) == row[1]]
        longest = max([row[2] for row in around], default=None)
        for name, network, length in around:
            if length == longest:
                held.add((name, network, length))
                _note(on, name, "address", "{0}/{1}".format(_dotted(address), length))
    for name, network, length, gateway in routes:
        if (name, network, length) not in held:
            _note_route(on, name, _dotted, network, length, gateway)


def _note_route(on, name, render, network, length, gateway):
    what = "{0}/{1}".format(render(network), length) if length else "default"
    what += " via {0}".format(render(gateway)) if gateway else ""
    _note(on, name, "route" if length else "default_route", what)


def _note(on, name, kind, what):
    use = _use(kind, what, name)
    if use not in on.setdefault(name, []):
        on[name].append(use)


def _local4(tree):
    """Sorted own IPv4 addresses, without those of the loopback net."""
    found = set()
    for text, kinds in _LOCAL4.findall(tree.text("/proc/net/fib_trie") or ""):
        own = "/32 host LOCAL" in kinds and not text.startswith("127.")
        if own and max(int(part) for part in text.split(".")) < 256:
            found.add(struct.unpack("!I", socket.inet_aton(text))[0])
    return sorted(found)


def _routes4(tree):
    """Sorted (device, network, prefix length, gateway) of the main table, rejecting routes left out."""
    rows = [row for row in _ROUTE4.findall(tree.text("/proc/net/route") or "") if not int(row[2], 16) & _REJECT]
    numbers = [(name, [_number(word) for word in words.split()], mask) for name, words, _flags, mask in rows]
    return sorted((name, net, bin(int(mask, 16)).count("1"), gateway) for name, (net, gateway), mask in numbers)


def _number(digits):
    """Value of an address that the kernel printed in its own byte order; all machines of DPDK are little-endian."""
    return struct.unpack("!I", struct.pack("<I", int(digits, 16)))[0]


def _prefix(address, length):
    return address >> (32 - length) << (32 - length)


def _dotted(number):
    return socket.inet_ntoa(struct.pack("!I", number))


def _add_ipv6(tree, on):
    held = set()
    for row in _ADDRESS6.findall(tree.text("/proc/net/if_inet6") or ""):
        address, length, name = int(row[0], 16), int(row[1], 16), row[2]
        if name != "lo" and not _link_local(address):
            held.add((name, address >> (128 - length), length))
            _note(on, name, "address", "{0}/{1}".format(_colons(address), length))
    for row in _ROUTE6.findall(tree.text("/proc/net/ipv6_route") or ""):
        network, length, gateway, name = int(row[0], 16), int(row[1], 16), int(row[2], 16), row[4]
        if int(row[3], 16) & _NOT_A_ROUTE6 or name == "lo" or _link_local(network) or network >> 120 == 0xFF:
            continue
        if (name, network >> (128 - length), length) not in held:
            _note_route(on, name, _colons, network, length, gateway)


def _link_local(number):
    return number >> 118 == 0xFE80 >> 6


def _colons(number):
    return socket.inet_ntop(socket.AF_INET6, struct.pack("!QQ", number >> 64, number & (1 << 64) - 1))
