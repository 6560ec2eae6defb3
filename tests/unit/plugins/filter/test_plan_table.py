"""The plan for people, of machines that the planner really planned."""

import captures
import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.filter.plan_table import plan_table

NICS = [hosts.nic("0000:41:00.0", name="ens1"), hosts.nic("0000:81:00.0", node=1, name="ens2", number=2)]
SMALL = """\
NUMA node 0: 6144 MiB, 3 cores (6 CPUs), 3 hugepages of 1G, OVS memory 2048 MiB, DPDK ports ens1
  housekeeping  0-1      2 CPUs  the host, interrupts, other threads of Open vSwitch on CPU 0
  PMD threads   2-3      2 CPUs  poll 2 rx queues and vhost-user ports, isolated
  guests        4-5      2 CPUs  1 hugepage of 1G, isolated
NUMA node 1: 6144 MiB, 3 cores (6 CPUs), 3 hugepages of 1G, OVS memory 2048 MiB, DPDK ports ens2
  housekeeping  6-7      2 CPUs  the host, interrupts
  PMD threads   8-9      2 CPUs  poll 1 rx queue and vhost-user ports, isolated
  guests        10-11    2 CPUs  1 hugepage of 1G, isolated

DPDK port     NUMA node  interface  driver    rx queues  descriptors  MTU
0000:41:00.0  0          ens1       vfio-pci  2          default      1500
0000:81:00.0  1          ens2       vfio-pci  1          default      1500

Kernel line: intel_iommu=on iommu=pt default_hugepagesz=1G hugepagesz=1G hugepages=0:3,1:3
    isolcpus=managed_irq,domain,2-5,8-11 nohz_full=2-5,8-11 rcu_nocbs=2-5,8-11 irqaffinity=0-1,6-7
other_config:dpdk-extra = -a 0000:41:00.0 -a 0000:81:00.0
other_config:dpdk-init = try
other_config:dpdk-lcore-mask = 0xc3
other_config:dpdk-socket-limit = 2048,2048
other_config:dpdk-socket-mem = 2048,2048
other_config:pmd-cpu-mask = 0x30c
nova: cpu_dedicated_set = 4-5,10-11
nova: cpu_shared_set = 0-1,6-7
nova: reserved_host_memory_mb = 4096

Reasons:
  - Node 0: CPUs 0-1 for the host (housekeeping_cores), 2-3 for PMD threads (pmd_cores, the node has
    a DPDK NIC), 4-5 for guests (the rest); SMT siblings stay together.
"""


@pytest.fixture
def small():
    return hosts.plan(hosts.make(nics=NICS), nics="ens1 rxq=2; ens2")


def sections(text):
    return [part.splitlines() for part in text.split("\n\n")]


def test_a_small_machine(small):
    assert plan_table(small).startswith(SMALL)


def test_every_reason_is_told(small):
    told = " ".join(line.strip() for line in sections(plan_table(small))[-1])
    assert all("- " + reason in told for reason in small["reasons"])


def test_cpus_that_take_turns_over_the_nodes_fill_more_than_a_line():
    plan = hosts.plan(hosts.make(nodes=2, cores=16, threads=2, layout="interleaved", memory_mb=65536))
    assert sections(plan_table(plan))[0][:6] == [
        "NUMA node 0: 65536 MiB, 16 cores (32 CPUs), 61 hugepages of 1G, OVS memory 2048 MiB, no DPDK ports",
        "  housekeeping  0,32                                    2 CPUs  the host, interrupts, other threads",
        "                                                                of Open vSwitch on CPU 0",
        "  PMD threads   2,34                                    2 CPUs  poll vhost-user ports, isolated",
        "  guests        4,6,8,10,12,14,16,18,20,22,24,26,28,   28 CPUs  59 hugepages of 1G, isolated",
        "                30,36,38,40,42,44,46,48,50,52,54,56,",
    ]


def test_warnings_come_before_the_long_part_and_only_where_there_are_any(small):
    loud = dict(small, warnings=[{"id": "vm-empty", "text": "No CPUs are left for guests."}])
    heads = [part[0].split(":")[0] for part in sections(plan_table(loud))]
    assert heads == ["NUMA node 0", "DPDK port     NUMA node  interface  driver    rx queues  descriptors  MTU"] + [
        "Warnings",
        "Kernel line",
        "Reasons",
    ]
    assert "  ! vm-empty: No CPUs are left for guests." in plan_table(loud).splitlines()
    assert "Warnings" not in plan_table(small)


def test_what_is_not_there_is_said():
    plan = hosts.plan(hosts.make(nodes=1, cores=1, memory_mb=None, offline=[1], page_sizes_kb=[]), isolation="none")
    assert sections(plan_table(plan))[0] == [
        "NUMA node 0: memory unknown, 1 core (1 CPU), hugepages unknown, OVS memory 0 MiB, no DPDK ports",
        "  housekeeping  0     1 CPU  the host, interrupts, other threads of Open vSwitch on CPU 0",
        "  PMD threads          none",
        "  guests               none",
        "Offline CPUs: 1",
    ]
    assert "nova: cpu_dedicated_set = none" in plan_table(plan)


def test_a_node_with_memory_only_has_no_groups_of_cpus():
    plan = hosts.plan(hosts.make(memory_only=[2]))
    lines = sections(plan_table(plan))[0]
    assert lines[-1] == "NUMA node 2: 6144 MiB, no CPUs, no hugepages, OVS memory 0 MiB, no DPDK ports"


def test_guests_that_are_not_isolated():
    lines = plan_table(hosts.plan(hosts.make(), isolate_guests=False)).splitlines()
    assert lines[2].endswith("poll vhost-user ports, isolated")
    assert lines[3].endswith("1 hugepage of 1G, not isolated")


def test_a_port_that_keeps_its_kernel_driver():
    nic = hosts.nic("0000:41:00.0", name="ens1", ids=hosts.MLX5, driver="mlx5_core")
    text = plan_table(hosts.plan(hosts.make(nics=[nic]), nics="ens1 desc=4096"))
    assert "0000:41:00.0  0          ens1       mlx5_core (kept)  1          4096         1500" in text


@pytest.mark.parametrize("width", [10, 80, 100, 200])
def test_a_big_machine_stays_within_the_width_and_its_kernel_line_whole(width):
    plan = hosts.plan(hosts.make(nodes=8, cores=16, threads=2, layout="interleaved", memory_mb=65536))
    text = plan_table(plan, width)
    assert max(len(line) for line in text.splitlines()) <= max(width, 80)
    start = text.index("Kernel line: ") + len("Kernel line: ")
    shown = text[start : text.index("other_config:")]
    assert "".join(shown.split()) == "".join(plan["kernel_args"].split())


@pytest.mark.skipif(not captures.NAMES, reason="no captured machines in ../shared/topologies")
@pytest.mark.parametrize("name", captures.NAMES)
def test_every_captured_machine_has_a_table(name):
    plan = hosts.plan(captures.host(name))
    text = plan_table(plan)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert text.count("NUMA node ") >= len(plan["nodes"])
    assert text == "\n".join(line.rstrip() for line in text.splitlines())
