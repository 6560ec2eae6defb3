"""tuned_profile through its main(), with a TuneD that leaves what the real one was seen to leave on Debian 12."""

import functools
import json
import os
import subprocess
import sys

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _tuned

pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.modules import tuned_profile

ADM = r"""#!{python} -SE
import pathlib, re, sys
root = pathlib.Path({root!r})
words = sys.argv[1:]
with open(str(root / "calls"), "a") as calls:
    calls.write("tuned-adm " + " ".join(words) + "\n")
boot = root / "etc/tuned/bootcmdline"
if words[0] == "verify":
    line = (root / "proc/cmdline").read_text().split()
    missing = [word for word in boot.read_text().split('"')[1].split() if word not in line]
    log = ["verifying profile(s): x"] + ["ERROR verify: failed: cmdline arg '%s' is missing" % word for word in missing]
    (root / "var/log/tuned/tuned.log").write_text("verify: failed: long ago\n" + "\n".join(log))
    sys.exit(1 if missing else 0)
if (root / "broken").exists():
    sys.exit("Unable to switch profile: it is broken")
name = dict(auto_profile="virtual-guest", off="").get(words[0], " ".join(words[1:]))
line = ""
if "cpu-partitioning" in name.split():
    text = (root / "etc/tuned/cpu-partitioning-variables.conf").read_text()
    cores = re.search("^isolated_cores=(.*)$", text, re.M).group(1)
    line = "skew_tick=1 nohz_full={{0}} rcu_nocbs={{0}} tuned.non_isolcpus=000000c3".format(cores)
(root / "etc/tuned/active_profile").write_text(name + "\n")
(root / "etc/tuned/profile_mode").write_text(words[0].replace("_profile", "").replace("profile", "manual") + "\n")
boot.write_text("# by TuneD\nTUNED_BOOT_CMDLINE=\"%s\"\nTUNED_BOOT_INITRD_ADD=\n" % line)
(root / "running").touch()
menu = root / "boot/grub/grub.cfg"
text = re.sub("(?m)^set tuned_params=.*\n", "", menu.read_text())
if not (root / "another boot loader").exists():
    if "$tuned_params" not in text:
        text = re.sub(r"(?m)^(\s*linux\s.*)$", r"\1 $tuned_params", text)
    text = "set tuned_params=\"%s\"\n" % line + text
menu.chmod(0o644)
menu.write_text(text)
"""

SYSTEMCTL = r"""#!/bin/sh
case "$1" in
  (is-active) test -e {root}/running; exit ;;
  (is-enabled) if test -e {root}/enabled; then echo enabled; else echo disabled; exit 1; fi; exit ;;
  (enable) touch {root}/enabled ;;
  (disable) rm -f {root}/enabled ;;
  (stop) rm -f {root}/running ;;
esac
echo "systemctl $*" >> {root}/calls
"""

VARIABLES = "etc/tuned/cpu-partitioning-variables.conf"
SHIPPED = "# Examples:\nisolated_cores=${f:calc_isolated_cores:1}\n"
WANTED = "2-5,8-11"
TOKENS = ["nohz_full=2-5,8-11", "rcu_nocbs=2-5,8-11"]


class Host:
    """A host with GRUB, twelve CPUs, and TuneD as its package leaves it."""

    def __init__(self, tree):
        self.tree, self.root = tree, tree.root
        text = ADM.format(python=sys.executable, root=str(self.root))
        tree.write("usr/sbin/tuned-adm", text).chmod(0o755)
        tree.write("usr/sbin/systemctl", SYSTEMCTL.format(root=self.root)).chmod(0o755)
        tree.write("sys/devices/system/cpu/online", "0-11\n")
        tree.write("var/log/tuned/tuned.log", "")
        tree.write(VARIABLES, SHIPPED)
        tree.write("etc/tuned/bootcmdline", "TUNED_BOOT_CMDLINE=\n")
        self.choose("virtual-guest", "auto")
        for name in ("running", "enabled"):
            tree.write(name, "")

    def choose(self, profile, mode="manual"):
        self.tree.write("etc/tuned/active_profile", profile + "\n")
        self.tree.write("etc/tuned/profile_mode", mode + "\n")

    def text(self, path):
        return (self.root / path).read_text().strip()

    def state(self):
        path = self.root / "var/lib/nfv_ovs_dpdk/state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def calls(self):
        """What programs were told since the last time."""
        path = self.root / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.write_text("")
        return [line for line in lines if line != "tuned-adm verify"]

    def boot(self):
        line = self.text("etc/tuned/bootcmdline").partition('="')[2].partition('"')[0]
        self.tree.write("proc/cmdline", "root=/dev/vda1 ro {0}\n".format(line))

    def everything(self):
        names = ("cpu-partitioning-variables.conf", "active_profile", "profile_mode", "bootcmdline")
        found = {name: self.text("etc/tuned/" + name) for name in names}
        return dict(found, units=[(self.root / name).exists() for name in ("running", "enabled")])


