# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about ports, and the log.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd.conf.db(5); Open vSwitch's topics/dpdk/phy.rst and vhost-user.rst.
"""

import os

from . import _port_stats
from ._checks_devices import misplaced, port_address
from ._checks_packages import missing_drivers
from ._checks_pmd import queue_count, working_ports
from ._drivers import of_device
from ._port_stats import is_polled
from ._verdicts import fail, names, ok, quoted, skip, warn

INTERVAL = "stats-update-interval"  # milliseconds, at least 5000
AGAIN = "A port that failed is tried again only when it is set again or the switch restarts"


def error(evidence):
    """No interface has an error: ovs-vsctl reports success all the same."""
    causes = _named_causes(evidence)
    for row in evidence["interfaces"]:
        if row["error"] and port_address(row) in causes:
            yield skip("the error of {0} has its cause in {1}".format(row["name"], causes[port_address(row)]))
        elif row["error"]:
            device = row["options"].get("dpdk-devargs")
            # EAL's line about the device says more than the switch's about the port.
            yield fail(
                row["name"],
                row["error"] + quoted(evidence, "ports.error", device, row["name"]),
                "no error",
                "Correct its options (openvswitch_bridges), or the device behind them. {0}.".format(AGAIN),
            )
    yield ok("{0} interfaces, no error".format(len(evidence["interfaces"])))


def _named_causes(evidence):
    """{address: check} of NICs that no port can open, and which check says why."""
    nics = {nic["address"]: nic for nic in evidence["host"]["nics"]}
    libraries = {address: of_device(nic["vendor"], nic["device"]).library for address, nic in nics.items()}
    missing = missing_drivers(evidence)
    causes = {address: "packages.drivers" for address, library in libraries.items() if library in missing}
    causes.update(dict.fromkeys(misplaced(evidence), "devices.driver"))
    return causes


def datapath(evidence):
    """Each port without error is in a datapath."""
    inside = evidence["datapath_ports"]
    for row in evidence["interfaces"]:
        if is_polled(row) and not row["error"] and row["name"] not in inside:
            yield fail(row["name"], "in the database, in no datapath", "in ovs-appctl dpif/show", AGAIN + ".")
    yield ok("{0} ports in a datapath".format(len(working_ports(evidence))))


def planned(evidence):
    """Each planned device is a port."""
    ports = {port_address(row): row["name"] for row in evidence["interfaces"] if row["type"] == "dpdk"}
    rows = [row for row in evidence["plan"]["devices"] if row["address"]]
    for row in rows:
        if row["address"] not in ports:
            cure = "Name it in openvswitch_bridges (nic), or leave it to whoever makes the bridges."
            yield warn(row["address"], "no port has it", "a port of type dpdk", cure)
    yield ok(names(sorted(ports[row["address"]] for row in rows if row["address"] in ports)) or "no device is planned")


def _connected(row):
    """A vhost port is only there with its guest."""
    return not row["type"].startswith("dpdkvhost") or row["status"].get("status") == "connected"


def link(evidence):
    """Physical ports are up."""
    rows = [row for row in working_ports(evidence) if row["type"] == "dpdk"]
    for row in rows:
        if row["admin_state"] != "up" or row["link_state"] != "up":
            yield fail(
                row["name"],
                "admin {0}, link {1}".format(row["admin_state"] or "unknown", row["link_state"] or "unknown"),
                "up, up",
                "Look at the cable and the other side; ovs-ofctl mod-port BRIDGE {0} up.".format(row["name"]),
            )
    yield ok("{0} ports up".format(len(rows))) if rows else skip("there is no physical port")


def mtu(evidence):
    """The MTU in force is the one asked for, and the planned one."""
    plans = {row["address"]: row["mtu"] for row in (evidence["plan"] or {"devices": []})["devices"] if row["address"]}
    for row in filter(_connected, working_ports(evidence)):
        wanted = row["mtu_request"] if isinstance(row["mtu_request"], int) else plans.get(port_address(row))
        if wanted and row["mtu"] != wanted:
            yield fail(
                row["name"],
                "{0}{1}".format(row["mtu"], quoted(evidence, "ports.mtu", row["name"])),
                str(wanted),
                "Set mtu_request (openvswitch_bridges); the device may not be able to do more.",
            )
    yield ok("as asked for")


def queues(evidence):
    """Physical ports have as many rx queues as asked for."""
    plans = {row["address"]: row["rxq"] for row in (evidence["plan"] or {"devices": []})["devices"] if row["address"]}
    for row in working_ports(evidence):
        wanted = row["options"].get("n_rxq") or plans.get(port_address(row))
        if row["type"] == "dpdk" and wanted and str(queue_count(evidence, row)) != str(wanted):
            yield warn(
                row["name"],
                "{0}{1}".format(queue_count(evidence, row), quoted(evidence, "ports.queues", row["name"])),
                str(wanted),
                "The device has fewer queues, or options:n_rxq was not set from the plan (openvswitch_bridges).",
            )
    yield ok("as asked for")


def descriptors(evidence):
    """Queues have as many descriptors as asked for."""
    adjusted = quoted(evidence, "ports.descriptors")
    for row in working_ports(evidence):
        for option in ("n_rxq_desc", "n_txq_desc"):
            setting = "configured_{0}_descriptors".format(option[2:5])
            wanted, found = row["options"].get(option), evidence["datapath_ports"][row["name"]].get(setting)
            if wanted and (found not in (None, wanted) or (found is None and adjusted)):
                yield warn(
                    row["name"],
                    "{0}: {1}{2}".format(option, found or "adjusted", adjusted),
                    wanted,
                    "A power of two that the device can do.",
                )
    yield ok("as asked for")


def drops_growing(evidence):
    """Nothing is being lost at a port right now; a full memory pool is a failure, the rest a warning."""
    share = evidence["limits"]["tx_drop_percent"]
    for row in filter(_connected, working_ports(evidence)):
        grown = evidence["growth"]["ports"].get(row["name"], {})
        lost = {name: count for name, count in _port_stats.drops(grown).items() if count}
        failed, sent = lost.get("ovs_tx_failure_drops"), grown.get("tx_packets") or 0
        if failed and 100.0 * failed / (failed + sent) <= share:
            del lost["ovs_tx_failure_drops"]
        if lost:
            yield (fail if "rx_mbuf_allocation_errors" in lost else warn)(
                row["name"],
                _counted(lost, evidence) + quoted(evidence, "ports.drops_growing", row["name"]),
                "no losses (of sent packets at most {0} %)".format(share),
                _cure(lost),
            )
    yield _nothing_grew(evidence, "losses")


def _nothing_grew(evidence, what):
    """No counter of a port grew, which says nothing if the switch did not have to refresh them in between."""
    seconds, text = evidence["growth"]["seconds"], evidence["open_vswitch"]["other_config"].get(INTERVAL, "")
    every = max(5, int(text) // 1000) if text.isdecimal() and len(text) < 10 else 5
    if seconds < every:
        return skip("{0:.1f} s are too short: the switch refreshes these counters every {1} s".format(seconds, every))
    return ok("no {0} within {1:.1f} s".format(what, seconds))


def _counted(counters, evidence):
    text = ", ".join("{0} +{1}".format(name, counters[name]) for name in sorted(counters))
    return "{0} within {1:.1f} s".format(text, evidence["growth"]["seconds"])


def _cure(lost):
    cures = (
        ("rx_mbuf_allocation_errors", "The memory pool is empty: more socket memory, or fewer descriptors."),
        ("rx_missed_errors", "The PMD threads are too slow for this NIC: see pmd.overload; more queues or cores."),
        ("ovs_tx_failure_drops", "The other side does not take the packets: a slow guest, or a full NIC queue."),
        ("ovs_tx_mtu_exceeded_drops", "Packets larger than the MTU of this port (mtu_request)."),
        ("_qos_drops", "A policer drops them: ingress_policing_rate or QoS."),
    )
    return next((cure for word, cure in cures if any(word in name for name in lost)), "Look at the port's statistics.")


def errors_growing(evidence):
    """No broken packets are arriving or leaving right now."""
    for row in filter(_connected, working_ports(evidence)):
        grown = evidence["growth"]["ports"].get(row["name"], {})
        broken = {name: count for name, count in _port_stats.errors(grown).items() if count}
        if broken:
            cure = "Cable, transceiver or the other side; for tx errors the guest or the driver."
            yield warn(row["name"], _counted(broken, evidence), "no errors", cure)
    yield _nothing_grew(evidence, "errors")


# -- guests ---------------------------------------------------------------------------------------------------------


def a_guest(evidence):
    """What checks of connected vhost-user ports need."""
    rows = [row for row in working_ports(evidence) if row["type"].startswith("dpdkvhost")]
    if not rows:
        return "there is no vhost-user port"
    return None if any(map(_connected, rows)) else "no guest is connected to a vhost-user port"


def _guests(evidence):
    return [row for row in working_ports(evidence) if row["type"].startswith("dpdkvhost") and _connected(row)]


def vhost_numa(evidence):
    """A guest's queues are polled on the node where its memory is."""
    for row in _guests(evidence):
        node = _port_stats.numa_node(row)
        polled = {
            thread["numa_id"]
            for thread in evidence["stats"]["pmds"]
            if any(rxq["port"] == row["name"] for rxq in thread["rxqs"])
        }
        if node is not None and polled - {node}:
            yield warn(
                row["name"],
                "memory on node {0}, polled on node {1}".format(node, names(sorted(polled))),
                "the same node",
                "A PMD thread on node {0} (host_plan_pmd_cores_no_nic), or the guest on another node.".format(node),
            )
    yield ok("every guest on the node of its threads")


