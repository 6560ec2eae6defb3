# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bridge as it is asked for: names, the NIC behind each interface, and what cannot be carried out.

Private to the collection. Python 3.6+, standard library only.
Source: ovs-vswitchd.conf.db(5), tables Bridge, Port and Interface.
"""

import re

from . import _pci, _rows
from ._errors import Refused

BRIDGE = ("datapath_type", "fail_mode", "other_config", "external_ids")
PORT = ("tag", "trunks", "vlan_mode", "bond_mode", "lacp", "other_config", "external_ids")
INTERFACE = ("type", "options", "mtu_request", "other_config", "external_ids")

_NAME = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.:@%+-]*\Z")
# A bridge has a kernel interface of its name: IFNAMSIZ is 16 with the closing NUL.
LONGEST_BRIDGE = 15
SMALLEST_MTU = 68


def device(word, devices):
    """The row of the plan's devices that *word* (id, PCI address, MAC or interface name) means."""
    wanted = [text for text in (word, _pci.address(word), _pci.mac(word)) if text]
    rows = [row for row in devices if any(row.get(key) in wanted for key in ("id", "address", "mac", "interface"))]
    if len(rows) != 1:
        known = ", ".join(sorted(str(row.get("id")) for row in devices)) or "none"
        raise Refused(
            "not the word for exactly one planned device",
            where="nic",
            found="{0!r}, which fits {1}".format(word, len(rows)),
            expected="one of: {0}".format(known),
            cure="Option devices holds the plan's devices; name the NIC in host_plan_nics.",
        )
    return rows[0]


def interface_row(interface, devices, settled=()):
    """An interface of the request as a flat row: what the plan says of its NIC, then what the request says itself.

    Queues, descriptors and MTU of the plan leave entries alone that are *settled*.
    """
    columns = {column: interface.get(column) for column in INTERFACE}
    if interface.get("nic") is not None:
        row = device(interface["nic"], devices)
        planned = {"n_rxq": row.get("rxq"), "n_rxq_desc": row.get("desc"), "n_txq_desc": row.get("desc")}
        planned = {key: value for key, value in planned.items() if "options:" + key not in settled}
        planned["dpdk-devargs"] = row.get("devargs") or row["address"]
        columns["options"] = dict(planned, **(columns["options"] or {}))
        if columns["type"] is None:
            columns["type"] = "dpdk"
        if columns["mtu_request"] is None and "mtu_request" not in settled:
            columns["mtu_request"] = row.get("mtu")
    return _rows.flat(columns)


def interfaces(port):
    """The interfaces of a port; a port that names none is one interface of its own name."""
    return port.get("interfaces") or [{"name": port["name"]}]


def _name(text, what, longest=63):
    if not _NAME.match(text) or len(text) > longest:
        raise Refused(
            "not a name for {0}".format(what),
            found=repr(text),
            expected="up to {0} letters, digits or any of _.:@%+-, not starting with a sign".format(longest),
        )
    return text


def check(request, found):
    """Refuse what cannot be carried out, before anything is."""
    bridge, seen = _name(request["bridge"], "a bridge", LONGEST_BRIDGE), set()
    if bridge not in found.bridges and (bridge in found.ports or bridge in found.interfaces):
        raise Refused("the name of the bridge is taken", bridge, "a port of bridge {0}".format(found.bridge_of[bridge]))
    _check_datapath(request, found.bridges.get(bridge))
    _check_types(request, found.bridges.get(bridge, {}))
    for port in request["ports"]:
        name = _name(port["name"], "a port")
        members = [_name(interface["name"], "an interface") for interface in interfaces(port)]
        for each in members if name in members else [name] + members:
            if each in seen or each == bridge:
                raise Refused("a name is used twice", "bridge {0}".format(bridge), repr(each), "each name once")
            seen.add(each)
        if port["state"] == "present":
            _check_port(bridge, port, found)


def _check_datapath(request, row):
    """A move to another datapath interrupts every port, and the bridge's own interface loses its addresses."""
    wanted = request.get("datapath_type")
    if request.get("takeover") or row is None or _rows.OWNER in row or wanted in (None, row["datapath_type"]):
        return
    raise Refused(
        "a bridge of somebody else would be moved to another datapath, which interrupts its ports",
        "bridge {0}".format(request["bridge"]),
        row["datapath_type"],
        wanted,
        "Leave out datapath_type, or take the bridge over (takeover=true) once no address and no guest needs it.",
    )


def _check_types(request, row):
    """The datapath of the kernel knows nothing of DPDK; a new bridge of ours has the other one."""
    datapath = request.get("datapath_type") or row.get("datapath_type", "netdev")
    for port in request["ports"] if datapath in ("", "system") else ():
        for interface in interfaces(port):
            kind = interface.get("type") or ("dpdk" if interface.get("nic") is not None else "")
            if port["state"] == "present" and kind.startswith("dpdk"):
                raise Refused(
                    "a port of type {0} does not work on the kernel's datapath".format(kind),
                    "bridge {0}, port {1}".format(request["bridge"], port["name"]),
                    "datapath_type {0}".format(datapath or "system"),
                    "netdev",
                    "Name another bridge, or give this one datapath_type=netdev.",
                )


def _check_numbers(port, where):
    for vlan in [port.get("tag")] + (port.get("trunks") or []):
        if vlan is not None and not 0 <= vlan <= 4095:
            raise Refused("not a VLAN", where, vlan, "0 to 4095", "Change ports[].tag or ports[].trunks.")
    for interface in interfaces(port):
        mtu = interface.get("mtu_request")
        if mtu is not None and mtu < SMALLEST_MTU:
            raise Refused("not an MTU", where, mtu, "{0} or more".format(SMALLEST_MTU), "Change mtu_request.")


def _check_port(bridge, port, found):
    name, where = port["name"], "bridge {0}, port {1}".format(bridge, port["name"])
    _check_numbers(port, where)
    if name in found.ports and found.bridge_of[name] != bridge:
        raise Refused("the port is on another bridge", where, found.bridge_of[name], bridge, "Remove it there first.")
    members = [interface["name"] for interface in interfaces(port)]
    if len(members) == 1 and members != [name]:
        raise Refused("a port with one interface has its name", where, members[0], name, "Change ports[].interfaces.")
    for member in members:
        if found.port_of.get(member, name) != name:
            raise Refused("the interface belongs to another port", where, found.port_of[member], name)
    bonded = len(members) > 1
    # By its name, not by the number of its members: one that failed may have been taken out of a bond of two.
    if name in found.members and bonded != (found.members[name] != [name]):
        raise Refused(
            "a bond and a plain port do not become each other",
            where,
            ", ".join(found.members[name]),
            ", ".join(members),
            "Remove the port first.",
        )
