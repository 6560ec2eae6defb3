#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tripleo_plan_info
short_description: Check a TripleO environment against a machine, and plan from it
version_added: "1.0.0"
description:
  - Takes the parameters of TripleO, RHOSP or EDPM that describe an OVS-DPDK compute node (C(OvsPmdCoreList),
    C(NeutronDpdkCoreList), C(edpm_ovs_dpdk_pmd_core_list) and all that belongs to them), holds them against the machine
    and against each other, and plans from what fits. Reads C(/proc), C(/sys) and the state file of this collection, and
    changes nothing.
  - Every contradiction is a finding, with what the plan does instead. All findings come in one run; the module fails
    only where there is no machine or no mapping to read.
  - A value in the block of a role (C(ComputeOvsDpdkParameters)) stands in front of the same name outside it. Of several
    roles those count that name PMD CPUs.
  - Parameters that have nothing to do with DPDK, Open vSwitch, nova, neutron or the kernel are passed over silently.
options:
  root:
    description: Directory below which C(/proc) and C(/sys) are found; a captured tree is judged like its machine.
    type: path
    default: /
  parameters:
    description:
      - An environment, its C(parameter_defaults), or any part of it. Both spellings of a name are known, and quotes
        inside of quotes are taken off.
    type: dict
    required: true
  nics:
    description:
      - DPDK ports, as in O(nfv.ovs_dpdk.host_plan_info#module:nics). They come from the network configuration, which
        is not part of these parameters.
    type: raw
notes:
  - Ansible logs the options of modules on the host. Leave passwords out of O(parameters), as the playbook
    C(nfv.ovs_dpdk.tripleo) does with the filter P(nfv.ovs_dpdk.tripleo_parameters#filter).
seealso:
  - module: nfv.ovs_dpdk.host_plan_info
  - plugin: nfv.ovs_dpdk.to_tripleo
    plugin_type: filter
  - plugin: nfv.ovs_dpdk.tripleo_parameters
    plugin_type: filter
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
"""

EXAMPLES = r"""
- name: What does this environment make of the machine?
  nfv.ovs_dpdk.tripleo_plan_info:
    parameters: "{{ lookup('ansible.builtin.file', 'environment.yaml') | from_yaml | nfv.ovs_dpdk.tripleo_parameters }}"
    nics:
      - 0000:3b:00.0 mtu=9000
      - 0000:af:00.0 mtu=9000
  register: result

- name: Show what contradicts it
  ansible.builtin.debug:
    msg: "{{ (result | nfv.ovs_dpdk.tripleo_table).splitlines() }}"

- name: Judge two lists for a captured machine
  nfv.ovs_dpdk.tripleo_plan_info:
    root: /srv/captures/compute-7
    parameters:
      NeutronDpdkCoreList: "'4,6,5,7'"
      NovaVcpuPinSet: 8-35
  delegate_to: localhost
"""

RETURN = r"""
request:
  description: The options of M(nfv.ovs_dpdk.host_plan_info) that the parameters become; only what they set.
  returned: success
  type: dict
  sample: {"pmd_cpus": "4-7", "vm_cpus": "8-35", "page_size": "1G", "vm_memory": "48G", "nics": ["0000:3b:00.0"]}
findings:
  description: What is to be said about the parameters, the worst first.
  returned: success
  type: list
  elements: dict
  contains:
    parameter:
      description: The parameter as the environment writes it, or V(plan) where the planner refused what was left.
      type: str
      sample: NeutronDpdkCoreList
    status:
      description:
        - V(fail) is a contradiction, V(warn) is allowed but hardly meant, V(info) is only to be known.
      type: str
      sample: fail
    found:
      description: What the environment says.
      type: str
      sample: CPUs 4-5 are in NovaVcpuPinSet too
    expected:
      description: What would fit.
      type: str
    cure:
      description: What to change, and for V(fail) what the plan does instead.
      type: str
plan:
  description: The plan of this request, as M(nfv.ovs_dpdk.host_plan_info) returns it; V(null) if it was refused.
  returned: success
  type: dict
parameters:
  description:
    - The plan in the names of the environment (its own family of names), with the parameters that are only carried on.
    - V(null) if there is no plan.
  returned: success
  type: dict
  sample: {"OvsPmdCoreList": "4,5,6,7", "NovaComputeCpuDedicatedSet": "8-35", "OvsDpdkSocketMemory": "2048,2048"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo import examine

ARGUMENTS = {
    "root": {"type": "path", "default": "/"},
    "parameters": {"type": "dict", "required": True},
    "nics": {"type": "raw"},
}


def plan(module):
    host = read_host(module.params["root"])
    return dict(examine(host, module.params["parameters"], module.params["nics"]), changed=False)


def main():
    conduct(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), plan)


if __name__ == "__main__":
    main()
