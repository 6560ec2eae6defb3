# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Captures what the planner reads of a machine: a small archive of its /proc and /sys, to be planned elsewhere.

    ssh root@compute7 python3 - < capture.py > compute7.tar.gz

Reads files, directories and links, and writes the archive to standard output: it starts no program and changes
nothing. It needs Python 3.6 and nothing else. Run by an ordinary user it leaves out what only root may read, and says
so. The same tree gives the same archive, byte for byte (with one version of Python).

In the archive: CPUs, NUMA nodes, memory, hugepages, kernel line (passwords are blanked), network devices with their
MAC addresses, IP addresses and routes, PCI network devices with their IOMMU groups, names of the ACPI tables, lockdown,
Secure Boot, the distribution, and the state file of nfv.ovs_dpdk.
"""

import argparse
import errno
import fnmatch
import gzip
import io
import os
import posixpath
import re
import stat
import sys
import tarfile

# (directories, names in each of them), all as patterns; a name may lead on through further directories and links.
WANTED = (
    ("/etc", "os-release"),
    ("/usr/lib", "os-release"),
    ("/proc", "cmdline cpuinfo meminfo version"),
    ("/proc/net/vlan", "config"),
    ("/proc/sys/kernel", "arch osrelease"),
    ("/sys/bus/pci/devices", ""),
    ("/sys/class/iommu", "*"),
    ("/sys/class/net/*", "address dev_port device master phys_port_name uevent upper_*"),
    ("/sys/devices/cpu_*", "cpus"),
    ("/sys/devices/system/cpu", "isolated nohz_full online possible present"),
    ("/sys/devices/system/cpu/cpu[0-9]*", "cpu_capacity cpufreq/cpuinfo_max_freq node[0-9]* online"),
    ("/sys/devices/system/cpu/cpu[0-9]*/cache/index*", "shared_cpu_list shared_cpu_map"),
    ("/sys/devices/system/cpu/cpu[0-9]*/topology", "core_cpus* core_id physical_package_id thread_siblings*"),
    ("/sys/devices/system/node/node[0-9]*", "cpu[0-9]* cpulist cpumap distance meminfo"),
    ("/sys/devices/system/node/node[0-9]*/hugepages/*", "free_hugepages nr_hugepages surplus_hugepages"),
    ("/sys/firmware/efi/efivars", "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"),
    ("/sys/kernel/iommu_groups/*", "name"),
    ("/sys/kernel/mm/hugepages/*", "free_hugepages nr_hugepages surplus_hugepages"),
    ("/sys/kernel/security", "lockdown"),
    ("/sys/module/vfio/parameters", "enable_unsafe_noiommu_mode"),
    ("/var/lib/nfv_ovs_dpdk", "state.json"),
)
# Of the PCI devices only NICs are wanted, with their physical functions and the other devices of their IOMMU groups.
PCI = "/sys/bus/pci/devices"
PCI_WANTED = (
    "class device driver iommu_group iommu_group/devices/* local_cpulist local_cpus modalias numa_node physfn "
    "sriov_numvfs subsystem_device subsystem_vendor vendor virtfn*"
)
# What holds IP addresses; without them a plan is the same, but nobody sees which NICs are in use.
ADDRESSES = ("/proc/net", "fib_trie if_inet6 ipv6_route route")
# Tables may hold licence keys: their names say enough.
NAMES_ONLY = "/sys/firmware/acpi/tables"

# Long files that are made while they are read: the beginning is enough of the first, and of the others a bound.
HEADS = {"/proc/cpuinfo": 16384}
LIMIT = 4 << 20
LONGEST_CHAIN_OF_LINKS = 40
# The default depends on the version of Python.
FORMAT = tarfile.GNU_FORMAT

_SECRET = re.compile(
    r"""((?:^|\s)[^\s=]*(?:passw|passphrase|rootpw|secret|token|credential|api_?key)[^\s=]*=)(?:"[^"]*"|\S+)""",
    re.IGNORECASE,
)
# A password may hold "/" and "@" itself.
_LOGIN = re.compile(r"(iscsi:|://)\S*@")
_ADDRESS_WORD = re.compile(r"((?:^|\s)(?:ip|nfsaddrs|nfsroot|netroot|nameserver|rd\.route)=)\S+")


