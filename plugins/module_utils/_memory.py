# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who gets which memory of each NUMA node: the host, Open vSwitch (DPDK), and the guests as hugepages.

Open vSwitch gets what its packet buffers take, plus DPDK's own needs, in whole pages, and never more than the node has
after the host's reserve; guests get the rest.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _cpuset, _mempools, _sizes
from ._errors import Refused
from ._machine import cpus_of, hosts_dpdk
from ._notes import counted, option

# Rings, driver queues, hash tables and heap headers of DPDK; Open vSwitch publishes no figure, TripleO used this one.
DPDK_OVERHEAD_MB = 512
DEFAULT_RESERVED_MB = 4096
# The kernel's image, its memory map and the firmware's holes lie somewhere in a node's memory, and a page of this size
# needs a whole aligned piece: a node never yields all the pages that its size would hold.
GIGANTIC_KB = 1048576
PREFERRED_PAGES_KB = (GIGANTIC_KB, 2048)
LARGEST_FALLBACK_KB = 1048576

# pages: {node: (for OVS, for guests)}, for nodes whose memory is known; socket_mb and reserved_mb: {node: MiB}
Memory = collections.namedtuple("Memory", "page_kb socket_mb reserved_mb pages")


def plan_memory(host, nodes, devices, partition, request, notes):
    """Memory of one machine; *devices* are rows of the plan with their queues counted."""
    page_kb = _page_size(host, request, notes)
    able = [node for node in nodes if hosts_dpdk(node)]
    _check_nodes(nodes, able, request)
    reserved = _reserve(able, request, notes)
    socket, pages = {}, {}
    for node in able:
        ports = _ports(node, devices, partition, request)
        needed = _needed_mb(node, ports, partition, request, notes)
        socket[node.id], room = _fit(node, needed, reserved[node.id], page_kb, devices, notes)
        if needed <= socket[node.id]:
            _warn_of_guests(node, ports, partition, request, socket[node.id], notes)
        if room is not None:
            ovs = socket[node.id] * 1024 // page_kb
            left = _unbroken(room - ovs, page_kb, node, notes)
            pages[node.id] = (ovs, left if cpus_of(node.cores) & partition.vm else 0)
    return Memory(page_kb, socket, reserved, _for_guests(pages, page_kb, request, notes))


def _page_size(host, request, notes):
    sizes, asked = sorted(host["page_sizes_kb"]), request["page_size_kb"]
    known = ", ".join(_sizes.render_kb(size) for size in sizes)
    if asked:
        if sizes and asked not in sizes:
            raise Refused(
                "this machine has no hugepages of that size",
                found=_sizes.render_kb(asked),
                expected="one of {0}".format(known),
                cure="Correct {0}.".format(option("page_size")),
            )
        return asked
    if not sizes:
        notes.warn(
            "page-size-unknown",
            "No hugepage sizes are known (no /sys/kernel/mm/hugepages, no CPU flags in /proc/cpuinfo): "
            "hugepages are not planned.",
        )
        return None
    preferred = [size for size in PREFERRED_PAGES_KB if size in sizes]
    fallback = [size for size in sizes if size <= LARGEST_FALLBACK_KB] or sizes
    chosen = preferred[0] if preferred else max(fallback)
    notes.because("Hugepages are {0}: the machine has {1}.", _sizes.render_kb(chosen), known)
    return chosen


def _check_nodes(nodes, able, request):
    ids, able_ids = {node.id for node in nodes}, {node.id for node in able}
    for name in ("vm_memory", "reserved_memory"):
        known = ids if name == "reserved_memory" else able_ids
        wrong = sorted(set(request[name]["nodes"]) - known)
        if wrong:
            raise Refused(
                "{0} names a NUMA node that has no hugepages or does not exist".format(name),
                found="node {0}".format(wrong[0]),
                expected="one of {0}".format(_cpuset.render(known) or "none"),
                cure="Correct {0}.".format(option(name)),
            )
    for entry in request["shared_mempool_mtus"]:
        if entry["node"] is not None and entry["node"] not in able_ids:
            raise Refused(
                "shared_mempool_mtus names a NUMA node without memory for Open vSwitch",
                found="node {0}".format(entry["node"]),
                expected="one of {0}".format(_cpuset.render(able_ids) or "none"),
                cure="Correct {0}.".format(option("shared_mempool_mtus")),
            )


