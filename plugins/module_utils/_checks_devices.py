# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about devices and the IOMMU behind them.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel document "driver-api/vfio.rst"; DPDK guide "Linux Drivers".
"""

from . import _drivers, _pci
from ._device_guards import BRIDGES, VFIO
from ._verdicts import fail, names, ok, quoted, warn


def vfio_nics(evidence):
    """NICs that are on vfio-pci or planned to be."""
    rows = evidence["plan"]["devices"] if evidence["plan"] else []
    planned = {row["address"] for row in rows if row["driver"] == "vfio-pci"}
    return [nic for nic in evidence["host"]["nics"] if nic["driver"] == "vfio-pci" or nic["address"] in planned]


def a_vfio_nic(evidence):
    """What checks of the IOMMU need."""
    return None if vfio_nics(evidence) else "no NIC is on vfio-pci or planned to be"


def iommu_active(evidence):
    """The kernel drives an IOMMU, without which vfio-pci takes no device."""
    iommu = evidence["host"]["iommu"]
    if iommu["noiommu"]:
        yield ok("vfio works without IOMMU, see iommu.noiommu")
    elif not iommu["active"]:
        yield fail(
            None,
            "no IOMMU in /sys/class/iommu",
            "at least one",
            "Switch VT-d, AMD-Vi or the SMMU on in the firmware; Intel needs intel_iommu=on too (role kernel_args).",
        )
    yield ok("{0}, {1} groups".format(names(iommu["units"]) or "groups without a named unit", iommu["groups"]))


def iommu_groups(evidence):
    """Nothing else in the groups of vfio NICs has a driver of its own, or the kernel will not open the group."""
    for nic in vfio_nics(evidence):
        spoilers = [
            "{address} on {driver}".format(**member)
            for member in nic["iommu_group_members"]
            if member["address"] != nic["address"]
            and member["driver"] not in (None,) + VFIO
            and (member["class"] or "")[:4] not in BRIDGES
        ]
        if spoilers:
            yield fail(
                nic["address"],
                "group {0} has also {1}{2}".format(
                    nic["iommu_group"], names(spoilers), quoted(evidence, "iommu.groups")
                ),
                "only devices on vfio-pci, without driver, or bridges",
                "Bind the others too, or use a slot with a group of its own.",
            )
    yield ok("groups " + names(sorted(str(nic["iommu_group"]) for nic in vfio_nics(evidence))))


def noiommu(evidence):
    """Devices may not write wherever they want."""
    if evidence["host"]["iommu"]["noiommu"]:
        yield warn(
            None,
            "enable_unsafe_noiommu_mode is Y",
            "N: with this mode a device may write to all of the memory",
            "Use an IOMMU and set vfio's enable_unsafe_noiommu_mode to N.",
        )
    yield ok("vfio insists on an IOMMU")


def unsafe_interrupts(evidence):
    """Guests and user space may not raise whatever interrupt they want."""
    if evidence["kernel"]["unsafe_interrupts"]:
        yield warn(
            None,
            "vfio_iommu_type1.allow_unsafe_interrupts is Y",
            "N: interrupts are remapped",
            "Switch interrupt remapping on in the firmware, then drop the option.",
        )
    yield ok("interrupts are remapped")


def port_address(interface):
    """PCI address of a dpdk port; None for virtual devices and for class=eth,mac=…"""
    return _pci.address(interface["options"].get("dpdk-devargs", "").split(",")[0])


def devices(evidence):
    """[(address, port or None, planned row or None)]: what is planned or is a port of the switch."""
    planned = {row["address"]: row for row in (evidence["plan"] or {"devices": []})["devices"] if row["address"]}
    # A port that failed is named by ports.error.
    working = [row for row in evidence["interfaces"] if row["type"] == "dpdk" and not row["error"]]
    ports = {port_address(row): row["name"] for row in working}
    addresses = sorted(set(planned) | set(filter(None, ports)), key=_pci.sort_key)
    return [(address, ports.get(address), planned.get(address)) for address in addresses]


def a_device(evidence):
    """What checks of devices need."""
    return None if devices(evidence) else "no PCI device is planned or a port of the switch"


def driver(evidence):
    """Every device is on its driver: the planned one, else one that DPDK can use."""
    nics = {nic["address"]: nic for nic in evidence["host"]["nics"]}
    for address, port, plan in devices(evidence):
        nic, wanted = nics.get(address), _wanted(plan)
        if _fits(nic, plan):
            continue
        if not nic or (nic["driver"] is None and not nic.get("present", True)):
            found, cure = "there is no such device", "Put it back, or take it out of host_plan_nics."
        else:
            found, cure = "on {0}".format(nic["driver"] or "no driver"), "Role dpdk_devices binds it."
        subject = "{0} ({1})".format(address, port) if port else address
        yield fail(subject, found, "on " + " or ".join(str(name) for name in wanted), cure)
    yield ok(names("{0} on {1}".format(row[0], nics[row[0]]["driver"]) for row in devices(evidence) if row[0] in nics))


def misplaced(evidence):
    """Addresses of the devices that driver() names."""
    nics = {nic["address"]: nic for nic in evidence["host"]["nics"]}
    return [address for address, _port, plan in devices(evidence) if not _fits(nics.get(address), plan)]


def _wanted(plan):
    return [plan["driver"] or plan["kernel_driver"]] if plan else sorted(_drivers.USER_SPACE)


def _fits(nic, plan):
    if not nic:
        return False
    bifurcated = _drivers.of_device(nic["vendor"], nic["device"]).bifurcated
    kept = bifurcated and nic["driver"] and not (plan and plan["driver"])
    return bool(nic["driver"] in _wanted(plan) or kept)


def device_numa(evidence):
    """Kernel and switch agree on which NUMA node a NIC is."""
    nics = {nic["address"]: nic for nic in evidence["host"]["nics"]}
    for row in evidence["interfaces"]:
        nic, told = nics.get(port_address(row)), row["status"].get("numa_id")
        if row["type"] == "dpdk" and nic and nic["numa_node"] is not None and told is not None:
            # The firmware does not say: DPDK takes node 0.
            node = max(0, nic["numa_node"])
            if str(node) != told:
                yield warn(
                    row["name"],
                    "node {0} for the switch, {1} for the kernel".format(told, nic["numa_node"]),
                    "the same node",
                    "Queues are placed by what the switch believes; look at the firmware's NUMA tables.",
                )
    yield ok("kernel and switch agree")
