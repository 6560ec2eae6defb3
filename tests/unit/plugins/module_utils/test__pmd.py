"""The texts of pmd-*-show: recorded from real switches, written after other versions, and damaged."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pmd

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "pmd")
PARSERS = {
    "rxq": _pmd.parse_rxq_show,
    "rxq5": _pmd.parse_rxq_show,
    "stats": _pmd.parse_stats_show,
    "perf": _pmd.parse_perf_show,
    "sleep": _pmd.parse_sleep_show,
}


def recordings():
    """(switch, name of the command) of everything recorded."""
    for switch in sorted(os.listdir(FIXTURES)):
        directory = os.path.join(FIXTURES, switch)
        if os.path.isdir(directory):
            for name in sorted(os.listdir(directory)):
                if name[:-4] in PARSERS:
                    yield switch, name[:-4]


def recorded(switch, name):
    with open(os.path.join(FIXTURES, switch, name + ".txt")) as handle:
        return handle.read()


@pytest.mark.parametrize("switch, name", list(recordings()))
def test_every_line_of_a_recording_is_understood(switch, name):
    parsed = PARSERS[name](recorded(switch, name))
    assert parsed["unparsed"] == []
    assert parsed["pmds"] or parsed.get("default") is not None


@pytest.mark.parametrize("switch, name", list(recordings()))
def test_a_recording_cut_off_anywhere_gives_no_wrong_number(switch, name):
    text, parse = recorded(switch, name), PARSERS[name]
    whole = parse(text)
    for length in range(len(text)):
        part = parse(text[:length])
        assert set(part["pmds"]) <= set(whole["pmds"])
        for core, record in part["pmds"].items():
            for key, value in record.items():
                full = whole["pmds"][core][key]
                assert value == full or (key == "rxqs" and value == full[: len(value)])


def test_queues_of_a_pinned_and_a_shared_thread():
    parsed = _pmd.parse_rxq_show(recorded("3.1-dummy", "rxq"))
    assert parsed["window"] == 60
    assert {core: (row["numa_id"], row["isolated"]) for core, row in parsed["pmds"].items()} == {
        1: (0, True),
        5: (1, False),
    }
    assert [(rxq["port"], rxq["queue_id"]) for rxq in parsed["pmds"][5]["rxqs"]] == [
        ("p0", 0),
        ("p0", 1),
        ("p0", 2),
        ("p1", 1),
    ]


def test_usage_within_a_chosen_window():
    parsed = _pmd.parse_rxq_show(recorded("3.1-dpdk", "rxq5"))
    row = parsed["pmds"][1]
    usage = {(rxq["port"], rxq["queue_id"]): rxq["usage_percent"] for rxq in row["rxqs"]}
    assert parsed["window"] == 5
    assert (usage[("nul0", 0)], usage[("nul0", 1)], usage[("sink", 0)], row["overhead_percent"]) == (45, 45, 0, 8)


def test_counters_of_a_flooded_thread():
    parsed = _pmd.parse_stats_show(recorded("3.1-dpdk", "stats"))
    row = parsed["pmds"][1]
    assert row["packets"] == 263229920
    assert row["emc_hits"] + row["megaflow_hits"] + row["upcalls"] + row["upcalls_lost"] == 263229920 - 32
    assert (row["idle_cycles"], row["processing_cycles"]) == (0, 31479031506)
    assert parsed["main"]["packets"] == 0
    assert "idle_cycles" not in parsed["main"]


def test_iterations_and_duration():
    row = _pmd.parse_perf_show(recorded("3.1-dpdk", "perf"))["pmds"][1]
    assert (row["iterations"], row["tx_batches"], row["sleep_us"]) == (4114103, 8166616, 0)
    assert (row["duration"], row["cycles_per_packet"], row["packets_per_batch"]) == (12.81, 120, 32)


def test_absurd_figures_right_after_the_start_do_no_harm():
    # "Used TSC cycles: … (258660206116.8 % of total cycles)"
    row = _pmd.parse_perf_show(recorded("3.1-dummy", "perf"))["pmds"][1]
    assert (row["rx_packets"], row["passes"], row["upcalls_lost"], row["busy_percent"]) == (0, 0, 0, 0)


# -- other versions -------------------------------------------------------------------------------------------------

RXQ_2_11 = """\
pmd thread numa_id 0 core_id 3:
  isolated : false
  port: dpdk0             queue-id:  0  pmd usage: NOT AVAIL
  port: vhost-user-1      queue-id: 11  pmd usage: 13 %
