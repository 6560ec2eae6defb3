# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guards for the host as a whole: what speaks against giving its kernel, pages and CPUs to Open vSwitch.

Each guard looks at a case (see _guards.Case) and yields (subject, parts of the refusal).
Sources: kernel documents "admin-guide/kernel-parameters.txt" and "admin-guide/mm/hugetlbpage.rst", proc(5).

Private to the collection. Python 3.6+, standard library only.
"""

import itertools

from . import _cmdline, _cpuset, _grub, _owned, _tuned
from ._processes import describe

# What sysctl sets of the pool of the default size; vm.nr_overcommit_hugepages reserves nothing.
PAGE_SETTINGS = ("vm.nr_hugepages", "vm.nr_hugepages_mempolicy")
TAKEOVER = "kernel_args_takeover"
DEFAULT_SIZE = 2 << 20  # of hugepages= where the line names none
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
    due = case.tokens["missing"] or case.tokens["superfluous"] or case.host["state"].get("kernel_cmdline")
    told = {conflict["text"] for conflict in case.tokens["conflicts"] if conflict["name"] not in case.takeover}
    for parts in case.boot_problems:
        # Who boots as planned by a tool that is not known needs no change, and can leave kernel_args out.
        if (due or parts["where"] != _grub.MENU) and not told.issuperset((parts.get("found") or "").split("; ")):
            yield None, parts


def _guests(case):
    return running_guests(case) if case.reboots else ()


def running_guests(case):
    """Guests that a reboot would end: a refusal for who makes it, a warning for who does not."""
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


def _pages_owner(case):
    """A number of pages that is set at every boot counts those of the default size, which the plan chooses anew.

    Set after the kernel line, it takes pages away as well. To set what the plan has does nothing.
    """
    tokens = [token for token in case.plan["kernel_args_tokens"] if _cmdline.name(token) == "default_hugepagesz"]
    count = sum(pool["count"] for pool in case.plan.get("hugepages", ()))
    foreign = [row for row in case.settings if _owned.OWN_NAME not in row["file"] and row["value"] != str(count)]
    for path, rows in itertools.groupby(foreign if tokens else [], key=lambda row: row["file"]):
        rows = list(rows)
        words = "no such line: with {0} it counts pages of {1}, and the plan has {2} of them"
        yield (
            path.lstrip("/"),
            {
                "what": "somebody else sets the number of hugepages at every boot",
                "where": "{0}, line {1}".format(path, ", ".join(str(row["line"]) for row in rows)),
                "found": "; ".join("{name} = {value}".format(**row) for row in rows),
                "expected": words.format(tokens[0], tokens[0].partition("=")[2], count),
                "cure": "Remove it.",
            },
        )


def _foreign_pools(case):
    """Pools of somebody else that the planned ones do not fit beside.

    The plan says what the host keeps in all, not where: a node has to bear what the others do not leave.
    """
    planned = {(pool["node"], pool["size_kb"]): pool["count"] for pool in case.plan.get("hugepages", ())}
    rows = [(node,) + _pools_of(case, node, planned) for node in case.host["nodes"]]
    left = {node["id"]: max(0, (node["memory_kb"] or 0) - wanted - there) for node, wanted, _others, there in rows}
    known = all(node["memory_kb"] is not None for node in case.host["nodes"])
    reserved = case.plan.get("nova", {}).get("reserved_host_memory_mb", 0) * 1024 if known else 0
    for node, wanted, others, there in rows:
        kept = max(0, reserved - sum(left.values()) + left[node["id"]])
        if wanted and others and node["memory_kb"] and wanted + there + kept > node["memory_kb"]:
            found = ", ".join("{total} pages of {size_kb} kB".format(**pool) for pool in others)
            yield (
                node["id"],
                {
                    "what": "the planned hugepages do not fit beside a pool of somebody else",
                    "where": "NUMA node {0}".format(node["id"]),
                    "found": "{0} and a plan of {1} kB".format(found, wanted),
                    "expected": "{0} kB in all and {1} kB for the host".format(node["memory_kb"] - kept, kept),
                    "cure": "Lower host_plan_vm_memory or give the other pool up.",
                },
            )


def _pools_of(case, node, planned):
    """(KiB of the plan, pools of somebody else, KiB of these) on a node."""
    ours, leaving = case.host["state"].get("hugepages", {}), _taken_sizes(case)
    others = [
        pool
        for pool in node["hugepages"]
        if pool["total"]
        and pool["size_kb"] not in leaving
        and (node["id"], pool["size_kb"]) not in planned
        and "{0}:{1}".format(node["id"], pool["size_kb"]) not in ours
    ]
    wanted = sum(size * count for (owner, size), count in planned.items() if owner == node["id"])
    return wanted, others, sum(pool["size_kb"] * pool["total"] for pool in others)


def _taken_sizes(case):
    """Page sizes in KiB that a token counts which is taken over: their pages go with it at the reboot."""
    keys = [setting.key for setting in _cmdline.settings(case.host["cmdline"] or "")]
    sizes = [key[1] or DEFAULT_SIZE for key in keys if key[0] == "hugepages" and key[0] in case.takeover]
    return {size // 1024 for size in sizes if isinstance(size, int)}


def _full_pools(case):
    """Pools that are there with too few pages for Open vSwitch, which has none yet, and no reboot will free any.

    Where it is ours it may have died: what EAL left in hugetlbfs looks taken, and goes when EAL starts anew.
    """
    if case.reasons or case.switch_has_pages or "vswitch" in case.host["state"]:
        return
    there = {(node["id"], pool["size_kb"]): pool for node in case.host["nodes"] for pool in node["hugepages"]}
    for row in case.plan.get("hugepages", ()):
        pool, wanted = there.get((row["node"], row["size_kb"])), row.get("ovs", 0)
        if pool and pool["total"] >= row["count"] and pool["free"] < wanted:
            yield (
                row["node"],
                {
                    "what": "Open vSwitch would not get its hugepages",
                    "where": "NUMA node {0}".format(row["node"]),
                    "found": "{0} of {1} pages of {2} free".format(pool["free"], pool["total"], row["size"]),
                    "expected": "{0} free ones".format(wanted),
                    "cure": "Stop the program that has them (grep HugetlbPages /proc/[0-9]*/status), or reboot.",
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
    ("hugepages_owner", True, _pages_owner),
    ("hugepages", True, _foreign_pools),
    ("hugepages", True, _full_pools),
    ("cpus_pinned", True, _pinned),
    ("isolation_owner", True, _isolation_owner),
)
