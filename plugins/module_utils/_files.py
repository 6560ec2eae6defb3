# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files: whole or not at all.

Every write goes to a temporary file in the same directory, is flushed to disk (file and directory) and renamed:
after a power cut there is the old text or the new one, never half of one.

Private to the collection. Python 3.6+, standard library only.
"""

import contextlib
import os


def under(root, path):
    """*path* as seen from *root*: under("/capture", "/proc/cmdline") is "/capture/proc/cmdline"."""
    return os.path.join(root, path.lstrip("/"))


def read_text(path):
    """Text of a file, without the NUL bytes that captured /sys files are padded with; None if it cannot be read."""
    try:
        with open(path, "rb") as handle:
            return handle.read().rstrip(b"\0").decode("utf-8", "replace")
    except (IOError, OSError):
        return None


def write_text(path, text, mode=0o644, owner=None):
    """Replace *path* by *text* atomically and durably; missing directories are made. *owner* is (uid, gid)."""
    make_directory(os.path.dirname(path))
    temporary = _temporary(path)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as handle:
            handle.write(text)
            handle.flush()
            if owner:
                os.fchown(handle.fileno(), *owner)
            os.fchmod(handle.fileno(), mode)
            os.fsync(handle.fileno())
        put(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _temporary(path):
    # One name per file: what an interrupted run left is used up by the next one. Hidden names are no drop-ins.
    return os.path.join(os.path.dirname(path), ".{0}.nfv-ovs-dpdk".format(os.path.basename(path)))


def put(temporary, path):
    """Let *temporary*, which is on the disk already, take the place of *path*."""
    os.rename(temporary, path)
    _sync_directory(os.path.dirname(path))


def remove(path):
    """Remove *path* durably, with what an interrupted write left of it; it is no fault if it is not there."""
    _unlink(_temporary(path), path)


def discard(path):
    """Remove what an interrupted write left of *path*."""
    _unlink(_temporary(path))


def _unlink(*names):
    gone = [name for name in names if os.path.lexists(name)]
    for name in gone:
        os.unlink(name)
    if gone:
        _sync_directory(os.path.dirname(gone[0]))


def make_directory(path, mode=0o777):
    """Make *path* durably, with the directories above it that are missing; it is no fault if it is there."""
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    make_directory(above)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        # Somebody else may have made it meanwhile.
        if not os.path.isdir(path):
            raise
    _sync_directory(above)


def remove_directory(path):
    """Remove the empty directory *path* durably."""
    os.rmdir(path)
    _sync_directory(os.path.dirname(path))


def _sync_directory(directory):
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
