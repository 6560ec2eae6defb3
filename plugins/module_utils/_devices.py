# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The DPDK ports of a plan: which device a word of option nics means, where it sits, and how DPDK gets hold of it.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _cpuset, _drivers
from ._errors import Refused
from ._machine import cpus_of, hosts_dpdk, incapable
from ._notes import counted, option


def plan_devices(host, nodes, request, notes):
    """Rows of plan.devices in the operator's order; rxq may still be "auto"."""
    rows, seen = [], {}
    for wish in request["nics"]:
        nic = _find(host["nics"], wish)
        if nic["address"] in seen:
            raise _refused(
                "the same NIC twice",
                where=nic["address"],
                found="{0} and {1}".format(seen[nic["address"]], wish["who"]),
                expected="each NIC once",
            )
        seen[nic["address"]] = wish["who"]
        rows.append(_row(nic, wish, nodes, notes))
    return rows


def count_queues(devices, nodes, partition, notes):
    """Turn rxq=auto into a number: the PMD threads of the node, divided among its DPDK NICs and rounded up."""
    for device in devices:
        if device["rxq"] != "auto":
            continue
        threads = len(cpus_of(next(n.cores for n in nodes if n.id == device["numa_node"])) & partition.pmd)
        nics = sum(1 for other in devices if other["numa_node"] == device["numa_node"])
        device["rxq"] = max(1, -(-threads // nics))
        notes.because(
            "{0} gets {1}: {2} for {3} on node {4}.",
            device["id"],
            counted(device["rxq"], "rx queue"),
            counted(threads, "PMD thread"),
            counted(nics, "DPDK NIC"),
            device["numa_node"],
        )


def libraries(devices):
    """DPDK driver libraries that the planned ports need, besides the EAL itself."""
    needed = {"bus_vdev", "mempool_ring"}
    for device in devices:
        needed.add("bus_pci")
        needed.update(filter(None, (device["dpdk_driver"], _drivers.EXTRA_BUS.get(device["dpdk_driver"]))))
    return sorted(needed)


def _find(nics, wish):
    kind, value = wish["kind"], wish["value"]
    if kind == "name":
        found = [nic for nic in nics if value in [nic["name"]] + list(nic["names"])]
    else:
        found = [nic for nic in nics if nic[kind] == value]
    if len(found) == 1 and found[0]["address"]:
        return found[0]
    if len(found) > 1:
        raise _refused(
            "a word that means several NICs",
            where=wish["who"],
            found=", ".join(nic["address"] for nic in found),
            expected="the PCI address of one",
        )
    present = ", ".join("{0} ({1})".format(nic["address"], nic["name"] or "no name") for nic in nics if nic["address"])
    raise _refused(
        "no such NIC",
        where=wish["who"],
        found="{0}".format(present or "no PCI network devices in /sys/bus/pci/devices"),
        expected="a network device on the PCI bus",
    )


def _row(nic, wish, nodes, notes):
    node, source = _numa_node(nic, wish, nodes, notes)
    _check_node(nic, node, nodes)
    facts = _drivers.of_device(nic["vendor"], nic["device"])
    if facts.library is None:
        notes.warn(
            "nic-driver-unknown",
            "No DPDK driver is known for NIC {0} ({1}:{2}): install the one that serves it.",
            nic["address"],
            nic["vendor"],
            nic["device"],
        )
    if nic["class"][:4] == "0207":
        notes.warn("nic-infiniband", "NIC {0} is set to InfiniBand: DPDK needs it set to Ethernet.", nic["address"])
    return {
        "id": nic["address"],
        "kind": "vf" if nic["physfn"] else "pf",
        "address": nic["address"],
        "devargs": _devargs(nic, facts),
        "parent": nic["physfn"],
        "vf_index": nic["vf_index"],
        "mac": nic["mac"],
        "interface": nic["name"],
        "numa_node": node,
        "numa_from": source,
        "iommu_group": nic["iommu_group"],
        "kernel_driver": _kernel_driver(nic),
        "driver": _driver(nic, wish, facts),
        "bifurcated": facts.bifurcated,
        "dpdk_driver": facts.library,
        "rxq": wish["rxq"],
        "desc": wish["desc"],
        "mtu": wish["mtu"],
    }


def _numa_node(nic, wish, nodes, notes):
    """(node id, how it was learned): kernel, request, local_cpus or only_node."""
    known = [node.id for node in nodes]
    told, asked = nic["numa_node"], wish["node"]
    if asked is not None and asked not in known:
        raise _refused(
            "a NUMA node that does not exist",
            where=wish["who"],
            found="node={0}".format(asked),
            expected="one of {0}".format(_cpuset.render(known)),
        )
    if told in known and len(known) > 1:
        if asked not in (None, told):
            raise _refused(
                "a NUMA node that contradicts the kernel",
                where=wish["who"],
                found="node={0}".format(asked),
                expected="node={0}, or no node word: Open vSwitch follows the kernel".format(told),
            )
        return told, "kernel"
    if asked is not None:
        node, source = asked, "request"
    elif len(known) == 1:
        return known[0], "kernel" if told in known else "only_node"
    else:
        node, source = _local_node(nic, wish, nodes), "local_cpus"
    if node != 0:
        notes.warn(
            "nic-node-guessed",
            "The kernel does not tell the NUMA node of {0} (planned on node {1}): Open vSwitch will take node 0, so "
            "its packet buffers are counted there too.",
            nic["address"],
            node,
        )
    return node, source


def _local_node(nic, wish, nodes):
    """The node that holds all local CPUs; the kernel prints all CPUs of the machine when it does not know."""
    local = set(nic["local_cpus"] or ())
    homes = [node.id for node in nodes if local & cpus_of(node.cores)]
    if len(homes) == 1:
        return homes[0]
    able = [node.id for node in nodes if hosts_dpdk(node)]
    raise _refused(
        "the NUMA node of a NIC is unknown",
        where=nic["address"],
        found="numa_node {0}, local CPUs {1}".format(nic["numa_node"], _cpuset.render(local) or "none"),
        expected="a node of {0}".format(_cpuset.render(able)),
        cure="Write '{0} node={1}' in {2}, with the node of the slot.".format(
            wish["who"], able[0] if able else nodes[0].id, option("nics")
        ),
    )


def _check_node(nic, number, nodes):
    node = next(node for node in nodes if node.id == number)
    if hosts_dpdk(node):
        return
    able = [other.id for other in nodes if hosts_dpdk(other)]
    raise _refused(
        "a NIC on a NUMA node that cannot serve it",
        where=nic["address"],
        found="node {0} with {1}".format(number, incapable(node)),
        expected="a NIC on one of the nodes {0}".format(_cpuset.render(able) or "none"),
    )


def _kernel_driver(nic):
    """The driver of the kernel, also while the NIC is bound away: then the state file knows."""
    away = nic["driver"] in _drivers.USER_SPACE or (nic["driver"] is None and nic["recorded"])
    driver = (nic["recorded"] or {}).get("driver_before") if away else nic["driver"]
    return None if driver in _drivers.USER_SPACE else driver


def _driver(nic, wish, facts):
    """The driver to bind, or None to keep the kernel's."""
    asked = wish["driver"]
    if facts.bifurcated:
        if asked not in (None, "keep"):
            raise _refused(
                "a NIC that keeps its kernel driver",
                where="{0}, {1}".format(nic["address"], facts.library),
                found="driver={0}".format(asked),
                expected="no driver word",
            )
        return None
    if asked == "uio_pci_generic" and nic["physfn"]:
        raise _refused(
            "uio_pci_generic cannot serve a virtual function (it has no legacy interrupt)",
            where=nic["address"],
            found="driver=uio_pci_generic",
            expected="vfio-pci",
        )
    return None if asked == "keep" else asked or "vfio-pci"


def _devargs(nic, facts):
    """What dpdk-devargs says; both ports of a ConnectX-3 share one PCI address and are told apart by MAC."""
    if facts.library == "net_mlx4" and nic["mac"]:
        return "class=eth,mac={0}".format(nic["mac"])
    return nic["address"]


def _refused(what, where=None, found=None, expected=None, cure=None):
    return Refused(what, where, found, expected, cure or "Correct {0}.".format(option("nics")))
