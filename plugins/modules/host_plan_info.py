#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: host_plan_info
short_description: Plan what a machine becomes as an OVS-DPDK compute node, and why
version_added: "1.0.0"
description:
  - Computes CPUs, masks, hugepages, kernel arguments, NIC drivers and Open vSwitch keys from what the machine is and
    what the operator asks for, each number with its reason. Reads C(/proc), C(/sys) and the state file of this
    collection, and changes nothing.
  - The same machine and the same request give the same plan, byte for byte, before and after it is applied. Present
    pools, free memory, bound drivers and the version of Open vSwitch are not read.
  - What cannot be planned is refused with what was found, what was expected, and the option that cures it.
  - Per-node options take one value for all nodes, or pairs such as V(0:2,1:1), as text, list or mapping. Put quotes
    around pairs, since YAML reads V(1:30) as a number in base 60.
  - Defaults give way where a node is too small, with a warning. What the operator writes never does.
  - Blank text means that the option was not given.
options:
  root:
    description: Directory below which C(/proc) and C(/sys) are found; a captured tree plans like its machine.
    type: path
    default: /
  nics:
    description:
      - DPDK ports, as a list of texts or as one text that is split at newlines and C(;).
      - Each is C(WHO [key=value ...]), where WHO is a PCI address, a MAC address or an interface name.
      - C(mtu) in bytes (default 1500), C(rxq) the number of receive queues (default 1; V(auto) divides the PMD threads
        of the node among its NICs), C(desc) the descriptors per queue (a power of two; Open vSwitch's default is 2048),
        C(node) the NUMA node where the kernel does not tell it, C(driver) one of V(vfio-pci) (default),
        V(uio_pci_generic), V(igb_uio) and V(keep).
      - Devices that DPDK drives beside their kernel driver (Mellanox, MANA) keep it.
      - C(name), C(bridge), C(vf) and C(representor) are reserved.
      - Absent is a plan without devices.
    type: raw
  pmd_cores:
    description:
      - Physical cores for PMD threads on each NUMA node that has a DPDK NIC, 1 by default; V(0) is legal.
      - Pairs count for the nodes that they name, with a NIC or without.
    type: raw
  pmd_cores_no_nic:
    description: The same for other nodes that have CPUs and memory, 1 by default. Guests there need a local PMD thread.
    type: raw
  housekeeping_cores:
    description: Physical cores that stay with the host on each node that has CPUs, 1 by default.
    type: raw
  pmd_cpus:
    description:
      - Kernel CPU list of the PMD threads, instead of the computed one. nova's exclusions (V(8-15,^12)) are accepted.
      - Lists are checked. They hold online CPUs and whole cores, and do not overlap. Of the lists that are not given,
        the guests', then the host's, takes the rest.
    type: raw
  housekeeping_cpus:
    description: The same for the CPUs of the host.
    type: raw
  vm_cpus:
    description: The same for the CPUs of guests.
    type: raw
  isolation:
    description:
      - Who keeps the scheduler away from PMD and guest CPUs. V(kernel) is C(isolcpus), C(nohz_full) and C(rcu_nocbs);
        V(tuned) is the profile cpu-partitioning, which brings its own arguments; V(none) is nobody.
    type: str
    choices: [kernel, tuned, none]
    default: kernel
  isolate_guests:
    description:
      - Whether guest CPUs are isolated too. V(false) suits guests whose vCPUs float, which would all stay on one
        isolated CPU.
    type: bool
    default: true
  page_size:
    description: Size of the hugepages, such as V(1G) or V(2M); by default the larger of these that the CPU has.
    type: str
  vm_memory:
    description:
      - "Hugepages for guests: a share of what is left (V(80%)), an amount in all (V(16G)), or pairs (V(0:16G,1:50%))."
    type: raw
    default: 100%
  reserved_memory:
    description: Memory kept for the host, in MiB or with a unit; a number is for the machine and spread over its nodes.
    type: raw
    default: 4096
  memory_model:
    description:
      - Packet buffers of Open vSwitch. V(shared) is one pool for all ports of a NUMA node whose rounded MTU agrees,
        V(per-port) one for each port.
    type: str
    choices: [shared, per-port]
    default: shared
  shared_mempool_mtus:
    description: Entries of C(shared-mempool-config), MTU or MTU:NODE, as a list or as V(9000,1500:1).
    type: raw
  vhost_ports:
    description: Expected vhost-user ports. All are counted on each node that has guests, since a guest may run on any.
    type: int
    default: 0
  vhost_mtu:
    description: MTU of the vhost-user ports in bytes.
    type: int
    default: 1500
  memory_channels:
    description: Memory channels for the EAL (C(-n)), from 1 to 32; by default the EAL decides.
    type: raw
  lcore_mask:
    description:
      - CPUs of C(dpdk-lcore-mask). V(housekeeping) is the housekeeping CPUs below 128, V(first) the lowest of them,
        V(none) leaves the key out, anything else is a CPU list.
      - The EAL of Open vSwitch up to 3.6 does not start with CPU 128 or above in the mask.
    type: raw
    default: housekeeping
  dpdk_extra:
    description: The operator's own EAL words. They stay as they are, in front.
    type: str
  other_config:
    description: Further keys of Open vSwitch, a mapping or C(key=value) lines. Keys that the plan computes are refused.
    type: raw
seealso:
  - module: nfv.ovs_dpdk.host_info
  - name: Open vSwitch configuration database
    description: What each key of other_config means.
    link: https://docs.openvswitch.org/en/latest/ref/ovs-vswitchd.conf.db.5/
  - name: DPDK device memory models
    description: How Open vSwitch allocates packet buffers.
    link: https://docs.openvswitch.org/en/latest/topics/dpdk/memory/
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
"""

EXAMPLES = r"""
- name: One NIC on each node, jumbo frames, two PMD cores on node 0
  nfv.ovs_dpdk.host_plan_info:
    nics:
      - 0000:3b:00.0 mtu=9000 rxq=2
      - 0000:af:00.0 mtu=9000
    pmd_cores: "0:2,1:1"
  register: result

- name: The same as a survey of AWX gives it
  nfv.ovs_dpdk.host_plan_info:
    nics: "0000:3b:00.0 mtu=9000 rxq=2; 0000:af:00.0 mtu=9000"
    pmd_cores: "0:2,1:1"

- name: Plan a captured machine on the controller
  nfv.ovs_dpdk.host_plan_info:
    root: /srv/captures/compute-7
    nics: enp59s0f0
  delegate_to: localhost
"""

RETURN = r"""
plan:
  description: The plan. Keys may be added within a version, and never change their meaning.
  returned: success
  type: dict
  contains:
    version:
      description: Version of this structure.
      type: int
      sample: 1
    os:
      description: C(id), C(version_id) and C(family) of the distribution, for the choice of packages.
      type: dict
      sample: {"id": "debian", "version_id": "12", "family": "debian"}
    cpus:
      description: Kernel CPU lists C(housekeeping), C(pmd), C(vm), C(isolated) and C(offline).
      type: dict
      sample: {"housekeeping": "0-1,6-7", "pmd": "2-3,8-9", "vm": "4-5,10-11", "isolated": "2-5,8-11", "offline": ""}
    masks:
      description: Hexadecimal masks C(lcore) (V(null) if the key is left out) and C(pmd).
      type: dict
      sample: {"lcore": "0xc3", "pmd": "0x30c"}
    nodes:
      description:
        - Each NUMA node with C(id), its CPU lists C(cpus), C(housekeeping), C(pmd) and C(vm), the number of physical
          C(cores), C(memory_mb) rounded down to 256 MiB, C(socket_memory_mb), the number of C(hugepages), and the
          addresses of its C(nics). What the machine does not tell is V(null).
      type: list
      elements: dict
    socket_memory:
      description: C(dpdk-socket-mem), MiB by node id up to the last node that gets memory.
      type: str
      sample: 2048,2048
    socket_limit:
      description: C(dpdk-socket-limit), or V(null) where a limit would say what is not meant (0 is no limit).
      type: str
      sample: 2048,2048
    hugepages:
      description:
        - One row per pool. C(count) pages are C(ovs) and C(guests) together, C(persist) says who makes them after a
          boot, V(cmdline) or V(unit).
      type: list
      elements: dict
      sample: [{"node": 0, "size": "1G", "size_kb": 1048576, "count": 3, "ovs": 2, "guests": 1, "persist": "cmdline"}]
    isolation:
      description: C(mechanism), and CPU lists C(domain), C(nohz_full), C(rcu_nocbs), C(managed_irq) and C(irq_cpus).
      type: dict
    kernel_args:
      description: Kernel arguments as one text.
      type: str
    kernel_args_tokens:
      description: The same as an ordered list.
      type: list
      elements: str
    kernel_args_owned:
      description: Names of these arguments.
      type: list
      elements: str
    devices:
      description:
        - The DPDK ports with C(id), C(kind) (V(pf) or V(vf)), C(address), C(devargs), C(parent) and C(vf_index) of a
          virtual function, C(mac), C(interface), C(numa_node), C(numa_from) (V(kernel), V(request), V(local_cpus) or
          V(only_node)), C(iommu_group), C(kernel_driver), C(driver) to bind (V(null) keeps the kernel's),
          C(bifurcated), C(dpdk_driver), C(rxq), C(desc) (V(null) is Open vSwitch's default) and C(mtu).
        - C(iommu_group) is V(null) while the kernel has no IOMMU groups, which the planned arguments may change.
      type: list
      elements: dict
    dpdk_drivers:
      description: DPDK driver libraries that these ports need.
      type: list
      elements: str
      sample: [bus_pci, bus_vdev, mempool_ring, net_ice]
    other_config:
      description: Keys of the Open_vSwitch row, in names that fit every version. All values are texts.
      type: dict
    nova:
      description:
        - Options of nova-compute, C(cpu_dedicated_set), C(cpu_shared_set), C(reserved_host_memory_mb) and
          C(reserved_huge_pages) (rows of C(node), C(size) in KiB and C(count)).
      type: dict
    reasons:
      description: Why each number is what it is, a sentence each.
      type: list
      elements: str
    warnings:
      description: What to watch, each with a stable C(id) and its C(text).
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._plan import make_plan
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._request import CHOICES, parse_request

ARGUMENTS = {
    "root": {"type": "path", "default": "/"},
    "nics": {"type": "raw"},
    "pmd_cores": {"type": "raw"},
    "pmd_cores_no_nic": {"type": "raw"},
    "housekeeping_cores": {"type": "raw"},
    "pmd_cpus": {"type": "raw"},
    "housekeeping_cpus": {"type": "raw"},
    "vm_cpus": {"type": "raw"},
    "isolation": {"type": "str", "choices": list(CHOICES["isolation"]), "default": "kernel"},
    "isolate_guests": {"type": "bool", "default": True},
    "page_size": {"type": "str"},
    "vm_memory": {"type": "raw", "default": "100%"},
    "reserved_memory": {"type": "raw", "default": 4096},
    "memory_model": {"type": "str", "choices": list(CHOICES["memory_model"]), "default": "shared"},
    "shared_mempool_mtus": {"type": "raw"},
    "vhost_ports": {"type": "int", "default": 0},
    "vhost_mtu": {"type": "int", "default": 1500},
    "memory_channels": {"type": "raw"},
    "lcore_mask": {"type": "raw", "default": "housekeeping"},
    "dpdk_extra": {"type": "str"},
    "other_config": {"type": "raw"},
}


def plan(module):
    request = parse_request(module.params)
    host = read_host(module.params["root"])
    return {"changed": False, "plan": make_plan(host, request)}


def main():
    conduct(AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True), plan)


if __name__ == "__main__":
    main()
