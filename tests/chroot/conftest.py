"""The root file system of the virtual machines' image, entered: Debian's own GRUB, dpkg and alternatives in seconds."""

import ctypes
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "molecule" / "shared"))

from image import ROOT_START, image  # noqa: E402

# update-grub looks behind /dev/loop0 to /dev/loop9 for a file of loop-AES.
LOOP = "/dev/loop64"
DEVICES = {"null": (1, 3), "zero": (1, 5), "urandom": (1, 9)}
LINE = "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda2 ro quiet\n"
CLONE_NEWNS = 0x20000


def do(*words):
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def own_mounts():
    """What is mounted from now on ends with this process, however it ends, and nobody else sees it."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare")
    do("mount", "--make-rprivate", "/")


def mount(place, root):
    """Mount a copy of the image at *root*, with as little of this machine as GRUB and dpkg need."""
    disk, line = place / "disk.raw", place / "cmdline"
    do("qemu-img", "convert", "-O", "raw", str(image("bookworm")), str(disk))
    do("losetup", f"--offset={ROOT_START}", LOOP, str(disk))
    try:
        do("mount", LOOP, str(root))
    finally:
        do("losetup", "--detach", LOOP)  # once nothing is mounted from it any more
    do("mount", "-t", "tmpfs", "none", f"{root}/dev")
    for name, numbers in DEVICES.items():
        os.mknod(f"{root}/dev/{name}", 0o20600, os.makedev(*numbers))
    os.mknod(f"{root}{LOOP}", 0o60600, os.stat(LOOP).st_rdev)
    do("mount", "-t", "proc", "none", f"{root}/proc")
    line.write_text(LINE, encoding="ascii")
    do("mount", "--bind", str(line), f"{root}/proc/cmdline")
    do("mount", "-t", "sysfs", "-o", "ro", "none", f"{root}/sys")
    # What Python imports late, at its place of outside.
    inside = root / str(REPOSITORY).lstrip("/")
    inside.mkdir(parents=True)
    do("mount", "--bind", "-o", "ro", str(REPOSITORY), str(inside))


@pytest.fixture(scope="session")
def root():
    if os.geteuid() != 0 or not os.path.exists("/dev/loop-control"):
        pytest.skip("only root with loop devices can enter the image")
    own_mounts()
    # Eight sparse GiB belong on a disk.
    with tempfile.TemporaryDirectory(dir=REPOSITORY / "build") as place:
        root = pathlib.Path(place) / "root"
        root.mkdir()
        mount(pathlib.Path(place), root)
        try:
            do("chroot", str(root), "apt-get", "-y", "--no-install-recommends", "install", "openvswitch-switch-dpdk")
            do("chroot", str(root), "update-grub")
            yield root
        finally:
            do("umount", "--recursive", str(root))


def entered(root, call):
    os.chroot(str(root))
    os.chdir("/")
    tempfile.tempdir = "/tmp"  # that of the tests is not here
    return call()


def beyond(root, call):
    """call() in a child whose root is *root*: there is no way back from one."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            with os.fdopen(writer, "w") as answer:
                json.dump(entered(root, call), answer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


@pytest.fixture
def run_inside(root, run_module):
    """run_module in the image. A child that is made to die enters it and stays there."""
    here = os.getpid()

    def run(*arguments, **more):
        def call():
            return run_module(*arguments, **more)

        return (beyond if os.getpid() == here else entered)(root, call)

    return run