"""
RXQ_2_15 = """\
pmd thread numa_id 0 core_id 3:
  isolated : false
  port: dpdk0             queue-id:  0 (enabled)   pmd usage:  0 %
  port: vhost0            queue-id:  1 (disabled)  pmd usage: NOT AVAIL
"""
RXQ_2_9 = """\
pmd thread numa_id 0 core_id 3:
\tisolated : false
\tport: p0              \tqueue-id:  6\tpmd usage: NOT AVAIL
"""
RXQ_4_0 = """\
Displaying last 60 seconds pmd usage %
pmd thread numa_id 1 core_id 1:
  isolated : false
  port: p0                queue-id:  0 (enabled)   pmd usage: NOT AVAIL
  overhead: NOT AVAIL
pmd thread numa_id 0 core_id 2:
  isolated : false
"""


@pytest.mark.parametrize(
    "text, window, queues",
    [
        (RXQ_2_9, None, [("p0", 6, True, None)]),
        (RXQ_2_11, None, [("dpdk0", 0, True, None), ("vhost-user-1", 11, True, 13)]),
        (RXQ_2_15, None, [("dpdk0", 0, True, 0), ("vhost0", 1, False, None)]),
        (RXQ_4_0, 60, [("p0", 0, True, None)]),
    ],
    ids=["2.9", "2.11", "2.15", "4.0"],
)
def test_queues_of_other_versions(text, window, queues):
    parsed = _pmd.parse_rxq_show(text)
    rxqs = [rxq for row in parsed["pmds"].values() for rxq in row["rxqs"]]
    found = [(rxq["port"], rxq["queue_id"], rxq["enabled"], rxq["usage_percent"]) for rxq in rxqs]
    assert (parsed["window"], found, parsed["unparsed"]) == (window, queues, [])


def test_a_thread_without_queues_has_none():
    assert _pmd.parse_rxq_show(RXQ_4_0)["pmds"][2]["rxqs"] == []


STATS_2_15 = """\
pmd thread numa_id 0 core_id 1:
  packets received: 18446744073709551615
  packet recirculations: 7
  avg. datapath passes per packet: 1.00
  emc hits: 3
  smc hits: 2
  megaflow hits: 1
  avg. subtable lookups per megaflow hit: 1.50
  miss with success upcall: 1
  miss with failed upcall: 0
  avg. packets per output batch: 31.99
main thread:
  packets received: 0
"""


def test_counters_of_an_old_version_stay_exact_and_lack_what_it_does_not_print():
    row = _pmd.parse_stats_show(STATS_2_15)["pmds"][1]
    assert row["packets"] == 2**64 - 1
    assert row["subtable_lookups_per_hit"] == 1.5
    assert not {"phwol_hits", "mfex_hits", "simple_match_hits", "idle_cycles"} & set(row)


PERF_4_0 = """\

Time: 02:32:52.617
Measurement duration: 13.383 s

pmd thread numa_id 0 core_id 1:

  Iterations:              3012099  (4.04 us/it)
  - Used TSC cycles:   31628277278  ( 90.9 % of total cycles)
  - idle iterations:         93109  (  0.5 % of used cycles)
  - busy iterations:       2918990  ( 99.5 % of used cycles)
  - sleep iterations:            4  (  0.0 % of iterations)
  Sleep time (us):             250  (  0 us/iteration avg.)
  Rx packets:                   20  (0 Kpps, 169 cycles/pkt)
  Datapath passes:              24  (1.20 passes/pkt)
  - PHWOL hits:                  0  (  0.0 %)
  - Simple Match hits:123456789012  (  0.0 %)
  - EMC hits:                   19  ( 95.0 %)
  - SMC hits:                    0  (  0.0 %)
  - Megaflow hits:               0  (  0.0 %, 0.00 subtbl lookups/hit)
  - Upcalls:                     1  (  5.0 %, 0.0 us/upcall)
  - Lost upcalls:                0  (  0.0 %)
  Tx packets:                   20  (0 Kpps)
  Tx batches:                   20  (1.00 pkts/batch)

Time: 02:32:52.617
Measurement duration: 13.383 s

main thread:

  Rx packets:                    1  (0 Kpps)
  Datapath passes:               1  (1.00 passes/pkt)
  - EMC hits:                    0  (  0.0 %)
  - Upcalls:                     1  (100.0 %)
  - Lost upcalls:                0  (  0.0 %)
  Tx packets:                    0

