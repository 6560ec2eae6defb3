"""kernel_cmdline through its main(), on a tree whose grub-mkconfig really reads the settings."""

import json
import os
import stat

import pytest

pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files, _state
from ansible_collections.nfv.ovs_dpdk.plugins.modules import kernel_cmdline

TOKENS = [
    "intel_iommu=on",
    "iommu=pt",
    "default_hugepagesz=1G",
    "hugepagesz=1G",
    "hugepages=0:2,1:2",
    "isolcpus=managed_irq,domain,2-5,8-11",
    "nohz_full=2-5,8-11",
]


@pytest.fixture
def run(grub_tree, run_module, monkeypatch):
    monkeypatch.setattr(kernel_cmdline, "ROOT", str(grub_tree.root))

    def call(tokens=None, check=False, diff=False, **more):
        arguments = dict(more) if tokens is None else dict(more, tokens=tokens)
        return run_module("kernel_cmdline", arguments, check=check, diff=diff)

    return call


def state(grub_tree):
    path = grub_tree.root / "var/lib/nfv_ovs_dpdk/state.json"
    return json.loads(path.read_text()) if path.exists() else {}


def test_create_again_modify_and_give_back(grub_tree, run):
    """The twelve steps: each change in check mode first, each of them again."""
    virgin = grub_tree.snapshot()
    for tokens in (TOKENS, TOKENS[:2] + ["isolcpus=2-5"]):
        before = grub_tree.snapshot()
        dry = run(tokens, check=True, diff=True)
        assert dry["changed"] and grub_tree.snapshot() == before
        real = run(tokens, diff=True)
        assert (real["actions"], real["diff"]) == (dry["actions"], dry["diff"])
        assert [entry["title"] for entry in real["configured"]] == [
            "It's Debian",
            "Debian, with Linux 6.1.0-40",
            "Debian, with Linux 6.1.0-18",
        ]
        assert all(entry["tokens"][-len(tokens) :] == tokens for entry in real["configured"])
        assert real["owned"] == tokens and real["reboot_required"]
        for check in (True, False):
            again = run(tokens, check=check)
            assert (again["changed"], again["actions"]) == (False, [])
            assert again["reboot_required"] and again["reasons"]
        grub_tree.boot()
        assert run(tokens)["reasons"] == []
    dry = run(state="absent", check=True)
    real = run(state="absent")
    assert real["changed"] and real["actions"] == dry["actions"]
    assert real["superfluous"] == tokens and real["reboot_required"]
    assert grub_tree.snapshot() == dict(virgin, **{str(grub_tree.root / "proc/cmdline"): _running(grub_tree)})
    assert not run(state="absent")["changed"] and run(state="absent")["reboot_required"]
    grub_tree.boot()
    last = run(state="absent")
    assert (last["changed"], last["reboot_required"], last["owned"]) == (False, False, [])
    assert state(grub_tree) == {"version": 1}


def boots(grub_tree, *words):
    """Another boot loader than ours has started the kernel."""
    (grub_tree.root / "proc/cmdline").write_text(" ".join(("root=/dev/vda2", "ro") + words) + "\n")


def test_a_line_that_is_the_operators_is_left_to_him(grub_tree, run):
    before = grub_tree.snapshot()
    lacks = run(TOKENS[:2], backend="operator")
    assert lacks["failed"] and grub_tree.snapshot() == before
    assert lacks["msg"].startswith(
        "the operator writes the kernel line, and it is not as planned (/proc/cmdline): found no intel_iommu=on; "
        "no iommu=pt, expected intel_iommu=on iommu=pt. Put that into the boot configuration"
    )
    boots(grub_tree, "iommu=pt", "intel_iommu=on", "isolcpus=1")
    grub_tree.menu.write_text("menuentry 'mine' {}")
    before = grub_tree.snapshot()
    for check in (True, False):
        fits = run(TOKENS[:2], check=check, backend="operator")
        assert (fits["failed"], fits["changed"], fits["reasons"]) == (False, False, [])
        assert not fits["trial"]["possible"]
    assert not run(state="absent", backend="operator")["changed"]
    assert {path: text for path, text in grub_tree.snapshot().items() if "nfv_ovs_dpdk" not in path} == before
    contradicts = run(["isolcpus=2"], backend="operator", takeover=["isolcpus"])
    assert "isolcpus=1 contradicts isolcpus=2" in contradicts["msg"]


