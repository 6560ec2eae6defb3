"""How long the parsers take for a switch with 64 PMD threads and 1,024 rx queues, made from a recorded block each.

The ratio is to splitting the same text into its lines and words.
"""

import json
import resource
import statistics
import sys
import time
from pathlib import Path

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pmd

RECORDED = Path(__file__).resolve().parents[1] / "unit/fixtures/pmd"
THREADS, QUEUES = 64, 16


def rxq_show():
    lines = []
    for core in range(THREADS):
        lines += ["pmd thread numa_id {0} core_id {1}:".format(core // 8, core), "  isolated : false"]
        for queue in range(QUEUES):
            row = "  port: dpdk{0:<4} queue-id: {1:>3} (enabled)   pmd usage: {2:>2} %"
            lines.append(row.format(core, queue, (core + queue) % 90))
        lines.append("  overhead:  1 %")
    return "\n".join(lines) + "\n"


def many(name):
    """A recording whose thread is there 64 times."""
    text = (RECORDED / name).read_text(encoding="utf-8")
    head = "pmd thread numa_id 0 core_id "
    start = text.index(head)
    stop = text.find("\npmd thread", start + 1)
    block = text[start : stop if stop > 0 else len(text)].split("\n", 1)[1]
    return "".join("{0}{1}:\n{2}\n".format(head, core, block.rstrip("\n")) for core in range(THREADS))


def milliseconds(work, text):
    started = time.perf_counter()
    work(text)
    return (time.perf_counter() - started) * 1000


def words(text):
    return [line.split() for line in text.splitlines()]


def figures(parse, text):
    parsed = parse(text)
    if parsed["unparsed"] or len(parsed["pmds"]) != THREADS:
        sys.exit("not understood: {0}, {1} threads".format(parsed["unparsed"][:3], len(parsed["pmds"])))
    runs = [milliseconds(parse, text) for _dummy in range(20)]
    base = [milliseconds(words, text) for _dummy in range(20)]
    return {
        "median_ms": round(statistics.median(runs), 1),
        "worst_ms": round(max(runs), 1),
        "ratio_to_words": round(statistics.median(runs) / statistics.median(base), 1),
    }


def main():
    report = {
        "pmd-rxq-show": figures(_pmd.parse_rxq_show, rxq_show()),
        "pmd-stats-show": figures(_pmd.parse_stats_show, many("3.1-dpdk/stats.txt")),
        "pmd-perf-show": figures(_pmd.parse_perf_show, many("3.1-dpdk/perf.txt")),
    }
    report["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps({"parse_64_pmds_1024_queues": report}, indent=2))
    print("goal: under 50 ms, under 30 MiB")


if __name__ == "__main__":
    main()
