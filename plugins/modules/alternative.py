#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: alternative
short_description: Selects one of the programs that Debian's alternatives offer under one name
version_added: "1.0.0"
description:
  - Debian and Ubuntu install C(ovs-vswitchd) twice, with and without DPDK, and keep the plain one selected.
    This module selects a program with C(update-alternatives) and remembers what was selected before.
  - The running daemon stays what it is until it is restarted.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  name:
    description: Name of the group, such as V(ovs-vswitchd).
    type: str
    required: true
  path:
    description: Path of the program to select; needed with O(state=present).
    type: path
  state:
    description: Whether O(path) is selected, or the selection of before is given back.
    type: str
    choices:
      present: Select O(path).
      absent: Give back what was selected before this module changed it; nothing happens where it changed nothing.
    default: present
seealso:
  - name: update-alternatives(1)
    description: The tool and its words C(auto) and C(manual).
    link: https://manpages.debian.org/update-alternatives
"""

EXAMPLES = r"""
- name: Select the ovs-vswitchd that was built with DPDK
  nfv.ovs_dpdk.alternative:
    name: ovs-vswitchd
    path: /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk

- name: Give back what was selected before
  nfv.ovs_dpdk.alternative:
    name: ovs-vswitchd
    state: absent
"""

RETURN = r"""
actions:
  description: The changes made, or that would be made in check mode.
  returned: always
  type: list
  elements: dict
  sample:
    - action: select
      target: ovs-vswitchd
      before: /usr/lib/openvswitch-switch/ovs-vswitchd
      after: /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
selected:
  description: The program that is selected afterwards; null where the group does not exist.
  returned: always
  type: str
  sample: /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner

SECTION = "alternatives"


def query(run, name):
    """{"status": "auto"|"manual", "value": path, "choices": [path]}; without choices there is no such group."""
    rc, out, dummy = run(["update-alternatives", "--query", name])
    found = {"status": "auto", "value": None, "choices": []}
    if rc != 0:
        return found
    for line in out.splitlines():
        key, dummy, value = line.partition(": ")
        if key in ("Status", "Value"):
            found[key.lower()] = value
        elif key == "Alternative":
            found["choices"].append(value)
    return found


def select(run, name, path):
    """Select *path*, or go back to the automatic choice where it is None."""
    argv = ["--auto", name] if path is None else ["--set", name, path]
    rc, dummy, err = run(["update-alternatives"] + argv)
    if rc != 0:
        raise Failed("the alternative was not selected", where=name, found=err.strip(), expected=path or "auto")


def plan(params, found, record, check_mode):
    """The one action that is needed, or None."""
    name, path = params["name"], params["path"]
    if params["state"] == "absent":
        if record is None:
            return None
        before = record["before"]
        back = before["value"] if before["status"] == "manual" else None
        return action("give back", name, found["value"], back)
    if path not in found["choices"] and not (check_mode and not found["choices"]):
        raise Refused(
            "the program is not offered under this name",
            where=name,
            found=", ".join(found["choices"]) or "no such group",
            expected=path,
            cure="Install the package that brings it, for Open vSwitch openvswitch-switch-dpdk.",
        )
    return None if found["value"] == path else action("select", name, found["value"], path)


def work(module):
    """Read, decide, record, select, read back."""
    run, state, name = runner(module), State(), module.params["name"]
    found = query(run, name)
    wanted = plan(module.params, found, state.section(SECTION).get(name), module.check_mode)
    result = {"actions": [wanted] if wanted else [], "selected": found["value"]}
    if wanted is None:
        return result
    result["diff"] = {"before": {name: wanted["before"]}, "after": {name: wanted["after"] or "auto"}}
    if module.check_mode:
        result["selected"] = wanted["after"]
        return result
    with state.locked():
        if module.params["state"] == "present":
            if name not in state.section(SECTION):
                before = {"status": found["status"], "value": found["value"]}
                state.record(SECTION, name, {"before": before})
            select(run, name, wanted["after"])
        else:
            select(run, name, wanted["after"])
            state.forget(SECTION, name)
    result["selected"] = query(run, name)["value"]
    return result


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "path": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["path"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