def test_a_line_with_tokens_of_ours_is_given_back_before_it_is_left_to_the_operator(grub_tree, run):
    assert run(TOKENS)["changed"]
    grub_tree.boot()
    before = grub_tree.snapshot()
    for state in ("present", "absent"):
        refused = run(TOKENS, backend="operator", state=state)
        assert "tokens of ours are still in it" in refused["msg"] and "Take them back first" in refused["msg"]
    assert grub_tree.snapshot() == before
    assert run(state="absent")["changed"]


def _running(grub_tree):
    return (grub_tree.root / "proc/cmdline").read_text()


def test_the_recovery_entry_and_other_menus_boot_without_our_tokens(grub_tree, run):
    before = dict(grub_tree.lines())
    run(TOKENS)
    after = dict(grub_tree.lines())
    others = [title for title in after if "Rettung" in title or title == "Memory test"]
    assert len(others) == 3
    assert [after[title] for title in others] == [before[title] for title in others]


def test_what_is_returned_on_a_virgin_host(grub_tree, run):
    result = run("iommu=pt", check=True)
    assert result["running"] == [
        "BOOT_IMAGE=/boot/vmlinuz-6.1.0-40",
        "root=/dev/vda1",
        "ro",
        "console=ttyS0,115200n8",
        "quiet",
    ]
    assert result["foreign"] == result["running"]
    assert result["missing"] == ["iommu=pt"]
    assert result["superfluous"] == result["conflicts"] == result["taken_over"] == []
    assert result["reasons"] == ["not on the running kernel line: iommu=pt"]
    assert "diff" not in result
    assert not (grub_tree.root / "var").exists()


@pytest.mark.parametrize(
    "tokens",
    [
        " ".join(TOKENS),
        list(reversed(TOKENS[:2])) + TOKENS[2:],
        [token.replace("2-5,8-11", "8-11,5,4,3,2").replace("1G", "1GB") for token in TOKENS],
    ],
    ids=["one string", "another order", "another notation"],
)
def test_a_host_that_runs_the_same_meaning_needs_no_reboot(grub_tree, run, tokens):
    run(TOKENS)
    grub_tree.boot()
    assert run(tokens)["reboot_required"] is False


def test_reboot_is_judged_by_the_running_line_not_by_a_change(grub_tree, run):
    grub_tree.boot(more="iommu=pt")
    result = run(["iommu=pt"])
    assert result["changed"] and not result["reboot_required"]


def test_foreign_tokens_stay_and_need_no_reboot(grub_tree, run):
    grub_tree.settings(
        'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash"\nGRUB_CMDLINE_LINUX="console=ttyS0 mitigations=off"\n'
    )
    run(["iommu=pt"])
    assert dict(grub_tree.lines())["It's Debian"] == (
        "root=/dev/vda1 ro console=ttyS0 mitigations=off quiet splash iommu=pt"
    )
    grub_tree.boot()
    assert run(["iommu=pt"])["foreign"][-4:] == ["console=ttyS0", "mitigations=off", "quiet", "splash"]


CONFLICTS = [
    ("isolcpus=1", "isolcpus=2-5", "isolcpus"),
    ("intel-iommu=off", "intel_iommu=on", "intel_iommu"),
    ("hugepages=512", "default_hugepagesz=1G hugepagesz=1G hugepages=4", "hugepages"),
    ("hugepagesz=1G hugepages=1", "hugepagesz=1G hugepages=4", "hugepages"),
]


@pytest.mark.parametrize(("theirs", "ours", "name"), CONFLICTS)
@pytest.mark.parametrize("variable", ["GRUB_CMDLINE_LINUX", "GRUB_CMDLINE_LINUX_DEFAULT"])
def test_another_owner_is_refused_until_taken_over_and_gets_it_back(grub_tree, run, theirs, ours, name, variable):
    grub_tree.settings('{0}="quiet {1}"\n'.format(variable, theirs))
    grub_tree.update_grub()
    before = grub_tree.snapshot()
    for check in (True, False):
        refused = run(ours, check=check)
        assert refused["failed"] and refused["error"]["where"] == "/etc/default/grub"
        assert "contradicts" in refused["msg"] and "name {0} in takeover".format(name) in refused["msg"]
    assert grub_tree.snapshot() == before
    taken = run(ours, takeover=[name])
    assert taken["taken_over"] == theirs.split()
    assert all(theirs not in entry["tokens"] for entry in taken["configured"])
    assert state(grub_tree)["kernel_cmdline"]["taken_over"] == theirs.split()
    grub_tree.boot()
    again = run(ours, takeover=[name])
    assert (again["changed"], again["reboot_required"], again["taken_over"]) == (False, False, theirs.split())
    withdrawn = run(ours)
    assert withdrawn["failed"] and "what was taken over would be" in withdrawn["msg"]
    run(state="absent")
    assert {path: text for path, text in grub_tree.snapshot().items() if "cmdline" not in path} == {
        path: text for path, text in before.items() if "cmdline" not in path
    }


