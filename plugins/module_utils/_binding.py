# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding: gives PCI devices to drivers through /sys/bus/pci, now and at every boot.

This very file is installed on the host as well: run by itself it binds again what the state file records, before
the network starts, with the same code that bound it the first time. Therefore it imports nothing of the collection.
Source: kernel document "Documentation/ABI/testing/sysfs-bus-pci" (driver_override, drivers_probe, unbind).

Private to the collection. Python 3.6+, standard library only.
"""

import fcntl
import glob
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time

STATE = "var/lib/nfv_ovs_dpdk/state.json"
IDENTITY = ("vendor", "device", "subsystem_vendor", "subsystem_device")
# Devices behind a slow bridge (VMD, hot-plug slots) may appear after user space has started.
PATIENCE_SECONDS = 10.0
_ADDRESS = re.compile(r"^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\Z")
_SIOCGIFADDR = 0x8915
_LINK_LOCAL = "20"  # scope column of /proc/net/if_inet6


def write_sysfs(path, text):
    """Write *text* to an attribute that exists; the kernel answers with an OSError."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


class Bus:
    """The PCI bus below *root*; *write* carries text to an attribute, so that tests can answer as a kernel does."""

    def __init__(self, root="/", write=write_sysfs):
        self.root = root
        self._bus = os.path.join(root, "sys/bus/pci")
        self._write = write

    def path(self, address, *names):
        return os.path.join(self._bus, "devices", address, *names)

    def read(self, address, name):
        """An attribute of a device without white space, NUL padding and 0x; None if it cannot be read."""
        try:
            with open(self.path(address, name)) as handle:
                text = handle.read().strip("\0 \n")
        except (IOError, OSError):
            return None
        return text[2:] if text.startswith("0x") else text

    def present(self, address):
        return os.path.isdir(self.path(address))

    def driver(self, address):
        """Name of the driver that holds the device, or None."""
        try:
            return os.path.basename(os.readlink(self.path(address, "driver")))
        except OSError:
            return None

    def override(self, address):
        """The only driver that may take the device, or None where the kernel chooses."""
        text = self.read(address, "driver_override")
        return None if text in (None, "", "(null)") else text

    def identity(self, address):
        return {name: self.read(address, name) for name in IDENTITY}

    def loaded(self, driver):
        return os.path.isdir(os.path.join(self._bus, "drivers", driver))

    def nodes(self, address):
        """Device files through which a process could hold the device: VFIO group, VFIO device, UIO."""
        found = ["/dev/vfio/devices/" + name for name in self._names(address, "vfio-dev")]
        found += ["/dev/" + name for name in self._names(address, "uio")]
        try:
            group = os.path.basename(os.readlink(self.path(address, "iommu_group")))
        except OSError:
            return found
        return found + ["/dev/vfio/" + group, "/dev/vfio/noiommu-" + group]

    def _names(self, address, directory):
        return sorted(os.path.basename(path) for path in glob.glob(self.path(address, directory, "*")))

    def move(self, address, driver, override):
        """Give the device to *driver* (None: to none) and leave *override* behind (None: the kernel chooses).

        The override is written first: from then on no other driver can catch the device, whoever loads a module
        meanwhile. Returns None, or in words why the device is not where it should be; only the read-back counts.
        """
        problem = "the kernel gave no reason, see dmesg"
        try:
            self._write(self.path(address, "driver_override"), override or "\n")
            holder = self.driver(address)
            if holder not in (None, driver):
                self._write(os.path.join(self._bus, "drivers", holder, "unbind"), address)
            if driver is not None and holder != driver:
                self._write(os.path.join(self._bus, "drivers_probe"), address)
        except OSError as exc:
            problem = exc.strerror or str(exc)
        found = self.driver(address)
        if found == driver:
            return None
        return "{0} did not take it ({1}), it is on {2}".format(driver or "no driver", problem, found or "no driver")


# -- at boot --------------------------------------------------------------------------------------------------------


def recorded(root):
    """The devices of the state file that are to be bound at boot."""
    try:
        with open(os.path.join(root, STATE)) as handle:
            devices = json.load(handle).get("devices", {})
    except FileNotFoundError:
        return {}
    wanted = {key: entry for key, entry in devices.items() if entry.get("persist") and entry.get("driver")}
    return {address: wanted[address] for address in wanted if _ADDRESS.match(address)}


def interfaces(bus, address):
    """Names of the network devices below a PCI device."""
    below = os.path.realpath(bus.path(address)) + os.sep
    links = glob.glob(os.path.join(bus.root, "sys/class/net/*"))
    return sorted(os.path.basename(link) for link in links if os.path.realpath(link).startswith(below))


