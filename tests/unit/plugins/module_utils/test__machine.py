import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _machine
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._notes import Notes


def read(host):
    notes = Notes()
    return _machine.read_nodes(host, notes), [warning["id"] for warning in notes.warnings]


def cores(node):
    return [sorted(core.cpus) for core in node.cores]


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("adjacent", [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]),
        ("split", [[[0, 4], [1, 5]], [[2, 6], [3, 7]]]),
        ("interleaved", [[[0, 4], [2, 6]], [[1, 5], [3, 7]]]),
    ],
)
def test_siblings_are_cores_in_the_order_of_their_lowest_cpu(layout, expected):
    nodes, _cpus = read(hosts.make(nodes=2, cores=2, layout=layout))
    assert [cores(node) for node in nodes] == expected


def test_offline_cpus_do_not_exist():
    nodes, _cpus = read(hosts.make(nodes=1, cores=3, offline=(1, 2, 3)))
    assert cores(nodes[0]) == [[0], [4, 5]]


def test_siblings_that_only_one_of_them_names_are_one_core():
    host = hosts.make(nodes=1, cores=2)
    host["topology"][0]["siblings"] = [0]
    assert cores(read(host)[0][0]) == [[0, 1], [2, 3]]


def test_a_chain_of_siblings_is_one_core():
    host = hosts.make(nodes=1, cores=2, threads=2)
    for row, siblings in zip(host["topology"], ([0], [1, 2], [2], [3, 0])):
        row["siblings"] = siblings
    assert cores(read(host)[0][0]) == [[0, 3], [1, 2]]


@pytest.mark.parametrize(("mb", "rounded"), [(6144, 6144), (6143, 5888), (255, 0), (0, 0)])
def test_memory_is_rounded_down(mb, rounded):
    assert read(hosts.make(nodes=1, memory_mb=mb))[0][0].memory_mb == rounded


def test_one_node_without_meminfo_has_the_memory_of_the_machine():
    host = hosts.make(nodes=1, memory_mb=None, memory={"total_kb": 8 * 1024**2, "available_kb": None})
    nodes, warnings = read(host)
    assert (nodes[0].memory_mb, warnings) == (8192, [])


def test_unknown_memory_stays_unknown():
    nodes, warnings = read(hosts.make(nodes=2, memory_mb={0: 4096}))
    assert [node.memory_mb for node in nodes] == [4096, None]
    assert warnings == ["memory-unknown"]
    assert all(_machine.hosts_dpdk(node) for node in nodes)


def test_sparse_ids_memory_only_nodes_and_nodes_without_memory():
    nodes, _cpus = read(hosts.make(ids=[0, 8], memory_mb={0: 4096, 8: 0, 17: 4096}, memory_only=[17]))
    assert [(node.id, _machine.hosts_dpdk(node)) for node in nodes] == [(0, True), (8, False), (17, False)]
    assert [_machine.incapable(node) for node in nodes[1:]] == ["no memory", "no CPUs"]


@pytest.mark.parametrize(
    ("architecture", "ids", "able"), [("x86_64", [0, 31, 32], [0, 31]), ("aarch64", [0, 3, 4], [0, 3])]
)
def test_ids_that_dpdk_cannot_hold(architecture, ids, able):
    nodes, warnings = read(hosts.make(ids=ids, architecture=architecture))
    assert [node.id for node in nodes if _machine.hosts_dpdk(node)] == able
    assert warnings == ["node-beyond-dpdk"]


def test_a_tree_without_cpus_is_refused():
    with pytest.raises(Refused, match="no CPUs found"):
        read(hosts.make(topology=[]))
