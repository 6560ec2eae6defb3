# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators and package managers write: survey text becomes data, DPDK drivers become package names."""

import re

import yaml
from ansible.errors import AnsibleFilterError


class Loader(yaml.SafeLoader):
    """YAML without numbers to the base of 60, which PCI and MAC addresses are to YAML 1.1."""

    yaml_implicit_resolvers = {
        first: [("tag:yaml.org,2002:str", re.compile(r"[-+]?[0-9][0-9_]*(:[0-9]+)+(\.[0-9_]*)?\Z")), *rows]
        if first in "-+0123456789"
        else rows
        for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def from_survey(value, empty=None):
    """*value* itself, or the data that its text holds as YAML or JSON; blank text is *empty*."""
    if not isinstance(value, (str, bytes)):
        return empty if value is None else value
    try:
        data = yaml.load(value, Loader)  # noqa: S506  a safe one
    except yaml.YAMLError as exc:
        raise AnsibleFilterError("not YAML or JSON: {0!r}: {1}".format(value, exc))
    return empty if data is None else data


def dpdk_packages(drivers):
    """Debian's package patterns for DPDK driver libraries: "net_virtio" is librte-net-virtio[0-9]*.

    The number at the end is DPDK's ABI version and changes with the release; a name that ends in a digit is
    followed by a dash (librte-net-vmxnet3-23).
    """
    names = ["librte-" + driver.replace("_", "-") for driver in drivers]
    return [name + ("-" if re.search(r"[0-9]$", name) else "") + "[0-9]*" for name in names]


def words(value):
    """The words of a list or of a text with blanks, commas, semicolons or lines between them."""
    if value is None or isinstance(value, str):
        return re.findall(r"[^\s,;]+", value or "")
    return [str(item) for item in value]


def taken_away(bridges):
    """Names of the bridges and ports that these descriptions (see vswitch_bridge) take away."""
    gone = [bridge["bridge"] for bridge in bridges if bridge.get("state") == "absent"]
    ports = [port for bridge in bridges for port in bridge.get("ports") or []]
    return gone + [port["name"] for port in ports if port.get("state") == "absent"]


def consent(value):
    """What an operator said: "yes", "no" or, where there was no answer, "unset"; anything else is no answer at all."""
    said = str("" if value is None else value).strip().lower()
    if said in ("true", "yes", "on", "1"):
        return "yes"
    if said in ("false", "no", "off", "0"):
        return "no"
    if not said:
        return "unset"
    raise AnsibleFilterError("neither yes nor no: found {0!r}, expected true, false or nothing".format(value))


class FilterModule:
    """Filters for inputs."""

    def filters(self):
        return {
            "from_survey": from_survey,
            "dpdk_packages": dpdk_packages,
            "words": words,
            "taken_away": taken_away,
            "consent": consent,
        }
