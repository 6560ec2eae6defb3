# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The values of an environment as data: CPU sets, kernel tokens, amounts; one value for each meaning.

Quotes inside of quotes, lists, numbers and blank texts are what heat templates make of them. What cannot be read, and
what is said twice in different words, is left out with a finding.

Private to the collection. Python 3.6+, standard library only.
"""

import collections
import re

from . import _cmdline, _cpuset, _sizes
from ._errors import Refused
from ._tripleo_names import MEANING_OF, MEANINGS

# *name* is how the operator called it, for messages.
Given = collections.namedtuple("Given", "name value")

# What the plan does without the value, by key or by kind of the meaning; see _tripleo_findings for the words.
_INSTEAD = {
    "pmd_cpus": "the plan gives PMD threads {pmd}",
    "vm_cpus": "the plan gives guests {vm}",
    "host_cpus": "the plan gives the host {housekeeping}",
    "shared_cpus": "the plan gives the host {housekeeping}",
    "isolated_cpus": "the plan isolates {isolated}",
    "kernel_args": "the plan writes kernel arguments of its own",
    "hugepages": "the plan gives guests hugepages: {guests}",
    "socket_memory": "the plan gives Open vSwitch {socket_memory}",
    "reserved_memory": "the plan keeps {reserved} MiB for the host",
    "reserved_pages": "the plan gives Open vSwitch {socket_memory}",
    "datapath": "all bridges of the plan are netdev",
    "enabled": "the plan switches DPDK on",
    "tuned_profile": "isolation is {mechanism} in the plan",
}
_ROW = re.compile(r"^node:([0-9]{1,5}),size:([0-9]{1,12}),count:([0-9]{1,9})\Z")


def instead_of(key):
    """What the plan does if a meaning is left out."""
    return _INSTEAD.get(key, "the plan does without")


def collect(entries, findings):
    """({key: Given}, keys that are named but blank) of the entries of an environment."""
    given, blank = {}, set()
    for meaning in MEANINGS:
        mine = [entry for entry in entries if MEANING_OF[entry.name] is meaning]
        blank.update(meaning.key for entry in mine if _blank(entry.value))
        read = [row for row in (_read(entry, findings) for entry in mine if not _blank(entry.value)) if row]
        if all(_meant(row[1]) == _meant(read[0][1]) for row in read[1:]):
            given.update((meaning.key, Given(entry.name, value)) for entry, value in read[:1])
        else:
            _differ(meaning, [entry for entry, _value in read], findings)
    return given, blank


def _blank(value):
    return value is None or value in ([], {}) or (isinstance(value, str) and not value.strip("'\" \t\n"))


def _read(entry, findings):
    """(entry, its value as data), or None with a finding."""
    meaning = MEANING_OF[entry.name]
    try:
        return entry, _PARSERS[meaning.kind](entry.value)
    except Refused as exc:
        parts = exc.parts
        cure = "Correct {0}.".format(entry.name)
        findings.fail(entry.name, shown(entry.value), parts["expected"] or parts["what"], cure, instead_of(meaning.key))
        return None


def _meant(value):
    """What two spellings have to agree in: kernel tokens by what they set, everything else by itself."""
    if isinstance(value, list):
        return {(setting.key, setting.value) for setting in _cmdline.settings(value)}
    return value


def _differ(meaning, entries, findings):
    label = "{0.role}: {0.name}" if len({entry.name for entry in entries}) == 1 else "{0.name}"
    found = "; ".join("{0} {1}".format(label.format(entry), shown(entry.value)) for entry in entries)
    cure = "Keep one of them: they mean the same."
    findings.fail(entries[0].name, found, "one value", cure, instead_of(meaning.key))


def shown(value):
    """A value for messages: without the brackets of text, and never longer than a line."""
    text = value.strip() if isinstance(value, str) else repr(value)
    return text if len(text) <= 90 else text[:87] + "..."


def _text(value):
    if isinstance(value, (bool, dict, list)):
        raise Refused("not a text", expected="a text or a number")
    text = str(value).strip()
    while len(text) > 1 and text[0] in "'\"" and text[0] == text[-1] and text[0] not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _joined(value, separator=","):
    """A list, or its text without the quotes inside of quotes."""
    return separator.join(_text(item) for item in value) if isinstance(value, (list, tuple)) else _text(value)


def _cpus(value):
    text = _joined(value)
    if not re.match(r"^[0-9,-]+\Z", text):
        raise Refused("not a core list", expected="digits, comma and dash only, such as 4,6,5,7")
    return frozenset(_cpuset.parse(text, "core list"))


def _nova_cpus(value):
    text = _joined(value)
    if not re.match(r"^[0-9,^\s-]+\Z", text):
        raise Refused("not a CPU set of nova", expected="a list like 8-35, exclusions like ^20")
    cpus = frozenset(_cpuset.parse(text, "CPU set of nova", exclusions=True))
    if not cpus:
        raise Refused("a set without CPUs", expected="at least one CPU")
    return cpus


def _args(value):
    return _cmdline.split(_joined(value, " "))


def _pools(value):
    """{"1048576": {"count": 64, "default": true}} with sizes in KiB, as kernel tokens."""
    expected = 'sizes in KiB and their counts, such as {"1048576": {"count": 64, "default": true}}'
    tokens = []
    for size_kb, row in sorted(value.items(), key=str) if isinstance(value, dict) else [(None, None)]:
        count = row.get("count") if isinstance(row, dict) else None
        if not re.match(r"^[0-9]{1,9}\Z", str(size_kb)) or not re.match(r"^[0-9]{1,9}\Z", str(count)):
            raise Refused("not a mapping of hugepages", expected=expected)
        size = _sizes.render_kb(int(size_kb))
        tokens[:0] = ["default_hugepagesz=" + size] if row.get("default") in (True, "true", "True") else []
        tokens += ["hugepagesz=" + size, "hugepages={0}".format(count)]
    return tokens


def _amounts(value):
    text = re.sub(r"\s", "", _joined(value))
    if not re.match(r"^[0-9]{1,9}(,[0-9]{1,9})*\Z", text):
        raise Refused("not a list of amounts", expected="MiB for each node id in turn, such as 1024,1024")
    return tuple(int(item) for item in text.split(","))


def _rows(value):
    """{(node, size in KiB, count)} of nova's reserved_huge_pages."""
    matches = [_ROW.match(_joined(item)) for item in (value if isinstance(value, list) else [value])]
    if not all(matches):
        raise Refused("not rows of reserved pages", expected="rows such as node:0,size:1048576,count:2")
    return frozenset(tuple(int(number) for number in match.groups()) for match in matches)


def _words(value):
    return tuple(filter(None, re.split(r"[,\s]+", _joined(value))))


def _bool(value):
    text = str(value).strip().lower()
    if text not in ("true", "false", "yes", "no", "1", "0"):
        raise Refused("neither true nor false", expected="true or false")
    return text in ("true", "yes", "1")


_PARSERS = {
    "cpus": _cpus,
    "nova_cpus": _nova_cpus,
    "args": _args,
    "pools": _pools,
    "amounts": _amounts,
    "rows": _rows,
    "words": _words,
    "bool": _bool,
    "text": _text,
}
