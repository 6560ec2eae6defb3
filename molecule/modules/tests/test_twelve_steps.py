"""Twelve steps of each module on a real host: create, modify and delete, each dry, for real, and twice again.

A dry run changes nothing and says what the real one then does; what is done already is left alone; in the end the host
is what it was. What it is, the host itself says, and not the module. Modules that change Open vSwitch go theirs on
real switches, in tests/vswitch.
"""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "shared"))
import witness  # noqa: E402  found by the path above

SERVICES = "spade shovel"
# Beside what a witness looks at: what only these modules change.
MORE = f"""
echo '{witness.HEAD}services'; systemctl is-active {SERVICES}
echo '{witness.HEAD}kernel lines'; sed -n 's/ [$]tuned_params//; /tuned_params=\\|\tlinux/p' /boot/grub/grub.cfg
echo '{witness.HEAD}program'; readlink /etc/alternatives/dig-it
echo '{witness.HEAD}isolation'; tuned-adm active
echo '{witness.HEAD}next boot'; grub-editenv list | grep next_entry=.
"""
NICS = ["0000:41:00.0", "0000:81:00.0"]
UNIT = "/etc/systemd/system/spade.service.d/90-nfv-ovs-dpdk.conf"
SYSCTL = "/etc/sysctl.d/90-nfv-ovs-dpdk.conf"


def devices(*addresses):
    return {"devices": [{"address": address, "driver": "vfio-pci"} for address in addresses]}


def pools(*counts):
    return {"pools": [{"node": node, "size": "2M", "count": count, "persist": "unit"} for node, count in counts]}


def files(**contents):
    paths = {"unit": UNIT, "sysctl": SYSCTL}
    return {"files": [{"path": paths[name], "content": text} for name, text in contents.items()]}


TRIAL = {"entry": "trial", "trial_seconds": "900"}
# Module, what is created, what it becomes. It is deleted with state=absent and nothing else.
CASES = {
    "kernel line": ("kernel_cmdline", {"tokens": ["nosmt"]}, {"tokens": ["nosmt", "nmi_watchdog=0"]}),
    "kernel line on trial": ("kernel_cmdline", {"tokens": ["nosmt"], **TRIAL}, {"tokens": ["nmi_watchdog=0"], **TRIAL}),
    "hugepages": ("hugepages", pools((0, 32)), pools((0, 48), (1, 16))),
    "NICs": ("pci_driver", devices(*NICS[:1]), devices(*NICS)),
    "services": ("service_run", {"name": "spade.service"}, {"name": "shovel.service"}),
    "files": (
        "owned_files",
        files(unit="[Service]\nNice=5\n"),
        files(unit="[Service]\nNice=6\n", sysctl="vm.swappiness = 7\n"),
    ),
    "program": (
        "alternative",
        {"name": "dig-it", "path": "/usr/bin/false"},
        {"name": "dig-it", "path": "/usr/bin/echo"},
    ),
    "hold": ("package_hold", {"packages": ["bash"]}, {"packages": ["coreutils", "grub-*"]}),
    "packages": ("package_record", {"packages": ["driverctl"]}, {"packages": ["driverctl", "librte-net-null[0-9]*"]}),
    "TuneD": ("tuned_profile", {"isolated_cpus": "2-3"}, {"isolated_cpus": "4-5"}),
}
PASSED_OVER = ("lease", "version")
# What is written down before somebody installs it is no change yet, and he installs it between the steps.
BESIDE = {"packages": "DEBIAN_FRONTEND=noninteractive apt-get -qq --yes --no-install-recommends install"}
# TuneD puts its variables into the lines of the menu itself, elsewhere than grub-mkconfig; the lines are looked at.
REWRITTEN = [("TuneD", "/boot/grub/grub.cfg")]


@pytest.fixture
def world(host):
    """What the host is, and what it records but for the lease that each module renews."""

    def look():
        found = witness.testimony(host.run("sh -c %s", witness.SCRIPT + MORE).stdout)
        state = json.loads(host.run("cat /var/lib/nfv_ovs_dpdk/state.json").stdout or "{}")
        state.get("kernel_cmdline", {}).pop("retired", None)  # what may still run, until a reboot
        return found, {name: section for name, section in state.items() if section and name not in PASSED_OVER}

    return look


@pytest.fixture
def run(host):
    def module(name, arguments, check):
        words = json.dumps(arguments)
        return host.ansible("nfv.ovs_dpdk." + name, words, check=check)

    return module


def install(host, name, arguments):
    if name in BESIDE:
        done = host.run(f"{BESIDE[name]} {' '.join(arguments['packages'])}")
        assert done.rc == 0, done


@pytest.mark.parametrize("name", CASES)
def test_twelve_steps(name, host, world, run):
    module, created, modified = CASES[name]
    virgin = done = world()
    for arguments in (created, modified, {"state": "absent"}):
        before, changes = done, name not in BESIDE or "state" in arguments
        dry = run(module, arguments, check=True)
        assert (dry["changed"], world()) == (changes, before)
        real = run(module, arguments, check=False)
        assert (real["changed"], real["actions"]) == (changes, dry["actions"])
        if "state" not in arguments:
            install(host, name, arguments)
        done = world()
        assert done != before
        for check in (True, False):
            again = run(module, arguments, check)
            assert (again["changed"], again["actions"]) == (False, [])
        assert world() == done
    different = witness.differences(done[0], virgin[0])
    assert [line for line in different if (name, line.split()[-1]) not in REWRITTEN] == []
    assert done[1] == virgin[1] == {}
