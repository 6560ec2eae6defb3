"""Which cores go where. The vectors of whole machines were worked out by hand from the rules."""

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

MEMORY = 65536


def nics_on(*nodes):
    return [hosts.nic("0000:{0:02x}:00.0".format(0x40 + node), node=node, number=node + 1) for node in nodes]


def planned(host, **options):
    nics = "; ".join(nic["address"] for nic in host["nics"])
    return hosts.plan(host, nics=nics, **options)


def sets(host, **options):
    cpus = planned(host, **options)["cpus"]
    return cpus["housekeeping"], cpus["pmd"], cpus["vm"]


def warned(host, **options):
    return [warning["id"] for warning in planned(host, **options)["warnings"]]


def machine(*shape, **more):
    nodes, cores, threads = shape
    return hosts.make(nodes=nodes, cores=cores, threads=threads, memory_mb=MEMORY, **more)


@pytest.mark.parametrize(
    ("host", "pmd_cores", "housekeeping", "pmd", "vm"),
    [
        (machine(2, 8, 2, layout="split"), "0:2,1:1", "0,8,16,24", "1-2,9,17-18,25", "3-7,10-15,19-23,26-31"),
        (
            machine(2, 12, 2, layout="split"),
            "0:2,1:1",
            "0,12,24,36",
            "1-2,13,25-26,37",
            "3-11,14-23,27-35,38-47",
        ),
        (machine(2, 12, 2, layout="interleaved"), "0:2,1:1", "0-1,24-25", "2-4,26-28", "5-23,29-47"),
        (machine(2, 12, 2, layout="adjacent"), "0:2,1:1", "0-1,24-25", "2-5,26-27", "6-23,28-47"),
        (machine(1, 24, 2, layout="split"), "0:4", "0,24", "1-4,25-28", "5-23,29-47"),
        (machine(2, 20, 2, layout="split"), "0:4,1:1", "0,20,40,60", "1-4,21,41-44,61", "5-19,22-39,45-59,62-79"),
        (
            machine(4, 8, 2, layout="split"),
            "0:2,1:1,2:1,3:1",
            "0,8,16,24,32,40,48,56",
            "1-2,9,17,25,33-34,41,49,57",
            "3-7,10-15,18-23,26-31,35-39,42-47,50-55,58-63",
        ),
        (
            machine(2, 64, 2, layout="split"),
            "0:4,1:4",
            "0,64,128,192",
            "1-4,65-68,129-132,193-196",
            "5-63,69-127,133-191,197-255",
        ),
        (machine(4, 16, 1), "0:2,1:1,2:1,3:1", "0,16,32,48", "1-2,17,33,49", "3-15,18-31,34-47,50-63"),
        (
            machine(2, 4, 4, layout="split"),
            "1",
            "0,4,8,12,16,20,24,28",
            "1,5,9,13,17,21,25,29",
            "2-3,6-7,10-11,14-15,18-19,22-23,26-27,30-31",
        ),
    ],
    ids=["2x8x2", "2x12x2", "interleaved", "adjacent", "1x24x2", "2x20x2", "4x8x2", "2x64x2", "4x16x1", "2x4x4"],
)
def test_whole_machines(host, pmd_cores, housekeeping, pmd, vm):
    assert sets(host, pmd_cores=pmd_cores) == (housekeeping, pmd, vm)


def test_numbers_per_kind_of_node():
    host = machine(3, 4, 1, nics=nics_on(1))
    assert sets(host, pmd_cores=2, pmd_cores_no_nic=0, housekeeping_cores="2:2") == ("0,4,8-9", "5-6", "1-3,7,10-11")


def test_pairs_win_for_their_nodes_with_or_without_a_nic():
    host = machine(3, 4, 1, nics=nics_on(1))
    assert sets(host, pmd_cores="0:2")[1] == "1-2,5,9"
    assert sets(host, pmd_cores_no_nic="1:3,2:0")[1] == "1,5-7"
    assert sets(host, pmd_cores="0:3", pmd_cores_no_nic="0")[1] == "1-3,5"


def test_zero_is_zero():
    host = machine(2, 4, 1, nics=nics_on(0))
    assert sets(host, pmd_cores="0:0,1:1")[1] == "5"
    assert "nic-without-pmd" in warned(host, pmd_cores="0:0,1:1")


@pytest.mark.parametrize("name", ["pmd_cores", "pmd_cores_no_nic", "housekeeping_cores"])
def test_unknown_nodes_are_refused(name):
    with pytest.raises(Refused, match="names a NUMA node that does not exist") as caught:
        sets(machine(2, 4, 1), **{name: "2:1"})
    assert "found node 2, expected one of 0-1" in str(caught.value)


def test_defaults_give_way_and_the_host_comes_first():
    host = hosts.make(ids=[0, 1], cores=1, memory_mb=MEMORY)
    assert sets(host) == ("0-3", "", "")
    assert warned(host) == ["pmd-gives-way", "pmd-gives-way", "vm-empty", "pmd-empty"]


def test_the_default_of_the_host_gives_way_to_a_written_number():
    host = machine(2, 1, 2)
    assert sets(host, pmd_cores="1:1") == ("0-1", "2-3", "")
    assert "housekeeping-gives-way" in warned(host, pmd_cores="1:1")


