# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CPU lists in templates: the kernel's list text, masks, and how many there are."""

from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import OvsDpdkError


def _cpus(value):
    """The set of CPUs that a list, a text, a number or a mask with 0x names."""
    try:
        if isinstance(value, str) and value.strip()[:2].lower() == "0x":
            return _cpuset.from_mask(value)
        return _cpuset.parse(value, exclusions=True)
    except OvsDpdkError as exc:
        raise AnsibleFilterError(str(exc))


def cpu_list(value):
    """Kernel list text: "0-3,8"."""
    return _cpuset.render(_cpus(value))


def cpu_mask(value):
    """Hexadecimal mask as Open vSwitch and the EAL read it: "0x10f"."""
    return _cpuset.to_mask(_cpus(value))


def cpu_count(value):
    """Number of CPUs."""
    return len(_cpus(value))


class FilterModule:
    """Filters for CPU lists."""

    def filters(self):
        return {"cpu_list": cpu_list, "cpu_mask": cpu_mask, "cpu_count": cpu_count}
