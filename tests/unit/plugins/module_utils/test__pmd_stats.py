"""Totals and differences of PMD statistics, from samples and from recorded answers."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pmd_stats
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "pmd")
COMMANDS = {"pmd-rxq-show": "rxq", "pmd-stats-show": "stats", "pmd-perf-show": "perf", "pmd-sleep-show": "sleep"}


class Recorded:
    """Answers like a daemon, from files; a version that does not know a command refuses it."""

    process = {"pid": 7, "id": "boot/7/100"}

    def __init__(self, switch, secs=True, perf_for_stats=False):
        self.directory, self.secs, self.perf_for_stats = os.path.join(FIXTURES, switch), secs, perf_for_stats
        self.asked = []

    def ask_if_known(self, *command):
        self.asked.append(" ".join(command))
        name = COMMANDS[command[0].split("/")[1]]
        if "-secs" in command:
            name = "rxq5" if self.secs else "none"
        if name == "stats" and self.perf_for_stats:
            name = "perf"
        path = os.path.join(self.directory, name + ".txt")
        if not os.path.exists(path):
            return ""
        with open(path) as handle:
            return handle.read()


def totals(*args, **kwargs):
    return _pmd_stats.publish(_pmd_stats.sample(Recorded(*args, **kwargs)))


def test_totals_of_a_flooded_thread():
    result = totals("3.1-dpdk")
    (row,) = result["pmds"]
    assert (row["packets"], row["idle_cycles"], row["processing_cycles"]) == (263229920, 0, 31479031506)
    assert (row["busy_percent"], row["cycles_per_packet"], row["passes_per_packet"]) == (100.0, 119.59, 1.0)
    assert (row["iterations"], row["rx_packets"], row["tx_packets"]) == (4114103, 263302912, 261331712)
    assert (row["packets_per_batch"], row["subtable_lookups_per_hit"], row["sleep_percent"]) == (32.0, 1.0, 0.0)
    assert (result["restarted"], result["interval_seconds"], result["unparsed"]) == (False, 0, [])
    assert result["main_thread"]["packets"] == 0
    assert result["main_thread"]["idle_cycles"] is None


def test_every_published_row_has_every_key():
    keys = set(_pmd_stats.COUNTERS) | {
        "core_id",
        "numa_id",
        "isolated",
        "rxqs",
        "usage_window_seconds",
        "overhead_percent",
        "max_sleep_us",
        "passes_per_packet",
        "subtable_lookups_per_hit",
        "packets_per_batch",
        "busy_percent",
        "cycles_per_packet",
        "sleep_percent",
    }
    for switch in ("3.1-dummy", "3.1-dpdk", "3.5-dpdk"):
        for row in totals(switch)["pmds"]:
            assert set(row) == keys


def test_sleep_is_read_where_the_version_has_it():
    assert [row["max_sleep_us"] for row in totals("3.5-dpdk")["pmds"]] == [50]
    assert [row["max_sleep_us"] for row in totals("3.1-dpdk")["pmds"]] == [None]


def test_a_version_with_one_format_for_both_commands_lacks_only_exact_cycles():
    (row,) = totals("3.5-dpdk", perf_for_stats=True)["pmds"]
    assert (row["idle_cycles"], row["processing_cycles"]) == (None, None)
    assert (row["busy_percent"], row["packets_per_batch"]) == (100, 32.0)
    assert row["cycles_per_packet"] > 100
    assert row["packets"] == row["rx_packets"]


@pytest.mark.parametrize("interval, window", [(0, None), (0.5, 5), (5, 5), (5.1, 10), (6, 10), (60, 60), (3600, 60)])
def test_usage_is_asked_for_in_steps_of_five_seconds(interval, window):
    assert _pmd_stats.usage_window(interval) == window


def test_the_usage_of_the_last_seconds_where_the_version_has_it():
    (row,) = _pmd_stats.publish(_pmd_stats.sample(Recorded("3.1-dpdk"), 5))["pmds"]
    assert (row["usage_window_seconds"], row["overhead_percent"]) == (5, 8)
    (row,) = _pmd_stats.publish(_pmd_stats.sample(Recorded("3.1-dpdk", secs=False), 5))["pmds"]
    assert (row["usage_window_seconds"], row["overhead_percent"]) == (60, 1)


def test_nothing_that_writes_is_ever_asked():
    daemon = Recorded("3.5-dpdk")
    _pmd_stats.sample(daemon, 5)
    assert {command.split()[0] for command in daemon.asked} == {"dpif-netdev/" + name for name in COMMANDS}


def test_silence_is_not_an_empty_answer():
    class Silent(Recorded):
        def ask_if_known(self, *command):
            raise Failed("ovs-vswitchd does not answer")

    with pytest.raises(Failed):
        _pmd_stats.sample(Silent("3.1-dpdk"))


# -- differences ----------------------------------------------------------------------------------------------------


def sample(taken=0.0, life="a", **pmds):
    """A sample by hand: sample(c1={"packets": 5}) has one thread on core 1."""
    records = {}
    for name, counters in pmds.items():
        core = int(name[1:])
        records[core] = dict({"core_id": core, "numa_id": 0}, **counters)
    return {"taken": taken, "life": life, "window": 60, "pmds": records, "main": {}, "unparsed": []}


def difference(before, after, **other):
    return _pmd_stats.publish(sample(c1=before), sample(**dict({"taken": 2.0, "c1": after}, **other)))


def test_a_difference_is_exact_beyond_53_bits():
    (row,) = difference({"packets": 2**63}, {"packets": 2**63 + 3})["pmds"]
    assert row["packets"] == 3


def test_rates_are_of_what_happened_in_between():
    before = {"packets": 100, "recirculations": 0, "idle_cycles": 1000, "processing_cycles": 9000}
    after = {"packets": 110, "recirculations": 5, "idle_cycles": 1300, "processing_cycles": 9100}
    (row,) = difference(before, after)["pmds"]
    assert (row["busy_percent"], row["cycles_per_packet"], row["passes_per_packet"]) == (25.0, 10.0, 1.5)


def test_sleep_is_a_share_of_the_time_in_between():
    (row,) = difference({"sleep_us": 1000, "duration": 10.0}, {"sleep_us": 1501000, "duration": 12.0})["pmds"]
    assert row["sleep_percent"] == 75.0


@pytest.mark.parametrize("duration", [10.0, 10.00001])
def test_a_share_above_all_is_none(duration):
    (row,) = difference({"sleep_us": 0, "duration": 10.0}, {"sleep_us": 1500000, "duration": duration})["pmds"]
    assert row["sleep_percent"] is None


def test_nothing_in_between_is_null_where_it_would_be_divided_by():
    same = {
        "packets": 5,
        "recirculations": 0,
        "idle_cycles": 7,
        "processing_cycles": 7,
        "tx_packets": 5,
        "tx_batches": 1,
    }
    (row,) = difference(same, same)["pmds"]
    assert (row["packets"], row["tx_packets"]) == (0, 0)
    rates = ("busy_percent", "cycles_per_packet", "passes_per_packet", "packets_per_batch", "subtable_lookups_per_hit")
    assert {row[rate] for rate in rates} == {None}


def test_an_average_of_a_difference_is_given_only_while_its_rounding_is_small():
    before = {"megaflow_hits": 10**9, "subtable_lookups_per_hit": 1.0}
    small = {"megaflow_hits": 10**9 + 1000, "subtable_lookups_per_hit": 1.0}
    large = {"megaflow_hits": 2 * 10**10, "subtable_lookups_per_hit": 2.0}
    assert difference(before, small)["pmds"][0]["subtable_lookups_per_hit"] is None
    assert difference(before, large)["pmds"][0]["subtable_lookups_per_hit"] == 2.05


def test_a_restarted_daemon_has_no_differences_but_its_queues():
    result = difference({"packets": 5}, {"packets": 9, "rxqs": ["the queue"]}, life="b")
    (row,) = result["pmds"]
    assert result["restarted"]
    assert row["rxqs"] == ["the queue"]
    assert {row[name] for name in _pmd_stats.COUNTERS} == {None}


def test_a_daemon_whose_life_cannot_be_told_is_treated_as_another_one():
    assert _pmd_stats.publish(sample(life=None), sample(life=None, taken=1.0))["restarted"]


@pytest.mark.parametrize(
    "before, after",
    [
        ({}, {"packets": 7, "emc_hits": 7}),
        ({"packets": 100, "emc_hits": 7}, {"packets": 3, "emc_hits": 8}),
    ],
    ids=["a new thread", "cleared in between"],
)
def test_a_thread_that_began_anew_has_no_differences(before, after):
    (row,) = difference(before, after)["pmds"]
    assert {row[name] for name in _pmd_stats.COUNTERS} == {None}


def test_threads_that_are_gone_are_left_out():
    result = _pmd_stats.publish(sample(c1={}, c2={}), sample(c2={}, taken=1.5))
    assert [row["core_id"] for row in result["pmds"]] == [2]
    assert result["interval_seconds"] == 1.5


def test_what_was_not_understood_is_collected_from_both_samples():
    first, second = sample(), sample()
    first["unparsed"], second["unparsed"] = ["a", "b"], ["b", "c"]
    assert _pmd_stats.publish(first, second)["unparsed"] == ["a", "b", "c"]
