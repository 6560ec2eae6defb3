# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pins of rx queues in OVSDB: which are ours, what was there before, and what must change.

Each row that we touched says in external_ids:nfv-ovs-dpdk-pins what we wrote there and what was there before, written
by the same transaction: {"other_config:pmd-rxq-affinity": {"before": null, "after": "0:3"}}. Taking a pin back needs
nothing else. An entry that somebody changed after us is left alone.

Private to the collection. Python 3.6+, standard library only.
Source: ovs-vswitchd.conf.db(5), Interface other_config:pmd-rxq-affinity; pmd-rxq-assign and pmd-rxq-isolate.
"""

import collections
import json
import re

from . import _rows
from ._errors import Refused
from ._rxq_ovs import ASSIGN, GROUP, ISOLATE, knows_group

NAME = _rows.RESERVED + "pins"
MARK = "external_ids:" + NAME
AFFINITY = "pmd-rxq-affinity"
AUTO_LB = "pmd-auto-lb"
KEYS = (
    ASSIGN,
    ISOLATE,
    AUTO_LB,
    "pmd-auto-lb-improvement-threshold",
    "pmd-auto-lb-load-threshold",
    "pmd-auto-lb-rebal-interval",
)

# Open vSwitch takes blanks for commas, and = for the colon.
_PIN = re.compile(r"(?<![^\s,])([0-9]{1,6})\s*[:=]\s*([0-9]{1,6})(?![^\s,])")

Row = collections.namedtuple("Row", "table name changes left")


# --- one row ----------------------------------------------------------------------------------------------------


def affinity(text):
    """{queue: core} of a pmd-rxq-affinity."""
    return {int(queue): int(core) for queue, core in _PIN.findall(text or "")}


def recorded(external_ids):
    """{entry: {"before", "after"}} of what we wrote into a row; {} where the mark is not ours to read."""
    try:
        data = json.loads(external_ids.get(NAME, "{}"))
    except ValueError:
        return {}
    fits = isinstance(data, dict) and all(isinstance(each, dict) for each in data.values())
    return data if fits else {}


def before(columns, key):
    """What others want other_config:*key* to be: its value, or the one under ours."""
    value = columns["other_config"].get(key)
    memory = recorded(columns["external_ids"]).get("other_config:" + key)
    return memory.get("before") if memory and memory.get("after") == value else value


def others(columns):
    """{queue: core} that others have pinned on an interface."""
    return affinity(before(columns, AFFINITY))


def decide(columns, wanted):
    """(changes, entries left alone) that bring what is ours in a row to *wanted*: {key of other_config: value}."""
    row = _rows.found({column: columns[column] for column in ("other_config", "external_ids")})
    wanted = {"other_config:" + key: value for key, value in wanted.items()}
    memory, changes, left = recorded(columns["external_ids"]), [], []
    for entry in sorted(set(memory) | set(wanted)):
        found, ours = row.get(entry), memory.pop(entry, {})
        untouched = bool(ours) and found == ours.get("after")
        first = ours.get("before") if untouched else found
        target = wanted.get(entry, first)
        if ours and not untouched and entry not in wanted:
            left.append(entry)
        if found != target:
            changes.append(_rows.Change(entry, found, target))
        if entry in wanted and target != first:
            memory[entry] = {"before": first, "after": target}
    mark = json.dumps(memory, sort_keys=True) if memory else None
    if mark != row.get(MARK):
        changes.append(_rows.Change(MARK, row.get(MARK), mark))
    return changes, left


# --- all rows ---------------------------------------------------------------------------------------------------


def decide_all(pins, keys, root, interfaces):
    """Rows to change: Open_vSwitch to *keys*, the interfaces to *pins* ({port: {queue: core}}), all else undone."""
    rows = [Row("Open_vSwitch", ".", *decide(root, keys))]
    for name in sorted(interfaces):
        wanted = {}
        if pins.get(name):
            queues = others(interfaces[name])
            queues.update(pins[name])
            wanted = {AFFINITY: ",".join("{0}:{1}".format(*pin) for pin in sorted(queues.items()))}
        rows.append(Row("Interface", name, *decide(interfaces[name], wanted)))
    return [row for row in rows if row.changes or row.left]


def complete(keys, pins, version):
    """*keys* with those that pins need: since 2.16 a thread with pins takes other queues too, if told so."""
    for key in sorted(set(keys) - set(KEYS)):
        raise Refused(
            "not a key of balancing", "other_config", key, ", ".join(KEYS), "Module vswitch_config writes it."
        )
    if not pins or not knows_group(version):
        return dict(keys)
    needed = {ASSIGN: GROUP, ISOLATE: "false"}
    for key, value in sorted(needed.items()):
        if keys.get(key, value) != value:
            raise Refused("pins do not go together with this", "other_config:" + key, keys[key], value, "Leave it out.")
    return dict(keys, **needed)


# --- what is refused --------------------------------------------------------------------------------------------


def check(pins, keys, answers, owner, counts):
    """Refuse pins that go nowhere, that others should write, or that leave a NUMA node without a free thread."""
    threads = answers["rxqs"]["pmds"]
    for port, queues in sorted(pins.items()):
        interface = answers["interfaces"].get(port)
        if interface is None:
            raise Refused("there is no such interface", "pins", port, "an interface of this switch")
        if owner(interface):
            raise Refused(
                "the interface is managed by others",
                "port " + port,
                owner(interface),
                "an interface of nobody else",
                "Pin it there where it is managed, or leave it out.",
            )
        for queue, core in sorted(queues.items()):
            _check_pin(port, queue, core, interface, threads, counts)
    if pins:
        _check_isolation(pins, keys, answers)


def _check_pin(port, queue, core, interface, threads, counts):
    where = "port {0} queue {1}".format(port, queue)
    if core not in threads:
        cores = ", ".join(str(each) for each in sorted(threads)) or "none"
        raise Refused("there is no PMD thread on this core", where, str(core), "one of " + cores, "See pmd-cpu-mask.")
    if not 0 <= queue < counts.get(port, queue + 1):
        raise Refused("there is no such queue", where, str(queue), "0 to {0}".format(counts[port] - 1))
    if queue in others(interface):
        found = "{0}:{1}".format(queue, others(interface)[queue])
        raise Refused(
            "the queue is pinned by somebody else", where, found, "no pin", "Remove it, or leave the queue out."
        )


def _check_isolation(pins, keys, answers):
    """Each node must keep a thread that takes queues without a pin, such as those of a port added tomorrow."""
    foreign = {core for row in answers["interfaces"].values() for core in others(row).values()}
    if keys.get(ISOLATE) == "false":
        if foreign and _isolating(answers["root"]):
            raise Refused(
                "there are pins of others, and {0}=false would open their threads to all queues".format(ISOLATE),
                "Open_vSwitch other_config",
                "pins on the cores " + ", ".join(str(core) for core in sorted(foreign)),
                "none",
                "Remove them, or set {0}={1} and {2}=false yourself.".format(ASSIGN, GROUP, ISOLATE),
            )
        return
    ours = {core for queues in pins.values() for core in queues.values()}
    nodes = collections.defaultdict(set)
    for core, row in answers["rxqs"]["pmds"].items():
        nodes[row["numa_id"]].add(core)
    for node, cores in sorted(nodes.items()):
        if cores & ours and cores <= ours | foreign:
            raise Refused(
                "a pin takes its thread out of the common lot, and none would be left",
                "NUMA node {0}".format(node),
                "pins on all cores: " + ", ".join(str(core) for core in sorted(cores)),
                "one PMD thread of each node without a pin",
                "Leave the queues of one thread out; a port added later would not be polled.",
            )


def _isolating(root):
    """Whether pins of others isolate their threads, as others have configured it."""
    return before(root, ASSIGN) != GROUP or (before(root, ISOLATE) or "").lower() != "false"
