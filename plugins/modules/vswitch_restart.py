#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: vswitch_restart
short_description: Restarts Open vSwitch once, where it needs that, and goes back where it does not come up
version_added: "1.0.0"
description:
  - Restarts C(ovs-vswitchd) if the running process does not use what the database says, and starts it if it does not
    run. Otherwise nothing happens, so that a second run restarts nothing.
  - Then waits until the new process answers and has worked through its database, DPDK is initialized if it is wanted,
    and every interface that worked before works again.
  - Where one of these fails, C(other_config) goes back to what the process of before has worked with, in one
    transaction, C(ovs-vswitchd) is started on that, and the module fails with what the log said. Keys that this
    collection has not set stay as they are.
  - A restart interrupts every port; RV(nfv.ovs_dpdk.vswitch_config#module:restart_interrupts) names those with traffic.
    OpenFlow flows that no controller installs again are lost with the process.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
  - nfv.ovs_dpdk.switch
options:
  service:
    description:
      - The systemd unit to restart. V(openvswitch-switch.service) and V(openvswitch.service), which would take the
        database along, mean C(ovs-vswitchd.service). The name ends in C(.service).
    type: str
    default: ovs-vswitchd.service
  reasons:
    description:
      - Why, as RV(nfv.ovs_dpdk.vswitch_config#module:restart_reasons) says.
      - They only count in check mode, where nothing has been written that could be looked at. A real run looks itself.
    type: list
    elements: str
    default: []
  previous:
    description:
      - What was there before the change, as RV(nfv.ovs_dpdk.vswitch_config#module:before), for the way back.
      - Without it, and for keys that were changed by an earlier run, the values that the running process still uses
        are put back. Where none runs, they are those of the last one, and where nothing is known of it, those that were
        there before this collection.
    type: dict
  timeout:
    description:
      - Seconds to wait for an answer of the database or of C(ovs-vswitchd). Starting DPDK takes tens of seconds where
        many hugepages are zeroed. The start itself is bounded by C(TimeoutStartSec) of the unit.
    type: int
    default: 300
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.vswitch_config
"""

EXAMPLES = r"""
- name: What the plan says
  nfv.ovs_dpdk.vswitch_config:
    other_config: "{{ nfv_ovs_dpdk_plan.other_config }}"
  register: config

- name: Restart once, only when needed
  nfv.ovs_dpdk.vswitch_restart:
    reasons: "{{ config.restart_reasons }}"
    previous: "{{ config.before }}"
"""

RETURN = r"""
actions:
  description: The restart or the start; empty where none is needed.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: restart, target: ovs-vswitchd.service, before: null, after: null}
reasons:
  description: Why, one sentence for each reason.
  returned: success
  type: list
  elements: str
  sample: ["dpdk-extra is '-a 0000:40:00.0', the running process uses unset"]
restart_required:
  description: Whether a restart is still to be done; only ever true in check mode.
  returned: success
  type: bool
dpdk_initialized:
  description: Whether DPDK is up in the process that runs now.
  returned: success
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rows, _startup
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._keys import dpdk_wanted
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._restart import Running, needs_dpdk, unseen
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._units import Systemd, check_service
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import LOG, Switch

MAPS = ("external_ids", "other_config")
# What distributions call the unit that starts database and daemon.
UMBRELLAS = ("openvswitch-switch.service", "openvswitch.service")
DAEMON = "ovs-vswitchd.service"


def unit_of(service):
    """The unit of ovs-vswitchd alone."""
    return DAEMON if service in UMBRELLAS else service


class Restart:
    """One restart: why, what was there before it, and the way back."""

    def __init__(self, switch, store, systemd, params):
        self.switch, self.store, self.systemd, self.service = switch, store, systemd, unit_of(params["service"])
        self.process, self.installed = switch.process(), switch.installed_build()["dpdk"]
        self.log = switch.log_path(self.process) if self.process else LOG
        self.state, self.previous = store.section("vswitch"), params["previous"]
        self.columns = switch.root_row()
        self.running = Running(self.process, self.columns, self.installed)
        keys = self.columns["other_config"]
        self.in_force = self.running.in_force(self.state.get("process"), keys, keys)

    def reasons(self):
        if self.process is None:
            return ["ovs-vswitchd does not run"]
        return self.running.restart_reasons(self.in_force, self.columns["other_config"]) + unseen(self.state)

    def perform(self):
        """Start it anew, or fail with everything as it was."""
        since = _startup.log_end(self.log)
        # What a run that was interrupted had seen before its restart is what counts.
        earlier = self.state["earlier"] if "earlier" in self.state else self._earlier()
        known = self.state["known"] if "known" in self.state else _startup.broken(self.switch, sure=False)
        self.store.update("vswitch", {"earlier": earlier, "known": known})
        try:
            self._start(known, self.installed)
        except Failed as failure:
            self._go_back(earlier, known, failure, _startup.last_words(self.log, since))
        self.store.update("vswitch", dict.fromkeys(("process", "earlier", "known")))

    def _start(self, known, dpdk):
        if not dpdk_wanted(self.switch.root_row()["other_config"].get("dpdk-init")):
            rows = self.switch.tables({"Interface": ["name", "type"]})["Interface"]
            known = dict(known, **{row["name"]: "needs DPDK" for row in rows if needs_dpdk(row)})
        return _startup.start(self.switch, lambda: self.systemd.call("restart", [self.service]), known, dpdk)

    def _go_back(self, earlier, known, failure, lines):
        """Start on the previous values, and say what happened."""
        found, said = "{what}: {found}".format(**failure.parts), _startup.said(lines)
        changes, remembered = _rows.put_back(flat(self.columns), earlier, self.state.get("values", {}))
        if not changes:
            self.store.update("vswitch", dict.fromkeys(("earlier", "known")))
            what = "ovs-vswitchd was started and does not work, and there are no previous values to go back to"
            raise Failed(what, self.service, found, cure=said)
        self.switch.transact(_rows.commands("Open_vSwitch", ".", changes), wait=False)
        self.store.update("vswitch", {"values": remembered, "earlier": None, "known": None})
        # After too many failures systemd refuses to start it; where there were none this is nothing.
        self.systemd.run(["systemctl", "reset-failed", self.service])
        what = "ovs-vswitchd did not work on the new values, the previous ones are back"
        try:
            # What did not work before need not work now.
            self._start(known, self.installed if self.running.initialized else None)
        except Failed as second:
            raise Failed(
                what + " and it does not work on them either",
                self.service,
                "{0}; then {what}: {found}".format(found, **second.parts),
                cure=said,
            )
        raise Failed(what + " and it works on them", self.service, found, cure=said)

    def _earlier(self):
        """What the process of before has worked with, of the entries that were ours then, that are now, or in force."""
        now, in_force = flat(self.columns), {"other_config:" + key: value for key, value in self.in_force.items()}
        row = dict(flat(self.previous or self.columns), **in_force)
        if self.process is None and row == now:
            # Nobody knows of a process that has worked with anything else.
            values = self.state.get("values", {})
            row.update((entry, values.get(entry, {}).get("before")) for entry in _rows.owned(now))
        entries = _rows.owned(now) | _rows.owned(row) | set(in_force)
        return dict({entry: row.get(entry) for entry in entries}, **{_rows.KEYS: row.get(_rows.KEYS, "")})


def flat(columns):
    row = _rows.found({column: columns[column] for column in MAPS})
    return {entry: _rows.text(value, entry) for entry, value in row.items() if value is not None}


def check_previous(previous):
    if previous is not None and not all(isinstance(previous.get(column), dict) for column in MAPS):
        raise Refused(
            "not what was there before",
            where="previous",
            found=", ".join(sorted(previous)) or "nothing",
            expected="other_config and external_ids",
            cure="Give before of vswitch_config.",
        )


def work(module):
    check_previous(module.params["previous"])
    check_service(module.params["service"], "service")
    run, store = runner(module), State()
    switch = Switch.of(run, module.params)
    if module.check_mode:
        return foresee(module, switch, store)
    with store.locked():
        restart = Restart(switch, store, Systemd(run), module.params)
        reasons = restart.reasons()
        if reasons:
            restart.perform()
        running = Running(switch.process(), switch.root_row(), restart.installed)
    return result(restart, reasons, running, pending=False)


def foresee(module, switch, store):
    """What a real run will find once everything has been written."""
    restart = Restart(switch, store, None, module.params)
    reasons = restart.reasons()
    reasons += [reason for reason in module.params["reasons"] if reason not in reasons]
    return result(restart, reasons, restart.running, pending=bool(reasons))


def result(restart, reasons, running, pending):
    verb = "restart" if restart.process else "start"
    return {
        "actions": [action(verb, restart.service)] if reasons else [],
        "diff": {"before": {restart.service: reasons}, "after": {restart.service: []}},
        "reasons": reasons,
        "restart_required": pending,
        "dpdk_initialized": running.initialized,
    }


def main():
    spec = {
        "service": {"type": "str", "default": DAEMON},
        "reasons": {"type": "list", "elements": "str", "default": []},
        "previous": {"type": "dict"},
        "timeout": {"type": "int", "default": 300},
        "ovs_rundir": {"type": "path"},
    }
    conduct(AnsibleModule(argument_spec=spec, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
