import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pools
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._pages import Node, Pool

GIB = 1048576


def machine(total=0, free=None, surplus=0, memory_kb=6 * GIB):
    pool = Pool(0, GIB, total, total if free is None else free, surplus, "path")
    return {0: Node(0, memory_kb, memory_kb, {GIB: pool})}


def row(count, persist="cmdline", node=0, size_kb=GIB):
    return _pools.Row(node, size_kb, count, persist)


@pytest.mark.parametrize(
    ("total", "free", "surplus", "wanted", "ours", "after"),
    [
        (0, 0, 0, 4, False, 4),
        (2, 2, 0, 4, False, 4),
        (4, 4, 0, 4, False, None),
        (4, 4, 0, 4, True, None),
        (6, 6, 0, 4, False, None),  # not ours to shrink
        (6, 6, 0, 4, True, 4),
        (6, 1, 0, 4, True, 5),  # five are in use
        (6, 0, 0, 4, True, None),
        (6, 2, 2, 4, True, None),  # two are surplus and go by themselves
        (4, 0, 2, 4, False, 4),  # surplus pages do not stay
    ],
)
def test_a_pool_grows_as_wanted_and_shrinks_only_if_ours_and_free(total, free, surplus, wanted, ours, after):
    recorded = {"0:1048576": {"before": 0}} if ours else {}
    counts = _pools.decide(machine(total, free, surplus), [row(wanted)], recorded, pending=False)
    assert [count.after for count in counts] == ([] if after is None else [after])


@pytest.mark.parametrize(("total", "before", "after"), [(4, 0, [0]), (4, 2, [2]), (4, 4, []), (1, 2, [])])
def test_a_pool_that_is_no_longer_asked_for_goes_back_and_never_grows(total, before, after):
    counts = _pools.decide(machine(total), [], {"0:1048576": {"before": before}}, pending=False)
    assert [count.after for count in counts] == after


@pytest.mark.parametrize(
    ("total", "entry", "after", "reason"),
    [
        (3, {"before": 1, "given": 3, "most": 3}, [1], None),
        (2, {"before": 1, "given": 3, "most": 3}, [], "has 2 pages, not 3 as we left it"),
        (0, {"before": 1, "given": 3, "most": 3}, [], "has 0 pages, not 3 as we left it"),
        (1, {"before": 1, "given": 3, "most": 3}, [], None),
        (2, {"before": 1, "most": 3}, [1], None),  # of a run that was cut off
        (4, {"before": 1, "most": 3}, [], "has 4 pages, more than the 3 that we asked for"),
        (4, {"before": 1}, [1], None),
    ],
)
def test_a_pool_goes_back_as_long_as_it_is_as_we_left_it(total, entry, after, reason):
    nodes, recorded = machine(total), {"0:1048576": entry}
    assert [count.after for count in _pools.decide(nodes, [], recorded, pending=False)] == after
    assert [row["reason"] for row in _pools.left_alone(nodes, [], recorded)] == [reason] * bool(reason)


def test_pages_of_before_are_not_ours_to_shrink():
    recorded = {"0:1048576": {"before": 2, "given": 4, "most": 4}}
    assert [count.after for count in _pools.decide(machine(4), [row(1)], recorded, pending=False)] == [2]


def test_while_a_pool_changes_nobody_knows_what_it_will_be():
    recorded, nodes, pool = {"0:1048576": {"before": 1, "given": 2, "most": 2}}, machine(2), machine(2)[0].pools[GIB]
    counts = [_pools.Count(pool, 2, 3)]
    assert _pools.announced(nodes, [row(3)], counts, recorded, False) == {"0:1048576": {"before": 1, "most": 3}}
    assert _pools.announced(nodes, [row(3)], [], recorded, True) == {"0:1048576": {"before": 1, "most": 3}}
    assert _pools.announced(nodes, [row(2)], [], recorded, False) == recorded
    assert _pools.announced(nodes, [row(2)], [], {}, False) == {}


