# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about memory: hugepages of the host, and what DPDK made of them.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel document "admin-guide/mm/hugetlbpage.rst"; Open vSwitch's topics/dpdk/memory.rst.
"""

from . import _mempools
from ._sizes import render_kb
from ._verdicts import fail, names, ok, quoted, skip, warn


def _pools(evidence):
    """{(node, size in KiB): pool} of what the kernel has."""
    return {(node["id"], pool["size_kb"]): pool for node in evidence["host"]["nodes"] for pool in node["hugepages"]}


def _pool_name(node, size_kb):
    return "node {0}, {1} pages".format(node, render_kb(size_kb))


def _short(evidence):
    """Planned pools that have fewer pages than planned: [(row of the plan, pages)].

    A surplus page, one that was taken away while in use, is gone as soon as its user ends.
    """
    pools = _pools(evidence)
    rows = evidence["plan"]["hugepages"] if evidence["plan"] else []
    counted = [(row, pools.get((row["node"], row["size_kb"]), {"total": 0, "surplus": 0})) for row in rows]
    kept = [(row, pool["total"] - pool["surplus"]) for row, pool in counted]
    return [(row, pages) for row, pages in kept if pages < row["count"]]


def hugepages(evidence):
    """Every planned pool has its pages, on its own NUMA node."""
    for row, total in _short(evidence):
        yield fail(
            _pool_name(row["node"], row["size_kb"]),
            "{0} pages{1}{2}".format(
                total, _elsewhere(evidence, row), quoted(evidence, "memory.hugepages", str(row["size_kb"]))
            ),
            "{0} ({1} for Open vSwitch, {2} for guests)".format(row["count"], row["ovs"], row["guests"]),
            "Role hugepages reserves them; where memory is in pieces already, only a reboot gives them all.",
        )
    wanted = ["{count} x {size} on node {node}".format(**row) for row in evidence["plan"]["hugepages"]]
    yield ok(", ".join(wanted) or "no hugepages are planned")


def _elsewhere(evidence, short):
    """At boot the kernel takes a page from another node rather than none, and says nothing."""
    pools = _pools(evidence)
    for row in evidence["plan"]["hugepages"]:
        there = pools.get((row["node"], row["size_kb"]), {"total": 0})["total"]
        if row["size_kb"] == short["size_kb"] and there > row["count"]:
            return ", but {0} instead of {1} on node {2}".format(there, row["count"], row["node"])
    return ""


def pages_left(evidence):
    """A node that has a pool for guests has a free page: otherwise the next guest or port there fails."""
    pools = {place: pool for place, pool in _pools(evidence).items() if pool["total"]}
    named = {(row["node"], row["size_kb"]) for row, _total in _short(evidence)}  # by memory.hugepages
    planned = (evidence["plan"] or {}).get("hugepages", ())
    named.update((row["node"], row["size_kb"]) for row in planned if not row["guests"])  # all for Open vSwitch
    if not pools:
        yield skip("there is no hugepage pool")
    for (node, size_kb), pool in sorted(pools.items()):
        if not pool["free"] and (node, size_kb) not in named:
            yield warn(
                _pool_name(node, size_kb),
                "0 of {0} free".format(pool["total"]),
                "at least one free page",
                "The next guest or port on this node will fail: reserve more (host_plan_vm_memory), or move guests.",
            )
    left = ["{0} of {1} {2}".format(p["free"], p["total"], _pool_name(*place)) for place, p in sorted(pools.items())]
    yield ok("free: " + names(left, 8))


def available(evidence):
    """The host itself has memory left besides the hugepages."""
    limit, found = evidence["limits"]["available_mb"], evidence["host"]["memory"]["available_kb"]
    if found is None:
        yield skip("/proc/meminfo has no MemAvailable")
    elif found < limit * 1024:
        yield warn(
            None,
            "{0} MiB available".format(found // 1024),
            "at least {0} MiB".format(limit),
            "Keep more for the host (host_plan_reserved_memory), or stop what uses it.",
        )
    else:
        yield ok("{0} MiB available".format(found // 1024), "at least {0} MiB".format(limit))


def mounts(evidence):
    """Each page size in use has a hugetlbfs mount: guests take their pages through it."""
    mounted = evidence["kernel"]["hugetlbfs"]
    if mounted is None:
        yield skip("there is no /proc/mounts")
        return
    used = {size_kb for (_node, size_kb), pool in _pools(evidence).items() if pool["total"]}
    if evidence["plan"]:
        used |= {row["size_kb"] for row in evidence["plan"]["hugepages"] if row["count"]}
    for size_kb in sorted(used):
        if size_kb not in mounted:
            yield (fail if evidence["plan"] else warn)(
                "{0} pages".format(render_kb(size_kb)),
                "no hugetlbfs mount" + quoted(evidence, "memory.mounts"),
                "a mount with pagesize={0}".format(render_kb(size_kb)),
                "Role hugepages mounts /dev/hugepages-{0}.".format(render_kb(size_kb)),
            )
    if not used:
        yield skip("there is no hugepage pool")
    yield ok(", ".join("{0} at {1}".format(render_kb(size), mounted[size][0]) for size in sorted(used & set(mounted))))


def mempools(evidence):
    """Shared memory pools have all of their buffers: a smaller one was halved because memory ran out."""
    if not evidence["mempools"] or evidence["open_vswitch"]["other_config"].get("per-port-memory") == "true":
        yield skip("no shared memory pool")
        return
    for pool in evidence["mempools"]:
        if pool["mtu"] is None or pool["size"] is None:
            continue
        wanted = _mempools.SHARED_MBUFS if pool["mtu"] >= _mempools.FEW_BELOW_MTU else _mempools.FEW_MBUFS
        if pool["size"] < wanted:
            yield fail(
                "node {node}, MTU up to {mtu}".format(**pool),
                "{0} buffers".format(pool["size"]),
                str(wanted),
                "More socket memory for the node (host_plan_memory_model), then restart ovs-vswitchd.",
            )
    yield ok(", ".join("{size} buffers on node {node}".format(**pool) for pool in evidence["mempools"]))


def mempool_use(evidence):
    """Memory pools have free buffers."""
    limit = evidence["limits"]["mempool_free_percent"]
    if not evidence["mempools"]:
        yield skip("no memory pool")
    for pool in evidence["mempools"]:
        if pool["size"] and 100.0 * pool["free"] / pool["size"] < limit:
            yield warn(
                "node {node}, MTU up to {mtu}".format(**pool),
                "{free} of {size} buffers free".format(**pool),
                "more than {0} %".format(limit),
                "Somebody keeps buffers: long queues, a guest that does not read. Fewer descriptors, or more memory.",
            )
    yield ok("more than {0} % of the buffers are free".format(limit))


def heaps(evidence):
    """DPDK can still allocate memory on each node."""
    limit = evidence["limits"]["heap_free_percent"]
    free_pages = {
        node["id"]: any(pool["free"] for pool in node["hugepages"]) for node in evidence["host"]["nodes"]
    }
    limited = "dpdk-socket-limit" in evidence["open_vswitch"]["other_config"]
    if not evidence["heaps"]:
        yield skip("the version does not show DPDK's heaps, or there are none")
    for node, heap in sorted(evidence["heaps"].items()):
        can_grow = free_pages.get(node, False) and not limited
        if 100.0 * heap["greatest"] / heap["size"] < limit and not can_grow:
            yield warn(
                "node {0}".format(node),
                "largest free piece {0} MiB of {1} MiB".format(heap["greatest"] >> 20, heap["size"] >> 20),
                "more than {0} %".format(limit),
                "The next port or queue may fail: more socket memory on this node.",
            )
    yield ok("more than {0} % free, or room to grow".format(limit))
