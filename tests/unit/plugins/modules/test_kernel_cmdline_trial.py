"""A kernel line on trial, through kernel_cmdline's main(), on a tree that boots as GRUB would."""

import json
import os

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


def state(grub_tree):
    path = grub_tree.root / "var/lib/nfv_ovs_dpdk/state.json"
    return json.loads(path.read_text()) if path.exists() else {}


def but_the_boot(snapshot):
    return {path: text for path, text in snapshot.items() if "/proc/" not in path}


def test_a_line_is_tried_once_and_kept(grub_tree, run):
    virgin, lines = grub_tree.snapshot(), grub_tree.lines()
    dry = run(check=True, diff=True)
    assert dry["changed"] and grub_tree.snapshot() == virgin
    real = run(diff=True)
    assert (real["actions"], real["diff"], real["trial"]) == (dry["actions"], dry["diff"], dry["trial"])
    assert real["trial"] == {"possible": True, "why": "", "pending": True, "booted": False}
    assert [item["action"] for item in real["actions"]] == ["write", "generate", "arm"]
    assert real["diff"]["after"] == {"tokens": [], "taken_over": [], "trial": TOKENS}
    assert real["reboot_required"] and not run()["changed"]

    assert [pair for pair in grub_tree.lines() if pair[0] != TITLE] == lines
    assert dict(grub_tree.lines())[TITLE] == " ".join([lines[0][1]] + TOKENS + EXTRAS)
    assert "saved_entry=1\n" in grub_tree.environment.read_text()
    record = state(grub_tree)["kernel_cmdline"]
    assert (record["entry"], record["trial"]["boot_id"], record["trial"]["tokens"]) == ("trial", "boot-1", TOKENS)

    grub_tree.boot()
    for _again in range(2):
        tried = run()
        assert (tried["changed"], tried["reboot_required"]) == (False, False)
        assert tried["trial"] == {"possible": True, "why": "", "pending": False, "booted": True}

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


def is_ignored(grub_tree, _run):
    environment = grub_tree.environment.read_text()
    panics(grub_tree, run)
    grub_tree.environment.write_text(environment)


@pytest.mark.parametrize(("fate", "found"), [(panics, PANICKED), (is_left, LEFT), (is_ignored, IGNORED)])
def test_a_line_that_was_not_kept_is_not_tried_again_unasked(grub_tree, run, fate, found):
    run()
    fate(grub_tree, run)
    before, recorded = grub_tree.snapshot(), state(grub_tree)
    for check in (True, False):
        refused = run(check=check)
        assert refused["msg"] == (
            "this kernel line has been tried and was not kept (/etc/grub.d/99_nfv-ovs-dpdk-trial): found {0}. "
            "The console of the host tells more. Change the request, or try it again: retry=true "
            "(kernel_args_trial_retry).".format(found)
        )
    assert (grub_tree.snapshot(), state(grub_tree)) == (before, recorded)
    assert run(TOKENS[:1], check=True)["trial"]["pending"], "another request"
    assert run(takeover=["nosmt"], check=True)["trial"]["pending"], "another request too"
    again = run(retry=True)
    assert again["trial"]["pending"] and again["reboot_required"]
    assert not run()["changed"], "one retry is one"
    grub_tree.boot()
    assert run()["trial"]["booted"]


def test_a_changed_request_takes_the_place_of_one_that_has_not_booted(grub_tree, run):
    run()
    real = run(["nosmt"])
    assert [item["action"] for item in real["actions"]] == ["write", "generate"]
    grub_tree.boot()
    assert run(["nosmt"])["running"][-4:] == ["nosmt"] + EXTRAS
    other = run(["nosmt", "iommu=pt"])
    assert other["trial"]["pending"] and not other["trial"]["booted"] and other["reboot_required"]


@pytest.mark.parametrize("goal", [{"entry": "default"}, {"state": "absent"}], ids=["default", "absent"])
def test_a_pending_trial_can_be_called_off(grub_tree, run, goal):
    virgin = grub_tree.snapshot()
    run()
    dry = run(check=True, **goal)
    real = run(**goal)
    assert real["actions"] == dry["actions"]
    assert real["actions"][0] == {
        "action": "disarm",
        "target": "/boot/grub/grubenv",
        "before": "nfv-ovs-dpdk-trial",
        "after": None,
    }
    assert not real["trial"]["pending"] and TITLE not in dict(grub_tree.lines())
    grub_tree.boot()
    run(state="absent")
    grub_tree.boot()
    run(state="absent")
    assert (grub_tree.snapshot(), state(grub_tree)) == (virgin, {"version": 1})


def test_the_line_of_before_is_the_default_until_the_new_one_is_kept(grub_tree, run):
    run(["isolcpus=1-3", "nosmt"], entry="default")
    grub_tree.boot()
    lines = grub_tree.lines()
    tried = run()
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


