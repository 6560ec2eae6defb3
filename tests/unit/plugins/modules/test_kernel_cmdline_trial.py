"""A kernel line on trial, through kernel_cmdline's main(), on a tree that boots as GRUB would."""

import json
import os
import re
import shutil
import subprocess
import tempfile

import pytest

pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.modules import kernel_cmdline

TOKENS = ["iommu=pt", "hugepagesz=1G", "hugepages=0:2,1:2", "isolcpus=managed_irq,domain,2-5"]
EXTRAS = ["panic=30", "softlockup_panic=1", "nfv_ovs_dpdk.trial=1"]
SCRIPT = "etc/grub.d/99_nfv-ovs-dpdk-trial"
TITLE = "Kernel arguments on trial (nfv.ovs_dpdk)"


@pytest.fixture
def run(grub_tree, run_module, monkeypatch):
    monkeypatch.setattr(kernel_cmdline, "ROOT", str(grub_tree.root))

    def call(tokens=None, entry="trial", check=False, diff=False, **more):
        options = dict(more, tokens=TOKENS if tokens is None else tokens, entry=entry)
        return run_module("kernel_cmdline", options, check=check, diff=diff)

    return call


@pytest.fixture
def arm(run):
    """arm(tokens) -> the result: the line is written, and boots next."""

    def call(tokens=None, retry=False, **more):
        written = run(tokens, retry=retry, **more)
        assert not written["failed"], written["msg"]
        armed = run(tokens, state="armed", **more)
        assert armed["trial"]["armed"], armed
        return armed

    return call


def state(grub_tree):
    path = grub_tree.root / "var/lib/nfv_ovs_dpdk/state.json"
    return json.loads(path.read_text()) if path.exists() else {}


def but_the_boot(snapshot):
    return {path: text for path, text in snapshot.items() if "/proc/" not in path}


WAITS = {"possible": True, "why": "", "pending": True, "armed": False, "booted": False}
ARM = {"action": "arm", "target": "/boot/grub/grubenv", "before": None, "after": "nfv-ovs-dpdk-trial"}
DISARM = {"action": "disarm", "target": "/boot/grub/grubenv", "before": "nfv-ovs-dpdk-trial", "after": None}


