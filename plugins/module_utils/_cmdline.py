# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel command line: an ordered list of tokens, compared by what they mean to the kernel.

Sources: lib/cmdline.c (next_arg, memparse), kernel/params.c (parameq, "--"), mm/hugetlb.c (hugepages= belongs to the
size named before it), kernel/sched/isolation.c (isolcpus= flags; the first one is kept).

Private to the collection. Python 3.6+, standard library only.
"""

import collections
import re

from . import _cpuset
from ._errors import Refused

CPU_LISTS = frozenset(("isolcpus", "nohz_full", "rcu_nocbs", "irqaffinity", "kthread_cpus"))
ISOLCPUS_FLAGS = frozenset(("nohz", "domain", "managed_irq"))
PAGE_NAMES = frozenset(("default_hugepagesz", "hugepagesz", "hugepages"))
# Parameters that add up when they are given several times; everything else has one value in force.
REPEATABLE = frozenset(("console", "earlycon", "ip", "memmap", "acpi_osi", "module_blacklist", "modprobe.blacklist"))
REPEATABLE_PREFIXES = ("rd.", "systemd.")

BLANKS = " \t\n\v\f\r"

_SIZE = re.compile(r"^(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgGtTpPeE]?)")
_COUNTS = re.compile(r"^([0-9]{1,18}|[0-9]{1,9}:[0-9]{1,18}(,[0-9]{1,9}:[0-9]{1,18})*)\Z")

# What one or two tokens set: *key* says which setting, *value* what it becomes, *tokens* how it was written.
Setting = collections.namedtuple("Setting", "key value tokens")


def split(text):
    """Tokens of a kernel command line: double quotes protect blanks, "--" ends what is for the kernel."""
    tokens, word, quoted = [], "", False
    for character in str(text).rstrip("\0") + " ":
        if character == '"':
            quoted = not quoted
        if character in BLANKS and not quoted:
            tokens += [word] if word else []
            word = ""
        else:
            word += character
    # An unclosed quote runs to the end of the line, as in the kernel.
    tokens += [word.rstrip()] if word.rstrip() else []
    return tokens[: tokens.index("--")] if "--" in tokens else tokens


def name(token):
    """Name of the parameter, as the kernel compares it: "-" and "_" are one character."""
    return token.lstrip('"').partition("=")[0].strip('"').replace("-", "_")


def size_bytes(text):
    """Bytes of a size such as 1G, 1GB, 1024M or 1073741824 (a bare number is bytes); None if it is not a size."""
    match = _SIZE.match(str(text))
    if not match:
        return None
    digits, unit = match.groups()
    try:
        number = int(digits, 16 if digits[:2] in ("0x", "0X") else 8 if digits[0] == "0" else 10)
    except ValueError:
        return None
    return number << 10 * (" kmgtpe".index(unit.lower()) if unit else 0)


def settings(line):
    """What a line (text or tokens) sets, in order: each hugepages= is joined to the size that it counts."""
    tokens = split(line) if isinstance(line, str) else list(line)
    if tokens and isinstance(tokens[0], Setting):
        return tokens
    found, size, pending = [], None, None
    default = next((_size(token) for token in tokens if name(token) == "default_hugepagesz"), None)
    for token in tokens:
        label = name(token)
        if label in ("hugepagesz", "default_hugepagesz"):
            found += _uncounted(pending, size)
            size, pending = _size(token), token if label == "hugepagesz" else None
            found += [] if pending else [Setting((label,), size, (token,))]
        elif label == "hugepages":
            key = ("hugepages", default if size is None else size)
            found.append(Setting(key, _page_counts(_value(token)), (pending, token) if pending else (token,)))
            pending = None
        else:
            found.append(_plain(label, token))
    return found + _uncounted(pending, size)


def lacking(line, wanted):
    """The settings among *wanted* that a line does not have."""
    there = {(setting.key, setting.value) for setting in settings(line)}
    return [wish for wish in settings(wanted) if (wish.key, wish.value) not in there]


def compare(running, wanted, owned=()):
    """How a line differs from the wanted tokens; every argument is a text, a list of tokens or a list of settings.

    *owned* is what this collection once put there. The answer holds lists of tokens: ``missing`` (wanted, not on the
    line), ``superfluous`` (ours, no longer wanted, still there) and ``foreign`` (neither wanted nor ours), and of
    dicts: ``conflicts`` (somebody else's token sets the same thing to something else).
    """
    wishes = settings(wanted)
    by_key = {wish.key: wish for wish in reversed(wishes)}
    asked = {(wish.key, wish.value) for wish in wishes}
    ours = {(setting.key, setting.value) for setting in settings(owned)}
    result = {"missing": words(lacking(running, wishes)), "superfluous": [], "conflicts": [], "foreign": []}
    for setting in settings(running):
        identity = (setting.key, setting.value)
        if identity in asked:
            continue
        if identity in ours:
            result["superfluous"] += setting.tokens
            continue
        result["foreign"] += setting.tokens
        if setting.key in by_key:
            result["conflicts"].append(_conflict(setting, by_key[setting.key]))
    return result


def reasons(difference):
    """Why a host has to be rebooted for what compare() found, in sentences; [] if it need not be."""
    found = ["not on the running kernel line: " + " ".join(difference["missing"])] if difference["missing"] else []
    if difference["superfluous"]:
        found.append("ours on the running kernel line, no longer wanted: " + " ".join(difference["superfluous"]))
    return found + ["on the running kernel line, " + conflict["text"] for conflict in difference["conflicts"]]


def words(found):
    """The tokens of some settings."""
    return [token for setting in found for token in setting.tokens]


def contradictions(tokens):
    """Conflicts within one list of tokens, such as two different isolcpus=."""
    first, found = {}, []
    for setting in settings(tokens):
        kept = first.setdefault(setting.key, setting)
        if kept.value != setting.value:
            found.append(_conflict(kept, setting))
    return found


def _conflict(setting, wish):
    there, asked = " ".join(setting.tokens), " ".join(wish.tokens)
    first_wins = setting.key == ("isolcpus",)
    rule = "of two different isolcpus= the kernel keeps the first" if first_wins else "only one can be in force"
    return {
        "name": setting.key[0],
        "running": there,
        "wanted": asked,
        "text": "{0} contradicts {1}: {2}".format(there, asked, rule),
    }


def _plain(label, token):
    value = _value(token)
    if label in REPEATABLE or label.startswith(REPEATABLE_PREFIXES):
        return Setting((label, value), value, (token,))
    if label in CPU_LISTS and value is not None:
        value = _cpus(label, value)
    return Setting((label,), value, (token,))


def _value(token):
    before, equals, after = token.partition("=")
    if not equals:
        return None
    # next_arg() takes off the quotes around the value, or those around the whole token.
    return after.strip('"') if after[:1] == '"' or before[:1] == '"' else after


def _cpus(label, value):
    words, flags = value.split(","), set()
    while label == "isolcpus" and words and words[0] in ISOLCPUS_FLAGS:
        flags.add(words.pop(0))
    try:
        cpus = frozenset(_cpuset.parse(",".join(words)))
    except Refused:
        return value  # "all", "1-N": no list of numbers, compared as text
    return (frozenset(flags) or frozenset(("domain",)), cpus) if label == "isolcpus" else cpus


def _size(token):
    value = _value(token) or ""
    size = size_bytes(value)
    return value if size is None else size


def _page_counts(value):
    """One count, or the set of (node, count): nodes without pages do not differ from nodes that are not named."""
    if not _COUNTS.match(value or ""):
        return value
    if ":" not in value:
        return int(value)
    pairs = (item.split(":") for item in value.split(","))
    return frozenset((int(node), int(count)) for node, count in pairs if int(count))


def _uncounted(token, size):
    # The kernel ignores a later hugepagesz= of the same size, so a size without a count is a setting of its own.
    return [Setting(("hugepages", size), None, (token,))] if token else []
