#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_info
short_description: Read what a machine is, as plain data
version_added: "1.0.0"
description:
  - Reads CPUs, NUMA nodes, memory, hugepage pools, NICs, IOMMU and the running command line from C(/proc), C(/sys),
    C(/etc/os-release) and the state file of this collection. It runs no program and changes nothing.
  - A captured tree gives the same answer as the machine it was taken from. What a tree lacks is V(null) or an empty
    list, never an error.
  - This is what M(nfv.ovs_dpdk.host_plan_info) plans on.
options:
  root:
    description: Directory below which C(/proc) and C(/sys) are found.
    type: path
    default: /
notes:
  - A network device that was moved into another network namespace is not visible from here, and neither is what is in
    use on it.
  - An IPv4 address with a prefix length of 32 is not shown with its device. What shows are the routes there.
seealso:
  - module: nfv.ovs_dpdk.host_plan_info
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
"""

EXAMPLES = r"""
- name: Read the machine
  nfv.ovs_dpdk.host_info:
  register: machine

- name: Show the NICs that nothing uses
  ansible.builtin.debug:
    msg: "{{ machine.host.nics | selectattr('uses', 'equalto', []) | map(attribute='address') }}"

- name: Read a captured tree on the controller
  nfv.ovs_dpdk.host_info:
    root: /srv/captures/compute-7
  delegate_to: localhost
