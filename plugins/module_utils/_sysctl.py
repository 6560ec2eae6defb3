# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of the kernel that are made at every boot: who sets one, in which line of which file.

Private to the collection. Python 3.6+, standard library only.
Sources: sysctl.d(5), sysctl.conf(5).
"""

import os

from ._files import read_text, under

CONF = "/etc/sysctl.conf"
# A file hides those of its name in the directories behind its own.
DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d")
_SWAPPED = {ord("/"): ".", ord("."): "/"}


def assignments(text):
    """[(number of the line, name with dots, value)] of a text in the form of sysctl.d."""
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):  # a name alone only keeps patterns away from itself
            found.append((number, _dotted(name.lstrip("-").strip()), value.strip()))
    return found


def _dotted(name):
    """The first separator says which of the two separates; the other one is part of a word."""
    first = min("/.", key=lambda separator: (name + separator).index(separator))
    return name.translate(_SWAPPED) if first == "/" else name


def read_settings(tree, names):
    """[{file, line, name, value}] of every line that sets one of *names*.

    /etc/sysctl.conf comes first, so that it is told by this name where the others have a link to it.
    """
    rows, seen = [], set()
    for path in _paths(tree):
        place = os.path.realpath(under(tree.root, path))
        if place not in seen:
            seen.add(place)
            for line, name, value in assignments(read_text(place) or ""):
                if name in names:
                    rows.append({"file": path, "line": line, "name": name, "value": value})
    return rows


def _paths(tree):
    by_name = {}
    for directory in DIRECTORIES:
        for name in tree.names(directory):
            if name.endswith(".conf"):
                by_name.setdefault(name, "{0}/{1}".format(directory, name))
    return [CONF] + [by_name[name] for name in sorted(by_name)]