class Capture:
    """Entries of the archive by path: bytes of a file, text of a link, None for a directory."""

    def __init__(self, root, addresses=True):
        self.root = root.rstrip("/")
        self.addresses = addresses
        self.entries = {}
        self.denied = set()
        self.cut = set()

    def take_all(self):
        """Everything that is wanted of the machine."""
        for directory, names in WANTED + ((ADDRESSES,) if self.addresses else ()):
            for found in self._expand(directory):
                self.take(found)
                self._take_in(found, names)
        for name in self._names(NAMES_ONLY):
            self.entries["{0}/{1}".format(NAMES_ONLY, name)] = b""
        self._take_nics()

    def _take_in(self, directory, names):
        for name in names.split():
            for found in self._expand("{0}/{1}".format(directory, name)):
                self.take(found)

    def _take_nics(self):
        """Device by device, because a group leads to other devices, and a virtual function to its physical one."""
        waiting = [name for name in self._names(PCI) if self._class(name).startswith(b"0x02")]
        seen = set()
        while waiting:
            address = waiting.pop()
            if address in seen:
                continue
            seen.add(address)
            device = "{0}/{1}".format(PCI, address)
            self._take_in(device, PCI_WANTED)
            waiting += self._names(device + "/iommu_group/devices")
            physical = self._link(device + "/physfn")
            waiting += [posixpath.basename(physical)] if physical else []

    def _class(self, address):
        return self._read("{0}/{1}/class".format(PCI, address)) or b""

    def take(self, path):
        """What is at *path*, and every link on the way to it, each under its real name."""
        waiting, here, links = path.split("/"), "", 0
        while waiting:
            # Above the top there is nothing but the top.
            here = posixpath.normpath("{0}/{1}".format(here, waiting.pop(0))).rstrip("/")
            target = self._link(here)
            if target is None or links > LONGEST_CHAIN_OF_LINKS:
                continue
            # The links of /proc lead to whoever reads them.
            if not here.startswith("/proc/"):
                self.entries[here] = _relative(here, target)
                links += 1
                waiting = target.split("/") + waiting
                here = "" if target.startswith("/") else posixpath.dirname(here).rstrip("/")
        self._store(here)

    def _store(self, path):
        if os.path.isdir(self.root + path):
            self.entries.setdefault(path, None)
            return
        content = self._read(path)
        if content is not None:
            self.entries[path] = self._blanked(content) if path == "/proc/cmdline" else content

    def _blanked(self, line):
        """The kernel line without what nobody else has to know."""
        text = _LOGIN.sub(r"\1***@", _SECRET.sub(r"\1***", line.decode("utf-8", "surrogateescape")))
        text = text if self.addresses else _ADDRESS_WORD.sub(r"\1***", text)
        return text.encode("utf-8", "surrogateescape")

    def _read(self, path):
        """Bytes of a regular file, or None; a driver may have no answer to give."""
        size = HEADS.get(path, LIMIT)
        try:
            if not stat.S_ISREG(os.stat(self.root + path).st_mode):
                return None
            with open(self.root + path, "rb") as handle:
                content = handle.read(size + 1)
        except OSError as exc:
            self._note(path, exc)
            return None
        if len(content) > size and path not in HEADS:
            self.cut.add(path)
        return content[:size]

    def _names(self, path):
        try:
            return sorted(os.listdir(self.root + path))
        except OSError as exc:
            self._note(path, exc)
            return []

    def _link(self, path):
        try:
            return os.readlink(self.root + path)
        except OSError as exc:
            self._note(path, exc)
            return None

    def _note(self, path, problem):
        if problem.errno in (errno.EACCES, errno.EPERM):
            self.denied.add(path)

    def _expand(self, pattern):
        """Paths that match a pattern, "*" for any part of one name."""
        found = [""]
        for name in pattern.strip("/").split("/"):
            if not re.search(r"[*[]", name):
                found = ["{0}/{1}".format(path, name) for path in found]
            else:
                found = [
                    "{0}/{1}".format(path, entry) for path in found for entry in fnmatch.filter(self._names(path), name)
                ]
        return found

    def archive(self, name):
        """The bytes of a compressed archive with everything below one directory *name*."""
        packed = io.BytesIO()
        with gzip.GzipFile("", "wb", 9, packed, 0) as zipped, tarfile.TarFile("", "w", zipped, FORMAT) as archive:
            for path, content in sorted(self._with_parents().items()):
                archive.addfile(*_member(name + path, content))
        return packed.getvalue()

    def _with_parents(self):
        entries = dict(self.entries)
        for path in self.entries:
            while path:
                path = path.rpartition("/")[0]
                entries.setdefault(path, None)
        return entries


def _relative(link, target):
    """Where a link points, so that it stays within the archive; those of sysfs stay as they are."""
    if not target.startswith("/") and target.split("/").count("..") < link.count("/"):
        return target
    parent = posixpath.dirname(link)
    return posixpath.relpath(posixpath.normpath("/" + posixpath.join(parent, target)), parent)


def _member(path, content):
    member = tarfile.TarInfo(path)
    member.mode = 0o644
    if content is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    elif isinstance(content, bytes):
        member.size = len(content)
        return member, io.BytesIO(content)
    else:
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, content, 0o777
    return member, None


def main():
    arguments = _arguments()
    capture = Capture(arguments.root, not arguments.no_addresses)
    capture.take_all()
    if not capture.entries:
        sys.exit("capture: nothing to capture below {0}: it has neither proc nor sys".format(arguments.root))
    archive = capture.archive(arguments.name)
    if arguments.output:
        with open(arguments.output, "wb") as handle:
            handle.write(archive)
    else:
        sys.stdout.buffer.write(archive)
    _report(capture, arguments.name, len(archive))


def _arguments():
    parser = argparse.ArgumentParser(
        prog="capture", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", default="/", help="where /proc and /sys are found, default /")
    parser.add_argument("--name", help="name of the machine and of the one directory in the archive; default its own")
    parser.add_argument("--output", help="file to write instead of standard output")
    parser.add_argument("--no-addresses", action="store_true", help="leave out IP addresses and routes")
    arguments = parser.parse_args()
    arguments.name = arguments.name or os.path.basename(os.path.abspath(arguments.root)) or os.uname().nodename
    if not re.match(r"[\w.:-]*\w[\w.:-]*\Z", arguments.name):
        parser.error("a name of letters, digits and any of '.:-_' is needed, found {0!r}".format(arguments.name))
    if not arguments.output and sys.stdout.isatty():
        parser.error("the archive is not for a terminal: send it to a file, or name one with --output")
    return arguments


def _report(capture, name, size):
    """One line for people, and one for each thing that is not whole."""
    words = "capture: {0}: {1} entries in {2} KiB".format(name, len(capture.entries), (size + 1023) // 1024)
    print(words, file=sys.stderr)
    for paths, what in ((capture.denied, "left out, root only"), (capture.cut, "cut at {0} bytes".format(LIMIT))):
        if paths:
            shown = ", ".join(sorted(paths)[:5] + ["..."] * (len(paths) > 5))
            print("capture: {0} {1}: {2}".format(len(paths), what, shown), file=sys.stderr)


if __name__ == "__main__":
    main()
