# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CPU lists of an environment, held against the machine and against each other.

A list with a fault is left out as a whole. Of two lists that overlap the PMD threads' stays, then the host's.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _cmdline, _cpuset
from ._eal import EAL_CPUS
from ._machine import cpus_of
from ._tripleo_values import Given, instead_of

# What a machine has: CPUs online and offline, and its cores as sets of SMT siblings.
Machine = collections.namedtuple("Machine", "online offline cores")

_LISTS = ("pmd_cpus", "vm_cpus", "host_cpus", "shared_cpus")
# (the list that stays, the one that is left out)
_RIVALS = (
    ("pmd_cpus", "vm_cpus"),
    ("pmd_cpus", "host_cpus"),
    ("pmd_cpus", "shared_cpus"),
    ("host_cpus", "vm_cpus"),
    ("vm_cpus", "shared_cpus"),
)
TUNED_PROFILES = ("cpu-partitioning", "cpu-partitioning-powersave")


def machine_of(host, nodes):
    cores = [core.cpus for node in nodes for core in node.cores]
    return Machine(cpus_of(core for node in nodes for core in node.cores), frozenset(host["cpus"]["offline"]), cores)


def isolcpus_of(tokens):
    """The CPUs of isolcpus= on a kernel line, or None."""
    values = [setting.value for setting in _cmdline.settings(tokens) if setting.key == ("isolcpus",)]
    return values[0][1] if values and isinstance(values[0], tuple) else None


def request_cpus(given, blank, machine, findings):
    """Options pmd_cpus, vm_cpus, housekeeping_cpus and lcore_mask, of what is left when all is checked."""
    lists = {key: given[key] for key in _LISTS if key in given}
    wrong = {key for key in lists if _absent(key, lists[key], machine, findings)}
    if "isolated_cpus" in given:
        _absent("isolated_cpus", given["isolated_cpus"], machine, findings)
    wrong |= {key for key in ("pmd_cpus", "vm_cpus") if key in lists and _splits(key, lists[key], machine, findings)}
    wrong |= {loser for winner, loser in _RIVALS if _overlap(winner, loser, lists, findings)}
    sets = {key: lists[key].value for key in lists if key not in wrong}
    options = {key: _cpuset.render(sets[key]) for key in ("pmd_cpus", "vm_cpus") if key in sets}
    used = sets.get("pmd_cpus", frozenset()) | sets.get("vm_cpus", frozenset())
    said = sets.get("host_cpus", frozenset()) | sets.get("shared_cpus", frozenset())
    if len(options) == 2:
        # The host has the CPUs that nobody else has, listed or not: to name them all would say the same twice.
        keep = machine.online - used
        _idle(keep - said, lists, findings)
    else:
        keep = frozenset(cpu for core in machine.cores for cpu in core if core & said)
        options.update({"housekeeping_cpus": _cpuset.render(keep)} if keep else {})
    options.update(_lcores(sets.get("host_cpus"), lists, keep, blank, findings))
    return options


def _idle(cpus, lists, findings):
    """CPUs that no list names."""
    if cpus and "host_cpus" in lists:
        name, found = lists["host_cpus"].name, "CPUs {0} in no list".format(_cpuset.render(cpus))
        findings.info(name, found, "each online CPU in a list", "Nothing: the host has them, since nobody else does.")


def _lcores(cpus, lists, keep, blank, findings):
    """Option lcore_mask, where it is not the same as all CPUs of the host."""
    if cpus is None:
        return {"lcore_mask": "none"} if "host_cpus" in blank and "host_cpus" not in lists else {}
    beyond = {cpu for cpu in cpus if cpu >= EAL_CPUS}
    if beyond:
        findings.fail(
            lists["host_cpus"].name,
            "CPUs {0} for dpdk-lcore-mask".format(_cpuset.render(beyond)),
            "CPUs below {0}: the EAL of Open vSwitch up to 3.6 does not start with others".format(EAL_CPUS),
            "Name lower CPUs, or none.",
            "dpdk-lcore-mask is {lcores} in the plan",
        )
        return {}
    usable = {cpu for cpu in keep if cpu < EAL_CPUS}
    return {} if cpus == usable else {"lcore_mask": _cpuset.render(cpus)}


def _absent(key, listed, machine, findings):
    """Whether a list names CPUs that cannot run anything."""
    missing = listed.value - machine.online
    offline = missing & machine.offline
    words = [(offline, "CPUs {0} are offline"), (missing - offline, "CPUs {0} are not in this machine")]
    if missing:
        findings.fail(
            listed.name,
            ", ".join(text.format(_cpuset.render(cpus)) for cpus, text in words if cpus),
            "CPUs out of {0}".format(_cpuset.render(machine.online)),
            "Correct {0}.".format(listed.name),
            instead_of(key),
        )
    return bool(missing)


