# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of the live host /proc/net and /sys do not show: addresses and routes as iproute2 tells them, ports of a switch.

That is: all legs of a route, groups of nexthop objects, all tables, and addresses without a route of their own, those
of a device that is down included. Without iproute2, or with one that has no -json, what /proc/net shows is all.
Every device that is up has a link-local IPv6 address, which is a use while somebody (Ansible) is connected to it.
The userspace datapath of Open vSwitch reads a device through a socket, of which the device itself knows nothing.

Private to the collection. Python 3.6+, standard library only.
Sources: ip-address(8), ip-route(8), rtnetlink(7), ovs-vsctl(8); lib/netdev-linux.c of Open vSwitch; /proc/net/tcp6 is
that of the kernel's net/ipv6/tcp_ipv6.c.
"""

import ipaddress
import json
import re

from ._links import Links
from ._tree import Tree

LIVE = "/"
_ESTABLISHED6 = re.compile(r"^ *[0-9]+: ([0-9A-F]{32}):[0-9A-F]{4} [0-9A-F]{32}:[0-9A-F]{4} 01 ", re.MULTILINE)
IP = ["ip", "-json"]
ADDRESSES = IP + ["address", "show"]
ROUTES = (IP + ["-4", "route", "show", "table", "all"], IP + ["-6", "route", "show", "table", "all"])
INTERFACES = ["ovs-vsctl", "--timeout=10", "--format=json", "--columns=name,type", "list", "Interface"]


def add_uses(host, root, run):
    """Let the NICs of *host* show what others know of them; a captured tree is not this machine and stays as it is."""
    if root == LIVE:
        tree = Tree(root)
        met = connected(tree.text("/proc/net/tcp6") or "")
        found = understood(_asked(run, ADDRESSES), [_asked(run, argv) for argv in ROUTES], met)
        found += [(name, "ovs", "port of Open vSwitch") for name in ports(_asked(run, INTERFACES))]
        links = Links(tree, found)
        for nic in host["nics"]:
            nic["uses"] = [use for name in nic["names"] for use in links.uses(name)]


def _asked(run, argv):
    rc, out, _err = run(argv)
    return "" if rc else out


def ports(interfaces):
    """Names of the devices of the kernel that are ports of a switch, of what INTERFACES has printed.

    A port of DPDK has a name of its own.
    """
    try:
        rows = json.loads(interfaces)["data"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return []
    rows = [row for row in rows if isinstance(row, list) and len(row) == 2] if isinstance(rows, list) else []
    return [name for name, kind in rows if isinstance(name, str) and not str(kind).startswith("dpdk")]


def connected(sockets):
    """Addresses of this host that have a TCP connection; the kernel prints them as four numbers of its byte order."""
    found = [[text[at : at + 8] for at in range(0, 32, 8)] for text in _ESTABLISHED6.findall(sockets)]
    return {ipaddress.IPv6Address(b"".join(bytes.fromhex(word)[::-1] for word in words)) for words in found}


def understood(addresses, routes, met=()):
    """[(device, kind, what)] of the JSON that was printed, in the words of _links; what is of another form is left out.

    The net of an address is no route of its own, and link-local IPv6 is no use unless somebody has *met* it.
    """
    held = [(row.get("ifname"), _interface(info)) for row in _rows(addresses) for info in _dicts(row.get("addr_info"))]
    held = [(name, address) for name, address in held if _counts(name, address, met)]
    found = [(name, "address", str(address)) for name, address in held]
    nets = {(name, address.network) for name, address in held}
    for row in [row for text in routes for row in _rows(text)]:
        network = _network(row)
        legs = [leg for leg in [row] + _dicts(row.get("nexthops")) if _counts(leg.get("dev"), network)]
        for name, gateway in [(leg["dev"], _gateway(leg)) for leg in legs]:
            if (name, network) not in nets:
                what = str(network) if network.prefixlen else "default"
                what += " via {0}".format(gateway) if gateway else ""
                found.append((name, "route" if network.prefixlen else "default_route", what))
    return found


def _counts(name, address, met=()):
    """Whether something on a device keeps it from being taken away; *address* is None where it has not been understood.

    Older kernels list multicast among the plain routes.
    """
    if not isinstance(name, str) or name == "lo" or address is None:
        return False
    free = address.version == 6 and address.is_link_local and getattr(address, "ip", None) not in met
    return not address.is_multicast and not free


def _rows(text):
    try:
        return _dicts(json.loads(text))
    except (ValueError, RecursionError):
        return []


def _dicts(value):
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _interface(info):
    return _parsed(ipaddress.ip_interface, "{0}/{1}".format(info.get("local"), info.get("prefixlen")))


def _network(row):
    """Where a route leads; None of one that leads nowhere (local, broadcast, unreachable, blackhole …)."""
    if row.get("type", "unicast") != "unicast":
        return None
    # Everywhere is the same word in both families, and nobody asks further.
    return _parsed(ipaddress.ip_network, "0.0.0.0/0" if row.get("dst") == "default" else row.get("dst"))


def _gateway(leg):
    via = leg.get("via")
    found = leg.get("gateway") or (via.get("host") if isinstance(via, dict) else None)
    return found if isinstance(found, str) else ""


def _parsed(kind, text):
    try:
        return kind(str(text))
    except ValueError:
        return None
