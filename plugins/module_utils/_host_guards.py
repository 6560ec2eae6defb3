# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guards for the host as a whole: what speaks against giving its kernel, pages and CPUs to Open vSwitch.

Each guard looks at a case (see _guards.Case) and yields (subject, parts of the refusal).
Sources: kernel documents "admin-guide/kernel-parameters.txt" and "admin-guide/mm/hugetlbpage.rst", proc(5).

Private to the collection. Python 3.6+, standard library only.
"""

from . import _cmdline, _cpuset, _grub, _tuned
from ._processes import describe

TAKEOVER = "kernel_args_takeover"
OURS = ("ovs-vswitchd", "ovs-vswitchd-dpdk", "ovs-vswitchd-dp")  # the last as the kernel cuts it after 15 characters


def _tokens(case):
    for conflict in case.tokens["conflicts"]:
        if conflict["name"] not in case.takeover:
            yield (
                conflict["name"],
                {
                    "what": "somebody else has set {0} on the kernel line".format(conflict["name"]),
                    "where": "/proc/cmdline",
                    "found": conflict["running"],
                    "expected": conflict["wanted"],
                    "cure": "Add {0!r} to {1} to replace it, or remove it.".format(conflict["name"], TAKEOVER),
                },
            )


def _boot(case):
    due = case.tokens["missing"] or case.tokens["superfluous"]
    told = {conflict["text"] for conflict in case.tokens["conflicts"] if conflict["name"] not in case.takeover}
    for parts in case.boot_problems:
        # Who boots as planned by a tool that is not known needs no change, and can leave kernel_args out.
        if (due or parts["where"] != _grub.MENU) and not told.issuperset((parts.get("found") or "").split("; ")):
            yield None, parts


def _guests(case):
    guests = [process for process in case.processes if process["guest"] is not None]
    if guests and case.reasons:
        yield (
            None,
            {
                "what": "guests are running and a reboot is due",
                "found": ", ".join(describe(process) for process in guests),
                "expected": "none",
                "cure": "Move them away or shut them down first.",
            },
        )


def _foreign_pools(case):
    planned = {(pool["node"], pool["size_kb"]): pool["count"] for pool in case.plan.get("hugepages", ())}
    ours = case.host["state"].get("hugepages", {})
    for node in case.host["nodes"]:
        wanted = sum(size * count for (owner, size), count in planned.items() if owner == node["id"])
        others = [
            pool
            for pool in node["hugepages"]
            if pool["total"]
            and (node["id"], pool["size_kb"]) not in planned
            and "{0}:{1}".format(node["id"], pool["size_kb"]) not in ours
        ]
        there = sum(pool["size_kb"] * pool["total"] for pool in others)
        if wanted and node["memory_kb"] and wanted + there > node["memory_kb"]:
            rows = ", ".join("{total} pages of {size_kb} kB".format(**pool) for pool in others)
            yield (
                node["id"],
                {
                    "what": "the planned hugepages do not fit beside a pool of somebody else",
                    "where": "NUMA node {0}".format(node["id"]),
                    "found": "{0} and a plan of {1} kB".format(rows, wanted),
                    "expected": "{0} kB in all".format(node["memory_kb"]),
                    "cure": "Lower host_plan_vm_memory or give the other pool up.",
                },
            )


def _pinned(case):
    """Programs that chose their CPUs, and chose those of the planned PMD threads.

    Whoever may run wherever the first process may, or everywhere, chose nothing: isolation will move it. A program may
    have several sets (threads).
    """
    polling = _cpuset.parse(case.plan.get("cpus", {}).get("pmd", ""))
    online = set(case.host["cpus"]["online"])
    usual = set(next((task["cpus"] for task in case.tasks if task["pid"] == 1), online))
    taken = {}
    for task in case.tasks:
        chosen = set(task["cpus"])
        if task["name"] not in OURS and chosen & polling and chosen != usual and not chosen >= online:
            taken.setdefault((task["name"], task["pid"]), set()).update(chosen & polling)
    for name in sorted({name for name, _pid in taken}):
        rows = [(pid, cpus) for (other, pid), cpus in sorted(taken.items()) if other == name]
        yield (
            name,
            {
                "what": "CPUs that are planned for PMD threads belong to another program",
                "where": "CPUs " + _cpuset.render(set().union(*(cpus for _pid, cpus in rows))),
                "found": "{0} pinned to them (PID {1})".format(name, ", ".join(str(pid) for pid, _cpus in rows)),
                "expected": "PMD threads alone",
                "cure": "Move that program, or plan other CPUs (host_plan_pmd_cpus).",
            },
        )


def _isolation_owner(case):
    """Two owners of one isolation: each of them takes back what the other one relies on."""
    isolation = case.plan.get("isolation", {})
    mechanism = isolation.get("mechanism") if isolation.get("nohz_full") else None
    parts = {"what": "somebody else isolates CPUs too", "expected": "host_plan_isolation={0} alone".format(mechanism)}
    if mechanism == "tuned" and "isolcpus" not in case.takeover:
        for token in case.tokens["foreign"]:
            if _cmdline.name(token) == "isolcpus":
                cure = "Add 'isolcpus' to {0} to take it off the line, or remove it.".format(TAKEOVER)
                yield "isolcpus", dict(parts, where="/proc/cmdline", found=token, cure=cure)
    ours = "before" in case.host["state"].get(_tuned.SECTION, {})
    if mechanism == "kernel" and _tuned.isolates(case.profile) and not ours:
        cure = "Activate another profile (tuned-adm profile), or plan with host_plan_isolation=tuned."
        yield "tuned", dict(parts, where="TuneD", found="profile " + case.profile, cure=cure)


# Prefix of the id, whether the operator may override it, who judges.
GUARDS = (
    ("kernel_token", False, _tokens),
    ("boot", False, _boot),
    ("guests_running", True, _guests),
    ("hugepages", True, _foreign_pools),
    ("cpus_pinned", True, _pinned),
    ("isolation_owner", True, _isolation_owner),
)
