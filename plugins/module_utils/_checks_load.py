# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about the work of PMD threads: do they keep up, and what do they spend their cycles on?

Whatever is a rate is judged on the growth between two samples: totals hold the troubles of the start.

Private to the collection. Python 3.6+, standard library only.
Sources: Open vSwitch's topics/dpdk/pmd.rst; lib/dpif-netdev-perf.c for what is counted.
"""

from ._verdicts import ok, skip, warn

MORE = "More PMD cores on that node (host_plan_pmd_cores)"


def load(row):
    """Share of wall time that a thread works on packets: sleeping is not working. None while it is not known."""
    if row["busy_percent"] is None:
        return None
    return row["busy_percent"] * (100 - (row["sleep_percent"] or 0)) / 100.0


def _rows(evidence):
    return evidence["growth"]["stats"]["pmds"]


def _subject(row):
    return "CPU {core_id}, node {numa_id}".format(**row)


def overload(evidence):
    """No thread is at its end."""
    limit = evidence["limits"]["overload_percent"]
    for row in _rows(evidence):
        if (load(row) or 0) >= limit:
            yield warn(
                _subject(row),
                "{0:.0f} % busy, {1} cycles per packet".format(load(row), row["cycles_per_packet"]),
                "below {0} %".format(limit),
                MORE + ", more queues on the busy port, or another pmd-rxq-assign: pmd.imbalance says which helps.",
            )
    yield ok("every thread below {0} %".format(limit))


def imbalance(evidence):
    """No thread is at its end while its neighbour idles."""
    limits = evidence["limits"]
    shared = [row for row in _rows(evidence) if not row["isolated"] and load(row) is not None]
    for row in shared:
        idle = [
            other
            for other in shared
            if other["numa_id"] == row["numa_id"] and load(other) < limits["idle_percent"]
        ]
        if load(row) >= limits["overload_percent"] and idle and len(row["rxqs"]) > 1:
            yield warn(
                _subject(row),
                "{0:.0f} % busy beside CPU {1} with {2:.0f} %".format(load(row), idle[0]["core_id"], load(idle[0])),
                "load spread over the threads of a node",
                "pmd-rxq-assign=cycles or group, then ovs-appctl dpif-netdev/pmd-rxq-rebalance; or pmd-auto-lb=true.",
            )
    yield ok("no thread is overloaded beside an idle one")


def overhead(evidence):
    """Busy threads spend their cycles on packets, not on themselves."""
    limit = evidence["limits"]["overhead_percent"]
    totals = {row["core_id"]: row["overhead_percent"] for row in evidence["stats"]["pmds"]}
    for row in _rows(evidence):
        found = totals.get(row["core_id"])
        if found is not None and found > limit and (load(row) or 0) >= evidence["limits"]["idle_percent"]:
            yield warn(
                _subject(row),
                "{0} % of its cycles belong to no queue".format(found),
                "at most {0} %".format(limit),
                "Upcalls and changes of flows cost this: see pmd.upcall_rate.",
            )
    yield ok("at most {0} % overhead on busy threads".format(limit))


def _passes(row):
    known = (row["packets"], row["recirculations"], row["upcalls"], row["upcalls_lost"])
    return None if None in known else row["packets"] + row["recirculations"]


def _judged(evidence, amount):
    """Threads with enough traffic to speak of rates."""
    least = evidence["limits"]["least_packets"]
    return [row for row in _rows(evidence) if (amount(row) or 0) >= least]


def hit_rate(evidence):
    """The classifier finds a flow within few tables."""
    limit = evidence["limits"]["lookups_per_hit"]
    rows = _judged(evidence, lambda row: row["megaflow_hits"])
    for row in rows:
        if (row["subtable_lookups_per_hit"] or 0) > limit:
            yield warn(
                _subject(row),
                "{subtable_lookups_per_hit} tables looked through per megaflow hit".format(**row),
                "at most {0}".format(limit),
                "Flows with fewer kinds of masks; smc-enable=true helps with many flows.",
            )
    yield ok("at most {0} tables".format(limit)) if rows else skip("too few packets to speak of rates")


def upcall_rate(evidence):
    """Few packets need the slow path."""
    limit = evidence["limits"]["upcall_percent"]
    rows = _judged(evidence, _passes)
    for row in rows:
        share = 100.0 * (row["upcalls"] + row["upcalls_lost"]) / _passes(row)
        if share > limit:
            yield warn(
                _subject(row),
                "{0:.1f} % of the passes".format(share),
                "at most {0} %".format(limit),
                "Many short flows: fewer match fields, or a larger flow-limit and max-idle.",
            )
    yield ok("at most {0} % of the passes".format(limit)) if rows else skip("too few packets to speak of rates")


def upcalls_lost(evidence):
    """No packet is lost on its way to the slow path."""
    for row in _rows(evidence):
        if row["upcalls_lost"]:
            yield warn(
                _subject(row),
                "{0} lost within {1:.1f} s".format(row["upcalls_lost"], evidence["growth"]["seconds"]),
                "none",
                "A flow table that drops or changes all the time, or handler threads without CPU (cpus.ovs_affinity).",
            )
    yield ok("none lost within {0:.1f} s".format(evidence["growth"]["seconds"]))


def batch(evidence):
    """Busy threads send packets in batches: one by one costs a multiple."""
    limit = evidence["limits"]["packets_per_batch"]
    for row in _judged(evidence, lambda row: row["tx_packets"]):
        found = row["packets_per_batch"]
        if found is not None and found < limit and (load(row) or 0) >= evidence["limits"]["overload_percent"]:
            yield warn(
                _subject(row),
                "{0} packets per batch".format(found),
                "at least {0}".format(limit),
                "tx-flush-interval=50 collects packets for 50 µs.",
            )
    yield ok("no busy thread sends packet by packet")


def preempted(evidence):
    """Nobody takes the CPU away from a thread."""
    limit, seconds = evidence["limits"]["preemptions_per_second"], evidence["growth"]["seconds"]
    for core, count in sorted(evidence["growth"]["preempted"].items()):
        if count / seconds > limit:
            yield warn(
                "CPU {0}".format(core),
                "interrupted by other tasks {0:.0f} times per second".format(count / seconds),
                "at most {0}".format(limit),
                "See cpus.isolated, cpus.foreign_tasks and cpus.workqueues for who it may be.",
            )
    yield ok("at most {0} times per second".format(limit))


def readable(evidence):
    """Every line of the statistics was understood, and the counters add up."""
    unparsed = evidence["stats"]["unparsed"]
    if unparsed:
        yield warn(
            None,
            "{0} lines not understood, such as {1!r}".format(len(unparsed), unparsed[0]),
            "none",
            "A version that this collection does not know: please report the line. Other verdicts are not based on it.",
        )
    for row in evidence["stats"]["pmds"]:
        passes = _passes(row)
        kinds = ("phwol_hits", "simple_match_hits", "emc_hits", "smc_hits", "megaflow_hits", "upcalls", "upcalls_lost")
        gap = abs(passes - sum(row[kind] or 0 for kind in kinds)) if passes else 0
        # Packets in flight and packets dropped as invalid were received but not looked up.
        if gap > max(evidence["limits"]["least_packets"], (passes or 0) // 100):
            yield warn(
                _subject(row),
                "hits and misses differ from datapath passes by {0}".format(gap),
                "the same sum",
                "Packets are dropped before they are looked up: see datapath_drop_* in ovs-appctl coverage/show.",
            )
    yield ok("all lines understood, hits and misses add up")
