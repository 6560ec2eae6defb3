"""How long the best placement of rx queues takes to find, and how good it is: 1,000 cases that are always the same.

The busiest thread is compared with the optimum (up to 16 queues) or with a proven lower bound, beside what Open
vSwitch's own algorithm "group" makes of the same case.
"""

import json
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit"))

import rxqs  # noqa: E402
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq  # noqa: E402


def measured(dice, queues, threads):
    """(seconds, best to bound, group to bound) of one node of random loads."""
    rows = rxqs.queues(*(dice.randint(1, 100) for _dummy in range(queues)))
    pmds = rxqs.threads(*((core, 0) for core in range(threads)))
    started = time.perf_counter()
    placements = _rxq.place(rows, pmds, (3, 1, 0))
    seconds = time.perf_counter() - started
    best, group = (max(_rxq.held(rows, pmds, cores).values()) for cores in (placements.best, placements.group))
    if best > group:
        sys.exit("worse than group: {0}".format(rows))
    return seconds, best / placements.bound, group / placements.bound


def figures(rows):
    seconds, best, group = zip(*rows)
    return {
        "cases": len(rows),
        "slowest_ms": round(max(seconds) * 1000, 1),
        "median_ms": round(statistics.median(seconds) * 1000, 2),
        "best_to_bound": {"mean": round(statistics.mean(best), 4), "worst": round(max(best), 4)},
        "group_to_bound": {"mean": round(statistics.mean(group), 4), "worst": round(max(group), 4)},
    }


def main():
    dice = random.Random(1)
    small = [measured(dice, dice.randint(4, 16), dice.randint(2, 6)) for _dummy in range(1000)]
    large = [measured(dice, 64, 8) for _dummy in range(100)]
    print(json.dumps({"rxq": {"4_to_16_queues": figures(small), "64_queues_8_threads": figures(large)}}, indent=2))
    print("goal: 64 queues under 1 s, best at most 1.005 of the bound and never worse than group")


if __name__ == "__main__":
    main()
