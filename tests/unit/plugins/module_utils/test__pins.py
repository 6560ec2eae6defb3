"""Pins in rows of OVSDB: written, replaced, taken back; and what is refused. Real switches: tests/vswitch."""

import json

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pins, _rows
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

KEY = "pmd-rxq-affinity"
ENTRY = "other_config:" + KEY


def row(value=None, mark=None):
    config = {} if value is None else {KEY: value}
    return {"other_config": config, "external_ids": {} if mark is None else {_pins.NAME: mark}}


def marked(value, before, after):
    return row(value, json.dumps({ENTRY: {"after": after, "before": before}}))


def after(columns, changes):
    """The row once *changes* are written."""
    flat = _rows.applied(_rows.found(columns), changes)
    return row(flat.get(ENTRY), flat.get(_pins.MARK))


@pytest.mark.parametrize(
    "found, wanted, expected, left",
    [
        (row(), {KEY: "0:3"}, marked("0:3", None, "0:3"), []),
        (row("1:4"), {KEY: "0:3,1:4"}, marked("0:3,1:4", "1:4", "0:3,1:4"), []),
        (row("0:3"), {KEY: "0:3"}, row("0:3"), []),
        (marked("0:3", None, "0:3"), {KEY: "0:5"}, marked("0:5", None, "0:5"), []),
        (marked("0:3", "1:4", "0:3"), {KEY: "1:4"}, row("1:4"), []),
        (marked("0:3", None, "0:3"), {}, row(), []),
        (marked("0:3", "1:4", "0:3"), {}, row("1:4"), []),
        (marked("0:9", "1:4", "0:3"), {}, row("0:9"), [ENTRY]),
        (marked("0:9", "1:4", "0:3"), {KEY: "0:5"}, marked("0:5", "0:9", "0:5"), []),
        (marked(None, "1:4", "0:3"), {}, row(), [ENTRY]),
        (row("0:3"), {}, row("0:3"), []),
        (row("0:3", "garbage"), {}, row("0:3"), []),
        (row("0:3", "[1]"), {}, row("0:3"), []),
    ],
    ids=[
        "new",
        "over one of others",
        "fits already",
        "replaced",
        "back to what was there",
        "taken back",
        "given back",
        "changed by others",
        "changed by others, wanted",
        "removed by others",
        "not ours",
        "a mark that is none",
        "a mark of another kind",
    ],
)
def test_one_row(found, wanted, expected, left):
    changes, alone = _pins.decide(found, wanted)
    result = after(found, changes)
    assert (result, alone) == (expected, left)
    assert _pins.decide(result, wanted) == ([], [])
    undone = after(result, _pins.decide(result, {})[0])
    assert _pins.NAME not in undone["external_ids"]


@pytest.mark.parametrize(
    "text, pins",
    [
        ("0:3,1:5", {0: 3, 1: 5}),
        (" 0 : 3 , 1:5", {0: 3, 1: 5}),
        ("0:3 1=5\t2:7", {0: 3, 1: 5, 2: 7}),
        ("0:3,x:1,2:,:4,5", {0: 3}),
        ("", {}),
        (None, {}),
        ("-1:2", {}),
    ],
)
def test_affinity(text, pins):
    assert _pins.affinity(text) == pins


def test_pins_of_others_are_those_below_ours():
    assert _pins.others(marked("0:3,1:4", "1:4", "0:3,1:4")) == {1: 4}
    assert _pins.others(marked("0:9", "1:4", "0:3")) == {0: 9}
    assert _pins.others(row("2:2")) == {2: 2}


def test_since_2_16_pins_come_with_group():
    keys = {"pmd-rxq-assign": "group", "pmd-rxq-isolate": "false"}
    assert _pins.complete({}, {"p": {0: 1}}, (2, 16, 0)) == keys
    assert _pins.complete({}, {"p": {0: 1}}, (2, 15, 0)) == {}
    assert _pins.complete({"pmd-auto-lb": "true"}, {}, (3, 1, 0)) == {"pmd-auto-lb": "true"}


@pytest.mark.parametrize(
    "keys, words",
    [
        ({"pmd-rxq-assign": "cycles"}, "pins do not go together with this (other_config:pmd-rxq-assign): found cycles"),
        ({"pmd-rxq-isolate": "true"}, "pins do not go together with this (other_config:pmd-rxq-isolate): found true"),
        ({"pmd-cpu-mask": "0x6"}, "not a key of balancing (other_config): found pmd-cpu-mask"),
    ],
)
def test_keys_that_are_refused(keys, words):
    with pytest.raises(Refused) as refused:
        _pins.complete(keys, {"p": {0: 1}}, (3, 1, 0))
    assert str(refused.value).startswith(words)


def answers(interfaces, config=None):
    threads = {2: 0, 3: 0, 12: 1}
    return {
        "rxqs": {"pmds": {core: {"core_id": core, "numa_id": node} for core, node in threads.items()}},
        "interfaces": interfaces,
        "root": {"other_config": config or {}, "external_ids": {}},
    }


def check(pins, keys, found):
    _pins.check(pins, keys, found, lambda interface: None, {"p": 4})


def test_before_2_16_one_thread_of_each_node_stays_free():
    found = answers({"p": row(), "q": row()})
    check({"p": {0: 2, 1: 2}}, {}, found)
    with pytest.raises(Refused) as refused:
        check({"p": {0: 2}, "q": {0: 3}}, {}, found)
    assert "NUMA node 0" in str(refused.value)
    assert "a port added later would not be polled" in str(refused.value)
    with pytest.raises(Refused):
        check({"p": {0: 12}}, {}, found)
    with pytest.raises(Refused):  # together with a pin of somebody else
        check({"p": {0: 2}}, {}, answers({"p": row(), "q": row("0:3")}))


def test_a_node_that_others_have_pinned_full_does_not_matter():
    check({"p": {0: 2}}, {}, answers({"p": row(), "q": row("0:12")}))


GROUP = {"pmd-rxq-assign": "group", "pmd-rxq-isolate": "false"}


def test_threads_that_others_isolated_are_not_opened():
    with pytest.raises(Refused) as refused:
        check({"p": {0: 2}}, GROUP, answers({"p": row(), "q": row("0:3")}))
    assert "found pins on the cores 3" in str(refused.value)
    check({"p": {0: 2}}, GROUP, answers({"p": row(), "q": row("0:3")}, GROUP))
