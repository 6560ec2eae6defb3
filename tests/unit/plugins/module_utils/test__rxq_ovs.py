"""The three algorithms against what Open vSwitch documents and tests itself; real switches: tests/vswitch."""

import pytest
import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq_ovs

IDLE = rxqs.queues(*[0] * 8)
AWAY = rxqs.queues(*[0] * 8, node=1)
GUIDE = [(0, 30), (1, 80), (3, 60), (4, 70), (5, 10)]
GUIDE_GROUP = [(0, 10), (1, 80), (3, 50), (4, 70), (5, 10)]
BY_TURNS = {
    "roundrobin": ([0, 2, 4, 6], [1, 3, 5, 7]),
    "cycles": ([0, 3, 4, 7], [1, 2, 5, 6]),
    "group": ([0, 2, 4, 6], [1, 3, 5, 7]),
}


@pytest.mark.parametrize("algorithm", sorted(BY_TURNS))
@pytest.mark.parametrize("rows, cores, node", [(IDLE, (0, 1), 0), (AWAY, (2, 3), 0)], ids=["at home", "away"])
def test_idle_queues_take_turns(algorithm, rows, cores, node):
    pmds = rxqs.threads(*[(core, node) for core in cores])
    assert rxqs.by_core(rows, _rxq_ovs.schedule(algorithm, rows, pmds)) == dict(zip(cores, BY_TURNS[algorithm]))


@pytest.mark.parametrize("algorithm", _rxq_ovs.ALGORITHMS)
def test_queues_stay_on_their_node(algorithm):
    assert _rxq_ovs.schedule(algorithm, AWAY, rxqs.threads((1, 1), (2, 0))) == [1] * 8


@pytest.mark.parametrize("algorithm", _rxq_ovs.ALGORITHMS)
def test_queues_without_a_thread_at_home_take_turns_over_the_other_nodes(algorithm):
    cores = _rxq_ovs.schedule(algorithm, rxqs.queues(0, 0, 0, 0), rxqs.threads((0, 1), (1, 2), (2, 1), (3, 2)))
    assert sorted(cores) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "algorithm, loads, expected",
    [("cycles", GUIDE, {3: [1], 7: [4, 5], 8: [0, 3]}), ("group", GUIDE_GROUP, {3: [1], 7: [4], 8: [0, 3, 5]})],
)
def test_the_examples_of_the_guide(algorithm, loads, expected):
    rows = [rxqs.queue(load, number=number) for number, load in loads]
    found = rxqs.by_core(rows, _rxq_ovs.schedule(algorithm, rows, rxqs.threads((3, 0), (7, 0), (8, 0))))
    assert found == expected


def test_group_fills_up_threads_with_pins_that_are_not_isolated():
    rows = [rxqs.queue(10, number=0, pin=1), rxqs.queue(40, number=1), rxqs.queue(30, number=2)]
    assert _rxq_ovs.schedule("group", rows, rxqs.threads((1, 0), (2, 0))) == [1, 2, 1]
    assert _rxq_ovs.schedule("group", rows, rxqs.threads((1, 0, True), (2, 0))) == [1, 2, 2]
    assert _rxq_ovs.schedule("cycles", rows, rxqs.threads((1, 0), (2, 0))) == [1, 2, 2]


def test_a_pin_may_lead_to_another_node():
    assert _rxq_ovs.schedule("cycles", [rxqs.queue(5, pin=4)], rxqs.threads((1, 0), (4, 1))) == [4]


@pytest.mark.parametrize("version, expected", [((2, 15, 0), [None]), ((2, 16, 0), [1]), (None, [1])])
def test_a_pin_to_a_core_without_a_thread(version, expected):
    assert _rxq_ovs.schedule("cycles", [rxqs.queue(5, pin=9)], rxqs.threads((1, 0)), version) == expected


@pytest.mark.parametrize("pmds", [[], rxqs.threads((1, 0, True))], ids=["no thread", "isolated"])
@pytest.mark.parametrize("algorithm", _rxq_ovs.ALGORITHMS)
def test_nobody_polls(algorithm, pmds):
    assert _rxq_ovs.schedule(algorithm, rxqs.queues(1, 2), pmds) == [None, None]


def test_equal_loads_keep_their_order():
    rows = rxqs.queues(5, 7, 5, 7)
    assert rxqs.by_core(rows, _rxq_ovs.schedule("cycles", rows, rxqs.threads((1, 0), (2, 0)))) == {1: [1, 2], 2: [0, 3]}


@pytest.mark.parametrize(
    "config, name", [({}, "cycles"), ({"pmd-rxq-assign": "group"}, "group"), ({"pmd-rxq-assign": "best"}, "cycles")]
)
def test_the_algorithm_in_force(config, name):
    assert _rxq_ovs.configured(config) == name