def _reserve(able, request, notes):
    """{node: MiB} that stay with the host."""
    asked = request["reserved_memory"]
    shares = _spread(DEFAULT_RESERVED_MB if asked["all"] is None else asked["all"], able)
    shares.update((node, mb) for node, mb in asked["nodes"].items() if node in shares)
    for node in sorted(shares):
        notes.because("Node {0}: {1} MiB stay with the host (reserved_memory).", node, shares[node])
    return shares


def _spread(total, nodes):
    """*total* MiB in equal shares; what a small node lacks is taken from the others."""
    shares, left = {}, total
    order = sorted(nodes, key=lambda node: (node.memory_mb is None, node.memory_mb or 0, node.id))
    for position, node in enumerate(order):
        share = -(-left // (len(order) - position))
        shares[node.id] = share if node.memory_mb is None else min(share, node.memory_mb)
        left -= shares[node.id]
    return shares


def _pools(node, ports, partition, request):
    """The pools of *ports*, and the MiB that they and DPDK itself take."""
    if request["memory_model"] == "shared":
        pools = _mempools.shared_pools(node.id, ports, request["shared_mempool_mtus"])
    else:
        pools = _mempools.own_pools(ports, len(partition.pmd))
    return pools, -(-sum(pool.size_bytes for pool in pools) // 1048576) + DPDK_OVERHEAD_MB


def _needed_mb(node, ports, partition, request, notes):
    """MiB that Open vSwitch needs on a node, before rounding to pages."""
    if not ports:
        return 0
    pools, needed = _pools(node, ports, partition, request)
    text = "Open vSwitch needs {0} MiB on node {1}: {2}; and {3} MiB for DPDK itself."
    notes.because(text, needed, node.id, "; ".join(_in_words(pools)), DPDK_OVERHEAD_MB)
    return needed


def _in_words(pools):
    """One phrase for each kind of pool, however many there are of it."""
    for pool, number in collections.OrderedDict((pool, pools.count(pool)) for pool in pools).items():
        yield "{0}{1} mbufs of MTU {2} for {3} ({4} MiB)".format(
            "{0} x ".format(number) if number > 1 else "",
            pool.mbufs,
            pool.mtu,
            pool.label,
            number * pool.size_bytes // 1048576,
        )


def _ports(node, devices, partition, request):
    """The ports whose packet buffers lie on *node*."""
    ports = []
    for device in devices:
        # Open vSwitch takes node 0 for a device whose node the kernel does not know, so that one is counted too.
        if node.id == device["numa_node"] or (node.id == 0 and device["numa_from"] != "kernel"):
            ports.append(_mempools.Port(device["id"], device["mtu"], device["rxq"], device["desc"]))
    guests = request["vhost_ports"] if cpus_of(node.cores) & partition.vm else 0
    if not ports and cpus_of(node.cores) & partition.pmd:
        guests = max(guests, 1)  # PMD threads without a NIC are there for guests' ports alone
    return ports + [_mempools.Port("vhost-user ports", request["vhost_mtu"], 1, None)] * guests


def _warn_of_guests(node, ports, partition, request, socket_mb, notes):
    """The first guest's port may need a pool that nobody has counted; Open vSwitch then halves it without a word."""
    if ports and not request["vhost_ports"] and cpus_of(node.cores) & partition.vm:
        guest = _mempools.Port("vhost-user ports", request["vhost_mtu"], 1, None)
        needed = _pools(node, ports + [guest], partition, request)[1]
        if needed > socket_mb:
            notes.warn(
                "guest-ports-uncounted",
                "Node {0}: a vhost-user port of MTU {1} needs {2} MiB of packet buffers in all, {3} are planned. Say "
                "how many there will be ({4}), or their MTU ({5}).",
                node.id,
                request["vhost_mtu"],
                needed,
                socket_mb,
                option("vhost_ports"),
                option("vhost_mtu"),
            )


def _fit(node, needed, reserved, page_kb, devices, notes):
    """(MiB for OVS in whole pages, pages that the node has in all or None if that is unknown)."""
    if page_kb is None:
        return needed, None
    wanted = -(-needed * 1024 // page_kb)
    if node.memory_mb is None:
        return wanted * page_kb // 1024, None
    room = max(0, node.memory_mb - reserved) * 1024 // page_kb
    if wanted <= room:
        return wanted * page_kb // 1024, room
    if any(device["numa_node"] == node.id for device in devices):
        raise Refused(
            "NUMA node {0} has too little memory for Open vSwitch".format(node.id),
            where="{0} MiB, {1} of them reserved for the host".format(node.memory_mb, reserved),
            found="{0} of {1}".format(counted(room, "hugepage"), _sizes.render_kb(page_kb)),
            expected="{0} ({1} MiB of packet buffers and DPDK)".format(wanted, needed),
            cure="Lower {0}, or the mtu in {1}, or set {2} to per-port.".format(
                option("reserved_memory"), option("nics"), option("memory_model")
            ),
        )
    notes.warn(
        "node-short-of-memory",
        "NUMA node {0} has {1} of {2} to give, Open vSwitch would need {3}: guests there may find no packet buffers.",
        node.id,
        counted(room, "hugepage"),
        _sizes.render_kb(page_kb),
        wanted,
    )
    return room * page_kb // 1024, room


def _unbroken(left, page_kb, node, notes):
    """Pages of *left* that a node can be trusted to give at boot."""
    if page_kb < GIGANTIC_KB or not left:
        return left
    size = _sizes.render_kb(page_kb)
    notes.because("Node {0}: 1 page of {1} is not planned, the kernel's own memory breaks it.", node.id, size)
    return left - 1


def _for_guests(pages, page_kb, request, notes):
    """Cut the guests' pages down to vm_memory."""
    asked = request["vm_memory"]
    if pages and "mb" in (asked["all"] or {}):
        result = _in_all(pages, asked["all"]["mb"], page_kb)
    else:
        result = {
            node: (ovs, _cut(node, asked["nodes"].get(node, asked["all"]), left, page_kb))
            for node, (ovs, left) in pages.items()
        }
    for node in sorted(result):
        ovs, guests = result[node]
        text = "Node {0}: {1} of {2}, {3} for Open vSwitch and {4} for guests."
        notes.because(text, node, counted(ovs + guests, "hugepage"), _sizes.render_kb(page_kb), ovs, guests)
    return result


def _cut(node, amount, left, page_kb):
    """Pages of one node; no amount means all that are left."""
    if amount is None or "percent" in amount:
        return left * (amount or {"percent": 100})["percent"] // 100
    wanted = -(-amount["mb"] * 1024 // page_kb)
    if wanted > left:
        raise _too_much("NUMA node {0}".format(node), wanted, left, page_kb)
    return wanted


def _in_all(pages, total_mb, page_kb):
    """A number for the whole machine, spread over the nodes that have guests."""
    left, room = -(-total_mb * 1024 // page_kb), sum(pages[node][1] for node in pages)
    if left > room:
        raise _too_much("the machine", left, room, page_kb)
    result = dict(pages)
    order = sorted(pages, key=lambda node: (pages[node][1], node))
    for position, node in enumerate(order):
        share = min(-(-left // (len(order) - position)), pages[node][1])
        result[node] = (pages[node][0], share)
        left -= share
    return result


def _too_much(where, wanted, left, page_kb):
    size = _sizes.render_kb(page_kb)
    return Refused(
        "too little memory for the guests",
        where=where,
        found="{0} of {1} left".format(counted(left, "hugepage"), size),
        expected=counted(wanted, "hugepage"),
        cure="Lower {0} or {1}.".format(option("vm_memory"), option("reserved_memory")),
    )
