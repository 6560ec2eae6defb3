import os
import stat
import tempfile

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _grub, _trial
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed

# As Ubuntu's 10_linux writes it, behind a header that asks for a password.
MENU = """
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
fi
menuentry 'Ubuntu, it'\\''s' --class ubuntu --class os --unrestricted $menuentry_id_option 'gnulinux-simple-1' {
\trecordfail
\tload_video
\tif [ x$grub_platform = xxen ]; then insmod xzio; fi
\tlinux\t/vmlinuz-6.8 root=UUID=1 ro  console=ttyS0 quiet splash dyndbg="file a.c +p" $vt_handoff
\tinitrd\t/initrd.img-6.8
}
submenu 'Advanced options' $menuentry_id_option 'gnulinux-advanced-1' {
\tmenuentry 'Ubuntu, with Linux 6.5' --class os $menuentry_id_option 'gnulinux-6.5-advanced-1' {
\t\tinsmod gzio
\t\tlinuxefi\t/vmlinuz-6.5 root=UUID=1 ro console=ttyS0 quiet splash dyndbg="file a.c +p"
\t}
\tmenuentry 'Ubuntu, with Linux 6.5 (recovery mode)' --class os $menuentry_id_option 'gnulinux-6.5-recovery-1' {
\t\tlinux\t/vmlinuz-6.5 root=UUID=1 ro console=ttyS0 quiet splash dyndbg="file a.c +p" single
\t}
}
menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
\tfwsetup
}
"""
PRESENT = ("console=ttyS0", "quiet", "splash", 'dyndbg="file a.c +p"')
LINE = PRESENT + ("iommu=pt",)


def entry(running, present=PRESENT, line=LINE, menu=MENU):
    text = _trial.script(menu, running, list(present), list(line))
    assert text.splitlines()[0] == "#!/bin/sh" and text.endswith("}\n")
    return text.splitlines()[3:]


def test_the_entry_is_the_running_kernels_with_another_line_and_nothing_else():
    assert entry("BOOT_IMAGE=/vmlinuz-6.8 ro") == [
        "menuentry '{0}' --class ubuntu --class os --unrestricted $menuentry_id_option '{1}' {{".format(
            _trial.TITLE, _trial.ENTRY
        ),
        "\trecordfail",
        "\tload_video",
        "\tif [ x$grub_platform = xxen ]; then insmod xzio; fi",
        '\tlinux\t/vmlinuz-6.8 root=UUID=1 ro console=ttyS0 quiet splash dyndbg="file a.c +p" iommu=pt $vt_handoff',
        "\tinitrd\t/initrd.img-6.8",
        "}",
    ]


@pytest.mark.parametrize(
    ("running", "image"),
    [
        ("BOOT_IMAGE=/vmlinuz-6.5 ro", "/vmlinuz-6.5"),
        ("BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.5 ro", "/vmlinuz-6.5"),
        ("BOOT_IMAGE=/vmlinuz-5.15 ro", "/vmlinuz-6.8"),
        ("root=/dev/vda", "/vmlinuz-6.8"),
        ("", "/vmlinuz-6.8"),
    ],
)
def test_a_kernel_that_the_menu_does_not_have_gives_way_to_the_first(running, image):
    lines = entry(running)
    assert [line.split()[1] for line in lines if line.lstrip().startswith("linux")] == [image]
    assert lines[-1] == "}" and all(line[:1] != "\t" or line[:2] != "\t\t" for line in lines), "not indented twice"


def test_the_entry_is_never_saved_as_the_one_that_boots_by_default():
    """savedefault spares an entry that next_entry named, but not one that was chosen by hand."""
    menu = MENU.replace("\trecordfail\n", "\trecordfail\n\tsavedefault\n")
    menu = menu.replace("\t\tinsmod", "\t\tsavedefault\n\t\tinsmod")
    for running in ("BOOT_IMAGE=/vmlinuz-6.8", "BOOT_IMAGE=/vmlinuz-6.5"):
        assert menu.count("savedefault") == 2 and entry(running, menu=menu) == entry(running)