def test_a_line_is_tried_once_and_kept(grub_tree, run):
    virgin, lines = grub_tree.snapshot(), grub_tree.lines()
    dry = run(check=True, diff=True)
    foreseen = run(state="armed", check=True, diff=True)
    assert dry["changed"] and grub_tree.snapshot() == virgin
    real = run(diff=True)
    assert (real["actions"], real["diff"], real["trial"]) == (dry["actions"], dry["diff"], dry["trial"])
    assert real["trial"] == WAITS
    assert [item["action"] for item in real["actions"]] == ["write", "generate"]
    assert real["diff"]["after"] == {"tokens": [], "taken_over": [], "trial": TOKENS}
    assert real["reboot_required"] and not run()["changed"]
    assert grub_tree.environment.read_text() == virgin[str(grub_tree.environment)]

    armed = run(state="armed", diff=True)
    assert (armed["actions"], armed["diff"], armed["trial"]) == (
        foreseen["actions"],
        foreseen["diff"],
        foreseen["trial"],
    )
    assert armed["actions"] == [ARM] and armed["trial"] == dict(WAITS, armed=True)
    assert armed["diff"] == {"before": {"next_entry": ""}, "after": {"next_entry": "nfv-ovs-dpdk-trial"}}
    # Whoever writes it again has not rebooted: its boot is ordered anew, later.
    assert armed["reboot_required"]
    for check in (True, False):
        taken_back = run(check=check)
        assert (taken_back["actions"], taken_back["trial"]) == ([DISARM], WAITS)
    assert run(state="armed")["actions"] == [ARM]
    for check in (True, False):
        assert run(state="armed", check=check)["actions"] == []

    assert [pair for pair in grub_tree.lines() if pair[0] != TITLE] == lines
    assert dict(grub_tree.lines())[TITLE] == " ".join([lines[0][1]] + TOKENS + EXTRAS)
    assert "saved_entry=1\n" in grub_tree.environment.read_text()
    record = state(grub_tree)["kernel_cmdline"]
    assert (record["entry"], record["trial"]["boot_id"], record["trial"]["tokens"]) == ("trial", "boot-1", TOKENS)

    grub_tree.boot()
    for _again in range(2):
        tried = run()
        assert (tried["changed"], tried["reboot_required"]) == (False, False)
        assert tried["trial"] == dict(WAITS, pending=False, booted=True)

    dry = run(entry="default", check=True, diff=True)
    assert dry["trial"]["booted"]
    kept = run(entry="default", diff=True)
    assert (kept["actions"], kept["diff"]) == (dry["actions"], dry["diff"])
    assert [(item["action"], item["target"]) for item in kept["actions"]] == [
        ("remove", "/" + SCRIPT),
        ("write", "/etc/default/grub.d/90-nfv-ovs-dpdk.cfg"),
        ("generate", "/boot/grub/grub.cfg"),
        ("set", "/proc/sys/kernel/panic"),
        ("set", "/proc/sys/kernel/softlockup_panic"),
    ]
    assert not kept["reboot_required"] and not kept["trial"]["booted"]
    assert not run(entry="default")["changed"]
    assert state(grub_tree)["kernel_cmdline"] == {"tokens": TOKENS, "entry": "default"}
    normal = [line for title, line in grub_tree.lines() if "Rettung" not in title and title != "Memory test"]
    assert normal == [lines[0][1] + " " + " ".join(TOKENS)] * 3
    assert (grub_tree.root / "proc/sys/kernel/panic").read_text() == "0\n"

    grub_tree.boot()
    assert not run(entry="default")["reboot_required"]
    run(state="absent")
    grub_tree.boot()
    run(state="absent")
    left = dict(virgin, **{str(grub_tree.environment): "# GRUB Environment Block\nsaved_entry=1\nnext_entry=\n"})
    assert grub_tree.snapshot() == left and state(grub_tree) == {"version": 1}


def test_a_boot_that_grub_has_not_crossed_out_is_taken_back_at_once(grub_tree, run):
    """Or the way back from a line that does not do as planned would lead to it again, and again."""
    run()
    run(state="armed")
    environment = grub_tree.environment.read_text()
    grub_tree.boot()
    grub_tree.environment.write_text(environment)
    for check in (True, False):
        tried = run(check=check)
        assert (tried["actions"], tried["trial"]) == ([DISARM], dict(WAITS, pending=False, booted=True))
    assert "next_entry=nfv" not in grub_tree.environment.read_text()
    assert not run()["changed"]


PANICKED = "the trial line did not boot, or nobody could reach the host: it is back on the line of before"
LEFT = "it booted, and nobody confirmed it: its checks failed, or nobody could reach the host in time"
IGNORED = "GRUB has not followed next_entry, which is still set"


def panics(grub_tree, _run):
    grub_tree.boot()
    grub_tree.boot()


def is_left(grub_tree, run):
    grub_tree.boot()
    assert run()["trial"]["booted"]
    grub_tree.boot()


def is_ignored(grub_tree):
    environment = grub_tree.environment.read_text()
    panics(grub_tree, None)
    grub_tree.environment.write_text(environment)


def not_kept(found):
    return (
        "this kernel line has been tried and was not kept (/etc/grub.d/99_nfv-ovs-dpdk-trial): found {0}. "
        "The console of the host tells more. Change the request, or try it again: retry=true "
        "(kernel_args_trial_retry). Only kernel_args_trial=never writes it untried.".format(found)
    )


def tried_again(grub_tree, run, arm):
    assert run(TOKENS[:1], check=True)["trial"]["pending"], "another request"
    assert run(takeover=["nosmt"], check=True)["trial"]["pending"], "another request too"
    again = run(retry=True)
    assert again["trial"]["pending"] and again["reboot_required"]
    assert not run()["changed"], "one retry is one"
    arm()
    grub_tree.boot()
    assert run()["trial"]["booted"]


