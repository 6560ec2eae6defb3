# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks at a glance, and the judge that asks each of them.

Each check is a pure function of the evidence; docs/checks.md has a section for each id. A check that lacks what it
needs (a plan, a living switch, two samples) is skipped and says so.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _checks_boot as boot
from . import _checks_cpus as cpus
from . import _checks_devices as devices
from . import _checks_load as load
from . import _checks_memory as memory
from . import _checks_packages as packages
from . import _checks_pmd as pmd
from . import _checks_ports as ports
from . import _checks_switch as switch
from . import _checks_tuned as tuned
from ._errors import Refused
from ._verdicts import a_datapath, a_plan, a_switch, not_captured, pmd_cpus_known, pmd_threads, skip, two_samples

Check = collections.namedtuple("Check", "id function source needs")

_APPCTL = "ovs-appctl "
_ROW = "ovs-vsctl list Open_vSwitch"
_PORTS = "ovs-vsctl list Interface"
_RXQS = "ovs-appctl dpif-netdev/pmd-rxq-show"
_STATS = "ovs-appctl dpif-netdev/pmd-stats-show, pmd-perf-show; two samples"
_COVERAGE = "ovs-appctl coverage/show; two samples"
_THREADS = "/proc/PID/task/*/status of ovs-vswitchd"

