"""Each advice where it is due, and only there."""

import pytest
import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq_advice

TWO = rxqs.threads((2, 0), (3, 0))
GROUP = {"pmd-rxq-assign": "group"}
# The largest first leads to 70 and 50.
HARD = rxqs.on(rxqs.queues(30, 30, 20, 20, 20), 2, 2, 2, 2, 3)


def advise(rows, pmds=TWO, **more):
    return _rxq_advice.advise(rxqs.case(rows, pmds, **more))


def cures(*args, **more):
    return [each["cure"] for each in advise(*args, **more)]


def test_nothing_to_do_where_all_is_calm():
    (only,) = advise(rxqs.on(rxqs.queues(60, 10), 2, 2))
    assert (only["cure"], only["writable"], only["max_load"]) == ("nothing", False, 70)
    assert only["reason"] == "The busiest thread has 70 %, which is below 80 %: nothing needs to be moved."


def test_nothing_to_do_where_nothing_is_gained():
    (only,) = advise(rxqs.on(rxqs.queues(79, 2, 78), 2, 2, 3))
    assert only["reason"] == "The busiest thread has 81 %, at best it would have 80 %: moving queues gains too little."


def test_another_algorithm():
    (first,) = advise(rxqs.on(rxqs.queues(60, 30, 10), 2, 2, 3), config={"pmd-rxq-assign": "roundrobin"})
    assert first["reason"] == "The busiest thread has 90 %. With pmd-rxq-assign=group it would have 60 %."
    assert (first["other_config"], first["writable"], first["max_load"]) == (GROUP, True, 60)


def test_before_2_16_there_is_no_group():
    rows = rxqs.on(rxqs.queues(60, 30, 10), 2, 2, 3)
    (first,) = advise(rows, config={"pmd-rxq-assign": "roundrobin"}, version=(2, 15, 0))
    assert first["other_config"] == {"pmd-rxq-assign": "cycles"}


def test_before_2_16_group_means_cycles():
    rows = rxqs.on(rxqs.queues(60, 30, 10), 2, 2, 3)
    assert cures(rows, config=GROUP, version=(2, 15, 0)) == cures(rows, version=(2, 15, 0)) == ["auto_lb"]


def test_loads_that_have_changed_since():
    (first,) = advise(rxqs.on(rxqs.queues(60, 30, 10), 2, 2, 3), config=GROUP)
    assert first["cure"] == "auto_lb"
    assert first["other_config"] == {
        "pmd-rxq-assign": "group",
        "pmd-auto-lb": "true",
        "pmd-auto-lb-rebal-interval": "5",
        "pmd-auto-lb-load-threshold": "90",
        "pmd-auto-lb-improvement-threshold": "25",
    }
    assert "the busiest thread has 90 %, placed anew it would have 60 %" in first["reason"]


