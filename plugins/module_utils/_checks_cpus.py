# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about the boot and about CPUs: do PMD threads really have their CPUs to themselves?

Private to the collection. Python 3.6+, standard library only.
Sources: kernel documents "admin-guide/kernel-parameters.rst", "admin-guide/sysctl/kernel.rst"; Open vSwitch's guide
"PMD Threads".
"""

from . import _cmdline, _cpuset, _tuned
from ._verdicts import cpus, fail, names, ok, pmd_cpus, skip, warn


def kernel_args(evidence):
    """Every planned token is on the running line, and nothing contradicts it."""
    planned = _planned_tokens(evidence["plan"])
    answer = _cmdline.compare(evidence["host"]["cmdline"] or "", planned)
    if answer["missing"]:
        yield fail(
            None,
            "missing: " + " ".join(answer["missing"]),
            " ".join(planned),
            "Roles kernel_args and, with TuneD, cpu_isolation write them; they come into force with the next reboot "
            "(host_reboot_allowed).",
        )
    for conflict in answer["conflicts"]:
        yield fail(
            conflict["name"],
            conflict["text"],
            conflict["wanted"],
            "Remove the foreign token from the boot configuration, or name it in kernel_args_takeover.",
        )
    yield ok(" ".join(planned) or "nothing is planned")


def _planned_tokens(plan):
    """What the running line must have: our own tokens, and those that TuneD brings for the plan."""
    return plan["kernel_args_tokens"] + _tuned.planned_tokens(plan["isolation"])


def reboot_pending(evidence):
    """What this collection wrote for the next boot is in force, and no package asks for a reboot."""
    line = evidence["host"]["cmdline"] or ""
    written = evidence["host"]["state"].get("kernel_cmdline", {}).get("tokens", []) + evidence["tuned"]["boot_tokens"]
    planned = _planned_tokens(evidence["plan"]) if evidence["plan"] else []
    missing = [token for token in _cmdline.compare(line, written)["missing"] if token not in planned]
    # Those that are planned are named by boot.kernel_args.
    if missing:
        yield warn(None, "not in force yet: " + " ".join(missing), "what was written for this boot", "Reboot the host.")
    if _tuned.on_line(line) and not evidence["tuned"]["boot_tokens"]:
        yield warn(None, "arguments of a former TuneD profile", "those of the next boot", "Reboot the host.")
    if evidence["kernel"]["restart_wanted"]:
        yield warn(
            None, "/run/reboot-required is there", "no package that waits for a reboot", "Reboot when it suits you."
        )
    yield ok("nothing waits for a reboot")


def online(evidence):
    """Every planned CPU is online."""
    planned = set()
    for part in ("housekeeping", "pmd", "vm"):
        planned |= _cpuset.parse(evidence["plan"]["cpus"][part])
    missing = planned - set(evidence["host"]["cpus"]["online"])
    if missing:
        yield fail(
            None,
            "offline: " + cpus(missing),
            "online: " + cpus(planned),
            "Bring them online (/sys/devices/system/cpu/cpuN/online), or plan again.",
        )
    yield ok("online: " + cpus(evidence["host"]["cpus"]["online"]))


def isolated(evidence):
    """PMD and guest CPUs are taken out of the scheduler's load balancing."""
    return _set_apart(evidence, "isolated", "isolcpus")


def nohz_full(evidence):
    """The clock tick stops on PMD CPUs while one task runs."""
    return _set_apart(evidence, "nohz_full", "nohz_full")


def _isolation_tokens(plan):
    if plan["isolation"]["mechanism"] == "kernel":
        return plan["kernel_args_tokens"]
    return _tuned.planned_tokens(plan["isolation"])


def _set_apart(evidence, state, token):
    """One of the sets of CPUs that the kernel keeps free, against the plan or, without one, the PMD threads."""
    found = set(evidence["host"]["cpus"][state])
    plan = evidence["plan"]
    wanted = _cpuset.parse(plan["cpus"]["isolated"]) if plan else pmd_cpus(evidence)
    if plan and not any(word.startswith(token + "=") for word in _isolation_tokens(plan)):
        yield skip("the plan isolates by '{0}', without {1}=".format(plan["isolation"]["mechanism"], token))
    elif wanted - found:
        verdict = fail if plan else warn
        yield verdict(
            None,
            "{0}: {1}".format(state, cpus(found)),
            "{0}: {1}".format(state, cpus(wanted)),
            "{0}= on the kernel line and a reboot set them apart (role kernel_args or cpu_isolation).".format(token),
        )
    yield ok("{0}: {1}".format(state, cpus(found)))


def siblings(evidence):
    """The other hardware thread of a PMD core polls too or does nothing: two threads share one core's units."""
    polling = pmd_cpus(evidence)
    quiet = set(evidence["host"]["cpus"]["isolated"])
    if evidence["plan"]:
        if _tuned.planned_tokens(evidence["plan"]["isolation"]):  # by affinity: see cpus.foreign_tasks
            quiet |= set(evidence["host"]["cpus"]["nohz_full"])
        quiet -= _cpuset.parse(evidence["plan"]["cpus"]["vm"])
    for row in evidence["host"]["topology"]:
        others = set(row["siblings"]) - polling - quiet
        if row["cpu"] in polling and others:
            yield warn(
                "CPU {0}".format(row["cpu"]),
                "its sibling {0} does other work".format(cpus(others)),
                "siblings of PMD CPUs in the PMD set, or isolated and unused",
                "Give whole cores to PMD threads (host_plan_pmd_cores; host_plan_pmd_cpus if set by hand).",
            )
    yield ok("no PMD CPU shares its core with other work")