CHECKS = tuple(
    Check(*row)
    for row in (
        ("boot.kernel_args", cpus.kernel_args, "/proc/cmdline", (a_plan,)),
        ("boot.reboot_pending", cpus.reboot_pending, "/proc/cmdline, /run/reboot-required", ()),
        ("boot.next_boot", boot.next_boot, "/boot/grub/grub.cfg", (boot.a_menu,)),
        ("cpus.online", cpus.online, "/sys/devices/system/cpu/online", (a_plan,)),
        ("cpus.isolated", cpus.isolated, "/sys/devices/system/cpu/isolated", (pmd_cpus_known,)),
        ("cpus.nohz_full", cpus.nohz_full, "/sys/devices/system/cpu/nohz_full", (pmd_cpus_known,)),
        ("cpus.siblings", cpus.siblings, "/sys/devices/system/cpu/cpu*/topology", (pmd_cpus_known,)),
        ("cpus.ovs_affinity", cpus.ovs_affinity, _THREADS, (a_switch, pmd_cpus_known)),
        ("cpus.irq_affinity", cpus.irq_affinity, "/proc/irq/*/smp_affinity_list, /proc/interrupts", (pmd_cpus_known,)),
        ("cpus.interrupts", cpus.interrupts, "/proc/interrupts; two samples", (pmd_cpus_known, two_samples)),
        ("cpus.foreign_tasks", cpus.foreign_tasks, "/proc/*/task/*/status", (pmd_cpus_known,)),
        ("cpus.numa_balancing", cpus.numa_balancing, "/proc/sys/kernel/numa_balancing", ()),
        ("cpus.governor", cpus.governor, "/sys/devices/system/cpu/cpu*/cpufreq/scaling_governor", (pmd_cpus_known,)),
        ("cpus.workqueues", cpus.workqueues, "/sys/devices/virtual/workqueue/cpumask", (pmd_cpus_known,)),
        ("cpus.tuned_profile", tuned.profile, "/etc/tuned/active_profile, /etc/tuned/bootcmdline", (tuned.concerned,)),
        ("cpus.tuned_verify", tuned.verify, "tuned-adm verify", (tuned.planned,)),
        ("memory.hugepages", memory.hugepages, "/sys/devices/system/node/node*/hugepages", (a_plan,)),
        ("memory.pages_left", memory.pages_left, "/sys/devices/system/node/node*/hugepages", ()),
        ("memory.available", memory.available, "/proc/meminfo", ()),
        ("memory.mounts", memory.mounts, "/proc/mounts", ()),
        ("memory.mempools", memory.mempools, _APPCTL + "netdev-dpdk/get-mempool-info", (a_datapath,)),
        ("memory.mempool_use", memory.mempool_use, _APPCTL + "netdev-dpdk/get-mempool-info", (a_datapath,)),
        ("memory.heaps", memory.heaps, _APPCTL + "dpdk/get-malloc-stats", (a_datapath,)),
        ("iommu.active", devices.iommu_active, "/sys/class/iommu, /sys/kernel/iommu_groups", (devices.a_vfio_nic,)),
        ("iommu.groups", devices.iommu_groups, "/sys/bus/pci/devices/*/iommu_group", (devices.a_vfio_nic,)),
        ("iommu.noiommu", devices.noiommu, "/sys/module/vfio/parameters", (devices.a_vfio_nic,)),
        (
            "iommu.unsafe_interrupts",
            devices.unsafe_interrupts,
            "/sys/module/vfio_iommu_type1/parameters",
            (devices.a_vfio_nic,),
        ),
        ("devices.driver", devices.driver, "/sys/bus/pci/devices/*/driver", (devices.a_device,)),
        ("devices.numa", devices.device_numa, "/sys/bus/pci/devices/*/numa_node, " + _PORTS, (devices.a_device,)),
        ("packages.dpdk_build", packages.dpdk_build, _ROW + ", /etc/alternatives", (a_switch,)),
        ("packages.drivers", packages.driver_files, "/usr/lib/*/dpdk/pmds-*, /proc/PID/maps", (a_switch,)),
        ("packages.running_binary", packages.running_binary, "/proc/PID/exe, /etc/alternatives", (a_switch,)),
        ("packages.versions", packages.versions, _APPCTL + "version, " + _ROW, (a_switch,)),
        ("switch.daemon", switch.daemon, _APPCTL + "version", (not_captured,)),
        ("switch.in_sync", switch.in_sync, _ROW, (a_switch,)),
        ("switch.dpdk_initialized", switch.dpdk_initialized, _ROW, (a_switch,)),
        ("switch.keys", switch.keys, _ROW, (a_switch, a_plan)),
        ("switch.deprecated_keys", switch.deprecated, _ROW + ", Interface", (a_switch,)),
        ("switch.unknown_keys", switch.unknown, _ROW, (a_switch,)),
        ("switch.values", switch.values, _ROW, (a_switch,)),
        ("switch.restart_pending", switch.restart_pending, _ROW + ", EAL ARGS in the log", (a_datapath,)),
        ("switch.drops_growing", switch.datapath_drops, _COVERAGE, (a_datapath, two_samples)),
        ("pmd.threads", pmd.threads, _THREADS, (a_datapath, pmd.a_port, pmd.the_planned_mask)),
        ("pmd.pinned", pmd.pinned, _THREADS, (pmd_threads,)),
        (
            "pmd.numa_coverage",
            pmd.numa_coverage,
            _RXQS + ", " + _PORTS,
            (pmd_threads, pmd.a_port, pmd.the_planned_mask),
        ),
        ("pmd.queues_polled", pmd.queues_polled, _RXQS + ", " + _PORTS, (a_datapath, pmd.a_port)),
        ("pmd.cross_numa", pmd.cross_numa, _RXQS + ", " + _PORTS, (pmd_threads, pmd.a_port)),
        ("pmd.affinity", pmd.affinity, _RXQS + ", " + _PORTS, (pmd_threads, pmd.a_port)),
        ("pmd.overload", load.overload, _STATS, (pmd_threads, two_samples)),
        ("pmd.imbalance", load.imbalance, _STATS, (pmd_threads, two_samples)),
        ("pmd.overhead", load.overhead, _RXQS + "; two samples", (pmd_threads, two_samples)),
        ("pmd.hit_rate", load.hit_rate, _STATS, (pmd_threads, two_samples)),
        ("pmd.upcall_rate", load.upcall_rate, _STATS, (pmd_threads, two_samples)),
        ("pmd.upcalls_lost", load.upcalls_lost, _STATS, (pmd_threads, two_samples)),
        ("pmd.batch", load.batch, _STATS, (pmd_threads, two_samples)),
        ("pmd.preempted", load.preempted, _THREADS + "; two samples", (pmd_threads, two_samples)),
        ("pmd.readable", load.readable, _RXQS + ", pmd-stats-show, pmd-perf-show", (pmd_threads,)),
        ("ports.error", ports.error, _PORTS, (a_datapath,)),
        ("ports.datapath", ports.datapath, _APPCTL + "dpif/show", (a_datapath,)),
        ("ports.planned", ports.planned, _PORTS, (a_datapath, a_plan)),
        ("ports.link", ports.link, _PORTS, (a_datapath,)),
        ("ports.mtu", ports.mtu, _PORTS, (a_datapath, pmd.a_port)),
        ("ports.queues", ports.queues, _PORTS + ", ovs-appctl dpif/show", (a_datapath, pmd.a_port)),
        ("ports.descriptors", ports.descriptors, _APPCTL + "dpif/show, the log", (a_datapath, pmd.a_port)),
        ("ports.drops_growing", ports.drops_growing, _PORTS + "; two samples", (a_datapath, pmd.a_port, two_samples)),
        ("ports.errors_growing", ports.errors_growing, _PORTS + "; two samples", (a_datapath, pmd.a_port, two_samples)),
        ("ports.vhost_numa", ports.vhost_numa, _PORTS + ", " + _RXQS, (a_datapath, ports.a_guest)),
        ("ports.vhost_rings", ports.vhost_rings, _PORTS, (a_datapath, ports.a_guest)),
        ("ports.vhost_directory", ports.vhost_directory, _PORTS + ", the file system", (a_datapath,)),
        ("ports.tso", ports.tso, _PORTS, (a_datapath,)),
        ("ports.bonds", ports.bonds, _APPCTL + "bond/show", (a_datapath,)),
        ("log.findings", ports.log_findings, "the log of ovs-vswitchd since its start", (a_switch,)),
    )
)

