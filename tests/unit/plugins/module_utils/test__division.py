"""Loads on threads: bounds, and divisions that are known to be hard."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._division import (
    Bin,
    Item,
    improved,
    longest_first,
    lower_bound,
    optimum,
    sums,
)


def items(*loads):
    return [Item(load, None) for load in loads]


def bins(*bases):
    return [Bin(0, base) for base in bases]


def best(loads, bases):
    rows, boxes = items(*loads), bins(*bases)
    bound = lower_bound(rows, boxes)
    return max(sums(rows, boxes, optimum(rows, boxes, longest_first(rows, boxes), bound)))


@pytest.mark.parametrize(
    "loads, bases, expected",
    [
        ([30, 30, 20, 20, 20], [0, 0], 60),  # the largest first: 70
        ([7, 7, 6, 6, 5, 5, 4, 4, 4], [0, 0, 0, 0], 12),  # Graham's worst case: 15
        ([9, 7, 6, 5, 5, 4], [0, 3, 0], 13),
        ([5], [4, 0], 5),
        ([], [4, 9], 9),
        ([1, 1], [50, 0], 50),
    ],
)
def test_known_divisions(loads, bases, expected):
    assert best(loads, bases) == expected


@pytest.mark.parametrize(
    "loads, bases, bound",
    [
        ([10, 10], [0, 0], 10),  # the mean
        ([50, 1, 1], [0, 0], 50),  # the largest
        ([40, 40, 40], [0, 0], 80),  # two of three meet
        ([10], [90, 0], 90),  # what is there already
        ([30], [80, 10, 0], 80),
        ([30], [20, 10, 0], 30),
        ([60], [0, 0], 60),
        ([9, 9, 9, 9, 9, 9, 9], [0, 0, 0], 27),
        ([3, 3, 3, 2], [0, 0], 6),  # whole numbers have whole sums
        ([3.5, 2.5, 1.5, 1], [0, 0], 4.25),
    ],
)
def test_bounds(loads, bases, bound):
    assert lower_bound(items(*loads), bins(*bases)) == bound


def test_items_of_a_node_stay_there_and_others_fill_up():
    boxes = [Bin(0, 0), Bin(1, 0)]
    rows = [Item(30, 0), Item(20, 0), Item(10, 1), Item(25, None), Item(15, None)]
    division = optimum(rows, boxes, longest_first(rows, boxes), lower_bound(rows, boxes))
    assert sums(rows, boxes, division) == [50, 50]
    assert division[:3] == [0, 0, 1]


def test_improving_never_moves_an_item_off_its_node():
    boxes = [Bin(0, 0), Bin(1, 0)]
    rows = [Item(30, 0), Item(20, 0)]
    assert improved(rows, boxes, [0, 0], lower_bound(rows, boxes)) == [0, 0]


def test_a_bad_division_of_many_is_improved():
    rows, boxes = items(*range(1, 61)), bins(*[0] * 6)
    bound = lower_bound(rows, boxes)
    division = improved(rows, boxes, [0] * 60, bound)
    assert max(sums(rows, boxes, division)) <= bound * 1.01
