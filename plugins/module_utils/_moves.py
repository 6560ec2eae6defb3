# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Moves of NICs between drivers: what has to be done so that they are where they should be, now and at boot.

Decides only: a Job is the list of actions, the records that belong to them, and the devices as they will be.

Private to the collection. Python 3.6+, standard library only.
"""

import inspect
import os
import sys

from . import _binding, _owned, _pci
from ._action import action, left
from ._drivers import USER_SPACE
from ._errors import Refused
from ._files import under

SECTION = "devices"
UNIT = "nfv-ovs-dpdk-devices.service"
UNIT_PATH = "/etc/systemd/system/" + UNIT
UNIT_LINK = "/etc/systemd/system/multi-user.target.wants/" + UNIT
SCRIPT_PATH = "/usr/local/libexec/nfv-ovs-dpdk/bind-devices"
INTERPRETERS = ("/usr/bin/python3", "/usr/libexec/platform-python")

# Without default dependencies: they would order it behind sysinit.target, which on cloud images waits for the network.
UNIT_TEXT = """\
# Written by nfv.ovs_dpdk; changes are overwritten.
[Unit]
Description=Bind the recorded DPDK devices to their drivers
DefaultDependencies=no
RequiresMountsFor=/var/lib/nfv_ovs_dpdk {directory}
After=systemd-modules-load.service
Wants=network-pre.target
Before=network-pre.target ovs-vswitchd.service
Conflicts=shutdown.target
Before=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={interpreter} -I {script}
TimeoutStartSec=60

