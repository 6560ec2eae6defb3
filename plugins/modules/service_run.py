#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: service_run
short_description: Keeps a service running now and after every boot, and gives back how it was
version_added: "1.0.0"
description:
  - Enables and starts a service of systemd, and remembers whether it was enabled and running when this module first
    looked at it. A service that has ended since is not taken for one that did not run before.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  name:
    description:
      - The service, such as V(openvswitch-switch.service). Required with O(state=present); O(state=absent) without it
        means all services that this module has looked after.
    type: str
  state:
    description: Whether the service is kept running, or is given back.
    type: str
    choices:
      present: Enable and start it.
      absent: Disable and stop it where it was so before; what somebody has disabled or stopped since stays so.
    default: present
seealso:
  - name: systemctl(1)
    description: The words C(enabled) and C(active).
    link: https://www.freedesktop.org/software/systemd/man/latest/systemctl.html
"""

EXAMPLES = r"""
- name: Run the switch now and after every boot
  nfv.ovs_dpdk.service_run:
    name: openvswitch-switch.service

- name: Let it run as before
  nfv.ovs_dpdk.service_run:
    state: absent
"""

RETURN = r"""
actions:
  description: The changes made, or that would be made in check mode.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "enable", "target": "openvswitch-switch.service", "before": null, "after": null}]
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._units import Systemd, check_service

SECTION = "services"
# What systemctl is told where it becomes false, or true.
VERBS = {"enabled": ("disable", "enable"), "running": ("stop", "start")}
NEW = {"enabled": False, "running": False}


def check(name, load, check_mode):
    """Refuse what cannot be kept running; in a dry run a package may still bring it."""
    if load == "masked":
        cure = "systemctl unmask {0}, if it shall run.".format(name)
        raise Refused("somebody has forbidden to start the unit", where=name, found="masked", cure=cure)
    if load is None and not check_mode:
        raise Refused("there is no such unit", where=name, cure="Install the package that brings it.")


def actions_of(name, found, wanted):
    changed = [key for key in sorted(VERBS) if found[key] != wanted[key]]
    return [action(VERBS[key][wanted[key]], name) for key in changed]


def names_of(params, recorded):
    return sorted(recorded) if params["name"] is None else [params["name"]]


def decide(params, systemd, recorded, check_mode):
    """({name: how it is}, {name: how it shall be}); units that are gone are in neither."""
    found, wanted = {}, {}
    for name in names_of(params, recorded):
        load, standing = systemd.standing(name)
        if params["state"] == "present":
            check(name, load, check_mode)
            found[name], wanted[name] = standing or NEW, dict.fromkeys(VERBS, True)
        elif standing and name in recorded:
            found[name], wanted[name] = standing, {key: standing[key] and recorded[name][key] for key in VERBS}
    return found, wanted


def carry_out(params, systemd, state, found, actions):
    """What was there before is written down first, and dropped when it is there again."""
    recorded, present = state.section(SECTION), params["state"] == "present"
    for name in names_of(params, recorded):
        if present and name not in recorded:
            state.record(SECTION, name, found[name])
    for each in actions:
        systemd.call(each["action"], [each["target"]])
    for name in [] if present else names_of(params, recorded):
        state.forget(SECTION, name)


def work(module):
    """Read, decide, record, carry out."""
    params, state, systemd = module.params, State(), Systemd(runner(module))
    if params["name"] is not None:
        check_service(params["name"], "name")
    with contextlib.ExitStack() as held:
        if not module.check_mode:
            held.enter_context(state.locked())
        recorded = state.section(SECTION)
        found, wanted = decide(params, systemd, recorded, module.check_mode)
        actions = [each for name in sorted(found) for each in actions_of(name, found[name], wanted[name])]
        if not module.check_mode:
            carry_out(params, systemd, state, found, actions)
    return {"actions": actions, "diff": {"before": found, "after": wanted}}


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["name"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
