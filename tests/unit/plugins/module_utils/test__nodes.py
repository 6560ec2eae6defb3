"""NUMA nodes by id: sparse, without memory, without CPUs, contradicting, or not there at all."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._cpus import read_cpus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._nodes import meminfo, read_nodes, read_page_sizes
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
from machines import builder

NODE = "sys/devices/system/node"


def nodes(tree):
    return read_nodes(tree, read_cpus(tree)["online"])


def build(tmp_path, **machine):
    return Tree(builder.build(str(tmp_path), **machine))


def put(tree, name, text):
    path = os.path.join(tree.root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as handle:
        handle.write(text)


def test_two_nodes(tmp_path):
    rows, numa, node_of = nodes(build(tmp_path, memory_mb={0: 4096, 1: 2048}, hugepages={(1, 1048576): (4, 3)}))
    assert numa is True
    assert [row["id"] for row in rows] == [0, 1]
    assert rows[1] == {
        "id": 1,
        "cpus": [6, 7, 8, 9, 10, 11],
        "memory_kb": 2097152,
        "memory_free_kb": 1677721,
        "hugepages": [
            {"size_kb": 2048, "total": 0, "free": 0, "surplus": 0},
            {"size_kb": 1048576, "total": 4, "free": 3, "surplus": 0},
        ],
        "distances": [21, 10],
    }
    assert node_of == {cpu: cpu // 6 for cpu in range(12)}


def test_ids_are_not_indices(tmp_path):
    rows, _numa, node_of = nodes(build(tmp_path, node_ids=[8, 0, 72], memory_only_nodes=[100]))
    assert [(row["id"], len(row["cpus"])) for row in rows] == [(0, 6), (8, 6), (72, 6), (100, 0)]
    assert node_of[0] == 8
    assert rows[3]["memory_kb"] == 6144 * 1024


def test_a_node_without_memory(tmp_path):
    rows, _numa, _node_of = nodes(build(tmp_path, memory_mb={0: 4096}))
    assert (rows[1]["memory_kb"], len(rows[1]["cpus"])) == (0, 6)


def test_offline_cpus_belong_to_no_node(tmp_path):
    rows, _numa, node_of = nodes(build(tmp_path, offline=[0, 7]))
    assert rows[0]["cpus"] == [1, 2, 3, 4, 5]
    assert set(node_of) == set(range(12)) - {0, 7}


def test_a_stale_cpu_list_names_an_offline_cpu(tmp_path):
    tree = build(tmp_path, offline=[0])
    put(tree, NODE + "/node0/cpulist", "0-5\n")
    assert nodes(tree)[0][0]["cpus"] == [1, 2, 3, 4, 5]


def test_a_cpu_in_several_nodes_belongs_to_its_own_link(tmp_path):
    tree = build(tmp_path, nodes=4, cores=1, threads=2)
    for node in range(4):
        put(tree, "{0}/node{1}/cpulist".format(NODE, node), "0-7\n")
    assert [row["cpus"] for row in nodes(tree)[0]] == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_a_cpu_in_several_nodes_without_a_link_goes_to_the_first(tmp_path):
    tree = build(tmp_path)
    put(tree, NODE + "/node1/cpulist", "5-11\n")
    os.unlink(os.path.join(tree.root, "sys/devices/system/cpu/cpu5/node0"))
    assert nodes(tree)[2][5] == 0


def test_a_cpu_that_no_node_lists_goes_to_the_first(tmp_path):
    tree = build(tmp_path, node_ids=[3, 5])
    put(tree, NODE + "/node5/cpulist", "7-11\n")
    os.unlink(os.path.join(tree.root, "sys/devices/system/cpu/cpu6/node5"))
    assert nodes(tree)[2][6] == 3


@pytest.mark.parametrize("gone", [["cpulist"], ["cpulist", "cpumap"]], ids=["mask", "links"])
def test_cpus_of_a_node_from_mask_or_links(tmp_path, gone):
    tree = build(tmp_path)
    for node in range(2):
        for name in gone:
            os.unlink(os.path.join(tree.root, NODE, "node{0}".format(node), name))
    assert [row["cpus"] for row in nodes(tree)[0]] == [list(range(6)), list(range(6, 12))]


def test_a_machine_without_nodes_is_one_node(tmp_path):
    rows, numa, node_of = nodes(build(tmp_path, numa=False, hugepages={(0, 2048): (512, 500)}))
    assert numa is False
    assert set(node_of.values()) == {0}
    assert len(rows) == 1
    assert rows[0]["cpus"] == list(range(12))
    assert rows[0]["memory_kb"] == 12288 * 1024
    assert rows[0]["hugepages"][0] == {"size_kb": 2048, "total": 512, "free": 500, "surplus": 0}
    assert rows[0]["distances"] is None


def test_an_empty_tree_is_one_node_of_unknown_size(tmp_path):
    rows, numa, _node_of = nodes(Tree(str(tmp_path)))
    assert numa is False
    assert rows == [
        {"id": 0, "cpus": [], "memory_kb": None, "memory_free_kb": None, "hugepages": [], "distances": None}
    ]


@pytest.mark.parametrize(
    "offered, flags, sizes",
    [
        ((2048, 1048576), [], [2048, 1048576]),
        ((2048,), ["pae", "pdpe1gb", "pse"], [2048, 1048576]),
        ((4096,), ["pse"], [4096]),
        ((64, 2048, 32768, 1048576), ["fp", "asimd"], [64, 2048, 32768, 1048576]),
        ((), [], []),
    ],
)
def test_page_sizes_are_what_the_machine_can_do(tmp_path, offered, flags, sizes):
    for size in offered:
        os.makedirs(str(tmp_path / "sys/kernel/mm/hugepages" / "hugepages-{0}kB".format(size)))
    assert read_page_sizes(Tree(str(tmp_path)), flags) == sizes


@pytest.mark.parametrize(
    "text, fields",
    [
        ("MemTotal:       16331752 kB\nHugePages_Total:       4\n", {"MemTotal": 16331752, "HugePages_Total": 4}),
        ("Node 12 MemTotal:   2096684 kB\nNode 12 Active(anon):  12 kB\n", {"MemTotal": 2096684, "Active(anon)": 12}),
        ("nonsense\n", {}),
    ],
)
def test_meminfo_of_machine_and_node(tmp_path, text, fields):
    (tmp_path / "meminfo").write_text(text)
    assert meminfo(Tree(str(tmp_path)), "/meminfo") == fields