def test_auto_load_balance_that_is_on_is_left_to_act():
    config = dict(GROUP, **{"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "85"})
    (only,) = advise(rxqs.on(rxqs.queues(60, 30, 10), 2, 2, 3), config=config)
    assert (only["cure"], "switched on and will see to it" in only["reason"]) == ("nothing", True)


def test_auto_load_balance_that_never_acts_gets_other_thresholds():
    config = dict(GROUP, **{"pmd-auto-lb": "true"})
    assert cures(rxqs.on(rxqs.queues(60, 30, 10), 2, 2, 3), config=config) == ["auto_lb"]


def test_auto_load_balance_that_is_on_and_cannot_act_is_not_waited_for():
    config = dict(GROUP, **{"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "85"})
    rows = rxqs.on(rxqs.queues(60, 30, 10) + [rxqs.queue(0, "away", node=5)], 2, 2, 3, 2)
    pmds = rxqs.threads((2, 0), (3, 0), (11, 1))
    assert cures(rows, pmds, config=config) == ["pmd_core", "pins"]


def test_pins_come_last_and_with_their_keys():
    first, last = advise(HARD, config={"pmd-rxq-assign": "roundrobin"})
    assert (first["cure"], last["cure"]) == ("assign", "pins")
    assert last["other_config"] == {"pmd-rxq-assign": "group", "pmd-rxq-isolate": "false"}
    assert (last["max_load"], last["writable"], len(last["pins"])) == (60, True, 5)
    assert last["reason"] == (
        "No algorithm of Open vSwitch does as well: with 5 pins the busiest thread goes from 100 % to 60 %."
    )


def test_before_2_16_a_thread_stays_without_pins():
    last = advise(HARD, version=(2, 15, 0))[-1]
    assert (last["cure"], last["other_config"], last["max_load"]) == ("pins", {}, 60)
    assert len({pin["core_id"] for pin in last["pins"]}) == 1


def test_pins_on_interfaces_of_others_are_not_written():
    owners = {"p0": "an instance (vm-uuid=1)"}
    last = advise(HARD, owners=owners)[-1]
    assert (last["writable"], last["pins"], len(last["others_pins"])) == (False, [], 5)
    assert last["reason"].endswith("Pins on interfaces that others manage are advised, not written: p0.")


def test_own_pins_are_written_where_they_help_alone():
    rows = rxqs.on(rxqs.queues(30, 30, 20, 20, 19) + [rxqs.queue(1, "vhu1")], 2, 2, 2, 2, 3, 3)
    last = advise(rows, owners={"vhu1": "an instance"})[-1]
    assert (last["cure"], last["writable"], last["max_load"]) == ("pins", True, 60)
    assert [pin["port"] for pin in last["others_pins"]] == ["vhu1"]


def test_pins_would_open_threads_that_others_have_isolated():
    rows = HARD + [rxqs.queue(5, "p9", pin=4, core=4)]
    last = advise(rows, TWO + rxqs.threads((4, 0, True)))[-1]
    assert (last["cure"], last["writable"]) == ("pins", False)
    assert "pmd-rxq-isolate=false would open them" in last["reason"]


def test_one_queue_that_fills_a_thread():
    first = advise(rxqs.on(rxqs.queues(97, 30), 2, 3))[0]
    assert (first["cure"], first["subject"], first["writable"]) == ("queues", "p0", False)
    assert "takes 97 % of a thread" in first["reason"]
    assert "With 3 queues instead of 2" in first["reason"]


@pytest.mark.parametrize(
    "loads, words",
    [
        ((42, 41, 41, 41), "has 83 %. With 2 threads more on that node it would have 42 %."),
        ((41, 41, 41, 20, 20), "has 82 %. With 1 thread more on that node it would have 61 %."),
    ],
)
def test_a_node_that_is_full_needs_more_threads(loads, words):
    rows = rxqs.queues(*loads)
    (found,) = [each for each in advise(rxqs.on(rows, *[2, 3] * len(rows))) if each["cure"] == "pmd_core"]
    assert found["subject"] == "node 0"
    assert found["reason"].endswith(words)


@pytest.mark.parametrize("load, expected", [(45, ["nothing"]), (85, ["queues"])])
def test_a_thread_more_is_not_advised_where_it_does_not_help(load, expected):
    assert cures(rxqs.on(rxqs.queues(load, load), 2, 3)) == expected


def test_queues_of_a_node_without_a_thread():
    (only,) = advise(rxqs.on(rxqs.queues(5, 5, node=1), 2, 3))
    assert (only["cure"], only["subject"]) == ("pmd_core", "node 1")
    assert only["reason"] == (
        "NUMA node 1 has no PMD thread for queue 0 of p0, queue 1 of p0; another node polls them, which costs speed."
    )


def test_queues_that_nobody_polls():
    rows = rxqs.on(rxqs.queues(5, 0), 2, None)
    (only,) = advise(rows, rxqs.threads((2, 0, True)))
    assert (only["cure"], only["subject"]) == ("pmd_core", "queue 1 of p0")


def test_no_advice_where_nobody_said_who_polls():
    assert advise(rxqs.queues(90, 90)) == []


def test_a_switch_without_ports():
    assert cures([], []) == ["nothing"]


def test_names_with_braces_are_no_formats():
    rows = rxqs.on(rxqs.queues(97, 30, port="{0}{x}"), 2, 3)
    assert "{0}{x}" in advise(rows)[0]["reason"]
