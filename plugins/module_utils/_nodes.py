# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""NUMA nodes: CPUs, memory and hugepage pools of each.

A node is an id, not an index and not a socket: ids may be sparse, a node may have no memory or no CPU. A machine
without a NUMA directory is one node 0.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel documents "Documentation/ABI/stable/sysfs-devices-node" and
"Documentation/admin-guide/mm/hugetlbpage.rst".
"""

import re

from ._cpus import SYS_CPU

SYS_NODE = "/sys/devices/system/node"
SYS_POOLS = "/sys/kernel/mm/hugepages"

_POOL = re.compile(r"hugepages-([0-9]+)kB$")
_DISTANCE = re.compile(r"^[0-9]{1,5}\Z")
_FIELD = re.compile(r"^(?:Node\s+[0-9]+\s+)?([A-Za-z_()]+):\s+([0-9]{1,18})\b", re.MULTILINE)


def read_nodes(tree, online):
    """(rows sorted by id, whether the tree has NUMA nodes at all, {cpu: node id} of the online CPUs)."""
    ids = tree.numbered(SYS_NODE, "node")
    if not ids:
        memory = meminfo(tree, "/proc/meminfo")
        return [_row(0, online, memory, _pools(tree, SYS_POOLS), None)], False, dict.fromkeys(online, 0)
    node_of = _owners(tree, ids, online)
    rows = []
    for node in ids:
        directory = "{0}/node{1}".format(SYS_NODE, node)
        cpus = [cpu for cpu in online if node_of[cpu] == node]
        distances = [int(word) for word in (tree.text(directory + "/distance") or "").split() if _DISTANCE.match(word)]
        pools = _pools(tree, directory + "/hugepages")
        rows.append(_row(node, cpus, meminfo(tree, directory + "/meminfo"), pools, distances or None))
    return rows, True, node_of


def read_page_sizes(tree, flags):
    """Hugepage sizes in KiB that the machine can have: what the kernel offers, and what the x86 CPU is able to do."""
    sizes = {size for size, _name in _pool_names(tree, SYS_POOLS)}
    if "pse" in flags and "pae" in flags:
        sizes.add(2048)
    if "pdpe1gb" in flags:
        sizes.add(1048576)
    return sorted(sizes)


def meminfo(tree, path):
    """{field: number} of /proc/meminfo or nodeN/meminfo; sizes are in KiB."""
    return {name: int(value) for name, value in _FIELD.findall(tree.text(path) or "")}


def _owners(tree, ids, online):
    """The node of every online CPU. Where nodes disagree the CPU's own link decides; the first node takes strays."""
    claims = {cpu: [] for cpu in online}
    for node in ids:
        directory = "{0}/node{1}".format(SYS_NODE, node)
        listed = tree.cpus(directory + "/cpulist", directory + "/cpumap")
        for cpu in tree.numbered(directory, "cpu") if listed is None else listed:
            if cpu in claims:
                claims[cpu].append(node)
    owners = {}
    for cpu, nodes in claims.items():
        if len(nodes) != 1:
            links = tree.numbered("{0}/cpu{1}".format(SYS_CPU, cpu), "node")
            nodes = [node for node in links if node in ids] or nodes or ids
        owners[cpu] = nodes[0]
    return owners


def _row(node, cpus, memory, pools, distances):
    return {
        "id": node,
        "cpus": sorted(cpus),
        "memory_kb": memory.get("MemTotal"),
        "memory_free_kb": memory.get("MemFree"),
        "hugepages": pools,
        "distances": distances,
    }


def _pool_names(tree, directory):
    matches = (_POOL.match(name) for name in tree.names(directory))
    return sorted((int(match.group(1)), match.group(0)) for match in matches if match)


def _pools(tree, directory):
    rows = []
    for size, name in _pool_names(tree, directory):
        row = {"size_kb": size}
        for key, file in (("total", "nr"), ("free", "free"), ("surplus", "surplus")):
            row[key] = tree.number("{0}/{1}/{2}_hugepages".format(directory, name, file)) or 0
        rows.append(row)
    return rows
