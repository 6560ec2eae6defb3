# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Loads on threads: the division whose highest sum is lowest, exactly for a few loads, and close to it for many.

An Item goes to a Bin of its node, or to any bin if its node is None; each bin holds *base* from the beginning. A
division is the list of the bins' indices, one for each item.

The exact search fills one bin after the other: with a set of items that leaves no more than the later bins can hold,
and to which nothing that is left could be added (moving an item there never makes another bin fuller).

Private to the collection. Python 3.6+, standard library only.
Source: E. Schreiber, R. Korf, M. Moffitt, "Optimal Multi-Way Number Partitioning" (J. ACM, 2018), for both ideas.
"""

import collections
import math

Item = collections.namedtuple("Item", "load node")
Bin = collections.namedtuple("Bin", "node base")

_PAIR = 12  # items that are divided anew between two bins: some thousand sets at most


def fits(item, each):
    return item.node is None or item.node == each.node


def sums(items, bins, division):
    """What each bin holds."""
    result = [each.base for each in bins]
    for item, index in zip(items, division):
        result[index] += item.load
    return result


def tolerance(items, bins):
    """Sums of the same numbers in another order differ in their last bits."""
    return 1e-12 * (sum(item.load for item in items) + sum(each.base for each in bins))


def longest_first(items, bins):
    """Each item, the largest first, to the bin that holds least."""
    held, division = [each.base for each in bins], [None] * len(items)
    for number in sorted(range(len(items)), key=lambda number: -items[number].load):
        open_bins = [index for index, each in enumerate(bins) if fits(items[number], each)]
        division[number] = min(open_bins, key=lambda index: held[index])
        held[division[number]] += items[number].load
    return division


def lower_bound(items, bins):
    """What no division can go below: for each node alone, and for everything together."""
    bounds = [_level([item.load for item in items], [each.base for each in bins])]
    for node in {each.node for each in bins}:
        loads = sorted((item.load for item in items if item.node == node), reverse=True)
        bounds.append(_crowd(loads, [each.base for each in bins if each.node == node]))
    loads = sorted((item.load for item in items), reverse=True)
    bounds += [_crowd(loads, [each.base for each in bins]), max(each.base for each in bins)]
    if all(number == int(number) for number in loads + [each.base for each in bins]):
        # Whole numbers have whole sums.
        return math.ceil(max(bounds) - tolerance(items, bins))
    return max(bounds)


def _level(loads, bases):
    """How high water would stand: loads that can be cut at will, in bins that are filled already."""
    bases, total = sorted(bases), sum(loads)
    return min((total + sum(bases[:count])) / count for count in range(1, len(bases) + 1))


def _crowd(loads, bases):
    """Of the k * bins + 1 largest loads some bin gets k + 1, none of them smaller than the smallest."""
    bounds = [_level(loads, bases)]
    for count, last in enumerate(range(0, len(loads), len(bases)), 1):
        bounds.append(min(bases) + sum(loads[last - count + 1 : last + 1]))
    return max(bounds)


def improved(items, bins, division, bound):
    """Divide what the fullest bin and another one hold anew, exactly, until that no longer helps."""
    division, slack = list(division), tolerance(items, bins)
    while True:
        held = sums(items, bins, division)
        fullest = held.index(max(held))
        if held[fullest] <= bound + slack:
            return division
        for other in sorted(range(len(bins)), key=lambda index: held[index]):
            if other != fullest and _divided_anew(items, bins, division, (fullest, other)):
                break
        else:
            return division


def _divided_anew(items, bins, division, pair):
    """Change *division* so that the fuller of two bins holds less; False if it cannot be done."""
    movable = [
        number
        for number, item in enumerate(items)
        if division[number] in pair and all(fits(item, bins[index]) for index in pair)
    ]
    movable = sorted(movable, key=lambda number: items[number].load)[-_PAIR:]
    moving = [Item(items[number].load, None) for number in movable]
    held = sums(items, bins, division)
    there = [pair.index(division[number]) for number in movable]
    fixed = [
        Bin(None, held[index] - sum(item.load for item, side in zip(moving, there) if pair[side] == index))
        for index in pair
    ]
    better = _Search(moving, fixed).below(max(sums(moving, fixed, there)))
    if better is None:
        return False
    for number, side in zip(movable, better):
        division[number] = pair[side]
    return True


def optimum(items, bins, division, bound):
    """A division than which none is better, starting from a good one."""
    search, slack = _Search(items, bins), tolerance(items, bins)
    while max(sums(items, bins, division)) > bound + slack:
        better = search.below(max(sums(items, bins, division)))
        if better is None:
            break
        division = better
    return division


class _Search:
    """Looks for divisions below falling limits; what failed once below a limit fails below a lower one too."""

    def __init__(self, items, bins):
        self.slack = tolerance(items, bins)
        # Items that are alike stand together, so that only one of them need be tried.
        self.names = sorted(range(len(items)), key=lambda number: (-items[number].load, str(items[number].node)))
        self.items = [items[number] for number in self.names]
        # Bins of a node stand together, the fullest first: it has the fewest choices.
        self.order = sorted(range(len(bins)), key=lambda index: (str(bins[index].node), -bins[index].base))
        self.bins = [bins[index] for index in self.order]
        self.failed = set()

    def below(self, limit):
        """A division whose bins all hold less than *limit*, or None."""
        self.limit = limit - self.slack
        chosen = self._fill(0, tuple(range(len(self.items))))
        if chosen is None:
            return None
        division = [None] * len(self.items)
        for position, members in enumerate(chosen):
            for member in members:
                division[self.names[member]] = self.order[position]
        return division

    def _fill(self, position, rest):
        """Sets of items for the bins from *position* on, which together are *rest*."""
        if position == len(self.bins):
            return None if rest else []
        if (position, rest) in self.failed:
            return None
        for members in self._sets(position, rest):
            others = self._fill(position + 1, tuple(number for number in rest if number not in members))
            if others is not None:
                return [members] + others
        self.failed.add((position, rest))
        return None

    def _sets(self, position, rest):
        """Sets of *rest* that may fill one bin, each a tuple; see the head of this file."""
        here, later = self.bins[position], self.bins[position + 1 :]
        room = self.limit - here.base
        local = [number for number in rest if self.items[number].node == here.node]
        near = [each for each in later if each.node == here.node]
        need = self._surplus(rest, later)
        need_local = self._surplus(local, near)
        candidates = [number for number in rest if fits(self.items[number], here)]
        # Among bins that are alike, the largest item that belongs to them goes to the first.
        alike = all(each.base == here.base for each in near)
        forced = local[0] if local and alike else None
        loads = [self.items[number].load for number in candidates]
        left = [sum(loads[index:]) for index in range(len(loads) + 1)]

        def grow(index, held, held_local, members, skipped):
            if held + left[index] < need:
                return
            if index == len(loads):
                if held_local >= need_local and (skipped is None or held + skipped.load >= room):
                    yield tuple(members)
                return
            number, item, load = candidates[index], self.items[candidates[index]], loads[index]
            if held + load < room and item != skipped:
                more = load if item.node == here.node else 0
                yield from grow(index + 1, held + load, held_local + more, members + [number], skipped)
            if number != forced and held + left[index + 1] + load >= room:
                yield from grow(index + 1, held, held_local, members, item)

        if room > 0:
            yield from grow(0, 0, 0, [], None)

    def _surplus(self, numbers, bins):
        """What *bins* cannot hold of the items."""
        capacity = sum(self.limit - each.base for each in bins)
        return sum(self.items[number].load for number in numbers) - capacity - self.slack
