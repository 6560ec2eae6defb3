# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where Open vSwitch would put each rx queue: its three algorithms, worked out from their rules.

A *queue* is {"port", "queue_id", "numa_id", "load", "enabled", "pinned_core"}, a *thread* {"core_id", "numa_id",
"isolated"}. The order of the queues is that of the ports in the datapath: Open vSwitch takes equal loads in it.
Two orders cannot be seen from outside, because they come from a hash table of the switch: roundrobin takes ports, and
queues without a thread on their own node take the other nodes, in the order of the list and of the node ids here.

Private to the collection. Python 3.6+, standard library only.
Sources: lib/dpif-netdev.c of Open vSwitch 2.16 and later (rules of rxq scheduling), Documentation/topics/dpdk/pmd.rst.
"""

import itertools

ROUNDROBIN, CYCLES, GROUP = "roundrobin", "cycles", "group"
ALGORITHMS = (ROUNDROBIN, CYCLES, GROUP)
ASSIGN, ISOLATE = "pmd-rxq-assign", "pmd-rxq-isolate"
GROUP_SINCE = (2, 16)  # and pmd-rxq-isolate, and another thread for a queue whose pin has none


def knows_group(version):
    """Whether *version* (a tuple, None: not known and taken for a recent one) has group and pmd-rxq-isolate."""
    return version is None or version >= GROUP_SINCE


def configured(config, version=None):
    """The algorithm in force: what the switch does not know is cycles to it."""
    name = config.get(ASSIGN)
    return name if name in ALGORITHMS and (name != GROUP or knows_group(version)) else CYCLES


class Thread:
    """A PMD thread while it is being filled."""

    def __init__(self, row):
        self.core, self.node, self.open = row["core_id"], row["numa_id"], not row["isolated"]
        self.load = self.queues = 0

    def take(self, queue):
        self.load += queue["load"]
        self.queues += 1
        return self.core


class Node:
    """The threads of one NUMA node, and who is next."""

    def __init__(self, threads, algorithm):
        self.threads, self.algorithm = threads, algorithm
        turns = threads + threads[::-1] if algorithm == CYCLES else threads
        self._turns = itertools.cycle(turns)

    @property
    def open(self):
        return any(thread.open for thread in self.threads)

    def choose(self, queue):
        """The thread for *queue*; there must be an open one."""
        if self.algorithm != GROUP:
            return next(thread for thread in self._turns if thread.open)
        rank = "load" if queue["load"] else "queues"
        return min(
            (thread for thread in self.threads if thread.open), key=lambda each: (getattr(each, rank), each.core)
        )


def schedule(algorithm, queues, pmds, version=None):
    """The core of each queue, in the order of *queues*; None where a queue would not be polled."""
    threads = [Thread(row) for row in sorted(pmds, key=lambda row: row["core_id"])]
    cores, waiting = _pinned(algorithm, queues, threads, version)
    if algorithm != ROUNDROBIN:
        waiting.sort(key=lambda number: -queues[number]["load"])  # stable: equal loads keep their order
    nodes = {
        node: Node([thread for thread in threads if thread.node == node], algorithm)
        for node in sorted({thread.node for thread in threads})
    }
    others = itertools.cycle([node for node in nodes.values() if node.open])
    for number in waiting:
        queue = queues[number]
        node = nodes.get(queue["numa_id"])
        if node is None or not node.open:
            node = next(others, None)
        if node:
            cores[number] = node.choose(queue).take(queue)
    return cores


def _pinned(algorithm, queues, threads, version):
    """Pinned queues first, on whatever node; all others wait. A pin closes its thread, but not always with group."""
    by_core = {thread.core: thread for thread in threads}
    cores, waiting = [None] * len(queues), []
    for number, queue in enumerate(queues):
        thread = by_core.get(queue["pinned_core"])
        if thread:
            cores[number] = thread.take(queue)
            thread.open = thread.open and algorithm == GROUP
        elif queue["pinned_core"] is None or knows_group(version):
            waiting.append(number)
    return cores, waiting
