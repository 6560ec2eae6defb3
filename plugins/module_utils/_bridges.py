# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bridges, ports and interfaces: what is there against what is wanted, as transactions to carry out.

Pure: rows and the request come in, steps go out. A step is one transaction: what it does in words (actions), the
ovs-vsctl commands, those that take it back, and what to remember of each row before and after it. Everything that must
be refused is refused before the first step is handed out.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd.conf.db(5), tables Bridge, Port and Interface; ovs-vsctl(8), "Bridge Commands", "Port Commands".
"""

import collections

from . import _rows
from ._action import action
from ._bridge_request import BRIDGE, INTERFACE, PORT, check, interface_row, interfaces
from ._errors import Refused

SECTIONS = {"Bridge": "bridges", "Port": "ports", "Interface": "interfaces"}

# *before* and *after*: {(section, name): what to remember of the row} before and after the commands are carried out.
# *back* is empty where rows only go: nobody wants them back because of a daemon that ends.
Step = collections.namedtuple("Step", "actions commands back before after left_alone")
Row = collections.namedtuple("Row", "table name found wanted")


class Found:
    """The three tables, flat, by name."""

    def __init__(self, tables=None):
        tables = tables or {"Bridge": [], "Port": [], "Interface": []}
        names = {row["_uuid"]: row["name"] for table in ("Port", "Interface") for row in tables[table]}
        self.bridges = {
            row["name"]: _flat(dict(row, datapath_type=row["datapath_type"] or "system"), BRIDGE)
            for row in tables["Bridge"]
        }
        self.ports = {row["name"]: _flat(row, PORT) for row in tables["Port"]}
        self.interfaces = {row["name"]: _flat(row, INTERFACE) for row in tables["Interface"]}
        self.errors = {row["name"]: row["error"] for row in tables["Interface"] if row["error"]}
        self.members = {row["name"]: _names(row["interfaces"], names) for row in tables["Port"]}
        self.bridge_of = {port: row["name"] for row in tables["Bridge"] for port in _names(row["ports"], names)}
        self.port_of = {member: port for port, members in self.members.items() for member in members}

    def without(self, names):
        """The same once these bridges and ports are gone."""
        for bridge in names:
            if self.bridges.pop(bridge, None) is not None:
                names = names + [port for port, there in self.bridge_of.items() if there == bridge]
        for port in names:
            for rows in (self.ports, self.bridge_of):
                rows.pop(port, None)
            for member in self.members.pop(port, []):
                for rows in (self.interfaces, self.errors, self.port_of):
                    rows.pop(member, None)
        return self


def _names(uuids, names):
    return [names[uuid] for uuid in _rows.listed(uuids)]


def _flat(row, columns):
    # "" is how a text column says nothing.
    return _rows.found({column: row[column] for column in columns if row[column] != ""})


# --- the steps --------------------------------------------------------------------------------------------------


def steps(request, found, devices, state):
    """All transactions, in order: the bridge, ports that go, then one for each port that is wanted."""
    if request["state"] == "absent":
        return _absent_bridge(request["bridge"], found)
    check(request, found)
    gone = [port["name"] for port in request["ports"] if port["state"] == "absent"]
    kept = [port for port in request["ports"] if port["state"] == "present"]
    result = [_bridge_step(request, found, state)]
    result += [_absent_port(request["bridge"], name, found) for name in gone]
    result += [_port_step(request, port, found, devices, state) for port in kept]
    return [step for step in result if step and step.commands]


def _bridge_step(request, found, state):
    name = request["bridge"]
    wanted = _rows.flat({column: request.get(column) for column in BRIDGE})
    if name not in found.bridges:
        wanted.setdefault("datapath_type", "netdev")
        wanted[_rows.OWNER] = _rows.US
        row = Row("Bridge", name, {}, wanted)
        return _created([row], state, "add_bridge", "bridge " + name, ["add-br", name], ["del-br", name])

    def scope(entry):
        # A task that only adds ports says nothing about the bridge itself.
        return request.get(entry.partition(":")[0]) is not None

    return changed([Row("Bridge", name, found.bridges[name], wanted)], state, scope)


def _settled(port, row, takeover):
    """What somebody else has set on an interface of his, and the plan does not change unasked."""
    ours = _rows.OWNER in port or _rows.OWNER in row
    return () if takeover or ours else set(row) - _rows.owned(row)


def _port_step(request, port, found, devices, state):
    bridge, name, members = request["bridge"], port["name"], interfaces(port)
    wanted = _rows.flat({column: port.get(column) for column in PORT})
    rows = [Row("Port", name, found.ports.get(name, {}), wanted)]
    for member in members:
        there = found.interfaces.get(member["name"], {})
        row = interface_row(member, devices, _settled(found.ports.get(name, {}), there, request.get("takeover")))
        if name in found.ports and _rows.OWNER not in found.ports[name] and member["name"] not in found.interfaces:
            row[_rows.OWNER] = _rows.US  # a new member of a bond of somebody else
        rows.append(Row("Interface", member["name"], there, row))
    names = [member["name"] for member in members]
    add = ["add-port", bridge, name] if len(names) == 1 else ["add-bond", bridge, name] + names
    if name not in found.ports:
        wanted[_rows.OWNER] = _rows.US
        return _created(rows, state, "add_port", _target(bridge, name), add, ["del-port", bridge, name])
    ours = _rows.OWNER in found.ports[name]
    members, back = _membership(name, names, found, ours)
    step = changed(rows, state, members=members, back=back)
    if ours and not step.commands and any(member in found.errors for member in names):
        return _again(bridge, name, rows, add, found)
    return step


def _membership(port, names, found, ours):
    """Commands that bring the members of a bond to *names*, and back; foreign members of a foreign bond stay."""
    there = found.members[port]
    new = [name for name in names if name not in there]
    gone = [name for name in there if name not in names and (ours or _rows.OWNER in found.interfaces[name])]
    back = [command for name in gone for command in _anew("Interface", name, found.interfaces[name])]
    return _moves(port, new, gone), _moves(port, gone, new) + back


def _moves(port, come, go):
    return [["add-bond-iface", port, name] for name in come] + [["del-bond-iface", port, name] for name in go]


def _anew(table, name, row):
    """Commands that give a row which has just been made all that *row* holds."""
    return _rows.commands(table, name, [_rows.Change(entry, None, item) for entry, item in sorted(row.items())])


def _again(bridge, name, rows, add, found):
    """OVS does not try a failed port again by itself: the same port anew, in one transaction.

    A bond that has a working member stays: only the failed ones are made anew, and the others keep carrying traffic.
    """
    failed = [row for row in rows if row.table == "Interface" and row.name in found.errors]
    if len(failed) < len(rows) - 1:
        names = [row.name for row in failed]
        rows, back = failed, _moves(name, [], names)
        commands = back + _moves(name, names, [])
    else:
        back = [["del-port", bridge, name]]
        commands = back + [add]
    for row in rows:
        commands = commands + _anew(row.table, row.name, row.found)
    errors = "; ".join(found.errors[row.name] for row in failed)
    return Step([action("retry_port", _target(bridge, name), errors, None)], commands, back, {}, {}, [])


def _created(rows, state, verb, target, command, back):
    """One transaction that makes some rows: one action with all that they hold."""
    decisions = _decisions(rows, state)
    values = {_row_name(row): _rows.applied({}, decision.changes) for row, decision, _remembered in decisions}
    return _step(decisions, [action(verb, target, None, values)], [command], [back])


def changed(rows, state, scope=lambda entry: True, members=(), back=()):
    """One transaction that changes some rows: an action for each entry, and for each member of a bond."""
    decisions = _decisions(rows, state, scope)
    actions = [action(verb.replace("-", "_"), "port " + port, None, member) for verb, port, member in members]
    for row, decision, _remembered in decisions:
        for change in decision.changes:
            target = "{0} {1}".format(_row_name(row), change.entry)
            actions.append(action(_rows.verb(change), target, change.before, change.after))
    # New members are still there when their rows are written back.
    values = [
        command
        for row, decision, _remembered in decisions
        for command in _rows.commands(row.table, row.name, _rows.inverse(decision.changes))
    ]
    step = _step(decisions, actions, members, values + list(back))
    for _verb, _port, member in members:
        step.after.setdefault(("interfaces", member), {})
    return step


def _decisions(rows, state, scope=lambda entry: True):
    """[(row, decision, what to remember of it)] for the rows in which something is to be done."""
    result = []
    for row in rows:
        recorded = state.get(SECTIONS[row.table], {}).get(row.name, {})
        decision = _rows.decide(row.found, row.wanted, recorded, scope)
        if decision.changes:
            result.append((row, decision, _rows.memory(row.found, decision, recorded)))
    return result


def _step(decisions, actions, commands, back):
    commands, before, after, left_alone = list(commands), {}, {}, []
    for row, decision, remembered in decisions:
        key = (SECTIONS[row.table], row.name)
        commands += _rows.commands(row.table, row.name, decision.changes)
        before[key] = remembered
        after[key] = _rows.remaining(decision, remembered)
        left_alone += ["{0} {1}".format(_row_name(row), entry) for entry in decision.left_alone]
    return Step(actions, commands, back, before, after, left_alone)


def _row_name(row):
    return "{0} {1}".format(row.table, row.name)


def _target(bridge, port):
    return "bridge {0} port {1}".format(bridge, port)


# --- taking away ------------------------------------------------------------------------------------------------


def _gone(found, port):
    keys = [("ports", port)] + [("interfaces", member) for member in found.members[port]]
    return {key: {} for key in keys}


def without_port(bridge, name, found):
    """The step that removes a port with its interfaces."""
    actions = [action("delete_port", _target(bridge, name), found.ports[name], None)]
    return Step(actions, [["del-port", bridge, name]], [], {}, _gone(found, name), [])


def without_bridge(name, found):
    """The step that removes a bridge with all its ports, as a list."""
    ports = sorted(port for port, bridge in found.bridge_of.items() if bridge == name and port != name)
    after = {("bridges", name): {}}
    for port in ports:
        after.update(_gone(found, port))
    actions = [action("delete_bridge", "bridge " + name, dict(found.bridges[name], ports=ports), None)]
    return [Step(actions, [["del-br", name]], [], {}, after, [])]


def _absent_port(bridge, name, found):
    if found.bridge_of.get(name) != bridge:
        return None
    if _rows.OWNER not in found.ports[name]:
        raise Refused(
            "a port that this collection did not create is not removed",
            _target(bridge, name),
            expected="a port with " + _rows.OWNER,
            cure="Remove it by hand with ovs-vsctl del-port.",
        )
    return without_port(bridge, name, found)


def _absent_bridge(name, found):
    if name not in found.bridges:
        return []
    if _rows.OWNER not in found.bridges[name]:
        raise Refused(
            "a bridge that this collection did not create is not removed",
            "bridge " + name,
            expected="a bridge with " + _rows.OWNER,
            cure="Remove it by hand with ovs-vsctl del-br.",
        )
    ports = sorted(port for port, bridge in found.bridge_of.items() if bridge == name and port != name)
    foreign = [port for port in ports if _rows.OWNER not in found.ports[port]]
    if foreign:
        raise Refused(
            "the bridge has ports that this collection did not create",
            "bridge " + name,
            ", ".join(foreign),
            "none",
            "Remove them first, or keep the bridge.",
        )
    return without_bridge(name, found)