@pytest.mark.parametrize("entry", ["default", "trial"])
def test_what_was_taken_over_does_not_come_back_unsaid(grub_tree, run, entry):
    grub_tree.settings('GRUB_CMDLINE_LINUX_DEFAULT="quiet isolcpus=4"\n')
    grub_tree.update_grub()
    run(["iommu=pt"], takeover=["isolcpus"])
    grub_tree.boot()
    before = grub_tree.snapshot()
    refused = run(["iommu=pt", "nosmt"], entry=entry)
    assert refused["msg"].startswith("what was taken over would be on the next boot's line again (/etc/default/grub): ")
    assert "found isolcpus=4" in refused["msg"] and "Name isolcpus in takeover" in refused["msg"]
    assert grub_tree.snapshot() == before
    grub_tree.settings('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n')  # the operator takes it back himself
    assert not run(["iommu=pt"])["failed"]
    grub_tree.settings('GRUB_CMDLINE_LINUX_DEFAULT="quiet isolcpus=4"\n')
    assert "isolcpus=4" in run(state="absent")["configured"][0]["tokens"]


def test_the_operators_equal_token_is_no_conflict_and_stays_when_ours_goes(grub_tree, run):
    grub_tree.settings("GRUB_CMDLINE_LINUX=iommu=pt\n")
    grub_tree.update_grub()
    grub_tree.boot()
    assert not run(["iommu=pt"])["reboot_required"]
    gone = run([])
    assert gone["superfluous"] == [] and not gone["reboot_required"]
    assert not run([])["changed"]
    assert "iommu=pt" in dict(grub_tree.lines())["It's Debian"]


def test_a_conflict_on_the_running_line_alone_is_cured_by_the_reboot(grub_tree, run):
    grub_tree.boot(more="isolcpus=1")
    result = run(["isolcpus=2-5"])
    assert not result["failed"] and result["reboot_required"]
    assert [item["name"] for item in result["conflicts"]] == ["isolcpus"]


def test_settings_read_later_that_drop_our_tokens_are_refused(grub_tree, run):
    grub_tree.settings('GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n', "grub.d/99-cloud.cfg")
    before = grub_tree.snapshot()
    refused = run(TOKENS)
    assert refused["failed"] and refused["error"]["where"] == "/etc/default/grub.d/99-cloud.cfg"
    assert grub_tree.snapshot() == before


def test_a_cloud_image_drop_in_that_is_read_earlier_does_not_win(grub_tree, run):
    grub_tree.settings('GRUB_CMDLINE_LINUX_DEFAULT="console=tty1"\n', "grub.d/50-cloudimg-settings.cfg")
    assert all(entry["tokens"][-2:] == ["console=tty1", "iommu=pt"] for entry in run(["iommu=pt"])["configured"])


def test_a_menu_that_comes_out_wrong_is_not_installed(grub_tree, run):
    """A script in /etc/grub.d adds what contradicts us: neither the settings nor the menu change."""
    run(["iommu=pt"])
    before, remembered = grub_tree.snapshot(), state(grub_tree)
    grub_tree.write("extra", "isolcpus=7")
    failed = run(["iommu=pt", "isolcpus=2-5"])
    assert failed["failed"] and "isolcpus=7" in failed["error"]["found"]
    (grub_tree.root / "extra").unlink()
    assert grub_tree.snapshot() == before
    assert state(grub_tree) == remembered


def test_a_menu_that_cannot_be_renamed_leaves_everything_as_it_was(grub_tree, run, monkeypatch):
    before = grub_tree.snapshot()

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_files, "put", full)
    for module in (_files, _state):
        monkeypatch.setattr(module, "write_text", lambda path, text, **more: grub_tree.write(path, text))
    failed = run(["iommu=pt"])
    assert "cannot take the place of the old one (/boot/grub/grub.cfg): found [Errno 28]" in failed["msg"]
    assert grub_tree.snapshot() == before


