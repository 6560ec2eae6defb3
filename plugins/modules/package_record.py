#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: package_record
short_description: Remembers which Debian packages an installation brings, and removes these
version_added: "1.0.0"
description:
  - Before an installation, asks C(apt-get --simulate) which packages it would bring that are not there yet,
    dependencies included, and writes them down. It installs nothing itself.
  - Later removes exactly those. A package that was there before is never among them.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  packages:
    description: Names or patterns as the installation is going to name them; needed with O(state=present).
    type: list
    elements: str
  state:
    description: Whether packages are about to be installed, or those of earlier installations go.
    type: str
    choices:
      present: Write down what installing O(packages) would bring, without recommended packages. The package index must
        be up to date.
      absent: Remove what was written down, with the configuration files left in place. Where something else needs one
        of them, all of them stay, see RV(left); a bridge needs Open vSwitch.
    default: present
  gone:
    description: Bridges that will be gone by then, for a dry run.
    type: list
    elements: str
    default: []
seealso:
  - module: nfv.ovs_dpdk.package_hold
  - module: ansible.builtin.apt
"""

EXAMPLES = r"""
- name: Write down what is going to be installed
  nfv.ovs_dpdk.package_record:
    packages: [openvswitch-switch-dpdk]

- name: Install it
  ansible.builtin.apt:
    name: openvswitch-switch-dpdk
    install_recommends: false

- name: Remove what came with it
  nfv.ovs_dpdk.package_record:
    state: absent
"""

RETURN = r"""
actions:
  description: The packages that were removed, or would be in check mode. Writing down is no change of the host.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: remove, target: openvswitch-switch-dpdk, before: installed, after: null}
recorded:
  description: The packages that are written down when the module has run; in check mode, that would be.
  returned: success
  type: list
  elements: str
  sample: [openvswitch-common, openvswitch-switch, openvswitch-switch-dpdk]
upgraded:
  description: The packages that are there and that installing O(packages) would replace by another version.
  returned: success
  type: list
  elements: str
  sample: [openvswitch-switch]
left:
  description: What was not removed, and why. It stays written down.
  returned: success
  type: list
  elements: dict
  sample: [{"target": openvswitch-switch, "reason": is needed by neutron-openvswitch-agent}]
"""

import contextlib
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action, left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._packages import check_patterns
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

SECTION = "packages"
# An upgrade names the version that is there in brackets: "Inst name [1.0] (1.1 …)".
NEW = re.compile(r"^Inst (\S+) \(", re.MULTILINE)
UPGRADED = re.compile(r"^Inst (\S+) \[", re.MULTILINE)
GOES = re.compile(r"^(?:Remv|Purg) (\S+)", re.MULTILINE)
# Nothing of such a package can be removed. All others, such as half-configured, may be what a removal has left.
AWAY = ("not-installed", "config-files")


def apt(run, verb, names, *options):
    """apt-get *verb* for *names*, without questions; its output."""
    argv = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "-o", "DPkg::Lock::Timeout=60"]
    rc, out, err = run(argv + list(options) + [verb] + list(names))
    if rc != 0:
        raise Failed(
            "apt-get could not {0}".format(" ".join([verb] + list(names))),
            found=(err or out).strip()[-500:] or "exit code {0}".format(rc),
        )
    return out


def foresee(run, patterns):
    """What apt-get says of an installation."""
    check_patterns(patterns)
    return apt(run, "install", patterns, "--simulate", "--no-install-recommends")


def there(run):
    """Names of all packages that are on the host, if only in parts; each also with its architecture."""
    argv = ["dpkg-query", "--show", "--showformat=${Package} ${Architecture} ${db:Status-Status}\n"]
    rc, out, err = run(argv)
    if rc != 0:
        raise Failed("dpkg does not say what is installed", found=err.strip())
    rows = [row.split(" ") for row in out.splitlines()]
    return {text for name, arch, status in rows if status not in AWAY for text in (name, name + ":" + arch)}


def bridges(run, names):
    """What would be left without a switch; where its database is away, nothing is switched."""
    if "openvswitch-switch" not in {name.partition(":")[0] for name in names}:
        return []
    rc, out, _err = run(["ovs-vsctl", "--timeout=10", "list-br"])
    return [] if rc else ["bridge " + name for name in out.split()]


def decide(run, recorded, gone):
    """(actions, rows about what stays)"""
    names = sorted(there(run).intersection(recorded)) if recorded else []
    if not names:
        return [], []
    others = sorted(set(GOES.findall(apt(run, "remove", names, "--simulate"))) - set(names))
    others += sorted(set(bridges(run, names)) - {"bridge " + name for name in gone})
    if others:
        return [], [left(name, "stays because of {0}".format(", ".join(others))) for name in names]
    return [action("remove", name, "installed") for name in names], []


def work(module):
    run, state, present = runner(module), State(), module.params["state"] == "present"
    actions, kept, upgraded = [], [], []
    with contextlib.ExitStack() as held:
        if not module.check_mode:
            held.enter_context(state.locked())
        recorded = state.section(SECTION)
        if present:
            said = foresee(run, module.params["packages"])
            names, upgraded = set(recorded).union(NEW.findall(said)), sorted(UPGRADED.findall(said))
        else:
            actions, kept = decide(run, recorded, module.params["gone"] if module.check_mode else [])
            names = {row["target"] for row in kept}
        if not module.check_mode:
            if actions:
                apt(run, "remove", [row["target"] for row in actions], "--yes")
            gone, new = set(recorded) - names, names - set(recorded)
            state.update(SECTION, dict(dict.fromkeys(gone), **{name: {"before": None} for name in new}))
    diff = {side: {row["target"]: row[side] for row in actions} for side in ("before", "after")}
    return {"actions": actions, "recorded": sorted(names), "upgraded": upgraded, "left": kept, "diff": diff}


def main():
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "gone": {"type": "list", "elements": "str", "default": []},
        },
        required_if=[("state", "present", ["packages"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
