#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: pmd_rxq_pin
short_description: Pins rx queues to PMD threads, and takes its pins back
version_added: "1.0.0"
description:
  - Brings all pins that this module wrote (C(other_config:pmd-rxq-affinity) of interfaces) to O(pins), and the keys of
    balancing to O(other_config), in one transaction. Pins of others are kept, on the same interface too.
  - What was there before is recorded by the same transaction in C(external_ids:nfv-ovs-dpdk-pins) of each row, so that
    it can be taken back without anything else. An entry that somebody changed afterwards is left alone.
  - Since Open vSwitch 2.16 pins come together with C(pmd-rxq-assign=group) and C(pmd-rxq-isolate=false), so that a
    thread with pinned queues takes others too. Before, a pin takes its thread out of the common lot; pins that leave a
    NUMA node without a free thread are refused, because a port added later would not be polled.
  - Interfaces that others manage (C(external_ids) with C(vm-uuid), C(attached-mac) or C(iface-id)) are refused.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
  - nfv.ovs_dpdk.switch
options:
  pins:
    description: All pins that are wanted. Those that this module wrote earlier and that are missing are taken back.
    type: list
    elements: dict
    default: []
    suboptions:
      port:
        description: Name of the interface.
        type: str
        required: true
      queue_id:
        description: Number of the rx queue.
        type: int
        required: true
      core_id:
        description: CPU of a running PMD thread.
        type: int
        required: true
  other_config:
    description:
      - Keys C(pmd-rxq-assign), C(pmd-rxq-isolate), C(pmd-auto-lb), C(pmd-auto-lb-load-threshold),
        C(pmd-auto-lb-improvement-threshold) and C(pmd-auto-lb-rebal-interval). Those that this module wrote earlier and
        that are missing here are taken back.
      - Where this switches auto load balance on, the switch is asked to place its queues anew at once.
    type: dict
    default: {}
  state:
    description: V(absent) takes back everything that this module wrote; O(pins) and O(other_config) are not read.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description: Seconds to wait for an answer of the database or of C(ovs-vswitchd).
    type: int
    default: 60
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.pmd_rxq_plan_info
  - module: nfv.ovs_dpdk.vswitch_config
"""

EXAMPLES = r"""
- name: What would be best
  nfv.ovs_dpdk.pmd_rxq_plan_info:
  register: rxq

- name: Follow the first advice that can be written
  nfv.ovs_dpdk.pmd_rxq_pin:
    pins: "{{ cure.pins }}"
    other_config: "{{ cure.other_config }}"
  vars:
    cure: "{{ rxq.advice | selectattr('writable') | first }}"

- name: Take everything back
  nfv.ovs_dpdk.pmd_rxq_pin:
    state: absent
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: set, target: "Interface dpdk0 other_config:pmd-rxq-affinity", before: null, after: "0:3,1:5"}
pins:
  description: The pins that are ours now, or after a real run.
  returned: success
  type: list
  elements: dict
  sample:
    - {port: dpdk0, queue_id: 0, core_id: 3}
version:
  description: Version of the running C(ovs-vswitchd); V(null) if none runs, which O(state=absent) does not need.
  returned: success
  type: str
  sample: 3.1.0
left:
  description: What somebody changed after us, so that it is left alone.
  returned: success
  type: list
  elements: dict
  sample: []
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _keys, _pins, _rows, _rxq_picture
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action, left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._daemon import Daemon
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch

REBALANCE = "dpif-netdev/pmd-rxq-rebalance"


def argument_spec():
    pin = {
        "port": {"type": "str", "required": True},
        "queue_id": {"type": "int", "required": True},
        "core_id": {"type": "int", "required": True},
    }
    return {
        "pins": {"type": "list", "elements": "dict", "default": [], "options": pin},
        "other_config": {"type": "dict", "default": {}},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "timeout": {"type": "int", "default": 60},
        "ovs_rundir": {"type": "path"},
    }


def wanted_pins(pins):
    """{port: {queue: core}}; one queue has one core."""
    result = {}
    for pin in pins:
        queues = result.setdefault(pin["port"], {})
        if queues.setdefault(pin["queue_id"], pin["core_id"]) != pin["core_id"]:
            raise Refused("one queue, two cores", "pins", "port {port} queue {queue_id}".format(**pin), "one core")
    return result


def decide(params, answers):
    """Rows to change, after everything that must be refused has been."""
    pins, keys = {}, {}
    if params["state"] == "present":
        pins = wanted_pins(params["pins"])
        given = {key: _rows.text(value, key) for key, value in params["other_config"].items() if value is not None}
        keys = _pins.complete(given, pins, answers["version"])
        _pins.check(pins, keys, answers, _rxq_picture.owner, _rxq_picture.counts(answers))
    return _pins.decide_all(pins, keys, answers["root"], answers["interfaces"])


def placed_anew(rows):
    """Whether the switch is asked to place its queues now: auto load balance would wait for its thresholds first."""
    return any(
        change.entry == "other_config:" + _pins.AUTO_LB and change.after == "true"
        for row in rows
        for change in row.changes
    )


def name(row):
    return row.table if row.name == "." else "{0} {1}".format(row.table, row.name)


def describe(rows):
    actions = [
        action(_rows.verb(change), "{0} {1}".format(name(row), change.entry), change.before, change.after)
        for row in rows
        for change in row.changes
    ]
    return actions + ([action("rebalance", "rx queues")] if placed_anew(rows) else [])


def ours(answers, rows):
    """The pins that are ours once *rows* are written."""
    marks = {each: _pins.recorded(row["external_ids"]) for each, row in answers["interfaces"].items()}
    for row in rows:
        after = {change.entry: change.after for change in row.changes}
        if row.table == "Interface" and _pins.MARK in after:
            marks[row.name] = _pins.recorded({_pins.NAME: after[_pins.MARK] or "{}"})
    found = []
    for port, mark in sorted(marks.items()):
        memory = mark.get("other_config:" + _pins.AFFINITY, {})
        before, after = (_pins.affinity(memory.get(side)) for side in ("before", "after"))
        found += [
            {"port": port, "queue_id": queue, "core_id": core}
            for queue, core in sorted(after.items())
            if queue not in before
        ]
    return found


def read(switch, daemon, state):
    """What is there; to take something back, the database alone will do."""
    if state == "present":
        daemon.ask("version")  # nothing is pinned to threads that nobody knows
        return _rxq_picture.read(switch, daemon)
    version = _keys.parse_version(switch.running_version(daemon.process)) if daemon.process else None
    return dict(_rxq_picture.rows(switch), version=version)


def work(module):
    switch, store = Switch.of(runner(module), module.params), State()
    daemon = Daemon(switch)
    with contextlib.ExitStack() as lock:
        if not module.check_mode:
            lock.enter_context(store.locked())
        answers = read(switch, daemon, module.params["state"])
        rows = decide(module.params, answers)
        changes = [command for row in rows for command in _rows.commands(row.table, row.name, row.changes)]
        if changes and not module.check_mode:
            switch.transact(changes, wait=bool(daemon.process))
            if placed_anew(rows):
                daemon.ask(REBALANCE)
    actions = describe(rows)
    return {
        "actions": actions,
        "pins": ours(answers, rows),
        "version": ".".join(str(part) for part in answers["version"]) if answers["version"] else None,
        "left": [left("{0} {1}".format(name(row), entry)) for row in rows for entry in row.left],
        "diff": {side: {each["target"]: each[side] for each in actions if each[side]} for side in ("before", "after")},
    }


def main():
    conduct(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
