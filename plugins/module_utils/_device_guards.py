# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Guards for devices: what speaks against giving a NIC to DPDK, most of it against moving it to another driver.

Each guard looks at a case (see _guards.Case) and yields (subject, parts of the refusal).
Sources: kernel document "driver-api/vfio.rst" (viable groups), drivers/pci/pcie/portdrv.c (bridges do not spoil a
group), kernel_lockdown(7), DPDK guide "Linux Drivers".

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _cmdline

UIO = ("uio_pci_generic", "igb_uio")
# A group stays viable for VFIO with these drivers in it, and with bridges on whatever driver (header type 1 or 2).
VFIO = ("vfio-pci", "pci-stub")
BRIDGES = ("0604", "0607", "0609")
# Drivers that hand a device out (mlx5_vfio_pci, xen-pciback): no interface is missed there.
_HANDS_OUT = re.compile(r"vfio|uio|pci-?(stub|back)")
IOMMU_OFF = ("intel_iommu=off", "amd_iommu=off", "iommu=off")


def place(nic):
    """Where a NIC is, as an operator looks for it: "ens4 at 0000:40:00.0"."""
    return "{0} at {1}".format(nic["name"], nic["address"]) if nic["name"] else nic["address"]


def _unknown(case):
    for address, nic, _driver in case.moving:
        if nic is None:
            known = ", ".join(place(nic) for dummy, nic in sorted(case.nics.items())) or "no network device"
            yield (
                address,
                {
                    "what": "there is no such NIC",
                    "where": address,
                    "found": known,
                    "expected": "a network device on the PCI bus",
                    "cure": "Name one of them in host_plan_nics.",
                },
            )


def _in_use(case):
    """A NIC that keeps its driver loses its traffic too, once it is a port."""
    for address, nic in case.present:
        if nic["uses"]:
            yield (
                address,
                {
                    "what": "the NIC is in use, perhaps by this very connection",
                    "where": place(nic),
                    "found": "; ".join(use["detail"] for use in nic["uses"]),
                    "expected": "no address, route or master on it or above it",
                    "cure": "Take it out of host_plan_nics or move its addresses first.",
                },
            )


def _elsewhere(case):
    """Whoever has moved the interface into another namespace uses it there, and nobody here can see for what."""
    for address, nic in case.present:
        if nic["driver"] and not nic["names"] and not _HANDS_OUT.search(nic["driver"]):
            yield (
                address,
                {
                    "what": "the interface of the NIC is not here, perhaps in another network namespace",
                    "where": place(nic),
                    "found": "driver {0} and no interface".format(nic["driver"]),
                    "expected": "an interface in this namespace, or no driver of the kernel",
                    "cure": "Take it out of host_plan_nics, or bring its interface back "
                    "(ip -n NAMESPACE link set INTERFACE netns 1).",
                },
            )


def _virtual_functions(case):
    for address, nic, _driver in case.moving:
        if nic and nic["numvfs"]:
            yield (
                address,
                {
                    "what": "the NIC would lose its virtual functions",
                    "where": place(nic),
                    "found": "{0} virtual functions".format(nic["numvfs"]),
                    "expected": "none",
                    "cure": "Remove them first (write 0 to sriov_numvfs).",
                },
            )


def _iommu_group(case):
    for address, nic, driver in case.moving:
        spoilers = [member for member in nic["iommu_group_members"] if _spoils(case, address, member)] if nic else []
        if driver == "vfio-pci" and spoilers:
            yield (
                address,
                {
                    "what": "the IOMMU group is shared with devices that others use",
                    "where": "{0}, group {1}".format(place(nic), nic["iommu_group"]),
                    "found": ", ".join("{address} on {driver}".format(**member) for member in spoilers),
                    "expected": "only devices that go to vfio-pci too, have no driver or are PCI-to-PCI bridges",
                    "cure": "Use a slot with a group of its own, or plan the other devices as well.",
                },
            )


def _spoils(case, address, member):
    bridge = (member["class"] or "")[:4] in BRIDGES
    going = case.wanted.get(member["address"]) == "vfio-pci"
    return not (member["address"] == address or bridge or going or member["driver"] in (None,) + VFIO)


def _no_iommu(case):
    if case.without_iommu:
        line = _cmdline.split(case.host["cmdline"] or "")
        yield (
            None,
            {
                "what": "there is no IOMMU, which vfio-pci needs",
                "where": ", ".join(case.without_iommu),
                "found": ("no IOMMU group" if case.host["iommu"]["active"] else "an empty /sys/class/iommu")
                + "".join("; {0} on the kernel line".format(token) for token in line if token in IOMMU_OFF),
                "expected": "an IOMMU that is enabled in the firmware (VT-d, AMD-Vi, SMMU) and on the kernel line",
                "cure": "Enable it there.",
            },
        )


def _no_iommu_mode(case):
    if case.without_iommu and "no_iommu" in case.allow and not case.host["iommu"]["noiommu"]:
        shown = {None: "not in this kernel or vfio not loaded", False: "off"}[case.host["iommu"]["noiommu"]]
        yield (
            None,
            {
                "what": "vfio-pci without an IOMMU needs the kernel's no-IOMMU mode",
                "where": "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode",
                "found": shown,
                "expected": "Y",
                "cure": "Where the kernel has CONFIG_VFIO_NOIOMMU, set 'options vfio enable_unsafe_noiommu_mode=1' "
                "in /etc/modprobe.d and load vfio again; it lets a device write to any memory.",
            },
        )


def _lockdown(case):
    locked = case.host["lockdown"] in ("integrity", "confidentiality")
    for address, nic, driver in case.moving:
        raw = driver in UIO or address in case.without_iommu
        words = driver if driver in UIO else "vfio-pci without an IOMMU"
        if nic and raw and (locked or case.host["secure_boot"]):
            yield (
                address,
                {
                    "what": "{0} does not go with a locked-down kernel".format(words),
                    "where": place(nic),
                    "found": "lockdown {0}".format(case.host["lockdown"]) if locked else "Secure Boot on",
                    "expected": "a kernel that lets user space reach the hardware directly",
                    "cure": "Use vfio-pci, and an IOMMU.",
                },
            )


def _held(case):
    for address, nic, driver in case.moving:
        if nic and case.holders.get(address):
            yield (
                address,
                {
                    "what": "a running process holds the device",
                    "where": place(nic),
                    "found": ", ".join(case.holders[address]),
                    "expected": "nobody, before it goes from {0} to {1}".format(nic["driver"], driver),
                    "cure": "Take its port out of the switch or stop that process first.",
                },
            )
    moving = [address for address, _nic, _driver in case.moving]
    for address, nic in case.present:
        others = [holder for holder in case.holders.get(address, ()) if not holder.startswith("ovs-vswitchd ")]
        if others and address not in moving:
            yield (
                address,
                {
                    "what": "a running process has the device",
                    "where": place(nic),
                    "found": ", ".join(others),
                    "expected": "nobody but ovs-vswitchd",
                    "cure": "Take it out of host_plan_nics, or stop that process first.",
                },
            )


# Prefix of the id, whether the operator may override it, who judges.
RELEASE_GUARDS = (("nic_held", False, _held),)
GUARDS = RELEASE_GUARDS + (
    ("nic_unknown", False, _unknown),
    ("nic_in_use", True, _in_use),
    ("nic_elsewhere", True, _elsewhere),
    ("nic_has_vfs", True, _virtual_functions),
    ("iommu_group", True, _iommu_group),
    ("no_iommu", True, _no_iommu),
    ("no_iommu_mode", False, _no_iommu_mode),
    ("lockdown", True, _lockdown),
)