@pytest.mark.parametrize(("fate", "found"), [(panics, PANICKED), (is_left, LEFT)])
def test_a_line_that_was_not_kept_is_not_tried_again_unasked(grub_tree, run, arm, fate, found):
    arm()
    fate(grub_tree, run)
    before, recorded = grub_tree.snapshot(), state(grub_tree)
    for more in ({"check": True}, {}, {"entry": "default"}, {"state": "armed"}, {"state": "armed", "retry": True}):
        assert run(**more)["msg"] == not_kept(found)
    assert (grub_tree.snapshot(), state(grub_tree)) == (before, recorded)
    assert run(state="armed", check=True)["actions"] == [ARM], "entry=trial with retry=true may come before it"
    tried_again(grub_tree, run, arm)


@pytest.mark.parametrize("goal", [{"entry": "trial"}, {"state": "armed"}], ids=["trial", "armed"])
def test_a_line_that_grub_did_not_follow_does_not_boot_later(grub_tree, run, arm, goal):
    arm()
    is_ignored(grub_tree)
    before = grub_tree.snapshot()
    assert run(check=True)["msg"] == not_kept("GRUB has not followed next_entry, which is still set")
    assert grub_tree.snapshot() == before
    for more in (goal, {}, {"check": True}):
        assert run(**more)["msg"] == not_kept("GRUB has not followed next_entry, which has been taken back")
    grub_tree.boot()
    assert "nfv_ovs_dpdk.trial" not in (grub_tree.root / "proc/cmdline").read_text()
    assert run()["msg"] == not_kept("GRUB has not followed next_entry, which has been taken back")
    tried_again(grub_tree, run, arm)


@pytest.mark.parametrize("more", [{"retry": True}, {"tokens": ["nosmt"]}], ids=["again", "another"])
def test_what_grub_did_not_follow_is_taken_back_before_a_line_is_written(grub_tree, run, arm, more):
    arm()
    is_ignored(grub_tree)
    dry = run(check=True, **more)
    real = run(**more)
    assert real["actions"][0] == DISARM and real["actions"] == dry["actions"]
    assert real["trial"] == dry["trial"] == WAITS


def test_a_changed_request_takes_the_place_of_one_that_has_not_booted(grub_tree, run, arm):
    run()
    real = run(["nosmt"])
    assert [item["action"] for item in real["actions"]] == ["write", "generate"]
    assert run(state="armed")["error"]["found"] == "one of nosmt"
    arm(["nosmt"])
    grub_tree.boot()
    assert run(["nosmt"])["running"][-4:] == ["nosmt"] + EXTRAS
    other = run(["nosmt", "iommu=pt"])
    assert other["trial"]["pending"] and not other["trial"]["booted"] and other["reboot_required"]


def test_a_changed_request_does_not_boot_before_it_is_armed_itself(grub_tree, run, arm):
    arm()
    dry = run(["nosmt"], check=True)
    real = run(["nosmt"])
    assert [item["action"] for item in real["actions"]] == ["disarm", "write", "generate"]
    assert (real["actions"], real["trial"]) == (dry["actions"], dry["trial"])
    grub_tree.boot()
    assert run(["nosmt"])["trial"] == WAITS
    assert "nosmt" not in run(["nosmt"])["running"]


def test_a_reboot_before_a_line_is_armed_is_an_ordinary_one(grub_tree, run):
    """Weeks may lie between: nobody is surprised, and the line can still be tried."""
    run()
    for _week in range(2):
        grub_tree.boot()
        assert "nfv_ovs_dpdk.trial" not in (grub_tree.root / "proc/cmdline").read_text()
    armed = run(state="armed")
    assert (armed["actions"], armed["trial"]) == ([ARM], dict(WAITS, armed=True))
    grub_tree.boot()
    assert run()["trial"]["booted"]
    grub_tree.boot()
    assert run()["msg"] == not_kept(LEFT)


