# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators and package managers write: survey text becomes data, DPDK drivers become package names."""

import re

import yaml
from ansible.errors import AnsibleFilterError


def from_survey(value, empty=None):
    """*value* itself, or the data that its text holds as YAML or JSON; blank text is *empty*."""
    if not isinstance(value, (str, bytes)):
        return empty if value is None else value
    try:
        data = yaml.safe_load(value)
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


class FilterModule:
    """Filters for inputs."""

    def filters(self):
        return {"from_survey": from_survey, "dpdk_packages": dpdk_packages}
