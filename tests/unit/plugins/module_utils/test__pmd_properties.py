"""Whatever a switch prints in the formats of its versions comes back as the same data."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pmd

pytest.importorskip("hypothesis")
from hypothesis import given
from hypothesis import strategies as st

COUNTER = st.integers(0, 2**64 - 1)
SHARE = st.one_of(st.none(), st.integers(0, 100))
# ovs-vsctl takes any name without a slash; OVS pads it to 16 columns.
NAME = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=20).filter(
    lambda name: name == name.strip() and not name.splitlines()[1:]
)
RXQ = st.fixed_dictionaries(
    {"port": NAME, "queue_id": st.integers(0, 1023), "enabled": st.booleans(), "usage_percent": SHARE}
)
THREADS = st.dictionaries(
    st.integers(0, 1023),
    st.fixed_dictionaries(
        {
            "numa_id": st.integers(0, 255),
            "isolated": st.booleans(),
            "rxqs": st.lists(RXQ, max_size=6),
            "overhead_percent": SHARE,
        }
    ),
    max_size=5,
)


def usage(share):
    return "NOT AVAIL" if share is None else "{0:2d} %".format(share)


def rxq_show(threads, window, states, overhead):
    """As printed by 3.1 and later (window), by 2.12 and later (states), and before."""
    lines = [] if window is None else ["Displaying last {0} seconds pmd usage %".format(window)]
    for core, row in threads.items():
        lines.append("pmd thread numa_id {0} core_id {1}:".format(row["numa_id"], core))
        lines.append("  isolated : {0}".format("true" if row["isolated"] else "false"))
        for rxq in row["rxqs"]:
            state = (" (enabled) " if rxq["enabled"] else " (disabled)") if states else ""
            form = "  port: {0:16}  queue-id: {1:2d}{2}  pmd usage: {3}"
            lines.append(form.format(rxq["port"], rxq["queue_id"], state, usage(rxq["usage_percent"])))
        if overhead and row["rxqs"]:
            lines.append("  overhead: {0}".format(usage(row["overhead_percent"])))
    return "".join(line + "\n" for line in lines)


@given(THREADS, st.one_of(st.none(), st.integers(5, 60)), st.booleans(), st.booleans())
def test_queues(threads, window, states, overhead):
    parsed = _pmd.parse_rxq_show(rxq_show(threads, window, states, overhead))
    assert (parsed["unparsed"], parsed["window"]) == ([], window)
    assert set(parsed["pmds"]) == set(threads)
    for core, row in threads.items():
        found = parsed["pmds"][core]
        rxqs = row["rxqs"] if states else [dict(rxq, enabled=True) for rxq in row["rxqs"]]
        assert (found["numa_id"], found["isolated"], found["rxqs"]) == (row["numa_id"], row["isolated"], rxqs)
        assert found.get("overhead_percent") == (row["overhead_percent"] if overhead and row["rxqs"] else None)


STATS = [
    ("packets", "packets received"),
    ("recirculations", "packet recirculations"),
    ("phwol_hits", "phwol hits"),
    ("mfex_hits", "mfex opt hits"),
    ("simple_match_hits", "simple match hits"),
    ("emc_hits", "emc hits"),
    ("smc_hits", "smc hits"),
    ("megaflow_hits", "megaflow hits"),
    ("upcalls", "miss with success upcall"),
    ("upcalls_lost", "miss with failed upcall"),
]


@given(
    st.dictionaries(st.integers(0, 1023), st.fixed_dictionaries({field: COUNTER for field, _key in STATS}), max_size=4),
    st.sets(st.sampled_from(["phwol_hits", "mfex_hits", "simple_match_hits", "smc_hits"])),
    COUNTER,
    COUNTER,
)
def test_counters_of_any_width(threads, absent, idle, processing):
    lines = []
    for core, row in threads.items():
        lines.append("pmd thread numa_id 0 core_id {0}:".format(core))
        lines += ["  {0}: {1}".format(key, row[field]) for field, key in STATS if field not in absent]
        lines.append("  idle cycles: {0} ({1:.2f}%)".format(idle, 12.5))
        lines.append("  processing cycles: {0} ({1:.2f}%)".format(processing, 87.5))
        lines.append("  avg cycles per packet: {0:.2f} ({1}/{2})".format(1.5, idle + processing, row["packets"]))
    parsed = _pmd.parse_stats_show("".join(line + "\n" for line in lines))
    assert parsed["unparsed"] == []
    for core, row in threads.items():
        expected = {field: value for field, value in row.items() if field not in absent}
        expected.update(core_id=core, numa_id=0, idle_cycles=idle, processing_cycles=processing)
        assert parsed["pmds"][core] == expected


@given(
    st.lists(st.tuples(COUNTER, COUNTER, COUNTER, st.integers(0, 10**15)), max_size=4),
    st.sampled_from(["", "nan", "-nan"]),
)
def test_iterations(rows, broken):
    blocks = []
    for core, (iterations, received, sent, slept) in enumerate(rows):
        share = broken or "12.5"
        block = [
            "",
            "Time: 04:10:57.427",
            "Measurement duration: 6.147 s",
            "",
            "pmd thread numa_id 1 core_id {0}:".format(core),
            "",
            "  Iterations:         {0:12d}  ({1} us/it)".format(iterations, share),
            "  - Used TSC cycles:  {0:12d}  ({1:>5} % of total cycles)".format(7, share),
            "  - busy iterations:  {0:12d}  ({1:>5} % of used cycles)".format(3, share),
            "  - sleep iterations: {0:12d}  ({1:>5} % of iterations)".format(3, share),
            "  Sleep time (us):    {0:12d}  ({1:>3} us/iteration avg.)".format(slept, broken or "1"),
        ]
        if received:
            block.append("  Rx packets:         {0:12d}  ({1:.0f} Kpps, {2:.0f} cycles/pkt)".format(received, 5, 6))
            block.append("  - Simple Match hits:{0:12d}  ({1:5.1f} %)".format(received, 100.0))
        else:
            block.append("  Rx packets:         {0:12d}".format(0))
        block.append("  Tx packets:         {0:12d}{1}".format(sent, "  (0 Kpps)" if sent else ""))
        blocks += block
    parsed = _pmd.parse_perf_show("".join(line + "\n" for line in blocks))
    assert parsed["unparsed"] == []
    for core, (iterations, received, sent, slept) in enumerate(rows):
        row = parsed["pmds"][core]
        found = (row["iterations"], row["rx_packets"], row["tx_packets"], row["sleep_us"], row["duration"])
        assert found == (iterations, received, sent, slept, 6.147)
        assert row["busy_percent"] == (None if broken else 12.5)


@given(st.text())
def test_no_text_makes_a_parser_fail(text):
    for parse in (_pmd.parse_rxq_show, _pmd.parse_stats_show, _pmd.parse_perf_show, _pmd.parse_sleep_show):
        assert isinstance(parse(text)["unparsed"], list)