# Where an unlucky day ends and a fault begins: name -> (value, reason).
LIMITS = {
    "available_mb": (512, "below this the host starts to reclaim memory of its own services"),
    "heap_free_percent": (5, "a new port needs rings and mbufs in one piece"),
    "mempool_free_percent": (5, "below this a burst finds no buffer"),
    "interrupts_per_second": (10, "a poll loop that is interrupted more often loses packets at high rates"),
    "preemptions_per_second": (10, "the same for other tasks"),
    "overload_percent": (90, "there must be room for bursts"),
    "idle_percent": (50, "a neighbour with this much left could take a queue"),
    "overhead_percent": (10, "more is spent on upcalls and changes than is normal"),
    "least_packets": (10000, "with fewer packets a rate says nothing"),
    "lookups_per_hit": (5, "each table costs a hash and a cache line"),
    "upcall_percent": (1, "an upcall costs as much as a thousand hits"),
    "packets_per_batch": (2, "a busy thread that sends one by one pays the cost of a batch for each"),
    "tx_drop_percent": (0.01, "what a bursty guest loses now and then"),
}


def limits(wanted):
    """The limits in force: defaults, overridden by *wanted*; unknown names are refused."""
    result = {name: value for name, (value, _reason) in LIMITS.items()}
    for name, value in (wanted or {}).items():
        if name not in LIMITS:
            raise Refused("no such limit", "limits", found=repr(name), expected="one of " + ", ".join(sorted(LIMITS)))
        result[name] = _number(value)
        if result[name] is None or not 0 <= result[name] < float("inf"):  # not a number compares as false
            raise Refused("not a limit", "limits." + name, found=repr(value), expected="a number, 0 or more")
    return result


def _number(value):
    """*value* as a number, which true is not; None if it is none."""
    try:
        return None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None


def judge(evidence):
    """Rows for all checks, in the order of the table: one per failing subject, or one that says why there is none."""
    rows = []
    for check in CHECKS:
        for verdict in _verdicts(check, evidence):
            row = {"id": check.id, "area": check.id.partition(".")[0], "source": check.source}
            rows.append(dict(row, **verdict))
    return rows


def _verdicts(check, evidence):
    for need in check.needs:
        why = need(evidence)
        if why:
            return [skip(why)]
    said = list(check.function(evidence))
    for statuses in (("fail", "warn"), ("skip",), ("pass",)):
        chosen = [verdict for verdict in said if verdict["status"] in statuses]
        if chosen:
            return chosen if "fail" in statuses else chosen[:1]
    return [skip("nothing was found to judge")]


def summary(rows):
    """How many rows have each status."""
    counts = collections.Counter(row["status"] for row in rows)
    return {status: counts[status] for status in ("pass", "warn", "fail", "skip")}
