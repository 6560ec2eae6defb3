# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for TripleO, and what a TripleO environment gets wrong, for people."""

from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import OvsDpdkError
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._layout import verdicts, wrapped
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_names import used
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_write import write


def to_tripleo(plan, names="ovs"):
    """The plan as parameters of TripleO's heat templates."""
    try:
        return write(plan, names)
    except OvsDpdkError as exc:
        raise AnsibleFilterError(str(exc))


def tripleo_parameters(environment):
    """What of an environment is read at all: no values of other parameters, which may be passwords."""
    try:
        return used(environment)
    except OvsDpdkError as exc:
        raise AnsibleFilterError(str(exc))


def tripleo_table(result, width=72):
    """The findings as aligned text, the worst first; what is only said is named in the last line."""
    findings = result["findings"]
    rows = [dict(row, id=row["parameter"], subject=None) for row in findings]
    lines = verdicts(rows, width) or ["Nothing contradicts the machine."]
    quiet = [row["parameter"] for row in findings if row["status"] == "info"]
    text = "{0} info  {1}".format(len(quiet), ", ".join(sorted(set(quiet)))).rstrip()
    return "\n".join(lines + wrapped(text, width))


class FilterModule:
    """Filters for TripleO."""

    def filters(self):
        return {
            "to_tripleo": to_tripleo,
            "tripleo_parameters": tripleo_parameters,
            "tripleo_table": tripleo_table,
        }