def test_a_generator_that_fails_leaves_a_virgin_host_virgin(grub_tree, run):
    before = grub_tree.snapshot()
    grub_tree.write("usr/sbin/grub-mkconfig", "#!/bin/sh\necho no device >&2\nexit 1\n")
    failed = run(["iommu=pt"])
    assert failed["failed"] and "no device" in failed["msg"] and "as they were" in failed["msg"]
    assert not grub_tree.dropin.exists()
    assert grub_tree.menu.read_text() == before[str(grub_tree.menu)]
    assert sorted(os.listdir(str(grub_tree.menu.parent))) == ["grub.cfg", "grubenv"]


@pytest.mark.parametrize("goal", [{"tokens": TOKENS}, {"state": "absent"}], ids=["present", "absent"])
def test_killed_at_any_step_the_menu_is_whole_and_the_next_run_ends_as_if_undisturbed(grub_tree, run, deaths, goal):
    def before():
        run(state="absent")
        run(["isolcpus=1-3", "nosmt"])
        grub_tree.boot()

    before()
    old = grub_tree.menu.read_text()
    undisturbed = run(**goal)
    new, remembered = grub_tree.snapshot(), state(grub_tree)
    before()
    for _death in deaths(lambda: run(**goal)):
        assert grub_tree.menu.read_text() in (old, new[str(grub_tree.menu)])
        result = run(**goal)
        assert (result["configured"], result["reasons"]) == (undisturbed["configured"], undisturbed["reasons"])
        assert (grub_tree.snapshot(), state(grub_tree)) == (new, remembered)
        assert not run(**goal)["changed"]
        before()


def test_a_drop_in_without_a_new_menu_is_repaired(grub_tree, run):
    stale = grub_tree.menu.read_text()
    run(TOKENS)
    grub_tree.menu.chmod(0o644)
    grub_tree.menu.write_text(stale)
    result = run(TOKENS)
    assert [item["action"] for item in result["actions"]] == ["generate"]
    assert all("iommu=pt" in entry["tokens"] for entry in result["configured"])


def test_without_the_state_file_only_undo_is_lost(grub_tree, run):
    run(["isolcpus=1-3"])
    (grub_tree.root / "var/lib/nfv_ovs_dpdk/state.json").unlink()
    assert run(["isolcpus=2-5"])["configured"][0]["tokens"][-1] == "isolcpus=2-5"
    (grub_tree.root / "var/lib/nfv_ovs_dpdk/state.json").unlink()
    assert run(state="absent")["changed"]
    assert not grub_tree.dropin.exists()


def test_nothing_is_world_writable(grub_tree, run):
    run(TOKENS)
    for directory, _names, files in os.walk(str(grub_tree.root)):
        for name in files:
            assert not stat.S_IMODE(os.stat(os.path.join(directory, name)).st_mode) & 0o002


