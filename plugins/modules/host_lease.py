#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: host_lease
short_description: Takes a host for one play, and lets it go at its end
version_added: "1.0.0"
description:
  - A play that has a name, in the environment variable E(NFV_OVS_DPDK_JOB), holds each host that it changes by a lease
    of 15 minutes in the state file C(/var/lib/nfv_ovs_dpdk/state.json). Every changing module of this collection
    takes or renews it; this module is only needed to take it before the first change, and to give it back.
  - While it holds, the changing modules of any other play refuse, and so do those without a name. A play that has no
    name takes no lease.
  - A lease that has run out, or that was taken before the host was booted, is taken over with a warning. Whoever knows
    that the other play is dead gives his own the same name. Setting the clock of the host neither ends nor extends a
    lease, which is measured by the time since boot.
  - Besides, of two changing modules the second one waits until the first one has ended, and all programs that it has
    started. After 300 seconds it refuses, and says for whom it has waited.
  - The lease is bookkeeping, RV(ignore:changed) is never true for it.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  state:
    description: Whether the lease is taken, or given back.
    type: str
    choices:
      present: Take it, or renew it. In check mode it is neither taken nor asked for.
      absent: Give it back if it is ours. A state file that records nothing any more is removed.
    default: present
"""

EXAMPLES = r"""
- name: Change a host, alone
  hosts: computes
  environment:
    NFV_OVS_DPDK_JOB: "{{ awx_job_id }}@awx"
  tasks:
    - name: Work
      block:
        - name: Refuse at once where another play is at work
          nfv.ovs_dpdk.host_lease:

        - name: Bind the planned NICs
          nfv.ovs_dpdk.pci_driver:
            devices: "{{ nfv_ovs_dpdk_plan.devices }}"
      always:
        - name: Let the host go
          nfv.ovs_dpdk.host_lease:
            state: absent
"""

RETURN = r"""
actions:
  description: Always empty, see above.
  returned: success
  type: list
  elements: dict
lease:
  description:
    - The lease that is there when the module has run, whosever it is; empty if there is none.
    - C(until) is when it ends by the clock as it was; C(until_uptime), in seconds since boot, is what counts.
  returned: success
  type: dict
  sample:
    job: "4711"
    host: awx
    boot_id: 2f1b3e3c-7a0e-4f0a-9d0c-1f7b2c3d4e5f
    since: "2026-03-01T10:00:00Z"
    until: "2026-03-01T10:15:00Z"
    until_uptime: 87300
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

ROOT = "/"


def work(module):
    state = State(ROOT)
    if not module.check_mode:
        if module.params["state"] == "present":
            with state.locked():
                pass
        else:
            with state.alone():
                state.release()
    return {"actions": [], "lease": state.section("lease")}


def main():
    module = AnsibleModule(
        argument_spec={"state": {"type": "str", "choices": ["present", "absent"], "default": "present"}},
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
