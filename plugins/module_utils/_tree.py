# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A /proc and /sys tree: the running kernel's below "/", or a captured one below any directory.

Every answer has a harmless form for what is not there (None or []), because captured trees may lack anything, and
names come sorted, because the order of a directory is an accident. Live and captured trees are read alike: no ioctl,
no netlink, nothing but files, directories and links.

Private to the collection. Python 3.6+, standard library only.
Source: kernel document "Documentation/filesystems/sysfs.rst".
"""

import os
import re

from ._cpuset import from_mask, parse
from ._errors import Refused
from ._files import read_text


class Tree:
    """Reads below *root*; paths are written as the kernel shows them: tree.text("/proc/cmdline")."""

    def __init__(self, root="/"):
        self.root = root
        self._prefix = root.rstrip("/")

    def text(self, path):
        """Text of a file without surrounding white space, or None."""
        text = read_text(self._prefix + path)
        return None if text is None else text.strip()

    def head(self, path, size):
        """The first *size* bytes of a file as text, or None: for files that are long and slow to make."""
        try:
            with open(self._prefix + path, "rb") as handle:
                return handle.read(size).decode("utf-8", "replace")
        except (IOError, OSError):
            return None

    def number(self, path):
        """Value of a file that holds one decimal number, or None."""
        try:
            return int(self.text(path) or "")
        except ValueError:
            return None

    def names(self, path):
        """Sorted names in a directory; [] if there is none."""
        try:
            return sorted(os.listdir(self._prefix + path))
        except OSError:
            return []

    def numbered(self, path, prefix):
        """Sorted numbers of the entries *prefix*N of a directory: numbered("/sys/devices/system/node", "node")."""
        pattern = re.compile(re.escape(prefix) + r"([0-9]{1,9})\Z")
        return sorted(int(match.group(1)) for match in map(pattern.match, self.names(path)) if match)

    def link(self, path):
        """Where a symbolic link points, as it is written, or None."""
        try:
            return os.readlink(self._prefix + path)
        except OSError:
            return None

    def link_name(self, path):
        """Last part of what a link points to (a driver, an IOMMU group, a device), or None."""
        target = self.link(path)
        return os.path.basename(target.rstrip("/")) if target else None

    def cpus(self, list_path, mask_path=None):
        """Set of the CPUs in a list file, else in a hexadecimal mask file (old captures); None if neither."""
        for path, understand in ((list_path, parse), (mask_path, from_mask)):
            text = self.text(path) if path else None
            if text is not None:
                try:
                    return understand(text)
                except Refused:  # "(null)", which nohz_full shows when it is not in use
                    continue
        return None
