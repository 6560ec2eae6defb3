"""Builds /proc and /sys trees that a kernel could have shown: real directories, real symbolic links.

    root = builder.build(str(tmp_path), nodes=2, cores=3, nics=[{"node": 0, "name": "ens4", "virtio": True}])

A NIC is a dict; every key has a default:
    address, node            PCI address ("0000:41:00.0", next free one), NUMA node (0; -1 = firmware does not say)
    name, mac                kernel name ("eth0"...; None = no network device), MAC address
    driver                   "virtio-pci" for virtio NICs, else "i40e"; None = unbound; vfio-pci has no network device
    virtio                   True: 1af4:1041 whose network device hangs below .../virtioN
    vendor, device, subsystem_vendor, subsystem_device, class     hexadecimal digits
    group                    IOMMU group (own one); None = in no group
    addresses4, addresses6   ["192.0.2.10/24"], ["2001:db8::10/64"]
    default_route            True: the IPv4 default route leaves here; default_route6 for IPv6
    routes                   ["198.51.100.0/24"]: further routes
    master                   "bond0", "br0", "team0", "vrf0" or "ovs-system"
    vlan_above               "ens4.100"
    physfn, vf_index         this is a virtual function of the NIC at that address
    numvfs                   virtual functions made so far (the file exists on physical functions only)

*links* are network devices above: {"name": "bond0.100", "kind": "vlan", "lowers": ["bond0"], "addresses4": [...]},
with the same keys for addresses and routes; bond0 and the like in "master" need no entry of their own.
"""

import json

from .cpus import number_cpus, write_cpus, write_nodes, write_pools
from .network import write_network
from .pci import complete, write_devices
from .system import arm_cpuinfo, write_proc, write_system, x86_cpuinfo
from .tree import Tree

FLAGS = "fpu vme de pse tsc msr pae cx8 apic sep mtrr pge cmov pat clflush mmx fxsr sse sse2 ht syscall nx pdpe1gb lm"
ARM_FLAGS = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm"
UNITS = {"GenuineIntel": "dmar{0}", "AuthenticAMD": "ivhd{0}", "ARM": "smmu3.0x00000000{0:02x}000000"}


def build(
    root,
    nodes=2,
    cores=3,
    threads=2,
    layout="adjacent",
    memory_mb=6144,
    node_ids=None,
    nodes_per_package=1,
    nics=(),
    links=(),
    cmdline="BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet",
    vendor="GenuineIntel",
    model=None,
    flags=None,
    kernel="6.1.0-18-amd64",
    hugepages=None,
    page_sizes_kb=(2048, 1048576),
    offline=(),
    isolated="",
    nohz_full="",
    iommu=True,
    noiommu=None,
    lockdown="none",
    secure_boot=None,
    os_release=None,
    architecture="x86_64",
    memory_only_nodes=(),
    numa=True,
    l3_cores=None,
    capacities=None,
    state=None,
):
    """A machine below *root*; returns *root*.

    layout "adjacent": siblings are 0,1; "split": siblings are 0,N as x86 firmware numbers them. memory_mb: of each
    node, or {node: MiB}. hugepages: {(node, size_kb): (total, free)}. l3_cores: cores per last-level cache (all of
    the node). capacities: {cpu: cpu_capacity} of a hybrid machine. state: content of the state file.
    """
    tree = Tree(str(root))
    ids = list(range(nodes)) if node_ids is None else list(node_ids)
    arm = architecture == "aarch64"
    vendor = "ARM" if arm and vendor == "GenuineIntel" else vendor
    cpus = number_cpus(ids, cores, threads, layout, nodes_per_package)
    for cpu in cpus:
        cpu["online"] = cpu["cpu"] not in offline
        cpu["l3"] = (cpu["node"], cpu["core_of_node"] // (l3_cores or cores))
    memory = {node: memory_mb if isinstance(memory_mb, int) else memory_mb.get(node, 0) for node in ids}
    for node in memory_only_nodes:
        memory[node] = memory_mb if isinstance(memory_mb, int) else memory_mb.get(node, 1024)
    pools = {(node, size): (0, 0) for node in memory for size in page_sizes_kb}
    pools.update(hugepages or {})

    write_proc(tree, cmdline, kernel, architecture, sum(memory.values()), page_sizes_kb)
    text_of = arm_cpuinfo if arm else x86_cpuinfo
    model = model or ("" if arm else "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz")
    words = flags if flags is not None else (ARM_FLAGS if arm else FLAGS)
    tree.write("/proc/cpuinfo", "\n".join(text_of(cpu, vendor, model, words) for cpu in cpus if cpu["online"]))
    write_cpus(tree, cpus, isolated, nohz_full, capacities or {}, numa)
    if numa:
        write_nodes(tree, cpus, memory, pools)
    write_pools(tree, page_sizes_kb, pools)
    write_system(tree, os_release, lockdown, secure_boot, noiommu)
    nics = complete([dict(nic) for nic in nics])
    write_devices(tree, nics, cpus, numa, UNITS.get(vendor, "dmar{0}") if iommu else None)
    write_network(tree, nics, [dict(link) for link in links])
    if state is not None:
        tree.write("/var/lib/nfv_ovs_dpdk/state.json", json.dumps(dict(state, version=1)))
    return tree.root
