# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guards: what must be refused before the first change, and why a host has to be rebooted.

Pure: facts go in (host, plan, processes), refusals come out. A refusal is {"id", "what", "where", "found",
"expected", "cure", "text"}; an operator who knows better names its id to override it, where that is possible.
A new guard is a function that yields (subject, parts) and a row in a table GUARDS: (prefix of the id, whether the
operator may override it, function).

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _cmdline, _tuned
from ._device_guards import GUARDS as DEVICE_GUARDS
from ._device_guards import RELEASE_GUARDS, place
from ._errors import Refused
from ._host_guards import GUARDS as HOST_GUARDS
from ._host_guards import running_guests
from ._owners import own_tokens
from ._processes import describe

ALLOW = "host_guard_allow"
IOMMU_NAMES = frozenset(("iommu", "intel_iommu", "amd_iommu"))
# An id is one word of a text with several, whatever a program or a file is called.
_NOT_OF_AN_ID = re.compile(r"[^A-Za-z0-9_.:-]")


class Case:
    """Everything that the guards may look at.

    *devices* are rows with "address" and "driver" (None: it keeps the one that it has); *holders* says which processes
    hold a device, {address: [words]}; *iommu_pending* promises that a reboot to come may bring the IOMMU.
    """

    def __init__(self, host, devices, holders=None, allow=(), iommu_pending=False):
        self.host = host
        self.nics = {nic["address"]: nic for nic in host["nics"] if nic["present"]}
        self.planned = {row["address"]: row.get("driver") for row in devices if row.get("address")}
        self.wanted = {address: driver for address, driver in self.planned.items() if driver}
        self.holders = holders or {}
        self.allow = allow
        self.iommu_pending = iommu_pending
        self.plan, self.processes, self.takeover = {}, (), ()
        self.tasks, self.boot_problems, self.profile = (), (), ""
        self.settings, self.switch_has_pages, self.reboots = (), True, True
        self.tokens = {"missing": [], "superfluous": [], "conflicts": [], "foreign": []}
        self.reasons = []

    @property
    def present(self):
        """(address, NIC) of every planned device that is there, whether it moves or keeps its driver."""
        return [(address, self.nics[address]) for address in sorted(self.planned) if address in self.nics]

    @property
    def moving(self):
        """(address, NIC or None, driver) of every device that is not yet where it should be."""
        rows = [(address, self.nics.get(address), driver) for address, driver in sorted(self.wanted.items())]
        return [row for row in rows if row[1] is None or row[1]["driver"] != row[2]]

    @property
    def without_iommu(self):
        """Addresses that vfio-pci could only take in its no-IOMMU mode."""
        if self.iommu_pending:
            return []
        active = self.host["iommu"]["active"]
        rows = [(address, nic) for address, nic, driver in self.moving if nic and driver == "vfio-pci"]
        return [address for address, nic in rows if not active or nic["iommu_group"] is None]


def judge_devices(host, drivers, holders=None, allow=(), iommu_pending=False):
    """Refusals of giving devices to DPDK; *drivers* are {address: driver, or None where the device keeps its own}."""
    rows = [{"address": address, "driver": driver} for address, driver in drivers.items()]
    return _judge(Case(host, rows, holders, allow, iommu_pending), DEVICE_GUARDS)[0]


def judge_release(host, drivers, holders):
    """Refusals of giving devices back; *drivers* are {address: driver that it had before, or None}."""
    rows = [{"address": address, "driver": driver or "no driver"} for address, driver in drivers.items()]
    return _judge(Case(host, rows, holders), RELEASE_GUARDS)[0]


def _iommu_pending(host, tokens, takeover):
    """Whether the next boot may bring an IOMMU: its argument is missing or replaced, and the firmware has the table."""
    replaced = takeover.intersection(conflict["name"] for conflict in tokens["conflicts"])
    coming = "intel_iommu=on" in tokens["missing"] or replaced.intersection(IOMMU_NAMES)
    return bool(coming) and host["iommu"]["described"] is not False


