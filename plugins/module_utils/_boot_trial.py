# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kernel line on trial, decided as data: it is written early, and given its one boot right before the reboot.

So whatever stops a play in between, the next boot is an ordinary one.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _cmdline, _grub, _owned, _trial
from ._boot_data import Decision, check_line, differs, filled, taken_over
from ._errors import Refused
from ._files import read_text, under

PLAINLY = "Use entry=default (kernel_args_trial=never)."
WRITE = "Write it first: entry=trial."


def decide(grub, trial, state, wish, present):
    """What has to change for a line to be on trial: written, and with entry "armed" the one that boots next.

    A dry run of "armed" comes before anything is written; a real run has to ask check_written() as well.
    """
    wanted, recorded = wish.tokens, present.recorded
    same = _same(recorded.get("trial"), wish)
    if same and present.standing == "booted":
        return _on_trial(grub, wish, present)
    if same and present.standing == "over" and wish.entry == "trial" and not wish.retry:
        _refuse_again(recorded["trial"], present)
    refuse_other_choice(present)
    if present.why_not:
        raise Refused("a kernel line cannot be tried first", found=present.why_not, cure=PLAINLY)
    grub.check_writable()
    line = grub.words(_grub.dropin(wanted, wish.names))
    check_line(grub, line, wanted)
    tried = line + _trial.extras(wanted)
    waits = same and present.standing in (None, "waiting")
    file, menu = _entry(grub, state, present, tried, waits)
    # Ours as well, should the line be given up while it runs.
    retired = [tokens for tokens in recorded.get("retired", []) if tokens != wanted] + [wanted] * bool(wanted)
    # Whoever writes it will arm it later: what an earlier play has armed, and not rebooted, is taken back until then.
    told = wish.entry == "armed" and present.next_entry == _trial.ENTRY and same and present.standing == "waiting"
    record = dict(recorded, entry="trial", trial=_record(trial, wish, present, waits, told), retired=retired)
    gone = _cmdline.lacking(tried, present.ours)
    taken = taken_over(grub, wish.names)
    return Decision(wanted, tried, gone, taken, file, menu, filled(record), _arm(wish, present, told), [])


def disarm(wish, present):
    """What has to change for the next boot to be an ordinary one; what is written stays."""
    recorded, arm = present.recorded, _disarmed(present)
    record = dict(recorded, trial=unarmed(present) if arm else recorded.get("trial"))
    gone = _cmdline.lacking(wish.tokens, present.ours)
    taken = recorded.get("taken_over", [])
    return Decision(wish.tokens, wish.tokens, gone, taken, [], False, filled(record), arm, [])


def _same(record, wish):
    """Whether a recorded trial is of this very request."""
    if not record or record["takeover"] != wish.names:
        return False
    return not _cmdline.lacking(record["tokens"], wish.tokens) and not _cmdline.lacking(wish.tokens, record["tokens"])


def _on_trial(grub, wish, present):
    """A line that is on trial this very moment stays; a boot that GRUB has not crossed out would be another one."""
    if wish.entry == "armed":
        raise Refused(
            "this kernel line is on trial already",
            where="/proc/cmdline",
            found=_trial.MARKER,
            expected="a line that has not booted",
            cure="Keep it: entry=default.",
        )
    gone = _cmdline.lacking(present.running, present.ours)
    seen = dict(present.recorded, trial=dict(present.recorded["trial"], armed=True, booted=True))
    running, taken = _cmdline.split(present.running), taken_over(grub, wish.names)
    return Decision(wish.tokens, running, gone, taken, [], False, seen, _disarmed(present), [])


def _entry(grub, state, present, tried, waits):
    """The change of the script, none or one, and whether the menu has to be generated."""
    text = _trial.script(present.menu, present.running, grub.present_words(), tried)
    there = read_text(under(grub.root, _trial.SCRIPT)) or ""
    if waits and _trial.kernel_of(there) == _trial.kernel_of(text):
        text = there  # the menu that it was made from may have been that of another grub-mkconfig
    file = _owned.decide(state, grub.root, _trial.SCRIPT, text, 0o755)
    return [file] if file else [], bool(file) or _trial.tokens_of(present.menu) != _trial.tokens_of(text)


def _record(trial, wish, present, waits, told):
    """What is recorded of a trial; *told* if GRUB knows of it already."""
    record = present.recorded.get("trial")
    if not waits:
        # While another trial runs, the kernel has what that one has set; what was before is recorded with it.
        before = dict(trial.sysctls(_trial.way_back(wish.tokens)), **_set_before(present))
        record = {"tokens": wish.tokens, "takeover": wish.names, "sysctls": before}
    return dict(record, boot_id=present.boot_id, armed=told)


