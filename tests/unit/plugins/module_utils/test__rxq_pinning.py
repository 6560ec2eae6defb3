"""Which queues are pinned, and what the switch makes of the rest."""

import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq_pinning

ROWS = rxqs.on(rxqs.queues(30, 30, 20, 20, 20, 0) + rxqs.queues(5, 4, port="p1", node=1), 2, 2, 2, 2, 3, 3, 12, 13)
PMDS = rxqs.threads((2, 0), (3, 0), (12, 1), (13, 1))


def pinned(case):
    return {(pin["port"], pin["queue_id"]) for pin in _rxq_pinning.wanted(case)}


def test_loaded_queues_of_nodes_that_gain():
    assert pinned(rxqs.case(ROWS, PMDS)) == {("p0", number) for number in range(5)}


def test_before_2_16_the_thread_with_least_to_do_stays_free():
    rows = [dict(row, load=row["load"] + (row["queue_id"] == 2)) for row in ROWS]
    case = rxqs.case(rows, PMDS, (2, 15, 0))
    assert case.placements.best[0] == case.placements.best[1]
    assert pinned(case) == {("p0", 2), ("p0", 3), ("p0", 4)}
    assert _rxq_pinning.with_pins(case, _rxq_pinning.wanted(case)) == 61


def test_before_2_16_a_node_whose_threads_all_have_pins_is_left_out():
    rows = rxqs.on(rxqs.queues(50, 40), 2, 2) + [rxqs.queue(1, "p9", 0, pin=2), rxqs.queue(1, "p9", 1, pin=3)]
    assert pinned(rxqs.case(rows, rxqs.threads((2, 0), (3, 0)), (2, 15, 0))) == set()


def test_pins_of_others_are_not_moved():
    rows = [dict(row, pinned_core=2) if row["queue_id"] == 0 else row for row in ROWS]
    assert ("p0", 0) not in pinned(rxqs.case(rows, PMDS))


def test_what_is_not_pinned_goes_where_there_is_least():
    case = rxqs.case(ROWS, PMDS)
    some = [{"port": "p0", "queue_id": number, "core_id": 2} for number in (0, 1)]
    assert _rxq_pinning.with_pins(case, some) == 60
