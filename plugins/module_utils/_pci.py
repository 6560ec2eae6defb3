# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of PCI devices: addresses and MAC addresses in one notation.

An address is domain:bus:device.function in hexadecimal; the domain may be left out (0000) and may have up to
32 bits (VMD, Hyper-V). Source: kernel document "Documentation/ABI/testing/sysfs-bus-pci".

Private to the collection. Python 3.6+, standard library only.
"""

import re

_ADDRESS = re.compile(r"^(?:([0-9a-fA-F]{4,8}):)?([0-9a-fA-F]{2}):([0-9a-fA-F]{2})\.([0-7])\Z")
_HEX = re.compile(r"^[0-9a-fA-F]{12}\Z")


def address(text):
    """*text* as the kernel writes it ("0000:81:00.0"), or None if it is not a PCI address."""
    match = _ADDRESS.match(str(text).strip())
    if not match:
        return None
    domain, bus, device, function = match.groups()
    return "{0}:{1}:{2}.{3}".format(domain or "0000", bus, device, function).lower()


def sort_key(text):
    """Orders addresses by number: 0000:9:… before 10000:…, whatever the width of the domain."""
    domain, bus, rest = text.split(":")
    device, function = rest.split(".")
    return int(domain, 16), int(bus, 16), int(device, 16), int(function)


def mac(text):
    """*text* as "52:54:00:12:34:56", or None; colons, dashes, Cisco dots and plain digits are understood."""
    digits = re.sub(r"[:.\-]", "", str(text).strip())
    if not _HEX.match(digits):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2)).lower()