def vhost_rings(evidence):
    """A guest uses as many queue pairs as its port has."""
    for row in _guests(evidence):
        rings, queues = row["status"].get("num_of_vrings"), queue_count(evidence, row)
        if rings and int(rings) != 2 * queues:
            yield warn(
                row["name"],
                "{0} rings for {1} queues".format(rings, queues),
                str(2 * queues),
                "ethtool -L in the guest; queues= of the guest's network device.",
            )
    yield ok("two rings per queue")


def vhost_directory(evidence):
    """The directory where a guest's QEMU makes its socket exists."""
    rows = [row for row in evidence["interfaces"] if row["options"].get("vhost-server-path")]
    for row in rows:
        directory = os.path.dirname(row["options"]["vhost-server-path"])
        if not evidence["directories"].get(directory, True):
            yield fail(
                row["name"],
                "{0} does not exist".format(directory),
                "a directory that QEMU may write to and ovs-vswitchd may enter",
                "Make it, with the user of QEMU as owner.",
            )
    yield ok("{0} ports".format(len(rows))) if rows else skip("there is no vhost-user client port")


def tso(evidence):
    """With userspace-tso-enable all guests use segmentation offload."""
    if evidence["open_vswitch"]["other_config"].get("userspace-tso-enable", "").lower() != "true":
        yield skip("userspace-tso-enable is not set")
    for row in evidence["interfaces"]:
        if row["status"].get("userspace-tso") == "disabled":
            yield warn(row["name"], "connected before TSO was enabled", "TSO", "Power the guest off and on again.")
    yield ok("all guests")


