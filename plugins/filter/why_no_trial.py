# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether new kernel arguments are booted on trial."""

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._trial_choice import why_not

DOCUMENTATION = r"""
name: why_no_trial
author: nfv.ovs_dpdk contributors (@nfv)
version_added: 1.0.0
short_description: Says why new kernel arguments are not booted on trial
description:
  - Sets what M(nfv.ovs_dpdk.kernel_cmdline) knows of the host beside what the operator has said.
positional: asked, consent, mechanism
options:
  _input:
    description: The facts RV(nfv.ovs_dpdk.kernel_cmdline#module:trial); an empty dictionary where nobody has looked.
    type: dict
    required: true
  asked:
    description: What the operator wants, as C(kernel_args_trial).
    type: str
    choices: [auto, always, never]
    default: auto
  consent:
    description: The operator's consent to a reboot as P(nfv.ovs_dpdk.consent#filter) reads it.
    type: str
    choices: ["yes", "no", unset]
    default: "yes"
  mechanism:
    description: What isolates CPUs, as C(isolation.mechanism) of the plan.
    type: str
    default: kernel
"""

EXAMPLES = r"""
- name: Say why no line is tried first
  ansible.builtin.debug:
    msg: "{{ line.trial | nfv.ovs_dpdk.why_no_trial(mechanism=nfv_ovs_dpdk_plan.isolation.mechanism) }}"
"""

RETURN = r"""
_value:
  description: The reason in words; empty where they are booted on trial.
  type: str
"""


class FilterModule:
    """The filter for a trial of kernel arguments."""

    def filters(self):
        return {"why_no_trial": why_not}
