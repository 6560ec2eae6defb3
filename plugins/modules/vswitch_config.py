#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: vswitch_config
short_description: Settings of Open vSwitch as a whole, and whether it must be restarted for them
version_added: "1.0.0"
description:
  - Brings C(other_config) and C(external_ids) of the table C(Open_vSwitch) to what is wanted. Both maps are compared
    as a whole; only differences are written, all of them in one transaction.
  - The names of the keys that this module set are recorded in C(external_ids:nfv-ovs-dpdk-keys) by the same
    transaction. Only these are ever taken back, and each goes back to the value that it had before. A key whose value
    fits already is not taken over, and one that somebody changed afterwards is left alone.
  - Key names follow the version found, so C(pmd-sleep-max) becomes C(pmd-maxsleep) on Open vSwitch 3.1. Where none is
    installed, check mode shows the names of the version that apt would install.
  - Says whether C(ovs-vswitchd) must be restarted, by what the running process uses and not by what this run changed.
    The module never restarts anything; M(nfv.ovs_dpdk.vswitch_restart) does.
  - Names the keys of somebody else whose values differ from what is wanted. They are replaced all the same; whoever
    does not want that runs the module in check mode first and looks at RV(conflicts).
  - Should C(ovs-vswitchd) end on the new values, or DPDK, which they start, not start with them, what was there before
    is put back at once, and the module fails with what the log said.
  - The keys are described in the manual page C(ovs-vswitchd.conf.db).
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
  - nfv.ovs_dpdk.switch
options:
  other_config:
    description:
      - Keys of C(other_config), such as RV(nfv.ovs_dpdk.host_plan_info#module:plan.other_config). All keys that this
        module set earlier and that are missing here are taken back.
      - Values are carried literally; V(true) and V(false) are written in lower case, a key with V(null) counts as
        missing. Without this option C(other_config) is left alone.
      - C(dpdk-init) should be V(try), with which a failed start of DPDK does not cost the host its switch. V(true) is
        written, with a warning.
    type: dict
  external_ids:
    description: Keys of C(external_ids), with the rules of O(other_config).
    type: dict
  state:
    description:
      - V(absent) takes back everything that this module set; O(other_config) and O(external_ids) are not read.
        Where Open vSwitch is not installed any more, nothing is left to take back.
    type: str
    choices: [present, absent]
    default: present
  timeout:
    description:
      - Seconds to wait for an answer of the database or of C(ovs-vswitchd). Starting DPDK takes tens of seconds where
        many hugepages are zeroed.
    type: int
    default: 60
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.vswitch_restart
  - module: nfv.ovs_dpdk.vswitch_bridge
  - module: nfv.ovs_dpdk.host_plan_info
"""

EXAMPLES = r"""
- name: What the plan says
  nfv.ovs_dpdk.vswitch_config:
    other_config: "{{ nfv_ovs_dpdk_plan.other_config }}"
  register: config

- name: Restart once, only when needed, and only while nobody would notice
  nfv.ovs_dpdk.vswitch_restart:
    reasons: "{{ config.restart_reasons }}"
    previous: "{{ config.before }}"
  when: config.restart_interrupts | length == 0

- name: Give everything back
  nfv.ovs_dpdk.vswitch_config:
    state: absent
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: set, target: "other_config:dpdk-init", before: null, after: "try"}
before:
  description: The maps C(other_config) and C(external_ids) as they were found.
  returned: success
  type: dict
  sample: {other_config: {}, external_ids: {hostname: node}}
after:
  description: The same maps now, or after a real run.
  returned: success
  type: dict
  sample: {other_config: {dpdk-init: "try"}, external_ids: {hostname: node}}
version:
  description: Version of the running C(ovs-vswitchd), or of the installed one if none runs; V(null) if there is none.
  returned: success
  type: str
  sample: 3.1.0
running:
  description: Whether C(ovs-vswitchd) runs.
  returned: success
  type: bool
dpdk_initialized:
  description: Whether DPDK is up in the running process.
  returned: success
  type: bool
dpdk_version:
  description: Version of DPDK in the running process; V(null) for a build without DPDK, and if none runs.
  returned: success
  type: str
  sample: DPDK 22.11.11
