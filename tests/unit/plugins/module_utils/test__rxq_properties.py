"""What holds for every placement, whatever the loads."""

import itertools

import pytest
import rxqs
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq, _rxq_advice, _rxq_ovs

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

LOAD = st.one_of(st.integers(0, 100), st.floats(0, 100))
CORES = st.sampled_from([0, 1, 2, 3])
QUEUE = st.builds(
    rxqs.queue,
    LOAD,
    node=st.integers(0, 2),
    pin=st.one_of(st.none(), st.none(), st.integers(0, 9)),
    core=st.one_of(st.none(), CORES),
)
QUEUES = st.lists(QUEUE, max_size=7).map(lambda rows: [dict(row, queue_id=index) for index, row in enumerate(rows)])
PMDS = st.dictionaries(CORES, st.tuples(st.integers(0, 2), st.booleans(), st.booleans()), min_size=1).map(
    lambda found: [
        {"core_id": core, "numa_id": node, "isolated": one and two} for core, (node, one, two) in found.items()
    ]
)
VERSION = st.sampled_from([None, (2, 11, 0), (2, 15, 1), (2, 16, 0), (3, 1, 0), (3, 7, 0)])


def allowed(row, pmds):
    """The cores that a queue may be polled by."""
    present = {pmd["core_id"]: pmd for pmd in pmds}
    if row["pinned_core"] in present:
        return {row["pinned_core"]}
    free = {core: pmd["numa_id"] for core, pmd in present.items() if not pmd["isolated"]}
    home = {core for core, node in free.items() if node == row["numa_id"]}
    return home or set(free) or {None}


@given(QUEUES, PMDS)
def test_every_queue_has_one_place_that_it_may_have(rows, pmds):
    for cores in (_rxq_ovs.schedule("group", rows, pmds), _rxq.place(rows, pmds).best):
        assert len(cores) == len(rows)
        assert all(core in allowed(row, pmds) for row, core in zip(rows, cores))


@given(QUEUES, PMDS, st.sampled_from(["cycles", "roundrobin"]))
def test_algorithms_that_close_pinned_threads(rows, pmds, algorithm):
    present = {pmd["core_id"] for pmd in pmds}
    pinned = {row["pinned_core"] for row in rows} & present
    closed = [dict(pmd, isolated=pmd["isolated"] or pmd["core_id"] in pinned) for pmd in pmds]
    cores = _rxq_ovs.schedule(algorithm, rows, pmds)
    assert all(core in allowed(row, closed) for row, core in zip(rows, cores))


@given(QUEUES, PMDS)
def test_the_best_is_that_of_trying_everything(rows, pmds):
    placements = _rxq.place(rows, pmds)
    tried = min(
        max(_rxq.held(rows, pmds, cores).values())
        for cores in itertools.product(*[sorted(allowed(row, pmds), key=str) for row in rows])
    )
    found = max(_rxq.held(rows, pmds, placements.best).values())
    assert found == pytest.approx(tried)
    assert placements.exact
    assert placements.bound == pytest.approx(tried)
    assert found <= max(_rxq.held(rows, pmds, placements.group).values()) + 1e-9


@given(st.lists(LOAD, min_size=1, max_size=12), st.integers(1, 5))
def test_group_keeps_grahams_bound(loads, count):
    """Without pins group is "largest first", which is at most 4/3 - 1/(3 threads) of the optimum."""
    rows, pmds = rxqs.queues(*loads), rxqs.threads(*[(core, 0) for core in range(count)])
    placements = _rxq.place(rows, pmds)
    best, group = (max(_rxq.held(rows, pmds, each).values()) for each in (placements.best, placements.group))
    assert best <= group + 1e-9 <= best * (4 / 3.0 - 1 / (3.0 * count)) + 2e-9


@given(QUEUES, PMDS, VERSION, st.sampled_from(["cycles", "group", "roundrobin"]), st.integers(1, 100), st.booleans())
def test_advice_is_never_empty_and_never_promises_too_much(rows, pmds, version, assign, load, owned):
    owners = {"p0": "an instance"} if owned else {}
    case = rxqs.case(rows, pmds, version, {"pmd-rxq-assign": assign}, owners, load)
    advice = _rxq_advice.advise(case)
    if rows and all(row["core_id"] is None for row in rows):
        assert advice == []
        return
    assert advice
    now = case.highest(case.placements.current)
    for each in advice:
        assert each["reason"].endswith(".")
        if each["writable"]:
            assert each["max_load"] < now
            assert not owned or not each["pins"]
        if each["pins"] and not _rxq_ovs.knows_group(version):
            pinned = {pin["core_id"] for pin in each["pins"]}
            for node in {pmd["numa_id"] for pmd in pmds if pmd["core_id"] in pinned}:
                assert {pmd["core_id"] for pmd in pmds if pmd["numa_id"] == node} - pinned
