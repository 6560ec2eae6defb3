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
    description:
      - Name of the group, such as V(ovs-vswitchd). Required with O(state=present); O(state=absent) without it means
        all groups in which this module has selected something.
    type: str
  path:
    description: Path of the program to select; needed with O(state=present).
    type: path
  state:
    description: Whether O(path) is selected, or the selection of before is given back.
    type: str
    choices:
      present: Select O(path).
      absent: Give back what was selected before this module changed it last; nothing happens where it changed nothing,
        or where somebody has selected another program since.
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

- name: Give back whatever was selected
  nfv.ovs_dpdk.alternative:
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
  description: The program that is selected in O(name) afterwards; null where there is no such group, or no name.
  returned: always
  type: str
  sample: /usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk
left:
  description: What was not given back, and why.
  returned: always
  type: list
  elements: dict
  sample: [{"target": "ovs-vswitchd", "reason": "was changed by somebody else after us"}]
"""

import contextlib
import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action, left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

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


def plan_select(name, path, found, check_mode):
    """The one action that is needed, or None."""
    # A dry run may come before the package that brings the program.
    coming = check_mode and (not found["choices"] or not os.path.lexists(path))
    if path not in found["choices"] and not coming:
        raise Refused(
            "the program is not offered under this name",
            where=name,
            found=", ".join(found["choices"]) or "no such group",
            expected=path,
            cure="Install the package that brings it, for Open vSwitch openvswitch-switch-dpdk.",
        )
    return None if found["value"] == path else action("select", name, found["value"], path)


def ours(record, value):
    """Whether a selection is our last one, or the one before it: a run may have been cut off in between."""
    return value in (record.get("after", value), record.get("earlier", ""))


def remembered(record, found, path):
    """The record of selecting *path*; what somebody has selected after us is what there was before."""
    if record and ours(record, found["value"]):
        return dict(record, after=path, earlier=found["value"])
    return {"before": {"status": found["status"], "value": found["value"]}, "after": path}


def plan_give_back(name, found, record):
    """The one action that is needed, or None; a selection that is not ours is only forgotten."""
    if record is None:
        return None
    if not ours(record, found["value"]):
        return action("forget", name, found["value"], found["value"])
    before = record["before"]
    return action("give back", name, found["value"], before["value"] if before["status"] == "manual" else None)


def kept(step, recorded):
    """Whether a selection stays that is neither ours nor that of before."""
    return step["action"] == "forget" and step["before"] not in (None, recorded[step["target"]]["before"]["value"])


def carry_out(run, state, step, found):
    name = step["target"]
    if step["action"] == "select":
        state.record(SECTION, name, remembered(state.section(SECTION).get(name), found, step["after"]))
    if step["action"] != "forget":
        select(run, name, step["after"])
    if step["action"] != "select":
        state.forget(SECTION, name)


def work(module):
    """Read, decide, record, select, read back."""
    run, state, params = runner(module), State(), module.params
    with contextlib.ExitStack() as held:
        if not module.check_mode:
            held.enter_context(state.locked())
        recorded = state.section(SECTION)
        names = sorted(recorded) if params["name"] is None else [params["name"]]
        found = {name: query(run, name) for name in names}
        if params["state"] == "present":
            steps = [plan_select(name, params["path"], found[name], module.check_mode) for name in names]
        else:
            steps = [plan_give_back(name, found[name], recorded.get(name)) for name in names]
        steps = [step for step in steps if step]
        selected = {name: found[name]["value"] for name in names}
        selected.update((step["target"], step["after"]) for step in steps)
        for step in [] if module.check_mode else steps:
            carry_out(run, state, step, found[step["target"]])
            selected[step["target"]] = query(run, step["target"])["value"]
    return {
        "actions": steps,
        "selected": selected.get(params["name"]),
        "left": [left(step["target"]) for step in steps if kept(step, recorded)],
        "diff": {
            "before": {step["target"]: step["before"] for step in steps},
            "after": {step["target"]: step["after"] or "auto" for step in steps},
        },
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "path": {"type": "path"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["name", "path"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
