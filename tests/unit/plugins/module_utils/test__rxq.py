"""Placements as they are published, and pictures that are none."""

import pytest
import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

PMDS = rxqs.threads((2, 0), (3, 0))


def test_five_placements():
    rows = rxqs.on(rxqs.queues(60, 30, 20), 2, 2, 2)
    published = _rxq.publish(rows, PMDS, _rxq.place(rows, PMDS))
    assert {name: each["max_load"] for name, each in published.items()} == {
        "current": 110,
        "roundrobin": 80,
        "cycles": 60,
        "group": 60,
        "best": 60,
    }
    assert published["current"]["assignment"] == [{"port": "p0", "queue_id": n, "core_id": 2} for n in range(3)]
    assert published["current"]["variance"] == 55**2
    assert (published["best"]["exact"], published["best"]["bound"], published["best"]["gap"]) == (True, 60, 0)


def test_without_a_word_on_who_polls_there_is_no_current_placement():
    rows = rxqs.queues(60, 30)
    assert _rxq.publish(rows, PMDS, _rxq.place(rows, PMDS))["current"] is None


def test_a_switch_without_threads_and_queues():
    published = _rxq.publish([], [], _rxq.place([], []))
    assert published["current"] == published["group"] == {"assignment": [], "max_load": 0, "variance": 0}
    assert published["best"] == {"assignment": [], "max_load": 0, "variance": 0, "exact": True, "bound": 0, "gap": 0}


def test_the_variance_is_that_of_the_worst_node():
    rows = rxqs.on(rxqs.queues(50, 40) + rxqs.queues(90, 10, port="p1", node=1), 2, 3, 12, 12)
    pmds = PMDS + rxqs.threads((12, 1), (13, 1))
    assert _rxq.describe(rows, pmds, [2, 3, 12, 12])["variance"] == 50**2


def test_a_node_that_nothing_can_relieve_does_not_hide_another():
    rows = rxqs.on(rxqs.queues(95, 1) + rxqs.queues(50, 40, port="p1", node=1), 2, 3, 12, 12)
    case = rxqs.case(rows, PMDS + rxqs.threads((12, 1), (13, 1)))
    assert case.highest(case.placements.current) == 90
    assert case.highest(case.placements.best) == 50


@pytest.mark.parametrize(
    "rows, pmds, words",
    [
        (rxqs.queues(1) * 2, PMDS, "the same row twice (loads): found p0 0, expected each once"),
        (rxqs.queues(1), PMDS[:1] * 2, "the same row twice (pmds): found 2, expected each once"),
        (rxqs.queues(-1), PMDS, "not a load (port p0 queue 0): found -1, expected 0 or more percent of a thread"),
        (rxqs.queues(float("nan")), PMDS, "not a load (port p0 queue 0): found nan"),
        (rxqs.queues(float("inf")), PMDS, "not a load (port p0 queue 0): found inf"),
    ],
)
def test_refusals(rows, pmds, words):
    with pytest.raises(Refused) as refused:
        _rxq.check(rows, pmds)
    assert str(refused.value).startswith(words)
