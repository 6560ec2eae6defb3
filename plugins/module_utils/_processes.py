# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that would suffer: guests (QEMU), whoever holds a device through VFIO or UIO, and a switch with pages.

Read from /proc/PID/{comm,cmdline,fd,status} below a root; a process that ends meanwhile is left out.

Private to the collection. Python 3.6+, standard library only.
"""

import os
import re

from ._files import read_text, under

_DEVICE = re.compile(r"^/dev/(vfio/.+|uio[0-9]+)$")
# qemu-img, qemu-nbd and the guest agent are no guests.
_QEMU = re.compile(r"^(qemu-system-.*|qemu-kvm|kvm|kvm-spice)$")
_NAME = re.compile(r"^(?:guest=)?([^,]+)")
# Asks QEMU what it can do, as libvirt does: a machine without anything.
_PROBE = re.compile(r"^(?:type=)?none(?:,|\Z)")
_SWITCH = "ovs-vswitchd"
_PAGES = re.compile(r"^HugetlbPages:\s+([0-9]{1,18}) kB$", re.M)


def read_processes(root="/"):
    """Guests and holders of devices as [{"pid", "name", "guest", "vhost_user", "files"}], sorted by pid.

    "guest" is the guest's name (None: not a guest), "files" are the VFIO and UIO device files that it has open.
    """
    found = []
    for pid, directory in _running(root):
        files = sorted({path for path in _open_files(directory) if _DEVICE.match(path)})
        raw = read_text(os.path.join(directory, "cmdline")) or ""
        arguments = raw.split("\0")
        guest = _guest(arguments)
        if files or guest is not None:
            name = _program(directory) or "?"
            vhost_user = any("vhost-user" in argument for argument in arguments)
            found.append({"pid": pid, "name": name, "guest": guest, "vhost_user": vhost_user, "files": files})
    return found


def switch_has_pages(root="/"):
    """Whether Open vSwitch runs with DPDK, by the hugepages that it has mapped; yes where nobody can tell.

    Nobody can of a captured tree without processes, and of a kernel that does not count them (before 4.4).
    """
    names = {directory: _program(directory) for _pid, directory in _running(root)}
    switches = [directory for directory, name in names.items() if name.startswith(_SWITCH)]
    counts = [_PAGES.search(read_text(os.path.join(directory, "status")) or "") for directory in switches]
    return not names or any(count is None or int(count.group(1)) for count in counts)


def describe(process):
    """A process as an operator looks for it: "ovs-vswitchd (PID 812)", "guest web1 (PID 977)"."""
    name = process["name"] if process["guest"] is None else "guest " + process["guest"]
    return "{0} (PID {1})".format(name, process["pid"])


def holders(processes, nodes):
    """Descriptions of the processes that have one of the device files *nodes* open."""
    return [describe(process) for process in processes if set(process["files"]) & set(nodes)]


def _guest(arguments):
    program = os.path.basename(arguments[0])
    if not _QEMU.match(program):
        return None
    name = program
    for option, value in zip(arguments, arguments[1:]):
        if option in ("-name", "--name"):
            match = _NAME.match(value)
            name = match.group(1) if match else program
        if option in ("-machine", "--machine", "-M") and _PROBE.match(value):
            return None
    return name


def _running(root):
    """Sorted (pid, directory below /proc) of all processes."""
    pids = sorted(int(entry) for entry in _listed(under(root, "/proc")) if entry.isdigit())
    return [(pid, under(root, "/proc/{0}".format(pid))) for pid in pids]


def _program(directory):
    return (read_text(os.path.join(directory, "comm")) or "").strip()


def _open_files(directory):
    below = os.path.join(directory, "fd")
    for entry in _listed(below):
        try:
            yield os.readlink(os.path.join(below, entry))
        except OSError:
            continue


def _listed(directory):
    try:
        return os.listdir(directory)
    except OSError:
        return []