dpdk_installed:
  description: Version of DPDK in the C(ovs-vswitchd) that the next start would run; V(null) for a build without DPDK,
    and if none is installed.
  returned: success
  type: str
  sample: DPDK 22.11.11
restart_required:
  description: Whether the running C(ovs-vswitchd) must be restarted before all of the configuration is in force.
  returned: success
  type: bool
restart_reasons:
  description: Why, one sentence for each reason.
  returned: success
  type: list
  elements: str
  sample: ["dpdk-extra is '-a 0000:40:00.0', the running process uses unset"]
restart_interrupts:
  description:
    - The interfaces that a restart would interrupt, needed or not; those whose link is up at this moment, a vhost-user
      port having its link up while a guest is connected. Types C(internal) and C(patch) are left out.
    - Where DPDK goes with the restart, ports of somebody else that do not work without it as well, whatever their link.
    - Empty where C(ovs-vswitchd) does not run.
  returned: success
  type: list
  elements: dict
  contains:
    bridge:
      description: Name of the bridge.
      type: str
    port:
      description: Name of the port.
      type: str
    interface:
      description: Name of the interface; that of the port unless the port is a bond.
      type: str
    type:
      description: Type of the interface; C(system) for one of the kernel.
      type: str
    text:
      description: All of this for people.
      type: str
  sample:
    - {bridge: br0, port: vm1, interface: vm1, type: dpdkvhostuserclient,
       text: "vm1 on br0 (dpdkvhostuserclient, a guest is connected)"}
left:
  description: Entries that were not taken back because somebody has changed them after us; they are no longer ours.
  returned: success
  type: list
  elements: dict
  sample: [{target: "other_config:pmd-cpu-mask", reason: was changed by somebody else after us}]
conflicts:
  description: Entries that somebody else has set to something else than is wanted.
  returned: success
  type: list
  elements: dict
  contains:
    entry:
      description: Column and key.
      type: str
    found:
      description: The value of somebody else.
      type: str
    wanted:
      description: The value that takes, or took, its place.
      type: str
    text:
      description: All of this for people.
      type: str
  sample:
    - {entry: "other_config:pmd-cpu-mask", found: "0x4", wanted: "0xc",
       text: "other_config:pmd-cpu-mask is '0x4', '0xc' is wanted"}
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _keys, _rows, _startup
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action, left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._restart import TRAFFIC, Running, interrupts, unseen
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import NoDatabase, NotInstalled, Switch

MAPS = ("external_ids", "other_config")
NOTHING = {"other_config": {}, "external_ids": {}}


