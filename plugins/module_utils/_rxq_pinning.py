# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which pins make the best placement, and what the switch makes of the rest once they are written.

Since Open vSwitch 2.16 (group, pmd-rxq-isolate=false) every queue of a node that gains may be pinned. Before, a pin
takes its thread out of the common lot: the queues of one thread per node stay without, and find no other place.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _rxq, _rxq_ovs


def wanted(case):
    """Pins that make the best placement, on nodes that gain by it."""
    nodes = {row["core_id"]: row["numa_id"] for row in case.pmds}
    now, best = case.by_node(case.placements.current), case.by_node(case.placements.best)
    gaining = {node for node in best if case.worth(now[node], best[node])}
    free = {}
    if not _rxq_ovs.knows_group(case.version):
        free = _free_threads(case, nodes)
        gaining &= set(free)
    return [
        {"port": queue["port"], "queue_id": queue["queue_id"], "core_id": core}
        for queue, core in zip(case.queues, case.placements.best)
        if queue["pinned_core"] is None
        and queue["load"]
        and nodes.get(core) in gaining
        and core != free.get(nodes[core])
    ]


def _free_threads(case, nodes):
    """{node: an open thread of it}, the one that has least to do at best: all that is not pinned goes there."""
    loads = _rxq.held(case.queues, case.pmds, case.placements.best)
    pinned = {queue["pinned_core"] for queue in case.queues}
    candidates = [row["core_id"] for row in case.pmds if not row["isolated"] and row["core_id"] not in pinned]
    free = {}
    for core in sorted(candidates, key=lambda core: (-loads[core], core)):
        free[nodes[core]] = core
    return free


def with_pins(case, pins):
    """Load of the busiest thread once these pins are written, as the switch places the rest."""
    cores = {(pin["port"], pin["queue_id"]): pin["core_id"] for pin in pins}
    queues = [
        dict(queue, pinned_core=cores.get((queue["port"], queue["queue_id"]), queue["pinned_core"]))
        for queue in case.queues
    ]
    algorithm = _rxq_ovs.GROUP if _rxq_ovs.knows_group(case.version) else _rxq_ovs.configured(case.config, case.version)
    return case.highest(_rxq_ovs.schedule(algorithm, queues, case.pmds, case.version))
