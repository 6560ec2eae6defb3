"""Pictures of rx queues and PMD threads for tests."""

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq


def queue(load, port="p0", number=0, node=0, pin=None, core=None):
    return {
        "port": port,
        "queue_id": number,
        "numa_id": node,
        "load": load,
        "enabled": True,
        "pinned_core": pin,
        "core_id": core,
    }


def queues(*loads, **more):
    """Queues 0, 1, … of one port."""
    return [queue(load, number=number, **more) for number, load in enumerate(loads)]


def threads(*places):
    """(core, node) or (core, node, True) for an isolated one."""
    return [{"core_id": each[0], "numa_id": each[1], "isolated": len(each) > 2} for each in places]


def on(rows, *cores):
    """The same queues, polled by these cores."""
    return [dict(row, core_id=core) for row, core in zip(rows, cores)]


def by_core(rows, cores):
    """{core: [queue ids]}"""
    result = {}
    for row, core in zip(rows, cores):
        result.setdefault(core, []).append(row["queue_id"])
    return result


def case(rows, pmds, version=(3, 1, 0), config=None, owners=None, load=80, improvement=10):
    placements = _rxq.place(rows, pmds, version)
    return _rxq.Case(rows, pmds, placements, version, config or {}, owners or {}, load, improvement)
