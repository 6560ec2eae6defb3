# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many pages each hugepage pool shall have: what is asked for, against what there is and what is ours.

Grow to what is wanted, shrink only what we made, never below what is in use, refuse more than the memory.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from ._action import left
from ._errors import Refused
from ._sizes import render_kb, to_kb

Row = collections.namedtuple("Row", "node size_kb count persist")
# One pool that gets another number of pages.
Count = collections.namedtuple("Count", "pool before after")


def requested(pools):
    """The option as rows; a pool that is named twice or makes no sense is refused."""
    rows = []
    for item in pools:
        size_kb = item["size_kb"]
        if item["size"] is not None:
            size_kb = to_kb(item["size"], "a page size", where="pools")
        if not size_kb or item["size_kb"] not in (None, size_kb):
            given = ["{0} {1}".format(key, item[key]) for key in ("size", "size_kb") if item[key] is not None]
            where, expected = "pools, node {0}".format(item["node"]), "size or size_kb, or both alike"
            raise Refused("a pool needs one page size", where, " and ".join(given) or "neither", expected)
        row = Row(item["node"], size_kb, item["count"], item["persist"])
        if row.count < 0 or isinstance(row.count, bool):
            raise Refused("not a number of pages", where=_named(row), found=str(row.count), expected="0 or more")
        if any((row.node, row.size_kb) == (other.node, other.size_kb) for other in rows):
            raise Refused("a pool is named twice", found=_named(row), cure="Keep one of the rows in pools.")
        rows.append(row)
    return rows


def _named(row):
    return "pages of {0} on node {1}".format(render_kb(row.size_kb), row.node)


def key(row):
    """Name of a pool in the state file."""
    return "{0.node}:{0.size_kb}".format(row)


def kept(pool):
    """Pages that stay: surplus pages go when their user goes."""
    return pool.total - pool.surplus


def foreign(pool, entry):
    """Whether somebody else has changed a pool of ours: "given" is what a run has left it with.

    A run that was cut off has left no word of that; then it is only known how much we ever asked for.
    """
    return kept(pool) != entry["given"] if "given" in entry else kept(pool) > entry.get("most", kept(pool))


def _target(pool, count, entry):
    """The number to ask for, or None: more if needed, less only of what is ours by *entry* and never what is in use."""
    if kept(pool) < count:
        return count
    lowest = max(count, pool.total - pool.free, entry["before"]) if entry else kept(pool)
    return lowest if lowest < kept(pool) else None


def decide(nodes, rows, recorded, pending):
    """The pools that change now; *recorded* is the section of the state file, *pending* whether a reboot is to come."""
    aims = []
    for row in rows:
        pool = _find(nodes, row, pending)
        if pool and not (pending and row.persist == "cmdline"):
            aims.append((pool, row.count, recorded.get(key(row))))
    for pool, entry in leaving(nodes, rows, recorded):
        if not foreign(pool, entry):
            aims.append((pool, min(entry["before"], kept(pool)), entry))
    counts = [Count(pool, kept(pool), _target(pool, count, entry)) for pool, count, entry in aims]
    return [count for count in counts if count.after is not None]


def waiting(counts, rows):
    """Those of pools that nobody wants after the reboot: until then guests start on the pages of before."""
    wanted = {key(row) for row in rows}
    return [count for count in counts if key(count.pool) not in wanted]


def announced(nodes, rows, counts, recorded, pending):
    """What is recorded of our pools before they change; those that a reboot will fill are ours from then on, too."""
    found = {key(count.pool): kept(count.pool) for count in counts}
    for row in rows if pending else []:
        pool = nodes[row.node].pools.get(row.size_kb)
        if row.persist == "cmdline":
            found.setdefault(key(row), kept(pool) if pool else 0)
    entries = {name: {"before": count} for name, count in found.items()}
    entries.update((name, dict(entry)) for name, entry in recorded.items())
    for name, count in [(key(row), row.count) for row in rows if key(row) in entries]:
        entries[name]["most"] = max(count, entries[name].get("most", 0))
    for name in found:
        entries[name].pop("given", None)  # what it becomes is known when it is read back
    return entries


