# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be said about an environment: contradictions, doubts, and what is worth knowing, each with its cure.

Private to the collection. Python 3.6+, standard library only.
"""

STATUSES = ("fail", "warn", "info")


class Findings:
    """Collects them all in the order in which they were thought; a contradiction never ends the search."""

    def __init__(self):
        self._rows = []

    def fail(self, parameter, found, expected, cure, instead):
        """A contradiction: the value is not in the request; *instead* says what the plan does, with {words}."""
        self._add("fail", parameter, found, expected, cure, "Left out: " + instead)

    def warn(self, parameter, found, expected, cure):
        """Allowed, but hardly meant or bad."""
        self._add("warn", parameter, found, expected, cure, None)

    def info(self, parameter, found, expected, cure):
        """Nothing to be done, but to be known."""
        self._add("info", parameter, found, expected, cure, None)

    def refused(self, found, expected, cure):
        """The planner's own refusal of what remained: there is no plan."""
        self._add("fail", "plan", found, expected, cure, None)

    def _add(self, status, parameter, found, expected, cure, instead):
        row = {"parameter": parameter, "status": status, "found": found, "expected": expected, "cure": cure}
        self._rows.append((row, instead))

    def finished(self, plan):
        """The rows, the worst first, with what the plan says instead; *plan* is None if there is none."""
        words = _words(plan) if plan else {}
        rows = []
        for row, instead in self._rows:
            if instead:
                said = instead.format(**words) if plan else "Left out, and there is no plan"
                row = dict(row, cure="{0} {1}.".format(row["cure"], said))
            if row not in rows:
                rows.append(row)
        return sorted(rows, key=lambda row: STATUSES.index(row["status"]))


def _words(plan):
    """What the sentences about the plan may name."""
    rows = ["{guests} of {size} on node {node}".format(**row) for row in plan["hugepages"]]
    cpus = {role: plan["cpus"][role] for role in ("pmd", "vm", "housekeeping", "isolated")}
    words = {role: "CPUs " + cpus[role] if cpus[role] else "no CPUs" for role in cpus}
    words.update(
        guests=", ".join(rows) or "none",
        lcores=plan["other_config"].get("dpdk-lcore-mask", "not set"),
        mechanism=plan["isolation"]["mechanism"],
        pages="pages of " + plan["hugepages"][0]["size"] if plan["hugepages"] else "no hugepages",
        reserved=plan["nova"]["reserved_host_memory_mb"],
        socket_memory=plan["socket_memory"] + " MiB" if plan["socket_memory"] else "no memory",
    )
    return words