def ovs_affinity(evidence):
    """Handlers, revalidators and DPDK's own threads stay off the PMD CPUs, where they would never get a turn."""
    polling = pmd_cpus(evidence)
    others = [thread for thread in evidence["threads"] if thread["pmd"] is None]
    astray = sorted({thread["name"] for thread in others if set(thread["cpus"]) & polling})
    if astray:
        yield (fail if evidence["plan"] else warn)(
            "ovs-vswitchd",
            "may run on PMD CPUs: " + names(astray),
            "threads other than PMD threads outside of CPUs " + cpus(polling),
            "CPUAffinity= of ovs-vswitchd.service (role cpu_isolation), then restart it.",
        )
    yield ok("{0} other threads, none on CPUs {1}".format(len(others), cpus(polling)))


def irq_affinity(evidence):
    """No interrupt that was ever used may be steered to a PMD CPU and elsewhere: it could move there at any time."""
    polling = pmd_cpus(evidence)
    # One bound to PMD CPUs alone belongs to a queue per CPU; cpus.interrupts sees whether it fires.
    loose = [
        "{irq} ({name})".format(**irq)
        for irq in evidence["kernel"]["irqs"]
        if set(irq["cpus"]) & polling and set(irq["cpus"]) - polling and any(irq["counts"].values())
    ]
    if loose:
        yield warn(
            None,
            "{0} interrupts may go to PMD CPUs: {1}".format(len(loose), names(loose)),
            "interrupts in use only outside of CPUs " + cpus(polling),
            "irqaffinity= on the kernel line and irqbalance's ban list (role cpu_isolation); "
            "until then /proc/irq/N/smp_affinity_list.",
        )
    yield ok("no interrupt in use may go to CPUs " + cpus(polling))


def interrupts(evidence):
    """PMD CPUs are not interrupted by devices."""
    limit, seconds = evidence["limits"]["interrupts_per_second"], evidence["growth"]["seconds"]
    polling = pmd_cpus(evidence)
    for irq in evidence["kernel"]["irqs"]:
        grown = evidence["growth"]["irqs"].get(irq["irq"], {})
        rate = sum(count or 0 for cpu, count in grown.items() if cpu in polling) / seconds
        if rate > limit:
            yield warn(
                "IRQ {irq} ({name})".format(**irq),
                "{0:.0f} per second on PMD CPUs".format(rate),
                "at most {0}".format(limit),
                "Steer it away: /proc/irq/{0}/smp_affinity_list, or fewer queues of its device.".format(irq["irq"]),
            )
    yield ok("at most {0} interrupts per second of one device".format(limit))


def foreign_tasks(evidence):
    """Nobody else may run on a PMD CPU: the thread there polls without pause and shares badly."""
    polling = pmd_cpus(evidence)
    ours = {evidence["pid"]}
    for cpu in sorted(polling):
        tasks = [task for task in evidence["kernel"]["tasks"] if cpu in task["cpus"] and task["pid"] not in ours]
        if tasks:
            named = names("{name} ({pid})".format(**task) for task in tasks)
            yield warn(
                "CPU {0}".format(cpu),
                "{0} other tasks may run here: {1}".format(len(tasks), named),
                "PMD threads alone",
                "Isolate the CPU (cpus.isolated), or take it out of the affinity of these tasks.",
            )
    yield ok("no other task may run on CPUs " + cpus(polling))


def numa_balancing(evidence):
    """Automatic NUMA balancing does not stop threads to look at their pages."""
    value = evidence["kernel"]["numa_balancing"]
    if value is None or len(evidence["host"]["nodes"]) < 2:
        yield skip("one NUMA node, or a kernel without NUMA balancing")
    elif value:
        yield warn(
            None,
            "kernel.numa_balancing = {0}".format(value),
            "0: memory of PMD threads and pinned guests is placed already",
            "sysctl kernel.numa_balancing=0 (role cpu_isolation).",
        )
    yield ok("kernel.numa_balancing = 0")


def governor(evidence):
    """PMD CPUs do not save power."""
    governors = {cpu: text for cpu, text in evidence["kernel"]["governors"].items() if cpu in pmd_cpus(evidence)}
    if not governors:
        yield skip("no frequency scaling on these CPUs")
    for cpu, text in sorted(governors.items()):
        if text != "performance":
            yield warn(
                "CPU {0}".format(cpu),
                "governor " + text,
                "performance",
                "Set the governor (cpupower frequency-set -g performance, or tuned).",
            )
    yield ok("governor performance")


def workqueues(evidence):
    """Unbound kernel work stays off PMD CPUs."""
    allowed = evidence["kernel"]["workqueue_cpus"]
    if allowed is None:
        yield skip("no /sys/devices/virtual/workqueue/cpumask")
        return
    shared = set(allowed) & pmd_cpus(evidence)
    if shared:
        yield warn(
            None,
            "unbound workqueues may use CPUs " + cpus(shared),
            "none of CPUs " + cpus(pmd_cpus(evidence)),
            "isolcpus= sets this at boot; now: /sys/devices/virtual/workqueue/cpumask.",
        )
    yield ok("unbound workqueues use CPUs " + cpus(allowed))
