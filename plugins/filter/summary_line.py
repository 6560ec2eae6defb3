# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line per host at the end of a play: how it ended, and what is left to do."""

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._notes import counted

DOCUMENTATION = r"""
name: summary_line
author: nfv.ovs_dpdk contributors (@nfv)
version_added: 1.0.0
short_description: Says in one line how a host ended
description:
  - Joins PMD threads, ports, how many warnings the plan has, a pending reboot or restart and the verdict of the checks.
options:
  _input:
    description: The artifact that role P(nfv.ovs_dpdk.host_summary#role) leaves.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say in one line how the host ended
  ansible.builtin.debug:
    msg: "{{ artifact | nfv.ovs_dpdk.summary_line }}"
"""

RETURN = r"""
_value:
  description: One line of text.
  type: string
"""


def summary_line(artifact):
    """One line that says how a host ended, from the artifact of role host_summary."""
    cpus, verify = artifact["plan"].get("cpus", {}), artifact["verify"]
    facts = []
    if cpus:
        facts.append("PMD threads on CPUs {0}".format(cpus["pmd"] or "none"))
        facts.append(counted(len(artifact["plan"]["devices"]), "DPDK port"))
    if artifact["warnings"]:
        facts.append(counted(len(artifact["warnings"]), "warning") + " in the plan")
    if artifact["reboot_required"]:
        facts.append("REBOOT REQUIRED: " + _first(artifact["reboot_reasons"]))
    if artifact["restart_required"]:
        facts.append("RESTART of ovs-vswitchd REQUIRED")
    if verify and not artifact["check_mode"]:
        counts = "{pass} checks pass, {warn} warn, {fail} fail, {skip} skip".format(**verify)
        facts.append("{0}: {1}".format("NOT PROVEN" if verify["fail"] else "proven", counts))
        facts.extend(["failed: " + ", ".join(artifact["failed_checks"])] if verify["fail"] else [])
    if artifact["unfinished"]:
        facts.append("stopped before the proof")
    if artifact["check_mode"]:
        facts.append("check mode, nothing was changed")
    return ", ".join(facts) or "stopped before there was a plan"


def _first(reasons):
    more = len(reasons) - 1
    return "; ".join(reasons[:1]) + (" and {0} more reasons".format(more) if more > 0 else "")


class FilterModule:
    """Filters for people's eyes."""

    def filters(self):
        return {"summary_line": summary_line}
