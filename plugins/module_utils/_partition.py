# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets which CPUs: the host (housekeeping), the PMD threads of Open vSwitch, and the guests.

SMT siblings are never split; the three sets are disjoint and together are all online CPUs. Per node the lowest
cores stay with the host and the next ones poll; guests get the rest. Numbers that nobody wrote give way where a
node is too small; numbers and lists of the operator's never do.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _cpuset
from ._cpu_lists import check_able, check_lists
from ._errors import Refused
from ._machine import cpus_of, first, hosts_dpdk, incapable
from ._notes import counted, option

ROLES = ("housekeeping", "pmd", "vm")
USES = {"housekeeping": "for the host", "pmd": "for PMD threads", "vm": "for guests"}
DEFAULT_CORES = 1

Partition = collections.namedtuple("Partition", ROLES)
# How many cores a node gives to one role, and whether the operator wrote that number.
Quota = collections.namedtuple("Quota", "cores written name")


def partition(nodes, nic_nodes, request, notes):
    """Partition of all online CPUs into three sets; *nic_nodes* are the nodes that have a DPDK NIC."""
    given = {role: request[role + "_cpus"] for role in ROLES}
    check_lists(given, nodes)
    _check_pairs(nodes, request)
    chosen = {role: set(given[role] or ()) for role in ROLES}
    taken = set().union(*chosen.values())
    boot_core = min((core for node in nodes for core in node.cores), key=first)
    for node in nodes:
        free = [core for core in node.cores if not core.cpus & taken]
        keep, poll = _quotas(node, free, boot_core, nic_nodes, given, request, notes)
        chosen["housekeeping"] |= cpus_of(free[:keep])
        chosen["pmd"] |= cpus_of(_fastest(free[keep:], poll))
    rest = cpus_of(core for node in nodes for core in node.cores).difference(*chosen.values())
    heirs = [role for role in ("vm", "housekeeping", "pmd") if given[role] is None][:1]
    for heir in heirs:
        chosen[heir] |= rest
    result = Partition(*(frozenset(chosen[role]) for role in ROLES))
    check_able(result.pmd, nodes)
    _check_result(result, set() if heirs else rest, boot_core, nic_nodes, given)
    origins = {role: role + "_cpus" for role in ROLES if given[role] is not None}
    origins.update(dict.fromkeys(heirs, "the rest"))
    _explain(nodes, nic_nodes, result, origins, notes)
    return result


def _quotas(node, free, boot_core, nic_nodes, given, request, notes):
    """Cores of *node* for housekeeping and for PMD threads, made to fit into its *free* cores."""
    nothing = Quota(0, False, None)
    keep = _quota("housekeeping_cores", node, request) if given["housekeeping"] is None else nothing
    poll = _pmd_quota(node, nic_nodes, request) if given["pmd"] is None else nothing
    if poll.cores and not hosts_dpdk(node):
        raise Refused(
            "NUMA node {0} cannot have PMD threads".format(node.id),
            found=incapable(node),
            cure="Set {0} to 0 for node {1}.".format(option(poll.name), node.id),
        )
    least = 1 if boot_core in free and keep.name else 0
    fitting = _fit(keep, poll, len(free), least)
    if fitting is None:
        raise _too_many(node, len(free), keep, poll, least)
    for quota, cores, use in zip((keep, poll), fitting, ("housekeeping", "pmd")):
        if cores < quota.cores:
            text = "NUMA node {0} has {1} to give: {2} for {3} instead of {4}."
            notes.warn(use + "-gives-way", text, node.id, counted(len(free), "core"), cores, quota.name, quota.cores)
    return fitting


def _fit(keep, poll, room, least):
    """(cores for the host, cores for PMD threads) within *room*; None if the operator's numbers do not fit."""
    if not poll.written:
        kept = keep.cores if keep.written else min(keep.cores, room)
        return (kept, min(poll.cores, room - kept)) if kept <= room else None
    kept = keep.cores if keep.written else max(min(keep.cores, room - poll.cores), least)
    return (kept, poll.cores) if kept + poll.cores <= room else None


def _too_many(node, room, keep, poll, least):
    blamed, other = (keep, 0) if keep.written and keep.cores > room else (poll, keep.cores if keep.written else least)
    expected = "{0} for {1}".format(blamed.cores, blamed.name)
    return Refused(
        "NUMA node {0} does not have enough cores".format(node.id),
        where="CPUs {0}".format(_cpuset.render(cpus_of(node.cores))),
        found=counted(room, "core"),
        expected=expected + (" and {0} for the host".format(other) if other else ""),
        cure="Set {0} to at most {1} for node {2}.".format(option(blamed.name), max(0, room - other), node.id),
    )