"""

RETURN = r"""
host:
  description: The machine. Sizes are in KiB where the name says so, CPUs and nodes are the kernel's numbers.
  returned: success
  type: dict
  contains:
    architecture:
      description:
        - V(x86_64), V(i386), V(aarch64), V(arm), V(ppc64), V(s390x), V(riscv64), or what the kernel says.
        - V(null) if a captured tree does not tell.
      type: str
      sample: x86_64
    kernel:
      description: Release of the running kernel.
      type: str
      sample: 6.1.0-18-amd64
    os:
      description: The distribution.
      type: dict
      contains:
        id:
          description: Name, as C(ID) in C(/etc/os-release).
          type: str
          sample: debian
        version_id:
          description: Version, as C(VERSION_ID) there.
          type: str
          sample: "12"
        family:
          description: V(debian), V(redhat) or V(suse), by C(ID) and C(ID_LIKE). V(null) for others.
          type: str
          sample: debian
    cpu:
      description: The first processor.
      type: dict
      contains:
        vendor:
          description: Vendor as C(/proc/cpuinfo) names it, the implementer's name on ARM.
          type: str
          sample: GenuineIntel
        model:
          description: Model name.
          type: str
          sample: Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz
        flags:
          description: Sorted flags (x86) or features (ARM).
          type: list
          elements: str
          sample: [lm, pae, pdpe1gb, pse]
    cpus:
      description: Sorted CPU numbers by state.
      type: dict
      contains:
        possible:
          description: CPUs that the kernel has room for.
          type: list
          elements: int
        present:
          description: CPUs in the machine.
          type: list
          elements: int
        online:
          description: CPUs in use.
          type: list
          elements: int
        offline:
          description: CPUs that are present and not online.
          type: list
          elements: int
        isolated:
          description: CPUs outside the scheduler's domains, by C(isolcpus) or isolated partitions.
          type: list
          elements: int
        nohz_full:
          description: CPUs without a tick while they run one task.
          type: list
          elements: int
    topology:
      description: One row per online CPU, sorted by number.
      type: list
      elements: dict
      contains:
        cpu:
          description: Number of the CPU.
          type: int
        node:
          description: Its NUMA node. If several nodes list the CPU, the link in the CPU's own directory decides.
          type: int
        package:
          description: Its socket. V(null) if the firmware does not say.
          type: int
        core:
          description: Number of its core, unique within the socket only.
          type: int
        siblings:
          description: Online CPUs of the same core, itself included.
          type: list
          elements: int
        l3:
          description: Online CPUs that share its last-level cache. V(null) if no cache is described.
          type: list
          elements: int
        capacity:
          description: The scheduler's capacity, 1024 for the strongest CPU. V(null) where the kernel has none.
          type: int
        efficiency:
          description:
            - Whether this is an efficiency core of a hybrid machine.
            - Taken from C(/sys/devices/cpu_atom/cpus), else a capacity or highest frequency below 80 % of the best.
          type: bool
    nodes:
      description: NUMA nodes, sorted by id. A machine without NUMA is one node 0.
      type: list
      elements: dict
      contains:
        id:
          description: The node's id. Ids may have gaps.
          type: int
        cpus:
          description: Its online CPUs. Empty for a node with memory only.
          type: list
          elements: int
        memory_kb:
          description: Its memory in KiB.
          type: int
        memory_free_kb:
          description: Its free memory in KiB.
          type: int
        hugepages:
          description: Its hugepage pools, one per size.
          type: list
          elements: dict
          contains:
            size_kb:
              description: Size of a page in KiB.
              type: int
            total:
              description: Pages in the pool.
              type: int
            free:
              description: Pages not in use.
              type: int
            surplus:
              description: Pages above the configured number.
              type: int
        distances:
          description: Distances to all nodes in the order of their ids, 10 to itself.
          type: list
          elements: int
    numa:
      description: Whether the machine has NUMA nodes at all.
      type: bool
    memory:
      description: Memory of the machine.
      type: dict
      contains:
        total_kb:
          description: C(MemTotal) in KiB.
          type: int
        available_kb:
          description: C(MemAvailable) in KiB.
          type: int
    page_sizes_kb:
      description: Hugepage sizes in KiB that the kernel offers or the CPU is able to use, whether or not pools exist.
      type: list
      elements: int
      sample: [2048, 1048576]
    nics:
      description:
        - PCI devices of class C(02), sorted by address.
        - NICs in the state file that are no longer in the machine are listed with RV(host.nics[].present=false).
      type: list
      elements: dict
      contains:
        address:
          description: PCI address.
          type: str
          sample: "0000:81:00.0"
        present:
          description: Whether the device is in the machine.
          type: bool
        name:
          description: Name of its network device. From the state file for a NIC that is bound to DPDK.
          type: str
          sample: ens4
        names:
          description: All network devices of the function that the kernel shows now, representors last.
          type: list
          elements: str
        mac:
          description: MAC address, from the same source as RV(host.nics[].name).
          type: str
        driver:
          description: Driver that it is bound to. V(null) if none.
          type: str
          sample: vfio-pci
        vendor:
          description: Vendor id, four hexadecimal digits. The next three are written alike.
          type: str
          sample: "8086"
        device:
          description: Device id.
          type: str
        subsystem_vendor:
          description: Subsystem vendor id.
          type: str
        subsystem_device:
          description: Subsystem device id.
          type: str
        class:
          description: PCI class, six hexadecimal digits.
          type: str
          sample: "020000"
        numa_node:
          description: NUMA node as the kernel shows it. V(-1) if the firmware does not say.
          type: int
        local_cpus:
          description: CPUs near the device as the kernel lists them. All CPUs if the node is not known.
          type: list
          elements: int
        node:
          description: NUMA node of the device. V(null) if it cannot be told.
          type: int
        node_from:
          description:
            - Where RV(host.nics[].node) was learned.
            - V(numa_node), V(local_cpus) (they lie within one node) or V(only_node) (there is no other).
          type: str
        iommu_group:
          description: IOMMU group. V(null) without an IOMMU.
          type: int
        iommu_group_members:
          description: All devices of the group, itself included.
          type: list
          elements: dict
          contains:
            address:
              description: PCI address.
              type: str
            driver:
              description: Its driver.
              type: str
            class:
              description: PCI class. C(0604) is a bridge.
              type: str
        physfn:
          description: PCI address of the physical function, for a virtual function.
          type: str
        vf_index:
          description: Number of this virtual function.
          type: int
        numvfs:
          description: Virtual functions made so far. V(null) if the device cannot have any.
          type: int
        modalias:
          description: The device's identity as module aliases match it.
          type: str
        uses:
          description: What is in use on the device or on anything above it. Empty for a NIC that can be taken.
          type: list
          elements: dict
          contains:
            kind:
              description:
                - V(address), V(route), V(default_route), V(bond), V(bridge), V(vlan), V(team), V(ovs).
                - V(upper) is any other device above it, such as macvlan or VRF.
              type: str
            detail:
              description: What exactly, and on which device.
              type: str
              sample: 192.0.2.10/24 on ens4
        recorded:
          description: What the state file has recorded for this address.
          type: dict
    iommu:
      description: State of the IOMMU.
      type: dict
      contains:
        active:
          description: Whether an IOMMU is at work.
          type: bool
        units:
          description: IOMMU units.
          type: list
          elements: str
          sample: [dmar0]
        described:
          description:
            - Whether the firmware describes an IOMMU (ACPI tables C(DMAR), C(IVRS), C(IORT)).
            - V(null) without ACPI tables.
          type: bool
        groups:
          description: Number of IOMMU groups. Those of no-IOMMU mode do not count.
          type: int
        noiommu:
          description: Whether vfio allows its unsafe no-IOMMU mode. V(null) if it has none or is not loaded.
          type: bool
    lockdown:
      description: Kernel lockdown, V(none), V(integrity) or V(confidentiality). V(null) where the kernel has none.
      type: str
    secure_boot:
      description: Whether UEFI Secure Boot is on. V(null) without UEFI.
      type: bool
    cmdline:
      description: The running kernel command line.
      type: str
    state:
      description: The state file of this collection, what it changed on this host and what was there before.
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct


def inspect(module):
    return {"changed": False, "host": read_host(module.params["root"])}


def main():
    module = AnsibleModule(argument_spec={"root": {"type": "path", "default": "/"}}, supports_check_mode=True)
    conduct(module, inspect)


if __name__ == "__main__":
    main()
