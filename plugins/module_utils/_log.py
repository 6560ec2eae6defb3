# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads ovs-vswitchd.log: the lines of the present life of the daemon, and the known ones among them.

Private to the collection. Python 3.6+, standard library only.
Source: ovs-appctl(8), "LOGGING COMMANDS"; each message carries its number since the start.
"""

import collections
import re

from ._log_patterns import JUDGED, QUOTED

Pattern = collections.namedtuple("Pattern", "id check verdict normal regex meaning")

_START = re.compile(r"\|00001\|vlog\|INFO\|opened log file")
_EAL_ARGS = re.compile(r"\|dpdk\|INFO\|EAL ARGS: (?P<args>.*)\.\Z")
_SUBJECTS = ("port", "port2", "port3", "dev", "size", "size2")


def _patterns():
    for name, verdict, normal, regex, meaning in JUDGED:
        yield Pattern(name, None, verdict, normal, re.compile(regex), meaning)
    for check, known in QUOTED.items():
        for name, regex, meaning in known:
            yield Pattern(name, check, None, 0, re.compile(regex), meaning)


PATTERNS = tuple(_patterns())


def since_start(text):
    """Lines of the present life of the daemon: message number 1 opens a life, a rotation goes on counting."""
    lines = text.splitlines()
    for number in range(len(lines) - 1, -1, -1):
        if _START.search(lines[number]):
            return lines[number:]
    return lines


def findings(lines):
    """One entry per known pattern and subject: {id, check, verdict, subject, count, line, meaning}, first ones first.

    *line* is the last of its kind. What is normal a few times is left out until there are more.
    """
    found = collections.OrderedDict()
    for line in lines:
        for pattern in PATTERNS:
            match = pattern.regex.search(line)
            if match:
                entry = found.setdefault((pattern.id, _subject(match)), [pattern, 0, line])
                entry[1:] = [entry[1] + 1, line]
    return [
        {
            "id": pattern.id,
            "check": pattern.check,
            "verdict": pattern.verdict,
            "subject": subject,
            "count": count,
            "line": line,
            "meaning": pattern.meaning,
        }
        for (_id, subject), (pattern, count, line) in found.items()
        if count > pattern.normal
    ]


def _subject(match):
    groups = match.groupdict()
    return next((groups[name] for name in _SUBJECTS if groups.get(name)), None)


def eal_arguments(lines):
    """The words that the running EAL was started with, None if DPDK was not started."""
    for line in reversed(lines):
        match = _EAL_ARGS.search(line)
        if match:
            return match.group("args").split()[1:]
    return None
