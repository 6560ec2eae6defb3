# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PCI NICs: the devices of class 02, with names, NUMA node, IOMMU group and what is in use on them.

The kernel no longer shows the name and the MAC address of a NIC that is bound away from its network driver: the
state file remembers them, and is believed only while vendor and device are still the recorded ones.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel documents "Documentation/ABI/testing/sysfs-bus-pci", "Documentation/driver-api/vfio.rst",
"Documentation/networking/representors.rst".
"""

import re

from ._links import SYS_NET, Links
from ._pci import sort_key

SYS_PCI = "/sys/bus/pci/devices"
SYS_GROUPS = "/sys/kernel/iommu_groups"

_ADDRESS = re.compile(r"(?<![^/])([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])(?=/|$)")
# phys_port_name of a representor: pf0vf1, pf0sf88, c1pf0vf1; an uplink has none or p0.
_REPRESENTOR = re.compile(r"(?:c[0-9]+)?(?:pf|vf|sf)[0-9]")
_IDENTITY = ("vendor", "device", "subsystem_vendor", "subsystem_device")


def read_nics(tree, nodes, recorded):
    """Rows sorted by address; *recorded* is the section "devices" of the state file, by address."""
    names = _names_by_address(tree)
    links = Links(tree)
    rows = []
    for address in _network_devices(tree):
        shown = names.get(address, [])
        row = _device(tree, address)
        row.update(
            names=shown,
            name=shown[0] if shown else None,
            mac=tree.text("{0}/{1}/address".format(SYS_NET, shown[0])) if shown else None,
            uses=[use for name in shown for use in links.uses(name)],
            present=True,
            recorded=recorded.get(address),
        )
        if not shown and row["recorded"] and _same_device(row, row["recorded"]):
            row.update(name=row["recorded"].get("name"), mac=row["recorded"].get("mac"))
        rows.append(row)
    gone = set(recorded) - {row["address"] for row in rows}
    rows += [_absent(address, recorded[address]) for address in gone]
    for row in rows:
        row["node"], row["node_from"] = _locate(row, nodes)
    return sorted(rows, key=lambda row: sort_key(row["address"]))


def _locate(row, nodes):
    """(node id, where that was learned). For a node of -1 the kernel lists all CPUs as local: that says nothing."""
    if row["numa_node"] in [node["id"] for node in nodes]:
        return row["numa_node"], "numa_node"
    if len(nodes) == 1:
        return nodes[0]["id"], "only_node"
    local = set(row["local_cpus"] or ())
    around = [node["id"] for node in nodes if local and local <= set(node["cpus"])]
    return (around[0], "local_cpus") if around else (None, None)


def read_iommu(tree):
    """Whether an IOMMU works here. A no-IOMMU binding makes groups too, named as such; they prove nothing."""
    units = tree.names("/sys/class/iommu")
    groups = [name for name in tree.names(SYS_GROUPS) if not _is_noiommu(tree, name)]
    mode = tree.text("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode")
    tables = tree.names("/sys/firmware/acpi/tables")
    return {
        "active": bool(units or groups),
        # Whether the firmware describes an IOMMU (DMAR: Intel, IVRS: AMD, IORT: Arm); without ACPI nobody knows.
        "described": bool({"DMAR", "IVRS", "IORT"} & set(tables)) if tables else None,
        "units": units,
        "groups": len(groups),
        "noiommu": None if mode is None else mode in ("Y", "1"),
    }


def _is_noiommu(tree, group):
    return tree.text("{0}/{1}/name".format(SYS_GROUPS, group)) == "vfio-noiommu"


def _network_devices(tree):
    for address in tree.names(SYS_PCI):
        if (tree.text("{0}/{1}/class".format(SYS_PCI, address)) or "").startswith("0x02"):
            yield address


def _names_by_address(tree):
    """{address: network device names}; virtio and auxiliary devices sit between a NIC and its network device."""
    found = {}
    for name in tree.names(SYS_NET):
        directory = "{0}/{1}".format(SYS_NET, name)
        above = _ADDRESS.findall(tree.link(directory) or "") or _ADDRESS.findall(tree.link(directory + "/device") or "")
        if above:
            found.setdefault(above[-1], []).append(name)
    for names in found.values():
        if len(names) > 1:
            names.sort(key=lambda name: _port_order(tree, name))
    return found


def _port_order(tree, name):
    """The port itself before its representors, then ports of one function in their order."""
    directory = "{0}/{1}".format(SYS_NET, name)
    port = tree.text(directory + "/phys_port_name") or ""
    return bool(_REPRESENTOR.match(port)), tree.number(directory + "/dev_port") or 0, name


def _device(tree, address):
    directory = "{0}/{1}".format(SYS_PCI, address)
    row = {key: _digits(tree.text("{0}/{1}".format(directory, key))) for key in _IDENTITY + ("class",)}
    local = tree.cpus(directory + "/local_cpulist", directory + "/local_cpus")
    group = tree.link_name(directory + "/iommu_group")
    if group is not None and _is_noiommu(tree, group):
        group = None
    physfn = tree.link_name(directory + "/physfn")
    row.update(
        address=address,
        driver=tree.link_name(directory + "/driver"),
        numa_node=tree.number(directory + "/numa_node"),
        local_cpus=None if local is None else sorted(local),
        iommu_group=int(group) if group is not None else None,
        iommu_group_members=_members(tree, group) if group is not None else [],
        physfn=physfn,
        vf_index=_vf_index(tree, physfn, address) if physfn else None,
        numvfs=tree.number(directory + "/sriov_numvfs"),
        modalias=tree.text(directory + "/modalias"),
    )
    return row


def _digits(text):
    """Hexadecimal digits without the 0x in front; None stays None."""
    return text[2:].lower() if text and text.startswith("0x") else None


def _members(tree, group):
    """Devices of an IOMMU group: vfio hands out all of them or none."""
    rows = []
    for address in tree.names("{0}/{1}/devices".format(SYS_GROUPS, group)):
        directory = "{0}/{1}".format(SYS_PCI, address)
        driver = tree.link_name(directory + "/driver")
        rows.append({"address": address, "driver": driver, "class": _digits(tree.text(directory + "/class"))})
    return rows


def _vf_index(tree, physfn, address):
    directory = "{0}/{1}".format(SYS_PCI, physfn)
    for index in tree.numbered(directory, "virtfn"):
        if tree.link_name("{0}/virtfn{1}".format(directory, index)) == address:
            return index
    return None


def _same_device(row, record):
    return all(record.get(key) in (None, row[key]) for key in _IDENTITY)


def _absent(address, record):
    """A NIC that was given to DPDK and is not in the machine any more."""
    row = dict.fromkeys(("driver", "class", "local_cpus", "iommu_group", "physfn", "vf_index", "numvfs", "modalias"))
    row.update((key, record.get(key)) for key in _IDENTITY + ("name", "mac", "numa_node"))
    row.update(address=address, names=[], iommu_group_members=[], uses=[], present=False, recorded=record)
    return row