def test_a_reboot_that_does_not_come_can_be_called_off(grub_tree, run, arm):
    arm()
    dry = run(state="disarmed", check=True, diff=True)
    real = run(state="disarmed", diff=True)
    assert real["actions"] == [DISARM]
    assert (real["actions"], real["diff"], real["trial"]) == (dry["actions"], dry["diff"], dry["trial"])
    assert real["trial"] == WAITS and real["reboot_required"]
    assert not run(state="disarmed")["changed"] and not run()["changed"]
    grub_tree.boot()
    assert "nfv_ovs_dpdk.trial" not in (grub_tree.root / "proc/cmdline").read_text()
    arm()
    grub_tree.boot()
    assert run()["trial"]["booted"]


def test_a_host_without_a_trial_has_none_to_call_off(grub_tree, run):
    before = grub_tree.snapshot()
    result = run(state="disarmed")
    assert (result["failed"], result["actions"], result["trial"]["pending"]) == (False, [], False)
    assert (grub_tree.snapshot(), state(grub_tree)) == (before, {})


def gone(tree):
    (tree.root / SCRIPT).unlink()
    tree.update_grub()


def changed(tree):
    tree.settings('GRUB_CMDLINE_LINUX_DEFAULT="quiet nosmt"\n')
    tree.update_grub()


def unseen(tree):
    (tree.root / SCRIPT).chmod(0o644)
    tree.update_grub()
    (tree.root / SCRIPT).chmod(0o755)


WRITE = "Write it first: entry=trial."
NOT_ARMED = [
    (
        lambda tree, run: None,
        "no trial of this kernel line is written (/etc/grub.d/99_nfv-ovs-dpdk-trial): found none, expected one of {0}. "
        "{1}".format(" ".join(TOKENS), WRITE),
    ),
    (
        lambda tree, run: run(["nosmt"]),
        "no trial of this kernel line is written (/etc/grub.d/99_nfv-ovs-dpdk-trial): found one of nosmt, expected one "
        "of {0}. {1}".format(" ".join(TOKENS), WRITE),
    ),
    (
        lambda tree, run: (run(), gone(tree)),
        "the entry on trial is not as it would be written now (/etc/grub.d/99_nfv-ovs-dpdk-trial): found no such file, "
        "expected one that boots console=ttyS0,115200n8 quiet {0}. {1}".format(" ".join(TOKENS + EXTRAS), WRITE),
    ),
    (
        lambda tree, run: (run(), changed(tree)),
        "the entry on trial is not as it would be written now (/etc/grub.d/99_nfv-ovs-dpdk-trial): found another text, "
        "expected one that boots quiet nosmt {0}. {1}".format(" ".join(TOKENS + EXTRAS), WRITE),
    ),
    (
        lambda tree, run: (run(), unseen(tree)),
        "the entry on trial is not as it would be written now (/boot/grub/grub.cfg): found no such entry, expected one "
        "that boots console=ttyS0,115200n8 quiet {0}. {1}".format(" ".join(TOKENS + EXTRAS), WRITE),
    ),
]


@pytest.mark.parametrize(("reach", "message"), NOT_ARMED, ids=["none", "another", "gone", "changed", "not in the menu"])
def test_an_entry_that_is_not_the_one_of_the_request_does_not_boot(grub_tree, run, arm, reach, message):
    reach(grub_tree, run)
    before, recorded = grub_tree.snapshot(), state(grub_tree)
    assert run(state="armed")["msg"] == message
    assert run(state="armed", check=True)["actions"] == [ARM], "a dry run before it has written nothing"
    assert (grub_tree.snapshot(), state(grub_tree).get("kernel_cmdline")) == (before, recorded.get("kernel_cmdline"))
    arm()


def test_a_line_that_is_on_trial_is_not_armed_again(grub_tree, run, arm):
    arm()
    grub_tree.boot()
    for check in (True, False):
        assert run(state="armed", check=check)["msg"] == (
            "this kernel line is on trial already (/proc/cmdline): found nfv_ovs_dpdk.trial=1, expected a line that "
            "has not booted. Keep it: entry=default."
        )


