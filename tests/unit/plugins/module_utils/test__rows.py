import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rows
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def everything(entry):
    return True


def test_listed():
    assert [_rows.listed(item) for item in ("x", ["x"], [])] == [["x"], ["x"], []]


def test_flat_is_text_and_null_is_left_out():
    columns = {
        "other_config": {"a": True, "b": False, "c": 0, "d": None, "e": "x=1, y"},
        "external_ids": None,
        "tag": 5,
        "trunks": [7, 3],
        "fail_mode": "secure",
        "mtu_request": None,
    }
    assert _rows.flat(columns) == {
        "other_config:a": "true",
        "other_config:b": "false",
        "other_config:c": "0",
        "other_config:e": "x=1, y",
        "tag": "5",
        "trunks": "3,7",
        "fail_mode": "secure",
    }


@pytest.mark.parametrize(
    "columns, words",
    [
        ({"other_config": {"a": [1]}}, r"not a single value \(other_config:a\): found \[1\]"),
        ({"other_config": {"a": "x\0"}}, "a value that OVSDB cannot hold"),
        ({"other_config": {"a": "\udc80"}}, "a value that OVSDB cannot hold"),
        ({"other_config": {"a,b": 1}}, r"not a name for a key \(other_config\): found 'a,b'"),
        ({"other_config": {"": 1}}, "not a name for a key"),
        ({"other_config": {"x\n": 1}}, "not a name for a key"),
        ({"other_config": {"--x": 1}}, "not a name for a key"),
        ({"external_ids": {"nfv-ovs-dpdk-keys": ""}}, "a key that this collection keeps for itself"),
    ],
)
def test_what_cannot_be_held_is_refused(columns, words):
    with pytest.raises(Refused, match=words):
        _rows.flat(columns)


def test_found_takes_foreign_keys_as_they_are():
    columns = {"other_config": {"a, b": "c", "x:y": ""}, "tag": [], "trunks": 4, "type": "dpdk"}
    assert _rows.found(columns) == {"other_config:a, b": "c", "other_config:x:y": "", "trunks": "4", "type": "dpdk"}


def change(entry, before, after):
    return _rows.Change(entry, before, after)


@pytest.mark.parametrize(
    "row, wanted, recorded, changes",
    [
        # a key that fits is not taken over
        ({"o:a": "1"}, {"o:a": "1"}, {}, []),
        # a difference is set and becomes ours
        ({"o:a": "1"}, {"o:a": "2"}, {}, [("o:a", "1", "2"), (_rows.KEYS, None, "o:a")]),
        # ours and wanted no more: removed, or given back
        ({"o:a": "2", _rows.KEYS: "o:a"}, {}, {}, [("o:a", "2", None), (_rows.KEYS, "o:a", None)]),
        (
            {"o:a": "2", _rows.KEYS: "o:a"},
            {},
            {"o:a": {"before": "1", "after": "2"}},
            [("o:a", "2", "1"), (_rows.KEYS, "o:a", None)],
        ),
        # changed by somebody else after us, or removed by him
        ({"o:a": "3", _rows.KEYS: "o:a"}, {}, {"o:a": {"before": "1", "after": "2"}}, [(_rows.KEYS, "o:a", None)]),
        ({_rows.KEYS: "o:a"}, {}, {}, [(_rows.KEYS, "o:a", None)]),
        # a mark on the row is no entry of our list
        ({}, {_rows.OWNER: _rows.US}, {}, [(_rows.OWNER, None, _rows.US)]),
    ],
)
def test_decide(row, wanted, recorded, changes):
    assert _rows.decide(row, wanted, recorded, everything).changes == [change(*each) for each in changes]


def test_decide_names_what_it_leaves_alone():
    row = {"o:a": "3", _rows.KEYS: "o:a"}
    decision = _rows.decide(row, {}, {"o:a": {"before": "1", "after": "2"}}, everything)
    assert (decision.left_alone, decision.owned) == (["o:a"], set())


def test_decide_speaks_only_of_what_is_in_scope():
    row = {"o:a": "1", "x:b": "2", _rows.KEYS: "o:a,x:b"}
    decision = _rows.decide(row, {}, {}, lambda entry: entry.startswith("o:"))
    assert decision.changes == [change("o:a", "1", None), change(_rows.KEYS, "o:a,x:b", "x:b")]


def test_the_oldest_value_is_remembered():
    row, recorded = {"o:a": "operator"}, {}
    for value in ("1", "2"):
        decision = _rows.decide(row, {"o:a": value}, recorded, everything)
        recorded = _rows.remaining(decision, _rows.memory(row, decision, recorded))
        row = _rows.applied(row, decision.changes)
        assert recorded == {"o:a": {"before": "operator", "after": value}}


