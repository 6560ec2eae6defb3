"""The exact search finds what trying everything finds, and no bound is above it."""

import itertools

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _division
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._division import Bin, Item

pytest.importorskip("hypothesis")
from hypothesis import assume, given
from hypothesis import strategies as st

LOAD = st.one_of(st.integers(0, 9), st.floats(0, 100), st.integers(0, 10**11))
BINS = st.lists(st.builds(Bin, st.integers(0, 2), st.one_of(st.just(0), LOAD)), min_size=1, max_size=4)
ITEMS = st.lists(st.builds(Item, LOAD, st.one_of(st.none(), st.integers(0, 2))), max_size=6)


def brute(items, bins):
    choices = [[index for index, each in enumerate(bins) if _division.fits(item, each)] for item in items]
    return min(max(_division.sums(items, bins, division)) for division in itertools.product(*choices))


@given(ITEMS, BINS)
def test_the_optimum_is_that_of_trying_everything(items, bins):
    items = [item for item in items if any(_division.fits(item, each) for each in bins)]
    start = _division.longest_first(items, bins)
    bound = _division.lower_bound(items, bins)
    found = max(_division.sums(items, bins, _division.optimum(items, bins, start, bound)))
    expected = brute(items, bins)
    assert found == pytest.approx(expected, rel=1e-9)
    assert bound <= expected * (1 + 1e-9)


def test_items_of_equal_load_but_of_another_node_are_not_alike():
    items = [Item(5, None), Item(5.0, None), Item(5.0, 1)]
    bins = [Bin(1, 0), Bin(1, 0), Bin(0, 0)]
    assert max(_division.sums(items, bins, _division.optimum(items, bins, [0, 0, 0], 0))) == 5


@given(ITEMS, BINS, st.data())
def test_improving_makes_nothing_worse_and_keeps_nodes(items, bins, data):
    items = [item for item in items if any(_division.fits(item, each) for each in bins)]
    choices = [[index for index, each in enumerate(bins) if _division.fits(item, each)] for item in items]
    start = [data.draw(st.sampled_from(choice)) for choice in choices]
    division = _division.improved(items, bins, start, _division.lower_bound(items, bins))
    assert all(index in choice for index, choice in zip(division, choices))
    assert max(_division.sums(items, bins, division)) <= max(_division.sums(items, bins, start))


@given(st.lists(st.floats(1, 100), min_size=16, max_size=16), st.integers(2, 8))
def test_sixteen_are_never_worse_than_any_heuristic(loads, count):
    items, bins = [Item(load, None) for load in loads], [Bin(0, 0)] * count
    assume(len(set(loads)) > 8)
    start = _division.longest_first(items, bins)
    bound = _division.lower_bound(items, bins)
    improved = _division.improved(items, bins, start, bound)
    best = _division.optimum(items, bins, start, bound)
    heights = [max(_division.sums(items, bins, each)) for each in (best, improved, start)]
    assert all(one <= other * (1 + 1e-9) for one, other in zip(heights, heights[1:]))
    assert bound <= heights[0] * (1 + 1e-9)
