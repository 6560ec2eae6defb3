#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_verify_info
short_description: Judges an OVS-DPDK node by what the kernel and the switch say
version_added: "1.0.0"
description:
  - Reads C(/proc), C(/sys), the database of Open vSwitch, the answers of C(ovs-vswitchd) to C(ovs-appctl) and its log,
    and judges what it finds in some seventy checks. Nothing is changed, and no statistics are cleared.
  - The verdicts rest on this evidence alone, never on what a role or a module believes to have done. The plan is only
    what plan-bound checks compare with; without it they are skipped, and hosts that somebody else built can be judged.
  - Each check has a section in C(docs/checks.md) that says what it reads, when it passes, why, and what cures it.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
  - nfv.ovs_dpdk.switch
options:
  plan:
    description: The RV(nfv.ovs_dpdk.host_plan_info#module:plan) of M(nfv.ovs_dpdk.host_plan_info) for this host.
    type: dict
  interval:
    description:
      - Seconds between two samples of everything that must not grow, such as drops, lost upcalls and interrupts, and
        of the load of PMD threads. V(0) skips these checks.
      - Open vSwitch refreshes the counters of ports every 5 seconds by default, hence the default here.
    type: float
    default: 6
  limits:
    description:
      - Limits by name that override the defaults. The names, defaults and reasons are in C(docs/checks.md).
    type: dict
    default: {}
  root:
    description:
      - Directory in which C(/proc) and C(/sys) are found. A captured tree has no switch, so that the checks of the
        switch are skipped unless O(ovs_rundir) is given.
    type: path
    default: /
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.host_plan_info
  - module: nfv.ovs_dpdk.pmd_stats_info
  - plugin: nfv.ovs_dpdk.verify_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Judge a node that somebody else built
  nfv.ovs_dpdk.host_verify_info:
  register: verify

- name: Judge a node against its plan, at night
  nfv.ovs_dpdk.host_verify_info:
    plan: "{{ nfv_ovs_dpdk_plan }}"
    interval: 60
    limits:
      overload_percent: 80

- name: Show the verdicts
  ansible.builtin.debug:
    msg: "{{ (verify | nfv.ovs_dpdk.verify_table).splitlines() }}"
"""

RETURN = r"""
checks:
  description: One row for each subject that a check finds at fault, else one row for the check.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Name of the check, which does not change.
      type: str
      sample: pmd.queues_polled
    area:
      description: The part of the name before the dot.
      type: str
      sample: pmd
    subject:
      description: The port, CPU, node or device at fault; V(null) for the host as a whole.
      type: str
      sample: dpdk0
    status:
      description: V(pass), V(warn), V(fail), or V(skip) for a check that could not judge.
      type: str
      sample: fail
    found:
      description: What was found; for V(skip), why there is no verdict.
      type: str
      sample: nobody polls queue 1
    expected:
      description: What should have been found.
      type: str
      sample: a PMD thread for each of 2 queues
    cure:
      description: What to do about it.
      type: str
    source:
      description: Where the evidence was read.
      type: str
      sample: ovs-appctl dpif-netdev/pmd-rxq-show, ovs-vsctl list Interface
summary:
  description: How many rows have each status.
  returned: success
  type: dict
  sample: {pass: 61, warn: 0, fail: 0, skip: 8}
limits:
  description: The limits in force, by name.
  returned: success
  type: dict
  sample: {overload_percent: 90}
"""

import os

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _checks
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._daemon import SECONDS
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._evidence import collect
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._plan_option import check_plan
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch

PLAN_KEYS = (
    "cpus",
    "devices",
    "dpdk_drivers",
    "hugepages",
    "isolation",
    "kernel_args",
    "kernel_args_tokens",
    "other_config",
)


def argument_spec():
    return {
        "plan": {"type": "dict"},
        "interval": {"type": "float", "default": 6},
        "limits": {"type": "dict", "default": {}},
        "ovs_rundir": {"type": "path"},
        "root": {"type": "path", "default": "/"},
    }


def plan_of(params):
    """The plan, or None."""
    plan = params["plan"] or None
    if plan:
        check_plan(plan, PLAN_KEYS, "Give it nfv_ovs_dpdk_plan, or leave plan out.")
    return plan


def work(module):
    params = module.params
    if not 0 <= params["interval"] <= 3600:
        raise Refused("not an interval", "interval", found=str(params["interval"]), expected="0 to 3600 seconds")
    limits = _checks.limits(params["limits"])
    captured = os.path.realpath(params["root"]) != "/" and not params["ovs_rundir"]
    switch = Switch.of(runner(module), dict(params, timeout=SECONDS))
    rows = _checks.judge(collect(switch, plan_of(params), limits, params["interval"], captured))
    return {"checks": rows, "summary": _checks.summary(rows), "limits": limits}


def main():
    conduct(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