@pytest.fixture
def host(grub_tree, monkeypatch):
    made = Host(grub_tree)
    monkeypatch.setenv("PATH", "{0}/usr/sbin:{1}".format(made.root, os.environ["PATH"]))
    monkeypatch.setattr(tuned_profile, "ROOT", str(made.root))
    return made


@pytest.fixture
def run(host, run_module):
    def call(isolated=WANTED, **more):
        check, diff = more.pop("check", False), more.pop("diff", False)
        parameters = dict(more, isolated_cpus=isolated) if isolated else dict(more, state="absent")
        return run_module("tuned_profile", parameters, check=check, diff=diff)

    return call


def test_activate_with_other_cpus_and_give_back(host, run, settles):
    """Nothing is told to TuneD that it knows."""

    def world():
        return host.everything(), host.state()

    virgin = host.everything()
    for isolated, before in ((WANTED, "virtual-guest"), ("2-3", "cpu-partitioning")):
        dry = run(isolated, check=True)
        assert host.calls() == []
        real = settles(functools.partial(run, isolated), world)
        assert (real["profile"], real["reasons"]) == (dry["profile"], dry["reasons"])
        assert [(row["action"], row["target"], row["before"]) for row in real["actions"]][1:] == [
            ("activate", "TuneD", before)
        ]
        assert host.calls() == ["tuned-adm profile cpu-partitioning"]
        assert real["changed"] and "nohz_full=" + isolated in real["boot_tokens"]
    assert real["diff"][0]["before"].endswith("isolated_cores=2-5,8-11\n")
    assert real["diff"][0]["after"].endswith("isolated_cores=2-3\n")

    real = settles(functools.partial(run, None), world)
    assert host.calls() == ["tuned-adm auto_profile"]
    assert (host.everything(), real["profile"]) == (
        dict(virgin, bootcmdline=host.text("etc/tuned/bootcmdline")),
        "virtual-guest",
    )
    assert real["boot_tokens"] == []
    assert host.state() == {"version": 1}


@pytest.mark.parametrize(
    ("profile", "mode", "told"),
    [
        ("virtual-guest", "auto", "tuned-adm auto_profile"),
        ("balanced", "manual", "tuned-adm profile balanced"),
        ("balanced my-sysctls", "manual", "tuned-adm profile balanced my-sysctls"),
        ("", "manual", "tuned-adm off"),
    ],
)
def test_the_profile_of_before_comes_back(host, run, profile, mode, told):
    host.choose(profile, mode)
    run()
    host.calls()
    assert run(None)["profile"] == profile
    assert host.calls() == [told]


def test_a_daemon_that_was_off_is_off_again(host, run):
    for name in ("running", "enabled"):
        (host.root / name).unlink()
    assert [row["action"] for row in run()["actions"]] == ["write", "activate", "enable"]
    assert (host.root / "running").exists() and (host.root / "enabled").exists()
    host.calls()
    assert [row["action"] for row in run(None)["actions"]] == ["write", "activate", "disable", "stop"]
    assert host.calls()[1:] == ["systemctl disable tuned.service", "systemctl stop tuned.service"]
    assert not (host.root / "running").exists() and not (host.root / "enabled").exists()


