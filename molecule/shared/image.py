# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A blank Debian as a bootable disk image, made from Debian packages alone.

mmdebstrap makes the root file system, mke2fs and mtools fill the partitions of a plain file. No loop device,
no mount and no device-mapper is needed; without root, a user namespace with subordinate ids is enough.

An image holds no secret: machines get their SSH key at boot. It is built once for a recipe and then cached.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import uuid
from pathlib import Path

from tools import LabError, cache_dir, run

RECIPE = Path(__file__).with_name("image")
RELEASES = ("bookworm", "trixie")
DEFAULT_MIRROR = "http://deb.debian.org/debian"

# What the installer puts on a server anyway, no more: Python and SSH are all that Ansible asks for.
INSTALLED = (
    *("linux-image-amd64", "initramfs-tools", "grub-efi-amd64-bin", "grub2-common", "e2fsprogs"),
    *("systemd-sysv", "udev", "dbus", "kmod", "procps", "iproute2", "pciutils", "irqbalance"),
    *("openssh-server", "python3", "python3-apt"),
)

# What the roles install later, from a repository inside the image.
STORED = ("openvswitch-switch-dpdk", "^librte-(bus|mempool|net)-.*", "tuned", "driverctl")

MIB = 1024 * 1024
DISK = 8192 * MIB
ESP_START, ROOT_START = 1 * MIB, 33 * MIB
ROOT_SIZE = DISK - ROOT_START - MIB


def recipe_hash(release):
    """Change with anything that shapes the image, so that a stale image is never used."""
    digest = hashlib.sha256(release.encode())
    for path in [Path(__file__), *sorted(RECIPE.rglob("*"))]:
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def image(release, say=print):
    """Return the path of the image of a release, building it when there is none."""
    own = os.environ.get("NFV_LAB_IMAGE")
    if own:
        if not Path(own).is_file():
            raise LabError(f"NFV_LAB_IMAGE names {own}, which is not a file")
        return Path(own)
    if release not in RELEASES:
        raise LabError(f"unknown release {release!r}: expected one of {', '.join(RELEASES)}")
    directory = cache_dir() / "images"
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{release}-{recipe_hash(release)}.qcow2"
    with locked(directory / f"{release}.lock"):
        if not target.exists():
            say(f"building the {release} image, a few minutes, once: {target}")
            build(release, target, say)
    return target


@contextlib.contextmanager
def locked(path):
    """Let one builder work at a time; the lock dies with its holder."""
    with open(path, "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build(release, target, say):
    """Build beside the target and rename at the end: a broken build leaves no image."""
    with contextlib.ExitStack() as stack:
        work = Path(tempfile.mkdtemp(prefix=f".{release}-", dir=target.parent))
        stack.callback(run, [*as_root(), "rm", "-rf", str(work)])
        root_uuid = str(uuid.uuid4())
        say("  root file system (mmdebstrap)")
        bootstrap(release, work, root_uuid, log=target.with_suffix(".log"))
        say("  disk (mke2fs, mtools)")
        make_disk(work, root_uuid)
        run(["qemu-img", "convert", "-O", "qcow2", str(work / "disk.raw"), str(work / "disk.qcow2")])
        (work / "disk.qcow2").rename(target)


def bootstrap(release, work, root_uuid, log):
    """Make the root file system in work/rootfs; what the many programs say stays in a log."""
    tarball, root = work / "rootfs.tar", work / "rootfs"
    command = ["mmdebstrap", "--variant=minbase", f"--include={','.join(INSTALLED)}"]
    command += [f"--aptopt={option}" for option in proxy_options()]
    command += [
        "--dpkgopt=path-exclude=/usr/share/man/*",
        f"--customize-hook=sync-in {RECIPE / 'overlay'} /",
        f"--customize-hook={(RECIPE / 'customize.sh').read_text(encoding='utf-8')}",
        "--skip=cleanup/apt/lists",
        release,
        str(tarball),
        *sources(release),
    ]
    run(command, log=log, STORED=" ".join(STORED), ROOT_UUID=root_uuid)
    root.mkdir()
    run([*as_root(), "tar", "--extract", "--numeric-owner", "--file", str(tarball), "--directory", str(root)])
    tarball.unlink()


def make_disk(work, root_uuid):
    """Lay out GPT, EFI system partition and root partition in one sparse file."""
    disk, root = work / "disk.raw", work / "rootfs"
    with open(disk, "wb") as handle:
        handle.truncate(DISK)
    layout = (
        f"label: gpt\nstart={ESP_START // 512}, size={(ROOT_START - ESP_START) // 512}, type=uefi\n"
        f"start={ROOT_START // 512}, size={ROOT_SIZE // 512}, type=linux\n"
    )
    run(["sfdisk", "--quiet", str(disk)], stdin=layout)
    # Host and guest may be of different releases: no feature that the older GRUB cannot read.
    options = ["-O", "^orphan_file,^metadata_csum_seed", "-L", "root", "-U", root_uuid, "-E", f"offset={ROOT_START}"]
    run([*as_root(), "mke2fs", "-q", "-t", "ext4", *options, "-d", str(root), str(disk), f"{ROOT_SIZE // 1024}k"])
    esp = work / "esp.raw"
    run(["mkfs.vfat", "-n", "ESP", "-C", str(esp), str((ROOT_START - ESP_START) // 1024)])
    run(["mmd", "-i", str(esp), "::EFI", "::EFI/BOOT"])
    run(["mcopy", "-i", str(esp), str(root / "boot/BOOTX64.EFI"), "::EFI/BOOT/BOOTX64.EFI"])
    with open(esp, "rb") as source, open(disk, "r+b") as target:
        target.seek(ESP_START)
        shutil.copyfileobj(source, target)


def sources(release):
    """The apt lines of a release, from the mirror that this machine itself uses."""
    site = host_mirror()
    return [
        f"deb {site} {release} main",
        f"deb {site} {release}-updates main",
    ]


def host_mirror():
    """Ask apt which Debian mirror it uses; a machine that is not Debian gets the official address."""
    if shutil.which("apt-get"):
        listing = run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)"])
        for line in listing.splitlines():
            uri, _space, label = line.partition(" ")
            if label == "Debian Debian":
                return uri.rstrip("/")
    return DEFAULT_MIRROR


def proxy_options():
    """apt's proxy settings of this machine, as mmdebstrap takes nothing over by itself."""
    if not shutil.which("apt-config"):
        return []
    dump = run(["apt-config", "dump", "--format", "%f %v%n", "Acquire::http::Proxy", "Acquire::https::Proxy"])
    pairs = [line.split(" ", 1) for line in dump.splitlines()]
    return [f'{name} "{value}"' for name, value in pairs if value]


def as_root():
    """The prefix under which a file may belong to any user: nothing for root."""
    return [] if os.geteuid() == 0 else ["unshare", "--map-auto", "--map-root-user"]