def bonds(evidence):
    """All members of bonds carry traffic, and LACP is negotiated where it is configured."""
    for bond, state in sorted(evidence["bonds"].items()):
        down = sorted(name for name, enabled in state["members"].items() if not enabled)
        if down:
            yield fail(bond, "disabled: " + names(down), "all members enabled", "See ports.link, and the other side.")
        if state["lacp"] not in (None, "off", "negotiated"):
            cure = "LACP on the ports of the other side; lacp=passive or active on both."
            yield fail(bond, "LACP is {0}".format(state["lacp"]), "negotiated", cure)
    yield ok("{0} bonds".format(len(evidence["bonds"]))) if evidence["bonds"] else skip("there is no bond")


# -- log ------------------------------------------------------------------------------------------------------------


def log_findings(evidence):
    """The log of this life of the daemon has no complaint that no other check sees."""
    if evidence["log"] is None:
        yield skip("ovs-vswitchd has no log file that can be read")
        return
    for row in evidence["log"]:
        if row["check"] is None:
            yield (fail if row["verdict"] == "fail" else warn)(
                row["subject"] or row["id"],
                "{0} times: {1}".format(row["count"], row["line"]),
                "no such line since the start",
                "It means: {0}. See docs/checks.md, log.findings.".format(row["meaning"]),
            )
    yield ok("{0} known lines, all judged by other checks".format(len(evidence["log"])))
