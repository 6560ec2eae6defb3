# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about PMD threads: are they the right ones, and does each queue have one in the right place?

Private to the collection. Python 3.6+, standard library only.
Sources: Open vSwitch's topics/dpdk/pmd.rst; lib/dpif-netdev.c for the placing of queues.
"""

from . import _cpuset, _keys, _pins
from ._errors import Refused
from ._port_stats import is_polled, numa_node
from ._verdicts import cpus, fail, names, ok, quoted, skip, warn


def working_ports(evidence):
    """Ports for PMD threads that are configured and in the datapath; the others are named by ports.error, .datapath."""
    inside = evidence["datapath_ports"]
    return [row for row in evidence["interfaces"] if is_polled(row) and not row["error"] and row["name"] in inside]


def a_port(evidence):
    """What checks of threads need: without a port there is no thread."""
    return None if working_ports(evidence) else "no port for PMD threads works"


def placement(evidence):
    """{(port, queue): row of the thread that polls it}."""
    return {(rxq["port"], rxq["queue_id"]): row for row in evidence["stats"]["pmds"] for rxq in row["rxqs"]}


def the_planned_mask(evidence):
    """What checks of threads need: another mask makes other threads, and is named by switch.keys."""
    wanted = evidence["plan"]["other_config"].get("pmd-cpu-mask") if evidence["plan"] else None
    mask = evidence["open_vswitch"]["other_config"].get("pmd-cpu-mask")
    other = wanted and not (mask and _keys.fits("pmd-cpu-mask", mask, wanted))
    return "pmd-cpu-mask is not the planned one, see switch.keys" if other else None


def threads(evidence):
    """Exactly the planned PMD threads run; without a plan, those of pmd-cpu-mask."""
    running = {thread["pmd"] for thread in evidence["threads"] if thread["pmd"] is not None}
    mask = evidence["open_vswitch"]["other_config"].get("pmd-cpu-mask")
    if evidence["plan"]:
        wanted = _cpuset.parse(evidence["plan"]["cpus"]["pmd"])
    elif mask:
        try:
            wanted = _cpuset.from_mask(mask)
        except Refused:
            yield skip("pmd-cpu-mask cannot be read, see switch.values")
            return
    else:
        yield ok("CPUs {0}, chosen by the switch".format(cpus(running)))
        return
    if running != wanted:
        yield fail(
            None,
            "threads on CPUs " + cpus(running),
            "on CPUs " + cpus(wanted),
            "Set pmd-cpu-mask (role openvswitch does, from the plan); a CPU that is offline gets no thread.",
        )
    yield ok("threads on CPUs " + cpus(running))


def pinned(evidence):
    """Each thread may run on its own CPU and nowhere else."""
    for thread in evidence["threads"]:
        if thread["pmd"] is not None and thread["cpus"] != [thread["pmd"]]:
            yield fail(
                thread["name"],
                "may run on CPUs {0}{1}".format(cpus(thread["cpus"]), quoted(evidence, "pmd.pinned")),
                "CPU {0}".format(thread["pmd"]),
                "The CPU must be in the cpuset of the unit's cgroup (AllowedCPUs=); then restart ovs-vswitchd.",
            )
    yield ok("each thread on its own CPU")


def numa_coverage(evidence):
    """Each NUMA node with a port whose queues are not all pinned has a thread that takes them."""
    free = {row["numa_id"] for row in evidence["stats"]["pmds"] if not row["isolated"]}
    ports = {}
    for row in working_ports(evidence):
        pinned_queues = _pins.affinity(row["other_config"].get(_pins.AFFINITY))
        if numa_node(row) is not None and not set(range(queue_count(evidence, row))) <= set(pinned_queues):
            ports.setdefault(max(0, numa_node(row)), []).append(row["name"])
    for node in sorted(set(ports) - free):
        yield fail(
            "node {0}".format(node),
            "no PMD thread for the ports {0}{1}".format(
                names(ports[node]), quoted(evidence, "pmd.numa_coverage", *ports[node])
            ),
            "at least one on this node that is not reserved for pinned queues",
            "More PMD cores on that node (host_plan_pmd_cores), or remove pins (pmd-rxq-affinity).",
        )
    yield ok("threads on the nodes " + names(sorted(ports)))


def queue_count(evidence, row):
    """Number of rx queues that the switch made for a port."""
    settings = evidence["datapath_ports"].get(row["name"], {})
    text = row["status"].get("n_rxq") or settings.get("configured_rx_queues") or row["options"].get("n_rxq") or "1"
    return int(text) if text.isdecimal() else 1


def queues_polled(evidence):
    """Every rx queue of every port is polled by some thread; the switch does not complain of one that is not."""
    polled, count = placement(evidence), 0
    for row in working_ports(evidence):
        queues = range(queue_count(evidence, row))
        missing = [queue for queue in queues if (row["name"], queue) not in polled]
        count += len(queues)
        if missing:
            yield fail(
                row["name"],
                "nobody polls queue {0}{1}".format(names(missing), quoted(evidence, "pmd.queues_polled", row["name"])),
                "a PMD thread for each of {0} queues".format(len(queues)),
                "All threads are reserved for pinned queues: remove a pin (pmd-rxq-affinity), or set "
                "pmd-rxq-isolate=false with pmd-rxq-assign=group.",
            )
    yield ok("{0} queues, all polled".format(count))


def cross_numa(evidence):
    """No queue of a device is polled from another node although its own node has a thread."""
    # Guests move: see ports.vhost_numa.
    nodes = {row["name"]: numa_node(row) for row in working_ports(evidence) if not row["type"].startswith("dpdkvhost")}
    local = {row["numa_id"] for row in evidence["stats"]["pmds"]}
    for (port, queue), row in sorted(placement(evidence).items()):
        node = nodes.get(port)
        if node is not None and max(0, node) in local and row["numa_id"] != max(0, node):
            yield warn(
                "{0} queue {1}".format(port, queue),
                "polled on node {0} (CPU {1})".format(row["numa_id"], row["core_id"]),
                "node {0}, where the port is".format(node),
                "Remove a pin to another node (pmd-rxq-affinity), or give the node a free thread: "
                "every packet crosses the sockets now.",
            )
    yield ok("every queue on its own node")


def affinity(evidence):
    """Pinned queues are where their pins say."""
    polled, pins = placement(evidence), 0
    for row in working_ports(evidence):
        for queue, core in sorted(_pins.affinity(row["other_config"].get(_pins.AFFINITY)).items()):
            thread = polled.get((row["name"], queue))
            pins += 1
            if thread and thread["core_id"] != core:
                yield warn(
                    "{0} queue {1}".format(row["name"], queue),
                    "CPU {0}{1}".format(thread["core_id"], quoted(evidence, "pmd.affinity", row["name"])),
                    "CPU {0}, as pinned".format(core),
                    "Pin it to a CPU that has a PMD thread, or drop the pin (pmd-rxq-affinity).",
                )
    yield ok("{0} pinned queues, all in their places".format(pins))
