"""Whatever is pinned one after the other: in the end all is as it was, and nobody else's pin was lost on the way."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pins, _rows

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

PINS = st.dictionaries(st.integers(0, 3), st.integers(0, 7), max_size=3)
KEYS = st.dictionaries(st.sampled_from(_pins.KEYS), st.sampled_from(["true", "false", "group", "cycles"]), max_size=3)
STEPS = st.lists(st.tuples(KEYS, PINS, PINS), max_size=4)


def affinity(pins):
    return {_pins.AFFINITY: ",".join("{0}:{1}".format(*pin) for pin in sorted(pins.items()))} if pins else {}


def columns(config):
    return {"other_config": config, "external_ids": {"hostname": "node"}}


def written(rows, root, interfaces):
    """The database once *rows* are written."""
    found = dict(interfaces, **{".": root})
    for row in rows:
        flat = _rows.applied(_rows.found(found[row.name]), row.changes)
        result = {"other_config": {}, "external_ids": {}}
        for entry, value in flat.items():
            column, _colon, key = entry.partition(":")
            result[column][key] = value
        found[row.name] = result
    return found.pop("."), found


@given(KEYS, PINS, PINS, STEPS)
def test_taking_back_leaves_nothing(config, one, two, steps):
    first = columns(config), {"a": columns(affinity(one)), "b": columns(affinity(two))}
    root, interfaces = first
    for keys, for_a, for_b in steps:
        pins = {
            name: {queue: core for queue, core in wanted.items() if queue not in theirs}
            for name, wanted, theirs in (("a", for_a, one), ("b", for_b, two))
        }
        root, interfaces = written(_pins.decide_all(pins, keys, root, interfaces), root, interfaces)
        assert _pins.decide_all(pins, keys, root, interfaces) == []
        for name, theirs in (("a", one), ("b", two)):
            assert _pins.others(interfaces[name]) == theirs
            found = _pins.affinity(interfaces[name]["other_config"].get(_pins.AFFINITY))
            assert found == {**theirs, **pins[name]}
        assert all(root["other_config"].get(key) == value for key, value in keys.items())
    assert written(_pins.decide_all({}, {}, root, interfaces), root, interfaces) == first
