# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets of CPUs: the kernel's list text, Python sets and hexadecimal masks.

Lists follow the kernel document "Documentation/admin-guide/kernel-parameters.rst" (cpu lists):
"0-3,8", strides "0-31:2/8" (the first 2 of every 8). nova's exclusions ("0-7,^3") are accepted where asked for.
Masks are what OVS and EAL read: hexadecimal, any width, no commas.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from ._errors import Refused

# Far above NR_CPUS of any kernel; keeps a typo such as "0-999999999" from filling the memory.
MAX_CPU = 65535

_ITEM = re.compile(r"^(\^?)([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9})/([0-9]{1,9}))?)?\Z")


def parse(text, what="CPU list", exclusions=False):
    """Set of the CPU numbers that *text* names; empty text is the empty set.

    Lists of numbers or texts are accepted too, and the quotes that heat templates put around a list.
    """
    if isinstance(text, dict):
        raise Refused("not a {0}".format(what), found=repr(text), expected="a list like 0-3,8")
    if isinstance(text, (list, tuple, set, frozenset)):
        text = ",".join(str(item) for item in text)
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    cleaned = re.sub(r"\s+", "", str(text or "")).strip("'\"")
    included, excluded = set(), set()
    for item in filter(None, cleaned.split(",")):
        negated, cpus = _item(item, what)
        if negated and not exclusions:
            raise Refused("a {0} cannot exclude CPUs".format(what), found=repr(item), expected="a list like 0-3,8")
        (excluded if negated else included).update(cpus)
    return included - excluded


def _item(item, what):
    match = _ITEM.match(item)
    if not match:
        raise Refused("not a {0}".format(what), found=repr(item), expected="a list like 0-3,8")
    negated, first, last, used, group = match.groups()
    first, last = int(first), int(last if last is not None else first)
    if last < first or last > MAX_CPU:
        raise Refused(
            "not a range in a {0}".format(what),
            found=repr(item),
            expected="first <= last <= {0}".format(MAX_CPU),
        )
    if used is None:
        return bool(negated), range(first, last + 1)
    used, group = int(used), int(group)
    if not 0 < used <= group:
        raise Refused("not a stride in a {0}".format(what), found=repr(item), expected="used/group like 1/2")
    return bool(negated), [cpu for cpu in range(first, last + 1) if (cpu - first) % group < used]


def render(cpus):
    """Kernel list text of *cpus*: sorted, ranges folded ("0-3,8"); the empty set is ""."""
    ranges = []
    for cpu in sorted(set(cpus)):
        if ranges and cpu == ranges[-1][1] + 1:
            ranges[-1][1] = cpu
        else:
            ranges.append([cpu, cpu])
    return ",".join(str(a) if a == b else "{0}-{1}".format(a, b) for a, b in ranges)


def to_mask(cpus):
    """Hexadecimal mask of *cpus*, lower-case with 0x: the form that OVS and EAL read at any width."""
    mask = 0
    for cpu in cpus:
        mask |= 1 << cpu
    return hex(mask)


def from_mask(text, what="CPU mask"):
    """Set of the CPUs in a hexadecimal mask, with or without 0x; the kernel's comma groups are accepted on input."""
    digits = str(text).strip().replace(",", "")
    digits = digits[2:] if digits[:2] in ("0x", "0X") else digits
    if not re.match(r"^[0-9a-fA-F]+\Z", digits) or len(digits) > MAX_CPU // 4 + 1:
        raise Refused("not a {0}".format(what), found=repr(text), expected="hexadecimal digits like 0x3c")
    value = int(digits, 16)
    return {bit for bit in range(value.bit_length()) if value >> bit & 1}
