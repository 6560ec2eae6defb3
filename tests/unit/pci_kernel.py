"""A kernel that answers what is written to /sys/bus/pci of a tree made by machines.builder.

    kernel = Kernel(root, refuses={"vfio-pci"})
    bus = Bus(root, write=kernel.write)

It does what drivers/base/bus.c and drivers/pci/pci-driver.c do: an override admits one driver only, a probe asks the
drivers that are loaded, a driver that refuses a device leaves it without one, and network devices come and go.
"""

import errno
import os


class Kernel:
    """*refuses*: drivers whose probe fails; *mute*: writes are accepted and nothing happens."""

    def __init__(self, root, refuses=(), mute=False):
        self.root, self.refuses, self.mute = str(root), set(refuses), mute
        self.bus = os.path.join(self.root, "sys/bus/pci")
        self.devices = os.path.join(self.bus, "devices")
        self.native = {address: self.driver(address) for address in os.listdir(self.devices)}
        self.links = {}
        self.writes = []

    def driver(self, address):
        link = os.path.join(self.devices, address, "driver")
        return os.path.basename(os.readlink(link)) if os.path.islink(link) else None

    def load(self, driver):
        """modprobe: the driver is there afterwards; it takes no device, because it knows none by its id."""
        os.makedirs(os.path.join(self.bus, "drivers", driver), exist_ok=True)

    def write(self, path, text):
        name = os.path.relpath(path, self.bus)
        self.writes.append((name, text))
        if self.mute:
            return
        if name == "drivers_probe":
            self._probe(text)
        elif name.endswith("/driver_override"):
            with open(path, "w") as handle:
                handle.write(text.strip() + "\n" if text.strip() else "(null)\n")
        elif name.startswith("drivers/") and name.endswith("/unbind"):
            self._unbind(name.split("/")[1], text)
        else:
            raise OSError(errno.ENOENT, "No such file or directory")

    def _unbind(self, driver, address):
        if self.driver(address) != driver:
            raise OSError(errno.ENODEV, "No such device")
        os.unlink(os.path.join(self.devices, address, "driver"))
        attached = os.path.join(self.bus, "drivers", driver, address)
        gone = [name for name in [attached] + self._network_links(address) if os.path.islink(name)]
        self.links.setdefault((address, driver), [(name, os.readlink(name)) for name in gone])
        for name in gone:
            os.unlink(name)

    def _network_links(self, address):
        below = os.path.realpath(os.path.join(self.devices, address)) + os.sep
        directory = os.path.join(self.root, "sys/class/net")
        names = [os.path.join(directory, name) for name in os.listdir(directory)]
        return [name for name in names if os.path.realpath(name).startswith(below)]

    def _probe(self, address):
        device = os.path.join(self.devices, address)
        if not os.path.isdir(device):
            raise OSError(errno.ENODEV, "No such device")
        with open(os.path.join(device, "driver_override")) as handle:
            override = handle.read().strip()
        driver = self.native[address] if override == "(null)" else override
        directory = os.path.join(self.bus, "drivers", driver or "")
        if self.driver(address) or not driver or not os.path.isdir(directory):
            return
        if driver in self.refuses:
            raise OSError(errno.EINVAL, "Invalid argument")
        os.symlink(os.path.relpath(directory, os.path.realpath(device)), os.path.join(device, "driver"))
        for name, target in self.links.pop((address, driver), []):
            os.symlink(target, name)
