# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host as plain data: what the machine is, read from /proc, /sys, /etc/os-release and our state file.

read_host(root) is the only way in; its answer is the "host" that the planner works on, and holds nothing but dicts,
lists, texts, numbers and None. The parts are read by _cpus, _nodes and _pci_nics; here are the facts of the system.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel documents "Documentation/filesystems/proc.rst" and "Documentation/admin-guide/sysctl/kernel.rst"; man
pages kernel_lockdown(7) and os-release(5); UEFI Specification 2.10, section 3.3 (SecureBoot variable).
"""

import os
import re

from ._cpus import read_cpus, read_topology
from ._errors import Refused
from ._nodes import meminfo, read_nodes, read_page_sizes
from ._pci_nics import read_iommu, read_nics
from ._state import State
from ._tree import Tree

# Enough for the first processor of any kernel. The whole file is long on large machines and is made while it is read.
_CPUINFO_HEAD = 16384
_SECURE_BOOT = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

# What uname says, and the name that stands for all of its kind.
_MACHINES = ((r"i[3-6]86$", "i386"), (r"armv[0-9]", "arm"), (r"ppc64le$", "ppc64"))
_ARM_VENDORS = {
    "0x41": "ARM",
    "0x42": "Broadcom",
    "0x43": "Cavium",
    "0x46": "Fujitsu",
    "0x48": "HiSilicon",
    "0x4e": "NVIDIA",
    "0x50": "APM",
    "0x51": "Qualcomm",
    "0x6d": "Microsoft",
    "0xc0": "Ampere",
}
_FAMILIES = (
    ("debian", {"debian", "ubuntu"}),
    ("redhat", {"rhel", "fedora", "centos", "rocky", "almalinux", "ol"}),
    ("suse", {"suse", "sles", "opensuse"}),
)


def read_host(root="/"):
    """Everything that is known about the machine whose /proc and /sys are below *root*."""
    tree = Tree(root)
    if not tree.names("/sys") and not tree.names("/proc"):
        raise Refused(
            "there is no machine to read",
            where=root,
            found="neither proc nor sys",
            expected="a directory with /proc and /sys as a kernel shows them",
            cure="Set root to / or to the top of a captured tree.",
        )
    state = State(root).load()
    info = _cpuinfo(tree)
    flags = sorted(set((info.get("flags") or info.get("Features") or "").split()))
    cpus = read_cpus(tree)
    nodes, numa, node_of = read_nodes(tree, cpus["online"])
    memory = meminfo(tree, "/proc/meminfo")
    return {
        "architecture": _architecture(tree, info, flags),
        "kernel": _kernel(tree),
        "os": _os(tree),
        "cpu": {"vendor": _vendor(info), "model": _model(info), "flags": flags},
        "cpus": cpus,
        "topology": read_topology(tree, cpus["online"], node_of),
        "nodes": nodes,
        "numa": numa,
        "memory": {"total_kb": memory.get("MemTotal"), "available_kb": memory.get("MemAvailable")},
        "page_sizes_kb": read_page_sizes(tree, flags),
        "nics": read_nics(tree, nodes, state.get("devices", {})),
        "iommu": read_iommu(tree),
        "lockdown": _lockdown(tree),
        "secure_boot": _secure_boot(tree),
        "cmdline": tree.text("/proc/cmdline"),
        "state": state,
    }


def _cpuinfo(tree):
    """{key: value} of the first processor, and of the lines that are there once for all of them."""
    found = {}
    for line in (tree.head("/proc/cpuinfo", _CPUINFO_HEAD) or "").splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found.setdefault(key.strip(), value.strip())
    return found


def _architecture(tree, info, flags):
    """The kernel says it since 6.1; before that the form of /proc/cpuinfo does. uname only knows the live machine."""
    said = tree.text("/proc/sys/kernel/arch") or _architecture_of_cpuinfo(info, flags)
    if not said and os.path.realpath(tree.root) == "/":
        said = os.uname().machine
    for pattern, name in _MACHINES:
        if said and re.match(pattern, said):
            return name
    return said


def _architecture_of_cpuinfo(info, flags):
    if "flags" in info:
        return "x86_64" if "lm" in flags else "i386"
    if "CPU architecture" in info:
        return "aarch64" if "asimd" in flags else "arm"
    if info.get("vendor_id") == "IBM/S390":
        return "s390x"
    if info.get("isa", "").startswith("rv64"):
        return "riscv64"
    return "ppc64" if info.get("cpu", "").startswith(("POWER", "PPC")) else None


def _vendor(info):
    if info.get("vendor_id"):
        return info["vendor_id"]
    implementer = info.get("CPU implementer")
    if implementer:
        return _ARM_VENDORS.get(implementer, implementer)
    return "IBM" if info.get("cpu", "").startswith("POWER") else None


def _model(info):
    found = (info.get(key) for key in ("model name", "cpu", "Processor", "uarch"))
    return next(filter(None, found), None)


def _kernel(tree):
    release = tree.text("/proc/sys/kernel/osrelease")
    version = re.match(r"Linux version (\S+)", tree.text("/proc/version") or "")
    return release or (version.group(1) if version else None)


def _os(tree):
    """Name, version and family of the distribution; relatives count by ID_LIKE."""
    text = tree.text("/etc/os-release") or tree.text("/usr/lib/os-release") or ""
    words = {key: value.strip("\"'") for key, _equals, value in (line.partition("=") for line in text.splitlines())}
    kin = set([words.get("ID", "")] + words.get("ID_LIKE", "").split())
    family = next((name for name, members in _FAMILIES if kin & members), None)
    return {"id": words.get("ID") or None, "version_id": words.get("VERSION_ID") or None, "family": family}


def _lockdown(tree):
    """ "none [integrity] confidentiality" -> "integrity"; None where the kernel has no lockdown."""
    chosen = re.search(r"\[(\w+)\]", tree.text("/sys/kernel/security/lockdown") or "")
    return chosen.group(1) if chosen else None


def _secure_boot(tree):
    """Four bytes of attributes, then 1 or 0; None without UEFI."""
    variable = tree.head(_SECURE_BOOT, 5)
    return variable[-1] == "\x01" if variable and len(variable) == 5 else None