def burned_in(bus, address):
    """The MAC addresses that the card itself has brought; those that are random or that somebody has set are not."""
    places = [os.path.join(bus.root, "sys/class/net", name) for name in interfaces(bus, address)]
    return [_line(place, "address") for place in places if _line(place, "addr_assign_type") == "0"]


def _line(*names):
    try:
        with open(os.path.join(*names)) as handle:
            return handle.read().strip()
    except OSError:
        return None


def use(root, name):
    """What keeps a network device from being taken away, in words; None if nothing does."""
    above = sorted(glob.glob(os.path.join(root, "sys/class/net", name, "upper_*")))
    if above:
        return "{0} is part of {1}".format(name, os.path.basename(above[0])[len("upper_") :])
    if os.path.lexists(os.path.join(root, "sys/class/net", name, "master")):
        return "{0} has a master".format(name)
    if any(row[0] == name for row in _rows(root, "route")) or (root == "/" and _ipv4(name)):
        return "{0} has an IPv4 address or route".format(name)
    if any(row[-1] == name and row[3] != _LINK_LOCAL for row in _rows(root, "if_inet6")):
        return "{0} has an IPv6 address".format(name)
    # fe80::/10 and ff00::/8 are there as soon as a device is up.
    if any(row[-1] == name and not re.match("fe[89ab]|ff", row[0]) for row in _rows(root, "ipv6_route")):
        return "{0} has an IPv6 route".format(name)
    return None


def _rows(root, table):
    try:
        with open(os.path.join(root, "proc/net", table)) as handle:
            return [line.split() for line in handle if line.strip()]
    except (IOError, OSError):
        return []


def _ipv4(name):
    """First IPv4 address of a network device of this machine: an address without a route is in no table."""
    request = struct.pack("256s", name.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            return socket.inet_ntoa(fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, request)[20:24])
        except OSError:
            return None


def say(text):
    """One line for the journal."""
    sys.stderr.write(text + "\n")


def load_module(driver):
    """modprobe; whether it helped shows in the read-back."""
    try:
        subprocess.call(["modprobe", driver], stdin=subprocess.DEVNULL)
    except OSError as exc:
        say("{0}: {1}".format(driver, exc))


def appears(bus, address, deadline):
    """Whether the device is there before the monotonic clock shows *deadline*."""
    while not bus.present(address):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.1)
    return True


def bind_recorded(bus, address, entry, load=load_module, deadline=0.0):
    """Bind one recorded device if it is still the same one and nobody uses it; returns why not, in words."""
    if not appears(bus, address, deadline):
        return "there is no such device, nothing to bind"
    driver = entry["driver"]
    if bus.driver(address) == driver:
        return None
    found, expected = bus.identity(address), {name: entry.get(name) for name in IDENTITY}
    if found != expected:
        words = [":".join(str(names[name]) for name in IDENTITY) for names in (found, expected)]
        return "another device is in this place, left alone: found {0}, recorded {1}".format(*words)
    # All ports of a server may be of one model, and another card moves their addresses.
    macs = burned_in(bus, address)
    if macs and entry.get("burned_in") and entry["burned_in"] not in macs:
        words = "another device is in this place, left alone: found MAC address {0}, recorded {1}"
        return words.format(", ".join(macs), entry["burned_in"])
    uses = [use(bus.root, name) for name in interfaces(bus, address)]
    if any(uses):
        return "left alone, because it is in use: {0}".format("; ".join(filter(None, uses)))
    if not bus.loaded(driver):
        load(driver)
    holder, override = bus.driver(address), bus.override(address)
    problem = bus.move(address, driver, driver)
    if problem is None:
        return None
    return "{0}; {1}".format(problem, bus.move(address, holder, override) or "given back to {0}".format(holder))


def main(root="/"):
    """Bind everything recorded; each device that stays away is one line in the journal and makes the unit fail."""
    try:
        devices = recorded(root)
    except (OSError, ValueError, AttributeError) as exc:  # unreadable, no JSON, JSON of another shape
        say("{0}: {1}".format(os.path.join(root, STATE), exc))
        return 1
    bus, faults, deadline = Bus(root), 0, time.monotonic() + PATIENCE_SECONDS
    for address, entry in sorted(devices.items()):
        problem = bind_recorded(bus, address, entry, deadline=deadline)
        faults += problem is not None
        say("{0}: {1}".format(address, problem or "on {0}".format(entry["driver"])))
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