def test_what_somebody_has_changed_since_stays(host, run):
    run()
    host.choose("powersave")
    host.tree.write(VARIABLES, "isolated_cores=3\n")
    host.calls()
    dry, result = run(None, check=True), run(None)
    assert result["actions"] == dry["actions"]
    assert [row["action"] for row in result["actions"]] == ["forget", "forget"]
    assert [row["target"] for row in result["left"]] == ["/" + VARIABLES, "TuneD's profile"]
    assert (result["profile"], host.calls(), host.text(VARIABLES)) == ("powersave", [], "isolated_cores=3")
    assert (run(None)["changed"], host.state()) == (False, {"version": 1})


def test_what_somebody_has_chosen_between_two_runs_comes_back(host, run):
    for name in ("running", "enabled"):
        (host.root / name).unlink()
    run()
    host.choose("throughput-performance")
    host.tree.write(VARIABLES, "isolated_cores=3\nno_balance_cores=9\n")
    for _time in (1, 2):
        assert run()["profile"] == "cpu-partitioning"
    result = run(None)
    assert (result["profile"], result["left"]) == ("throughput-performance", [])
    assert host.text(VARIABLES) == "isolated_cores=3\nno_balance_cores=9"
    assert (host.root / "running").exists(), "whoever has chosen a profile wants it"
    assert host.state() == {"version": 1}


def test_an_operators_own_isolation_comes_back_with_his_cpus(host, run):
    host.tree.write(VARIABLES, "isolated_cores=7\nno_balance_cores=7\n")
    host.choose("cpu-partitioning")
    run()
    result = run(None)
    assert host.text(VARIABLES) == "isolated_cores=7\nno_balance_cores=7"
    assert result["profile"] == "cpu-partitioning" and "nohz_full=7" in result["boot_tokens"]


def test_an_operators_own_isolation_that_fits_stays_his(host, run):
    theirs = "isolated_cores=2-5,8-11\nno_balance_cores=2\n"
    host.tree.write(VARIABLES, theirs)
    subprocess.check_call(["tuned-adm", "profile", "cpu-partitioning"])
    host.calls()
    for check in (True, False):
        assert not run(check=check)["changed"]
    assert (host.text(VARIABLES) + "\n", host.calls(), host.state()) == (theirs, [], {})


def test_a_profile_beside_it_stays_beside_it(host, run):
    host.choose("cpu-partitioning my-sysctls")
    run()
    assert host.calls() == ["tuned-adm profile cpu-partitioning my-sysctls"]
    assert not run()["changed"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda host: host.tree.write("etc/tuned/bootcmdline", 'TUNED_BOOT_CMDLINE="nohz_full=2-3 rcu_nocbs=2-3"\n'),
        lambda host: host.tree.update_grub(),
        lambda host: (host.root / "running").unlink(),
        lambda host: host.choose("balanced"),
        lambda host: host.tree.write(VARIABLES, "isolated_cores=3\n"),
    ],
    ids=["applied with other CPUs", "not in the menu", "not running", "another profile", "file edited"],
)
def test_what_is_not_in_force_is_applied_again(host, run, spoil):
    run()
    host.tree.menu.chmod(0o644)
    spoil(host)
    host.calls()
    assert run()["changed"]
    assert host.calls() == ["tuned-adm profile cpu-partitioning"]
    assert not run()["changed"]


def test_a_reboot_is_due_until_the_running_line_has_it_and_until_it_has_it_no_more(host, run):
    dry, real = run(check=True), run()
    assert dry["reasons"] == real["reasons"] == ["not on the running kernel line: " + " ".join(TOKENS)]
    assert real["reboot_required"] and run()["reboot_required"]
    host.boot()
    assert not run()["reboot_required"]
    changed = run("2-3")["reasons"]
    assert changed[0] == "not on the running kernel line: nohz_full=2-3 rcu_nocbs=2-3"
    assert changed[1] == "ours on the running kernel line, no longer wanted: " + " ".join(TOKENS)
    for _time in (1, 2):
        assert run(None)["reasons"] == ["ours on the running kernel line, no longer wanted: " + " ".join(TOKENS)]
    host.boot()
    assert run(None)["reasons"] == []
    assert host.state() == {"version": 1}


