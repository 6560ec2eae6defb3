"""Guests and holders of devices, from /proc of a tree and of this machine."""

import shutil
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._processes import (
    describe,
    holders,
    read_processes,
    switch_has_pages,
)

GUEST = ["/usr/bin/qemu-system-x86_64", "-name", "guest=web1,debug-threads=on", "-m", "4096"]
VHOST = ["-netdev", '{"type":"vhost-user","id":"net0","chardev":"c0"}']


def add(root, pid, comm, arguments, files=()):
    directory = root / "proc" / str(pid)
    (directory / "fd").mkdir(parents=True)
    (directory / "comm").write_text(comm + "\n")
    (directory / "cmdline").write_text("\0".join(arguments) + "\0" if arguments else "")
    for number, target in enumerate(files):
        (directory / "fd" / str(number)).symlink_to(target)


def test_holders_are_found_by_their_open_files(tmp_path):
    files = ["/dev/null", "/dev/vfio/vfio", "/dev/vfio/12", "/dev/vfio/12", "socket:[123]"]
    add(tmp_path, 812, "ovs-vswitchd", ["ovs-vswitchd", "unix:/run/db.sock"], files)
    add(tmp_path, 813, "bash", ["bash"], ["/dev/tty", "/dev/uio"])
    add(tmp_path, 2, "kthreadd", [])
    found = read_processes(str(tmp_path))
    files = ["/dev/vfio/12", "/dev/vfio/vfio"]
    assert found == [{"pid": 812, "name": "ovs-vswitchd", "guest": None, "vhost_user": False, "files": files}]
    assert holders(found, ["/dev/vfio/12", "/dev/vfio/noiommu-12"]) == ["ovs-vswitchd (PID 812)"]
    assert holders(found, ["/dev/vfio/1"]) == []


@pytest.mark.parametrize("node", ["/dev/vfio/devices/vfio0", "/dev/uio0", "/dev/vfio/noiommu-3"])
def test_every_kind_of_device_file_counts(tmp_path, node):
    add(tmp_path, 812, "dpdk-testpmd", ["dpdk-testpmd"], [node])
    assert holders(read_processes(str(tmp_path)), [node]) == ["dpdk-testpmd (PID 812)"]


@pytest.mark.parametrize(
    "comm, arguments, guest, vhost_user",
    [
        ("qemu-system-x86", GUEST, "web1", False),
        ("qemu-system-x86", GUEST + VHOST, "web1", True),
        ("CPU 0/KVM", ["/usr/libexec/qemu-kvm", "-name", "db,process=db"], "db", False),
        ("kvm", ["kvm", "-m", "512"], "kvm", False),
        ("kvm-spice", ["/usr/bin/kvm-spice", "-name", "old"], "old", False),
        ("qemu-system-aar", ["qemu-system-aarch64", "-name", ""], "qemu-system-aarch64", False),
        ("qemu-system-x86", ["qemu-system-x86_64", "-name"], "qemu-system-x86_64", False),
    ],
)
def test_guests_are_named_as_their_operator_names_them(tmp_path, comm, arguments, guest, vhost_user):
    add(tmp_path, 977, comm, arguments)
    found = read_processes(str(tmp_path))
    assert [(row["guest"], row["vhost_user"]) for row in found] == [(guest, vhost_user)]
    assert describe(found[0]) == "guest {0} (PID 977)".format(guest)


@pytest.mark.parametrize("program", ["qemu-img", "qemu-nbd", "/usr/sbin/qemu-ga", "vi qemu-system-x86_64"])
def test_the_tools_around_qemu_are_no_guests(tmp_path, program):
    add(tmp_path, 977, program[:15], program.split())
    assert read_processes(str(tmp_path)) == []


@pytest.mark.parametrize("option", ["-machine", "--machine", "-M"])
@pytest.mark.parametrize("machine, guests", [("none", 0), ("none,accel=kvm:tcg", 0), ("type=none", 0), ("nonesuch", 1)])
def test_a_probe_of_what_qemu_can_do_is_no_guest(tmp_path, option, machine, guests):
    """libvirt starts one for each QEMU that it finds: without a machine, so there is nothing to move away."""
    add(tmp_path, 977, "qemu-system-x86", ["qemu-system-x86_64", "-S", "-nodefaults", option, machine, "-daemonize"])
    assert len(read_processes(str(tmp_path))) == guests


@pytest.mark.parametrize(
    "rows, answer",
    [
        ([], True),  # a captured tree without processes
        ([("systemd", 0)], False),
        ([("systemd", 0), ("ovs-vswitchd", 0), ("ovs-vswitchd", 2097152)], True),
        ([("ovs-vswitchd-dp", 1048576)], True),
        ([("ovs-vswitchd", 0), ("qemu-system-x86", 4194304)], False),
        ([("ovs-vswitchd", None)], True),  # a kernel that does not count them
    ],
)
def test_a_switch_has_its_pages_or_not(tmp_path, rows, answer):
    for pid, (name, pages) in enumerate(rows, 1):
        add(tmp_path, pid, name, [name])
        line = "" if pages is None else "HugetlbPages:\t{0:>8} kB\n".format(pages)
        (tmp_path / "proc" / str(pid) / "status").write_text("Name:\t{0}\n{1}".format(name, line))
    assert switch_has_pages(str(tmp_path)) is answer


def test_processes_are_sorted_by_number(tmp_path):
    for pid in (1000, 99, 500):
        add(tmp_path, pid, "qemu-kvm", ["qemu-kvm"])
    assert [row["pid"] for row in read_processes(str(tmp_path))] == [99, 500, 1000]


def test_a_process_that_has_ended_is_left_out(tmp_path):
    (tmp_path / "proc" / "977").mkdir(parents=True)
    assert read_processes(str(tmp_path)) == []
    assert read_processes(str(tmp_path / "nowhere")) == []


def test_a_live_process_is_found():
    process = subprocess.Popen(["qemu-system-x86_64", "60"], executable=shutil.which("sleep"))
    try:
        # Until it has become the other program, /proc shows the one that started it.
        found = []
        while not found:
            assert process.poll() is None
            found = [row for row in read_processes("/") if row["pid"] == process.pid]
        assert found[0]["guest"] == "qemu-system-x86_64"
    finally:
        process.kill()
        process.wait()
