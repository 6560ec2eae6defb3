"""The menu on a real ext4 as GRUB itself reads it, should the power be cut after any step of its replacement."""

import fcntl
import os
import shutil
import subprocess
import tempfile

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _boot_files

OLD, NEW = "the menu of before\n" * 400, "the new menu\n" * 400
POSSIBLE = (
    os.getuid() == 0
    and all(map(shutil.which, ("mkfs.ext4", "grub-fstest", "mount")))
    and os.path.exists("/dev/loop-control")
)


@pytest.fixture
def disk(tmp_path):
    """(image of a disk, where it is mounted)"""
    image, place = tmp_path / "disk", tmp_path / "mounted"
    place.mkdir()
    with image.open("wb") as handle:
        handle.truncate(64 << 20)
    subprocess.check_call(["mkfs.ext4", "-q", "-b", "4096", "-O", "^inline_data", str(image)])
    if subprocess.call(["mount", "-o", "loop", str(image), str(place)]):
        pytest.skip("needs loop devices")
    yield image, place
    subprocess.check_call(["umount", str(place)])


def flush(device):
    """Write home what the journal lets go, as the kernel does every few seconds."""
    descriptor = os.open(device, os.O_RDONLY)
    os.fdatasync(descriptor)
    os.close(descriptor)


def touch_inodes(directory):
    """Keep the inodes in the journal."""
    for name in os.listdir(directory):
        os.utime(os.path.join(directory, name))


def touch_names(directory):
    """Keep the directory in the journal."""
    name = os.path.join(directory, "20")
    os.replace(name, name + ".moved")
    os.replace(name + ".moved", name)


@pytest.mark.skipif(not POSSIBLE, reason="needs root, loop devices and grub-fstest")
@pytest.mark.parametrize("kept_in_the_journal", [[], [touch_inodes], [touch_names], [touch_inodes, touch_names]])
def test_grub_finds_a_whole_menu_after_each_step(disk, monkeypatch, kept_in_the_journal):
    image, place = disk
    device = subprocess.check_output(["findmnt", "-no", "SOURCE", str(place)], universal_newlines=True).strip()
    menu, new = place / "grub.cfg", place / "grub.cfg.new"
    for number in range(40):  # the inode of the directory is in another block than those of the menus
        (place / str(number)).touch()
    for path, text in ((menu, OLD), (new, NEW)):
        _boot_files._write_home(str(place))
        path.write_text(text)
        with path.open() as handle:
            os.fsync(handle.fileno())

    def seen():
        command = ["grub-fstest", str(image), "cat", "/grub.cfg"]
        return subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True, check=False).stdout

    def power_cut():
        for touch in kept_in_the_journal:
            touch(str(place))
        flush(device)
        return seen()

    found = [power_cut()]

    def after(function):
        def step(*args):
            answer = function(*args)
            found.append(power_cut())
            return answer

        return step

    for owner, name in ((os, "rename"), (os, "fsync"), (fcntl, "ioctl")):
        monkeypatch.setattr(owner, name, after(getattr(owner, name)))
    _boot_files.put(str(new), str(menu))
    monkeypatch.undo()
    assert set(found) == {OLD, NEW} and found[-1] == NEW
    assert power_cut() == NEW


def test_a_file_system_that_knows_no_such_journal_is_flushed():
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        menu, new = os.path.join(place, "grub.cfg"), os.path.join(place, "new")
        with open(new, "w") as handle:
            handle.write(NEW)
        _boot_files.put(new, menu)
        with open(menu) as handle:
            assert handle.read() == NEW
