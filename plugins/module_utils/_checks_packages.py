# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about packages: is the right program running, with the drivers that its ports need?

Private to the collection. Python 3.6+, standard library only.
Source: Open vSwitch's faq/releases.rst for the pairs of versions.
"""

import re

from . import _drivers, _keys
from ._checks_devices import port_address
from ._verdicts import fail, ok, quoted, quoted_line, skip, warn

# One long-term release of DPDK serves two releases of Open vSwitch.
PAIRS = {
    (2, 10): "17.11",
    (2, 11): "18.11",
    (2, 12): "18.11",
    (2, 13): "19.11",
    (2, 14): "19.11",
    (2, 15): "20.11",
    (2, 16): "20.11",
    (2, 17): "21.11",
    (3, 0): "21.11",
    (3, 1): "22.11",
    (3, 2): "22.11",
    (3, 3): "23.11",
    (3, 4): "23.11",
    (3, 5): "24.11",
    (3, 6): "24.11",
    (3, 7): "25.11",
    (4, 0): "25.11",
}
# What the log says where a driver of this kind is missing.
COMPLAINTS = {"bus": "no-bus-driver", "mempool": "mempool", "net": "no-device"}
SELECT = "update-alternatives --set ovs-vswitchd …/ovs-vswitchd-dpdk (role openvswitch), then restart ovs-vswitchd."


def dpdk_build(evidence):
    """The running program has DPDK in it, and so has the one that the next start would run."""
    if not evidence["plan"] and not evidence["dpdk_wanted"]:
        yield skip("no DPDK is asked for")
        return
    selected = evidence["kernel"]["selected_vswitchd"]
    built = evidence["open_vswitch"]["dpdk_version"]
    if not built:
        found = "the running ovs-vswitchd has no DPDK in it" + quoted(evidence, "packages.dpdk_build")
        yield fail(None, found, "a build with DPDK", SELECT)
    elif evidence["system_switch"] and selected and "dpdk" not in selected:
        yield fail(None, "the next start would run " + selected, "a build with DPDK", SELECT)
    yield ok(built)


def driver_files(evidence):
    """Each DPDK driver that the ports need is installed, and loaded by the running daemon."""
    installed, loaded = evidence["kernel"]["dpdk_drivers"], evidence["libraries"]
    if installed is None and evidence["host"]["os"]["family"] != "debian":
        yield skip("DPDK's drivers are not separate files here")
        return
    wanted, missing = _wanted_drivers(evidence), missing_drivers(evidence)
    for name in wanted:
        package = "librte-{0}*".format(name.replace("_", "-"))
        complaint = COMPLAINTS.get(name.split("_")[0], "no-device")
        if name in missing:
            yield fail(
                name,
                "librte_{0}.so is not installed{1}".format(name, quoted_line(evidence, complaint)),
                "package " + package,
                "Install it (role openvswitch, packages) and restart ovs-vswitchd.",
            )
        elif loaded and not loaded.get(name):
            yield warn(
                name,
                "installed, but not in the running ovs-vswitchd",
                "loaded",
                "Restart ovs-vswitchd.",
            )
    yield ok(", ".join(wanted) or "no driver is needed")


def missing_drivers(evidence):
    """DPDK drivers that are needed and not installed, where they are files of their own."""
    installed = evidence["kernel"]["dpdk_drivers"]
    if installed is None and evidence["host"]["os"]["family"] != "debian":
        return []
    return [name for name in _wanted_drivers(evidence) if name not in (installed or [])]


def _wanted_drivers(evidence):
    """By the plan, else by the ports that are there."""
    if evidence["plan"]:
        return evidence["plan"]["dpdk_drivers"]
    nics = {nic["address"]: nic for nic in evidence["host"]["nics"]}
    present = [nics[port_address(row)] for row in evidence["interfaces"] if port_address(row) in nics]
    found = {_drivers.of_device(nic["vendor"], nic["device"]).library for nic in present}
    return sorted(filter(None, found | ({"bus_pci", "mempool_ring"} if present else set())))


def running_binary(evidence):
    """The running program is the installed one."""
    running, selected = evidence["executable"], evidence["kernel"]["selected_vswitchd"]
    if not running:
        yield skip("the program of the process cannot be read")
    elif running.endswith(" (deleted)"):
        yield warn(None, running, "the installed program", "Restart ovs-vswitchd: it was replaced while it ran.")
    elif selected and evidence["system_switch"] and running != selected:
        yield warn(None, running, selected + ", which the next start runs", "Restart ovs-vswitchd.")
    yield ok(running)


def versions(evidence):
    """Open vSwitch and DPDK are a pair that was made for each other."""
    version = _keys.parse_version(evidence["version"])
    match = re.search(r"(\d+\.\d+)", evidence["open_vswitch"]["dpdk_version"] or "")
    wanted = PAIRS.get(version[:2]) if version else None
    if not match or not wanted:
        yield skip("no DPDK, or a version that is not known here")
    elif match.group(1) != wanted:
        yield warn(
            None,
            "Open vSwitch {0} with {1}".format(evidence["version"], evidence["open_vswitch"]["dpdk_version"]),
            "DPDK " + wanted,
            "Use packages that were built for each other.",
        )
    else:
        yield ok("Open vSwitch {0} with DPDK {1}".format(evidence["version"], match.group(1)))
