# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of Debian packages, and patterns of names.

Private to the collection. Python 3.6+, standard library only.
Source: Debian policy, "Control files and their fields" (Package).
"""

import re

from ._errors import Refused

# Nothing that apt or dpkg could take for an option, a path or a second name.
_PATTERN = re.compile(r"^[a-z0-9*?][][a-z0-9+.*?:-]*\Z")


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
