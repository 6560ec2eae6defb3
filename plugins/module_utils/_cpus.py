# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPUs: which ones there are, and which of them share a core, a cache or a NUMA node.

Offline CPUs do not exist in the topology: they are left out of every sibling set. Sibling sets never overlap, even
if the tree contradicts itself.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel documents "Documentation/admin-guide/cputopology.rst" and
"Documentation/ABI/testing/sysfs-devices-system-cpu"; /sys/devices/cpu_atom/cpus is the PMU's list of the efficiency
cores of hybrid x86 parts.
"""

SYS_CPU = "/sys/devices/system/cpu"

# Kernels since 5.3 say core_cpus; thread_siblings is the old name; very old captures have only the masks.
_SIBLING_FILES = (
    ("core_cpus_list", "core_cpus"),
    ("thread_siblings_list", "thread_siblings"),
)
# Favoured cores of one kind differ by some per cent in their highest frequency, kinds of cores by a quarter and more.
_EFFICIENCY_PERCENT = 80


def read_cpus(tree):
    """Sets of CPU numbers by state, as sorted lists."""
    directories = set(tree.numbered(SYS_CPU, "cpu"))
    online = tree.cpus(SYS_CPU + "/online")
    if online is None:
        online = {cpu for cpu in directories if _looks_online(tree, cpu)}
    present = tree.cpus(SYS_CPU + "/present") or directories | online
    states = {
        "possible": tree.cpus(SYS_CPU + "/possible") or present,
        "present": present,
        "online": online,
        "offline": present - online,
        "isolated": tree.cpus(SYS_CPU + "/isolated") or (),
        "nohz_full": tree.cpus(SYS_CPU + "/nohz_full") or (),
    }
    return {state: sorted(cpus) for state, cpus in states.items()}


def _looks_online(tree, cpu):
    """For trees without the online list; a CPU that cannot be taken offline has no online file."""
    directory = "{0}/cpu{1}".format(SYS_CPU, cpu)
    state = tree.number(directory + "/online")
    return bool(state) if state is not None else bool(tree.names(directory + "/topology"))


def read_topology(tree, online, node_of):
    """One row per online CPU: its node, package, core, siblings, last-level cache and kind of core."""
    rows, free = {}, set(online)
    for cpu in online:
        if cpu in free:
            rows.update((row["cpu"], row) for row in _core(tree, cpu, free))
            free.difference_update(rows[cpu]["siblings"])
    _add_caches(tree, rows)
    _add_kinds(tree, rows)
    for cpu, row in rows.items():
        row["node"] = node_of[cpu]
    return [rows[cpu] for cpu in sorted(rows)]


def _core(tree, cpu, free):
    """Rows of all threads of the core of *cpu*, read once; *free* are the CPUs that no core has claimed yet."""
    directory = "{0}/cpu{1}/topology".format(SYS_CPU, cpu)
    siblings = None
    for list_file, mask_file in _SIBLING_FILES:
        siblings = siblings or tree.cpus("{0}/{1}".format(directory, list_file), "{0}/{1}".format(directory, mask_file))
    siblings = sorted((siblings or set()) & free | {cpu})
    package = tree.number(directory + "/physical_package_id")
    core = tree.number(directory + "/core_id")
    return [
        {
            "cpu": sibling,
            "package": package if package is not None and package >= 0 else None,  # -1: firmware does not say
            "core": core if core is not None and core >= 0 else None,
            "siblings": siblings,
        }
        for sibling in siblings
    ]


def _add_caches(tree, rows):
    """The CPUs of one last-level cache; the kernel numbers caches by level, so that is the highest index."""
    for row in rows.values():
        row["l3"] = None
    for cpu in sorted(rows):
        if rows[cpu]["l3"] is None:
            directory = "{0}/cpu{1}/cache".format(SYS_CPU, cpu)
            indices = tree.numbered(directory, "index")
            if indices:
                cache = "{0}/index{1}".format(directory, indices[-1])
                shared = tree.cpus(cache + "/shared_cpu_list", cache + "/shared_cpu_map") or set()
                shared = sorted(other for other in shared | {cpu} if other in rows)
                for other in shared:
                    rows[other]["l3"] = shared


def _add_kinds(tree, rows):
    """Mark the efficiency cores of hybrid parts: listed as such, or with clearly less capacity or frequency."""
    capacities = _measure(tree, rows, "cpu_capacity")
    listed = [tree.cpus("/sys/devices/{0}/cpus".format(pmu)) for pmu in ("cpu_atom", "cpu_lowpower")]
    slow = set().union(*[cpus for cpus in listed if cpus])
    if not slow:
        differ = len(set(capacities.values())) > 1
        strength = capacities if differ else _measure(tree, rows, "cpufreq/cpuinfo_max_freq")
        limit = max(strength.values()) * _EFFICIENCY_PERCENT if strength else 0
        slow = {cpu for cpu in strength if strength[cpu] * 100 < limit}
    for cpu, row in rows.items():
        row["capacity"] = capacities.get(cpu)
        row["efficiency"] = cpu in slow


def _measure(tree, rows, name):
    """{cpu: number} from a file of every CPU; read once per core, and not at all if the first CPU has none."""
    found = {}
    for cpu in sorted(rows):
        if cpu not in found:
            value = tree.number("{0}/cpu{1}/{2}".format(SYS_CPU, cpu, name))
            if value is None and not found:
                return {}
            if value is not None:
                found.update((sibling, value) for sibling in rows[cpu]["siblings"])
    return found
