"""pmd_rxq_plan_info with given loads; with a switch see tests/vswitch/test_rebalance_play.py."""

import pytest

LOADS = [
    {"port": "dpdk0", "queue_id": number, "numa_id": 0, "load": load, "core_id": core}
    for number, (load, core) in enumerate([(60, 2), (30, 2), (10, 3)])
]
PMDS = [{"core_id": 2, "numa_id": 0}, {"core_id": 3, "numa_id": 0}]


@pytest.fixture
def plan(run_module):
    return lambda **options: run_module("pmd_rxq_plan_info", dict({"loads": LOADS, "pmds": PMDS}, **options))


def test_given_loads(plan):
    result = plan(version="3.1.0", other_config={"pmd-rxq-assign": "roundrobin"})
    names = ("current", "roundrobin", "cycles", "group", "best")
    assert [result[name]["max_load"] for name in names] == [90, 70, 60, 60, 60]
    assert result["best"]["gap"] == 0
    assert [each["cure"] for each in result["advice"]] == ["assign"]
    assert result["loads"][0] == dict(LOADS[0], enabled=True, pinned_core=None)
    assert result["pmds"][0] == dict(PMDS[0], isolated=False)
    assert (result["owners"], result["unparsed"]) == ({}, [])


def test_thresholds_decide_what_is_worth_it(plan):
    assert [each["cure"] for each in plan(load_threshold=91)["advice"]] == ["nothing"]
    assert [each["cure"] for each in plan(improvement_threshold=40)["advice"]] == ["nothing"]


def test_without_a_word_on_who_polls_there_is_no_advice(plan):
    result = plan(loads=[{key: value for key, value in row.items() if key != "core_id"} for row in LOADS])
    assert (result["current"], result["advice"], result["group"]["max_load"]) == (None, [], 60)


def test_the_same_question_has_the_same_answer(plan):
    assert plan() == plan()


@pytest.mark.parametrize(
    "options, words",
    [
        ({"interval": 61}, "out of range (interval): found 61, expected 0 to 60"),
        ({"interval": -1}, "out of range (interval): found -1, expected 0 to 60"),
        ({"load_threshold": 0}, "out of range (load_threshold): found 0, expected 1 to 100"),
        ({"improvement_threshold": 101}, "out of range (improvement_threshold): found 101, expected 1 to 100"),
        ({"version": "new"}, "not a version (version): found new, expected one such as 3.1.0"),
        ({"pmds": PMDS * 2}, "the same row twice (pmds): found 2"),
        ({"loads": [dict(LOADS[0], load=-2)]}, "not a load (port dpdk0 queue 0): found -2.0"),
        ({"loads": [dict(LOADS[0], load="much")]}, "argument 'load' is of type"),
        ({"loads": None}, "one without the other (loads, pmds)"),
        ({"pmds": None}, "one without the other (loads, pmds): expected both or none"),
    ],
)
def test_refusals(plan, options, words):
    result = plan(**options)
    assert result["failed"]
    assert result["msg"].startswith(words)


def test_no_switch_is_one_sentence(run_module, tmp_path):
    result = run_module("pmd_rxq_plan_info", {"ovs_rundir": str(tmp_path)})
    assert result["failed"]
    assert result["msg"].startswith("ovs-vswitchd does not answer ({0})".format(tmp_path))
