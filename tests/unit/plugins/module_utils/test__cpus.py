"""CPU states and topology, on trees that differ in what they show and in what they leave out."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._cpus import read_cpus, read_topology
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
from machines import builder

CPU = "sys/devices/system/cpu"


def build(tmp_path, **machine):
    return Tree(builder.build(str(tmp_path), **machine))


def topology(tree):
    online = read_cpus(tree)["online"]
    return {row["cpu"]: row for row in read_topology(tree, online, dict.fromkeys(online, 0))}


def remove(tree, *names):
    """Delete files by name everywhere below the CPU directory, as old kernels never had them."""
    for directory, _names, files in os.walk(os.path.join(tree.root, CPU)):
        for name in set(names) & set(files):
            os.unlink(os.path.join(directory, name))


def put(tree, name, text):
    path = os.path.join(tree.root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as handle:
        handle.write(text)


def test_states(tmp_path):
    tree = build(tmp_path, offline=[3], isolated="2,4-5", nohz_full="4-5")
    assert read_cpus(tree) == {
        "possible": list(range(12)),
        "present": list(range(12)),
        "online": [0, 1, 2] + list(range(4, 12)),
        "offline": [3],
        "isolated": [2, 4, 5],
        "nohz_full": [4, 5],
    }


def test_offline_is_what_could_be_switched_on_not_what_could_be_plugged_in(tmp_path):
    tree = build(tmp_path)
    put(tree, CPU + "/possible", "0-255\n")
    put(tree, CPU + "/offline", "12-255\n")
    assert read_cpus(tree)["offline"] == []


def test_without_lists_a_cpu_is_online_by_its_own_file(tmp_path):
    tree = build(tmp_path, offline=[2, 7])
    for name in ("online", "present", "possible", "offline"):
        os.unlink(os.path.join(tree.root, CPU, name))
    states = read_cpus(tree)
    assert states["offline"] == [2, 7]
    assert states["online"] == [cpu for cpu in range(12) if cpu not in (2, 7)]


def test_without_any_online_file_a_cpu_is_online_by_its_topology(tmp_path):
    tree = build(tmp_path, offline=[2, 7])
    remove(tree, "online", "present", "possible", "offline")
    assert read_cpus(tree)["online"] == [cpu for cpu in range(12) if cpu not in (2, 7)]


def test_an_empty_tree_has_no_cpus(tmp_path):
    assert read_cpus(Tree(str(tmp_path)))["online"] == []
    assert read_topology(Tree(str(tmp_path)), [], {}) == []


@pytest.mark.parametrize("layout, siblings", [("adjacent", [0, 1]), ("split", [0, 6])])
@pytest.mark.parametrize("gone", [(), ("core_cpus_list", "core_cpus"), ("core_cpus_list", "thread_siblings_list")])
def test_siblings_from_any_of_the_four_files(tmp_path, layout, siblings, gone):
    tree = build(tmp_path, layout=layout)
    remove(tree, *gone)
    rows = topology(tree)
    assert rows[0]["siblings"] == siblings
    assert all(cpu in rows[other]["siblings"] for cpu in rows for other in rows[cpu]["siblings"])


def test_a_sibling_that_is_offline_does_not_exist(tmp_path):
    rows = topology(build(tmp_path, offline=[1]))
    assert 1 not in rows
    assert rows[0]["siblings"] == [0]
    assert 1 not in rows[0]["l3"]


def test_more_than_64_cpus_by_mask(tmp_path):
    tree = build(tmp_path, nodes=2, cores=40, threads=2, layout="split")
    remove(tree, "core_cpus_list", "thread_siblings_list", "shared_cpu_list", "online", "present", "possible")
    rows = topology(tree)
    assert len(rows) == 160
    assert rows[79]["siblings"] == [79, 159]
    assert rows[0]["l3"] == list(range(40)) + list(range(80, 120))


def test_siblings_that_contradict_each_other_never_overlap(tmp_path):
    tree = build(tmp_path, nodes=1, cores=2)
    remove(tree, "core_cpus_list", "core_cpus")
    put(tree, CPU + "/cpu0/topology/thread_siblings_list", "0-1\n")
    put(tree, CPU + "/cpu2/topology/thread_siblings_list", "1-2\n")
    put(tree, CPU + "/cpu3/topology/thread_siblings_list", "\n")
    rows = topology(tree)
    assert [rows[cpu]["siblings"] for cpu in range(4)] == [[0, 1], [0, 1], [2], [3]]


def test_package_and_core(tmp_path):
    rows = topology(build(tmp_path, nodes=4, nodes_per_package=2))
    assert [rows[cpu]["package"] for cpu in (0, 6, 12, 18)] == [0, 0, 1, 1]
    assert [rows[cpu]["core"] for cpu in (0, 2, 6, 12)] == [0, 1, 3, 0]


def test_minus_one_means_that_the_firmware_does_not_say(tmp_path):
    tree = build(tmp_path)
    for cpu in range(12):
        put(tree, "{0}/cpu{1}/topology/physical_package_id".format(CPU, cpu), "-1\n")
        put(tree, "{0}/cpu{1}/topology/core_id".format(CPU, cpu), "-1\n")
    assert {(row["package"], row["core"]) for row in topology(tree).values()} == {(None, None)}


def test_without_topology_every_cpu_is_a_core(tmp_path):
    tree = Tree(str(tmp_path))
    put(tree, CPU + "/online", "1-2\n")
    rows = topology(tree)
    assert rows[1] == {
        "cpu": 1,
        "node": 0,
        "package": None,
        "core": None,
        "siblings": [1],
        "l3": None,
        "capacity": None,
        "efficiency": False,
    }


def test_last_level_caches_smaller_than_a_node(tmp_path):
    rows = topology(build(tmp_path, nodes=1, cores=4, l3_cores=2))
    assert rows[0]["l3"] == rows[3]["l3"] == [0, 1, 2, 3]
    assert rows[4]["l3"] == [4, 5, 6, 7]


def test_cores_without_the_cache_of_the_others(tmp_path):
    """Low-power efficiency cores of recent laptops have no third level: theirs is the second."""
    tree = build(tmp_path, nodes=1, cores=4, threads=1)
    for name in os.listdir(os.path.join(tree.root, CPU, "cpu3/cache/index3")):
        os.unlink(os.path.join(tree.root, CPU, "cpu3/cache/index3", name))
    os.rmdir(os.path.join(tree.root, CPU, "cpu3/cache/index3"))
    for cpu in range(3):
        put(tree, "{0}/cpu{1}/cache/index3/shared_cpu_list".format(CPU, cpu), "0-2\n")
    rows = topology(tree)
    assert rows[0]["l3"] == [0, 1, 2]
    assert rows[3]["l3"] == [3]


@pytest.mark.parametrize(
    "capacities, frequencies, listed, efficient",
    [
        ({}, {}, None, []),
        ({}, {}, "2-3\n", [2, 3]),
        ({0: 1024, 1: 1024, 2: 280, 3: 280}, {}, None, [2, 3]),
        ({0: 1024, 1: 1000, 2: 900, 3: 820}, {}, None, []),
        ({0: 1024, 1: 1024, 2: 1024, 3: 1024}, {0: 5200, 1: 5000, 2: 3900, 3: 3900}, None, [2, 3]),
        ({}, {0: 5700, 1: 5300, 2: 5200, 3: 5150}, None, []),
        ({}, {0: 5200, 1: 5000, 2: 3900}, None, [2]),
    ],
    ids=["alike", "listed", "capacity", "favoured-capacity", "frequency", "favoured-frequency", "one-unknown"],
)
def test_kinds_of_cores(tmp_path, capacities, frequencies, listed, efficient):
    tree = build(tmp_path, nodes=1, cores=4, threads=1, capacities=capacities)
    for cpu, megahertz in frequencies.items():
        put(tree, "{0}/cpu{1}/cpufreq/cpuinfo_max_freq".format(CPU, cpu), "{0}000\n".format(megahertz))
    if listed:
        put(tree, "sys/devices/cpu_atom/cpus", listed)
    rows = topology(tree)
    assert [cpu for cpu in rows if rows[cpu]["efficiency"]] == efficient
    assert [rows[cpu]["capacity"] for cpu in range(4)] == [capacities.get(cpu) for cpu in range(4)]
