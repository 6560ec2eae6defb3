# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lease: one play at a time on a host, for longer than a single module runs.

A play that has a name holds the host from its first change on, for 15 minutes that each changing module renews. The
name comes with the environment (NFV_OVS_DPDK_JOB, "job@controller"), so that no task has to carry it. A module without
a name takes no lease, but respects one. A lease that has run out, or that is of an earlier boot, holds nobody up.

It runs out by the seconds since the host was booted, which nobody can set: the clock of the wall may step by hours when
a host finds its time server. What that clock says is kept for people, and for a lease that an earlier version took.

Pure. Private to the collection. Python 3.6+, standard library only.
"""

import calendar
import re
import time

from ._errors import Refused

VARIABLE = "NFV_OVS_DPDK_JOB"
PLAY_VARIABLE = "nfv_ovs_dpdk_job"
SECONDS = 900

_NAME = re.compile(r"^[^\s\x00-\x1f\x7f'\"]{1,200}\Z")
_TIME = "%Y-%m-%dT%H:%M:%SZ"

# Sentences that conduct() hands to the operator.
news = []


def holder(environment):
    """{"job", "host"} of the play that runs this module; None if it has no name."""
    name = environment.get(VARIABLE, "")
    if not name:
        return None
    if not _NAME.match(name):
        raise Refused(
            "not a name for a job",
            where=VARIABLE,
            found=repr(name),
            expected="up to 200 characters without blanks and quotes, such as 4711@controller",
            cure="Change {0}.".format(PLAY_VARIABLE),
        )
    job, _at, host = name.rpartition("@")
    return {"job": job or host, "host": host if job else None}


def check(found, mine, boot_id, now, uptime=None):
    """Refused if the lease *found* is that of another play than *mine* (see holder), and holds."""
    if found and not _same(found, mine) and _active(found, boot_id, now, uptime):
        cure = "Wait for its end; if it is dead, its lease ends by itself. {0}={1} goes on in its place at once."
        raise Refused(
            "another play is at work on this host",
            found="job {0}, since {1}, until {2}".format(named(found), found.get("since"), found.get("until")),
            expected="one play at a time",
            cure=cure.format(PLAY_VARIABLE, named(found)),
        )


def renewed(found, mine, boot_id, now, uptime=None):
    """The lease that *mine* gets in place of *found*; None without a name. Refused if another holds it.

    *now* is the clock of the wall in seconds, *uptime* that of the boot, None if it is unknown.
    """
    check(found, mine, boot_id, now, uptime)
    if mine is None:
        return None
    if found and not _same(found, mine):
        why = "has run out" if found.get("boot_id") == boot_id else "is of an earlier boot"
        news.append("The lease of job {0} {1}; this play takes over.".format(named(found), why))
    since = found["since"] if found and _same(found, mine) and "since" in found else _text(now)
    lease = dict(mine, boot_id=boot_id, since=since, until=_text(now + SECONDS))
    return lease if uptime is None else dict(lease, until_uptime=uptime + SECONDS)


def held(found, mine):
    """Whether the lease *found* is that of *mine*."""
    return bool(found and mine and _same(found, mine))


def named(lease):
    """The holder as it names itself."""
    return "{job}@{host}".format(**lease) if lease.get("host") else str(lease.get("job"))


def _same(found, mine):
    return mine is not None and (found.get("job"), found.get("host")) == (mine["job"], mine["host"])


def _active(found, boot_id, now, uptime):
    try:
        left = _left(found, now, uptime)
    except (KeyError, TypeError, ValueError):
        return False
    # More than it can ever have been given: the clock was set back.
    return found.get("boot_id") == boot_id and 0 < left <= SECONDS


def _left(found, now, uptime):
    if uptime is not None and "until_uptime" in found:
        return found["until_uptime"] - uptime
    return calendar.timegm(time.strptime(found["until"], _TIME)) - now


def _text(seconds):
    return time.strftime(_TIME, time.gmtime(seconds))