def test_what_a_first_trial_set_in_the_kernel_is_taken_back_after_a_second_one(grub_tree, run, arm):
    arm(["nosmt"])
    grub_tree.boot()
    run(["panic=7"])  # written and replaced while the first one runs
    arm(["iommu=pt"])
    grub_tree.boot()
    assert run(["iommu=pt"])["trial"]["booted"]
    run(["iommu=pt"], entry="default")
    for name in ("panic", "softlockup_panic"):
        assert (grub_tree.root / "proc/sys/kernel" / name).read_text() == "0\n"


@pytest.mark.parametrize("goal", [{"entry": "default"}, {"state": "absent"}], ids=["default", "absent"])
def test_what_a_trial_set_in_the_kernel_is_taken_back_where_a_second_one_is_called_off(grub_tree, run, arm, goal):
    arm(["nosmt"])
    grub_tree.boot()
    arm(["iommu=pt"])
    run(["iommu=pt"], **goal)
    for name in ("panic", "softlockup_panic"):
        assert (grub_tree.root / "proc/sys/kernel" / name).read_text() == "0\n"


@pytest.mark.parametrize("goal", [{"entry": "default"}, {"state": "absent"}], ids=["default", "absent"])
@pytest.mark.parametrize("armed", [True, False], ids=["armed", "not yet"])
def test_a_pending_trial_can_be_called_off(grub_tree, run, arm, goal, armed):
    virgin = grub_tree.snapshot()
    (arm if armed else run)()
    dry = run(check=True, **goal)
    real = run(**goal)
    assert real["actions"] == dry["actions"]
    assert [item for item in real["actions"] if item["action"] == "disarm"] == [DISARM] * armed
    assert real["actions"][0]["action"] == ("disarm" if armed else "remove")
    assert not real["trial"]["pending"] and not real["trial"]["armed"] and TITLE not in dict(grub_tree.lines())
    grub_tree.boot()
    run(state="absent")
    grub_tree.boot()
    run(state="absent")
    assert (grub_tree.snapshot(), state(grub_tree)) == (virgin, {"version": 1})


def test_the_line_of_before_is_the_default_until_the_new_one_is_kept(grub_tree, run, arm):
    run(["isolcpus=1-3", "nosmt"], entry="default")
    grub_tree.boot()
    lines = grub_tree.lines()
    tried = arm()
    assert tried["superfluous"] == ["isolcpus=1-3", "nosmt"]
    assert [pair for pair in grub_tree.lines() if pair[0] != TITLE] == lines
    grub_tree.boot()
    assert not {"isolcpus=1-3", "nosmt"} & set(run()["running"])
    kept = run(entry="default")
    assert (kept["reasons"], kept["superfluous"]) == ([], [])
    assert not run(entry="default")["changed"]
    assert state(grub_tree)["kernel_cmdline"] == {"tokens": TOKENS, "entry": "default"}


def test_what_is_taken_over_is_off_the_trial_line_alone(grub_tree, run):
    grub_tree.settings('GRUB_CMDLINE_LINUX="isolcpus=1"\n')
    grub_tree.update_grub()
    refused = run(check=True)
    assert "name isolcpus in takeover" in refused["msg"]
    assert run(takeover=["isolcpus"])["taken_over"] == ["isolcpus=1"]
    lines = dict(grub_tree.lines())
    assert "isolcpus=1" not in lines[TITLE].split() and "isolcpus=1" in lines["It's Debian"].split()
    assert "isolcpus=managed_irq,domain,2-5" in lines[TITLE]


def test_wanted_tokens_keep_their_own_value(grub_tree, run, arm):
    arm(["panic=5"])
    grub_tree.boot()
    tried = run(["panic=5"])
    assert tried["running"][-3:] == ["panic=5", "softlockup_panic=1", "nfv_ovs_dpdk.trial=1"]
    run(["panic=5"], entry="default")
    assert (grub_tree.root / "proc/sys/kernel/panic").read_text() == "5\n"
    assert (grub_tree.root / "proc/sys/kernel/softlockup_panic").read_text() == "0\n"