def test_what_an_operators_own_profile_brought_is_no_reason_to_reboot(host, run):
    host.tree.write("proc/cmdline", "ro nohz_full=7 rcu_nocbs=7 tuned.non_isolcpus=00000f7f\n")
    assert (run(None)["reasons"], run(None)["changed"]) == ([], False)


def test_the_kernels_own_isolation_of_the_same_cpus_does_not_remind_of_tuned(host, run):
    run()
    host.boot()
    run(None)
    host.tree.write("proc/cmdline", "ro isolcpus=2-5,8-11 nohz_full=2-5,8-11 rcu_nocbs=2-5,8-11\n")
    assert run(None)["reasons"] == []


def test_what_tuned_finds_to_differ_is_told(host, run):
    run()
    host.boot()
    assert run()["differences"] == []
    host.tree.write("proc/cmdline", host.text("proc/cmdline").replace("skew_tick=1", ""))
    result = run()
    assert result["differences"] == ["cmdline arg 'skew_tick=1' is missing"]
    assert "tuned-adm verify: cmdline arg 'skew_tick=1' is missing" in str(result["warnings"])


@pytest.mark.parametrize(
    ("isolated", "found"), [("", "none"), ("0-9999", "0-9999"), ("0-11", "0-11"), ("11-12", "11-12")]
)
def test_cpus_that_cannot_be_isolated_are_refused(host, run_module, isolated, found):
    virgin = host.everything()
    result = run_module("tuned_profile", {"isolated_cpus": isolated})
    assert result["msg"] == (
        "these CPUs cannot be isolated (isolated_cpus): found {0}, expected some of the online CPUs 0-11, but not all. "
        "Plan again (host_plan_pmd_cpus, host_plan_vm_cpus).".format(found)
    )
    assert (host.everything(), host.state()) == (virgin, {})


def test_without_tuned_a_dry_run_tells_and_a_real_one_refuses(host, run):
    for name in ("usr/sbin/tuned-adm", "etc/tuned/active_profile", VARIABLES):
        (host.root / name).unlink()
    assert [row["action"] for row in run(check=True)["actions"]] == ["write", "activate"]
    assert run()["msg"] == (
        "TuneD is not installed: found nothing, expected /usr/sbin/tuned-adm. Install the package tuned; role "
        "cpu_isolation does it (cpu_isolation_packages)."
    ).replace("found nothing, ", "")
    assert (run(None)["changed"], host.state()) == (False, {})


def test_a_switch_that_fails_is_told_and_tried_again(host, run):
    host.tree.write("broken", "")
    assert "Unable to switch profile: it is broken" in run()["msg"]
    (host.root / "broken").unlink()
    assert run()["changed"] and not run()["changed"]
    run(None)
    assert host.text("etc/tuned/active_profile") == "virtual-guest"


def test_a_profile_that_does_not_reach_the_boot_line_is_a_failure(host, run):
    host.tree.write("another boot loader", "")
    assert run()["msg"] == (
        "TuneD did not put its arguments on the line of the next boot (/etc/tuned/bootcmdline, /boot/grub/grub.cfg): "
        "found none, expected nohz_full=2-5,8-11 rcu_nocbs=2-5,8-11. /var/log/tuned/tuned.log says why; the next run "
        "tries again."
    )


def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(host, run, survives):
    run()
    run(None)  # TuneD's own file of the boot arguments keeps a trace of the profile
    survives(run, lambda: run(None), lambda: (host.everything(), host.state()))


def test_killed_at_any_step_and_given_back_at_once_all_is_as_before(host, run, deaths):
    run()
    run(None)  # TuneD's own file of the boot arguments keeps a trace of the profile
    virgin = host.everything()
    for _death in deaths(run):
        assert run(None)["left"] == []
        assert (host.everything(), host.state()) == (virgin, {"version": 1})


def test_plugins_without_their_python_module_are_told():
    for code, plugins in ((0, []), (1, ["irqbalance", "scheduler"])):
        assert _tuned.Tuned("/", lambda argv, code=code: (code, "", "")).missing_plugins() == plugins
