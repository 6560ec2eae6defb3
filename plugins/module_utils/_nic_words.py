# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The words of option nics: "WHO [key=value ...]", one DPDK port each.

WHO is a PCI address, a MAC address in any common notation, or the name of a network interface.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _pci, _sizes
from ._errors import Refused
from ._notes import option

DRIVERS = ("vfio-pci", "uio_pci_generic", "igb_uio", "keep")
# Words of later versions; refusing them now keeps their meaning free.
RESERVED = ("name", "bridge", "vf", "representor")
MTU_RANGE = (68, 9702)  # Open vSwitch: the largest frame, MTU + 26 bytes, is 9728
MAX_RXQ = 1024  # RTE_MAX_QUEUES_PER_PORT
MAX_DESC = 32768  # 16-bit ring sizes, a power of two

_NAME = re.compile(r"^[^\s/:;=]{1,127}\Z")


def parse(value):
    """Ports as [{"who", "kind", "value", "mtu", "rxq", "desc", "node", "driver"}]; [] for none."""
    if value is None:
        return []
    if isinstance(value, (list, tuple)):
        entries = value
    elif isinstance(value, str):
        entries = re.split(r"[\n;]", value)
    else:
        entries = [value]
    ports = []
    for entry in entries:
        if not isinstance(entry, str):
            raise _refused(entry, "not a NIC", "text such as '0000:81:00.0 mtu=9000 rxq=2'")
        if entry.strip():
            ports.append(_port(entry.split()))
    return ports


def _port(words):
    who = words[0]
    kind, value = _who(who)
    port = {"who": who, "kind": kind, "value": value, "mtu": 1500, "rxq": 1, "desc": None, "node": None, "driver": None}
    seen = set()
    for word in words[1:]:
        key, equals, text = word.partition("=")
        if key in RESERVED:
            raise _refused(word, "a reserved word for NIC {0}".format(who), "mtu, rxq, desc, node or driver")
        if key in seen:
            raise _refused(word, "a repeated word for NIC {0}".format(who), "each word once")
        if not equals or key not in _VALUES:
            what = "an unknown word for NIC {0}".format(who)
            raise _refused(word, what, "key=value with mtu, rxq, desc, node or driver")
        seen.add(key)
        port[key] = _VALUES[key](who, text)
    return port


def _who(text):
    if _pci.address(text):
        return "address", _pci.address(text)
    if _pci.mac(text):
        return "mac", _pci.mac(text)
    if "," in text:
        raise _refused(text, "not a NIC", "one NIC; the next one behind a ';' or on a line of its own")
    if _NAME.match(text):
        return "name", text
    raise _refused(text, "not a NIC", "a PCI address, a MAC address or an interface name")


def _mtu(who, text):
    return _number(who, "mtu", text, MTU_RANGE)


def _rxq(who, text):
    return text if text == "auto" else _number(who, "rxq", text, (1, MAX_RXQ))


def _desc(who, text):
    number = _number(who, "desc", text, (1, MAX_DESC))
    if number & (number - 1):
        raise _refused(text, "not a valid desc for NIC {0}".format(who), "a power of two (the default is 2048)")
    return number


def _node(who, text):
    return _number(who, "node", text, (0, 65535))


def _driver(who, text):
    if text not in DRIVERS:
        raise _refused(text, "not a valid driver for NIC {0}".format(who), "one of " + ", ".join(DRIVERS))
    return text


_VALUES = {"mtu": _mtu, "rxq": _rxq, "desc": _desc, "node": _node, "driver": _driver}


def _number(who, key, text, bounds):
    what = "not a valid {0} for NIC {1}".format(key, who)
    return _sizes.whole(text, bounds, what, "Correct {0}.".format(option("nics")))


def _refused(found, what, expected):
    return Refused(what, found=repr(found), expected=expected, cure="Correct {0}.".format(option("nics")))