def _set_before(present):
    """What a line on trial that runs has found in the kernel; {} if none runs."""
    record = present.recorded.get("trial")
    return record["sysctls"] if record and _trial.runs(present.running) else {}


def to_calm(trial, present):
    """What the running kernel loses with a trial that ends."""
    return trial.to_calm(_set_before(present))


def _arm(wish, present, told):
    if wish.entry == "armed":
        return None if told else ("", _trial.ENTRY)
    return _disarmed(present)


def _disarmed(present):
    return (present.next_entry, "") if present.next_entry == _trial.ENTRY else None


def unarmed(present):
    """The record of a trial whose boot is taken back; None if there is none."""
    record = present.recorded.get("trial")
    if not record or present.standing == "booted":
        return record
    return dict(record, ignored=True) if present.standing == "over" else dict(record, armed=False)


def ignored(wish, present):
    """Whether GRUB has not followed next_entry, and this request is about to be refused for it."""
    asks = wish.entry == "armed" or (wish.entry == "trial" and not wish.retry)
    still = present.standing == "over" and present.next_entry == _trial.ENTRY
    return asks and still and _same(present.recorded.get("trial"), wish)


def refuse_tried(wish, present):
    """Refuse to make a line that was tried and not kept the one of every boot."""
    record, entries = present.recorded.get("trial"), _grub.entries(present.menu)
    there = entries and not any(differs(entry["tokens"], wish.tokens, []) for entry in entries)
    if present.standing == "over" and _same(record, wish) and not there and not wish.retry:
        _refuse_again(record, present)


def _refuse_again(record, present):
    found = "it booted, and nobody confirmed it: its checks failed, or nobody could reach the host in time"
    if present.next_entry == _trial.ENTRY:
        found = "GRUB has not followed next_entry, which is still set"
    elif record.get("ignored"):
        found = "GRUB has not followed next_entry, which has been taken back"
    elif not record.get("booted"):
        found = "the trial line did not boot, or nobody could reach the host: it is back on the line of before"
    raise Refused(
        "this kernel line has been tried and was not kept",
        where=_trial.SCRIPT,
        found=found,
        cure="The console of the host tells more. Change the request, or try it again: retry=true "
        "(kernel_args_trial_retry). Only kernel_args_trial=never writes it untried.",
    )


def refuse_other_choice(present):
    """Refuse what needs a reboot where that is somebody else's."""
    if present.next_entry not in ("", _trial.ENTRY):
        raise Refused(
            "somebody else has chosen another entry for the next boot",
            where=_trial.ENVIRONMENT,
            found=repr(present.next_entry),
            expected="none",
            cure="Take it back (grub-editenv - unset next_entry), or boot it first.",
        )


def check_written(wish, present, decision):
    """Refuse to let an entry boot that is not the one of this request, or has had its boot."""
    record = present.recorded.get("trial")
    if not _same(record, wish):
        raise Refused(
            "no trial of this kernel line is written",
            where=_trial.SCRIPT,
            found="one of {0}".format(" ".join(record["tokens"])) if record else "none",
            expected="one of {0}".format(" ".join(wish.tokens)),
            cure=WRITE,
        )
    if present.standing == "over":
        _refuse_again(record, present)
    if decision.files or decision.menu:
        found = "no such entry" if _trial.tokens_of(present.menu) is None else "another line"
        for change in decision.files:
            found = "no such file" if change.before is None else "another text"
        raise Refused(
            "the entry on trial is not as it would be written now",
            where=_trial.SCRIPT if decision.files else _grub.MENU,
            found=found,
            expected="one that boots {0}".format(" ".join(decision.line)),
            cure=WRITE,
        )


def outlook(wish, present):
    """How a trial stands before any run."""
    waits = _same(present.recorded.get("trial"), wish) and present.standing in (None, "waiting")
    booted = present.standing == "booted"
    return {"possible": not present.why_not, "why": present.why_not, "pending": waits, "booted": booted}


def facts(wish, present, decision, real):
    """How a trial stands after this run; *real* if it was one."""
    after, record = decision.arm[1] if decision.arm else present.next_entry, decision.record.get("trial")
    waits = _trial.standing(record, present.running, present.boot_id) in (None, "waiting")
    pending = wish.entry != "default" and _same(record, wish) and waits
    kept = real and (wish.entry == "default" or pending)
    return {
        "possible": not present.why_not,
        "why": present.why_not,
        "pending": pending,
        "armed": after == _trial.ENTRY,
        "booted": present.standing == "booted" and not kept,
    }
