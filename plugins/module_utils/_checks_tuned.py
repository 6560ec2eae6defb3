# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about TuneD: does the profile isolate what was planned, and nobody else beside it?

Private to the collection. Python 3.6+, standard library only.
Sources: tuned-adm(8), the files of TuneD's profile cpu-partitioning.
"""

from . import _cmdline, _tuned
from ._verdicts import a_plan, fail, names, ok, skip, warn


def planned(evidence):
    """A plan that isolates with TuneD."""
    why = a_plan(evidence)
    return why or (None if _tuned.planned_tokens(evidence["plan"]["isolation"]) else "the plan isolates without TuneD")


def concerned(evidence):
    """The same, or a profile that isolates although it is not planned."""
    return planned(evidence) if not _tuned.isolates(evidence["tuned"]["profile"]) else a_plan(evidence)


def profile(evidence):
    """The profile that isolates is active and takes the planned CPUs, or no such profile is."""
    found, isolation = evidence["tuned"], evidence["plan"]["isolation"]
    wanted = _tuned.planned_tokens(isolation)
    if not wanted:
        yield warn(
            None,
            "profile " + found["profile"],
            "no profile that isolates: the plan isolates by '{0}'".format(isolation["mechanism"]),
            "Activate another one (tuned-adm profile), or plan with host_plan_isolation=tuned.",
        )
        return
    text = "profile {0}, for the next boot {1}".format(found["profile"] or "none", " ".join(found["boot_tokens"]))
    if _tuned.PROFILE not in found["profile"].split() or _cmdline.lacking(found["boot_tokens"], wanted):
        yield fail(
            None,
            text.rstrip(),
            "profile {0}, {1}".format(_tuned.PROFILE, " ".join(wanted)),
            "Role cpu_isolation activates it.",
        )
    yield ok(text)


def verify(evidence):
    """What TuneD has set is still as it set it."""
    differences = evidence["tuned"]["differences"]
    if differences is None:
        yield skip("TuneD was not asked, see cpus.tuned_profile")
    elif differences:
        yield warn(
            None,
            "{0} settings differ: {1}".format(len(differences), names(differences)),
            "every setting as the profile has it",
            "Somebody else set it, or a reboot is due. systemctl restart tuned sets it again; {0}.".format(_tuned.LOG),
        )
    yield ok("tuned-adm verify finds no difference")