def test_but_never_on_the_lowest_core():
    with pytest.raises(Refused) as caught:
        sets(machine(2, 1, 2), pmd_cores="0:1")
    assert str(caught.value) == (
        "NUMA node 0 does not have enough cores (CPUs 0-1): found 1 core, expected 1 for pmd_cores and 1 for the host. "
        "Set host_plan_pmd_cores (option pmd_cores) to at most 0 for node 0."
    )


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"pmd_cores": "0:3"}, "Set host_plan_pmd_cores (option pmd_cores) to at most 2 for node 0."),
        ({"pmd_cores": 3}, "Set host_plan_pmd_cores (option pmd_cores) to at most 2 for node 0."),
        ({"pmd_cores_no_nic": 9}, "Set host_plan_pmd_cores_no_nic (option pmd_cores_no_nic) to at most 3 for node 1."),
        ({"housekeeping_cores": 4}, "to at most 3 for node 0."),
        (
            {"housekeeping_cores": 2, "pmd_cores": 2},
            "Set host_plan_pmd_cores (option pmd_cores) to at most 1 for node 0.",
        ),
        ({"housekeeping_cores": 9, "pmd_cores": 2}, "(option housekeeping_cores) to at most 3 for node 0."),
    ],
)
def test_written_numbers_never_give_way(options, cure):
    with pytest.raises(Refused, match="does not have enough cores") as caught:
        sets(machine(2, 3, 2, nics=nics_on(0)), **options)
    assert str(caught.value).endswith(cure)


def test_a_written_host_number_takes_the_place_of_a_default_pmd_core():
    host = machine(1, 3, 1, nics=nics_on(0))
    with pytest.raises(Refused, match="no CPU is left for PMD threads"):
        sets(host, housekeeping_cores=3)
    assert sets(dict(host, nics=[]), housekeeping_cores=3) == ("0-2", "", "")


def test_a_host_without_cpus_is_refused():
    with pytest.raises(Refused, match="no CPU is left for the host"):
        sets(machine(2, 3, 2), housekeeping_cores=0)


@pytest.mark.parametrize(
    ("host", "pmd"),
    [
        (hosts.make(memory_mb={0: 4096, 1: 0}), "2-3"),
        (hosts.make(ids=[0, 32], memory_mb=MEMORY), "2-3"),
        (hosts.make(ids=[0, 4], memory_mb=MEMORY, architecture="aarch64"), "2-3"),
        (hosts.make(memory_only=[2], memory_mb=MEMORY), "2-3,8-9"),
        (hosts.make(memory_mb={0: 4096}), "2-3,8-9"),
    ],
    ids=["no memory", "id 32", "id 4 on arm64", "no CPUs", "unknown memory"],
)
def test_nodes_that_cannot_poll_get_no_pmd(host, pmd):
    assert sets(host)[1] == pmd


def test_a_written_number_for_such_a_node_is_refused():
    with pytest.raises(Refused, match="NUMA node 1 cannot have PMD threads") as caught:
        sets(hosts.make(memory_mb={0: 4096, 1: 0}), pmd_cores="1:1")
    assert "Set host_plan_pmd_cores (option pmd_cores) to 0 for node 1." in str(caught.value)


def test_but_a_number_for_all_nodes_passes_it_by():
    host = hosts.make(memory_mb={0: 4096, 1: 0})
    assert sets(host, pmd_cores_no_nic=2)[1] == "2-5"


def test_pmd_threads_take_performance_cores():
    host = machine(1, 6, 1, slow=[0, 1, 2])
    assert sets(host) == ("0", "3", "1-2,4-5")
    assert sets(host, pmd_cores_no_nic=4)[1] == "1,3-5"
    assert "pmd-on-slow-core" in warned(host, pmd_cores_no_nic=4)
    assert "pmd-on-slow-core" not in warned(host)


def test_hybrid_parts_whose_slow_cores_have_no_siblings():
    host = machine(1, 4, 2, offline=(5, 7), slow=[4, 6])
    assert sets(host, pmd_cores_no_nic=2) == ("0-1", "2-4", "6")


def test_pmd_threads_stay_in_the_cache_of_their_peers():
    host = hosts.make(nodes=1, cores=8, threads=1, memory_mb=MEMORY)
    for row in host["topology"]:
        row["l3"] = [cpu for cpu in range(8) if cpu % 2 == row["cpu"] % 2]
    assert sets(host, pmd_cores_no_nic=3)[1] == "1,3,5"
    assert sets(host, pmd_cores_no_nic=5)[1] == "1-3,5,7"


def test_machines_that_number_their_nodes_within_packages():
    host = machine(8, 4, 2, layout="split")  # two sockets with four nodes each (SNC, NPS): only the node counts
    assert sets(host)[1] == "1,5,9,13,17,21,25,29,33,37,41,45,49,53,57,61"


def test_no_pmd_with_a_nic_is_refused():
    with pytest.raises(Refused, match="no CPU is left for PMD threads") as caught:
        sets(machine(1, 3, 1, nics=nics_on(0)), pmd_cores=0)
    assert "(option pmd_cores)" in str(caught.value)


def test_every_node_has_a_reason():
    reasons = "\n".join(planned(machine(2, 3, 2, nics=nics_on(0)))["reasons"])
    assert "Node 0: CPUs 0-1 for the host (housekeeping_cores), 2-3 for PMD threads (pmd_cores" in reasons
    assert "8-9 for PMD threads (pmd_cores_no_nic), 10-11 for guests (the rest)" in reasons
