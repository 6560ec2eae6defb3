# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the kernel line of the next boot shall be, decided as data; _boot_change.py carries it out.

The line goes into the entries that boot without being chosen, or first into an entry that boots once (_boot_trial.py).

Private to the collection. Python 3.6+, standard library only.
"""

import contextlib

from . import _boot_trial, _cmdline, _grub, _owned, _trial, _tuned
from ._boot_data import (
    SECTION,
    Decision,
    Present,
    Wish,
    check_line,
    check_returns,
    differs,
    filled,
    former,
    strange_default,
    taken_over,
)
from ._errors import Refused
from ._files import read_text, under

SHORTEST_TRIAL = 180


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


def read(grub, trial, state, wish, running, backend="auto"):
    """Everything that decisions are made of; with *backend* "operator" the boot loader is none of our business."""
    recorded = state.section(SECTION)
    ours = former(recorded, _tuned.own_tokens(state.load(), running))
    # Whoever has brought the tokens there, we have nothing to do and nothing to give back.
    fits = not (recorded or wish.entry == "armed" or differs(running, wish.tokens, []))
    try:
        if backend == "operator":
            raise _left_to_the_operator(wish, recorded, running)
        menu = grub.menu()
    except Refused as exc:
        gone = not wish.tokens and backend != "operator" and _nowhere(grub, ours, running)
        if not (fits or gone):
            raise
        return Present(None, running, recorded, ours, "", "", exc.parts["what"], None)
    boot_id, next_entry = trial.boot_id(), trial.next_entry()
    why_not = trial.why_not(menu, next_entry) or _nothing_to_try(grub, menu, wish, ours, running)
    standing = _trial.standing(recorded.get("trial"), running, boot_id)
    return Present(menu, running, recorded, ours, boot_id, next_entry, why_not, standing)


def _nowhere(grub, ours, running):
    """Whether a host whose menu is not ours to generate any more boots nothing of ours: only our files are left."""
    menu = read_text(under(grub.root, _grub.MENU)) or ""
    return not any(_cmdline.compare(line, [], ours)["superfluous"] for line in [running] + menu.splitlines())


def _left_to_the_operator(wish, recorded, running):
    if recorded:
        return Refused(
            "the operator writes the kernel line, and tokens of ours are still in it",
            where=_grub.DROPIN,
            found=" ".join(recorded.get("tokens", [])) or "a record of them",
            cure="Take them back first (state=absent with backend=auto, or the teardown), or let backend be auto.",
        )
    result = _cmdline.compare(running, wish.tokens)
    lacks = ["no {0}".format(token) for token in result["missing"]]
    return Refused(
        "the operator writes the kernel line, and it is not as planned",
        where="/proc/cmdline",
        found="; ".join(lacks + [conflict["text"] for conflict in result["conflicts"]]),
        expected=" ".join(wish.tokens),
        cure="Put that into the boot configuration, reboot and run again; kernel_args_backend=auto does both.",
    )


def _nothing_to_try(grub, menu, wish, ours, running):
    entries = _grub.entries(menu)
    if entries and not any(differs(entry["tokens"], wish.tokens, ours) for entry in entries):
        return "the entries that boot without being chosen have this line already"
    try:
        there = _trial.script(menu, running, grub.present_words(), [])
    except Refused as exc:
        return exc.parts["what"]
    return "" if there else "the menu is older than the settings; update-grub makes a new one"


def decide(grub, trial, state, wish, present):
    """What has to change; refuses what cannot become true."""
    if present.menu is None:
        files = [] if wish.tokens else own_files(grub, state, None)
        return Decision(wish.tokens, _cmdline.split(present.running), [], [], files, False, {}, None, [])
    if wish.entry == "disarmed":
        return _boot_trial.disarm(wish, present)
    check_returns(grub, wish, present.recorded)
    if wish.entry == "default":
        _boot_trial.refuse_tried(wish, present)
        decision = _decide_default(grub, trial, state, wish, present)
    else:
        decision = _boot_trial.decide(grub, trial, state, wish, present)
    if wish.tokens:
        _check_boots(grub, trial, wish, present, decision)
    return decision


def own_files(grub, state, text):
    """The changes of our files for a line without a trial; its settings are *text*, None for no such file."""
    # Without its script a trial counts as confirmed, so that goes first.
    files = [_owned.decide(state, grub.root, _trial.SCRIPT, None), _owned.decide(state, grub.root, _grub.DROPIN, text)]
    return [change for change in files if change]


def _decide_default(grub, trial, state, wish, present):
    wanted, recorded, entries = wish.tokens, present.recorded, _grub.entries(present.menu)
    ours = present.ours
    text = _grub.dropin(wanted, wish.names) if wanted or wish.names else None
    files = own_files(grub, state, text)
    stale = bool(files) or not entries or _trial.ENTRY in present.menu
    line, menu, taken = entries[0]["tokens"] if entries else [], stale, recorded.get("taken_over", [])
    if stale or any(differs(entry["tokens"], wanted, ours) for entry in entries):
        grub.check_writable()
        line = grub.words(text)
        check_line(grub, line, wanted)
        taken = taken_over(grub, wish.names)
        gone = _cmdline.lacking(line, ours)
        menu = stale or any(differs(entry["tokens"], wanted, gone) for entry in entries)
    off = _boot_trial.disarm(wish, present)
    record = {
        "tokens": wanted,
        "taken_over": taken,
        "retired": _retired(present, entries, wanted),
        "entry": "default" if text else None,
        "trial": off.record.get("trial"),
    }
    calm = _boot_trial.to_calm(trial, present)
    return Decision(wanted, line, _cmdline.lacking(line, ours), taken, files, menu, filled(record), off.arm, calm)


def _retired(present, entries, wanted):
    """Earlier tokens stay ours as long as the running line or the menu has one of them."""
    lists = [present.recorded.get("tokens", [])] + present.recorded.get("retired", [])
    around = _cmdline.settings(present.running) + [s for entry in entries for s in _cmdline.settings(entry["tokens"])]
    kept = [tokens for tokens in lists if _cmdline.compare(around, wanted, tokens)["superfluous"]]
    return [tokens for number, tokens in enumerate(kept) if tokens not in kept[:number]]


def _check_boots(grub, trial, wish, present, decision):
    """Refuse what would boot something else than decided, at once or whenever nobody chooses."""
    due = verdict(decision, present.running)["reboot_required"]
    if wish.entry == "default" and due:
        _boot_trial.refuse_other_choice(present)
    if not (due or decision.files or decision.menu or decision.arm or decision.calm):
        return
    found = strange_default(
        present.menu,
        wish.tokens,
        default=grub.default() if decision.menu else None,
        saved=trial.variable("saved_entry"),
        without=_trial.ENTRY if wish.entry == "default" else None,  # it goes
    )
    if found:
        raise Refused(
            "the entry that boots by default is not one of /etc/grub.d/10_linux",
            where="GRUB_DEFAULT in {0}".format(_grub.DEFAULTS),
            found=found,
            expected="an entry of 10_linux, no recovery",
            cure="Set GRUB_DEFAULT to an entry of the Linux kernel (0), or put the tokens into that entry by hand.",
        )


def verdict(decision, running):
    """How the running line differs from what the next boot will have, and why that needs a reboot."""
    result = _cmdline.compare(running, decision.wanted, decision.gone)
    reasons = _cmdline.reasons(result)
    return dict(result, running=_cmdline.split(running), reasons=reasons, reboot_required=bool(reasons))
