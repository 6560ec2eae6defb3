# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdicts of host_verify_info for people: what is wrong and what cures it first, then how much is right."""

import collections

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._layout import verdicts, wrapped

DOCUMENTATION = r"""
name: verify_table
author: nfv.ovs_dpdk contributors (@nfv)
version_added: 1.0.0
short_description: Prints the verdicts about a host as a table
description:
  - Failed checks come first, then warnings, each with what was expected and what cures it.
  - The last lines count what passed and what was skipped in each area.
options:
  _input:
    description: The result of M(nfv.ovs_dpdk.host_verify_info).
    type: dict
    required: true
  width:
    description: Columns to wrap the text at; lists of longer lines are folded once more in YAML output.
    type: int
    default: 72
"""

EXAMPLES = r"""
- name: Show the verdicts
  ansible.builtin.debug:
    msg: "{{ (verify | nfv.ovs_dpdk.verify_table).splitlines() }}"
"""

RETURN = r"""
_value:
  description: Aligned text of several lines.
  type: string
"""

QUIET = ("pass", "skip")


def verify_table(result, width=72):
    """The verdicts as aligned text, the worst first."""
    lines = verdicts(result["checks"], width) or ["No check fails, and none warns."]
    for status in QUIET:
        lines += _counts(result["checks"], status, width)
    return "\n".join(lines)


def _counts(rows, status, width):
    """ "61 pass  boot 2, cpus 12, …" """
    areas = collections.Counter(row["area"] for row in rows if row["status"] == status)
    named = ", ".join("{0} {1}".format(area, count) for area, count in areas.items())
    text = "{0} {1}  {2}".format(sum(areas.values()), status, named).rstrip()
    return wrapped(text, width)


class FilterModule:
    """Filters for people's eyes."""

    def filters(self):
        return {"verify_table": verify_table}
