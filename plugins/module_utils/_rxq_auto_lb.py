# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Auto load balance of Open vSwitch: would it act, and with which thresholds?

It looks at threads that are not isolated, each node for itself (before 3.1: at all of them together), in whole percent.
It acts where a thread stays above the load threshold for a minute, and where the variance of the threads' loads would
go down by the improvement threshold.

Private to the collection. Python 3.6+, standard library only.
Source: lib/dpif-netdev.c of Open vSwitch (dry run of a rebalance); vswitch.xml for keys, defaults and versions.
"""

from ._rxq_ovs import ROUNDROBIN, knows_group

SINCE, TUNABLE_SINCE, BY_NODE_SINCE = (2, 11), (2, 15), (3, 1)
LOAD, IMPROVEMENT = 95, 25  # Open vSwitch's own thresholds
INTERVAL = 5  # minutes between two checks: each move stops the threads for a moment
STEP = 5

KEY = "pmd-auto-lb"
LOAD_KEY, IMPROVEMENT_KEY, INTERVAL_KEY = (
    "pmd-auto-lb-load-threshold",
    "pmd-auto-lb-improvement-threshold",
    "pmd-auto-lb-rebal-interval",
)


def variances(loads, pmds, by_node=True):
    """{node: variance of the loads of its threads} in whole numbers, as Open vSwitch reckons."""
    groups = {}
    for row in pmds:
        if not row["isolated"]:
            groups.setdefault(row["numa_id"] if by_node else None, []).append(int(loads[row["core_id"]]))
    return {node: _variance(values) for node, values in groups.items()}


def _variance(values):
    mean = sum(values) // len(values)
    return sum((value - mean) ** 2 for value in values) // len(values)


def improvement(now, then, pmds, version):
    """By how many percent the variance goes down, on the node where it does most; *now*, *then*: {core: load}."""
    by_node = version is None or version >= BY_NODE_SINCE
    before, after = variances(now, pmds, by_node), variances(then, pmds, by_node)
    gains = [100 * (before[node] - after[node]) // before[node] for node in before if before[node]]
    return max(gains + [0])


def thresholds(now, then, pmds, version):
    """The highest (load, improvement) thresholds, at most the defaults, at which it would act; None if none are."""
    busiest = max([now[row["core_id"]] for row in pmds if not row["isolated"]] or [0])
    load = min(LOAD, int(busiest) // STEP * STEP)
    gain = min(IMPROVEMENT, improvement(now, then, pmds, version) // STEP * STEP)
    fixed = version is not None and version < TUNABLE_SINCE
    if not load or not gain or (fixed and (load, gain) != (LOAD, IMPROVEMENT)):
        return None
    return load, gain


def settings(pair, version):
    """other_config for these thresholds."""
    result = {KEY: "true", INTERVAL_KEY: str(INTERVAL)}
    if version is None or version >= TUNABLE_SINCE:
        result.update({LOAD_KEY: str(pair[0]), IMPROVEMENT_KEY: str(pair[1])})
    return result


def acts(config, pair):
    """Whether it is switched on already, with thresholds at which it acts."""
    load, gain = _number(config, LOAD_KEY, LOAD), _number(config, IMPROVEMENT_KEY, IMPROVEMENT)
    return config.get(KEY, "").lower() == "true" and load <= pair[0] and gain <= pair[1]


def _number(config, key, default):
    text = config.get(key, "")
    return int(text) if text.isdecimal() and int(text) <= 100 else default


def possible(algorithm, queues, cores, pmds, version):
    """Whether Open vSwitch would make a dry run at all."""
    if algorithm == ROUNDROBIN or (version is not None and version < SINCE):
        return False
    nodes = {row["core_id"]: row["numa_id"] for row in pmds}
    open_cores = {row["core_id"] for row in pmds if not row["isolated"]}
    polled = [core for core in cores if core in open_cores]
    several = len(open_cores) > 1 and len(polled) > len(set(polled))
    away = any(
        queue["pinned_core"] is None and nodes.get(core) != queue["numa_id"] for queue, core in zip(queues, cores)
    )
    # Where no other node has threads, recent versions do not mind.
    return several and not (away and (len(set(nodes.values())) > 1 or not knows_group(version)))
