# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages: what may be handed to apt and dpkg as a name, and what is installed.

Private to the collection. Python 3.6+, standard library only.
Sources: Debian policy, "Control files and their fields" (Package); dpkg-query(1).
"""

import re

from ._errors import Failed, Refused

# Nothing that apt or dpkg could take for an option, a path or a second name.
_PATTERN = re.compile(r"^[a-z0-9*?][][a-z0-9+.*?:-]*\Z")
_FORMAT = "${Package}\t${Architecture}\t${db:Status-Want}\t${db:Status-Status}\n"


def check_patterns(patterns):
    """Refuse what is neither the name of a package nor a pattern of names."""
    for pattern in patterns:
        if not _PATTERN.match(pattern):
            raise Refused(
                "not a name or pattern of packages",
                where="packages",
                found=repr(pattern),
                expected="lower case letters, digits and any of +.-:*?[]",
            )


def installed_packages(run):
    """(name, architecture, selection such as "install" or "hold") of each installed package."""
    rc, out, err = run(["dpkg-query", "--show", "--showformat=" + _FORMAT])
    if rc == 127:
        raise Failed("there is no dpkg on this host", found=err.strip(), cure="Only Debian's packages are seen to.")
    if rc != 0:
        raise Failed("dpkg does not say what is installed", found=err.strip())
    rows = [line.split("\t") for line in out.splitlines()]
    return [tuple(row[:3]) for row in rows if row[3] == "installed"]
