# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A row of OVSDB: what is there against what is wanted, and whose it is.

A row is flat here: {"other_config:dpdk-init": "try", "tag": "5"}. external_ids of the row itself hold what is ours:
"nfv-ovs-dpdk-keys" lists the entries that we set, "nfv-ovs-dpdk-owner" marks a row that we created. What was there
before us, and what we wrote, is remembered outside (state file) as {entry: {"before": …, "after": …}}.

Private to the collection. Python 3.6+, standard library only.
Source: ovs-vsctl(8), "Database Values": quoted strings follow JSON.
"""

import collections
import json
import re

from ._errors import Refused

RESERVED = "nfv-ovs-dpdk-"
KEYS = "external_ids:{0}keys".format(RESERVED)
OWNER = "external_ids:{0}owner".format(RESERVED)
US = "nfv.ovs_dpdk"
NUMBERS = ("mtu_request", "tag", "trunks")
# Columns that always hold a text; "" is how they say nothing.
TEXTS = ("datapath_type", "type")

# The comma separates names in our own list; the rest keeps names readable in ovs-vsctl's output.
_KEY = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_.:/@+-]*\Z")

Change = collections.namedtuple("Change", "entry before after")
Decision = collections.namedtuple("Decision", "changes owned left_alone")


def text(item, where):
    """A YAML scalar as OVSDB holds it: booleans in lower case, everything else literally."""
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, (list, tuple, dict)):
        raise Refused("not a single value", where, repr(item), "text, a number or a boolean")
    item = str(item)
    if "\0" in item or any("\ud800" <= char <= "\udfff" for char in item):
        raise Refused("a value that OVSDB cannot hold", where, repr(item), "Unicode text without NUL")
    return item


def listed(data):
    """A column that may hold several values as a list: OVSDB writes a set of one as the bare value."""
    return data if isinstance(data, list) else [data]


def flat(columns):
    """{"other_config": {"a": 1}, "tag": 5} -> {"other_config:a": "1", "tag": "5"}; null and empty sets are left out."""
    row = {}
    for column, content in columns.items():
        if isinstance(content, dict):
            for key, item in content.items():
                _check_key(column, str(key))
                if item is not None:
                    entry = "{0}:{1}".format(column, key)
                    row[entry] = text(item, entry)
        elif isinstance(content, list):
            if content:
                row[column] = ",".join(str(number) for number in sorted(content))
        elif content is not None:
            row[column] = text(content, column)
    return row


def _check_key(column, key):
    if not _KEY.match(key):
        raise Refused("not a name for a key", column, repr(key), "letters, digits and any of _.:/@+-")
    if key.startswith(RESERVED):
        raise Refused("a key that this collection keeps for itself", column, repr(key), cure="Leave it out.")


def found(columns):
    """The same for a row as it was read: foreign keys may have any name."""
    row = {}
    for column, content in columns.items():
        if isinstance(content, dict):
            row.update(("{0}:{1}".format(column, key), item) for key, item in content.items())
        else:
            # OVSDB writes a set of one number as the bare number.
            row.update(flat({column: content}))
    return row


def owned(row):
    """The entries of a read row that we set."""
    return set(filter(None, row.get(KEYS, "").split(",")))


def decide(row, wanted, recorded, scope, same=None):
    """Changes that turn *row* into *wanted*: differences are set, ours that nobody wants any more are taken back.

    *scope*(entry) says whether an entry is spoken about at all; *same*(entry, a, b) compares by meaning.
    An entry that fits already is not taken over. One that somebody changed after us is left alone.
    """
    same = same or (lambda entry, one, other: one == other)
    ours, changes, left_alone = owned(row), [], []
    for entry in sorted(wanted):
        if entry not in row or not same(entry, row[entry], wanted[entry]):
            changes.append(Change(entry, row.get(entry), wanted[entry]))
    after = ours | {change.entry for change in changes if change.entry != OWNER}
    for entry in sorted(ours - set(wanted)):
        if not scope(entry):
            continue
        after.discard(entry)
        memory = recorded.get(entry, {})
        if entry in row and "after" in memory and row[entry] != memory["after"]:
            left_alone.append(entry)
        elif row.get(entry) != memory.get("before"):
            changes.append(Change(entry, row.get(entry), memory.get("before")))
    mark = ",".join(sorted(after)) or None
    if mark != row.get(KEYS):
        changes.append(Change(KEYS, row.get(KEYS), mark))
    return Decision(changes, after, left_alone)


def applied(row, changes):
    """The row as it will be."""
    result = dict(row)
    for change in changes:
        result[change.entry] = change.after
    return {entry: item for entry, item in result.items() if item is not None}


def memory(row, decision, recorded):
    """What to remember about a row before *decision* is carried out: what will be ours, and what still is."""
    ours = owned(row)
    result = {entry: item for entry, item in recorded.items() if entry in ours}
    for change in decision.changes:
        if change.entry in decision.owned:
            result[change.entry] = _remembered(result.get(change.entry), change)
    return result


def _remembered(known, change):
    """What to remember of an entry; a value that is neither ours nor that of before is somebody's, and a new before.

    What is there until the change is carried out stands beside it: a change that is interrupted leaves it there.
    """
    if known is None:
        return {"before": change.before, "after": change.after}
    first = known["before"] if change.before in known.values() else change.before
    return {"before": first, "after": change.after, "earlier": change.before}


def remaining(decision, remembered):
    """What stays remembered once *decision* has been carried out."""
    kept = ("before", "after")
    rows = {entry: item for entry, item in remembered.items() if entry in decision.owned}
    return {entry: {key: item[key] for key in kept if key in item} for entry, item in rows.items()}


def inverse(changes):
    """The changes that take *changes* back."""
    return [Change(entry, after, before) for entry, before, after in changes]


def put_back(row, earlier, recorded):
    """(changes, what to remember) that bring other_config of *row* back to that of *earlier*, with what was ours then.

    *earlier* may be old: entries that it does not name are left alone, but for those that became ours since. An entry
    that gets its value of before us is not ours any more.
    """
    ours, remembered = owned(row), dict(recorded)
    past = dict({entry: recorded.get(entry, {}).get("before") for entry in ours}, **earlier)
    entries = sorted(entry for entry in past if entry.startswith("other_config:"))
    changes = [Change(entry, row.get(entry), past[entry]) for entry in entries if row.get(entry) != past[entry]]
    for entry, _before, after in changes:
        first = remembered.pop(entry, {"before": None})
        ours.discard(entry)
        if entry in owned(earlier) and after != first["before"]:
            ours.add(entry)
            remembered[entry] = {"before": first["before"], "after": after}
    mark = ",".join(sorted(ours)) or None
    if mark != row.get(KEYS):
        changes.append(Change(KEYS, row.get(KEYS), mark))
    return changes, remembered


def commands(table, record, changes):
    """ovs-vsctl commands (lists of arguments) for the changes of one row."""
    settings, result = [], []
    for entry, _before, after in changes:
        column, colon, key = entry.partition(":")
        if after is None and entry not in TEXTS:
            result.append(
                ["remove", table, record, column, json.dumps(key)] if colon else ["clear", table, record, column]
            )
        else:
            item = after if column in NUMBERS else json.dumps(after or "")
            settings.append("{0}{1}={2}".format(column, ":" + json.dumps(key) if colon else "", item))
    return result + ([["set", table, record] + settings] if settings else [])


def verb(change):
    """What a change is called in the list of actions."""
    if change.after is None:
        return "remove"
    return "set" if change.before is None else "change"
