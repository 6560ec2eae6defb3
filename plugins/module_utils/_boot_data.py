# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of the kernel line, what is there, and what is decided about it, as data; and what all decisions ask.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _cmdline, _grub, _grub_default
from ._errors import Refused

SECTION = "kernel_cmdline"

# What is asked for. *entry* is where the tokens go: "default" or "trial"; "armed" and "disarmed" are about the boot of
# the latter. *names* are the parameters that may be taken over.
Wish = collections.namedtuple("Wish", "entry tokens names retry")
# What the boot loader and the state file say now; *why_not* is why no line can be tried, *standing* that of a trial.
# *menu* is None where it is not known, and nothing has to be changed. *ours* are the settings of former().
Present = collections.namedtuple("Present", "menu running recorded ours boot_id next_entry why_not standing")
# *line* is what the next boot will have, *gone* our former settings that are no part of it, *taken* the operator's
# tokens filtered out, *menu* says whether it has to be generated, *arm* is (before, after) of the entry that boots
# once, *calm* what the running kernel loses.
Decision = collections.namedtuple("Decision", "wanted line gone taken files menu record arm calm")


def former(recorded, brought):
    """The settings that are or were ours; not those that TuneD brings by now, which nobody has to wait for."""
    lists = [recorded.get("tokens", [])] + recorded.get("retired", [])
    return _cmdline.lacking(brought, [setting for tokens in lists for setting in _cmdline.settings(tokens)])


def filled(record):
    """A record without what says nothing."""
    return {key: value for key, value in record.items() if value}


def taken_over(grub, names):
    """The operator's words of these names."""
    return [token for token in grub.words(None) if _cmdline.name(token) in names]


def check_returns(grub, wish, recorded):
    """Refuse a request that has forgotten what an earlier one took over: unsaid, it would boot again one day."""
    taken = {_cmdline.name(token) for token in recorded.get("taken_over", [])} - set(wish.names)
    found = taken_over(grub, taken) if wish.tokens else []
    if found:
        names = sorted({_cmdline.name(token) for token in found})
        raise Refused(
            "what was taken over would be on the next boot's line again",
            where=", ".join(sorted({path for name in names for path in grub.mentions(name)})) or _grub.DROPIN,
            found=" ".join(found),
            expected="nothing of it, or its name in takeover",
            cure="Name {0} in takeover (kernel_args_takeover) as before, or remove it there; state=absent gives it "
            "back.".format(", ".join(names)),
        )


def differs(tokens, wanted, gone):
    """Whether a line lacks a wanted token, contradicts one, or still has one of ours that is *gone*."""
    result = _cmdline.compare(tokens, wanted, gone)
    return bool(result["missing"] or result["superfluous"] or result["conflicts"])


def check_line(grub, line, wanted):
    """Refuse a line that other settings keep from being the wanted one."""
    result = _cmdline.compare(line, wanted)
    if result["conflicts"]:
        names = sorted({conflict["name"] for conflict in result["conflicts"]})
        files = sorted({path for name in names for path in grub.mentions(name)})
        raise Refused(
            "a token of somebody else is in the way",
            where=", ".join(files) or "the settings of grub-mkconfig",
            found="; ".join(conflict["text"] for conflict in result["conflicts"]),
            cure="Remove it there, or name {0} in takeover (kernel_args_takeover): it is filtered out and comes back "
            "with state=absent.".format(", ".join(names)),
        )
    if result["missing"]:
        raise Refused(
            "a settings file that is read later drops our tokens",
            where=", ".join(grub.later_settings()) or _grub.DROPIN,
            found="no {0}".format(" ".join(result["missing"])),
            cure="Let that file append to GRUB_CMDLINE_LINUX_DEFAULT instead of replacing it.",
        )


def strange_default(menu, wanted, **more):
    """The entry that boots by default, in words, where it is none that gets our tokens, or has them; "" otherwise.

    *more* is that of _grub_default.entry.
    """
    entry = _grub_default.entry(menu, **more) if wanted else None
    if not entry or entry.normal or not differs(entry.tokens, wanted, []):
        return ""
    return "{0!r} ({1})".format(entry.title, entry.id)
