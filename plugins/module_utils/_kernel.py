# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel is doing right now: tasks and interrupts by CPU, power and memory settings.

The machine itself is read by _host.py; this is what changes from minute to minute.

Private to the collection. Python 3.6+, standard library only.
Sources: proc(5); kernel documents "core-api/irq/irq-affinity.rst", "core-api/workqueue.rst",
"admin-guide/sysctl/kernel.rst", "admin-guide/mm/hugetlbpage.rst".
"""

import re

from . import _cpuset
from ._tree import Tree

_KTHREADD = "2"
_MOUNT_SIZE = re.compile(r"(?:^|,)pagesize=([0-9]{1,9})([KMG])")
_CPU = re.compile(r"\bCPU([0-9]{1,6})\b")
_COUNT = re.compile(r"^[0-9]{1,20}\Z")
_KIB = {"K": 1, "M": 1024, "G": 1024 * 1024}


def read_kernel(root="/"):
    """One reading: {tasks, irqs, numa_balancing, governors, workqueue_cpus, hugetlbfs, …}; None where there is none."""
    tree = Tree(root)
    return {
        "tasks": read_tasks(tree),
        "irqs": read_irqs(tree),
        "numa_balancing": tree.number("/proc/sys/kernel/numa_balancing"),
        "governors": _governors(tree),
        "workqueue_cpus": _sorted(tree.cpus(None, "/sys/devices/virtual/workqueue/cpumask")),
        "hugetlbfs": read_mounts(tree),
        "unsafe_interrupts": tree.text("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts") == "Y",
        "restart_wanted": tree.text("/run/reboot-required") is not None,
        "dpdk_drivers": _driver_files(tree),
        "selected_vswitchd": tree.link("/etc/alternatives/ovs-vswitchd"),
    }


def read_tasks(tree):
    """[{pid, name, cpus}]: user processes, once for each different set of CPUs that their threads may run on."""
    sets, rows = {}, []
    for pid in tree.numbered("/proc", ""):
        base = "/proc/{0}".format(pid)
        status = _status(tree, base + "/status")
        if not status or _KTHREADD in (status.get("PPid"), str(pid)):
            continue
        seen = set()
        for thread in tree.numbered(base + "/task", ""):
            text = _status(tree, "{0}/task/{1}/status".format(base, thread)).get("Cpus_allowed_list")
            if text is None or text in seen:
                continue
            seen.add(text)
            if text not in sets:
                sets[text] = sorted(_cpuset.parse(text))
            rows.append({"pid": pid, "name": status.get("Name", "?"), "cpus": sets[text]})
    return rows


def _status(tree, path):
    lines = (tree.text(path) or "").splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def read_irqs(tree):
    """[{irq, name, cpus, counts: {cpu: n}}]: numbered interrupts, where they may go and where they went since boot."""
    return [
        {"irq": irq, "name": name, "cpus": _irq_cpus(tree, irq), "counts": counts}
        for irq, (name, counts) in sorted(_interrupts(tree).items())
    ]


def interrupt_counts(tree):
    """{irq: {cpu: n}} since boot."""
    return {irq: counts for irq, (_name, counts) in _interrupts(tree).items()}


def _interrupts(tree):
    lines = (tree.text("/proc/interrupts") or "").splitlines()
    columns = [int(word) for word in _CPU.findall(lines[0])] if lines else []
    found = {}
    for line in lines[1:]:
        words = line.split()
        # NMI, LOC, RES … are not steered by an affinity.
        if words and _COUNT.match(words[0][:-1]):
            counts = zip(columns, words[1 : len(columns) + 1])
            found[int(words[0][:-1])] = (words[-1], {cpu: int(count) for cpu, count in counts if _COUNT.match(count)})
    return found


def _irq_cpus(tree, irq):
    return _sorted(tree.cpus("/proc/irq/{0}/smp_affinity_list".format(irq))) or []


def read_mounts(tree):
    """{page size in KiB: [mount points]} of hugetlbfs; key None is the default size. None without /proc/mounts."""
    text, found = tree.text("/proc/mounts"), {}
    if text is None:
        return None
    for line in text.split("\n"):
        words = line.split(" ")  # the kernel separates by blanks alone: a name may hold any other space
        if len(words) > 3 and words[2] == "hugetlbfs":
            match = _MOUNT_SIZE.search(words[3])
            size = int(match.group(1)) * _KIB[match.group(2)] if match else None
            found.setdefault(size, []).append(words[1].replace("\\040", " "))
    return found


def _governors(tree):
    base = "/sys/devices/system/cpu"
    found = {}
    for cpu in tree.numbered(base, "cpu"):
        text = tree.text("{0}/cpu{1}/cpufreq/scaling_governor".format(base, cpu))
        if text:
            found[cpu] = text
    return found


def _driver_files(tree):
    """Names of the DPDK driver libraries that are installed as files, None where DPDK keeps none (EL links them in)."""
    found = set()
    for lib in ["/usr/lib64"] + ["/usr/lib/" + name for name in tree.names("/usr/lib") if name.endswith("-linux-gnu")]:
        for directory in tree.names(lib + "/dpdk"):
            for name in tree.names("{0}/dpdk/{1}".format(lib, directory)):
                match = re.match(r"librte_(\w+)\.so", name)
                if match:
                    found.add(match.group(1))
    return sorted(found) or None


def _sorted(cpus):
    return None if cpus is None else sorted(cpus)
