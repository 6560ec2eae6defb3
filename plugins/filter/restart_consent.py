# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether ovs-vswitchd may be restarted."""

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._restart_consent import judge

DOCUMENTATION = r"""
name: restart_consent
author: nfv.ovs_dpdk contributors (@nfv)
version_added: 1.0.0
short_description: Says whether Open vSwitch may be restarted, and for what
description:
  - Sets what M(nfv.ovs_dpdk.vswitch_config) has answered beside what the operator has said.
positional: said, rebooted
options:
  _input:
    description: The result of M(nfv.ovs_dpdk.vswitch_config).
    type: dict
    required: true
  said:
    description: The operator's consent as P(nfv.ovs_dpdk.consent#filter) reads it.
    type: str
    choices: ["yes", "no", unset]
    required: true
  rebooted:
    description: Whether the host loses its ports in this very run anyway.
    type: bool
    default: false
  takeover:
    description: Keys of somebody else that may be replaced; one without its column belongs to C(other_config).
    type: list
    elements: str
    default: []
  selected:
    description: Whether the build with DPDK is selected, so that a running one without it is a reason.
    type: bool
    default: false
  upgraded:
    description: Packages that are going to be upgraded, before the reboot if there is one.
    type: list
    elements: str
    default: []
  unfinished:
    description: Packages whose interrupted installation is going to be finished, likewise.
    type: list
    elements: str
    default: []
  drained:
    description: Whether the host has been rebooted already, so that nothing is left to interrupt.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Restart the switch where nobody minds
  nfv.ovs_dpdk.vswitch_restart:
    reasons: "{{ config.restart_reasons }}"
    previous: "{{ config.before }}"
  when: (config | nfv.ovs_dpdk.restart_consent('unset')).verdict == 'go'
"""

RETURN = r"""
_value:
  description:
    - C(verdict) is V(go) where nothing stands against it, V(ask) where somebody must be asked first, and V(later) where
      it is not allowed. C(stops) is true where nothing may be changed before somebody has answered, or answers
      otherwise. C(reasons) says what a restart is needed for, C(traffic) what it would interrupt.
    - C(foreign) says which keys of somebody else would be replaced, C(settled) that all is in force.
  type: dict
"""


class FilterModule:
    """Filters for consent to a restart."""

    def filters(self):
        return {"restart_consent": judge}
