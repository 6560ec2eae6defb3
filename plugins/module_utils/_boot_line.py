# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel line of the next boot shall be, decided as data; _boot_change.py carries it out.

The line goes into the entries that boot without being chosen, or first into an entry that boots once (_trial.py).

Private to the collection. Python 3.6+, standard library only.
"""

import collections
import contextlib

from . import _cmdline, _grub, _owned, _trial
from ._errors import Refused
from ._files import read_text, under

SECTION = "kernel_cmdline"
PLAINLY = "Use entry=default (kernel_args_trial=never)."
SHORTEST_TRIAL = 180

# What is asked for; *names* are the parameters that may be taken over.
Wish = collections.namedtuple("Wish", "entry tokens names retry")
# What the boot loader and the state file say now; *why_not* is why no line can be tried, *standing* that of a trial.
Present = collections.namedtuple("Present", "menu running recorded boot_id next_entry why_not standing")
# *line* is what the next boot will have, *gone* our former settings that are no part of it, *taken* the operator's
# tokens filtered out, *menu* says whether it has to be generated, *arm* is (before, after) of the entry that boots
# once, *calm* what the running kernel loses.
Decision = collections.namedtuple("Decision", "wanted line gone taken files menu record arm calm")


def wish(tokens, takeover, entry="default", retry=False, trial_seconds=None):
    """What is asked for, checked."""
    wanted, names = _tokens(tokens), _names(takeover)
    if wanted and trial_seconds is not None:
        _check_seconds(trial_seconds)
    return Wish(entry, wanted, names, retry)


def _tokens(raw):
    """A list of tokens that survive the shell, GRUB and the kernel unchanged."""
    if not isinstance(raw, (str, list)):
        raise Refused("tokens must be a list or a string", found=type(raw).__name__)
    tokens = _cmdline.split(raw) if isinstance(raw, str) else [str(token).strip() for token in raw]
    for token in tokens:
        if not _grub.TOKEN.match(token):
            raise Refused(
                "a token cannot be carried through GRUB unchanged",
                found=repr(token),
                expected="letters, digits and _.,:=/@%+!-",
                cure="Change it in tokens.",
            )
    texts = [conflict["text"] for conflict in _cmdline.contradictions(tokens)]
    if texts:
        raise Refused("tokens contradict each other", found="; ".join(texts), cure="Keep one of them in tokens.")
    return tokens


def _names(takeover):
    """Canonical names, the three hugepage parameters always together: a size without its count would stop ours."""
    for name in takeover:
        if not _grub.NAME.match(name):
            raise Refused("not the name of a kernel parameter", found=repr(name), cure="Change it in takeover.")
    wanted = {_cmdline.name(name) for name in takeover}
    return sorted(wanted | _cmdline.PAGE_NAMES if wanted & _cmdline.PAGE_NAMES else wanted)


def _check_seconds(text):
    with contextlib.suppress(ValueError):
        if int(text) >= SHORTEST_TRIAL:
            return
    raise Refused(
        "nobody could confirm a trial in that time",
        where="kernel_args_trial_seconds",
        found=repr(text),
        expected="at least {0} seconds, the boot is part of them".format(SHORTEST_TRIAL),
    )


def read(grub, trial, state, wish, running):
    """Everything that decisions are made of."""
    menu, recorded = grub.menu(), state.section(SECTION)
    boot_id, next_entry = trial.boot_id(), trial.next_entry()
    why_not = trial.why_not(menu, next_entry) or _nothing_to_try(grub, menu, wish, recorded, running)
    standing = _trial.standing(recorded.get("trial"), running, boot_id)
    return Present(menu, running, recorded, boot_id, next_entry, why_not, standing)


def _nothing_to_try(grub, menu, wish, recorded, running):
    entries = _grub.entries(menu)
    if entries and not any(differs(entry["tokens"], wish.tokens, _former(recorded)) for entry in entries):
        return "the entries that boot without being chosen have this line already"
    try:
        there = _trial.script(menu, running, grub.present_words(), [])
    except Refused as exc:
        return exc.parts["what"]
    return "" if there else "the menu is older than the settings; update-grub makes a new one"


def decide(grub, trial, state, wish, present):
    """What has to change; refuses what cannot become true."""
    if wish.entry == "trial":
        return _decide_trial(grub, trial, state, wish, present)
    return _decide_default(grub, trial, state, wish, present)


def _decide_default(grub, trial, state, wish, present):
    wanted, recorded, entries = wish.tokens, present.recorded, _grub.entries(present.menu)
    former = _former(recorded)
    text = _grub.dropin(wanted, wish.names) if wanted or wish.names else None
    # Without its script a trial counts as confirmed, so that goes first.
    files = [_owned.decide(state, grub.root, _trial.SCRIPT, None), _owned.decide(state, grub.root, _grub.DROPIN, text)]
    files = [change for change in files if change]
    stale = bool(files) or not entries or _trial.ENTRY in present.menu
    line, menu, taken = entries[0]["tokens"] if entries else [], stale, recorded.get("taken_over", [])
    if stale or any(differs(entry["tokens"], wanted, former) for entry in entries):
        grub.check_writable()
        line = grub.words(text)
        _check_line(grub, line, wanted)
        taken = _taken(grub, wish.names)
        gone = _cmdline.lacking(line, former)
        menu = stale or any(differs(entry["tokens"], wanted, gone) for entry in entries)
    record = {
        "tokens": wanted,
        "taken_over": taken,
        "retired": _retired(present, entries, wanted),
        "entry": "default" if text else None,
        "trial": recorded.get("trial"),
    }
    arm = (present.next_entry, "") if present.next_entry == _trial.ENTRY else None
    calm = trial.to_calm(recorded["trial"]["sysctls"]) if present.standing == "booted" else []
    return Decision(wanted, line, _cmdline.lacking(line, former), taken, files, menu, _filled(record), arm, calm)


def _decide_trial(grub, trial, state, wish, present):
    wanted, recorded = wish.tokens, present.recorded
    record, former = recorded.get("trial"), _former(recorded)
    same = bool(record) and record["takeover"] == wish.names and _equal(record["tokens"], wanted)
    if same and present.standing == "booted":
        # It is on trial this very moment.
        gone = _cmdline.lacking(present.running, former)
        seen = dict(recorded, trial=dict(record, armed=True, booted=True))
        return Decision(
            wanted, _cmdline.split(present.running), gone, _taken(grub, wish.names), [], False, seen, None, []
        )
    if same and present.standing == "over" and not wish.retry:
        _refuse_again(record, present)
    if present.why_not:
        raise Refused("a kernel line cannot be tried first", found=present.why_not, cure=PLAINLY)
    grub.check_writable()
    line = grub.words(_grub.dropin(wanted, wish.names))
    _check_line(grub, line, wanted)
    tried = line + _trial.extras(wanted)
    text = _trial.script(present.menu, present.running, grub.present_words(), tried)
    there = read_text(under(grub.root, _trial.SCRIPT)) or ""
    if same and present.standing == "armed" and _trial.kernel_of(there) == _trial.kernel_of(text):
        text = there  # the menu that it was made from may have been that of another grub-mkconfig
    file = _owned.decide(state, grub.root, _trial.SCRIPT, text, 0o755)
    menu = bool(file) or _trial.tokens_of(present.menu) != _trial.tokens_of(text)
    if not (same and present.standing == "armed"):
        sysctls = trial.sysctls(_trial.way_back(wanted))
        record = {"tokens": wanted, "takeover": wish.names, "boot_id": present.boot_id, "sysctls": sysctls}
    # Ours as well, should the line be given up while it runs.
    retired = [tokens for tokens in recorded.get("retired", []) if tokens != wanted] + [wanted] * bool(wanted)
    arm = None if present.next_entry == _trial.ENTRY else (present.next_entry, _trial.ENTRY)
    record = dict(recorded, entry="trial", trial=dict(record, armed=arm is None), retired=retired)
    gone = _cmdline.lacking(tried, former)
    files = [file] if file else []
    return Decision(wanted, tried, gone, _taken(grub, wish.names), files, menu, _filled(record), arm, [])


def _refuse_again(record, present):
    found = "it booted, and nobody confirmed it: its checks failed, or nobody could reach the host in time"
    if present.next_entry == _trial.ENTRY:
        found = "GRUB has not followed next_entry, which is still set"
    elif not record.get("booted"):
        found = "the trial line did not boot, or nobody could reach the host: it is back on the line of before"
    raise Refused(
        "this kernel line has been tried and was not kept",
        where=_trial.SCRIPT,
        found=found,
        cure="The console of the host tells more. Change the request, or try it again: retry=true "
        "(kernel_args_trial_retry).",
    )


def _former(recorded):
    lists = [recorded.get("tokens", [])] + recorded.get("retired", [])
    return [setting for tokens in lists for setting in _cmdline.settings(tokens)]


def _retired(present, entries, wanted):
    """Earlier tokens stay ours as long as the running line or the menu has one of them."""
    lists = [present.recorded.get("tokens", [])] + present.recorded.get("retired", [])
    around = _cmdline.settings(present.running) + [s for entry in entries for s in _cmdline.settings(entry["tokens"])]
    kept = [tokens for tokens in lists if _cmdline.compare(around, wanted, tokens)["superfluous"]]
    return [tokens for number, tokens in enumerate(kept) if tokens not in kept[:number]]


def _filled(record):
    return {key: value for key, value in record.items() if value}


def _equal(one, other):
    return not _cmdline.lacking(one, other) and not _cmdline.lacking(other, one)


def _taken(grub, names):
    return [token for token in grub.words(None) if _cmdline.name(token) in names]


def differs(tokens, wanted, gone):
    """Whether a line lacks a wanted token, contradicts one, or still has one of ours that is *gone*."""
    result = _cmdline.compare(tokens, wanted, gone)
    return bool(result["missing"] or result["superfluous"] or result["conflicts"])


def _check_line(grub, line, wanted):
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


def verdict(decision, running):
    """How the running line differs from what the next boot will have, and why that needs a reboot."""
    result = _cmdline.compare(running, decision.wanted, decision.gone)
    reasons = _cmdline.reasons(result)
    return dict(result, running=_cmdline.split(running), reasons=reasons, reboot_required=bool(reasons))


def trial_facts(present, decision, kept):
    """How a trial stands; *kept* if its line, or another one, has just been made the default."""
    after = decision.arm[1] if decision.arm else present.next_entry
    return {
        "possible": not present.why_not,
        "why": present.why_not,
        "pending": after == _trial.ENTRY,
        "booted": present.standing == "booted" and not kept,
    }
