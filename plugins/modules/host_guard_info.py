#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: host_guard_info
short_description: Judges whether a plan may be applied to a host, and whether that takes a reboot
version_added: "1.0.0"
description:
  - Compares the live host with a plan of M(nfv.ovs_dpdk.host_plan_info) and says what would do harm, before anything
    is changed. Reads C(/proc), C(/sys) and the state file of this collection.
  - It does not fail because of what it finds; the caller decides, with all refusals at hand. It does fail, except in
    check mode, where another play holds the host (M(nfv.ovs_dpdk.host_lease)). What is worth knowing but
    not dangerous (ports of Open vSwitch in the kernel, guests on vhost-user ports) is a warning of the task.
  - "NICs: C(nic_unknown:ADDRESS), C(nic_in_use:ADDRESS) (an address, a route, a bond, bridge, VLAN or Open vSwitch port
    on it or above it, so the NIC of the management connection too; also where the NIC keeps the driver of the kernel),
    C(nic_elsewhere:ADDRESS) (its interface is in another network namespace), C(nic_has_vfs:ADDRESS),
    C(nic_held:ADDRESS), C(iommu_group:ADDRESS), C(no_iommu), C(no_iommu_mode), C(lockdown:ADDRESS)."
  - "The host: C(kernel_token:NAME) (somebody else has set a token that the plan needs), C(guests_running) (QEMU
    processes while a reboot is due), C(hugepages_owner:FILE) (sysctl sets another number of pages at every boot, which
    then are of the planned size), C(hugepages:NODE) (pools of somebody else leave no room, or somebody else has the
    pages that are for Open vSwitch), C(cpus_pinned:PROGRAM) (a program chose CPUs that are planned for PMD threads),
    C(isolation_owner:isolcpus) and C(isolation_owner:tuned) (somebody else isolates CPUs in the other manner), C(boot)
    (M(nfv.ovs_dpdk.kernel_cmdline) would refuse the plan: the boot configuration is of an unknown tool, its file system
    full or read-only, the settings hold a token of somebody else that has not booted yet, or the line has been tried
    and was not kept)."
  - An id holds letters, digits and C(_.:-) only, so that several can be given as one text; whatever else the name of a
    program or a file has is C(_) in it.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
