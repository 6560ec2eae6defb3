# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan says besides its numbers: why each number is what it is, what to watch, and how an option is called.

Private to the collection. Python 3.6+, standard library only.
"""


class Notes:
    """Collects the reasons and warnings of one plan, in the order in which they were thought."""

    def __init__(self):
        self.reasons = []
        self.warnings = []

    def because(self, text, *values):
        """One complete sentence for people."""
        self.reasons.append(text.format(*values))

    def warn(self, identity, text, *values):
        """One complete sentence; *identity* is stable and may be tested for."""
        self.warnings.append({"id": identity, "text": text.format(*values)})


def option(name):
    """How messages call an option: the role variable first, since that is what most operators write."""
    return "host_plan_{0} (option {0})".format(name)


def counted(number, noun):
    """Number and noun, such as "1 core" or "2 cores"."""
    return "{0} {1}{2}".format(number, noun, "" if number == 1 else "s")
