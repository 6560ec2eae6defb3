#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: package_hold
short_description: Keeps installed Debian packages from being upgraded unasked
version_added: "1.0.0"
description:
  - Upgrading C(openvswitch-switch) restarts C(ovs-vswitchd), and a new C(librte) library waits for the next restart
    beside the old one. This module puts packages on hold, as C(apt-mark hold) does, so that neither happens unasked.
  - Remembers which packages it put on hold. Only these are ever released, and only while nobody released them before;
    a hold of somebody else stays.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  packages:
    description:
      - Names of packages, such as V(openvswitch-switch), or patterns of names, such as V(librte-*) and
        V(librte-net-virtio[0-9]*).
      - A pattern means the packages that are installed. So does a name; in check mode a name that is not installed
        counts as if it were, since a real run would have installed it.
      - Needed with O(state=present). What was put on hold earlier and is not among them is released.
    type: list
    elements: str
  state:
    description: Whether O(packages) are on hold, or everything that this module put on hold is released.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - name: dpkg(1)
    description: What a hold is, and C(--set-selections).
    link: https://manpages.debian.org/dpkg
"""

EXAMPLES = r"""
- name: No upgrade restarts the switch unasked
  nfv.ovs_dpdk.package_hold:
    packages: [openvswitch-switch, openvswitch-switch-dpdk, openvswitch-common, "librte-*"]

- name: Make room for an upgrade
  nfv.ovs_dpdk.package_hold:
    state: absent
"""

RETURN = r"""
actions:
  description: The changes made, or that would be made in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: hold, target: openvswitch-switch, before: install, after: hold}
missing:
  description: Those of O(packages) that no installed package fits.
  returned: success
  type: list
  elements: str
  sample: []
unfinished:
  description:
    - Those that O(packages) means and that an interrupted C(dpkg) has left half done. Whoever calls it next finishes
      them, and the scripts of the package run.
  returned: success
  type: list
  elements: str
  sample: []
held:
  description: All packages that are on hold afterwards, those of somebody else included.
  returned: success
  type: list
  elements: str
  sample: [openvswitch-switch]
"""

import fnmatch

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._packages import check_patterns, installed_packages
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

SECTION = "holds"
STATES = "${Package}\t${db:Status-Status}\n"
BEGUN = ("half-installed", "unpacked", "half-configured", "triggers-pending")


def selections(run):
    """{name of each installed package: "install", "hold", …}."""
    return {name: want for name, _architecture, want in installed_packages(run)}


def chosen(patterns, installed, check_mode):
    """The names that *patterns* mean."""
    check_patterns(patterns)
    names = {name for name in installed for pattern in patterns if fnmatch.fnmatchcase(name, pattern)}
    if check_mode:
        names |= {pattern for pattern in patterns if not set("*?[") & set(pattern)}
    return names


def unfinished(run, patterns):
    """The names that *patterns* mean of packages that dpkg has begun with and not come to an end."""
    _rc, out, _err = run(["dpkg-query", "--show", "--showformat=" + STATES])
    rows = [line.split("\t") for line in out.splitlines()]
    names = [name for name, status in rows if status in BEGUN]
    return sorted({name for pattern in patterns for name in fnmatch.filter(names, pattern)})


def plan(installed, wanted, recorded):
    """Actions: holds that are missing, and releases of holds that are ours, each to the selection of before."""
    missing = [name for name in sorted(wanted) if installed.get(name) != "hold"]
    holds = [action("hold", name, installed.get(name, "install"), "hold") for name in missing]
    ours = [name for name in sorted(set(recorded) - set(wanted)) if installed.get(name) == "hold"]
    return holds + [action("release", name, "hold", recorded[name]["before"]) for name in ours]


def carry_out(run, state, actions):
    """Record first, then select all at once."""
    state.update(SECTION, {row["target"]: {"before": row["before"]} for row in actions if row["action"] == "hold"})
    if actions:
        lines = "".join("{target} {after}\n".format(**row) for row in actions)
        rc, out, err = run(["dpkg", "--set-selections"], lines)
        if rc != 0:
            raise Failed("dpkg did not take the selections", found=(err or out).strip())


def work(module):
    run, state = runner(module), State()
    if module.check_mode:
        return converge(module, run, state)
    with state.locked():
        return converge(module, run, state)


def converge(module, run, state):
    installed, recorded = selections(run), state.section(SECTION)
    patterns = module.params["packages"] if module.params["state"] == "present" else []
    wanted = chosen(patterns, installed, module.check_mode)
    actions = plan(installed, wanted, recorded)
    if not module.check_mode:
        carry_out(run, state, actions)
        state.update(SECTION, dict.fromkeys(set(recorded) - wanted))
        installed = selections(run)
    after = {row["target"]: row["after"] for row in actions}
    return {
        "actions": actions,
        "missing": [pattern for pattern in patterns if not fnmatch.filter(installed, pattern)],
        "unfinished": unfinished(run, patterns),
        "diff": {"before": {row["target"]: row["before"] for row in actions}, "after": after},
        "held": sorted(name for name, want in dict(installed, **after).items() if want == "hold"),
    }


def main():
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["packages"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