def test_what_somebody_else_has_set_in_the_kernel_stays(grub_tree, run, arm):
    arm()
    grub_tree.boot()
    grub_tree.write("proc/sys/kernel/panic", "10\n")
    kept = run(entry="default")
    assert [item["target"] for item in kept["actions"] if item["action"] == "set"] == [
        "/proc/sys/kernel/softlockup_panic"
    ]
    assert (grub_tree.root / "proc/sys/kernel/panic").read_text() == "10\n"


def test_a_menu_that_somebody_else_generates_still_has_the_trial(grub_tree, run):
    run()
    grub_tree.update_grub()
    assert not run()["changed"] and run(state="armed")["changed"]
    grub_tree.boot()
    assert run()["trial"]["booted"]


def test_a_menu_of_another_grub_is_no_reason_to_write_twice(grub_tree, run):
    """The first script is made from a menu that differs around the kernel line from what is generated now."""
    menu = grub_tree.root / "boot/grub/grub.cfg"
    menu.write_text(menu.read_text().replace("\tinsmod gzio\n", "\tinsmod gzio\n\tset root='hd0,gpt2'\n"))
    assert run()["changed"]
    for check in (True, False):
        assert not run(check=check)["changed"]
    grub_tree.boot()
    assert not run()["changed"], "nor after a reboot that came too early"
    assert run(state="armed")["trial"]["armed"]
    (grub_tree.root / SCRIPT).write_text("#!/bin/sh\n")
    assert run()["changed"]


def test_the_kernel_that_runs_is_the_one_that_is_tried(grub_tree, run):
    running = (grub_tree.root / "proc/cmdline").read_text()
    grub_tree.write("proc/cmdline", running.replace("-40 ", "-18 "))
    run()
    assert "\n\tlinux\t/boot/vmlinuz-6.1.0-18 root" in (grub_tree.root / SCRIPT).read_text()


def lacks(program):
    return lambda tree: (tree.root / program).unlink()


def on(words):
    return lambda tree: tree.write("disk", words + "\n")


def chosen(tree):
    tree.environment.write_text("# GRUB Environment Block\nnext_entry=memtest\n")


def full(tree):
    editor = tree.root / "usr/bin/grub-editenv"
    text = "(set) echo grub-editenv: error: environment block too small. >&2; exit 1;;\n  (never)"
    editor.write_text(editor.read_text().replace("(set)", text))


def broken(tree):
    editor = tree.root / "usr/bin/grub-editenv"
    editor.write_text(editor.read_text().replace("(set)", "(set) echo no block >&2; exit 1;;\n  (never)"))


def deaf(tree):
    tree.menu.chmod(0o644)
    tree.menu.write_text(tree.menu.read_text().replace("next_entry", "other_entry"))


def twofold(tree):
    tree.menu.chmod(0o644)
    tree.menu.write_text(re.sub(r"(?m)^(\s*linux\s.*)$", r"\1\n\1", tree.menu.read_text()))


IMPOSSIBLE = [
    (on("ext2 lvm"), "GRUB cannot write to /boot/grub on lvm"),
    (on("ext2 diskfilter mdraid1x"), "GRUB cannot write to /boot/grub on diskfilter mdraid1x"),
    (on("btrfs"), "GRUB cannot write to /boot/grub, a file system of type btrfs"),
    (on("zfs"), "GRUB cannot write to /boot/grub, a file system of type zfs"),
    (on("f2fs"), "GRUB cannot write to /boot/grub, a file system of type f2fs"),
    (lacks("usr/bin/grub-editenv"), "grub-editenv is missing"),
    (lacks("usr/sbin/grub-probe"), "grub-probe does not know what /boot/grub is on: "),
    (deaf, "the menu does not follow next_entry"),
    (twofold, "an entry of the menu has several kernel lines (GRUB_FORCE_PARTUUID), and GRUB chooses at boot"),
    (full, "GRUB's environment block has no room for next_entry (/boot/grub/grubenv)"),
    (broken, "GRUB's environment block does not take next_entry (/boot/grub/grubenv): no block"),
    (
        lambda tree: tree.settings("GRUB_CMDLINE_LINUX=nosmt\n"),
        "the menu is older than the settings; update-grub makes a new one",
    ),
]


