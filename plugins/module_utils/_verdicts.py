# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a check may say, and what several checks need to know of the evidence.

A check is a function of the evidence (see _evidence.py) that yields verdicts: fail() or warn() for each subject at
fault, ok() for what was looked at and found in order, skip() where it cannot judge.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _cpuset


def _verdict(status, subject, found, expected, cure):
    return {"status": status, "subject": subject, "found": found, "expected": expected, "cure": cure}


def fail(subject, found, expected, cure):
    return _verdict("fail", subject, found, expected, cure)


def warn(subject, found, expected, cure):
    return _verdict("warn", subject, found, expected, cure)


def ok(found, expected=None):
    return _verdict("pass", None, found, expected, None)


def skip(why):
    return _verdict("skip", None, why, None, None)


def cpus(text_or_set):
    """CPUs as a list for people: "2-5,8-11", or "none"."""
    return _cpuset.render(_cpuset.parse(text_or_set)) or "none"


def pmd_cpus(evidence):
    """CPUs of the PMD threads that run; of those that are planned while none runs."""
    running = {thread["pmd"] for thread in evidence["threads"] if thread["pmd"] is not None}
    if running or not evidence["plan"]:
        return running
    return _cpuset.parse(evidence["plan"]["cpus"]["pmd"])


def quoted(evidence, check, *subjects):
    """The log line that explains a verdict and its meaning, ready to be put behind what was found; "" without one.

    A line about the first of *subjects* says most, one about nobody in particular least.
    """
    known = [row for row in evidence["log"] or [] if row["check"] == check]
    for subject in subjects + (None,):
        rows = [row for row in known if row["subject"] == subject]
        if rows:
            return _quote(rows)
    return ""


def quoted_line(evidence, pattern):
    """The same for one known line by its id, whoever it is about."""
    return _quote([row for row in evidence["log"] or [] if row["id"] == pattern])


def _quote(rows):
    # The first complaint is the cause, the later ones follow from it.
    text = '; the log says "{0}" ({1})'
    return text.format(rows[0]["line"].split("|", 2)[-1], rows[0]["meaning"]) if rows else ""


def names(items, most=5):
    """A list for people that stays short."""
    items = [str(item) for item in items]
    rest = len(items) - most
    return ", ".join(items[:most]) + (" and {0} more".format(rest) if rest > 0 else "")


# What a check needs before it can judge: None, or why it must be skipped.


def a_plan(evidence):
    return None if evidence["plan"] else "no plan was given"


def not_captured(evidence):
    return evidence["silent"] if evidence["captured"] else None


def a_switch(evidence):
    return evidence["silent"]


def a_datapath(evidence):
    """The rest of the switch is only worth judging when DPDK came up, if it was asked for at all."""
    if evidence["silent"]:
        return evidence["silent"]
    failed = evidence["dpdk_wanted"] and not evidence["open_vswitch"]["dpdk_initialized"]
    return "DPDK is not initialised, see switch.dpdk_initialized" if failed else None


def pmd_threads(evidence):
    """PMD threads to judge."""
    why = a_datapath(evidence)
    return why or (None if evidence["stats"]["pmds"] else "there is no PMD thread")


def two_samples(evidence):
    if evidence["silent"]:
        return evidence["silent"]
    growth = evidence["growth"]
    if growth is None:
        return "interval is 0, so nothing can be seen growing"
    return "the daemon was restarted between the samples" if growth["restarted"] else None


def pmd_cpus_known(evidence):
    return None if pmd_cpus(evidence) else "no PMD thread runs, and none is planned"
