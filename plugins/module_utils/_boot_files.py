# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that the boot loader reads: in their place on the disk, not in the journal.

GRUB replays no journal. After a power cut it finds the file system half as it was and half as it is: a directory that
names the new menu, say, and no such inode, which ends at its prompt. fsync does not help, as it fills the journal only.

Private to the collection. Python 3.6+, standard library only.
Sources: kernel document "filesystems/ext4/journal.rst" (EXT4_IOC_CHECKPOINT, Linux 5.14 and newer); syncfs(2).
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import struct

from . import _files

EXT4_IOC_CHECKPOINT = 0x4004662B


def put(temporary, path):
    """Let *temporary*, which is on the disk already, take the place of *path* as the boot loader sees it."""
    _write_home(temporary)
    with contextlib.ExitStack() as until_home:
        # The loader may still take the name for the old file, which is not freed as long as somebody has it open.
        with contextlib.suppress(FileNotFoundError):
            until_home.enter_context(open(path, "rb"))
        _files.put(temporary, path)
        _write_home(path)


def _write_home(path):
    """Empty the journal of the file system that *path* is on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, EXT4_IOC_CHECKPOINT, struct.pack("I", 0))
    except OSError as exc:
        # Without a journal, fsync has written it home. What other file systems and older kernels have is syncfs.
        if exc.errno != errno.ENODEV and ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    finally:
        os.close(descriptor)