@pytest.mark.parametrize(("spoil", "why"), IMPOSSIBLE)
def test_where_no_line_can_be_tried_the_host_says_why_and_goes_the_plain_way(grub_tree, run, spoil, why):
    spoil(grub_tree)
    before = grub_tree.snapshot()
    for check in (True, False):
        refused = run(check=check)
        assert refused["msg"].startswith("a kernel line cannot be tried first: found " + why)
        assert refused["msg"].endswith(". Use entry=default (kernel_args_trial=never).")
    assert (grub_tree.snapshot(), state(grub_tree), os.listdir(tempfile.gettempdir())) == (before, {}, [])
    plain = run(entry="default")
    assert plain["changed"] and plain["trial"]["why"].startswith(why)
    assert (plain["trial"]["possible"], plain["trial"]["pending"]) == (False, False)


def test_a_line_that_is_the_default_already_cannot_be_tried(grub_tree, run):
    """There would be no other line to come back to."""
    run(entry="default")
    why = "the entries that boot without being chosen have this line already"
    assert run()["error"]["found"] == why
    assert run(entry="default", check=True)["trial"]["why"] == why
    assert run(TOKENS[:1], check=True)["trial"]["possible"]


@pytest.mark.parametrize("disk", ["ext2", "xfs", "fat"])
def test_file_systems_that_grub_can_write_to(grub_tree, run, disk):
    grub_tree.write("disk", disk + "\n")
    assert run(check=True)["trial"]["pending"]


def test_a_host_without_an_environment_block_gets_one(grub_tree, arm):
    grub_tree.environment.unlink()
    assert arm()["trial"]["pending"]
    assert "next_entry=nfv-ovs-dpdk-trial\n" in grub_tree.environment.read_text()


def test_other_entries_that_would_change_stop_the_trial(grub_tree, run):
    before = grub_tree.snapshot()
    grub_tree.write("extra", "isolcpus=7")
    failed = run()
    assert "another line than before in Debian, with Linux 6.1.0-40" in failed["error"]["found"]
    (grub_tree.root / "extra").unlink()
    assert (grub_tree.snapshot(), state(grub_tree)) == (before, {"version": 1})


@pytest.mark.skipif(not shutil.which("grub-editenv"), reason="GRUB's own editor")
def test_a_full_environment_block_is_noticed_before_anything_is_written(grub_tree, run):
    editor = grub_tree.root / "usr/bin/grub-editenv"
    editor.write_text('#!/bin/sh\nexec {0} "$@"\n'.format(shutil.which("grub-editenv")))
    block, lines = "# GRUB Environment Block\n", "x={0}\nnext_entry=\n"
    for free, refused in ((0, True), (17, True), (18, False)):
        text = block + lines.format("x" * (1024 - free - len(block) - len(lines) + 3))
        grub_tree.environment.write_text(text + "#" * free)
        before = grub_tree.snapshot()
        assert run(check=True)["failed"] == refused
        assert run(entry="default", check=True)["trial"]["possible"] == (not refused)
        assert grub_tree.snapshot() == before
    subprocess.check_call(["grub-editenv", str(grub_tree.environment), "list"])


CHOSEN = (
    "somebody else has chosen another entry for the next boot (/boot/grub/grubenv): found 'memtest', expected none. "
    "Take it back (grub-editenv - unset next_entry), or boot it first."
)


@pytest.mark.parametrize("goal", [{"entry": "trial"}, {"entry": "default"}, {"state": "armed"}])
def test_a_host_that_boots_something_else_next_is_not_rebooted_in_vain(grub_tree, run, goal):
    if "state" in goal:
        run()
    chosen(grub_tree)
    before = grub_tree.snapshot()
    for check in (True, False):
        assert run(check=check, **goal)["msg"] == CHOSEN
    assert grub_tree.snapshot() == before
    assert not run(state="absent")["failed"]
    assert "next_entry=memtest\n" in grub_tree.environment.read_text()