[Install]
WantedBy=multi-user.target
"""


class Job:
    """What has to be done.

    *rows* are the devices afterwards, *entries* their records (None: to be forgotten). *loads* and *steps* are actions,
    *files* changes of own files; *verb* is what systemctl does with the unit, if anything. *left* is what stays as
    somebody else has made it.
    """

    def __init__(self, recorded):
        self.loads, self.steps, self.rows = [], [], []
        self.entries = dict(recorded)
        self.files, self.reload, self.verb = [], False, None
        self.left = []

    @property
    def persistent(self):
        """Whether a recorded device is to be bound at boot."""
        return any(entry and entry.get("persist") for entry in self.entries.values())

    @property
    def actions(self):
        """All actions in their order.

        The unit comes last where devices are bound, and goes first where the last one is given back: an interruption
        must not leave a unit that binds it again.
        """
        files = _owned.described(self.files)[0] + ([action("reload", "systemd")] if self.reload else [])
        if self.persistent:
            return self.loads + self.steps + files + ([action("enable", UNIT)] if self.verb else [])
        return self.loads + ([action("disable", UNIT)] if self.verb else []) + files + self.steps

    @property
    def diff(self):
        """The drivers by address, then each file."""
        drivers = [{step["target"]: step[key] for step in self.steps} for key in ("before", "after")]
        header = {"before_header": "PCI drivers", "after_header": "PCI drivers"}
        shown = [dict(header, before=drivers[0], after=drivers[1])] if self.steps else []
        return shown + _owned.described(self.files)[1]

    def add(self, verb, address, before, after):
        self.steps.append(action(verb, address, before, after))

    def add_row(self, nic, driver):
        entry = self.entries.get(nic["address"]) or {}
        self.rows.append(
            {
                "address": nic["address"],
                "driver": driver,
                "driver_before": entry.get("driver_before"),
                "name": nic["name"],
                "mac": nic["mac"],
                "bound": driver in USER_SPACE,
            }
        )

    def add_loads(self, bus):
        """Drivers have to be there before anything else is done."""
        drivers = {step["after"] for step in self.steps if step["action"] in ("bind", "give back")}
        self.loads = [action("load", driver) for driver in sorted(drivers - {None}) if not bus.loaded(driver)]

    def add_unit(self, state, root):
        """Write or remove the unit and its script: they exist while a recorded device is to be bound at boot."""
        for path, text, mode in (
            (SCRIPT_PATH, inspect.getsource(_binding), 0o755),
            (UNIT_PATH, unit_text(root), 0o644),
        ):
            change = _owned.decide(state, root, path, text if self.persistent else None, mode)
            self.files += [change] if change else []
        self.reload = _owned.reload_due(state, self.files)
        enabled = os.path.islink(under(root, UNIT_LINK))
        if enabled != self.persistent:
            self.verb = "enable" if self.persistent else "disable"


def unit_text(root):
    interpreter = next((path for path in INTERPRETERS if os.path.exists(under(root, path))), sys.executable)
    return UNIT_TEXT.format(interpreter=interpreter, script=SCRIPT_PATH, directory=os.path.dirname(SCRIPT_PATH))


def requested(devices):
    """{address: driver or None} in one notation; rows with neither are no PCI devices and left out."""
    wanted = {}
    for row in devices:
        text, driver = row.get("address"), row.get("driver")
        if text is None and driver is None:
            continue
        address = _pci.address(text)
        if address is None:
            expected = "domain:bus:device.function like 0000:81:00.0"
            raise Refused("not a PCI address", where="devices", found=repr(text), expected=expected)
        if driver is not None and driver not in sorted(USER_SPACE):  # a list: the value may be of any type
            expected = " or ".join(sorted(USER_SPACE))
            raise Refused("not a driver for DPDK", where=address, found=repr(driver), expected=expected)
        if wanted.setdefault(address, driver) != driver:
            found = "{0} and {1}".format(wanted[address], driver)
            raise Refused("one device, two drivers", where=address, found=found, expected="each device once")
    return wanted


def bind(host, wanted, recorded, bus, persist):
    """The Job that puts each device on its driver."""
    job, nics = Job(recorded), _present(host)
    for address, driver in sorted(wanted.items()):
        nic = nics.get(address)
        if driver is None:
            if nic is not None:
                job.add_row(nic, nic["driver"])
            continue
        entry = _entry(nic, driver, bus, recorded.get(address) or {}, persist)
        if nic["driver"] != driver:
            job.entries[address] = entry
            job.add("bind", address, nic["driver"], driver)
        elif entry != recorded.get(address) and (persist or address in recorded):
            job.entries[address] = entry
            job.add("record", address, (recorded.get(address) or {}).get("driver"), driver)
        job.add_row(nic, driver)
    job.add_loads(bus)
    return job


def give_back(host, wanted, recorded, bus):
    """The Job that gives each recorded device back; devices without a record are not ours."""
    job, nics = Job(recorded), _present(host)
    for address in sorted(wanted):
        nic, entry = nics.get(address), recorded.get(address)
        driver = nic and nic["driver"]
        if entry is not None:
            job.entries[address] = None
            if nic is not None and _same(entry, nic) and _ours(entry, driver, bus.override(address)):
                job.add("give back", address, driver, entry.get("driver_before"))
                driver = entry.get("driver_before")
            else:
                job.add("forget", address, entry.get("driver"), None)
                job.left += _kept(address, entry, nic) if nic is not None else []
        if nic is not None:
            job.add_row(nic, driver)
    job.add_loads(bus)
    return job


def _kept(address, entry, nic):
    """A row about a device that is neither where we put it nor where it was before, or not the one that we knew."""
    if not _same(entry, nic):
        return [left(address, "is another card than the one that we have bound")]
    words = "is on {0}, not on {1} as we left it".format(nic["driver"], entry.get("driver"))
    return [left(address, words)] if nic["driver"] != entry.get("driver_before") else []


def _same(entry, nic):
    """Whether a device is the recorded one, and not another card at its address."""
    return all(entry.get(name) == nic[name] for name in _binding.IDENTITY)


def _ours(entry, driver, override):
    """Whether a device still shows our work: not where somebody has moved it since, or where it is as it was before us.

    Without any driver it is ours too: an earlier try to give it back got so far.
    """
    before = (entry.get("driver_before"), entry.get("override_before"))
    return (driver is None or entry.get("driver") in (driver, override)) and (driver, override) != before


def _entry(nic, driver, bus, recorded, persist):
    """The record of a device: what it is, and what was there before us.

    An earlier record of the same device stays true where the device shows our own work, or nothing, now.
    """
    identity = {name: nic[name] for name in _binding.IDENTITY}
    earlier = recorded if _same(recorded, nic) else {}
    override = bus.override(nic["address"])
    macs = _binding.burned_in(bus, nic["address"]) or [earlier.get("burned_in")]
    ours = earlier and nic["driver"] in (None, driver, earlier.get("driver"))
    return dict(
        dict(identity, burned_in=macs[0]) if macs[0] else identity,
        name=nic["name"] or earlier.get("name"),
        mac=nic["mac"] or earlier.get("mac"),
        numa_node=nic["numa_node"],
        driver=driver,
        driver_before=earlier.get("driver_before") if ours else nic["driver"],
        override_before=earlier.get("override_before") if earlier and override == earlier.get("driver") else override,
        persist=persist,
    )


def _present(host):
    return {nic["address"]: nic for nic in host["nics"] if nic["present"]}