def test_a_line_without_words_gets_them_at_its_end():
    menu = MENU.replace(' console=ttyS0 quiet splash dyndbg="file a.c +p" $vt_handoff', "")
    assert "\tlinux\t/vmlinuz-6.8 root=UUID=1 ro iommu=pt" in entry("", [], ["iommu=pt"], menu)


@pytest.mark.parametrize(
    ("menu", "present"),
    [(MENU, ["console=ttyS0", "splash"]), (MENU, ["nosmt"]), ("", []), ("menuentry 'x' {\n}\n", [])],
)
def test_a_menu_without_these_words_has_nothing_to_try(menu, present):
    assert _trial.script(menu, "", present, list(LINE)) is None


def test_the_entry_is_found_again_in_a_menu_and_never_the_pattern_of_the_next():
    text = _trial.script(MENU, "", list(PRESENT), list(LINE))
    own = "\n".join(text.splitlines()[3:]) + "\n"
    menu = MENU + own
    assert _trial.tokens_of(MENU) is None
    assert _trial.tokens_of(menu) == ["root=UUID=1", "ro"] + list(LINE) + ["$vt_handoff"]
    assert _trial.script(menu, "BOOT_IMAGE=/vmlinuz-6.8", list(LINE), ["nosmt"]) is None
    assert _trial.tokens_of(menu + own) is None, "two of them are none"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], ["panic=30", "softlockup_panic=1"]),
        (["panic=5"], ["softlockup_panic=1"]),
        (["panic=0", "softlockup-panic=0"], []),
    ],
)
def test_what_is_wanted_keeps_its_own_value(wanted, expected):
    assert _trial.extras(wanted) == expected + ["nfv_ovs_dpdk.trial=1"]


@pytest.mark.parametrize(
    ("record", "running", "boot_id", "standing"),
    [
        (None, "nfv_ovs_dpdk.trial=1", "b", None),
        ({"boot_id": "a"}, "ro", "a", "waiting"),
        ({"boot_id": "a", "armed": True}, "ro", "a", "waiting"),
        ({"boot_id": "a"}, "ro nfv_ovs_dpdk.trial=1", "a", "waiting"),  # a second line, from the boot of the first
        ({"boot_id": "a"}, "ro nfv_ovs_dpdk.trial=1", "b", "booted"),
        ({"boot_id": "a", "armed": True}, "ro xnfv_ovs_dpdk.trial=1", "b", "over"),
        ({"boot_id": "a", "armed": True}, "ro", "b", "over"),
        ({"boot_id": "a", "armed": False}, "ro", "b", None),
    ],
)
def test_standing(record, running, boot_id, standing):
    assert _trial.standing(record, running, boot_id) == standing


FOLLOWS = MENU.split("menuentry", maxsplit=1)[0]
BUTTON = FOLLOWS.replace("if [", "if cmostest 1:2 ; then\n  set default=9\nelif [", 1)


class Grub:
    """Programs that answer from a table."""

    def __init__(self, root, answers=()):
        self.root, self.answers = str(root), dict(answers)

    def program(self, name):
        return name

    def run(self, argv):
        return self.answers.get(argv[1], (0, "ext2\n" if argv[1] == "--target=fs" else "", ""))


@pytest.mark.parametrize(
    ("menu", "why"),
    [
        (FOLLOWS, ""),
        (BUTTON, ""),
        (FOLLOWS.replace("   save_env next_entry\n", ""), "the menu does not follow next_entry"),
        (FOLLOWS.replace("   set next_entry=\n", ""), "the menu does not follow next_entry"),
        (FOLLOWS.replace("set default=", "set other="), "the menu does not follow next_entry"),
        ("# " + FOLLOWS.strip().replace("\n", "\n# "), "the menu does not follow next_entry"),
    ],
)
def test_only_a_menu_that_takes_the_name_away_boots_an_entry_once(tmp_path, menu, why):
    assert _trial.Trial(Grub(tmp_path)).why_not(menu, "") == why


