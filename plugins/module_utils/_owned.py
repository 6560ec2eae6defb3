# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Own files on the host: written only where nobody else's text is lost, given back on request.

The state file remembers for each of them what was there before (section "files"): nothing, or a text that the operator
let us take over, with its mode and owner; and what we wrote, so that a text that somebody has changed since is
recognised.
decide() says what would change, carry_out() does it: a dry run is the first without the second.

Private to the collection. Python 3.6+, standard library only.
"""

import collections
import contextlib
import hashlib
import os
import re
import stat

from . import _files, _units
from ._action import action, left
from ._errors import Failed, Refused

SECTION = "files"
# Says that unit files have changed since systemd read them last.
RELOAD = "reload"
PLACES = ("/etc", "/usr/local")
# Files with this in their name are ours even when the state file was lost.
OWN_NAME = "nfv-ovs-dpdk"

# *text* and *mode* are what *path* shall hold (text None: no file); *entry* becomes its record (None: given back),
# *recorded* was it.
Change = collections.namedtuple("Change", "path before text mode entry recorded")


def decide(state, root, path, text, mode=0o644, takeover=False, by=None):
    """The Change that makes *path* hold *text* (None: what it held before us), or None if nothing is to be done.

    *takeover* lets a text of somebody else be replaced, also one that he has put in the place of ours; it is what comes
    back then. *by* is recorded: the module that gives the file back, where that is not the one that needs it.
    """
    _check_place(root, path)
    found, status = _present(root, path)
    recorded = state.section(SECTION).get(path)
    if text is None:
        return _give_back(path, found, recorded)
    if found == text and (recorded is None or stat.S_IMODE(status.st_mode) == mode):
        return None
    if recorded is None or (takeover and _foreign(recorded, found)):
        entry = _first_entry(state, root, path, found, status, takeover)
    else:
        entry = dict(recorded)
    digests = [digest for digest in entry.get("written", []) if digest != _digest(text)]
    # Two: an interrupted run may have recorded the new text and left the one before.
    entry["written"] = (digests + [_digest(text)])[-2:]
    if by:
        entry["by"] = by
    return Change(path, found, text, mode, entry, recorded)


def _digest(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _first_entry(state, root, path, found, status, takeover):
    if found is None or OWN_NAME in path:
        return {"before": None, "directories": _own_directories(state, root, path)}
    if takeover:
        mode = "{0:04o}".format(stat.S_IMODE(status.st_mode))
        return {"before": found, "mode": mode, "uid": status.st_uid, "gid": status.st_gid}
    raise Refused(
        "the file exists and is not ours",
        where=path,
        cure="Move it away, or name it in takeover: its text is kept and comes back with state=absent.",
    )


def _own_directories(state, root, path):
    """The directories above *path*, nearest first, that are made for it or were for another own file."""
    made = {directory for entry in state.section(SECTION).values() for directory in entry.get("directories", [])}
    found, directory = [], os.path.dirname(path)
    while directory in made or not os.path.isdir(_files.under(root, directory)):
        found.append(directory)
        directory = os.path.dirname(directory)
    return found


def release(state, root, path):
    """The Change that gives *path* back, which leaves a file as it is that somebody has changed after us."""
    change = decide(state, root, path, None)
    if change and change.recorded and kept(change):
        change = change._replace(text=change.before)
    return change


def kept(change):
    """Whether a file that goes back is not as we wrote it, but not as it was before us either."""
    return bool(change.recorded) and _foreign(change.recorded, change.before)


def _foreign(recorded, found):
    """Whether somebody has made something else of a file of ours: not what we wrote, nor what was there before us."""
    if "written" not in recorded or found == recorded["before"]:
        return False
    return found is None or _digest(found) not in recorded["written"]


def left_alone(changes):
    """Rows for the files that release() leaves, in words."""
    return [left(change.path) for change in changes if _only_forgets(change) and kept(change)]


def _only_forgets(change):
    return change.entry is None and change.text == change.before


def _give_back(path, found, recorded):
    if recorded is None and (found is None or OWN_NAME not in path):
        return None
    entry = recorded or {"before": None}
    return Change(path, found, entry["before"], int(entry.get("mode", "0644"), 8), None, recorded)


def described(changes):
    """The actions that a list of changes stands for, and the difference of each file as --diff shows it."""
    actions, diffs = [], []
    for change in changes:
        if _only_forgets(change):
            actions += [action("forget", change.path)] if kept(change) else []
            continue
        verb = "remove" if change.text is None else "write"
        actions.append(action(verb, change.path, before=change.before, after=change.text))
        header = {"before_header": change.path, "after_header": change.path}
        diffs.append(dict(header, before=change.before or "", after=change.text or ""))
    return actions, diffs


def mode_bits(text, where):
    """Permissions of something that is ours, from octal text."""
    if not re.match(r"^0?[0-7]{3}\Z", text) or int(text, 8) & 0o002:
        raise Refused("not permissions of an own file", where=where, found=repr(text), expected="octal such as 0644")
    return int(text, 8)


def reload_due(state, changes):
    """Whether systemd has to read its units again: for these changes, or because an earlier run did not get there."""
    return bool(_units_among(changes) or state.section(RELOAD))


def carry_out_all(state, root, changes, systemd=None):
    """Make all changes and let *systemd* know of changed units."""
    if systemd and _units_among(changes):
        state.record(RELOAD, "units", True)
    for change in changes:
        carry_out(state, root, change)
    if systemd and state.section(RELOAD):
        systemd.call("daemon-reload")
        state.forget(RELOAD, "units")


def _units_among(changes):
    return [change for change in changes if change.path.startswith(_units.DIRECTORY + "/")]


def carry_out(state, root, change):
    """Make one Change; the record comes first, so an interrupted run can be continued or undone."""
    target = _files.under(root, change.path)
    if change.entry is not None and change.entry != state.section(SECTION).get(change.path):
        state.record(SECTION, change.path, change.entry)
    try:
        if change.text is None:
            _files.remove(target)
        elif _only_forgets(change):
            _files.discard(target)
        else:
            owner = _owner(change.recorded or {}) if change.entry is None else None
            _files.write_text(target, change.text, mode=change.mode, owner=owner)
    except OSError as exc:
        raise Failed("an own file cannot be written", where=change.path, found=str(exc))
    if change.entry is None:
        _forget(state, root, change.path)


def _owner(recorded):
    """(uid, gid) of the file of before, or None where it was as it will be, or only root could give it back."""
    owner = recorded.get("uid"), recorded.get("gid")
    return None if os.geteuid() or None in owner or owner == (os.geteuid(), os.getegid()) else owner


def undo(state, root, change):
    """Take back a Change that turned out wrong: the text of before is there again."""
    carry_out(state, root, change._replace(before=change.text, text=change.before, entry=change.recorded))


def _forget(state, root, path):
    with contextlib.suppress(OSError):  # somebody has moved in
        for directory in state.section(SECTION).get(path, {}).get("directories", []):
            with contextlib.suppress(FileNotFoundError):  # an interrupted run
                _files.remove_directory(_files.under(root, directory))
    state.forget(SECTION, path)


def _check_place(root, path):
    """Refuse everything but a plain path below PLACES that no symbolic link leads elsewhere."""
    if os.path.normpath(path) != path or not path.startswith(tuple(place + "/" for place in PLACES)):
        raise Refused(
            "not a place for an own file",
            found=repr(path),
            expected="an absolute path below {0}, without '..'".format(" or ".join(PLACES)),
        )
    if any(ord(character) < 32 or ord(character) == 127 for character in path):
        raise Refused("not a place for an own file", found=repr(path), expected="no control characters")
    top = os.path.realpath(root)
    directory = os.path.dirname(path)
    real = os.path.realpath(_files.under(root, directory))
    if real != os.path.normpath(_files.under(top, directory)):
        raise Refused("a symbolic link leads an own file elsewhere", where=path, found=real, expected=directory)


def _present(root, path):
    """Text and status of the file at *path*; (None, None) if there is none."""
    target = _files.under(root, path)
    try:
        status = os.lstat(target)
    except OSError:
        return None, None
    if not stat.S_ISREG(status.st_mode):
        raise Refused("not a regular file", where=path, cure="Move it away: own files replace no links or devices.")
    try:
        with open(target, "rb") as handle:
            return handle.read().decode("utf-8"), status
    except UnicodeDecodeError:
        raise Refused("the file that is there is no text", where=path, expected="UTF-8", cure="Move it away.")
