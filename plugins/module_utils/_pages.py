# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hugepage pools and the mounts through which programs reach them, below one root.

A pool is the pages of one size on one NUMA node; its key is "node:size in KiB". A machine without a NUMA directory has
one node 0.

Private to the collection. Python 3.6+, standard library only.
Source: kernel document "Documentation/admin-guide/mm/hugetlbpage.rst".
"""

import collections
import re

from . import _cmdline, _files, _units
from ._errors import Failed
from ._nodes import SYS_NODE, SYS_POOLS, read_nodes
from ._sizes import render_kb
from ._tree import Tree

POOLS_UNIT = "nfv-ovs-dpdk-hugepages.service"
# What hugetlbfs shows no option for.
DEFAULT_MODE = 0o755
_OCTAL = re.compile(r"^[0-7]{1,5}\Z")
_ID = re.compile(r"^[0-9]{1,10}\Z")

# *total* is what nr_hugepages says, surplus pages (overcommit) included; *room_kb* is the memory of the node.
Pool = collections.namedtuple("Pool", "node size_kb total free surplus path")
Node = collections.namedtuple("Node", "id memory_kb free_kb pools")
Mount = collections.namedtuple("Mount", "type size_kb gid mode")


def nodes(root="/"):
    """{node id: Node} with its pools as {size in KiB: Pool}."""
    rows, numa, _owners = read_nodes(Tree(root), [])
    found = {}
    for row in rows:
        base = "{0}/node{1}/hugepages".format(SYS_NODE, row["id"]) if numa else SYS_POOLS
        pools = {}
        for pool in row["hugepages"]:
            path = "{0}/hugepages-{1}kB/nr_hugepages".format(base, pool["size_kb"])
            pools[pool["size_kb"]] = Pool(row["id"], path=path, **pool)
        found[row["id"]] = Node(row["id"], row["memory_kb"], row["memory_free_kb"], pools)
    return found


def set_count(root, path, count):
    """Ask the kernel for *count* pages; it gives as many as it can, so read back."""
    try:
        # Not a file to replace: the kernel listens to the write itself.
        with open(_files.under(root, path), "w") as handle:
            handle.write("{0}\n".format(count))
    except OSError as exc:
        raise Failed("the kernel does not take the number of pages", where=path, found=str(exc), expected=str(count))


def mounts(root="/"):
    """{path: Mount} of everything that is mounted; the last mount on a path counts."""
    return read_mounts(_files.read_text(_files.under(root, "/proc/mounts")) or "")


def read_mounts(text):
    """The same of a text like /proc/mounts. The kernel separates by blanks alone: a name may hold any other space."""
    found = {}
    for line in text.split("\n"):
        fields = line.split(" ")
        if len(fields) < 4:
            continue
        options = dict(option.partition("=")[::2] for option in fields[3].split(","))
        size, gid = _cmdline.size_bytes(options.get("pagesize", "")), options.get("gid", "")
        mode = int(options["mode"], 8) if _OCTAL.match(options.get("mode", "")) else DEFAULT_MODE
        found[fields[1]] = Mount(fields[2], size // 1024 if size else None, int(gid) if _ID.match(gid) else 0, mode)
    return found


def mount_path(size_kb):
    """Where our mount of a page size is: beside systemd's /dev/hugepages, which has the default size."""
    return "/dev/hugepages-{0}".format(render_kb(size_kb))


def mount_unit(size_kb):
    """Name of the unit of that mount."""
    return _units.escape_path(mount_path(size_kb)) + ".mount"


def mount_unit_text(size_kb, gid, mode):
    """The unit, modelled on systemd's own dev-hugepages.mount."""
    return (
        "# Written by nfv.ovs_dpdk.hugepages\n"
        "[Unit]\n"
        "Description=Hugepages of {size}\n"
        "DefaultDependencies=no\n"
        "Before=sysinit.target\n"
        "ConditionPathExists=/sys/kernel/mm/hugepages/hugepages-{size_kb}kB\n"
        "\n"
        "[Mount]\n"
        "What=hugetlbfs\n"
        "Where={path}\n"
        "Type=hugetlbfs\n"
        "Options=pagesize={size},gid={gid},mode={mode:04o},nosuid,nodev\n"
        "\n"
        "[Install]\n"
        "WantedBy=sysinit.target\n"
    ).format(size=render_kb(size_kb), size_kb=size_kb, path=mount_path(size_kb), gid=gid, mode=mode)


def pools_unit_text(counts):
    """The unit that asks for pages as early as possible, for [(path, count)]: memory is not in pieces yet."""
    starts = "".join("ExecStart=/bin/sh -c 'echo {0} > {1}'\n".format(count, path) for path, count in sorted(counts))
    return (
        "# Written by nfv.ovs_dpdk.hugepages\n"
        "[Unit]\n"
        "Description=Hugepages per NUMA node for Open vSwitch with DPDK\n"
        "DefaultDependencies=no\n"
        "Conflicts=shutdown.target\n"
        "Before=sysinit.target shutdown.target ovs-vswitchd.service libvirtd.service\n"
        "\n"
        "[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        "{0}"
        "\n"
        "[Install]\n"
        "WantedBy=sysinit.target\n"
    ).format(starts)
