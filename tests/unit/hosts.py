"""Hosts as plain data, the shape of _host.read_host, made without files: thousands of machines in seconds.

host = hosts.make(nodes=2, cores=3, threads=2, nics=[hosts.nic("0000:41:00.0", node=0)])
plan = hosts.plan(host, nics="0000:41:00.0 mtu=9000", pmd_cores="0:2,1:1")
after = hosts.applied(host, plan)        # the same machine when the plan is in force
"""

import copy

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _plan, _request

I40E = ("8086", "1572")
MLX5 = ("15b3", "1017")
VIRTIO = ("1af4", "1041")
VMXNET3 = ("15ad", "07b0")


def nic(address, node=0, name=None, ids=I40E, driver="i40e", number=1, **changes):
    row = {
        "address": address,
        "name": name,
        "names": [name] if name else [],
        "mac": "52:54:00:00:{0:02x}:{1:02x}".format(number // 256, number % 256),
        "driver": driver,
        "vendor": ids[0],
        "device": ids[1],
        "subsystem_vendor": ids[0],
        "subsystem_device": "0001",
        "class": "020000",
        "numa_node": node,
        "local_cpus": None,
        "iommu_group": number,
        "iommu_group_members": [],
        "physfn": None,
        "vf_index": None,
        "numvfs": None,
        "modalias": None,
        "uses": [],
        "recorded": None,
    }
    row.update(changes)
    return row


def make(
    nodes=2,
    cores=3,
    threads=2,
    layout="adjacent",
    ids=None,
    memory_mb=6144,
    offline=(),
    l3_cores=None,
    slow=(),
    nics=(),
    memory_only=(),
    **changes,
):
    """A machine of *nodes* x *cores* x *threads*.

    layout: siblings "adjacent" (0,1), "split" over the machine (0,N), or nodes "interleaved" (even, odd CPUs).
    memory_mb: of each node, or {node: MiB or None}. slow: CPUs of efficiency cores. memory_only: further node ids.
    """
    ids = list(range(nodes)) if ids is None else list(ids)
    rows = _topology(ids, cores, threads, layout, l3_cores or cores)
    online = [row["cpu"] for row in rows if row["cpu"] not in offline]
    topology = [
        dict(
            row,
            siblings=[cpu for cpu in row["siblings"] if cpu not in offline],
            l3=[cpu for cpu in row["l3"] if cpu not in offline],
            efficiency=row["cpu"] in slow,
            capacity=None,
        )
        for row in rows
        if row["cpu"] not in offline
    ]
    amounts = {node: memory_mb.get(node) if isinstance(memory_mb, dict) else memory_mb for node in ids}
    amounts.update({node: memory_mb.get(node) if isinstance(memory_mb, dict) else memory_mb for node in memory_only})
    known = [amount for amount in amounts.values() if amount is not None]
    host = {
        "architecture": "x86_64",
        "kernel": "6.1.0-18-amd64",
        "os": {"id": "debian", "version_id": "12", "family": "debian"},
        "cpu": {"vendor": "GenuineIntel", "model": "Xeon", "flags": ["pdpe1gb", "pse"]},
        "cpus": {
            "possible": sorted(row["cpu"] for row in rows),
            "present": sorted(row["cpu"] for row in rows),
            "online": sorted(online),
            "offline": sorted(offline),
            "isolated": [],
            "nohz_full": [],
        },
        "topology": topology,
        "nodes": [_node(node, topology, amounts[node]) for node in sorted(amounts)],
        "numa": True,
        "memory": {"total_kb": sum(known) * 1024 if known else None, "available_kb": None},
        "page_sizes_kb": [2048, 1048576],
        "nics": list(nics),
        "iommu": {"active": True, "units": ["dmar0"], "described": None, "groups": 20, "noiommu": None},
        "lockdown": "none",
        "secure_boot": None,
        "cmdline": "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet",
        "state": {},
    }
    host.update(changes)
    return host


def _topology(ids, cores, threads, layout, l3_cores):
    rows, total, caches = [], len(ids) * cores, {}
    for position, node in enumerate(ids):
        for core in range(cores):
            linear = core * len(ids) + position if layout == "interleaved" else position * cores + core
            step, base = (1, linear * threads) if layout == "adjacent" else (total, linear)
            siblings = [base + thread * step for thread in range(threads)]
            l3 = caches.setdefault((node, core // l3_cores), [])
            l3 += siblings
            for cpu in siblings:
                rows.append({"cpu": cpu, "node": node, "package": node, "core": core, "siblings": siblings, "l3": l3})
    for cache in caches.values():
        cache.sort()
    return sorted(rows, key=lambda row: row["cpu"])


def _node(node, topology, memory_mb):
    return {
        "id": node,
        "cpus": [row["cpu"] for row in topology if row["node"] == node],
        "memory_kb": None if memory_mb is None else memory_mb * 1024,
        "memory_free_kb": None if memory_mb is None else memory_mb * 900,
        "hugepages": [{"size_kb": size, "total": 0, "free": 0, "surplus": 0} for size in (2048, 1048576)],
        "distances": None,
    }


def request(**options):
    return _request.parse_request(options)


def plan(host, **options):
    return _plan.make_plan(host, request(**options))


def applied(host, plan):
    """*host* after the plan was applied and the machine rebooted, as the roles leave it."""
    after = copy.deepcopy(host)
    after["cmdline"] = "{0} {1}".format(host["cmdline"], plan["kernel_args"]).strip()
    after["state"] = {"version": 1, "kernel_cmdline": {"tokens": plan["kernel_args_tokens"], "taken_over": []}}
    isolated = sorted(
        cpu for row in after["topology"] for cpu in [row["cpu"]] if _within(cpu, plan["cpus"]["isolated"])
    )
    after["cpus"].update(isolated=isolated, nohz_full=isolated)
    after["memory"]["available_kb"] = 1
    for node in after["nodes"]:
        node["memory_free_kb"] = 1
        for pool in node["hugepages"]:
            counts = [
                row["count"]
                for row in plan["hugepages"]
                if (row["node"], row["size_kb"]) == (node["id"], pool["size_kb"])
            ]
            pool.update(total=sum(counts), free=0)
    devices = {row["address"]: row for row in plan["devices"]}
    for nic in after["nics"]:
        device = devices.get(nic["address"])
        if device and device["driver"]:
            entry = {"name": nic["name"], "mac": nic["mac"], "driver_before": nic["driver"], "driver": device["driver"]}
            after["state"].setdefault("devices", {})[nic["address"]] = entry
            nic.update(driver=device["driver"], recorded=entry, uses=[])
    return after


def _within(cpu, text):
    for item in filter(None, text.split(",")):
        low, _dash, high = item.partition("-")
        if int(low) <= cpu <= int(high or low):
            return True
    return False
