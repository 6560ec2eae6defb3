# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placements of rx queues side by side: as it is, as Open vSwitch's three algorithms would do it, and the best.

A queue is {"port", "queue_id", "numa_id", "load", "enabled", "pinned_core", "core_id"}: *load* in percent of a thread,
*core_id* who polls it now. A thread is {"core_id", "numa_id", "isolated"}. A placement is a list of cores in the order
of the queues, None where a queue is not polled.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _rxq_auto_lb, _rxq_best, _rxq_ovs
from ._errors import Refused

Placements = collections.namedtuple("Placements", "current roundrobin cycles group best bound exact")


class Case(collections.namedtuple("Case", "queues pmds placements version config owners load improvement")):
    """A picture with its placements, and what is worth an advice.

    *load*: percent of a thread below which nothing is done; *improvement*: by how many percent the busiest thread must
    gain. *owners*: {port: who} of interfaces that others manage. *version*: tuple or None.
    """

    __slots__ = ()

    def worth(self, before, after):
        """Whether a thread gains enough."""
        return before > 0 and 100.0 * (before - after) / before >= self.improvement

    def by_node(self, cores):
        """{node: load of its busiest thread}"""
        return by_node(self.queues, self.pmds, cores)

    def highest(self, cores):
        """Load of the busiest thread, leaving out nodes that have too much to do and that no placement can relieve."""
        now, best = self.by_node(self.placements.current), self.by_node(self.placements.best)
        hopeless = {node for node in now if now[node] >= self.load and not self.worth(now[node], best[node])}
        busiest = self.by_node(cores)
        return max([busiest[node] for node in busiest if node not in hopeless] or [0])


def check(queues, pmds):
    """Refuse what is no picture of a switch."""
    for name, rows, key in (("loads", queues, ("port", "queue_id")), ("pmds", pmds, ("core_id",))):
        counts = collections.Counter(tuple(row[part] for part in key) for row in rows)
        twice = sorted(identity for identity, count in counts.items() if count > 1)
        if twice:
            raise Refused("the same row twice", name, " ".join(str(part) for part in twice[0]), "each once")
    for queue in queues:
        # Not a number is no load either, and compares as false.
        if not 0 <= queue["load"] < float("inf"):
            where = "port {port} queue {queue_id}".format(**queue)
            raise Refused("not a load", where, str(queue["load"]), "0 or more percent of a thread")


def place(queues, pmds, version=None):
    """All placements of one picture."""
    cores = {name: _rxq_ovs.schedule(name, queues, pmds, version) for name in _rxq_ovs.ALGORITHMS}
    current = [queue["core_id"] for queue in queues]
    best = _rxq_best.best(queues, pmds, [cores[name] for name in _rxq_ovs.ALGORITHMS] + [current])
    return Placements(current=current, best=best.cores, bound=best.bound, exact=best.exact, **cores)


def held(queues, pmds, cores):
    """{core: load} of every thread."""
    loads = {row["core_id"]: 0 for row in pmds}
    for queue, core in zip(queues, cores):
        if core in loads:
            loads[core] += queue["load"]
    return loads


def by_node(queues, pmds, cores):
    """{node: load of its busiest thread}"""
    loads = held(queues, pmds, cores)
    nodes = {}
    for row in pmds:
        nodes.setdefault(row["numa_id"], []).append(loads[row["core_id"]])
    return {node: max(each) for node, each in nodes.items()}


def describe(queues, pmds, cores):
    """One placement as it is published."""
    loads = held(queues, pmds, cores)
    return {
        "assignment": [
            {"port": queue["port"], "queue_id": queue["queue_id"], "core_id": core}
            for queue, core in zip(queues, cores)
        ],
        "max_load": max(list(loads.values()) or [0]),
        "variance": max(list(_rxq_auto_lb.variances(loads, pmds).values()) or [0]),
    }


def publish(queues, pmds, placements):
    """The five placements; the best one with how far from the optimum it may be."""
    result = {name: describe(queues, pmds, getattr(placements, name)) for name in _rxq_ovs.ALGORITHMS + ("best",)}
    result["current"] = describe(queues, pmds, placements.current) if any_known(placements.current, queues) else None
    bound, reached = placements.bound, result["best"]["max_load"]
    result["best"].update(exact=placements.exact, bound=bound, gap=(reached - bound) / bound if bound else 0)
    return result


def any_known(current, queues):
    """Whether anybody said who polls the queues now."""
    return not queues or any(core is not None for core in current)