def _splits(key, listed, machine, findings):
    """Whether a list has a part of a core only."""
    cores = [core for core in machine.cores if core & listed.value and not core <= listed.value]
    if cores:
        split = frozenset().union(*cores)
        found = "SMT siblings split: CPUs {0} without {1}"
        findings.fail(
            listed.name,
            found.format(_cpuset.render(split & listed.value), _cpuset.render(split - listed.value)),
            "whole cores, such as {0}".format(_cpuset.render(cores[0])),
            "Give all siblings of a core to {0}, or none.".format(listed.name),
            instead_of(key),
        )
    return bool(cores)


def _overlap(winner, loser, lists, findings):
    """Whether two lists have CPUs in common: then the second is left out."""
    if winner not in lists or loser not in lists or not lists[winner].value & lists[loser].value:
        return False
    common = _cpuset.render(lists[winner].value & lists[loser].value)
    findings.fail(
        lists[loser].name,
        "CPUs {0} are in {1} too".format(common, lists[winner].name),
        "lists without a CPU in common",
        "Take CPUs {0} out of one of the two lists.".format(common),
        instead_of(loser),
    )
    return True


def request_isolation(given, blank, findings):
    """Options isolation and isolate_guests."""
    profile, listed = given.get("tuned_profile"), given.get("isolated_cpus")
    line = given.get("kernel_args")
    isolcpus = isolcpus_of(line.value) if line else None
    options = {}
    if profile and profile.value in TUNED_PROFILES:
        options["isolation"] = "tuned"
        if isolcpus:
            found = "isolcpus={0} beside the profile {1}".format(_cpuset.render(isolcpus), profile.value)
            cure = "Take isolcpus= out of {0}: the profile isolates by itself, and so does the plan.".format(line.name)
            findings.warn(line.name, found, "one owner of isolation", cure)
    elif isolcpus:
        options["isolation"] = "kernel"
    elif profile and listed:
        found = "the profile {0}, which does not read {1}".format(profile.value, listed.name)
        findings.warn(profile.name, found, TUNED_PROFILES[0], "Name that profile, or write isolcpus= for the kernel.")
    elif listed:
        options["isolation"] = "tuned"
    elif "isolated_cpus" in blank:
        options["isolation"] = "none"
    in_force = listed.value if listed else isolcpus
    polling = given["pmd_cpus"].value if "pmd_cpus" in given else None
    if in_force and in_force == polling:
        options["isolate_guests"] = False
    return options


def check_isolated(given, plan, findings):
    """Hold each list of isolated CPUs against PMD threads and guests: those of the environment, else of the plan."""
    sets = {role: _cpuset.parse(plan["cpus"][role]) for role in ("pmd", "vm", "housekeeping")} if plan else {}
    for role, key in (("pmd", "pmd_cpus"), ("vm", "vm_cpus"), ("housekeeping", "host_cpus")):
        sets.update({role: given[key].value} if key in given else {})
    if "pmd" not in sets or "vm" not in sets:
        return
    lists = [given["isolated_cpus"]] if "isolated_cpus" in given else []
    line = given.get("kernel_args")
    if line and isolcpus_of(line.value):
        lists.append(Given(line.name, isolcpus_of(line.value)))
    for listed in lists:
        if listed.value not in (sets["pmd"], sets["pmd"] | sets["vm"]):
            _wrongly_isolated(listed, sets, findings)


def _wrongly_isolated(listed, sets, findings):
    isolated, wanted = listed.value, sets["pmd"] | sets["vm"]
    expected = "CPUs {0}: those of PMD threads and guests".format(_cpuset.render(wanted))
    if isolated == sets.get("housekeeping"):
        found = "CPUs {0} isolated, which are the host's own: the wrong way round".format(_cpuset.render(isolated))
        cure = "Isolate the others. The plan does, and keeps these for the host."
        findings.warn(listed.name, found, expected, cure)
        return
    words = [(wanted - isolated, "without {0}"), (isolated - wanted, "with {0} of the host")]
    odd = ", ".join(text.format(_cpuset.render(cpus)) for cpus, text in words if cpus)
    found = "CPUs {0} isolated, {1}".format(_cpuset.render(isolated), odd)
    cure = "Isolate what polls and what guests are pinned to, and nothing else."
    findings.fail(listed.name, found, expected, cure, instead_of("isolated_cpus"))
