# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about unequal PMD threads, the least intrusive cure first, each with its reason.

nothing · assign (another pmd-rxq-assign) · auto_lb (auto load balance) · queues (more of them on a port) · pmd_core
(one more) · pins. Pins come last: they follow no load any more.

Private to the collection. Python 3.6+, standard library only.
Source: Documentation/topics/dpdk/pmd.rst of Open vSwitch.
"""

import collections
import math

from . import _rxq, _rxq_auto_lb, _rxq_best, _rxq_ovs, _rxq_pinning
from ._rxq_ovs import ASSIGN, ISOLATE


def advise(case):
    """A list of cures; never empty, unless nobody said who polls the queues now."""
    if not _rxq.any_known(case.placements.current, case.queues) and case.pmds:
        return []
    structural = _unpolled(case) + _cross_node(case) + _heavy_queues(case) + _full_nodes(case)
    balancing = _balancing(case)
    order = ("assign", "auto_lb", "queues", "pmd_core", "pins")
    found = sorted(balancing + structural, key=lambda each: order.index(each["cure"]))
    return found or [_nothing(case)]


def _cure(name, reason, *values, **more):
    blank = {"subject": None, "other_config": {}, "pins": [], "others_pins": [], "max_load": None, "writable": False}
    return dict(blank, cure=name, reason=reason.format(*values), **more)


def _nothing(case):
    now = max(list(case.by_node(case.placements.current).values()) or [0])
    best = max(list(case.by_node(case.placements.best).values()) or [0])
    if now < case.load:
        reason = "The busiest thread has {0:.0f} %, which is below {1:.0f} %: nothing needs to be moved."
    elif case.worth(now, best):
        reason = "The busiest thread has {0:.0f} %; auto load balance is switched on and will see to it."
    else:
        reason = "The busiest thread has {0:.0f} %, at best it would have {2:.0f} %: moving queues gains too little."
    return _cure("nothing", reason, now, case.load, best, max_load=now)


# --- what no placement can cure ---------------------------------------------------------------------------------


def _unpolled(case):
    """Queues that nobody polls."""
    names = [_name(queue) for queue, core in zip(case.queues, case.placements.current) if core is None]
    if not names:
        return []
    reason = "Nobody polls {0}: there is no PMD thread that may. Threads with pinned queues take no others."
    return [_cure("pmd_core", reason, _few(names), subject=_few(names))]


def _cross_node(case):
    """Nodes whose queues are polled from elsewhere because they have no thread of their own for them."""
    nodes = {row["core_id"]: row["numa_id"] for row in case.pmds}
    away = collections.OrderedDict()
    for queue, core in zip(case.queues, case.placements.current):
        if core in nodes and nodes[core] != queue["numa_id"] and queue["pinned_core"] is None:
            away.setdefault(queue["numa_id"], []).append(_name(queue))
    reason = "NUMA node {0} has no PMD thread for {1}; another node polls them, which costs speed."
    return [
        _cure("pmd_core", reason, node, _few(names), subject="node {0}".format(node)) for node, names in away.items()
    ]


def _heavy_queues(case):
    """Ports of which one queue alone fills a thread."""
    ports = collections.OrderedDict()
    for queue in case.queues:
        ports.setdefault(queue["port"], []).append(queue["load"])
    reason = (
        "One queue of port {0} takes {1:.0f} % of a thread, which no placement can divide. With {2} queues instead of "
        "{3} it can (options:n_rxq; the guest decides for a vhost-user port)."
    )
    return [
        _cure("queues", reason, port, max(loads), _more_queues(case, loads), len(loads), subject=port)
        for port, loads in ports.items()
        if max(loads) >= case.load > 0
    ]


def _more_queues(case, loads):
    return max(len(loads) + 1, int(math.ceil(sum(loads) / case.load)))


def _full_nodes(case):
    """Nodes that have too much to do however it is divided, and would not with more threads."""
    result = []
    for node, best in sorted(case.by_node(case.placements.best).items()):
        count, more = _with_others(case, node, best) if best >= case.load > 0 else (0, best)
        if count:
            reason = (
                "At best the busiest PMD thread of NUMA node {0} has {1:.0f} %. With {2} thread{3} more on that node "
                "it would have {4:.0f} %."
            )
            values = (node, best, count, "" if count == 1 else "s", more)
            result.append(_cure("pmd_core", reason, *values, subject="node {0}".format(node), max_load=more))
    return result


def _with_others(case, node, best):
    """(number of further threads of *node* that are worth it, load of its busiest thread then); (0, *best*) if none."""
    pmds, free = list(case.pmds), max(row["core_id"] for row in case.pmds) + 1
    for count in range(1, sum(row["numa_id"] == node for row in case.pmds) + 1):
        pmds.append({"core_id": free + count, "numa_id": node, "isolated": False})
        cores = _rxq_best.best(case.queues, pmds, [case.placements.best]).cores
        after = _rxq.by_node(case.queues, pmds, cores)[node]
        if case.worth(best, after):
            return count, after
    return 0, best


# --- what a placement can cure ----------------------------------------------------------------------------------


def _balancing(case):
    now = case.highest(case.placements.current)
    if now < case.load or not case.worth(now, case.highest(case.placements.best)):
        return []
    algorithm, after = _algorithm(case)
    found = []
    if case.worth(now, after):
        if algorithm != _rxq_ovs.configured(case.config, case.version):
            found.append(_assign(algorithm, now, after))
        else:
            pair = _thresholds(case, algorithm)
            if pair and _rxq_auto_lb.acts(case.config, pair):
                return []
            found += [_auto_lb(case, algorithm, pair, now, after)] if pair else []
    reached = after if found else now
    return found + ([_pins(case, now)] if case.worth(reached, case.highest(case.placements.best)) else [])


def _algorithm(case):
    """The algorithm that does best by loads, the configured one if it does as well, and what its busiest thread has."""
    names = [_rxq_ovs.CYCLES] + ([_rxq_ovs.GROUP] if _rxq_ovs.knows_group(case.version) else [])
    configured = _rxq_ovs.configured(case.config, case.version)
    highest = {name: case.highest(getattr(case.placements, name)) for name in names}
    name = min(names, key=lambda each: (highest[each], each != configured, each != _rxq_ovs.GROUP))
    return name, highest[name]


def _assign(algorithm, now, after):
    reason = "The busiest thread has {0:.0f} %. With {1}={2} it would have {3:.0f} %."
    settings = {ASSIGN: algorithm}
    more = {"other_config": settings, "max_load": after, "writable": True}
    return _cure("assign", reason, now, ASSIGN, algorithm, after, **more)


def _thresholds(case, algorithm):
    """Those at which auto load balance acts on these loads; None if it never would."""
    current = case.placements.current
    if not _rxq_auto_lb.possible(algorithm, case.queues, current, case.pmds, case.version):
        return None
    now, then = (
        _rxq.held(case.queues, case.pmds, cores) for cores in (current, getattr(case.placements, algorithm))
    )
    return _rxq_auto_lb.thresholds(now, then, case.pmds, case.version)


def _auto_lb(case, algorithm, pair, now, after):
    reason = (
        "The loads have changed since {0} placed the queues: the busiest thread has {1:.0f} %, placed anew it would "
        "have {2:.0f} %. Auto load balance does that where a thread has {3} % for a minute and the variance of the "
        "loads goes down by {4} %."
    )
    settings = dict(_rxq_auto_lb.settings(pair, case.version), **{ASSIGN: algorithm})
    more = {"other_config": settings, "max_load": after, "writable": True}
    return _cure("auto_lb", reason, algorithm, now, after, pair[0], pair[1], **more)


# --- pins -------------------------------------------------------------------------------------------------------


def _pins(case, now):
    pins = _rxq_pinning.wanted(case)
    own = [pin for pin in pins if pin["port"] not in case.owners]
    others = [pin for pin in pins if pin["port"] in case.owners]
    modern = _rxq_ovs.knows_group(case.version)
    settings = {ASSIGN: _rxq_ovs.GROUP, ISOLATE: "false"} if modern else {}
    more = {"other_config": settings, "pins": own, "others_pins": others}
    if modern and any(row["isolated"] for row in case.pmds):
        reason = (
            "Only pins would bring the busiest thread from {0:.0f} % to {1:.0f} %, but others have isolated threads by "
            "pins of their own, and {2}=false would open them."
        )
        return _cure("pins", reason, now, case.highest(case.placements.best), ISOLATE, **more)
    after = _rxq_pinning.with_pins(case, own)
    reason = (
        "No algorithm of Open vSwitch does as well: with {0} pins the busiest thread goes from {1:.0f} % to "
        "{2:.0f} %.{3}"
    )
    advised = ""
    if others:
        advised = " Pins on interfaces that others manage are advised, not written: {0}.".format(
            _few(sorted({pin["port"] for pin in others}))
        )
    writable = bool(own) and case.worth(now, after)
    return _cure("pins", reason, len(own), now, after, advised, max_load=after, writable=writable, **more)


# --- words ------------------------------------------------------------------------------------------------------


def _name(queue):
    return "queue {queue_id} of {port}".format(**queue)


def _few(names):
    return ", ".join(names[:3]) + (" and {0} more".format(len(names) - 3) if len(names) > 3 else "")