BAD = [
    ({"tokens": ["a b"]}, "a token cannot be carried through GRUB unchanged: found 'a b'"),
    ({"tokens": ["$(reboot)"]}, "found '$(reboot)'"),
    ({"tokens": ["a=`id`"]}, "found 'a=`id`'"),
    ({"tokens": ["a='"]}, "cannot be carried"),
    ({"tokens": 'dyndbg="file a.c +p"'}, "cannot be carried"),
    ({"tokens": ["a\\"]}, "cannot be carried"),
    ({"tokens": ["a;reboot"]}, "cannot be carried"),
    ({"tokens": ["a=1\nGRUB_DEFAULT=2"]}, "cannot be carried"),
    ({"tokens": ["a=\0"]}, "cannot be carried"),
    ({"tokens": ["--"]}, "cannot be carried"),
    ({"tokens": [""]}, "cannot be carried"),
    ({"tokens": [{"isolcpus": "1"}]}, "cannot be carried"),
    ({"tokens": {"isolcpus": "1"}}, "tokens must be a list or a string: found dict"),
    ({"tokens": ["isolcpus=1", "isolcpus=2"]}, "tokens contradict each other"),
    ({"tokens": [], "takeover": ["a)echo b;;("]}, "not the name of a kernel parameter"),
    ({"tokens": [], "takeover": ["isolcpus=1"]}, "not the name of a kernel parameter"),
    ({"tokens": [], "takeover": ["$(id)"]}, "not the name of a kernel parameter"),
    ({"tokens": [], "takeover": ["../x"]}, "not the name of a kernel parameter"),
    ({"tokens": [], "backend": "grubby"}, "value of backend must be one of"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_is_refused_before_the_first_change(grub_tree, run, arguments, message):
    before = grub_tree.snapshot()
    result = run(**arguments)
    assert result["failed"] and message in result["msg"]
    assert grub_tree.snapshot() == before


def test_a_host_without_this_boot_loader_is_refused(grub_tree, run):
    grub_tree.menu.unlink()
    assert "not one that grub-mkconfig generates (/boot/grub/grub.cfg)" in run(TOKENS)["msg"]


def foreign(tree):
    tree.menu.chmod(0o644)
    tree.menu.write_text("menuentry 'mine' { linux /vmlinuz }\n")


@pytest.mark.parametrize("entry", ["default", "trial"])
@pytest.mark.parametrize("spoil", [foreign, lambda tree: tree.menu.unlink()], ids=["another", "none"])
def test_another_boot_loader_that_brings_all_tokens_is_left_alone(grub_tree, run, spoil, entry):
    grub_tree.boot(more=" ".join(TOKENS))
    spoil(grub_tree)
    before = grub_tree.snapshot()
    for check in (True, False):
        result = run(TOKENS, check=check, entry=entry, diff=True)
        assert not result["failed"], result["msg"]
        assert (result["changed"], result["actions"], result["configured"]) == (False, [], [])
        assert (result["reboot_required"], result["missing"], result["taken_over"]) == (False, [], [])
        assert result["trial"] == {
            "possible": False,
            "why": "the boot menu is not one that grub-mkconfig generates",
            "pending": False,
            "armed": False,
            "booted": False,
        }
        assert result["diff"]["before"] == result["diff"]["after"]
    assert (grub_tree.snapshot(), state(grub_tree)) == (before, {})
    assert not run(state="absent")["failed"], "there is nothing of ours"


@pytest.mark.parametrize("more", [" ".join(TOKENS[1:]), " ".join(TOKENS[:-1] + ["nohz_full=1"])])
def test_another_boot_loader_that_brings_something_else_is_refused(grub_tree, run, more):
    grub_tree.boot(more=more)
    foreign(grub_tree)
    for arguments in ({}, {"entry": "trial"}, {"state": "armed"}):
        assert "not one that grub-mkconfig generates (/boot/grub/grub.cfg)" in run(TOKENS, **arguments)["msg"]


def test_another_boot_loader_after_ours_is_refused(grub_tree, run):
    run(TOKENS)
    grub_tree.boot()
    foreign(grub_tree)
    for arguments in ({"tokens": TOKENS}, {"state": "absent"}):
        assert "not one that grub-mkconfig generates" in run(**arguments)["msg"]


OTHERS = [
    ('GRUB_DEFAULT="Memory test"', "'Memory test' (gnulinux-custom)"),
    ("GRUB_DEFAULT=gnulinux-custom", "'Memory test' (gnulinux-custom)"),
    ("GRUB_DEFAULT=5", "'Memory test' (gnulinux-custom)"),
    ("GRUB_DEFAULT=saved", "'Memory test' (gnulinux-custom)"),
    ("GRUB_DEFAULT=2", "'Debian, with Linux 6.1.0-40 (Rettung)' (gnulinux-6.1.0-40-recovery-uuid)"),
]


@pytest.mark.parametrize(("settings", "found"), OTHERS)
@pytest.mark.parametrize("generated", [True, False], ids=["generated", "not yet"])
def test_a_host_that_boots_another_entry_by_default_is_refused(grub_tree, run, settings, found, generated):
    grub_tree.environment.write_text("# GRUB Environment Block\nsaved_entry=gnulinux-custom\n")
    grub_tree.settings(settings + "\n")
    if generated:
        grub_tree.update_grub()
    before = grub_tree.snapshot()
    for check in (True, False):
        for entry in ("default", "trial"):
            assert run(["iommu=pt"], check=check, entry=entry)["msg"] == (
                "the entry that boots by default is not one of /etc/grub.d/10_linux (GRUB_DEFAULT in "
                "/etc/default/grub): found {0}, expected an entry of 10_linux, no recovery. Set GRUB_DEFAULT to an "
                "entry of the Linux kernel (0), or put the tokens into that entry by hand.".format(found)
            )
    assert grub_tree.snapshot() == before


@pytest.mark.parametrize("value", ["saved", "nowhere", "gnulinux-simple-uuid"])
def test_a_host_that_boots_an_entry_of_linux_by_default_is_not_refused(grub_tree, run, value):
    grub_tree.settings("GRUB_DEFAULT={0}\n".format(value))
    for generated in (False, True):
        assert not run(["iommu=pt"], check=generated)["failed"]
        grub_tree.update_grub()


def test_the_cure_is_seen_before_the_menu_is_generated(grub_tree, run):
    grub_tree.settings("GRUB_DEFAULT=gnulinux-custom\n")
    grub_tree.update_grub()
    grub_tree.settings("GRUB_DEFAULT=0\n")
    assert run(["iommu=pt"])["changed"]


def test_another_default_entry_that_has_all_tokens_is_as_good(grub_tree, run):
    """The cure of who wants his own entry; that of the tree boots isolcpus=99."""
    grub_tree.settings("GRUB_DEFAULT=gnulinux-custom\n")
    grub_tree.update_grub()
    assert run(["isolcpus=99"])["changed"]
    assert run(["isolcpus=99", "nosmt"])["error"]["what"].startswith("the entry that boots by default")


def test_another_default_entry_is_no_reason_where_all_is_well_or_given_back(grub_tree, run):
    run(["iommu=pt"])
    grub_tree.boot()
    grub_tree.settings("GRUB_DEFAULT=gnulinux-custom\n")
    grub_tree.update_grub()
    assert not run(["iommu=pt"])["failed"], "it runs, and is written"
    assert run(["nosmt"])["failed"]
    assert run(state="absent")["changed"]


def test_an_entry_that_only_the_new_menu_has_does_not_become_the_default(grub_tree, run):
    """What the settings name is not in the old menu, so that this boots its first entry."""
    before = grub_tree.lines()
    script = grub_tree.write("etc/grub.d/41_mine", "#!/bin/sh\necho \"menuentry 'Mine' {\"\necho '}'\n")
    script.chmod(0o755)
    grub_tree.settings("GRUB_DEFAULT=Mine\n", "grub.d/10-mine.cfg")
    for entry in ("default", "trial"):
        failed = run(["iommu=pt"], entry=entry)
        assert failed["error"]["found"] == "by default 'Mine' (Mine)"
        assert (grub_tree.lines(), state(grub_tree)) == (before, {"version": 1})


def test_our_files_go_where_somebody_else_makes_the_menu_by_now(grub_tree, run):
    run(TOKENS)
    grub_tree.boot()
    grub_tree.menu.chmod(0o644)
    grub_tree.menu.write_text("menuentry 'mine' { linux /vmlinuz " + TOKENS[0] + " }\n")
    (grub_tree.root / "proc/cmdline").write_text("ro quiet\n")
    assert "the boot menu is not one that grub-mkconfig" in run(state="absent")["msg"], "he boots a token of ours"
    grub_tree.menu.write_text("menuentry 'mine' { linux /vmlinuz }\n")
    dry, real = run(state="absent", check=True), run(state="absent")
    assert [each["action"] for each in real["actions"]] == ["remove"] and dry["actions"] == real["actions"]
    assert state(grub_tree) == {"version": 1} and not run(state="absent")["changed"]
    assert "mine" in grub_tree.menu.read_text()


def test_what_tuned_brings_by_now_is_not_waited_for(grub_tree, run):
    """The host was isolated by our tokens, and is by those of TuneD, which are the same in part."""
    assert run(TOKENS)["reboot_required"]
    grub_tree.boot()
    assert run(TOKENS[:2])["reboot_required"]
    isolated = ["nohz_full=2-5,8-11", "rcu_nocbs=2-5,8-11"]
    _state.State(str(grub_tree.root)).record("tuned", "line", {"tokens": isolated})
    defaults = grub_tree.root / "etc/default/grub"
    refers = 'GRUB_CMDLINE_LINUX_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT \\$tuned_params"\n'
    defaults.write_text(defaults.read_text() + refers)
    grub_tree.update_grub()
    grub_tree.boot()
    line = grub_tree.root / "proc/cmdline"
    line.write_text(line.read_text().replace("$tuned_params", " ".join(isolated) + " tuned.non_isolcpus=000000c3"))
    result = run(TOKENS[:2])
    assert (result["reboot_required"], result["superfluous"], result["changed"]) == (False, [], False)
    line.write_text(line.read_text().replace(" tuned.non_isolcpus=000000c3", ""))
    assert run(TOKENS[:2])["superfluous"] == isolated[:1], "nobody but us has left that"
