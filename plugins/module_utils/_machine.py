# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine as the planner sees it: NUMA nodes with their physical cores, and nothing that applying a plan changes.

A core is all online SMT siblings together. Memory is the node's MemTotal rounded down, since the kernel's own share
differs a little from boot to boot.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _cpuset
from ._errors import Refused

MEMORY_STEP_MB = 256
# RTE_MAX_NUMA_NODES of DPDK's builds; generic arm64 builds, which distributions ship, have 4.
DPDK_NODES = {"aarch64": 4}
DPDK_NODES_DEFAULT = 32

# l3 is the lowest CPU of the last-level cache: enough to tell caches apart.
Core = collections.namedtuple("Core", "cpus node efficiency l3")
# memory_mb is None where the machine does not tell; dpdk says whether DPDK can name the node at all.
Node = collections.namedtuple("Node", "id cores memory_mb dpdk")


def cpus_of(cores):
    """All CPUs of *cores* as a set."""
    return set().union(*(core.cpus for core in cores))


def first(core):
    """The lowest CPU of a core: the order in which cores are handed out."""
    return min(core.cpus)


def hosts_dpdk(node):
    """True if Open vSwitch can poll and allocate there: CPUs, memory, and an id that DPDK can hold."""
    return bool(node.cores) and node.memory_mb != 0 and node.dpdk


def incapable(node):
    """Why a node cannot: completes "a node with ..."."""
    if not node.cores:
        return "no CPUs"
    return "no memory" if node.memory_mb == 0 else "an id that DPDK cannot hold"


def read_nodes(host, notes):
    """The NUMA nodes of *host*, sorted by id."""
    cores = _cores(host["topology"])
    if not cores:
        raise Refused(
            "no CPUs found",
            where="/sys/devices/system/cpu",
            expected="the processor topology of a Linux machine",
            cure="Check root: it must hold /proc and /sys.",
        )
    memory = {node["id"]: node["memory_kb"] for node in host["nodes"]}
    if len(memory) == 1 and list(memory.values()) == [None]:
        memory = dict.fromkeys(memory, host["memory"]["total_kb"])
    limit = DPDK_NODES.get(host["architecture"], DPDK_NODES_DEFAULT)
    nodes = []
    for number in sorted(set(memory) | {core.node for core in cores}):
        mine = [core for core in cores if core.node == number]
        nodes.append(Node(number, mine, _rounded(memory.get(number)), number < limit))
    _explain(nodes, limit, notes)
    return nodes


def _rounded(memory_kb):
    return None if memory_kb is None else memory_kb // 1024 // MEMORY_STEP_MB * MEMORY_STEP_MB


def _cores(topology):
    """Physical cores, sorted by their lowest CPU; contradictory sibling lists are joined rather than split."""
    rows = {row["cpu"]: row for row in topology}
    group_of = {}
    for cpu in sorted(rows):
        members = {cpu}.union(sibling for sibling in rows[cpu]["siblings"] if sibling in rows)
        members = members.union(*(group_of[member] for member in members if member in group_of))
        group_of.update(dict.fromkeys(members, frozenset(members)))
    return [_core(group, [rows[cpu] for cpu in sorted(group)]) for group in sorted(set(group_of.values()), key=min)]


def _core(group, rows):
    l3 = min(rows[0]["l3"]) if rows[0]["l3"] else None
    return Core(group, rows[0]["node"], any(row["efficiency"] for row in rows), l3)


def _explain(nodes, limit, notes):
    silent = [node.id for node in nodes if node.memory_mb is None]
    if silent:
        notes.warn(
            "memory-unknown",
            "The memory of NUMA node {0} is unknown (no /sys/devices/system/node/node{1}/meminfo): its hugepages are "
            "not planned.",
            _cpuset.render(silent),
            silent[0],
        )
    beyond = [node.id for node in nodes if not node.dpdk]
    if beyond:
        notes.warn(
            "node-beyond-dpdk",
            "NUMA node {0} is beyond what DPDK can name (ids below {1}): no PMD threads and no hugepages there.",
            _cpuset.render(beyond),
            limit,
        )
    for node in nodes:
        if node.dpdk and not hosts_dpdk(node):
            notes.because("Node {0} has {1}: no PMD threads and no hugepages there.", node.id, incapable(node))