def _quota(name, node, request):
    """The number of cores that an option gives to a node."""
    amount = request[name]
    if node.id in amount["nodes"]:
        return Quota(amount["nodes"][node.id], True, name)
    if amount["all"] is not None:
        return Quota(amount["all"] if node.cores else 0, True, name)
    return Quota(DEFAULT_CORES if node.cores else 0, False, name)


def _pmd_quota(node, nic_nodes, request):
    for name in ("pmd_cores", "pmd_cores_no_nic"):
        if node.id in request[name]["nodes"]:
            return _quota(name, node, request)
    name = "pmd_cores" if node.id in nic_nodes else "pmd_cores_no_nic"
    return _quota(name, node, request) if hosts_dpdk(node) else Quota(0, False, name)


def _fastest(cores, count):
    """*count* cores for PMD threads: performance cores first, then the cache of their peers, then the lowest."""
    chosen, left = [], list(cores)
    while left and len(chosen) < count:
        caches = {core.l3 for core in chosen}
        best = min(left, key=lambda core: (core.efficiency, bool(caches) and core.l3 not in caches, first(core)))
        left.remove(best)
        chosen.append(best)
    return chosen


def _check_pairs(nodes, request):
    known = [node.id for node in nodes]
    for name in ("pmd_cores", "pmd_cores_no_nic", "housekeeping_cores"):
        for number in sorted(set(request[name]["nodes"]) - set(known)):
            raise Refused(
                "{0} names a NUMA node that does not exist".format(name),
                found="node {0}".format(number),
                expected="one of {0}".format(_cpuset.render(known)),
                cure="Correct {0}.".format(option(name)),
            )


def _check_result(result, orphans, boot_core, nic_nodes, given):
    lists = " or ".join(option(role + "_cpus") for role in ROLES if given[role] is not None)
    if orphans:
        raise Refused(
            "CPUs without a use",
            found=_cpuset.render(orphans),
            expected="every online CPU in one of the three lists",
            cure="Leave out one of {0}: it takes the rest.".format(", ".join(option(role + "_cpus") for role in ROLES)),
        )
    if not result.housekeeping:
        raise Refused(
            "no CPU is left for the host",
            expected="at least the core of CPU {0}".format(first(boot_core)),
            cure="{0} {1}, or raise {2}.".format(
                "Shorten" if lists else "Lower", lists or option("pmd_cores"), option("housekeeping_cores")
            ),
        )
    if nic_nodes and not result.pmd:
        raise Refused(
            "no CPU is left for PMD threads",
            found="DPDK NICs on NUMA node {0}".format(_cpuset.render(nic_nodes)),
            expected="at least one PMD core",
            cure="{0}aise {1} or name CPUs in {2}.".format(
                "Shorten {0}, or r".format(lists) if lists else "R", option("pmd_cores"), option("pmd_cpus")
            ),
        )


def _explain(nodes, nic_nodes, result, origins, notes):
    for node in nodes:
        mine = cpus_of(node.cores)
        if not mine:
            continue
        has_nic = node.id in nic_nodes
        pmd_origin = "pmd_cores, the node has a DPDK NIC" if has_nic else "pmd_cores_no_nic"
        origin = dict({"housekeeping": "housekeeping_cores", "pmd": pmd_origin}, **origins)
        parts = [
            "{0} {1} ({2})".format(_cpuset.render(mine & getattr(result, role)) or "none", USES[role], origin[role])
            for role in ROLES
        ]
        notes.because("Node {0}: CPUs {1}; SMT siblings stay together.", node.id, ", ".join(parts))
        if has_nic and not mine & result.pmd:
            text = "NUMA node {0} has a DPDK NIC but no PMD threads: other nodes poll it across the interconnect."
            notes.warn("nic-without-pmd", text, node.id)
        slow = [core for core in node.cores if core.efficiency and core.cpus <= result.pmd]
        if slow:
            notes.warn("pmd-on-slow-core", "PMD threads get efficiency cores: CPUs {0}.", _cpuset.render(cpus_of(slow)))
    _warn_of_gaps(nodes, result, notes)


def _warn_of_gaps(nodes, result, notes):
    boot_cpu = min(cpus_of(core for node in nodes for core in node.cores))
    if boot_cpu not in result.housekeeping:
        notes.warn("boot-cpu", "CPU {0}, the lowest online one, is not left to the host.", boot_cpu)
    if not result.vm:
        notes.warn("vm-empty", "No CPUs are left for guests.")
    if not result.pmd:
        notes.warn("pmd-empty", "No CPUs are left for PMD threads: Open vSwitch will not poll any port.")
