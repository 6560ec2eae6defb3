"""CPUs, caches, NUMA nodes and hugepage pools."""

from .tree import cpu_list, cpu_mask


def number_cpus(ids, cores, threads, layout, nodes_per_package):
    """One dict per CPU, sorted by number; *ids* are the nodes in the order of their sockets."""
    rows = []
    total = len(ids) * cores
    for position, node in enumerate(ids):
        for core in range(cores):
            linear = position * cores + core
            package = position // nodes_per_package
            members = [linear * threads + t if layout == "adjacent" else linear + t * total for t in range(threads)]
            for cpu in members:
                rows.append(
                    {
                        "cpu": cpu,
                        "node": node,
                        "core_of_node": core,
                        "core": core + cores * (position % nodes_per_package),
                        "package": package,
                        "siblings": members,
                    }
                )
    return sorted(rows, key=lambda row: row["cpu"])


def write_cpus(tree, cpus, isolated, nohz_full, capacities, numa):
    """/sys/devices/system/cpu; an offline CPU has a directory and no topology."""
    base = "/sys/devices/system/cpu"
    total = len(cpus)
    everyone = [cpu["cpu"] for cpu in cpus]
    online = [cpu["cpu"] for cpu in cpus if cpu["online"]]
    for name, value in (
        ("possible", cpu_list(everyone)),
        ("present", cpu_list(everyone)),
        ("online", cpu_list(online)),
        ("offline", cpu_list(set(everyone) - set(online))),
        ("isolated", isolated),
        ("nohz_full", nohz_full or "(null)"),
        ("kernel_max", 8191),
    ):
        tree.write("{0}/{1}".format(base, name), value)
    for name in ("cpufreq", "cpuidle", "hotplug", "power", "smt", "vulnerabilities"):
        tree.directory("{0}/{1}".format(base, name))
    sharing = {}
    for cpu in cpus:
        if cpu["online"]:
            sharing.setdefault(cpu["l3"], []).append(cpu["cpu"])
    for cpu in cpus:
        directory = "{0}/cpu{1}".format(base, cpu["cpu"])
        if cpu["cpu"]:
            tree.write(directory + "/online", int(cpu["online"]))
        if numa:
            tree.link("{0}/node{1}".format(directory, cpu["node"]), "/sys/devices/system/node/node%d" % cpu["node"])
        if cpu["cpu"] in capacities:
            tree.write(directory + "/cpu_capacity", capacities[cpu["cpu"]])
        if cpu["online"]:
            _write_topology(tree, directory, cpu, cpus, online, sharing[cpu["l3"]], total)


def _write_topology(tree, directory, cpu, cpus, online, l3, total):
    siblings = [sibling for sibling in cpu["siblings"] if sibling in online]
    package = [other["cpu"] for other in cpus if other["package"] == cpu["package"] and other["online"]]
    tree.write(directory + "/topology/core_id", cpu["core"])
    tree.write(directory + "/topology/physical_package_id", cpu["package"])
    for names, members in ((("core_cpus", "thread_siblings"), siblings), (("package_cpus", "core_siblings"), package)):
        for name in names:
            tree.write("{0}/topology/{1}".format(directory, name), cpu_mask(members, total))
            tree.write("{0}/topology/{1}_list".format(directory, name), cpu_list(members))
    for index, level, kind, members in (
        (0, 1, "Data", siblings),
        (1, 1, "Instruction", siblings),
        (2, 2, "Unified", siblings),
        (3, 3, "Unified", l3),
    ):
        cache = "{0}/cache/index{1}".format(directory, index)
        tree.write(cache + "/level", level)
        tree.write(cache + "/type", kind)
        tree.write(cache + "/shared_cpu_list", cpu_list(members))
        tree.write(cache + "/shared_cpu_map", cpu_mask(members, total))


def write_nodes(tree, cpus, memory, pools):
    """/sys/devices/system/node; *memory* is {node: MiB} and names all nodes."""
    base = "/sys/devices/system/node"
    by_node = {node: [cpu["cpu"] for cpu in cpus if cpu["node"] == node and cpu["online"]] for node in memory}
    with_memory = [node for node in memory if memory[node]]
    for name, value in (
        ("online", cpu_list(memory)),
        ("possible", cpu_list(memory)),
        ("has_cpu", cpu_list(node for node in memory if by_node[node])),
        ("has_memory", cpu_list(with_memory)),
        ("has_normal_memory", cpu_list(with_memory)),
    ):
        tree.write("{0}/{1}".format(base, name), value)
    for node in memory:
        directory = "{0}/node{1}".format(base, node)
        tree.write(directory + "/cpulist", cpu_list(by_node[node]))
        tree.write(directory + "/cpumap", cpu_mask(by_node[node], len(cpus)))
        tree.write(directory + "/distance", " ".join("10" if node == other else "21" for other in sorted(memory)))
        total = memory[node] * 1024
        rows = (("MemTotal", total), ("MemFree", total * 8 // 10), ("MemUsed", total - total * 8 // 10))
        tree.write(
            directory + "/meminfo",
            "\n".join("Node {0} {1:<16}{2:>8} kB".format(node, name + ":", value) for name, value in rows),
        )
        for cpu in by_node[node]:
            tree.link("{0}/cpu{1}".format(directory, cpu), "/sys/devices/system/cpu/cpu%d" % cpu)
        for (owner, size), (count, free) in pools.items():
            if owner == node:
                pool = "{0}/hugepages/hugepages-{1}kB".format(directory, size)
                for name, value in (("nr", count), ("free", free), ("surplus", 0)):
                    tree.write("{0}/{1}_hugepages".format(pool, name), value)


def write_pools(tree, page_sizes_kb, pools):
    """The pools of the whole machine: sums over the nodes."""
    for size in page_sizes_kb:
        pool = "/sys/kernel/mm/hugepages/hugepages-{0}kB".format(size)
        counts = [pools[key] for key in pools if key[1] == size]
        tree.write(pool + "/nr_hugepages", sum(count for count, _free in counts))
        tree.write(pool + "/nr_hugepages_mempolicy", sum(count for count, _free in counts))
        tree.write(pool + "/free_hugepages", sum(free for _count, free in counts))
        tree.write(pool + "/nr_overcommit_hugepages", 0)
        tree.write(pool + "/resv_hugepages", 0)
        tree.write(pool + "/surplus_hugepages", 0)