@pytest.mark.parametrize(
    ("target", "answer", "why"),
    [
        ("abstraction", (0, "", ""), ""),
        ("abstraction", (0, "cryptodisk luks\n", ""), "GRUB cannot write to /boot/grub on cryptodisk luks"),
        ("fs", (0, "squash4\n", ""), "GRUB cannot write to /boot/grub, a file system of type squash4"),
        ("fs", (0, "\n", ""), "GRUB cannot write to /boot/grub, a file system of type "),
        ("fs", (1, "", "no device"), "grub-probe does not know what /boot/grub is on: no device"),
    ],
)
def test_what_the_environment_block_is_on_decides(tmp_path, target, answer, why):
    trial = _trial.Trial(Grub(tmp_path, {"--target=" + target: answer}))
    assert trial.why_not(FOLLOWS, _trial.ENTRY) == why


def test_the_block_is_on_the_disk_before_it_has_its_name(grub_tree, monkeypatch):
    trial, order = real(grub_tree), []
    grub_tree.environment.chmod(0o600)
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "rename", lambda a, b: (order.append("rename"), rename(a, b)))
    trial.arm(_trial.ENTRY)
    assert order == ["fsync", "rename", "fsync"]
    assert trial.next_entry() == _trial.ENTRY
    assert stat.S_IMODE(grub_tree.environment.stat().st_mode) == 0o600
    trial.arm("")
    assert trial.next_entry() == ""
    assert grub_tree.environment.read_text() == "# GRUB Environment Block\nsaved_entry=1\n"


def test_variables_of_the_block(grub_tree):
    trial = real(grub_tree)
    assert (trial.variable("saved_entry"), trial.variable("next_entry"), trial.variable("saved")) == ("1", "", "")
    grub_tree.environment.unlink()
    assert trial.variable("saved_entry") == ""


def test_room_is_looked_for_in_a_copy(grub_tree, monkeypatch):
    before, menu = grub_tree.snapshot(), grub_tree.menu.read_text()
    assert real(grub_tree).why_not(menu, "") == ""
    assert (grub_tree.snapshot(), os.listdir(tempfile.gettempdir())) == (before, [])
    monkeypatch.setattr(tempfile, "tempdir", "/dev/null/nowhere")
    why = real(grub_tree).why_not(menu, "")
    assert why.startswith("GRUB's environment block cannot be copied (/boot/grub/grubenv): ")


def test_an_editor_that_fails_is_said(grub_tree):
    editor = grub_tree.root / "usr/bin/grub-editenv"
    editor.write_text(editor.read_text().replace("(set)", "(set) echo no room >&2; exit 1;;\n  (never)"))
    with pytest.raises(Failed) as caught:
        real(grub_tree).arm(_trial.ENTRY)
    assert str(caught.value) == "grub-editenv failed (/boot/grub/grubenv): found no room."
    assert sorted(os.listdir(str(grub_tree.environment.parent))) == ["grub.cfg", "grubenv"]


def test_a_link_to_the_block_stays_a_link(grub_tree):
    there = grub_tree.root / "boot/efi/grubenv"
    there.parent.mkdir()
    grub_tree.environment.rename(there)
    grub_tree.environment.symlink_to("../efi/grubenv")
    real(grub_tree).arm(_trial.ENTRY)
    assert grub_tree.environment.is_symlink() and "next_entry" in there.read_text()


def test_an_editor_that_writes_nothing_is_not_believed(grub_tree):
    (grub_tree.root / "usr/bin/grub-editenv").write_text("#!/bin/sh\n")
    before = grub_tree.environment.read_text()
    with pytest.raises(Failed, match="environment block does not take next_entry"):
        real(grub_tree).arm(_trial.ENTRY)
    assert grub_tree.environment.read_text() == before
    assert sorted(os.listdir(str(grub_tree.environment.parent))) == ["grub.cfg", "grubenv"]


def real(grub_tree):
    return _trial.Trial(_grub.Grub(str(grub_tree.root), grub_tree.run))
