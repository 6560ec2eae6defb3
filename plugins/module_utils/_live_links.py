# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses and routes of the live host as iproute2 tells them, for what /proc/net does not show.

That is: all legs of a route, groups of nexthop objects, all tables, and addresses without a route of their own, those
of a device that is down included. Without iproute2, or with one that has no -json, what /proc/net shows is all.

Private to the collection. Python 3.6+, standard library only.
Sources: ip-address(8), ip-route(8), rtnetlink(7).
"""

import ipaddress
import json

from ._links import Links
from ._tree import Tree

LIVE = "/"
ADDRESSES = ("address", "show")
ROUTES = (("-4", "route", "show", "table", "all"), ("-6", "route", "show", "table", "all"))


def add_uses(host, root, run):
    """Let the NICs of *host* show what iproute2 knows too; a captured tree is not this machine and stays as it is."""
    if root == LIVE:
        links = Links(Tree(root), understood(_asked(run, ADDRESSES), [_asked(run, words) for words in ROUTES]))
        for nic in host["nics"]:
            nic["uses"] = [use for name in nic["names"] for use in links.uses(name)]


def _asked(run, words):
    rc, out, _err = run(["ip", "-json"] + list(words))
    return "" if rc else out


def understood(addresses, routes):
    """[(device, kind, what)] of the JSON that was printed, in the words of _links; what is of another form is left out.

    The net of an address is no route of its own, and link-local IPv6 is no use at all.
    """
    held = [(row.get("ifname"), _interface(info)) for row in _rows(addresses) for info in _dicts(row.get("addr_info"))]
    held = [(name, address) for name, address in held if _counts(name, address)]
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


def _counts(name, address):
    """Whether something on a device keeps it from being taken away; *address* is None where it has not been understood.

    Older kernels list multicast among the plain routes.
    """
    if not isinstance(name, str) or name == "lo" or address is None:
        return False
    return not address.is_multicast and not (address.version == 6 and address.is_link_local)


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
