"""Tasks, interrupts and settings of a running kernel, from a tree."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _kernel
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree


@pytest.fixture
def write(tmp_path):
    """write("/proc/1/status", text) puts a file below tmp_path."""

    def put(path, text):
        target = str(tmp_path) + path
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as handle:
            handle.write(text)

    return put


def status(name, parent, cpus):
    return "Name:\t{0}\nUmask:\t0022\nPPid:\t{1}\nCpus_allowed_list:\t{2}\n".format(name, parent, cpus)


def test_tasks_are_user_processes_once_per_set_of_cpus(write, tmp_path):
    for pid, name, parent, threads in (
        (1, "systemd", 0, {1: "0-1"}),
        (2, "kthreadd", 0, {2: "0-7"}),
        (14, "rcu_sched", 2, {14: "0-7"}),
        (90, "odd (name) 2", 1, {90: "0-1", 91: "0-1", 92: "3"}),
    ):
        write("/proc/{0}/status".format(pid), status(name, parent, threads[pid]))
        for thread, cpus in threads.items():
            write("/proc/{0}/task/{1}/status".format(pid, thread), status(name, parent, cpus))
    (tmp_path / "proc" / "77").mkdir()  # ended while we looked
    assert _kernel.read_tasks(Tree(str(tmp_path))) == [
        {"pid": 1, "name": "systemd", "cpus": [0, 1]},
        {"pid": 90, "name": "odd (name) 2", "cpus": [0, 1]},
        {"pid": 90, "name": "odd (name) 2", "cpus": [3]},
    ]


INTERRUPTS = """\
            CPU0       CPU2
   0:         40          0  IR-IO-APIC    2-edge      timer
 126:          5   18446744  IR-PCI-MSI 524288-edge      ens4-rx-0
 NMI:          1          2   Non-maskable interrupts
 LOC:    9912345    8812345   Local timer interrupts
 ERR:          0
"""


def test_interrupts_are_those_that_can_be_steered(write, tmp_path):
    write("/proc/interrupts", INTERRUPTS)
    write("/proc/irq/126/smp_affinity_list", "0,2\n")
    assert _kernel.read_irqs(Tree(str(tmp_path))) == [
        {"irq": 0, "name": "timer", "cpus": [], "counts": {0: 40, 2: 0}},
        {"irq": 126, "name": "ens4-rx-0", "cpus": [0, 2], "counts": {0: 5, 2: 18446744}},
    ]
    assert _kernel.interrupt_counts(Tree(str(tmp_path)))[126] == {0: 5, 2: 18446744}


@pytest.mark.parametrize(
    "options, size",
    [("rw,relatime,pagesize=2M", 2048), ("rw,pagesize=1024M,gid=107", 1048576), ("pagesize=1G", 1048576), ("rw", None)],
)
def test_mounts_of_hugetlbfs_by_page_size(write, tmp_path, options, size):
    write("/proc/mounts", "tmpfs /run tmpfs rw 0 0\nhugetlbfs /mnt/huge\\040pages hugetlbfs {0} 0 0\n".format(options))
    assert _kernel.read_mounts(Tree(str(tmp_path))) == {size: ["/mnt/huge pages"]}


def test_settings(write, tmp_path):
    write("/proc/sys/kernel/numa_balancing", "1\n")
    write("/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor", "powersave\n")
    write("/sys/devices/virtual/workqueue/cpumask", "c3\n")
    write("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "Y\n")
    write("/run/reboot-required", "*** System restart required ***\n")
    write("/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_net_virtio.so.23.0", "")
    write("/usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_bus_pci.so.23", "")
    os.makedirs(str(tmp_path / "etc" / "alternatives"))
    os.symlink("/usr/lib/a/ovs-vswitchd-dpdk", str(tmp_path / "etc" / "alternatives" / "ovs-vswitchd"))
    kernel = _kernel.read_kernel(str(tmp_path))
    assert (kernel["numa_balancing"], kernel["governors"]) == (1, {3: "powersave"})
    assert (kernel["workqueue_cpus"], kernel["unsafe_interrupts"], kernel["restart_wanted"]) == (
        [0, 1, 6, 7],
        True,
        True,
    )
    assert kernel["dpdk_drivers"] == ["bus_pci", "net_virtio"]
    assert kernel["selected_vswitchd"] == "/usr/lib/a/ovs-vswitchd-dpdk"


def test_a_tree_that_lacks_everything(tmp_path):
    assert _kernel.read_kernel(str(tmp_path)) == {
        "tasks": [],
        "irqs": [],
        "numa_balancing": None,
        "governors": {},
        "workqueue_cpus": None,
        "hugetlbfs": None,
        "unsafe_interrupts": False,
        "restart_wanted": False,
        "dpdk_drivers": None,
        "selected_vswitchd": None,
    }