"""


def test_4_0_answers_the_stats_command_in_the_other_format():
    parsed = _pmd.parse_stats_show(PERF_4_0)
    row = parsed["pmds"][1]
    assert parsed["unparsed"] == []
    assert (row["passes"], row["rx_packets"], row["emc_hits"], row["upcalls"]) == (24, 20, 19, 1)
    assert (row["busy_percent"], row["simple_match_hits"]) == (99.5, 123456789012)
    assert (parsed["main"]["upcalls"], parsed["main"]["tx_packets"]) == (1, 0)


@pytest.mark.parametrize("figure", ["nan", "-nan", "inf", "246244642647.1"])
def test_shares_that_are_none_become_none(figure):
    text = PERF_4_0.replace("( 99.5 % of used", "( {0} % of used".format(figure))
    parsed = _pmd.parse_perf_show(text)
    assert parsed["unparsed"] == []
    assert parsed["pmds"][1]["busy_percent"] is None


def test_sleep_of_each_thread():
    parsed = _pmd.parse_sleep_show(
        "Default max sleep:   50 us\n"
        "pmd thread numa_id 0 core_id 0:\n  max sleep:  100 us\n"
        "pmd thread numa_id 1 core_id 3:\n  max sleep: 10000 us\n"
    )
    assert parsed["default"] == 50
    assert {core: row["max_sleep_us"] for core, row in parsed["pmds"].items()} == {0: 100, 3: 10000}


# -- damaged and strange --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a b", "a: b", "queue-id:  7", "p" * 40, "(enabled)", "x pmd usage: 9 %", "ü"])
def test_port_names_with_strange_characters(name):
    text = RXQ_4_0.replace("port: p0      ", "port: {0:16}".format(name))
    (rxq,) = _pmd.parse_rxq_show(text)["pmds"][1]["rxqs"]
    assert (rxq["port"], rxq["queue_id"]) == (name, 0)


@pytest.mark.parametrize(
    "line",
    [
        "  port: p0                queue-id:  0 (enabled)   pmd usage: 4,5 %",
        "  port: p0                queue-id:  0 (paused)   pmd usage:  4 %",
        "  port: p0                queue-id:  0 (enabled)   pmd usage:  4 % of late",
        "  overhead:  1 permille",
        "  a line of the future: 7",
    ],
)
def test_lines_that_are_not_understood_are_handed_over(line):
    parsed = _pmd.parse_rxq_show("pmd thread numa_id 0 core_id 1:\n  isolated : false\n" + line + "\n")
    assert parsed["unparsed"] == [line]
    assert parsed["pmds"][1]["rxqs"] == []


@pytest.mark.parametrize("parse", sorted(set(PARSERS.values()), key=lambda parse: parse.__name__))
def test_what_stands_below_a_thread_of_the_future_is_not_given_to_the_thread_before(parse):
    heads = "pmd thread numa_id 0 core_id 1:\n", "pmd thread numa_id 0 core_id 2 (asleep):\n"
    known = "  isolated : false\n", "  packets received: 5\n", "  Rx packets:         5\n", "  max sleep:    5 us\n"
    alone = parse(heads[0])
    for line in known:
        parsed = parse(heads[0] + heads[1] + line)
        assert (parsed["pmds"], parsed["unparsed"]) == (alone["pmds"], [heads[1][:-1], line[:-1]])


def test_a_duration_that_is_not_understood_is_not_the_one_before():
    block = "Measurement duration: {0} s\n\npmd thread numa_id 0 core_id {1}:\n"
    parsed = _pmd.parse_perf_show(block.format("6.147", 1) + block.format("9,5", 2))
    assert {core: row["duration"] for core, row in parsed["pmds"].items()} == {1: 6.147, 2: None}


@pytest.mark.parametrize("parse", sorted(set(PARSERS.values()), key=lambda parse: parse.__name__))
def test_no_threads_at_all(parse):
    assert parse("")["pmds"] == {}
    # A line without a thread above it belongs to nobody.
    assert parse("  isolated : true\n")["unparsed"] == ["  isolated : true"]


def test_numbers_with_decimal_commas_are_not_guessed():
    parsed = _pmd.parse_stats_show(
        "pmd thread numa_id 0 core_id 1:\n  packets received: 1,5\n  avg. datapath passes per packet: 1,00\n"
    )
    assert parsed["pmds"][1] == {"core_id": 1, "numa_id": 0}
    assert len(parsed["unparsed"]) == 2
