"""Roles kernel_args and host_reboot on a host that boots as GRUB would: from the trial of a line to its end."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ansible.cli")
CHECKOUT = Path(__file__).resolve().parents[2]
FILES = Path(__file__).resolve().parent / "fixtures/trial"
POSSIBLE = (
    os.getuid() == 0
    and all(map(shutil.which, ("grub-mkconfig", "grub-editenv", "grub-probe", "shutdown", "systemctl", "unshare")))
    and os.path.exists("/etc/grub.d/10_linux")
    and subprocess.call(["unshare", "--mount", "true"]) == 0
)
pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs root, unshare, and GRUB's own programs")

# Each run of the playbook ends with a line of JSON: what it printed, and what the host has heard meanwhile.
RUNS = """
import json, os, subprocess, sys
for step in json.loads(sys.argv[1]):
    if isinstance(step, str):
        os.system(step)
        continue
    words = [word for key, value in step.items() for word in ("-e", json.dumps({key: value}))]
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "host,", sys.argv[2] + "/play.yml"] + words
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    with open("/boot/said") as said:
        print(json.dumps({"rc": done.returncode, "out": done.stdout, "said": said.read().splitlines()}))
    open("/boot/said", "w").close()
"""

NORMAL = "root=/dev/vda2 ro console=ttyS0 quiet"
TRIAL = "panic=30 softlockup_panic=1 nfv_ovs_dpdk.trial=1"


@pytest.fixture
def play(tmp_path):
    """play(variables or command, ...) -> a dict for each run."""
    place = tmp_path / "ansible_collections/nfv"
    place.mkdir(parents=True)
    (place / "ovs_dpdk").symlink_to(CHECKOUT)

    def run(*steps):
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(tmp_path),
            ANSIBLE_CONNECTION_PLUGINS=str(FILES / "connection_plugins"),
            ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
            ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"),
            ANSIBLE_NOCOLOR="1",
            PYTHONDONTWRITEBYTECODE="1",
        )
        inside = [sys.executable, "-c", RUNS, json.dumps(steps), str(FILES)]
        host = ["unshare", "--mount", "sh", str(FILES / "host.sh"), str(FILES)]
        out = subprocess.check_output(host + inside, env=environment, cwd=str(tmp_path))
        return [json.loads(line) for line in out.decode().splitlines()]

    return run


def boots(result):
    """The kernel lines that the host has booted, without the kernel."""
    return [line[line.index("root=") :] for line in result["said"] if line.startswith("boots")]


def test_a_line_is_tried_kept_and_left_alone(play):
    verified = "! command -v systemd-analyze > /dev/null || systemd-analyze verify nfv-ovs-dpdk-trial.timer"
    first, again = play({"host_reboot_before": str(FILES / "drain.yml")}, verified + " >> /boot/said 2>&1", {})
    assert (first["rc"], again["rc"]) == (0, 0), first["out"]
    assert first["said"][0] == "systemctl daemon-reload"
    assert first["said"][1] == "guests move away"
    assert boots(first) == [" ".join((NORMAL, "iommu=pt", TRIAL))]
    assert first["said"][-1] == "systemctl stop nfv-ovs-dpdk-trial.timer"
    assert again["said"] == [] and "changed=0 " in again["out"]


def test_a_line_that_panics_is_named_and_not_tried_again(play):
    panicked, again, other = play("touch /boot/panics", {}, {}, "rm /boot/panics", {"tokens": ["nosmt"]})
    for result in (panicked, again):
        assert result["rc"] and "the trial line did not boot, or nobody could reach the host" in result["out"]
    assert boots(panicked) == [" ".join((NORMAL, "iommu=pt", TRIAL)), NORMAL]
    assert again["said"] == []
    assert other["rc"] == 0 and boots(other) == [" ".join((NORMAL, "nosmt", TRIAL))]


def test_a_line_that_does_not_do_as_planned_is_left_again(play):
    pool = {"node": 0, "size": "1G", "size_kb": 1048576, "count": 4096, "persist": "cmdline", "ovs": 4096, "guests": 0}
    failed, again = play({"pools": [pool]}, {})
    assert failed["rc"] and "the host is back on the line of before" in failed["out"]
    assert "FAIL  memory.hugepages: node 0, 1G pages" in failed["out"]
    assert boots(failed) == [" ".join((NORMAL, "iommu=pt", TRIAL)), NORMAL]
    assert again["rc"] and "it booted, and nobody confirmed it" in again["out"]


def test_a_play_that_was_cut_off_after_the_boot_is_taken_up_without_another_one(play):
    armed, resumed = play(
        {"host_reboot_before": "/dev/null/nowhere"}, "shutdown; : > /boot/said", {"host_reboot_allowed": ""}
    )
    assert armed["rc"] and boots(armed) == []
    assert resumed["rc"] == 0 and boots(resumed) == []
    assert resumed["said"] == ["systemctl stop nfv-ovs-dpdk-trial.timer"]


def test_a_host_that_another_play_took_while_guests_moved_away_is_not_rebooted(play, tmp_path):
    taken = "/var/lib/nfv_ovs_dpdk/state.json"
    script = (
        "import json, time; state = json.load(open('{0}')); until = time.gmtime(time.time() + 600); "
        "boot = open('/proc/sys/kernel/random/boot_id').read().strip(); "
        "until = time.strftime('%Y-%m-%dT%H:%M:%SZ', until); "
        "state['lease'] = dict(job='other', host='awx', boot_id=boot, until=until); json.dump(state, open('{0}', 'w'))"
    ).format(taken)
    drain = tmp_path / "drain.yml"
    drain.write_text(json.dumps([{"ansible.builtin.command": {"argv": [sys.executable, "-c", script]}}]))
    (refused,) = play({"host_reboot_before": str(drain)})
    assert refused["rc"] and "another play is at work on this host" in refused["out"]
    assert boots(refused) == []


def test_without_consent_or_by_choice_there_is_no_trial(play):
    refused, held, plain = play(
        {"kernel_args_trial_seconds": "15m"},
        {"host_reboot_allowed": False},
        {"kernel_args_trial": "never", "tokens": ["nosmt"]},
    )
    assert refused["rc"] and "(kernel_args_trial_seconds): found '15m', expected at least 180" in refused["out"]
    assert (refused["said"], held["rc"], plain["rc"]) == ([], 0, 0)
    assert boots(held) == []
    assert boots(plain) == [NORMAL + " nosmt"]
