# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The best placement of rx queues: the busiest PMD thread of each NUMA node has as little to do as possible.

Up to EXACT queues with a load and a choice on a node it is the optimum; beyond, the best of several starts, improved,
together with a lower bound that no placement can go below. A queue without a thread on its own node may go anywhere;
then all nodes are one problem.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _division
from ._division import Bin, Item

EXACT = 16

Best = collections.namedtuple("Best", "cores bound exact")


def best(queues, pmds, starts=()):
    """The cores in the order of *queues*, and a proven lower bound of the busiest thread.

    *starts* are placements of the same queues: where they stay on their nodes, the result is no worse than any of them.
    """
    threads = sorted(pmds, key=lambda row: row["core_id"])
    present = {row["core_id"] for row in threads}
    cores = [queue["pinned_core"] if queue["pinned_core"] in present else None for queue in queues]
    pinned = collections.Counter()
    for queue, core in zip(queues, cores):
        pinned[core] += queue["load"]
    bounds, exact = [pinned[core] for core in present], True
    for numbers, open_threads, homeless in _problems(queues, cores, threads):
        bins = [Bin(row["numa_id"], pinned[row["core_id"]]) for row in open_threads]
        items = [Item(queues[each]["load"], None if each in homeless else queues[each]["numa_id"]) for each in numbers]
        indices = {row["core_id"]: index for index, row in enumerate(open_threads)}
        divisions = [[indices.get(start[number]) for number in numbers] for start in starts]
        division, bound, proven = _solve(items, bins, [each for each in divisions if _valid(items, bins, each)])
        bounds.append(bound)
        exact = exact and proven
        for number, index in zip(numbers, division):
            cores[number] = open_threads[index]["core_id"]
    return Best(cores, max(bounds or [0]), exact)


def _problems(queues, cores, threads):
    """[(numbers of free queues, threads that may take them, those of them without a thread at home)]"""
    free = [number for number, core in enumerate(cores) if core is None]
    open_threads = [row for row in threads if not row["isolated"]]
    nodes = sorted({row["numa_id"] for row in open_threads})
    homeless = {number for number in free if queues[number]["numa_id"] not in nodes}
    if homeless:
        return [(free, open_threads, homeless)] if open_threads else []
    return [
        (
            [number for number in free if queues[number]["numa_id"] == node],
            [row for row in open_threads if row["numa_id"] == node],
            (),
        )
        for node in nodes
    ]


def _valid(items, bins, division):
    return all(index is not None and _division.fits(item, bins[index]) for item, index in zip(items, division))


def _solve(items, bins, starts):
    """(division, lower bound, whether the division is proven to be the best)"""
    loaded = [number for number, item in enumerate(items) if item.load]
    heavy = [items[number] for number in loaded]
    divisions = [[start[number] for number in loaded] for start in starts]
    divisions.append(_division.longest_first(heavy, bins))
    bound = _division.lower_bound(heavy, bins)
    division = min(divisions, key=lambda each: max(_division.sums(heavy, bins, each)))
    division = _division.improved(heavy, bins, division, bound)
    if len(heavy) <= EXACT:
        division = _division.optimum(heavy, bins, division, bound)
        bound = max(_division.sums(heavy, bins, division))
    proven = max(_division.sums(heavy, bins, division)) <= bound + _division.tolerance(heavy, bins)
    return _with_idle(items, bins, dict(zip(loaded, division))), bound, proven


def _with_idle(items, bins, placed):
    """Queues without load go where the fewest queues are."""
    count = collections.Counter(placed.values())
    for number, item in enumerate(items):
        if number not in placed:
            choice = [index for index, each in enumerate(bins) if _division.fits(item, each)]
            placed[number] = min(choice, key=lambda index: (count[index], index))
            count[placed[number]] += 1
    return [placed[number] for number in range(len(items))]
