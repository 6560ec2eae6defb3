"""Roles kernel_args and host_reboot on a host that boots as GRUB would: from the trial of a line to its end."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible.cli")
CHECKOUT = Path(__file__).resolve().parents[2]
FILES = Path(__file__).resolve().parent / "fixtures/trial"
# Virtual machines of this one are no guests of the pretended host.
ALONE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"]
POSSIBLE = (
    os.getuid() == 0
    and all(map(shutil.which, ("grub-mkconfig", "grub-editenv", "grub-probe", "shutdown", "systemctl", "unshare")))
    and os.path.exists("/etc/grub.d/10_linux")
    and subprocess.call([*ALONE, "true"]) == 0
)
pytestmark = pytest.mark.skipif(not POSSIBLE, reason="needs root, unshare, and GRUB's own programs")

# Each run of the playbook ends with a line of JSON: what it printed, and what the host has heard meanwhile.
RUNS = """
import json, os, subprocess, sys
for step in json.loads(sys.argv[1]):
    if isinstance(step, str):
        os.system(step)
        continue
    words = step.pop("options", [])
    words += [word for key, value in step.items() for word in ("-e", json.dumps({key: value}))]
    command = [sys.executable, "-m", "ansible", "playbook", "-i", sys.argv[3], sys.argv[2] + "/play.yml"] + words
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    with open("/boot/said") as said:
        print(json.dumps({"rc": done.returncode, "out": done.stdout, "said": said.read().splitlines()}))
    open("/boot/said", "w").close()