options:
  plan:
    description: The plan, as RV(nfv.ovs_dpdk.host_plan_info#module:plan).
    type: dict
    required: true
  allow:
    description:
      - Ids of refusals to override, such as V(nic_in_use:0000:81:00.0); they move to RV(allowed).
      - C(nic_unknown), C(nic_held) and C(no_iommu_mode) cannot be overridden. For C(kernel_token) there is O(takeover),
        for C(boot) there is O(backend=operator), with which somebody else sees to the kernel line.
    type: list
    elements: str
    default: []
  takeover:
    description: Names of kernel parameters of somebody else that may be replaced, such as V(isolcpus).
    type: list
    elements: str
    default: []
  backend:
    description: As O(nfv.ovs_dpdk.kernel_cmdline#module:backend).
    type: str
    choices: [auto, grub, operator]
    default: auto
  trial_seconds:
    description: As O(nfv.ovs_dpdk.kernel_cmdline#module:trial_seconds).
    type: str
  trial:
    description:
      - Whether new arguments are going to be booted on trial (M(nfv.ovs_dpdk.kernel_cmdline) with C(entry=trial)).
      - With V(auto) only where the host can; with V(always) a host that cannot is refused (C(boot)).
    type: str
    choices: [auto, always, never]
    default: never
  retry:
    description: As O(nfv.ovs_dpdk.kernel_cmdline#module:retry).
    type: bool
    default: false
  reboots:
    description:
      - Whether the caller reboots the host where that is due. If not, running guests are a warning and no refusal.
    type: bool
    default: true
  reasons:
    description: Why the caller is about to reboot the host, beside the RV(reasons) that this module finds.
    type: list
    elements: str
    default: []
  root:
    description:
      - Where C(/proc) and C(/sys) are found; a captured tree can be judged without touching its machine. Its boot
        configuration is not, and iproute2 is not asked about it.
    type: path
    default: /
seealso:
  - module: nfv.ovs_dpdk.host_plan_info
  - module: nfv.ovs_dpdk.pci_driver
  - module: nfv.ovs_dpdk.kernel_cmdline
"""

EXAMPLES = r"""
- name: Look for what must not be touched
  nfv.ovs_dpdk.host_guard_info:
    plan: "{{ nfv_ovs_dpdk_plan }}"
    takeover: [isolcpus]
  register: guard

- name: Refuse before the first change
  ansible.builtin.fail:
    msg: "{{ guard.refusals | map(attribute='text') | list }}"
  when: guard.refusals | length > 0
"""

RETURN = r"""
refusals:
  description: What must not be done, and has not been overridden.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the refusal, stable; what O(allow) overrides.
      type: str
    what:
      description: What is wrong.
      type: str
    where:
      description: The device, the NUMA node or the file; null for the host.
      type: str
    found:
      description: What was found.
      type: str
    expected:
      description: What would be right; null where that goes without saying.
      type: str
    cure:
      description: What to do, and which variable overrides it.
      type: str
    text:
      description: All of this in one message.
      type: str
  sample:
    - id: "nic_in_use:0000:00:02.0"
      what: the NIC is in use, perhaps by this very connection
      where: ens3 at 0000:00:02.0
      found: 192.0.2.10/24 on ens3; default via 192.0.2.1 on ens3
      expected: no address, route or master on it or above it
      cure: >-
        Take it out of host_plan_nics or move its addresses first.
        To do it all the same, add 'nic_in_use:0000:00:02.0' to host_guard_allow.
      text: >-
        the NIC is in use, perhaps by this very connection (ens3 at 0000:00:02.0): found 192.0.2.10/24 on ens3;
        default via 192.0.2.1 on ens3, expected no address, route or master on it or above it. Take it out of ...
allowed:
  description: Refusals that O(allow) overrides, in the same shape.
  returned: success
  type: list
  elements: dict
owners:
  description:
    - What somebody else has set of all that the plan wants to set, on the running kernel line, in Open vSwitch and at
      the NICs. What is as planned stays his; all else is refused until it is named in a takeover.
  returned: success
  type: list
  elements: dict
  contains:
    where:
      description: V(kernel line), V(Open vSwitch) or V(NIC).
      type: str
    name:
      description: The kernel parameter, the key of C(other_config), the address.
      type: str
    found:
      description: What he has set; the driver of a NIC.
      type: str
    planned:
      description: What the plan wants there.
      type: str
    fits:
      description: Whether that means the same.
      type: bool
    text:
      description: All of this for people.
      type: str
  sample:
    - {where: Open vSwitch, name: pmd-cpu-mask, found: "0x4", planned: "0xc", fits: false,
       text: "Open vSwitch: pmd-cpu-mask is 0x4; 0xc is planned: add pmd-cpu-mask to openvswitch_takeover"}
trial:
  description: Whether new kernel arguments can be booted on trial, as RV(nfv.ovs_dpdk.kernel_cmdline#module:trial).
  returned: success
  type: dict
  contains:
    possible:
      description: Whether they can.
      type: bool
    why:
      description: Why not; empty if they can.
      type: str
    pending:
      description: Whether a trial of this plan is written and waits for its boot.
      type: bool
    booted:
      description: Whether the host runs a line on trial that has not been kept yet.
      type: bool
reboot_required:
  description: Whether the plan needs a reboot; true as soon as there is a reason.
  returned: success
  type: bool
records:
  description: What this collection has on record on this host, names of sections of its state file.
  returned: success
  type: list
  elements: str
  sample: [devices, files, hugepages, kernel_cmdline, vswitch]
reasons:
  description: Why a reboot is needed, a sentence each.
  returned: success
  type: list
  elements: str
  sample:
    - intel_iommu=on is planned and not in force
    - NUMA node 0 has 0 of 4 pages of 1G, the kernel line brings them
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _boot_line, _boot_trial
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._binding import Bus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import read_text, under
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._grub import Grub
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._guards import judge_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host_guards import PAGE_SETTINGS
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._kernel import read_tasks
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._live_links import add_uses
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._owners import owners
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._plan_option import check_plan
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._processes import (
    holders,
    read_processes,
    switch_has_pages,
)
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._sysctl import read_settings
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._trial import Trial
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tuned import Tuned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch

ROOT = "/"
PLAN_KEYS = ("cpus", "devices", "hugepages", "kernel_args_tokens")


def boot_outlook(grub, state, params):
    """(what kernel_cmdline would refuse, in its words; how a trial stands): nothing of a captured tree is run."""
    outlook = {"possible": False, "why": "", "pending": False, "booted": False}
    if grub.root != ROOT:
        return [], dict(outlook, why="the machine is not here")
    trial, running = Trial(grub), read_text(under(grub.root, "/proc/cmdline")) or ""
    try:
        tokens = params["plan"]["kernel_args_tokens"]
        wish = _boot_line.wish(tokens, params["takeover"], "default", params["retry"], params["trial_seconds"])
        present = _boot_line.read(grub, trial, state, wish, running, params["backend"])
        outlook = _boot_trial.outlook(wish, present)
        decision = _boot_line.decide(grub, trial, state, wish, present)
        reboots = _boot_line.verdict(decision, running)["reboot_required"]
        if reboots and (params["trial"] == "always" or (params["trial"] == "auto" and not present.why_not)):
            _boot_line.decide(grub, trial, state, wish._replace(entry="trial"), present)
    except Refused as exc:
        return [exc.parts], dict(outlook, possible=False, why=outlook["why"] or exc.parts["what"])
    return [], outlook


def switch_row(root, run):
    """The row of table Open_vSwitch, {} where there is none; that of another machine is not here."""
    with contextlib.suppress(Failed):
        return Switch(run, timeout=10).root_row() if root == ROOT else {}
    return {}


def work(module):
    """Read, judge, tell."""
    params, bus, state = module.params, Bus(module.params["root"]), State(module.params["root"])
    if not module.check_mode:
        state.renewed_lease()  # refuses where another play is at work
    check_plan(params["plan"], PLAN_KEYS)
    tree, run, host = Tree(params["root"]), runner(module), read_host(params["root"])
    add_uses(host, params["root"], run)
    processes = read_processes(params["root"])
    addresses = [row["address"] for row in params["plan"]["devices"] if row["address"]]
    problems, trial = boot_outlook(Grub(params["root"], run), state, params)
    verdict = judge_host(
        host,
        params["plan"],
        processes,
        {address: holders(processes, bus.nodes(address)) for address in addresses},
        params["allow"],
        params["takeover"],
        read_tasks(tree),
        problems,
        Tuned(params["root"], run).profile(),
        settings=read_settings(tree, PAGE_SETTINGS),
        switch_has_pages=switch_has_pages(params["root"]),
        reboots=params["reboots"],
        reasons=params["reasons"],
    )
    for warning in verdict.pop("warnings"):
        module.warn(warning["text"])
    return dict(
        verdict,
        changed=False,
        reboot_required=bool(verdict["reasons"]),
        records=sorted(set(state.load()) - {"version"}),
        trial=trial,
        owners=owners(host, params["plan"], switch_row(params["root"], run)),
    )


def main():
    module = AnsibleModule(
        argument_spec={
            "plan": {"type": "dict", "required": True},
            "allow": {"type": "list", "elements": "str", "default": []},
            "takeover": {"type": "list", "elements": "str", "default": []},
            "backend": {"type": "str", "choices": ["auto", "grub", "operator"], "default": "auto"},
            "trial_seconds": {"type": "str"},
            "trial": {"type": "str", "choices": ["auto", "always", "never"], "default": "never"},
            "retry": {"type": "bool", "default": False},
            "reboots": {"type": "bool", "default": True},
            "reasons": {"type": "list", "elements": "str", "default": []},
            "root": {"type": "path", "default": "/"},
        },
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
