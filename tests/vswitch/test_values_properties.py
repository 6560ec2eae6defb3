"""Whatever text goes into the database comes out of it, through the real ovs-vsctl and ovsdb-server."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rows
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
KEYS = st.from_regex(r"\A[A-Za-z0-9_][A-Za-z0-9_.:/@+-]{0,15}\Z").filter(lambda key: not key.startswith(_rows.RESERVED))


@pytest.fixture(scope="module")
def database(make_switch):
    made = make_switch()

    def run(argv):
        done = made.command(*argv)
        return done.returncode, done.stdout, done.stderr

    yield Switch(run, made.rundir)
    made.stop()


@given(st.dictionaries(KEYS, TEXTS, max_size=6), st.dictionaries(KEYS, TEXTS, max_size=6))
def test_round_trip(database, other_config, external_ids):
    def change(columns):
        row = _rows.found({name: database.root_row()[name] for name in ("other_config", "external_ids")})
        decision = _rows.decide(row, _rows.flat(columns), {}, lambda entry: True)
        if decision.changes:
            database.transact(_rows.commands("Open_vSwitch", ".", decision.changes), wait=False)
        return _rows.found({name: database.root_row()[name] for name in ("other_config", "external_ids")})

    wanted = {"other_config": other_config, "external_ids": external_ids}
    row = change(wanted)
    assert _rows.owned(row) == set(_rows.flat(wanted))
    row.pop(_rows.KEYS, None)
    assert row == _rows.flat(wanted)
    assert change({}) == {}
