"""Captured /proc and /sys trees of real machines (the folder beside the project; see its README), read once each.

Nothing of them is kept here; without the folder NAMES is empty and the tests are skipped.
"""

import functools
import os
import re
import tarfile
import tempfile

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host

PROJECT = os.path.abspath(__file__).rsplit(os.sep, 3)[0]
FOLDER = os.path.join(os.path.dirname(PROJECT), "shared", "topologies")
_FILES = sorted(name for name in os.listdir(FOLDER) if ".tar." in name) if os.path.isdir(FOLDER) else []
ARCHIVES = {name.split(".tar.")[0]: os.path.join(FOLDER, name) for name in _FILES}
NAMES = sorted(ARCHIVES)

# Most of an archive is of no interest to any test; leaving it packed saves most of the time.
_BULK = re.compile(
    r"/(memory[0-9]+|cpuidle|power|thermal_throttle|microcode|device-tree|cpuset|vulnerabilities|queues|block)(/|$)"
    r"|/index[0-9]+/(?!level|type|shared)|/(core_siblings|die|cluster|package|book|drawer)_?[a-z_]*$"
    r"|/uevent$|/crash_notes|/sys/bus/(cpu|node)/"
)


@functools.lru_cache(maxsize=None)
def host(name):
    """The host data of a captured machine; shared by all tests, so it is to be read only."""
    with tempfile.TemporaryDirectory() as place:
        with tarfile.open(ARCHIVES[name]) as archive:
            _unpack(archive, place)
        (top,) = os.listdir(place)
        return read_host(os.path.join(place, top))


def _unpack(archive, place):
    """Names and contents only: owners, modes and times would cost as much again."""
    members = {member.name: member for member in archive if not _BULK.search(member.name)}
    for name, member in members.items():
        path = os.path.join(place, name)
        if member.isdir():
            os.makedirs(path, exist_ok=True)
            continue
        # A mask is read only where there is no list.
        if name + "_list" in members or name.endswith("_map") and name[:-4] + "_list" in members:
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if member.issym():
            os.symlink(member.linkname, path)
        elif member.isreg():
            with open(path, "wb") as handle:
                handle.write(archive.extractfile(member).read())