def settled(nodes, rows, recorded, pending):
    """What is recorded when all is done: what our pools were left with, None for those that have gone back.

    What a reboot is going to fill is not known yet.
    """
    wanted = {key(row): row for row in rows}
    pools = {key(pool): pool for node in nodes.values() for pool in node.pools.values()}
    entries = {}
    for name, entry in recorded.items():
        row, pool = wanted.get(name), pools.get(name)
        if row and pending and row.persist == "cmdline":
            continue
        back = not row and (pool is None or kept(pool) <= entry["before"] or foreign(pool, entry))
        entries[name] = None if back else dict(entry, given=kept(pool))
    return entries


def leaving(nodes, rows, recorded):
    """(pool, entry of the state file) of each pool of ours that nobody wants any more."""
    names = set(recorded) - {key(row) for row in rows}
    pools = [pool for node in nodes.values() for pool in node.pools.values()]
    return [(pool, recorded[key(pool)]) for pool in pools if key(pool) in names]


def left_alone(nodes, rows, recorded):
    """Rows about pools of ours that do not go back now, in words."""
    result = []
    for pool, entry in leaving(nodes, rows, recorded):
        target = "the pool of {0} on node {1}".format(render_kb(pool.size_kb), pool.node)
        if foreign(pool, entry) and kept(pool) != entry["before"]:
            words = "has {0} pages, more than the {most} that we asked for"
            if "given" in entry:
                words = "has {0} pages, not {given} as we left it"
            result.append(left(target, words.format(kept(pool), **entry)))
        elif kept(pool) > entry["before"] < pool.total - pool.free:
            result.append(left(target, "has {0} pages in use".format(pool.total - pool.free)))
    return result


def _find(nodes, row, pending):
    """The pool of a row; None where only the reboot makes the page size known to the kernel."""
    if row.node not in nodes:
        raise Refused("no such NUMA node", where="pools", found=str(row.node), expected=", ".join(map(str, nodes)))
    pools = nodes[row.node].pools
    if row.size_kb not in pools and not (pending and row.persist == "cmdline"):
        raise Refused(
            "the kernel has no pages of this size",
            where="node {0}".format(row.node),
            found=render_kb(row.size_kb),
            expected=" or ".join(render_kb(size) for size in sorted(pools)) or "any size at all",
            cure="Choose another size in pools (page_size of the plan).",
        )
    return pools.get(row.size_kb)


def check_memory(nodes, rows, counts, pending=False, returned=()):
    """Refuse more pages than a node has memory, whatever makes them.

    While a reboot is *pending*, what it leaves of pools that nobody asks for is the guards' affair: it may be nothing.
    *returned* are (pool, entry) whose pages are gone by then, whoever has them now.
    """
    asked = {row.size_kb for row in rows}
    for node in nodes.values():
        pages = {size: kept(pool) for size, pool in node.pools.items() if not pending or size in asked}
        pages.update((row.size_kb, max(row.count, pages.get(row.size_kb, 0))) for row in rows if row.node == node.id)
        pages.update((count.pool.size_kb, count.after) for count in counts if count.pool.node == node.id)
        pages.update((pool.size_kb, entry["before"]) for pool, entry in returned if pool.node == node.id)
        needed = sum(size * count for size, count in pages.items())
        if node.memory_kb is not None and needed > node.memory_kb:
            raise Refused(
                "more hugepages than memory",
                where="node {0}".format(node.id),
                found=" + ".join("{0} x {1}".format(pages[s], render_kb(s)) for s in sorted(pages) if pages[s]),
                expected="at most {0} MiB".format(node.memory_kb // 1024),
                cure="Lower count in pools (vm_memory or page counts of the plan).",
            )