@pytest.mark.parametrize(
    ("rows", "total", "pending", "entry"),
    [
        ([row(3)], 3, False, {"before": 1, "given": 3, "most": 3}),
        ([row(3)], 2, False, {"before": 1, "given": 2, "most": 3}),
        ([row(3)], 2, True, {"before": 1, "most": 3}),
        ([row(3, "unit")], 3, True, {"before": 1, "given": 3, "most": 3}),
        ([], 2, False, {"before": 1, "given": 2, "most": 3}),  # in use
        ([], 1, False, None),
        ([], 4, False, None),
    ],
)
def test_what_a_pool_was_left_with_is_recorded(rows, total, pending, entry):
    recorded = {"0:1048576": {"before": 1, "most": 3}}
    recorded.update(_pools.settled(machine(total), rows, recorded, pending))
    assert recorded == {"0:1048576": entry}


def test_a_recorded_pool_of_a_node_that_is_gone_is_passed_over():
    recorded = {"7:1048576": {"before": 0}}
    assert _pools.decide(machine(), [], recorded, pending=False) == []
    assert _pools.settled(machine(), [], recorded, pending=False) == {"7:1048576": None}


@pytest.mark.parametrize(
    ("persist", "pending", "counts"), [("cmdline", True, 0), ("unit", True, 1), ("cmdline", False, 1)]
)
def test_only_pools_of_the_kernel_line_wait_for_the_reboot(persist, pending, counts):
    assert len(_pools.decide(machine(), [row(4, persist)], {}, pending)) == counts


def test_pages_that_leave_stay_until_the_reboot():
    recorded, nodes = {"0:1048576": {"before": 1, "given": 4, "most": 4}}, machine(4)
    counts = _pools.decide(nodes, [row(6, size_kb=2048)], recorded, pending=True)
    assert [(count.pool.size_kb, count.after) for count in counts] == [(GIB, 1)], "the memory is judged by this"
    assert _pools.waiting(counts, [row(6, size_kb=2048)]) == counts
    assert _pools.waiting(counts, [row(1)]) == []
    assert _pools.settled(nodes, [row(6, size_kb=2048)], recorded, pending=True) == recorded
    assert _pools.settled(machine(1), [row(6, size_kb=2048)], recorded, pending=False) == {"0:1048576": None}


def test_memory_is_counted_over_all_pools_of_a_node():
    small, large = Pool(0, 2048, 100, 100, 0, "path"), Pool(0, GIB, 0, 0, 0, "path")
    nodes = {0: Node(0, 2 * GIB, GIB, {2048: small, GIB: large})}
    _pools.check_memory(nodes, [row(1)], [])
    with pytest.raises(Refused, match="100 x 2M [+] 2 x 1G, expected at most 2048 MiB"):
        _pools.check_memory(nodes, [row(2)], [])
    _pools.check_memory(nodes, [row(2)], [_pools.Count(small, 100, 0)])  # an own pool that makes room
    # One that a reboot empties.
    _pools.check_memory(nodes, [row(2)], [], pending=True, returned=[(small, {"before": 0})])


def test_a_node_whose_memory_is_unknown_is_not_judged():
    _pools.check_memory(machine(memory_kb=None), [row(10**6)], [])


def item(**more):
    return dict({"node": 0, "size": None, "size_kb": None, "count": 1, "persist": "cmdline"}, **more)


@pytest.mark.parametrize(
    ("given", "size_kb"),
    [
        ({"size": "1G"}, GIB),
        ({"size_kb": 2048}, 2048),
        ({"size": "2M", "size_kb": 2048}, 2048),
        ({"size": "1024M"}, GIB),
    ],
)
def test_a_page_size_in_either_way(given, size_kb):
    assert _pools.requested([item(**given)]) == [_pools.Row(0, size_kb, 1, "cmdline")]


@pytest.mark.parametrize("given", [{}, {"size": "0G"}, {"size": "1"}, {"size": "1G", "size_kb": 1}, {"size": "x"}])
def test_a_row_without_a_page_size_is_refused(given):
    with pytest.raises(Refused, match="page size"):
        _pools.requested([item(**given)])
