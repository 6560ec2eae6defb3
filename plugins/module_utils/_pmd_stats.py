# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PMD statistics of a running switch: one sample, the difference of two, and the shape that is published.

Counters stay integers of any width. What cannot be known is None: a counter that this version does not print, a
difference over a restart of the daemon or of a thread, an average whose rounding in the text is coarser than itself.

Private to the collection. Python 3.6+, standard library only.
Source: ovs-vswitchd(8); the formulas are those of lib/dpif-netdev.c.
"""

import math
import time

from . import _pmd

COUNTERS = (
    "packets",
    "recirculations",
    "phwol_hits",
    "mfex_hits",
    "simple_match_hits",
    "emc_hits",
    "smc_hits",
    "megaflow_hits",
    "upcalls",
    "upcalls_lost",
    "idle_cycles",
    "processing_cycles",
    "iterations",
    "rx_packets",
    "tx_packets",
)
# Known only to pmd-perf-show; used for rates, not published.
_AUXILIARY = ("duration", "sleep_us", "tx_batches", "passes")


def usage_window(interval):
    """Seconds to ask the usage of queues for: the switch keeps a minute, in steps of five seconds."""
    return min(60, 5 * math.ceil(interval / 5)) if interval else None


def sample(daemon, window=None):
    """One reading of all pmd-*-show commands; *window* asks for the usage of the last seconds (3.1 and later)."""
    taken = time.monotonic()
    usage = daemon.ask_if_known("dpif-netdev/pmd-rxq-show", "-secs", str(window)) if window else ""
    rxqs = _pmd.parse_rxq_show(usage or daemon.ask_if_known("dpif-netdev/pmd-rxq-show"))
    stats = _pmd.parse_stats_show(daemon.ask_if_known("dpif-netdev/pmd-stats-show"))
    perf = _pmd.parse_perf_show(daemon.ask_if_known("dpif-netdev/pmd-perf-show", "-nh"))
    sleep = _pmd.parse_sleep_show(daemon.ask_if_known("dpif-netdev/pmd-sleep-show"))
    cores = set(rxqs["pmds"]) | set(stats["pmds"])
    return {
        "taken": taken,
        "life": daemon.process["id"] if daemon.process else None,
        "window": rxqs["window"],
        "pmds": {core: _joined(core, (perf, stats, rxqs, sleep), sleep["default"]) for core in cores},
        "main": dict(perf["main"] or {}, **(stats["main"] or {})),
        "unparsed": [line for text in (rxqs, stats, perf, sleep) for line in text["unparsed"]],
    }


def _joined(core, texts, default_sleep):
    """One record for a thread; later texts win (pmd-stats-show is exact where pmd-perf-show rounds)."""
    record = {"max_sleep_us": default_sleep}
    for text in texts:
        record.update(text["pmds"].get(core, {}))
    return record


def publish(first, second=None):
    """The published rows: totals of *first*, or what happened between *first* and *second*."""
    last = second or first
    same_life = second is None or (first["life"] is not None and first["life"] == second["life"])
    rows = []
    for core in sorted(last["pmds"]):
        record = last["pmds"][core]
        figures = _figures(record, _before(first, second, same_life, core))
        rows.append(dict(_identity(record, last["window"]), **figures))
    before_main = (first["main"] if same_life else {}) if second else None
    return {
        "pmds": rows,
        "main_thread": _figures(last["main"], before_main),
        "restarted": not same_life,
        "interval_seconds": round(second["taken"] - first["taken"], 3) if second else 0,
        "unparsed": sorted(set(first["unparsed"]) | set(last["unparsed"])),
    }


def _before(first, second, same_life, core):
    """The earlier record of a thread; None means totals, {} that there is nothing to compare with."""
    if second is None:
        return None
    return first["pmds"].get(core, {}) if same_life else {}


def _identity(record, window):
    return {
        "core_id": record["core_id"],
        "numa_id": record["numa_id"],
        "isolated": record.get("isolated"),
        "rxqs": record.get("rxqs", []),
        "usage_window_seconds": window,
        "overhead_percent": record.get("overhead_percent"),
        "max_sleep_us": record.get("max_sleep_us"),
    }


def _figures(record, before):
    counted = {name: record.get(name) for name in COUNTERS + _AUXILIARY}
    if before is not None:
        counted = _grown(counted, before)
    figures = {name: counted[name] for name in COUNTERS}
    figures.update(_rates(counted, record, before))
    return figures


def _grown(after, before):
    """Growth of every counter; all None if one went back: the thread is a new one, or somebody cleared it."""
    grown = {}
    for name, value in after.items():
        earlier = before.get(name)
        grown[name] = None if value is None or earlier is None else value - earlier
    if any(value is not None and value < 0 for value in grown.values()):
        return dict.fromkeys(after)
    return grown


def _rates(counted, record, before):
    packets, cycles = counted["packets"], counted["processing_cycles"]
    rates = {
        "passes_per_packet": _ratio(_sum(packets, counted["recirculations"]), packets),
        "subtable_lookups_per_hit": _average(record, before, "subtable_lookups_per_hit", "megaflow_hits"),
        "packets_per_batch": _ratio(counted["tx_packets"], counted["tx_batches"]),
        "busy_percent": _ratio(cycles, _sum(counted["idle_cycles"], cycles), 100),
        "cycles_per_packet": _ratio(cycles, packets),
        "sleep_percent": _percent(_ratio(counted["sleep_us"], counted["duration"], 1e-4)),
    }
    if before is None:  # what 4.0 prints of its totals, where the exact counters are gone
        for name in ("packets_per_batch", "busy_percent", "cycles_per_packet", "passes_per_packet"):
            if rates[name] is None and packets != 0:
                rates[name] = record.get(name)
    return rates


def _average(record, before, name, weight):
    """An average printed with two decimals; of a difference only while its rounding error stays small."""
    value, hits = record.get(name), record.get(weight)
    if not hits or value is None:
        return None
    if before is None:
        return value
    earlier, earlier_hits = before.get(name), before.get(weight)
    if earlier is None or earlier_hits is None or hits <= earlier_hits:
        return None
    grown = hits - earlier_hits
    if 0.005 * (hits + earlier_hits) / grown > 0.05:
        return None
    return round((value * hits - earlier * earlier_hits) / grown, 2)


def _sum(first, second):
    return None if first is None or second is None else first + second


def _ratio(part, whole, factor=1):
    return None if part is None or not whole else round(factor * part / whole, 2)


def _percent(value):
    return value if value is not None and 0 <= value <= 100 else None
