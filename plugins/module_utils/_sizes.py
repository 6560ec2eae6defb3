# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers that operators write: whole ones within bounds, amounts of memory and sizes of pages with their units.

Amounts are binary whatever the unit is called (K, KB, KiB = 1024 bytes), as the kernel reads them.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from ._errors import Refused

_KIB = {"K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}
_AMOUNT = re.compile(r"^([0-9]{1,12})(?:([KMGT])(?:I?B)?)?\Z", re.IGNORECASE)


def whole(value, bounds, what, cure):
    """The whole number that *value* says, text or number."""
    text = str(value).strip()
    if isinstance(value, bool) or not re.match(r"^[0-9]{1,9}\Z", text) or not bounds[0] <= int(text) <= bounds[1]:
        expected = "a whole number from {0} to {1}".format(*bounds)
        raise Refused(what, found=repr(value), expected=expected, cure=cure)
    return int(text)


def to_kb(text, what, bare=None, where=None, cure=None):
    """KiB of "16G", "2M" or "64K"; a number without unit has the unit *bare*, or is refused if that is None."""
    match = _AMOUNT.match(str(text).strip()) if not isinstance(text, bool) else None
    unit = (match.group(2) or bare) if match else None
    if not unit:
        raise Refused(
            "not {0}".format(what), where=where, found=repr(text), expected="a number with unit, such as 1G", cure=cure
        )
    return int(match.group(1)) * _KIB[unit.upper()]


def to_mb(text, what, bare=None, where=None, cure=None):
    """MiB of an amount, rounded up."""
    return -(-to_kb(text, what, bare, where, cure) // 1024)


def render_kb(size_kb):
    """The kernel's own notation: 1048576 is "1G", 2048 is "2M", 64 is "64K"."""
    for unit in ("T", "G", "M"):
        if size_kb and size_kb % _KIB[unit] == 0:
            return "{0}{1}".format(size_kb // _KIB[unit], unit)
    return "{0}K".format(size_kb)