"""

NORMAL = "root=/dev/vda2 ro console=ttyS0 quiet"
POOL = {"node": 0, "size": "1G", "size_kb": 1048576, "count": 4096, "persist": "cmdline", "ovs": 4096, "guests": 0}
SOON = {"__host_reboot_seconds": 2, "__host_reboot_shortest": 1}  # no test waits as long as an operator has to
TRIAL = "panic=30 softlockup_panic=1 nfv_ovs_dpdk.trial=1"


@pytest.fixture
def play(tmp_path):
    """play(variables or command, ...) -> a dict for each run."""
    place = tmp_path / "ansible_collections/nfv"
    place.mkdir(parents=True)
    (place / "ovs_dpdk").symlink_to(CHECKOUT)

    def run(*steps, inventory="host,"):
        environment = dict(
            os.environ,
            ANSIBLE_COLLECTIONS_PATH=str(tmp_path),
            ANSIBLE_CONNECTION_PLUGINS=str(FILES / "connection_plugins"),
            ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
            ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"),
            ANSIBLE_NOCOLOR="1",
            PYTHONDONTWRITEBYTECODE="1",
        )
        inside = [sys.executable, "-c", RUNS, json.dumps(steps), str(FILES), inventory]
        host = [*ALONE, "sh", str(FILES / "host.sh"), str(FILES)]
        out = subprocess.check_output(host + inside, env=environment, cwd=str(tmp_path))
        return [json.loads(line) for line in out.decode().splitlines()]

    return run


def boots(result):
    """The kernel lines that the host has booted, without the kernel."""
    return [line[line.index("root=") :] for line in result["said"] if line.startswith("boots")]


def test_a_line_is_tried_kept_and_left_alone(play, tmp_path):
    verified = "! command -v systemd-analyze > /dev/null || systemd-analyze verify nfv-ovs-dpdk-trial.timer"
    shutil.copy(str(FILES / "drain.yml"), str(tmp_path))  # a relative path is one from where the operator stands
    first, again = play({"host_reboot_before": "drain.yml"}, verified + " >> /boot/said 2>&1", {})
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


@pytest.mark.parametrize("options", [["--tags", "reboot"], ["--skip-tags", "kernel_args"]])
def test_no_reboot_for_a_line_that_nobody_has_written(play, options):
    refused, dry, written, booted = play(
        {"options": options}, {"options": [*options, "--check"]},
        {"options": ["--tags", "kernel_args"]}, {"options": options},
    )  # fmt: skip
    for result in (refused, dry):
        assert result["rc"] and "would not have the planned kernel arguments" in " ".join(result["out"].split())
        assert result["said"] == []
    assert written["rc"] == booted["rc"] == 0
    assert boots(booted) == [" ".join((NORMAL, "iommu=pt", TRIAL))]


def test_a_line_that_panics_is_not_written_where_nobody_tries(play):
    results = play(
        "touch /boot/panics", {}, {"host_reboot_allowed": False},
        "grep -c iommu=pt /boot/grub/grub.cfg > /boot/said",
        {"host_reboot_allowed": False, "kernel_args_trial": "never"},
    )  # fmt: skip
    _panicked, refused, untried = results
    assert refused["rc"] and "this kernel line has been tried and was not kept" in refused["out"]
    assert untried["said"] == ["1"], "the entry on trial alone"
    assert untried["rc"] == 0


def test_a_line_that_does_not_do_as_planned_is_left_again(play):
    failed, again = play({"pools": [POOL]}, {})
    assert failed["rc"] and "the host is back on the line of before" in failed["out"]
    assert "FAIL  memory.hugepages: node 0, 1G pages" in failed["out"]
    assert boots(failed) == [" ".join((NORMAL, "iommu=pt", TRIAL)), NORMAL]
    assert again["rc"] and "it booted, and nobody confirmed it" in again["out"]


def test_a_host_that_boots_the_line_on_trial_once_more_is_not_called_back(play):
    (failed,) = play("touch /boot/clings", {"pools": [POOL]})
    text = " ".join(failed["out"].split())
    assert failed["rc"] and "has booted the one on trial once more: look at its boot menu." in text
    assert "the host is back on the line of before" not in text
    assert boots(failed) == [" ".join((NORMAL, "iommu=pt", TRIAL))] * 2


@pytest.fixture
def drain(tmp_path):
    """drain(words) -> path of a task file that runs them."""

    def write(*words):
        path = tmp_path / "drain-{0}.yml".format(words[0])
        path.write_text(json.dumps([{"name": "Drain", "ansible.builtin.command": {"argv": words}}]))
        return str(path)

    return write


ARMED_BY_HAND = "grub-editenv /boot/grub/grubenv set next_entry=nfv-ovs-dpdk-trial"


def test_a_play_that_was_cut_off_after_the_boot_is_taken_up_without_another_one(play, drain):
    stopped, resumed = play(
        {"host_reboot_before": drain("false")},
        ARMED_BY_HAND + "; shutdown; : > /boot/said",
        {"host_reboot_allowed": ""},
    )
    assert stopped["rc"] and boots(stopped) == []
    assert resumed["rc"] == 0 and boots(resumed) == []
    assert resumed["said"] == ["systemctl stop nfv-ovs-dpdk-trial.timer"]


def test_a_play_that_stops_before_its_reboot_leaves_an_ordinary_boot(play, drain):
    told = "grub-editenv /boot/grub/grubenv list >> /boot/said; shutdown"
    stopped, tried = play({"host_reboot_before": drain("false")}, told, {})
    assert stopped["rc"] and boots(stopped) == []
    assert boots(tried) == [NORMAL, " ".join((NORMAL, "iommu=pt", TRIAL))]
    assert not [line for line in tried["said"] if line.startswith("next_entry=n")]
    assert tried["rc"] == 0, tried["out"]


# What arms, and what ansible.builtin.reboot begins with.
@pytest.mark.parametrize("last", ["AnsiballZ_kernel_cmdline", "AnsiballZ_setup"])
def test_a_connection_that_is_lost_around_the_arming_leaves_an_ordinary_boot(play, drain, last):
    drops = drain("sh", "-c", "echo {0} > /boot/drops".format(last))
    lost, shut, tried = play({"host_reboot_before": drops}, "shutdown", {"options": ["--list-hosts"]}, {})
    assert lost["rc"] and "Broken pipe" in lost["out"] and boots(lost) == []
    assert boots(shut) == [NORMAL]
    assert tried["rc"] == 0 and boots(tried) == [" ".join((NORMAL, "iommu=pt", TRIAL))]


def test_what_a_dead_play_has_armed_is_taken_back_by_the_next_one(play, drain):
    _written, stopped, shut = play(
        {"host_reboot_before": drain("false")},
        ARMED_BY_HAND + "; : > /boot/said",
        {"host_reboot_before": drain("false")},
        "shutdown",
        {"options": ["--list-hosts"]},
    )
    assert stopped["rc"] and boots(shut) == [NORMAL]


def test_a_reboot_that_is_refused_by_the_host_is_said_and_leaves_an_ordinary_boot(play):
    (failed, tried) = play("touch /boot/refuses", {}, "rm /boot/refuses; shutdown", {})
    assert failed["rc"] and "has not been rebooted: Reboot command failed" in failed["out"]
    assert boots(tried)[0] == NORMAL and tried["rc"] == 0, tried["out"]


def test_a_host_that_has_booted_still_belongs_to_its_play(play, monkeypatch):
    monkeypatch.setenv("NFV_OVS_DPDK_JOB", "17@awx")
    told = "cat /proc/sys/kernel/random/boot_id /var/lib/nfv_ovs_dpdk/state.json | tr '\\n' ' ' > /boot/said"
    booted, state = play({"kernel_args_trial": "never"}, told, {"options": ["--list-hosts"]})
    boot, _space, text = " ".join(state["said"]).partition(" ")
    assert booted["rc"] == 0 and json.loads(text)["lease"]["boot_id"] == boot


def test_a_kernel_line_that_the_operator_writes_is_his_after_the_reboot_too(play):
    netboot = "sed -i 's/ ro / ro iommu=pt /' /boot/grub/grub.cfg; sed -i 's/quiet/quiet iommu=off/' /etc/default/grub"
    tuned = {"reasons": ["TuneD has other arguments."], "reboot_required": True}
    (done,) = play(netboot + "; shutdown", {"kernel_args_backend": "operator", "cpu_isolation_tuned": tuned})
    assert done["rc"] == 0, done["out"]
    assert len(boots(done)) == 2 and "iommu=pt" in boots(done)[1]


def test_a_host_that_comes_back_without_the_planned_arguments_is_named(play, drain):
    loses = drain("sed", "-i", "s/ iommu=pt//", "/boot/grub/grub.cfg")
    (failed,) = play({"host_reboot_before": loses, "kernel_args_trial": "never"})
    assert boots(failed) == [NORMAL]
    text = "'The host came back without the planned kernel arguments:', 'not on the running kernel line: iommu=pt'"
    assert failed["rc"] and text in failed["out"]


def test_a_host_that_does_not_come_back_is_named_with_its_way_back_and_taken_up_when_it_does(play):
    lost, back = play("touch /boot/loses", SOON, "rm /boot/lost", {})
    text = " ".join(lost["out"].split())
    assert lost["rc"] and "has not come back, for which it had 2 seconds (host_reboot_timeout): " in text
    assert "It was to try a kernel line. A kernel that panics restarts by itself" in text
    assert back["rc"] == 0 and boots(back) == []
    assert boots(lost) == [" ".join((NORMAL, "iommu=pt", TRIAL))]
    (untried,) = play("touch /boot/loses", dict(SOON, kernel_args_trial="never", ends=True))
    for words in ("Look at its console.", "The end of host is told."):
        assert words in " ".join(untried["out"].split())


def test_a_host_that_was_sent_back_and_does_not_come_is_named_with_its_faults(play):
    (lost,) = play("touch /boot/later", dict(SOON, pools=[POOL]))
    text = " ".join(lost["out"].split())
    assert lost["rc"] and "it was sent back to the line of before, and has not come back: " in text
    assert "FAIL memory.hugepages: node 0, 1G pages" in text
    assert boots(lost) == [" ".join((NORMAL, "iommu=pt", TRIAL)), NORMAL]


OTHER = "$(pgrep -xf 'sleep 86401')"  # a process of the other host


@pytest.fixture
def with_another(tmp_path):
    """(a command that begins another host, the inventory of both that it writes)"""
    inventory = tmp_path / "hosts.yml"
    begin = "{0} sh {1}/host.sh {1} sleep 86401 & until pgrep -xf 'sleep 86401'; do sleep 0.1; done".format(
        " ".join(ALONE), FILES
    )
    text = "all: {hosts: {a: {}, b: {pretended_process: %s}}}" % OTHER
    return '({0}; echo "{1}" > {2}) > /dev/null'.format(begin, text, inventory), str(inventory)


def test_each_host_has_its_own_reasons_and_is_rebooted_in_its_turn(play, with_another):
    begin, inventory = with_another
    wanted = {"tokens": ["nosmt"]}
    stopped, one, both, told = play(
        begin,
        "touch /boot/panics",
        dict(wanted, serial_hosts=1),
        "rm /boot/panics",
        dict(wanted, options=["--limit", "a"], kernel_args_trial_retry=True),
        dict(wanted),
        "cat /proc/{0}/root/boot/said > /boot/said".format(OTHER),
        {"options": ["--list-hosts"]},
        inventory=inventory,
    )
    assert stopped["rc"] and "[b]" not in stopped["out"], "b has its turn after a, which did not come to its end"
    assert (one["rc"], both["rc"]) == (0, 0), both["out"]
    tried = [" ".join((NORMAL, "nosmt", TRIAL))]
    assert (boots(one), boots(both), boots(told)) == (tried, [], tried)


def test_a_host_that_stays_away_does_not_keep_the_others_from_confirming_their_trial(play, with_another):
    begin, inventory = with_another
    (site,) = [row for row in yaml.safe_load((CHECKOUT / "playbooks/site.yml").read_text()) if "serial" in row]
    kept = "until grep -q 'stop nfv-ovs-dpdk-trial.timer' /boot/said; do sleep 0.1; done"
    (both,) = play(
        begin,
        "boot=/proc/{0}/root/boot; touch $boot/loses; ({1}; rm $boot/lost) > /dev/null &".format(OTHER, kept),
        {"strategy": site["strategy"], "__host_reboot_seconds": 180, "__host_reboot_shortest": 1},
        inventory=inventory,
    )
    assert both["rc"] == 0, both["out"]  # b was away until a was confirmed


GUEST = "bash -c 'exec -a /usr/bin/qemu-system-x86_64 sleep 600' & until pgrep -f ^/usr/bin/qemu; do :; done >/dev/null"


def test_a_host_is_not_rebooted_under_a_guest_that_stayed(play, drain):
    stayed, moved = play(
        GUEST,
        {"host_reboot_before": drain("true")},
        {"host_reboot_before": drain("pkill", "-f", "^/usr/bin/qemu-system")},
    )
    assert stayed["rc"] and "guests are running and a reboot is due" in stayed["out"]
    assert boots(stayed) == []
    assert moved["rc"] == 0 and boots(moved) == [" ".join((NORMAL, "iommu=pt", TRIAL))]


def test_a_guest_stops_a_reboot_that_only_another_role_wants(play):
    tuned = {"reasons": ["TuneD has other arguments."], "reboot_required": True}
    (stayed,) = play(GUEST, {"tokens": ["quiet"], "cpu_isolation_tuned": tuned})
    assert stayed["rc"] and "guests are running and a reboot is due" in stayed["out"]
    assert boots(stayed) == []


REFUSED = [
    ({"host_reboot_timeout": "30m"}, "found 30m, expected at least 1200 seconds: kernel_args_trial_seconds (900)"),
    ({"host_reboot_timeout": "600"}, "found 600, expected at least 1200 seconds"),
    ({"host_reboot_timeout": "60", "kernel_args_trial": "never"}, "found 60, expected at least 180 seconds: a boot"),
    ({"host_reboot_before": "nowhere/drain.yml"}, "(host_reboot_before): found no file nowhere/drain.yml in "),
    ({"host_reboot_allowed": "", "kernel_args_trial": "always"}, "New kernel arguments boot once, on trial"),
    ({"host_reboot_allowed": "", "kernel_args_trial": "never"}, "without a trial: kernel_args_trial=never."),
    ({"host_reboot_allowed": False, "kernel_args_trial": "always"}, "nobody would confirm it"),
]


def test_a_line_that_the_operator_writes_is_only_looked_at(play):
    lacks, fits = play({"kernel_args_backend": "operator"}, {"kernel_args_backend": "operator", "tokens": ["ro"]})
    assert lacks["rc"] and "it is not as planned (/proc/cmdline): found no iommu=pt" in " ".join(lacks["out"].split())
    assert fits["rc"] == 0 and boots(lacks) == boots(fits) == []
    assert lacks["said"] == [] and "changed=0 " in lacks["out"]


def test_what_cannot_go_well_is_refused_before_the_first_change(play):
    for (variables, words), refused in zip(REFUSED, play(*(variables for variables, _words in REFUSED))):
        assert refused["rc"] and words in " ".join(refused["out"].split()), (variables, refused["out"])
        assert "Nothing has been changed." in refused["out"] and "changed=0 " in refused["out"]
        assert refused["said"] == []


def test_a_line_that_fails_is_not_left_without_consent_to_another_reboot(play, drain):
    stopped, failed = play(
        {"host_reboot_before": drain("false")},
        ARMED_BY_HAND + "; shutdown; : > /boot/said",
        {"host_reboot_allowed": False, "pools": [POOL]},
    )
    assert failed["rc"] and boots(failed) == []
    text = " ".join(failed["out"].split())
    assert "it goes back to the line of before by itself, kernel_args_trial_seconds after its boot" in text
    assert "FAIL memory.hugepages: node 0, 1G pages" in text


NIC = {"address": "0000:ff:1f.7", "driver": "vfio-pci", "interface": None}
PCI = (
    "for place in /sys/bus/pci/devices /sys/class/iommu /sys/kernel/iommu_groups; do test ! -d $place || "
    "mount -t tmpfs none $place; done; cd /sys/bus/pci/devices && mkdir 0000:ff:1f.7 && "
    "echo 0x020000 > 0000:ff:1f.7/class"
)


def test_a_line_that_brings_no_iommu_is_left_again(play):
    (failed,) = play(PCI, {"devices": [NIC]})
    assert failed["rc"] and "FAIL  iommu.active" in failed["out"]
    assert boots(failed) == [" ".join((NORMAL, "iommu=pt", TRIAL)), NORMAL]


# Of another NIC beside it, which the kernel drives.
GROUP = (
    " && cp -r 0000:ff:1f.7 0000:ff:1f.6 && ln -s ../../drivers/e1000 0000:ff:1f.6/driver && "
    "group=/sys/kernel/iommu_groups/7 && mkdir -p $group/devices /sys/class/iommu/dmar0 && "
    "for nic in *; do ln -s $group $nic/iommu_group; ln -s $PWD/$nic $group/devices/; done"
)


def test_a_line_that_brings_a_shared_iommu_group_is_left_again(play):
    failed, allowed = play(
        PCI + GROUP, {"devices": [NIC]},
        {"devices": [NIC], "host_guard_allow": "iommu_group:0000:ff:1f.7", "kernel_args_trial_retry": True},
    )  # fmt: skip
    text = " ".join(failed["out"].split())
    assert failed["rc"] and "the IOMMU group is shared" in text and "0000:ff:1f.6 on e1000" in text
    assert boots(failed) == [" ".join((NORMAL, "iommu=pt", TRIAL)), NORMAL]
    assert allowed["rc"] == 0 and boots(allowed) == boots(failed)[:1]


def test_a_dry_run_shows_the_trial_and_the_line_that_stays(play):
    for answer in (True, ""):
        (dry,) = play({"options": ["--check"], "host_reboot_allowed": answer})
        assert dry["rc"] == 0, dry["out"]
        assert dry["said"] == []
        changed = re.findall(r"TASK \[(?:\S+ : )?(.*?)\] \**\nchanged", dry["out"])
        assert changed == [
            "Give a host that nobody confirms a way back",
            "Put the planned tokens on the kernel command line",
            "Load the DPDK ports' kernel drivers at boot",
            "Let the next boot be that of the line on trial",
            "Reboot and wait for the host",
            "Keep the line",
        ]
        assert ("a real run asks first: host_reboot_allowed" in dry["out"]) == (answer == "")


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
