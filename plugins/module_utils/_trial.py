# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel line on trial: an entry of its own in GRUB's menu, which boots once.

GRUB boots the entry that its environment block names in next_entry, and takes the name away before it does: whatever
becomes of that boot, the next one is an ordinary one. The entry is that of the running kernel with another line, so the
line is all that is new. It is written by a script below /etc/grub.d, and outlives a grub-mkconfig of somebody else.

Private to the collection. Python 3.6+, standard library only.
Sources: GRUB's manual, "The GRUB environment block"; its files util/grub.d/00_header.in and commands/loadenv.c; kernel
document "admin-guide/kernel-parameters.rst" (panic=, softlockup_panic=, dotted names of modules that do not exist).
"""

import contextlib
import os
import re
import shutil
import tempfile

from . import _boot_files, _cmdline, _files, _state
from ._errors import Failed

SCRIPT = "/etc/grub.d/99_nfv-ovs-dpdk-trial"  # last, so that no entry gets another number
ENTRY = "nfv-ovs-dpdk-trial"
ENVIRONMENT = "/boot/grub/grubenv"
NEW_ENVIRONMENT = ENVIRONMENT + ".nfv-ovs-dpdk"

# Units look for the marker. A kernel that stops, or no longer schedules, restarts by itself while it is on trial.
MARKER = "nfv_ovs_dpdk.trial=1"
WAY_BACK = {"panic": "30", "softlockup_panic": "1"}
SYSCTLS = "/proc/sys/kernel"

# File systems whose plain files GRUB can overwrite in place; on all others its environment block is read-only.
WRITABLE = ("ext2", "fat", "xfs")

TITLE = "Kernel arguments on trial (nfv.ovs_dpdk)"

_TEXT = """\
#!/bin/sh
# Written by nfv.ovs_dpdk.kernel_cmdline: boots once, on trial. Goes when the line is kept or given up.
exec tail -n +4 "$0"
{0}
"""
_HEADER = re.compile(
    r"^(?P<indent>\s*)menuentry\s+'(?:[^']|'\\'')*'(?P<options>.*?)"
    r"\s\$\{?menuentry_id_option\}?\s+'(?P<id>(?:[^']|'\\'')*)'\s*\{\s*$"
)
_LINUX = re.compile(r"^(?P<command>\s*linux(?:16|efi)?\s+(?P<image>\S+))(?P<line>.*)$")
# As 00_header writes it: follow the name once. Behind "elif" there is the button of GRUB_BUTTON_CMOS_ADDRESS.
_FOLLOWS = re.compile(
    r'^\s*(?:el)?if \[ "\$\{next_entry\}" \] *; *then\s+set default="\$\{next_entry\}"\s+'
    r"set next_entry=\s+save_env next_entry$",
    re.MULTILINE,
)


def way_back(wanted):
    """{name: value} of what brings a trial line back; *wanted* parameters keep their own value."""
    names = {_cmdline.name(token) for token in wanted}
    return {name: value for name, value in WAY_BACK.items() if name not in names}


def extras(wanted):
    """Tokens that the trial line has besides."""
    return ["{0}={1}".format(*pair) for pair in sorted(way_back(wanted).items())] + [MARKER]


def tokens_of(menu):
    """The line of the trial entry in a menu; None if it has none."""
    found = [_cmdline.split(_linux(block).group("line")) for name, block in _blocks(menu) if name == ENTRY]
    return found[0] if len(found) == 1 else None


def kernel_of(menu):
    """Image and line of the trial entry in a menu or script; None if it has none."""
    found = [_linux(block).group(0).split() for name, block in _blocks(menu) if name == ENTRY]
    return found[0] if len(found) == 1 else None


def script(menu, running, present, line):
    """Text of the script below /etc/grub.d: the running kernel's entry with *line* for its *present* words.

    None if no entry has these words, as in a menu that is older than the settings.
    """
    image = next((word[11:] for word in _cmdline.split(running) if word.startswith("BOOT_IMAGE=")), "")
    candidates = [block for name, block in _blocks(menu) if name != ENTRY and _replaced(block, present, line)]
    same = [block for block in candidates if _linux(block).group("image") == image.rpartition(")")[2]]
    chosen = (same or candidates or [None])[0]
    return chosen and _TEXT.format("\n".join(_replaced(chosen, present, line)))


def _blocks(menu):
    """[(id, lines)] of the Linux entries that scripts below /etc/grub.d have written, recovery left out."""
    found, block, indent = [], None, ""
    for text in menu.splitlines():
        header = _HEADER.match(text)
        if header:
            block, indent = [], header.group("indent")
            found.append((header.group("id"), block))
        if block is not None:
            block.append(text)
        if text == indent + "}":
            block = None
    return [(name, block) for name, block in found if "-recovery-" not in name and _linux(block)]


def _linux(block):
    return next(filter(None, map(_LINUX.match, block)), None)


def _replaced(block, present, line):
    """The lines of an entry with *line* for the *present* words of its kernel line; None if it has not got them."""
    match, header = _linux(block), _HEADER.match(block[0])
    words = _cmdline.split(match.group("line"))
    starts = [at for at in range(len(words), -1, -1) if words[at : at + len(present)] == present]
    if not starts:
        return None
    words[starts[0] : starts[0] + len(present)] = line
    indent = header.group("indent")
    changed = "{0} {1}".format(match.group("command"), " ".join(words))
    # An entry that is chosen by hand would save itself as the default one. One that next_entry names does not.
    body = [changed if text == match.group(0) else text for text in block[1:] if text.strip() != "savedefault"]
    first = "menuentry '{0}'{1} $menuentry_id_option '{2}' {{".format(TITLE, header.group("options"), ENTRY)
    return [first] + [text[len(indent) :] if text.startswith(indent) else text for text in body]


def runs(running):
    """Whether a line on trial runs, this one or another."""
    return MARKER in _cmdline.split(running)


def standing(record, running, boot_id):
    """Where a recorded trial stands: "waiting" (for its boot), "booted", or "over" (booted, and left again).

    None where there is no trial, or GRUB was not told of it before a boot that was none of ours.
    """
    if not record:
        return None
    if record["boot_id"] == boot_id:
        return "waiting"
    if runs(running):
        return "booted"
    return "over" if record.get("armed") else None


class Trial:
    """One-shot boots of a *grub*."""

    def __init__(self, grub):
        self.root, self.run, self.program = grub.root, grub.run, grub.program

    def boot_id(self):
        """What tells this boot from all others."""
        return (_files.read_text(self._at(_state.BOOT_ID)) or "").strip()

    def next_entry(self):
        """The entry that boots once, next; "" if there is none."""
        return self.variable("next_entry")

    def variable(self, name):
        """What GRUB's environment block holds under a name; "" if nothing."""
        editor = self.program("grub-editenv")
        if not editor or not os.path.exists(self._at(ENVIRONMENT)):
            return ""
        return self._variable(editor, ENVIRONMENT, name)

    def why_not(self, menu, next_entry):
        """Why GRUB cannot boot an entry once, in words; "" if it can."""
        if not self.program("grub-editenv"):
            return "grub-editenv is missing"
        if not _FOLLOWS.search(menu):
            return "the menu does not follow next_entry"
        if any(len(list(filter(None, map(_LINUX.match, block)))) > 1 for _name, block in _blocks(menu)):
            return "an entry of the menu has several kernel lines (GRUB_FORCE_PARTUUID), and GRUB chooses at boot"
        if next_entry not in ("", ENTRY):
            return "somebody else has chosen {0!r} for the next boot ({1})".format(next_entry, ENVIRONMENT)
        return self._why_read_only() or self._why_not_set()

    def _why_read_only(self):
        place, answers = os.path.dirname(ENVIRONMENT), []
        for target in ("abstraction", "fs"):
            argv = [self.program("grub-probe") or "grub-probe", "--target=" + target, self._at(place)]
            rc, out, err = self.run(argv)
            if rc:
                return "grub-probe does not know what {0} is on: {1}".format(place, err.strip() or rc)
            answers.append(" ".join(out.split()))
        if answers[0]:
            return "GRUB cannot write to {0} on {1}".format(place, answers[0])
        if answers[1] not in WRITABLE:
            return "GRUB cannot write to {0}, a file system of type {1}".format(place, answers[1])
        return ""

    def _why_not_set(self):
        """The block has a fixed size, and others write to it too: only its editor knows whether there is room."""
        block = self._at(ENVIRONMENT)
        if not os.path.exists(block):
            return ""
        try:
            # Not beside it: nothing may be left there, and a dry run does not wait for the lock.
            with tempfile.NamedTemporaryFile(prefix="nfv-ovs-dpdk-") as copy:
                shutil.copyfile(block, copy.name)
                rc, out, err = self.run([self.program("grub-editenv"), copy.name, "set", "next_entry=" + ENTRY])
        except OSError as exc:
            return "GRUB's environment block cannot be copied ({0}): {1}".format(ENVIRONMENT, exc)
        if rc and "too small" in err:
            return "GRUB's environment block has no room for next_entry ({0})".format(ENVIRONMENT)
        said = (err or out).strip() or rc
        return "GRUB's environment block does not take next_entry ({0}): {1}".format(ENVIRONMENT, said) if rc else ""

    def arm(self, entry):
        """Let GRUB boot *entry* once, or nothing else than always if it is ""."""
        editor, new = self.program("grub-editenv"), self._at(NEW_ENVIRONMENT)
        target = os.path.realpath(self._at(ENVIRONMENT))
        try:
            if os.path.exists(target):
                shutil.copy(target, new)
            else:
                self._edit(editor, "create")
            self._edit(editor, *(["set", "next_entry=" + entry] if entry else ["unset", "next_entry"]))
            if self._variable(editor, NEW_ENVIRONMENT, "next_entry") != entry:
                raise Failed("GRUB's environment block does not take next_entry", where=ENVIRONMENT)
            with open(new, "rb") as handle:
                os.fsync(handle.fileno())
            _boot_files.put(new, target)
        except OSError as exc:
            raise Failed("GRUB's environment block cannot be replaced", where=ENVIRONMENT, found=str(exc))
        finally:
            with contextlib.suppress(OSError):
                os.unlink(new)

    def _edit(self, editor, *words):
        rc, out, err = self.run([editor, self._at(NEW_ENVIRONMENT)] + list(words))
        if rc:
            raise Failed("grub-editenv failed", where=ENVIRONMENT, found=(err or out).strip() or str(rc))

    def _variable(self, editor, path, name):
        pairs = (line.partition("=") for line in self.run([editor, self._at(path), "list"])[1].splitlines())
        return next((value for key, _equals, value in pairs if key == name), "")

    def sysctls(self, names):
        """{name: value} of what a trial line sets in the kernel, as it is now."""
        return {name: (_files.read_text(self._sysctl(name)) or "").strip() for name in names}

    def to_calm(self, before):
        """[(path, now, before)] of what the trial line has set and the running kernel shall lose with the trial."""
        now = self.sysctls(before)
        lost = [name for name in sorted(before) if before[name] and before[name] != now[name] == WAY_BACK[name]]
        return [("{0}/{1}".format(SYSCTLS, name), now[name], before[name]) for name in lost]

    def calm(self, path, value):
        """Write one of them."""
        try:
            with open(self._at(path), "w") as handle:
                handle.write(value + "\n")
        except OSError as exc:
            raise Failed("the kernel does not take back what the trial line set", where=path, found=str(exc))

    def _sysctl(self, name):
        return self._at("{0}/{1}".format(SYSCTLS, name))

    def _at(self, path):
        return _files.under(self.root, path)
