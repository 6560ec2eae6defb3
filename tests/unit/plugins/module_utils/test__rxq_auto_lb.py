"""Auto load balance: the arithmetic of Open vSwitch, and when it would act."""

import pytest
import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq_auto_lb as alb

TWO = rxqs.threads((1, 0), (2, 0))
NODES = TWO + rxqs.threads((11, 1), (12, 1))


def test_whole_numbers():
    # mean 45, deviations 45 and 44: (2025 + 1936) / 2 = 1980.5
    assert alb.variances({1: 90.9, 2: 1.2}, TWO) == {0: 1980}
    assert alb.variances({1: 90, 2: 0, 11: 5, 12: 5}, NODES) == {0: 2025, 1: 0}
    assert alb.variances({1: 90, 2: 0, 11: 5, 12: 5}, NODES, by_node=False) == {None: 1412}
    assert alb.variances({1: 90, 2: 1}, rxqs.threads((1, 0, True), (2, 0))) == {0: 0}


@pytest.mark.parametrize(
    "now, then, version, expected",
    [
        ({1: 96, 2: 4}, {1: 50, 2: 50}, None, (95, 25)),
        ({1: 83, 2: 4}, {1: 50, 2: 37}, None, (80, 25)),
        ({1: 96, 2: 4}, {1: 90, 2: 10}, None, (95, 20)),
        ({1: 96, 2: 4}, {1: 96, 2: 4}, None, None),
        ({1: 3, 2: 0}, {1: 2, 2: 1}, None, None),
        ({1: 96, 2: 4}, {1: 50, 2: 50}, (2, 14, 0), (95, 25)),
        ({1: 83, 2: 4}, {1: 50, 2: 37}, (2, 14, 0), None),
    ],
    ids=["defaults", "lower load", "lower improvement", "no gain", "no load", "fixed and met", "fixed and not met"],
)
def test_thresholds_at_which_it_acts(now, then, version, expected):
    assert alb.thresholds(now, then, TWO, version) == expected


def test_before_3_1_all_nodes_are_one():
    now, then = {1: 60, 2: 40, 11: 100, 12: 0}, {1: 50, 2: 50, 11: 100, 12: 0}
    assert alb.improvement(now, then, NODES, (3, 1, 0)) == 100
    assert alb.improvement(now, then, NODES, (3, 0, 0)) == 3


@pytest.mark.parametrize(
    "config, acts",
    [
        ({}, False),
        ({"pmd-auto-lb": "true"}, False),
        ({"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "80"}, True),
        ({"pmd-auto-lb": "TRUE", "pmd-auto-lb-load-threshold": "70"}, True),
        ({"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "many"}, False),
        ({"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "\u00b2"}, False),
        ({"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "101"}, False),
        ({"pmd-auto-lb": "yes", "pmd-auto-lb-load-threshold": "80"}, False),
    ],
)
def test_what_is_switched_on_already(config, acts):
    assert alb.acts(config, (80, 25)) is acts


def test_settings_that_a_version_knows():
    every = {
        "pmd-auto-lb": "true",
        "pmd-auto-lb-rebal-interval": "5",
        "pmd-auto-lb-load-threshold": "80",
        "pmd-auto-lb-improvement-threshold": "25",
    }
    assert alb.settings((80, 25), None) == every
    assert sorted(alb.settings((95, 25), (2, 14, 0))) == ["pmd-auto-lb", "pmd-auto-lb-rebal-interval"]


@pytest.mark.parametrize(
    "algorithm, rows, pmds, version, possible",
    [
        ("cycles", rxqs.queues(1, 1, 1), TWO, None, True),
        ("roundrobin", rxqs.queues(1, 1, 1), TWO, None, False),
        ("cycles", rxqs.queues(1, 1, 1), TWO, (2, 10, 0), False),
        ("cycles", rxqs.queues(1, 1), TWO, None, False),
        ("cycles", rxqs.queues(1, 1, 1), TWO[:1], None, False),
        ("cycles", rxqs.queues(1, 1, 1, node=1), NODES, None, False),
        ("cycles", rxqs.queues(1, 1, 1, node=1), TWO, None, True),
        ("cycles", rxqs.queues(1, 1, 1, node=1), TWO, (2, 15, 0), False),
    ],
    ids=[
        "yes",
        "roundrobin",
        "too old",
        "one queue each",
        "one thread",
        "away from home",
        "no home",
        "no home before 2.16",
    ],
)
def test_whether_it_tries_at_all(algorithm, rows, pmds, version, possible):
    cores = [1, 2, 1][: len(rows)]
    assert alb.possible(algorithm, rows, cores, pmds, version) is possible