def carried(row, wanted, recorded, dies=False):
    """(row, what is remembered) after a change, or after one that died before it was there."""
    decision = _rows.decide(row, wanted, recorded, everything)
    remembered = _rows.memory(row, decision, recorded)
    return (row, remembered) if dies else (_rows.applied(row, decision.changes), _rows.remaining(decision, remembered))


def test_what_somebody_has_set_since_is_what_comes_back():
    row, recorded = carried({"other_config:max-idle": "10000"}, {"other_config:max-idle": "8000"}, {})
    row["other_config:max-idle"] = "30000"
    for _again in range(2):
        row, recorded = carried(row, {"other_config:max-idle": "8000"}, recorded)
    assert recorded == {"other_config:max-idle": {"before": "30000", "after": "8000"}}
    assert carried(row, {}, recorded)[0] == {"other_config:max-idle": "30000"}


def test_what_he_took_away_since_stays_away():
    row, recorded = carried({"other_config:max-idle": "10000"}, {"other_config:max-idle": "8000"}, {})
    del row["other_config:max-idle"]
    row, recorded = carried(row, {"other_config:max-idle": "8000"}, recorded)
    assert carried(row, {}, recorded)[0] == {}


def test_our_own_value_is_nobodys_however_often_a_change_of_it_dies():
    row, recorded = carried({"other_config:max-idle": "10000"}, {"other_config:max-idle": "8000"}, {})
    for number in ("7000", "6000", "5000"):
        row, recorded = carried(row, {"other_config:max-idle": number}, recorded, dies=True)
    row, recorded = carried(row, {"other_config:max-idle": "4000"}, recorded)
    assert recorded == {"other_config:max-idle": {"before": "10000", "after": "4000"}}


def test_what_is_remembered_of_a_key_that_is_not_ours_any_more_does_not_count():
    """The state file may be older than the database: an interrupted run, or a row that somebody made anew."""
    row, recorded = {"o:a": "operator"}, {"o:a": {"before": "long ago", "after": "1"}}
    decision = _rows.decide(row, {"o:a": "2"}, recorded, everything)
    assert _rows.memory(row, decision, recorded) == {"o:a": {"before": "operator", "after": "2"}}


def test_commands():
    changes = [
        change("other_config:a", None, 'x, "y"=\\z\n\u00e9'),
        change("other_config:b:c", "1", None),
        change("tag", None, "5"),
        change("trunks", None, "1,2"),
        change("mtu_request", "9000", None),
        change("fail_mode", None, "secure"),
    ]
    assert _rows.commands("Bridge", "br0", changes) == [
        ["remove", "Bridge", "br0", "other_config", '"b:c"'],
        ["clear", "Bridge", "br0", "mtu_request"],
        [
            "set",
            "Bridge",
            "br0",
            'other_config:"a"="x, \\"y\\"=\\\\z\\n\\u00e9"',
            "tag=5",
            "trunks=1,2",
            'fail_mode="secure"',
        ],
    ]
    assert _rows.commands("Bridge", "br0", []) == []


@pytest.mark.parametrize("before, after, verb", [(None, "1", "set"), ("1", "2", "change"), ("1", None, "remove")])
def test_verb(before, after, verb):
    assert _rows.verb(change("o:a", before, after)) == verb


def test_put_back_knows_what_was_in_force_from_an_earlier_run():
    """Two runs wrote the key; the process still uses the value of before the first one, which is not ours."""
    row = {"other_config:a": "2", "external_ids:x": "1", _rows.KEYS: "external_ids:x,other_config:a"}
    earlier = dict(row, **{"other_config:a": "operator"})
    recorded = {
        "other_config:a": {"before": "operator", "after": "2"},
        "external_ids:x": {"before": None, "after": "1"},
    }
    changes, remembered = _rows.put_back(row, earlier, recorded)
    assert changes == [
        change("other_config:a", "2", "operator"),
        change(_rows.KEYS, "external_ids:x,other_config:a", "external_ids:x"),
    ]
    assert remembered == {"external_ids:x": {"before": None, "after": "1"}}


def test_put_back_leaves_alone_what_is_nobody_elses_business():
    """Of *earlier*, which may be old: what is in it. Of what became ours since: what was there before us."""
    row = {
        "other_config:a": "bad",
        "other_config:b": "2",
        "other_config:c": "operator",
        _rows.KEYS: "other_config:a,other_config:b",
    }
    recorded = {"other_config:a": {"before": None, "after": "bad"}, "other_config:b": {"before": "1", "after": "2"}}
    changes, remembered = _rows.put_back(row, {"other_config:a": None}, recorded)
    assert changes == [
        change("other_config:a", "bad", None),
        change("other_config:b", "2", "1"),
        change(_rows.KEYS, "other_config:a,other_config:b", None),
    ]
    assert remembered == {}


def test_put_back_without_a_difference_is_nothing():
    row = {"other_config:a": "2", _rows.KEYS: "other_config:a"}
    assert _rows.put_back(row, row, {}) == ([], {})
