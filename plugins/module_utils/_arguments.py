# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan asks of the kernel at boot: IOMMU, hugepages and CPU isolation as an ordered list of tokens.

Source: the kernel's "Documentation/admin-guide/kernel-parameters.txt", and mm/hugetlb.c for per-node counts.

Private to the collection. Python 3.6+, standard library only.
"""

import collections
import re

from . import _cmdline, _cpuset, _sizes, _tuned

X86 = ("x86_64", "i386")
AMD = ("AuthenticAMD", "HygonGenuine")
# First kernels that understand a word; a distribution may have it earlier, but only these are known to.
MANAGED_IRQ_SINCE = (5, 6)
PER_NODE_PAGES_SINCE = (5, 16)

Isolation = collections.namedtuple("Isolation", "mechanism domain nohz_full rcu_nocbs managed_irq irq_cpus")


def kernel_version(text):
    """(6, 1) of "6.1.0-18-amd64"; (0, 0) if unknown, so that it has nothing new."""
    match = re.match(r"^([0-9]+)\.([0-9]+)", text or "")
    return (int(match.group(1)), int(match.group(2))) if match else (0, 0)


def plan_isolation(host, isolated, housekeeping, mechanism, notes):
    """Which CPUs are kept free of what, as kernel CPU lists."""
    cpus, rest = _cpuset.render(isolated), _cpuset.render(housekeeping)
    if mechanism == "none" or not isolated:
        notes.because("No CPUs are isolated: {0}.", "isolation is none" if isolated else "there are none to isolate")
        return Isolation(mechanism, "", "", "", "", rest)
    if mechanism == "tuned":
        notes.because(
            "TuneD's profile cpu-partitioning isolates CPUs {0} and brings nohz_full and rcu_nocbs itself; "
            "interrupts go to CPUs {1}.",
            cpus,
            rest,
        )
        return Isolation(mechanism, "", cpus, cpus, "", rest)
    managed = cpus if kernel_version(host["kernel"]) >= MANAGED_IRQ_SINCE else ""
    notes.because(
        "The kernel isolates CPUs {0} (isolcpus, nohz_full, rcu_nocbs){1}; interrupts go to CPUs {2}.",
        cpus,
        "" if managed else " without managed_irq, which needs kernel 5.6",
        rest,
    )
    return Isolation(mechanism, cpus, cpus, cpus, managed, rest)


def persistence(host, nodes, notes):
    """Who makes the pools after every boot: "cmdline", or "unit" where the kernel cannot count per node."""
    if len(nodes) == 1:
        return "cmdline"
    if host["architecture"] == "ppc64":
        notes.because("Hugepages are made by a unit at boot: ppc64 kernels take no counts per node.")
        return "unit"
    if kernel_version(host["kernel"]) >= PER_NODE_PAGES_SINCE:
        return "cmdline"
    notes.because(
        "Hugepages are made by a unit at boot: counts per node on the kernel line are known to work from kernel 5.16, "
        "this is {0}.",
        host["kernel"] or "an unknown one",
    )
    return "unit"


def kernel_tokens(host, nodes, memory, persist, isolation, notes):
    """All tokens in order: IOMMU, hugepages, isolation."""
    return _iommu(host, notes) + _hugepages(nodes, memory, persist) + _isolation(isolation)


def warn_of_conflicts(host, tokens, mechanism, notes):
    """Name the tokens of others that contradict ours on one line, those that were taken over included."""
    line, recorded = host["cmdline"] or "", host["state"].get("kernel_cmdline", {})
    ours = list(recorded.get("tokens", ())) + _tuned.own_tokens(host["state"], line)
    others = _cmdline.compare(line, tokens, ours)["foreign"] + list(recorded.get("taken_over", ()))
    line = others + tokens
    for text in sorted({row["text"] for row in _cmdline.compare(line, tokens)["conflicts"]}):
        notes.warn("kernel-args-conflict", "Somebody else's kernel argument {0}.", text)
    for token in others if mechanism == "tuned" else ():
        if _cmdline.name(token) == "isolcpus":
            text = "Somebody else's kernel argument {0} isolates CPUs beside TuneD's profile: two owners of one thing."
            notes.warn("isolation-two-owners", text, token)


def _iommu(host, notes):
    architecture, vendor = host["architecture"], host["cpu"]["vendor"]
    if architecture == "aarch64":
        notes.because("iommu.passthrough=1: the SMMU is there for VFIO and out of the way of the kernel's own devices.")
        return ["iommu.passthrough=1"]
    if architecture is None:
        notes.warn("architecture-unknown", "The architecture is unknown (no /proc/cpuinfo): no IOMMU arguments.")
        return []
    if architecture not in X86:
        notes.because("No IOMMU arguments: {0} kernels need none.", architecture)
        return []
    if vendor == "GenuineIntel":
        notes.because("intel_iommu=on iommu=pt: VFIO needs the IOMMU, the kernel's own devices pass it by.")
        return ["intel_iommu=on", "iommu=pt"]
    if vendor in AMD:
        notes.because("iommu=pt: the IOMMU of {0} is on by itself; amd_iommu=on is not a kernel value.", vendor)
    else:
        text = "CPU vendor {0} (/proc/cpuinfo): see whether its IOMMU needs an argument; only iommu=pt is planned."
        notes.warn("cpu-vendor-unknown", text, vendor or "unknown")
    return ["iommu=pt"]


def _hugepages(nodes, memory, persist):
    counts = [(node, sum(memory.pages[node])) for node in sorted(memory.pages) if sum(memory.pages[node])]
    if not counts:
        return []
    size = _sizes.render_kb(memory.page_kb)
    tokens = ["default_hugepagesz=" + size, "hugepagesz=" + size]
    if persist == "cmdline" and len(nodes) == 1:
        tokens.append("hugepages={0}".format(counts[0][1]))
    elif persist == "cmdline":
        tokens.append("hugepages=" + ",".join("{0}:{1}".format(node, count) for node, count in counts))
    return tokens


def _isolation(isolation):
    if not isolation.nohz_full:
        return []
    interrupts = ["irqaffinity=" + isolation.irq_cpus]
    if isolation.mechanism == "tuned":  # writes the others itself, but leaves interrupts to a plug-in that Debian lacks
        return interrupts
    flags = "managed_irq,domain," if isolation.managed_irq else ""
    return [
        "isolcpus={0}{1}".format(flags, isolation.domain),
        "nohz_full=" + isolation.nohz_full,
        "rcu_nocbs=" + isolation.rcu_nocbs,
    ] + interrupts
