"""How long the planner thinks: a machine of 256 CPUs, and 1,000 different machines, in one process.

The ratio is to a round trip of the same host data through JSON, which every module does anyway.
"""

import json
import random
import resource
import statistics
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TESTS / "unit"))

import captures  # noqa: E402
import hosts  # noqa: E402

CAPTURED = "256ppc-8n8s4t"


def milliseconds(work, host):
    started = time.perf_counter()
    work(host)
    return (time.perf_counter() - started) * 1000


def plan(host):
    return hosts.plan(host, nics=[row["address"] for row in host["nics"]])


def round_trip(host):
    return json.loads(json.dumps(host))


def nics(count, nodes):
    return [hosts.nic("0000:{0:02x}:00.0".format(16 * row + 1), node=row % nodes) for row in range(count)]


def machines(count):
    """Different machines of 1 to 8 nodes, the same in every run."""
    dice = random.Random(1)
    for _dummy in range(count):
        nodes = dice.randint(1, 8)
        yield hosts.make(
            nodes=nodes,
            cores=dice.randint(2, 16),
            threads=dice.choice([1, 2, 4]),
            layout=dice.choice(["adjacent", "split", "interleaved"]),
            memory_mb=dice.randrange(12288, 65536, 512),
            nics=nics(dice.randint(0, 4), nodes),
        )


def figures(host):
    plans = [milliseconds(plan, host) for _dummy in range(30)]
    trips = [milliseconds(round_trip, host) for _dummy in range(30)]
    return {
        "cpus": len(host["topology"]),
        "median_ms": round(statistics.median(plans), 2),
        "worst_ms": round(max(plans), 2),
        "ratio_to_json": round(statistics.median(plans) / statistics.median(trips), 2),
    }


def main():
    big = hosts.make(nodes=8, cores=16, threads=2, memory_mb=65536, nics=nics(4, 8))
    report = {"generated": figures(big)}
    many = [milliseconds(plan, host) for host in machines(1000)]
    report["1000_machines"] = {"median_ms": round(statistics.median(many), 2), "worst_ms": round(max(many), 2)}
    report["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    if CAPTURED in captures.NAMES:  # last: unpacking it takes memory that planning does not
        captured = captures.host(CAPTURED)
        report["captured"] = figures(dict(captured, nics=[]))
    print(json.dumps({"plan": report}, indent=2))
    print("goal: under 20 ms each, under 40 MiB")


if __name__ == "__main__":
    main()