def test_what_somebody_else_boots_next_is_his_business_where_no_reboot_is_due(grub_tree, run):
    run(entry="default")
    grub_tree.boot()
    chosen(grub_tree)
    result = run(entry="default")
    assert (result["failed"], result["changed"], result["reboot_required"]) == (False, False, False)
    assert result["trial"]["why"].startswith("somebody else has chosen 'memtest'")


GOALS = [
    (lambda tree, run: None, {"entry": "trial"}),
    (lambda tree, run: run(), {"state": "armed"}),
    (lambda tree, run: (run(), run(state="armed"), tree.boot(), run()), {"entry": "default"}),
    (lambda tree, run: (run(), run(state="armed")), {"state": "disarmed"}),
    (lambda tree, run: (run(), run(state="armed")), {"state": "absent"}),
    (lambda tree, run: (run(["nosmt"]), run(["nosmt"], state="armed")), {"entry": "trial"}),
]


@pytest.mark.parametrize(("reach", "goal"), GOALS, ids=["try", "arm", "keep", "disarm", "call off", "try another"])
def test_killed_at_any_step_the_boot_is_sane_and_the_next_run_ends_as_if_undisturbed(
    grub_tree, run, deaths, reach, goal
):
    def before():
        run(state="absent")
        grub_tree.boot()
        grub_tree.boot()
        run(state="absent")
        reach(grub_tree, run)

    before()
    old, block = grub_tree.menu.read_text(), grub_tree.environment.read_text()
    undisturbed = run(**goal)
    new, recorded = grub_tree.snapshot(), anonymous(state(grub_tree))
    before()
    for _death in deaths(lambda: run(**goal)):
        menu, environment = grub_tree.menu.read_text(), grub_tree.environment.read_text()
        assert menu in (old, new[str(grub_tree.menu)])
        assert environment in (block, new[str(grub_tree.environment)])
        armed = "next_entry=nfv" in environment
        assert not armed or TITLE in menu, "armed without an entry"
        assert not armed or "entry" not in goal or environment == block, "armed by what only writes"
        assert TITLE not in menu or "trial" in state(grub_tree)["kernel_cmdline"], "not recorded before"
        result = run(**goal)
        assert (result["configured"], result["reasons"]) == (undisturbed["configured"], undisturbed["reasons"])
        assert (grub_tree.snapshot(), anonymous(state(grub_tree))) == (new, recorded)
        assert not run(**goal)["changed"]
        before()


def test_a_power_cut_before_grub_is_told_is_no_trial(grub_tree, run, deaths):
    booted = set()
    run()
    for _death in deaths(lambda: run(state="armed")):
        grub_tree.boot()
        result = run()
        assert not result["failed"], result["msg"]
        booted.add(result["trial"]["booted"])
        if not result["trial"]["booted"]:
            assert result["trial"] == WAITS
            assert run(state="armed")["trial"]["armed"]
        panics(grub_tree, run)
        assert "has been tried" in run()["msg"], "once is enough"
        run(state="absent")
        grub_tree.boot()
        run(state="absent")
        run()
    assert booted == {False, True}


def test_a_power_cut_while_another_line_is_written_boots_the_armed_one_or_none(grub_tree, run, arm, deaths):
    arm(["nosmt"])
    for _death in deaths(run):
        grub_tree.boot()
        trial = state(grub_tree)["kernel_cmdline"]["trial"]
        running = run(entry="default", check=True)["running"]
        assert not set(EXTRAS) & set(running) or trial["tokens"] == ["nosmt"] and "nosmt" in running
        assert not run()["failed"], "it has never been tried"
        run(state="absent")
        grub_tree.boot()
        run(state="absent")
        arm(["nosmt"])


def anonymous(recorded):
    """Without the number of the boot."""
    recorded.get("kernel_cmdline", {}).get("trial", {}).pop("boot_id", None)
    return recorded