def argument_spec():
    return {
        "other_config": {"type": "dict"},
        "external_ids": {"type": "dict"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "timeout": {"type": "int", "default": 60},
        "ovs_rundir": {"type": "path"},
    }


def wanted_row(params, version):
    """What the options ask for, as a flat row in the words of *version*."""
    if params["state"] == "absent":
        return {}
    given = {column: params[column] for column in MAPS if params[column] is not None}
    if "other_config" in given:
        given["other_config"] = _keys.translate(given["other_config"], version)
    return _rows.flat(given)


def fits(entry, found, wanted):
    column, _colon, key = entry.partition(":")
    return _keys.fits(key, found, wanted) if column == "other_config" else found == wanted


def decide(params, row, wanted, recorded):
    """The changes of the one row."""

    def scope(entry):
        return params["state"] == "absent" or params[entry.partition(":")[0]] is not None

    return _rows.decide(row, wanted, recorded, scope, fits)


def maps(row):
    """A flat row as its two maps again."""
    result = {column: {} for column in MAPS}
    for entry, item in row.items():
        column, _colon, key = entry.partition(":")
        result[column][key] = item
    return result


def read(module, switch, state):
    try:
        return switch.root_row()
    except NoDatabase as exc:
        if module.params["state"] == "absent" and (isinstance(exc, NotInstalled) or not state):
            return NOTHING
        if not module.check_mode:
            raise
        module.warn("{0} Everything is shown as new.".format(exc))
        return NOTHING


def remember(store, values, process):
    """Write down what is ours and what the process uses; one that is gone matters only to what is ours."""
    if process and process["id"] is None and not values:
        process = None
    store.update("vswitch", {"values": values or None, "process": process})


def work(module):
    switch, store = Switch.of(runner(module), module.params), State()
    with contextlib.ExitStack() as lock:
        if not module.check_mode:
            lock.enter_context(store.locked())
        return converge(module, switch, store)


def converge(module, switch, store):
    # In this order: while DPDK starts, the daemon does not answer and the database still holds the last process' word.
    process, installed = switch.process(), switch.installed_build()
    version = switch.running_version(process) if process else installed["version"]
    state = store.section("vswitch")
    columns = read(module, switch, state)
    running = Running(process, columns, installed["dpdk"])
    row, recorded = _rows.found({column: columns[column] for column in MAPS}), state.get("values", {})
    known = state.get("process")
    # A dry run before the installation shows the names that will be written after it.
    words_of = version or (switch.coming_version() if module.check_mode else None)
    wanted = wanted_row(module.params, _keys.parse_version(words_of))
    decision = decide(module.params, row, wanted, recorded)
    before, after = maps(row), maps(_rows.applied(row, decision.changes))
    keys = before["other_config"], after["other_config"]
    tried, in_force = running.tried(keys[0], known), running.in_force(known, *keys)
    if decision.changes and not module.check_mode:
        remembered = _rows.memory(row, decision, recorded)
        remember(store, remembered, running.memory(in_force, tried))
        first = bool(running.dpdk and _keys.dpdk_wanted(keys[1].get("dpdk-init")) and not tried)
        try:
            write(switch, process, decision.changes, first)
        except (_startup.Ended, _startup.WithoutDpdk) as exc:
            still = running.in_force(known, keys[0], keys[0])
            remember(store, recorded, running.memory(still, tried or isinstance(exc, _startup.WithoutDpdk)))
            raise
        remember(store, _rows.remaining(decision, remembered), running.memory(in_force, tried))
        running = Running(process, switch.root_row(), installed["dpdk"])
    elif not module.check_mode:
        # What an earlier run could not tidy up: an interruption, a process that is gone, rows that are gone.
        ours = {entry: recorded[entry] for entry in recorded if entry in _rows.owned(row)}
        remember(store, ours, running.memory(in_force, tried))
    # A dry run may hope that DPDK starts where nobody has tried.
    reasons = running.restart_reasons(in_force, keys[1], hope=module.check_mode and not tried)
    reasons += unseen(state) if process else []
    warn(module, maps(wanted)["other_config"], version, running)
    return {
        "actions": [
            action(_rows.verb(change), change.entry, change.before, change.after) for change in decision.changes
        ],
        "diff": {"before": before, "after": after},
        "before": before,
        "after": after,
        "version": version,
        "running": bool(process),
        "dpdk_initialized": running.initialized,
        "dpdk_version": running.dpdk,
        "dpdk_installed": installed["dpdk"],
        "restart_required": bool(reasons),
        "restart_reasons": reasons,
        "restart_interrupts": interrupts(switch.tables(TRAFFIC), running.loses_dpdk(keys[1])) if process else [],
        "left": [left(entry) for entry in decision.left_alone],
        "conflicts": conflicts(row, wanted, decision.changes),
    }


def conflicts(row, wanted, changes):
    """What somebody else has set to something else."""
    foreign = [change for change in changes if change.entry in wanted and change.entry not in _rows.owned(row)]
    words = "{0} is '{1}', '{2}' is wanted"
    return [
        {"entry": entry, "found": before, "wanted": after, "text": words.format(entry, before, after)}
        for entry, before, after in foreign
        if before is not None
    ]


def write(switch, process, changes, dpdk):
    """Carry *changes* out; where ovs-vswitchd ends on them, its bridges matter more, and all goes back."""
    forth, back = (_rows.commands("Open_vSwitch", ".", each) for each in (changes, _rows.inverse(changes)))
    _startup.carry_out(switch, process, forth, back, dpdk=dpdk)


def warn(module, keys, version, running):
    for sentence in _keys.remarks(keys, _keys.parse_version(version)):
        module.warn(sentence)
    if running.id and not running.dpdk and not running.installed_dpdk and _keys.dpdk_wanted(keys.get("dpdk-init")):
        module.warn("This ovs-vswitchd is built without DPDK: dpdk-init has no effect (role openvswitch cures that).")


def main():
    conduct(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
