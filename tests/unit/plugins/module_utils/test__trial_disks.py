"""On which file systems a trial is possible, as GRUB's own grub-probe names them."""

import os
import shutil
import subprocess
import types

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _trial

MENU = 'if [ "${next_entry}" ] ; then\n  set default="${next_entry}"\n  set next_entry=\n  save_env next_entry\nfi\n'
WHY_NOT = {"ext4": "", "xfs": "", "btrfs": "GRUB cannot write to /boot/grub, a file system of type btrfs"}
POSSIBLE = os.getuid() == 0 and shutil.which("grub-probe") and os.path.exists("/dev/loop-control")


def run(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def disk(tmp_path):
    """disk(type) -> where a new file system of that type is mounted"""
    image, place = tmp_path / "disk", tmp_path / "mounted"
    place.mkdir()

    def make(kind):
        with image.open("wb") as handle:
            handle.truncate(400 << 20)
        subprocess.check_call(["mkfs." + kind, "-q", str(image)])
        if subprocess.call(["mount", "-t", kind, "-o", "loop", str(image), str(place)]):
            pytest.skip("needs loop devices and " + kind)
        return place

    yield make
    if os.path.ismount(str(place)):
        subprocess.check_call(["umount", str(place)])


@pytest.mark.skipif(not POSSIBLE, reason="needs root, loop devices and grub-probe")
@pytest.mark.parametrize("kind", WHY_NOT)
def test_where_grub_can_write_to_its_environment_block(disk, kind):
    if not shutil.which("mkfs." + kind):
        pytest.skip("needs mkfs." + kind)
    root = disk(kind)
    (root / "boot/grub").mkdir(parents=True)
    grub = types.SimpleNamespace(root=str(root), run=run, program=shutil.which)
    assert _trial.Trial(grub).why_not(MENU, "") == WHY_NOT[kind]
