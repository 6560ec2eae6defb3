"""PCI devices: NICs, the root ports above them, drivers, IOMMU groups and virtual functions."""

import os

from .network import write_link_device
from .tree import cpu_list, cpu_mask

NO_NETWORK_DEVICE = (None, "vfio-pci", "uio_pci_generic", "igb_uio")


def complete(nics):
    """Fill the defaults of every NIC in place, in order, so that two builds give the same tree."""
    for index, nic in enumerate(nics):
        virtio = nic.setdefault("virtio", False)
        nic.setdefault("address", "0000:{0:02x}:00.0".format(0x41 + 2 * index))
        nic.setdefault("class", "020000")
        nic.setdefault("node", 0)
        nic.setdefault("driver", "virtio-pci" if virtio else "i40e")
        network = nic["class"].startswith("02") and nic["driver"] not in NO_NETWORK_DEVICE
        nic["name"] = nic.get("name", "eth{0}".format(index)) if network else None
        nic.setdefault("mac", "52:54:00:00:00:{0:02x}".format(index + 1))
        nic.setdefault("vendor", "1af4" if virtio else "8086")
        nic.setdefault("device", "1041" if virtio else "1572")
        nic.setdefault("subsystem_vendor", nic["vendor"])
        nic.setdefault("subsystem_device", "1100" if virtio else "0001")
        nic.setdefault("group", 10 + index)
    return nics


def _parent(address):
    """Directory above a device: its host bridge, or the root port on the bus before it (buses 41, 81, ...)."""
    domain, bus, _device = address.split(":")
    if int(bus, 16) % 2 == 0:
        return "/sys/devices/pci{0}:{1}".format(domain, bus), None
    upper = "{0:02x}".format(int(bus, 16) - 1)
    port = "{0}:{1}:00.0".format(domain, upper)
    return "/sys/devices/pci{0}:{1}/{2}".format(domain, upper, port), port


def write_devices(tree, nics, cpus, numa, unit):
    """All PCI devices; *unit* is the pattern of the names of IOMMU units, None without an IOMMU."""
    for name in ("drivers_probe", "drivers_autoprobe", "rescan"):
        tree.write("/sys/bus/pci/" + name, "1" if name == "drivers_autoprobe" else "")
    for name in ("devices", "drivers/vfio-pci", "drivers/pcieport"):
        tree.directory("/sys/bus/pci/" + name)
    tree.directory("/sys/class/iommu")
    addresses = {nic["address"] for nic in nics}
    for number, nic in enumerate(nics, 1):
        parent, port = _parent(nic["address"])
        if port and port not in addresses:
            addresses.add(port)
            bridge = {"address": port, "class": "060400", "driver": "pcieport", "vendor": "1b36", "device": "000c"}
            bridge.update(node=nic["node"], group=100 + len(addresses), subsystem_vendor="1b36", subsystem_device="0")
            _write_device(tree, os.path.dirname(parent), bridge, cpus, numa, unit)
        _write_device(tree, parent, nic, cpus, numa, unit)
        if nic["name"]:
            middle = "/virtio{0}".format(number) if nic["virtio"] else ""
            below = "{0}/{1}{2}".format(parent, nic["address"], middle)
            write_link_device(tree, "{0}/net/{1}".format(below, nic["name"]), nic["name"], nic["mac"], number + 1)
            tree.link("{0}/net/{1}/device".format(below, nic["name"]), below)
    for nic in nics:
        if nic.get("physfn"):
            _link_virtual_function(tree, nic)
    if unit:
        name = unit.format(0)
        tree.directory("/sys/devices/virtual/iommu/" + name)
        tree.link("/sys/class/iommu/" + name, "/sys/devices/virtual/iommu/" + name)


def _write_device(tree, parent, nic, cpus, numa, unit):
    address = nic["address"]
    directory = "{0}/{1}".format(parent, address)
    ids = [nic["vendor"], nic["device"], nic["subsystem_vendor"], nic["subsystem_device"]]
    for name, value in zip(("vendor", "device", "subsystem_vendor", "subsystem_device"), ids):
        tree.write("{0}/{1}".format(directory, name), "0x{0:0>4}".format(value))
    tree.write(directory + "/class", "0x" + nic["class"])
    local = [cpu["cpu"] for cpu in cpus if cpu["online"] and (nic["node"] in (-1, cpu["node"]) or not numa)]
    tree.write(directory + "/numa_node", nic["node"] if numa else -1)
    tree.write(directory + "/local_cpulist", cpu_list(local))
    tree.write(directory + "/local_cpus", cpu_mask(local, len(cpus)))
    modalias = "pci:v{0:0>8}d{1:0>8}sv{2:0>8}sd{3:0>8}".format(*[word.upper() for word in ids])
    words = (nic["class"][0:2], nic["class"][2:4], nic["class"][4:6])
    tree.write(directory + "/modalias", "{0}bc{1}sc{2}i{3}".format(modalias, *words))
    tree.write(directory + "/driver_override", nic.get("driver_override") or "(null)")
    tree.link("/sys/bus/pci/devices/" + address, directory)
    if nic["driver"]:
        driver = "/sys/bus/pci/drivers/" + nic["driver"]
        for name in ("bind", "unbind", "new_id", "remove_id"):
            tree.write("{0}/{1}".format(driver, name), "")
        tree.link("{0}/{1}".format(driver, address), directory)
        tree.link(directory + "/driver", driver)
    if nic.get("numvfs") is not None:
        tree.write(directory + "/sriov_totalvfs", max(nic["numvfs"], 8))
        tree.write(directory + "/sriov_numvfs", nic["numvfs"])
    if unit and nic["group"] is not None:
        group = "/sys/kernel/iommu_groups/{0}".format(nic["group"])
        tree.link("{0}/devices/{1}".format(group, address), directory)
        tree.write(group + "/type", "DMA-FQ")
        tree.link(directory + "/iommu_group", group)


def _link_virtual_function(tree, nic):
    below = "{0}/{1}".format(_parent(nic["address"])[0], nic["address"])
    above = "{0}/{1}".format(_parent(nic["physfn"])[0], nic["physfn"])
    tree.link(below + "/physfn", above)
    tree.link("{0}/virtfn{1}".format(above, nic.get("vf_index", 0)), below)
