"""The table of placements, of results that the module really returned."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.filter.rebalance_table import rebalance_table

PMDS = [{"core_id": 2, "numa_id": 0}, {"core_id": 13, "numa_id": 0}]
TABLE = """\
PMD thread  NUMA node  current  roundrobin  cycles  group  best
core 2              0     90 %        70 %    60 %   60 %  60 %
core 13             0     10 %        30 %    40 %   40 %  40 %
busiest                   90 %        70 %    60 %   60 %  60 %
variance                  1600         400     100    100   100

port      queue  NUMA node  load  current  roundrobin  cycles  group  best  pinned
a port 1      0          0  60 %        2           2       2      2     2
a port 1      1          0  30 %        2          13      13     13    13
a port 1      2          0  10 %       13           2      13     13    13

Advice:
  1. auto_lb: The loads have changed since cycles placed the queues: the busiest thread has 90 %,
     placed anew it would have 60 %. Auto load balance does that where a thread has 90 % for a
     minute and the variance of the loads goes down by 25 %.
     other_config:pmd-auto-lb = true
     other_config:pmd-auto-lb-improvement-threshold = 25
     other_config:pmd-auto-lb-load-threshold = 90
     other_config:pmd-auto-lb-rebal-interval = 5
     other_config:pmd-rxq-assign = cycles"""


@pytest.fixture
def result(run_module):
    def run(*places, **options):
        loads = [
            {"port": "a port 1", "queue_id": number, "numa_id": 0, "load": load, "core_id": core}
            for number, (load, core) in enumerate(places)
        ]
        return run_module("pmd_rxq_plan_info", dict({"loads": loads, "pmds": PMDS}, **options))

    return run


def test_placements_queues_and_advice(result):
    assert rebalance_table(result((60, 2), (30, 2), (10, 13))) == TABLE


@pytest.mark.parametrize("width", [60, 100])
def test_sentences_are_folded(result, width):
    text = rebalance_table(result((60, 2), (30, 2), (10, 13)), width=width)
    assert all(len(line) <= width for line in text.partition("Advice:")[2].splitlines())


def test_before_and_after(result):
    before, after = result((60, 2), (30, 2), (10, 13)), result((59, 2), (30, 13), (10, 13))
    assert rebalance_table(after, before).splitlines() == [
        "PMD thread  NUMA node  before   now",
        "core 2              0    90 %  59 %",
        "core 13             0    10 %  40 %",
        "all queues              100 %  99 %",
        "",
        "The load of the busiest thread went down: from 90 % to 59 %.",
    ]
    assert "The load of the busiest thread did not go down: from 59 % to 90 %." in rebalance_table(before, after)


def test_what_is_left_to_people_says_so(result):
    text = rebalance_table(result((97, 2), (30, 13)))
    assert "  1. queues (by hand): One queue of port a port 1 takes 97 % of a thread" in text


def test_isolated_pinned_disabled_and_unpolled(result):
    options = {"pmds": [dict(PMDS[0], isolated=True), PMDS[1]]}
    found = result((10, 2), (5, None), **options)
    found["loads"][0].update(pinned_core=2, enabled=False)
    lines = rebalance_table(found).splitlines()
    assert lines[1].startswith("core 2*  ")
    assert lines[7].split() == ["a", "port", "1", "(disabled)", "0", "0", "10", "%", "2", "13", "13", "13", "13", "2"]
    assert lines[8].split()[:8] == ["a", "port", "1", "1", "0", "5", "%", "-"]


def test_who_polls_is_not_said(result):
    text = rebalance_table(result((60, None), (30, None)))
    assert "current" not in text
    assert "Advice" not in text


def test_a_switch_without_threads(result):
    assert rebalance_table(result(pmds=[])).startswith("There is no PMD thread: ")
