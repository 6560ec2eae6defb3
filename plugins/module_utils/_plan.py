# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole plan: what a machine should become as an OVS-DPDK compute node, and why.

A pure function of the host's data and the operator's request: the same input gives the same plan, byte for byte. It
reads only what applying the plan does not change, so the plan of the finished host is the plan of the untouched one.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _arguments, _cmdline, _cpuset, _devices, _eal, _machine, _memory, _partition, _sizes
from ._notes import Notes

VERSION = 1


def make_plan(host, request):
    """The plan for *host* (see _host.read_host) and *request* (see _request.parse_request)."""
    notes = Notes()
    nodes = _machine.read_nodes(host, notes)
    devices = _devices.plan_devices(host, nodes, request, notes)
    nic_nodes = {device["numa_node"] for device in devices}
    partition = _partition.partition(nodes, nic_nodes, request, notes)
    _devices.count_queues(devices, nodes, partition, notes)
    memory = _memory.plan_memory(host, nodes, devices, partition, request, notes)
    isolated = _isolated(partition, request)
    isolation = _arguments.plan_isolation(host, isolated, partition.housekeeping, request["isolation"], notes)
    persist = _arguments.persistence(host, nodes, notes)
    tokens = _arguments.kernel_tokens(host, nodes, memory, persist, isolation, notes)
    _arguments.warn_of_conflicts(host, tokens, request["isolation"], notes)
    lcores = _eal.lcore_cpus(partition, request, notes)
    sockets = _eal.socket_lists(nodes, memory, notes)
    extra = _eal.extra_words(devices, request, notes)
    return {
        "version": VERSION,
        "os": host["os"],
        "cpus": _cpus(host, partition, isolated),
        "masks": {
            "lcore": _cpuset.to_mask(lcores) if lcores else None,
            "pmd": _cpuset.to_mask(partition.pmd),
        },
        "nodes": [_node(node, partition, memory, devices) for node in nodes],
        "socket_memory": sockets[0],
        "socket_limit": sockets[1],
        "hugepages": _hugepages(memory, persist),
        "isolation": dict(isolation._asdict()),
        "kernel_args": " ".join(tokens),
        "kernel_args_tokens": tokens,
        "kernel_args_owned": _names(tokens),
        "devices": devices,
        "dpdk_drivers": _devices.libraries(devices),
        "other_config": _eal.other_config(partition, lcores, sockets, extra, request),
        "nova": _nova(partition, memory),
        "reasons": notes.reasons,
        "warnings": notes.warnings,
    }


def _isolated(partition, request):
    if request["isolation"] == "none":
        return frozenset()
    return partition.pmd | partition.vm if request["isolate_guests"] else partition.pmd


def _cpus(host, partition, isolated):
    sets = dict(partition._asdict(), isolated=isolated, offline=host["cpus"]["offline"])
    return {name: _cpuset.render(sets[name]) for name in ("housekeeping", "pmd", "vm", "isolated", "offline")}


def _node(node, partition, memory, devices):
    mine = _machine.cpus_of(node.cores)
    unknown = _machine.hosts_dpdk(node) and node.id not in memory.pages
    return {
        "id": node.id,
        "cpus": _cpuset.render(mine),
        "cores": len(node.cores),
        "memory_mb": node.memory_mb,
        "housekeeping": _cpuset.render(mine & partition.housekeeping),
        "pmd": _cpuset.render(mine & partition.pmd),
        "vm": _cpuset.render(mine & partition.vm),
        "socket_memory_mb": memory.socket_mb.get(node.id, 0),
        "hugepages": None if unknown else sum(memory.pages.get(node.id, ())),
        "nics": [device["address"] for device in devices if device["numa_node"] == node.id],
    }


def _hugepages(memory, persist):
    return [
        {
            "node": node,
            "size": _sizes.render_kb(memory.page_kb),
            "size_kb": memory.page_kb,
            "count": ovs + guests,
            "ovs": ovs,
            "guests": guests,
            "persist": persist,
        }
        for node, (ovs, guests) in sorted(memory.pages.items())
        if ovs + guests
    ]


def _names(tokens):
    names = []
    for token in tokens:
        name = _cmdline.name(token)
        if name not in names:
            names.append(name)
    return names


def _nova(partition, memory):
    """What a compute service on this host has to be told, with hugepage sizes in KiB as nova reads them."""
    return {
        "cpu_dedicated_set": _cpuset.render(partition.vm),
        "cpu_shared_set": _cpuset.render(partition.housekeeping),
        "reserved_host_memory_mb": sum(memory.reserved_mb.values()),
        "reserved_huge_pages": [
            {"node": node, "size": memory.page_kb, "count": ovs}
            for node, (ovs, guests) in sorted(memory.pages.items())
            if ovs
        ],
    }