def judge_host(
    host,
    plan,
    processes=(),
    holders=None,
    allow=(),
    takeover=(),
    tasks=(),
    boot_problems=(),
    profile="",
    settings=(),
    switch_has_pages=True,
    reboots=True,
    reasons=(),
):
    """{"refusals", "allowed", "warnings", "reasons"} of applying *plan* to *host*.

    *tasks* are _kernel.read_tasks; *boot_problems* are the parts of refusals to change the boot configuration;
    *profile* is the active one of TuneD; *settings* are _sysctl.read_settings of _host_guards.PAGE_SETTINGS;
    *switch_has_pages* is that of _processes; *reboots* says whether the caller reboots the host where that is due, and
    *reasons* what for, beside what is found here.
    """
    line = host["cmdline"] or ""
    wanted = plan["kernel_args_tokens"] + _tuned.planned_tokens(plan.get("isolation", {}))
    tokens = _cmdline.compare(line, wanted, own_tokens(host["state"], line))
    taken = {_cmdline.name(name) for name in takeover}
    taken |= _cmdline.PAGE_NAMES if taken & _cmdline.PAGE_NAMES else set()
    case = Case(host, plan["devices"], holders, allow, _iommu_pending(host, tokens, taken))
    case.plan, case.processes, case.tokens, case.takeover = plan, processes, tokens, taken
    case.tasks, case.boot_problems, case.profile = tasks, boot_problems, profile
    case.settings, case.switch_has_pages, case.reboots = settings, switch_has_pages, reboots
    case.reasons = _reboot_reasons(case)
    case.reasons += [reason for reason in reasons if reason not in case.reasons]
    refusals, allowed = _judge(case, DEVICE_GUARDS + HOST_GUARDS)
    return {
        "refusals": refusals,
        "allowed": allowed,
        "warnings": list(_warnings(case)),
        "reasons": case.reasons,
    }


def refuse(refusals):
    """Raise one Refused that says all of them; nothing happens if there are none."""
    if len(refusals) == 1:
        raise Refused(**{key: refusals[0][key] for key in ("what", "where", "found", "expected", "cure")})
    if refusals:
        raise Refused(" ".join(refusal["text"] for refusal in refusals).rstrip("."))


def _reboot_reasons(case):
    """Why the host has to be rebooted, in sentences; empty if it need not be."""
    reasons = _cmdline.reasons(case.tokens)
    if any(_cmdline.name(token) == "hugepages" for token in case.tokens["missing"]):
        reasons += _missing_pages(case)
    if case.iommu_pending and not case.host["iommu"]["active"]:
        reasons.append("no IOMMU is active, and intel_iommu=on may bring it")
    return reasons


def _missing_pages(case):
    there = {(node["id"], pool["size_kb"]): pool["total"] for node in case.host["nodes"] for pool in node["hugepages"]}
    for pool in case.plan.get("hugepages", ()):
        total = there.get((pool["node"], pool["size_kb"]), 0)
        if pool["persist"] == "cmdline" and total < pool["count"]:
            words = "NUMA node {node} has {0} of {count} pages of {size}, the kernel line brings them"
            yield words.format(total, **pool)


def _warnings(case):
    for nic in case.host["nics"]:
        bridges = [use["detail"] for use in nic["uses"] if use["kind"] == "ovs"]
        if bridges and nic["address"] not in case.planned:
            text = "{0} carries traffic of Open vSwitch in the kernel ({1}): a restart of Open vSwitch may interrupt it"
            subject = nic["address"] or nic["name"]
            yield {"id": "kernel_datapath:" + subject, "text": text.format(place(nic), "; ".join(bridges))}
    attached = [describe(process) for process in case.processes if process["vhost_user"]]
    if attached:
        text = "a restart of Open vSwitch would interrupt the vhost-user ports of {0}"
        yield {"id": "guests_vhost_user", "text": text.format(", ".join(attached))}
    if not case.reboots:
        for _subject, parts in running_guests(case):
            yield {"id": "guests_running", "text": str(Refused(**parts))}


def _judge(case, guards):
    refusals, overridden = [], []
    for prefix, may_override, guard in guards:
        for subject, parts in guard(case):
            name = prefix if subject is None else "{0}:{1}".format(prefix, _NOT_OF_AN_ID.sub("_", str(subject)))
            row = dict({"where": None, "found": None, "expected": None}, id=name, **parts)
            if may_override:
                row["cure"] += " To do it all the same, add {0!r} to {1}.".format(name, ALLOW)
            row["text"] = str(Refused(*[row[key] for key in ("what", "where", "found", "expected", "cure")]))
            (overridden if may_override and name in case.allow else refusals).append(row)
    return refusals, overridden