def test_wanted_tokens_keep_their_own_value(grub_tree, run):
    run(["panic=5"])
    grub_tree.boot()
    tried = run(["panic=5"])
    assert tried["running"][-3:] == ["panic=5", "softlockup_panic=1", "nfv_ovs_dpdk.trial=1"]
    run(["panic=5"], entry="default")
    assert (grub_tree.root / "proc/sys/kernel/panic").read_text() == "5\n"
    assert (grub_tree.root / "proc/sys/kernel/softlockup_panic").read_text() == "0\n"


def test_what_somebody_else_has_set_in_the_kernel_stays(grub_tree, run):
    run()
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
    assert not run()["changed"]
    grub_tree.boot()
    assert run()["trial"]["booted"]


def test_a_menu_of_another_grub_is_no_reason_to_write_twice(grub_tree, run):
    """The first script is made from a menu that differs around the kernel line from what is generated now."""
    menu = grub_tree.root / "boot/grub/grub.cfg"
    menu.write_text(menu.read_text().replace("\tinsmod gzio\n", "\tinsmod gzio\n\tset root='hd0,gpt2'\n"))
    assert run()["changed"]
    for check in (True, False):
        assert not run(check=check)["changed"]
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


def deaf(tree):
    tree.menu.chmod(0o644)
    tree.menu.write_text(tree.menu.read_text().replace("next_entry", "other_entry"))


IMPOSSIBLE = [
    (on("ext2 lvm"), "GRUB cannot write to /boot/grub on lvm"),
    (on("ext2 diskfilter mdraid1x"), "GRUB cannot write to /boot/grub on diskfilter mdraid1x"),
    (on("btrfs"), "GRUB cannot write to /boot/grub, a file system of type btrfs"),
    (on("zfs"), "GRUB cannot write to /boot/grub, a file system of type zfs"),
    (on("f2fs"), "GRUB cannot write to /boot/grub, a file system of type f2fs"),
    (lacks("usr/bin/grub-editenv"), "grub-editenv is missing"),
    (lacks("usr/sbin/grub-probe"), "grub-probe does not know what /boot/grub is on: "),
    (chosen, "somebody else has chosen 'memtest' for the next boot (/boot/grub/grubenv)"),
    (deaf, "the menu does not follow next_entry"),
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
    assert grub_tree.snapshot() == before
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


def test_a_host_without_an_environment_block_gets_one(grub_tree, run):
    grub_tree.environment.unlink()
    assert run()["trial"]["pending"]
    assert "next_entry=nfv-ovs-dpdk-trial\n" in grub_tree.environment.read_text()


def test_other_entries_that_would_change_stop_the_trial(grub_tree, run):
    before = grub_tree.snapshot()
    grub_tree.write("extra", "isolcpus=7")
    failed = run()
    assert "another line than before in Debian, with Linux 6.1.0-40" in failed["error"]["found"]
    (grub_tree.root / "extra").unlink()
    assert (grub_tree.snapshot(), state(grub_tree)) == (before, {"version": 1})


def test_an_environment_block_that_cannot_be_written_is_said(grub_tree, run):
    editor = grub_tree.root / "usr/bin/grub-editenv"
    editor.write_text(editor.read_text().replace("(set)", "(set) echo no room >&2; exit 1;;\n  (never)"))
    failed = run()
    assert failed["msg"] == "grub-editenv failed (/boot/grub/grubenv): found no room."
    assert sorted(os.listdir(str(grub_tree.menu.parent))) == ["grub.cfg", "grubenv"]


GOALS = [
    (lambda tree, run: None, {"entry": "trial"}),
    (lambda tree, run: (run(), tree.boot(), run()), {"entry": "default"}),
    (lambda tree, run: run(), {"state": "absent"}),
]


@pytest.mark.parametrize(("reach", "goal"), GOALS, ids=["try", "keep", "call off"])
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
        assert "next_entry=nfv" not in environment or TITLE in menu, "armed without an entry"
        assert TITLE not in menu or "trial" in state(grub_tree)["kernel_cmdline"], "not recorded before"
        result = run(**goal)
        assert (result["configured"], result["reasons"]) == (undisturbed["configured"], undisturbed["reasons"])
        assert (grub_tree.snapshot(), anonymous(state(grub_tree))) == (new, recorded)
        assert not run(**goal)["changed"]
        before()


def test_a_power_cut_before_grub_is_told_is_no_trial(grub_tree, run, deaths):
    booted = set()
    for _death in deaths(run):
        grub_tree.boot()
        result = run()
        assert not result["failed"], result["msg"]
        booted.add(result["trial"]["booted"])
        assert result["trial"]["booted"] or result["trial"]["pending"]
        panics(grub_tree, run)
        assert "has been tried" in run()["msg"], "once is enough"
        run(state="absent")
        grub_tree.boot()
        run(state="absent")
    assert booted == {False, True}


def anonymous(recorded):
    """Without the number of the boot."""
    recorded.get("kernel_cmdline", {}).get("trial", {}).pop("boot_id", None)
    return recorded
