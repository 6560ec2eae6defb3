# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bridges as they were before us: rows that we made go, entries that we set go back, everything else stays.

What is ours is marked in the database itself, so this works without the request that made it. A bridge of ours with
ports of somebody else stays until they are gone; it is named.

Pure. Private to the collection. Python 3.6+, standard library only.
Source: ovs-vsctl(8), "Bridge Commands", "Port Commands".
"""

from . import _rows
from ._action import left
from ._bridges import SECTIONS, Row, changed, without_bridge, without_port


def steps(found, names, state):
    """(transactions in order, rows about what stays although it is ours)."""
    result, kept = [], []
    for name in names:
        ports = sorted(port for port, bridge in found.bridge_of.items() if bridge == name)
        others = [port for port in ports if port != name and not _made(found.ports[port])]
        ours = _made(found.bridges[name])
        if ours and not others:
            result += without_bridge(name, found)
            continue
        result += [without_port(name, port, found) for port in ports if _made(found.ports[port])]
        result += [_port(port, found, state) for port in ports if not _made(found.ports[port])]
        if ours:
            kept.append(left("bridge " + name, "has ports of somebody else ({0})".format(", ".join(others))))
        else:
            result.append(changed([Row("Bridge", name, found.bridges[name], {})], _unset_datapath(name, state)))
    return [step for step in result if step.commands], kept


def _made(row):
    return _rows.OWNER in row


def _port(name, found, state):
    """Entries of a port of somebody else and of its interfaces; a member that we added to a bond goes."""
    members = found.members[name]
    added = [member for member in members if _made(found.interfaces[member])]
    rows = [Row("Port", name, found.ports[name], {})]
    rows += [Row("Interface", member, found.interfaces[member], {}) for member in members if member not in added]
    return changed(rows, state, members=[["del-bond-iface", name, member] for member in added])


def _unset_datapath(name, state):
    """The state in which the kernel's datapath is what a bridge has that says nothing of it, as ovs-vsctl makes it."""
    recorded = dict(state.get("bridges", {}).get(name, {}))
    if recorded.get("datapath_type", {}).get("before") == "system":
        recorded["datapath_type"] = dict(recorded["datapath_type"], before=None)
    return dict(state, bridges={name: recorded})


def stale(found, state):
    """[(section, name)] of what the state file remembers for nothing: the row is gone, or nothing in it is ours.

    An interrupted run leaves that behind, and so does somebody who removes a row by hand.
    """
    there = {"Bridge": found.bridges, "Port": found.ports, "Interface": found.interfaces}
    rows = [
        (section, name, there[table].get(name, {}))
        for table, section in SECTIONS.items()
        for name in state.get(section, {})
    ]
    return sorted((section, name) for section, name, row in rows if not _rows.owned(row) & set(state[section][name]))
