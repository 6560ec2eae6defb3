# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The change that _boot_line.py has decided: shown as actions, carried out, and undone if it came out wrong.

Everything ours is recorded before it is written; a menu is read back before it takes the place of the old one.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _boot_trial, _grub, _owned, _trial
from ._action import action
from ._boot_data import SECTION, differs, filled, strange_default
from ._errors import Failed, OvsDpdkError


def actions_of(wish, present, decision):
    """The decision as data, in the order in which it is carried out."""
    if wish.entry == "armed":  # what it finds missing is written before it
        return [action("arm", _trial.ENVIRONMENT, after=decision.arm[1])] if decision.arm else []
    actions = []
    before = present.recorded.get("tokens", [])
    if decision.arm:
        actions.append(action("disarm", _trial.ENVIRONMENT, before=decision.arm[0]))
    actions += _owned.described(decision.files)[0]
    if decision.menu:
        actions.append(action("generate", _grub.MENU, before=before, after=decision.wanted))
    return actions + [action("set", path, before=now, after=before) for path, now, before in decision.calm]


def difference(wish, present, decision):
    """What --diff shows: the own tokens before and after, those on trial by themselves; or what boots once."""
    if wish.entry in ("armed", "disarmed"):
        names = decision.arm or (present.next_entry, present.next_entry)
        return dict(zip(("before", "after"), ({"next_entry": name} for name in names)))
    keys = ("tokens", "taken_over")
    sides = [{key: record.get(key, []) for key in keys} for record in (present.recorded, decision.record)]
    for side, record in zip(sides, (present.recorded, decision.record if wish.entry == "trial" else {})):
        side["trial"] = record.get("trial", {}).get("tokens", [])
    return dict(zip(("before", "after"), sides))


def remember(state, entry):
    """Make the section of the state file hold exactly *entry*."""
    state.update(SECTION, dict(dict.fromkeys(state.section(SECTION)), **entry))


def take_back(trial, state, present):
    """Make the next boot an ordinary one; what is present then."""
    record = _boot_trial.unarmed(present)
    state.update(SECTION, {"trial": record})
    trial.arm("")
    return present._replace(recorded=filled(dict(present.recorded, trial=record)), next_entry="")


def carry_out(grub, trial, state, wish, present, decision):
    """Write, generate, read back, and only then let the new menu boot."""
    if decision.arm and not decision.arm[1]:
        take_back(trial, state, present)
    before = state.section(SECTION)
    remember(state, decision.record)
    if decision.menu:
        _make_menu(grub, trial, state, wish, decision, before)
    elif present.menu is None:
        _owned.carry_out_all(state, grub.root, decision.files)
    if decision.arm and decision.arm[1]:
        trial.arm(_trial.ENTRY)
        state.update(SECTION, {"trial": dict(decision.record["trial"], armed=True)})
    if wish.entry == "default":
        for path, _now, value in decision.calm:
            trial.calm(path, value)
        state.forget(SECTION, "trial")


def _make_menu(grub, trial, state, wish, decision, before):
    entries, done = grub.entries(), []
    try:
        for change in decision.files:
            done.insert(0, change)
            _owned.carry_out(state, grub.root, change)
        menu = grub.generate()
        wrong = _unlike_trial(menu, decision, entries) if wish.entry == "trial" else _unlike(menu, decision)
        wrong = wrong or _strange(menu, trial, decision)
        if wrong:
            raise Failed("the generated menu does not have the tokens as wanted", where=_grub.MENU, found=wrong)
        grub.install()
    except OvsDpdkError as exc:
        grub.discard()
        for change in done:
            _owned.undo(state, grub.root, change)
        remember(state, before)
        cure = "The settings and the menu are as they were; the scripts in /etc/grub.d decide what an entry boots."
        raise Failed(exc.parts["what"], where=exc.parts["where"], found=exc.parts["found"], cure=cure)


def _strange(menu, trial, decision):
    """What the menu boots by default, where it is not what was decided; None if it is, or nothing was wanted."""
    found = strange_default(menu, decision.wanted, saved=trial.variable("saved_entry"))
    return "by default {0}".format(found) if found else None


def _unlike(menu, decision):
    """The first entry that does not boot what was decided, in words; None if all do."""
    entries = _grub.entries(menu)
    if not entries:
        return "no entry of /etc/grub.d/10_linux"
    for entry in entries:
        if differs(entry["tokens"], decision.wanted, decision.gone):
            return "{0}: {1}".format(entry["title"], " ".join(entry["tokens"]))
    return None


def _unlike_trial(menu, decision, before):
    """Why the menu does not hold what was decided for the trial, beside entries that stay; None if it does."""
    tokens = _trial.tokens_of(menu)
    if tokens is None:
        return "not one entry {0}".format(_trial.ENTRY)
    if differs(tokens, decision.line, decision.gone):
        return "{0}: {1}".format(_trial.ENTRY, " ".join(tokens))
    changed = [entry for entry in _grub.entries(menu) if entry["tokens"] not in [old["tokens"] for old in before]]
    if changed:
        return "another line than before in {0}: {1}".format(changed[0]["title"], " ".join(changed[0]["tokens"]))
    return None
