# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The entry that a menu of grub-mkconfig boots when nobody chooses one: what GRUB_DEFAULT comes to.

GRUB takes a number, a title or an id, with ">" between a submenu and what is in it (">>" is a ">" of a name). Of a
submenu, and where nothing has that name, it boots the first entry.

Private to the collection. Python 3.6+, standard library only.
Sources: GRUB's manual, "Simple configuration handling"; its files util/grub.d/00_header.in and grub-core/normal/menu.c
(get_entry_number, menuentry_eq, grub_menu_execute_entry).
"""

import collections
import re
import shlex

from . import _cmdline, _grub

SAVED = "${saved_entry}"

# *normal* says that the tokens of the settings go there; *entries* is what a submenu holds, None for any other entry.
Entry = collections.namedtuple("Entry", "title id normal tokens entries")

_HEADER_ENDS = "### END /etc/grub.d/00_header ###"
_DEFAULT = re.compile(r'^\s*set default="(.*)"$', re.MULTILINE)
_NEXT = "${next_entry}"
_BLOCK = re.compile(r"^\s*(menuentry|submenu|function)\s+(.*?)\s*$")
_ID = ("--id", "$menuentry_id_option", "${menuentry_id_option}")
_WITH_VALUE = ("--class", "--users", "--hotkey") + _ID
_PART = re.compile(r"(?:>>|[^>])+")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")


def entry(menu, default=None, saved="", without=None):
    """The Entry that boots by default; None if the menu has none.

    *default* is for what the menu says, *saved* for saved_entry; an entry of id *without* does not count.
    """
    value = _of_header(menu) if default is None else default
    path = _PART.findall(saved if value == SAVED else value)
    found, inside = None, _read(menu, without)
    while inside:
        found = _named(inside, path[:1]) or inside[0]
        inside, path = found.entries, path[1:]
    return found if found and found.entries is None else None


def _of_header(menu):
    """What 00_header makes the default where nobody has named the next entry: it says so last."""
    values = [value for value in _DEFAULT.findall(menu.partition(_HEADER_ENDS)[0]) if value != _NEXT]
    return values[-1] if values else "0"


def _named(entries, path):
    part = "".join(path).replace(">>", ">")
    if _NUMBER.match(part):
        return dict(enumerate(entries)).get(int(part))
    return next((item for item in entries if part in (item.title, item.id)), None)


def _read(menu, without):
    """The entries of a menu, those of submenus in their submenu."""
    top, blocks, section = [], [], ""  # blocks: what is open, a function as None
    for line in menu.splitlines():
        border, header, linux = _grub.SECTION.match(line), _BLOCK.match(line), _grub.LINUX.match(line)
        if border:
            blocks, section = [], border.group(2) if border.group(1) == "BEGIN" else ""
        elif header:
            block = _block(header, section)
            if block and block.id != without:
                _inside(blocks, top).append(block)
            if not header.group(2).endswith("}"):
                blocks.append(block)
        elif line.strip() == "}":
            blocks = blocks[:-1]
        elif linux and blocks and blocks[-1]:
            blocks[-1].tokens.extend(_cmdline.split(linux.group(1)))
    return top


def _inside(blocks, top):
    """Where an entry goes: into the submenu that was opened last."""
    return next((block.entries for block in reversed(blocks) if block and block.entries is not None), top)


def _block(header, section):
    """The Entry of a line that opens one; None for a function, and for what GRUB would not understand."""
    try:
        words = shlex.split(header.group(2).rstrip("{")) if header.group(1) != "function" else []
    except ValueError:
        return None
    pairs = list(zip([""] + words, words))
    titles = [word for before, word in pairs if before not in _WITH_VALUE and word not in _ID and word[:2] != "--"]
    if not titles:
        return None
    ids = [word for before, word in pairs if before in _ID]
    ids += [word[len("--id=") :] for word in words if word.startswith("--id=")]
    submenu = header.group(1) == "submenu"
    normal = not submenu and section.startswith("10_linux") and not _grub.RECOVERY.search(header.group(0))
    return Entry(titles[0], (ids + titles)[0], normal, [], [] if submenu else None)
