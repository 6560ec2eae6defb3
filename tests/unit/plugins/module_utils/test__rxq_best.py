"""The best placement on the rows that modules hand over."""

import random

import pytest
import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq, _rxq_best, _rxq_ovs


def highest(rows, pmds, cores):
    return max(_rxq.held(rows, pmds, cores).values())


def test_what_no_algorithm_finds():
    rows, pmds = rxqs.queues(30, 30, 20, 20, 20), rxqs.threads((2, 0), (3, 0))
    found = _rxq_best.best(rows, pmds)
    assert (highest(rows, pmds, found.cores), found.bound, found.exact) == (60, 60, True)
    assert highest(rows, pmds, _rxq_ovs.schedule("group", rows, pmds)) == 70


def test_pins_stay_and_isolated_threads_take_nothing_else():
    rows = rxqs.queues(10, 20) + [rxqs.queue(30, "p1", 0, pin=4), rxqs.queue(5, "p1", 1, pin=2)]
    pmds = rxqs.threads((2, 0), (3, 0), (4, 0, True))
    found = _rxq_best.best(rows, pmds)
    assert found.cores[2:] == [4, 2]
    assert sorted(found.cores[:2]) == [2, 3]
    assert highest(rows, pmds, found.cores) == 30


def test_nodes_are_solved_apart():
    rows = rxqs.queues(50, 40) + rxqs.queues(5, 4, port="p1", node=1)
    pmds = rxqs.threads((1, 0), (2, 0), (11, 1), (12, 1))
    assert _rxq.by_node(rows, pmds, _rxq_best.best(rows, pmds).cores) == {0: 50, 1: 5}


def test_queues_without_load_are_spread():
    rows, pmds = rxqs.queues(0, 0, 0, 0, 9, 9), rxqs.threads((1, 0), (2, 0), (3, 0))
    counts = [len(numbers) for numbers in rxqs.by_core(rows, _rxq_best.best(rows, pmds).cores).values()]
    assert counts == [2, 2, 2]


def test_queues_without_a_thread_at_home_go_where_there_is_least():
    rows = rxqs.queues(50, 30) + rxqs.queues(20, 40, port="p1", node=7)
    pmds = rxqs.threads((1, 0), (2, 0), (11, 1))
    cores = _rxq_best.best(rows, pmds).cores
    assert highest(rows, pmds, cores) == 50
    assert set(cores[:2]) == {1, 2}


@pytest.mark.parametrize("pmds", [[], rxqs.threads((1, 0, True))], ids=["no thread", "isolated"])
def test_nobody_polls(pmds):
    found = _rxq_best.best(rxqs.queues(1, 2), pmds)
    assert (found.cores, found.exact) == ([None, None], True)


def test_many_queues_come_with_a_bound():
    """As good as the goal of the project: on average half a percent above what is possible, never worse than group."""
    rng, ratios = random.Random(5), []
    pmds = rxqs.threads(*[(core, 0) for core in range(8)])
    for _case in range(40):
        rows = rxqs.queues(*[rng.expovariate(1 / 10.0) for _queue in range(64)])
        group = _rxq_ovs.schedule("group", rows, pmds)
        found = _rxq_best.best(rows, pmds, [group])
        reached = highest(rows, pmds, found.cores)
        assert found.bound <= reached <= highest(rows, pmds, group)
        assert found.exact == (reached <= found.bound * (1 + 1e-9))
        ratios.append(reached / found.bound)
    assert sum(ratios) / len(ratios) <= 1.005
