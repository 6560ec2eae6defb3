# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a virtual compute node is made of: the QEMU command line, and the accelerator that really works.

Two sockets of three cores of two threads, a NUMA node of 6 GiB each, a vIOMMU, a management NIC with no NUMA
node, and on each node one data NIC.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from tools import await_condition, run

QEMU = "qemu-system-x86_64"
CPU_MODEL = "Skylake-Server"  # has SMT and 1 GiB pages under TCG too; a fixed model keeps the plan the same everywhere
NODES = (0, 1)
NIC_MODELS = {0: "virtio-net-pci,disable-legacy=on,iommu_platform=on", 1: "vmxnet3"}
OVMF = Path("/usr/share/OVMF")


def command(directory, accelerator, port, public_key, twins=False):
    """Build QEMU's command line; every file and socket it names is in the directory."""
    return [
        QEMU, "-name", f"nfv-lab-{directory.name}", "-daemonize", "-pidfile", str(directory / "qemu.pid"),
        "-nodefaults", "-display", "none", "-machine", "q35,kernel-irqchip=split", "-accel", accelerator,
        "-cpu", CPU_MODEL, "-smp", "12,sockets=2,cores=3,threads=2", "-m", "12G",
        *firmware(directory / "vars.qcow2"),
        *numa_nodes(),
        "-device", "intel-iommu,intremap=on,caching-mode=on",
        # Beside a pxb every device needs its bus named, or QEMU would put it there.
        # The disk is thrown away in the end: nothing needs to survive this machine, and dpkg syncs a lot.
        "-drive", f"if=none,id=disk,format=qcow2,file={directory / 'disk.qcow2'},cache=unsafe,discard=unmap",
        "-device", "virtio-blk-pci,drive=disk,bus=pcie.0,addr=0x2",
        "-netdev", f"user,id=management,hostfwd=tcp:127.0.0.1:{port}-:22",
        "-device", "virtio-net-pci,netdev=management,mac=52:54:00:00:00:99,bus=pcie.0,addr=0x3,romfile=",
        "-device", "virtio-rng-pci,bus=pcie.0,addr=0x4",
        *(word for node in NODES for word in data_nic(directory, node)),
        *(twin_nics() if twins else ()),
        "-serial", f"file:{directory / 'console.log'}",
        "-qmp", f"unix:{directory / 'monitor.sock'},server=on,wait=off",
        # The key comes in as a systemd credential: no image needs to be prepared for it.
        "-smbios", f"type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root={public_key}",
    ]  # fmt: skip


def firmware(variables):
    """The UEFI firmware and its own writable variables."""
    return [
        "-drive", f"if=pflash,format=raw,readonly=on,file={OVMF / 'OVMF_CODE_4M.fd'}",
        "-drive", f"if=pflash,format=qcow2,file={variables}",
    ]  # fmt: skip


def numa_nodes():
    """A NUMA node per socket; memory is only taken from this machine as the guest touches it."""
    words = []
    for node in NODES:
        words += ["-object", f"memory-backend-ram,id=memory{node},size=6G"]
        words += ["-numa", f"node,nodeid={node},memdev=memory{node}"]
        words += ["-numa", f"cpu,node-id={node},socket-id={node}"]
    return [*words, "-numa", "dist,src=0,dst=1,val=21"]


def nic_socket(directory, node, side):
    """Return the path of one end of a data NIC's wire: side is `guest` (QEMU's end) or `test` (ours)."""
    return Path(directory) / f"nic{node}.{side}.sock"


def data_nic(directory, node):
    """A NIC with a NUMA node: behind a root port of a host bridge (pxb) that belongs to the node."""
    wire = f"local.path={nic_socket(directory, node, 'guest')},remote.path={nic_socket(directory, node, 'test')}"
    return [
        "-netdev", f"dgram,id=data{node},local.type=unix,remote.type=unix,{wire}",
        "-device", f"pxb-pcie,id=pxb{node},bus_nr={64 + 64 * node},numa_node={node},bus=pcie.0",
        "-device", f"pcie-root-port,id=port{node},chassis={node + 1},slot={node + 1},bus=pxb{node}",
        "-device", f"{NIC_MODELS[node]},netdev=data{node},mac=52:54:00:00:00:0{node},bus=port{node}",
    ]  # fmt: skip


def twin_nics():
    """Two NICs without a wire, functions of one slot on node 1: without ACS between them they share an IOMMU group."""
    return [
        "-device", "pcie-root-port,id=twins,chassis=9,slot=9,bus=pxb1",
        "-device", f"{NIC_MODELS[0]},mac=52:54:00:00:01:00,bus=twins,addr=0x0.0x0,multifunction=on",
        "-device", f"{NIC_MODELS[0]},mac=52:54:00:00:01:01,bus=twins,addr=0x0.0x1",
    ]  # fmt: skip


def blank_variables(path):
    """Make the firmware's variables; qcow2, because raw pflash cannot be in a snapshot."""
    run(["qemu-img", "convert", "-O", "qcow2", str(OVMF / "OVMF_VARS_4M.fd"), str(path)])


# One thread for all virtual CPUs. With one for each, on fewer real CPUs, those that spin and wait for another (IPIs,
# stop_machine) keep it from running: boots took three times as long now and then, or never got out of their start.
EMULATION = "tcg,thread=single"


def usable_accelerator(say=print):
    """KVM where it really works, else TCG. There are machines whose /dev/kvm cannot run a firmware."""
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    verdict = Path(tempfile.gettempdir()) / f"nfv-lab-accelerator-{os.getuid()}-{boot_id}"
    if not verdict.exists():
        accelerator = "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) and kvm_runs_firmware() else EMULATION
        say(f"accelerator, found by trying: {accelerator}")
        verdict.write_text(accelerator, encoding="ascii")
    return verdict.read_text(encoding="ascii")


def kvm_runs_firmware():
    """Run the firmware alone under KVM until it says its first word on the serial line."""
    with tempfile.TemporaryDirectory(prefix="nfv-lab-") as directory:
        variables, serial = Path(directory, "vars.qcow2"), Path(directory, "serial")
        blank_variables(variables)
        trial = subprocess.Popen(
            [QEMU, "-nodefaults", "-display", "none", "-machine", "q35,kernel-irqchip=split", "-accel", "kvm",
             "-cpu", CPU_MODEL, "-m", "512", *firmware(variables), "-serial", f"file:{serial}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            await_condition(lambda: trial.poll() is not None or (serial.exists() and serial.stat().st_size), 20)
            return trial.poll() is None and serial.exists() and serial.stat().st_size > 0
        finally:
            trial.kill()
            trial.wait()
