# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The texts of "ovs-appctl dpif-netdev/pmd-*-show" as data, for Open vSwitch 2.11 to 4.0.

Each parser takes one text and returns {"pmds": {core: record}, "main": record, "unparsed": [lines], …}. A line is
understood as a whole or not at all: what does not match ends up in "unparsed", never in a wrong number. Real output
always ends with a newline, so a last line without one was cut off and is not believed either.
What a version does not print is absent from the record. Percentages above 100 and "nan", which some versions print
right after start, become None.

Private to the collection. Python 3.6+, standard library only.
Source: lib/dpif-netdev.c and lib/dpif-netdev-perf.c of Open vSwitch (their format strings), ovs-vswitchd(8).
"""

from ._answers import whole_line

_THREAD = whole_line(r"(?:pmd thread numa_id (?P<numa>-?\d+) core_id (?P<core>\d+)|(?P<main>main thread))\s*:")

_WINDOW = whole_line(r"Displaying last (?P<seconds>\d+) seconds pmd usage %")
_ISOLATED = whole_line(r"\s*isolated : (?P<isolated>true|false)")
_RXQ = whole_line(
    r"\s*port: (?P<port>.*?)\s+queue-id:\s+(?P<queue>\d+)(?:\s+\((?P<state>enabled|disabled)\))?"
    r"(?:\s+pmd usage: (?:NOT AVAIL|(?P<percent> *\d+) %))?\s*"
)
_OVERHEAD = whole_line(r"\s*overhead: (?:NOT AVAIL|(?P<percent> *\d+) %)")

_STAT = whole_line(r"\s*(?P<key>[a-z][a-z. ]*[a-z]): ?(?P<value>\d+(?:\.\d+)?)(?: \([^)]*\))?")
# The two averages of cycles count idle cycles in or are computed from what is here already.
_STATS = {
    "packets received": "packets",
    "packet recirculations": "recirculations",
    "avg. datapath passes per packet": "passes_per_packet",
    "phwol hits": "phwol_hits",
    "mfex opt hits": "mfex_hits",
    "simple match hits": "simple_match_hits",
    "emc hits": "emc_hits",
    "smc hits": "smc_hits",
    "megaflow hits": "megaflow_hits",
    "avg. subtable lookups per megaflow hit": "subtable_lookups_per_hit",
    "miss with success upcall": "upcalls",
    "miss with failed upcall": "upcalls_lost",
    "avg. packets per output batch": "packets_per_batch",
    "idle cycles": "idle_cycles",
    "processing cycles": "processing_cycles",
    "avg cycles per packet": None,
    "avg processing cycles per packet": None,
}

_NUMBER = r"(?:[\d.]+|-?nan|-?inf)"
_PERF = [
    whole_line(pattern.replace("NUMBER", _NUMBER))
    for pattern in (
        r"(?P<name>Time): \d\d:\d\d:\d\d\.\d{3}",
        r"(?P<name>Measurement duration): (?P<value>[\d.]+) s",
        r"  (?P<name>Iterations):\s*(?P<value>\d+)(?:  \(NUMBER us/it\))?",
        r"  - (?P<name>Used TSC cycles):\s*(?P<value>\d+)  \( *NUMBER % of total cycles\)",
        r"  - (?P<name>(?:idle|busy|sleep) iterations):\s*(?P<value>\d+)"
        r"  \( *(?P<percent>NUMBER) % of (?:used cycles|iterations)\)",
        r"  (?P<name>Sleep time \(us\)):\s*(?P<value>\d+)  \( *NUMBER us/iteration avg\.\)",
        r"  (?P<name>Rx packets):\s*(?P<value>\d+)"
        r"(?:  \([\d.]+ Kpps(?:, (?P<extra>\d+) cycles/pkt)?\))?",
        r"  (?P<name>Tx packets):\s*(?P<value>\d+)(?:  \([\d.]+ Kpps\))?",
        r"  (?P<name>Datapath passes):\s*(?P<value>\d+)  \((?P<extra>[\d.]+) passes/pkt\)",
        r"  - (?P<name>(?:PHWOL|MFEX Opt|Simple Match|EMC|SMC|Megaflow) hits|Upcalls|Lost upcalls):\s*(?P<value>\d+)"
        r"  \( *NUMBER %(?:, (?P<extra>[\d.]+) (?:subtbl lookups/hit|us/upcall))?\)",
        r"  (?P<name>Tx batches):\s*(?P<value>\d+)  \((?P<extra>[\d.]+) pkts/batch\)",
    )
]
_PERF_COUNTERS = {
    "Iterations": "iterations",
    "Rx packets": "rx_packets",
    "Tx packets": "tx_packets",
    "Tx batches": "tx_batches",
    "Datapath passes": "passes",
    "Used TSC cycles": "used_cycles",
    "Sleep time (us)": "sleep_us",
    "PHWOL hits": "phwol_hits",
    "MFEX Opt hits": "mfex_hits",
    "Simple Match hits": "simple_match_hits",
    "EMC hits": "emc_hits",
    "SMC hits": "smc_hits",
    "Megaflow hits": "megaflow_hits",
    "Upcalls": "upcalls",
    "Lost upcalls": "upcalls_lost",
}
_PERF_EXTRAS = {
    "Rx packets": "cycles_per_packet",
    "Datapath passes": "passes_per_packet",
    "Megaflow hits": "subtable_lookups_per_hit",
    "Tx batches": "packets_per_batch",
}

_SLEEP_DEFAULT = whole_line(r"(?:Default max sleep|PMD max sleep request):\s+(?P<us>\d+) us(?:ecs)?\.?")
_SLEEP = whole_line(r"\s+max sleep:\s+(?P<us>\d+) us")


def parse_rxq_show(text):
    """Which queue is polled by which thread: records with numa_id, isolated, rxqs, overhead_percent."""
    result = _result(window=None)

    def line(record, text):
        match = _WINDOW.match(text)
        if match:
            result["window"] = int(match.group("seconds"))
            return True
        return record is not None and _rxq_line(record, text)

    return _walk(text, result, line)


def _rxq_line(record, text):
    for pattern in (_ISOLATED, _RXQ, _OVERHEAD):
        match = pattern.match(text)
        if match:
            break
    else:
        return False
    record.setdefault("rxqs", [])
    if pattern is _ISOLATED:
        record["isolated"] = match.group("isolated") == "true"
    elif pattern is _OVERHEAD:
        record["overhead_percent"] = _percent(match.group("percent"))
    else:
        record["rxqs"].append(
            {
                "port": match.group("port"),
                "queue_id": int(match.group("queue")),
                "enabled": match.group("state") != "disabled",
                "usage_percent": _percent(match.group("percent")),
            }
        )
    return True


def parse_stats_show(text):
    """Counters since the thread was made. Open vSwitch 4.0 answers in the format of pmd-perf-show."""
    if "\nMeasurement duration:" not in "\n" + text:
        return _walk(text, _result(), _stats_line)
    parsed = parse_perf_show(text)
    for record in _records(parsed):
        if "rx_packets" in record and "passes" in record:
            record.update(packets=record["rx_packets"], recirculations=record["passes"] - record["rx_packets"])
    return parsed


def _stats_line(record, text):
    match = _STAT.match(text)
    if record is None or not match or match.group("key") not in _STATS:
        return False
    field, value = _STATS[match.group("key")], match.group("value")
    if field:
        record[field] = float(value) if "." in value else int(value)
    return True


def parse_perf_show(text):
    """Iterations, sleep, rx and tx of each thread; "duration" is the seconds that they were counted over."""
    result = _result()
    seconds = [None]

    def line(record, text):
        for pattern in _PERF:
            match = pattern.match(text)
            if match:
                return _perf_line(record, seconds, match)
        return False

    def opened(record):
        record["duration"], seconds[0] = seconds[0], None

    _walk(text, result, line, opened)
    for record in _records(result):
        if record.get("rx_packets") == 0:  # the block of hits is left out: nothing was looked up
            record.update((key, record.get(key, 0)) for key in ("passes", "emc_hits", "megaflow_hits", "upcalls"))
            record.setdefault("upcalls_lost", 0)
    return result


def _perf_line(record, seconds, match):
    groups = match.groupdict()
    name = groups["name"]
    if name == "Measurement duration":  # stands above the thread that it belongs to
        seconds[0] = float(groups["value"])
        return True
    if name == "Time":
        return True
    if record is None:
        return False
    if name in _PERF_COUNTERS:
        record[_PERF_COUNTERS[name]] = int(groups["value"])
    if groups.get("extra") is not None and name in _PERF_EXTRAS:
        record[_PERF_EXTRAS[name]] = float(groups["extra"])
    if name == "busy iterations":
        record["busy_percent"] = _percent(groups["percent"])
    return True


def parse_sleep_show(text):
    """Longest sleep asked for, in microseconds: "default", and max_sleep_us of each thread (3.3 and later)."""
    result = _result(default=None)

    def line(record, text):
        match = _SLEEP_DEFAULT.match(text)
        if match:
            result["default"] = int(match.group("us"))
            return True
        match = _SLEEP.match(text)
        if record is None or not match:
            return False
        record["max_sleep_us"] = int(match.group("us"))
        return True

    return _walk(text, result, line)


def _result(**more):
    return dict(more, pmds={}, main=None, unparsed=[])


def _records(result):
    return list(result["pmds"].values()) + ([result["main"]] if result["main"] else [])


def _walk(text, result, line, opened=None):
    """Hand every line to *line* with the record of the thread above it; collect those that nobody understood."""
    record = None
    lines = text.split("\n")
    cut_off = lines.pop()
    for content in lines:
        content = content.rstrip("\r")
        thread = _THREAD.match(content)
        if thread:
            record = _open(result, thread)
            if opened:
                opened(record)
        elif content.strip() and not line(record, content):
            result["unparsed"].append(content)
            if not content[0].isspace():  # perhaps the head of another thread: what follows may be about that one
                record = None
    if cut_off.strip():
        result["unparsed"].append(cut_off)
    return result


def _open(result, thread):
    if thread.group("main"):
        result["main"] = {}
        return result["main"]
    core = int(thread.group("core"))
    return result["pmds"].setdefault(core, {"core_id": core, "numa_id": int(thread.group("numa"))})


def _percent(text):
    """A share of a hundred as a number, None for "NOT AVAIL", "nan" and what cannot be a share."""
    if text is None or "nan" in text or "inf" in text:
        return None
    value = float(text)
    if value > 100:
        return None
    return int(value) if value == int(value) else value
