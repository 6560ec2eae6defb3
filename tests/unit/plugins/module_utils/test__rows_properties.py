import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rows

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

ENTRIES = st.dictionaries(st.sampled_from(["o:a", "o:b", "x:c", "tag"]), st.sampled_from(["1", "2", "3"]))


def run(row, recorded, wanted):
    decision = _rows.decide(row, wanted, recorded, lambda entry: True)
    remembered = _rows.memory(row, decision, recorded)
    return _rows.applied(row, decision.changes), _rows.remaining(decision, remembered), decision


@given(ENTRIES, st.lists(ENTRIES, max_size=4))
def test_any_history_converges_and_can_be_undone(original, history):
    row, recorded = original, {}
    for wanted in history:
        row, recorded, _decision = run(row, recorded, wanted)
        assert {entry: row[entry] for entry in wanted} == wanted
        assert set(recorded) == _rows.owned(row)
        assert run(row, recorded, wanted)[2].changes == []
    row, recorded, _decision = run(row, recorded, {})
    assert (row, recorded) == (original, {})


@given(ENTRIES, ENTRIES, ENTRIES)
def test_what_others_do_meanwhile_survives(original, wanted, foreign):
    row, recorded, _decision = run(original, {}, wanted)
    changed = {entry: item for entry, item in foreign.items() if row.get(entry) != item}
    row, recorded, decision = run(dict(row, **changed), recorded, {})
    for entry, item in changed.items():
        assert row[entry] == item
    assert set(decision.left_alone) <= set(changed)


@given(ENTRIES, ENTRIES, st.booleans())
def test_killed_between_remembering_and_writing(original, wanted, again):
    """The state file is ahead of the database: the next run, whatever it wants, must not lose the original."""
    decision = _rows.decide(original, wanted, {}, lambda entry: True)
    recorded = _rows.memory(original, decision, {})
    row, recorded, _decision = run(original, recorded, wanted if again else {})
    row, _recorded, _decision = run(row, recorded, {})
    assert row == original


KEYS = st.dictionaries(st.sampled_from(["other_config:a", "other_config:b"]), st.sampled_from(["1", "2", "3"]))


@given(KEYS, KEYS, KEYS)
def test_what_was_put_back_is_as_before_and_can_still_be_undone(original, earlier, wanted):
    """A run of before, a run whose values do no good, the way back, and one day the end of it all."""
    before, recorded, _decision = run(original, {}, earlier)
    row, recorded, _decision = run(before, recorded, wanted)
    changes, recorded = _rows.put_back(row, before, recorded)
    row = _rows.applied(row, changes)
    assert row == before
    assert set(recorded) == _rows.owned(row)
    if set(earlier) <= set(wanted):  # what had been given up in between is remembered no more
        assert run(row, recorded, {})[0] == original


@given(KEYS, KEYS)
def test_inverse(row, wanted):
    changes = _rows.decide(row, wanted, {}, lambda entry: True).changes
    assert _rows.applied(_rows.applied(row, changes), _rows.inverse(changes)) == row
