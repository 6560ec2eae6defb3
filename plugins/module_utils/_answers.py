# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of ovs-appctl as data: datapath ports, memory pools, heaps, coverage counters, bonds.

The answers about PMD threads have a file of their own (_pmd.py). Lines that are not understood are skipped: each
reader takes what it knows, and every consumer treats "nothing found" as not known.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd(8); lib/eal/common/malloc_heap.c and lib/mempool/rte_mempool.c of DPDK.
"""

import re


def whole_line(pattern):
    """The pattern of a whole line; its numbers have at most the 20 ASCII digits of 64 bits, and one point if any."""
    pattern = pattern.replace(r"[\d.]+", r"\d+(?:\.\d+)?").replace(r"\d+", "[0-9]{1,20}")
    return re.compile(pattern + r"\Z")


_DPIF_PORT = whole_line(r"\s{4}(?P<name>.+) \d+/(?:\d+|none):? \((?P<type>[^:)]+)(?:: (?P<config>.*))?\)")
_MEMPOOL = whole_line(r"mempool <(?P<name>[^>]+)>@.*")
_POOL_FIELD = whole_line(r"\s+(?P<key>size|total_cache_count|common_pool_count)=(?P<value>\d+)")
# What the name of a pool made by Open vSwitch says: hash, NUMA node, MTU it can hold, number of buffers asked for.
_POOL_NAME = whole_line(r"ovs[0-9a-f]{8}(?P<node>\d{2})(?P<mtu>\d{5})(?P<asked>\d{7})")
_HEAP = whole_line(r"\s*Heap name:socket_(?P<node>\d+)\s*")
_HEAP_FIELD = whole_line(r"\s*(?P<key>Heap_size|Free_size|Greatest_free_size):(?P<value>\d+),?")
_COVERAGE = whole_line(r"(?P<name>\S+)\s+[\d.]+/sec\s+[\d.]+/sec\s+[\d.]+/sec\s+total: (?P<total>\d+)")
_BOND = whole_line(r"---- (?P<name>.+) ----")
_LACP = whole_line(r"lacp_status: (?P<status>.+)")
_MEMBER = whole_line(r"(?:member|slave) (?P<name>.+): (?P<state>enabled|disabled)")


def datapath_ports(text):
    """{port: {setting: text}} of "dpif/show": the ports that really are in a datapath."""
    found = {}
    for line in text.splitlines():
        match = _DPIF_PORT.match(line)
        if match:
            # A value may hold commas (dpdk-devargs=net_null1,no-rx=1), a separator is followed by a blank.
            pairs = (item.partition("=") for item in (match.group("config") or "").split(", ") if "=" in item)
            found[match.group("name")] = {key: value for key, _equals, value in pairs}
    return found


def mempools(text):
    """[{name, node, mtu, asked, size, free}] of "netdev-dpdk/get-mempool-info" without an argument."""
    pools, pool = [], None
    for line in text.splitlines():
        start, field = _MEMPOOL.match(line), _POOL_FIELD.match(line)
        if start:
            name = start.group("name")
            facts = _POOL_NAME.match(name)
            known = {key: int(value) for key, value in facts.groupdict().items()} if facts else {}
            unknown = {"node": None, "mtu": None, "asked": None, "size": None, "free": 0}
            pool = dict(unknown, name=name, **known)
            pools.append(pool)
        elif line and not line[0].isspace():
            pool = None  # something else begins, and what follows belongs to it
        elif pool and field and field.group("key") == "size":
            pool["size"] = int(field.group("value"))
        elif pool and field:  # free buffers lie in the pool and in the caches of the threads
            pool["free"] += int(field.group("value"))
    return pools


def heaps(text):
    """{NUMA node: {size, free, greatest}} in bytes of "dpdk/get-malloc-stats"; empty heaps are left out."""
    names = {"Heap_size": "size", "Free_size": "free", "Greatest_free_size": "greatest"}
    found, node = {}, None
    for line in text.splitlines():
        heap, field = _HEAP.match(line), _HEAP_FIELD.match(line)
        if heap:
            node = int(heap.group("node"))
        elif line.startswith("Heap id:"):
            node = None
        elif node is not None and field:
            found.setdefault(node, {})[names[field.group("key")]] = int(field.group("value"))
    return {node: heap for node, heap in found.items() if heap.get("size")}


def coverage(text):
    """{counter: total} of "coverage/show"; counters that never counted are absent."""
    found = {}
    for line in text.splitlines():
        match = _COVERAGE.match(line)
        if match:
            found[match.group("name")] = int(match.group("total"))
    return found


def bonds(text):
    """{bond: {"lacp": status, "members": {name: enabled}}} of "bond/show"."""
    found, bond = {}, None
    for line in text.splitlines():
        start, lacp, member = _BOND.match(line), _LACP.match(line), _MEMBER.match(line)
        if start:
            bond = found.setdefault(start.group("name"), {"lacp": None, "members": {}})
        elif bond is not None and lacp:
            bond["lacp"] = lacp.group("status")
        elif bond is not None and member:
            bond["members"][member.group("name")] = member.group("state") == "enabled"
    return found
