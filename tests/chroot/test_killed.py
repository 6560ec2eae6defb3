"""Modules killed at each of their steps in a real Debian: whole files, a menu that boots, an end as if undisturbed."""

import functools
import json
import os
import subprocess

import pytest

TOKENS = ["intel_iommu=on", "iommu=pt", "isolcpus=managed_irq,domain,2-3"]
PLACES = ("/etc", "/boot/grub", "/usr/local")
SWITCH = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"

# {what is done: (module, its arguments at each call)}; state=absent takes each back.
CALLS = {
    "a kernel line": ("kernel_cmdline", {"tokens": TOKENS}),
    "a kernel line on trial": ("kernel_cmdline", {"tokens": TOKENS, "entry": "trial"}),
    "a kernel line that boots next": (
        "kernel_cmdline",
        {"tokens": TOKENS, "entry": "trial"},
        {"tokens": TOKENS, "state": "armed"},
    ),
    "files": (
        "owned_files",
        {
            "daemon_reload": "never",
            "files": [
                {"path": "/usr/local/libexec/own/program", "content": "#!/bin/sh\n", "mode": "0755"},
                {"path": "/etc/modules-load.d/own.conf", "content": "vfio-pci\n"},
            ],
        },
    ),
    "holds": ("package_hold", {"packages": ["openvswitch-*", "librte-*"]}),
    "an installation to come": ("package_record", {"packages": ["tuned", "librte-net-virtio[0-9]*"]}),
    "an alternative": ("alternative", {"name": "ovs-vswitchd", "path": SWITCH}),
}


def files(root):
    """{path: mode and content} of what a module may touch."""
    found = {}
    for top in PLACES:
        for directory, _names, names in os.walk(f"{root}{top}"):
            found[directory] = os.stat(directory).st_mode
            for path in (os.path.join(directory, name) for name in names):
                if os.path.islink(path):
                    found[path] = os.readlink(path)
                else:
                    with open(path, "rb") as handle:
                        found[path] = (os.stat(path).st_mode, handle.read())
    return found


@pytest.fixture
def world(root):
    """world() -> (all files and selections, what is recorded)"""

    def look():
        path = root / "var/lib/nfv_ovs_dpdk/state.json"
        selections = subprocess.check_output(["chroot", str(root), "dpkg", "--get-selections"])
        recorded = json.loads(path.read_text()) if path.exists() else {"version": 1}
        line = recorded.pop("kernel_cmdline", {})
        line.pop("retired", None)  # what may still run; no reboot follows here
        return (files(root), selections), (recorded, line)

    return look


def boots(root):
    """The menu is whole and has the installed kernel; the block can be read."""
    for words in (["grub-script-check", "/boot/grub/grub.cfg"], ["grub-editenv", "/boot/grub/grubenv", "list"]):
        subprocess.check_call(["chroot", str(root), *words])
    assert "/boot/vmlinuz-" in (root / "boot/grub/grub.cfg").read_text()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(root, run_inside, survives, world, call):
    module, *forth = call

    def again(calls):
        boots(root)  # whatever has happened to the last one
        results = [run_inside(module, arguments) for arguments in calls]
        if [item["action"] for result in results for item in result.get("actions", [])] == ["disarm", "arm"]:
            return dict(results[-1], changed=False)  # its boot is ordered anew, and the host is as before
        return next((result for result in results if result["failed"] or result["changed"]), results[-1])

    survives(*(functools.partial(again, calls) for calls in (forth, [{"state": "absent"}])), world)
