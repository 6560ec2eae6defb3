"""vswitch_restart on real switches: only systemctl is played, by whoever starts and stops the daemon here."""

import itertools
import json
import os
import shutil
import signal
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _startup, _state, _vswitch
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import runner

from conftest import Daemon, die_with_parent

UNIT = "ovs-vswitchd.service"
TSO = {"other_config": {"userspace-tso-enable": True, "max-idle": 8000}}
REASON = "userspace-tso-enable is 'true', the running process uses unset"
ACTION = {"action": "restart", "target": UNIT, "before": None, "after": None}
GONE_BACK = "ovs-vswitchd did not work on the new values, the previous ones are back and it works on them"
# A program that does not survive userspace-tso-enable.
ALLERGIC = (
    "keys=$(ovs-vsctl --no-wait --timeout=9 get Open_vSwitch . other_config); "
    'case "$keys" in *userspace-tso-enable*) exit 1; esac; exec "$@"'
)


class Unit:
    """systemctl for the one unit that a switch is. It tells a start that failed, as units of type forking do."""

    def __init__(self, switch, wait_for):
        self.switch, self.wait_for, self.calls = switch, wait_for, []
        self.before_start = self.after_start = lambda number: None

    def runner(self, module):
        real = runner(module)

        def run(argv, data=None):
            if argv[0] != "systemctl":
                return real(argv, data)
            verb, unit = argv[1:]
            assert unit == UNIT
            self.calls.append(verb)
            return self.restart() if verb == "restart" else (0, "", "")

        return run

    def restart(self):
        made, number = self.switch, self.calls.count("restart")
        made.daemon.stop()
        self.before_start(number)
        argv = made.program + made.options + ["--no-chdir", "--pidfile=" + made.path("ovs-vswitchd.pid")]
        made.daemon = daemon = Daemon(argv + ["--log-file=" + made.log, "unix:" + made.path("db.sock")], made.env)
        # It answers when it has read the database once.
        target = "--target=" + made.path("ovs-vswitchd.{0}.ctl".format(daemon.pid))
        answers = ("ovs-appctl", "--timeout=30", target, "version")
        self.wait_for(lambda: made.command(*answers).returncode == 0 or not daemon.alive(), "the start of the unit")
        self.after_start(number)
        return (0, "", "") if daemon.alive() else (1, "", "Job for {0} failed.".format(UNIT))


@pytest.fixture
def unit(monkeypatch, wait_for):
    """unit(switch) -> its Unit, which the module finds in place of systemctl."""
    from ansible_collections.nfv.ovs_dpdk.plugins.modules import vswitch_restart

    def make(switch):
        made = Unit(switch, wait_for)
        monkeypatch.setattr(vswitch_restart, "runner", made.runner)
        return made

    return make


def other_config(switch):
    return switch.column("Open_vSwitch", ".", "other_config")


def state(tmp_path):
    data = json.loads((tmp_path / "state" / "state.json").read_text())
    return {name: data.get("vswitch", {}).get(name) for name in ("values", "process")}


def add(switch, name, kind, *settings):
    """A port; the first one brings its bridge along."""
    datapath = "netdev" if kind.startswith("dpdk") else "dummy"
    if not switch.vsctl("list-br"):
        switch.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=" + datapath)
    argv = ("add-port", "br0", name, "--", "set", "Interface", name, "type=" + kind) + settings
    switch.command("ovs-vsctl", "--timeout=30", *argv)


# --- when, and when not -------------------------------------------------------------------------------------------


def test_nothing_to_do_restarts_nothing(switch, unit, converge):
    real = switch()
    systemctl = unit(real)
    assert not converge(real, "vswitch_restart", {"reasons": []})["changed"]
    assert converge(real, "vswitch_config", {"other_config": {"max-idle": 8000}})["restart_required"] is False
    assert not converge(real, "vswitch_restart", {})["changed"]
    assert systemctl.calls == []


def test_once_and_as_the_dry_run_says(switch, unit, on):
    real = switch()
    systemctl, pid = unit(real), real.pid
    foreseen = on(real, "vswitch_config", TSO, check=True)
    arguments = {"reasons": foreseen["restart_reasons"], "previous": foreseen["before"]}
    dry = on(real, "vswitch_restart", arguments, check=True)
    assert (dry["actions"], dry["reasons"], dry["restart_required"]) == ([ACTION], [REASON], True)
    assert (systemctl.calls, real.pid) == ([], pid)
    on(real, "vswitch_config", TSO)
    result = on(real, "vswitch_restart", arguments)
    assert (result["actions"], result["diff"]) == (dry["actions"], dry["diff"])
    assert (result["changed"], result["restart_required"], systemctl.calls) == (True, False, ["restart"])
    assert real.pid != pid
    assert on(real, "vswitch_restart", arguments)["changed"] is False, "the same reasons, but they are gone"
    assert on(real, "vswitch_config", TSO)["restart_reasons"] == []
    assert systemctl.calls == ["restart"]


def test_what_does_not_run_is_started(switch, unit, on):
    real = switch()
    systemctl = unit(real)
    real.daemon.stop()
    for check in (True, False):
        result = on(real, "vswitch_restart", {}, check=check)
        assert result["actions"] == [dict(ACTION, action="start")]
        assert result["reasons"] == ["ovs-vswitchd does not run"]
    assert real.daemon.alive()
    assert on(real, "vswitch_restart", {})["changed"] is False
    assert systemctl.calls == ["restart"]


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"timeout": 0}, "no time to wait (timeout): found 0, expected 1 second or more."),
        (
            {"service": "*"},
            "not the name of a service: found '*', expected x.service. Change service (openvswitch_service).",
        ),
        (
            {"previous": {"other_config": {}}},
            "not what was there before (previous): found other_config, expected other_config and external_ids. "
            "Give before of vswitch_config.",
        ),
    ],
)
def test_refusals(switch, unit, on, arguments, words):
    real = switch()
    systemctl = unit(real)
    assert on(real, "vswitch_restart", arguments)["msg"] == words
    assert systemctl.calls == []


# --- whom it hurts ------------------------------------------------------------------------------------------------


def test_what_a_restart_would_interrupt(switch, on):
    real = switch()
    assert on(real, "vswitch_config", {}, check=True)["restart_interrupts"] == []
    add(real, "p0", "dummy-pmd")
    add(real, "inner", "internal")
    add(real, "pair", "patch", "options:peer=other")
    real.vsctl("add-bond", "br0", "bond0", "b0", "b1", "--", "set", "Interface", "b0", "type=dummy")
    for check in (True, False):
        assert on(real, "vswitch_config", {}, check=check)["restart_interrupts"] == [
            {"bridge": "br0", "port": port, "interface": interface, "type": kind, "text": text}
            for port, interface, kind, text in (
                ("bond0", "b0", "dummy", "b0 on br0 (dummy, link up)"),
                ("bond0", "b1", "system", "b1 on br0 (system, link up)"),
                ("p0", "p0", "dummy-pmd", "p0 on br0 (dummy-pmd, link up)"),
            )
        ]
    real.appctl("netdev-dummy/set-admin-state", "p0", "down")
    real.vsctl("del-port", "bond0")
    assert on(real, "vswitch_config", {})["restart_interrupts"] == []
    real.appctl("netdev-dummy/set-admin-state", "p0", "up")
    real.daemon.stop()
    assert on(real, "vswitch_config", {})["restart_interrupts"] == [], "the database keeps the word of the dead"


@pytest.mark.dpdk
def test_a_guest_is_interrupted_only_while_it_is_connected(dpdk_switch, on, wait_for):
    if not shutil.which("dpdk-testpmd"):
        pytest.skip("needs dpdk-testpmd of the package dpdk-dev")
    real = dpdk_switch()
    on(real, "vswitch_config", {"other_config": {"dpdk-init": "try", "dpdk-extra": real.dpdk_extra}})
    add(real, "vm1", "dpdkvhostuserclient", "options:vhost-server-path=" + real.path("vm1"))
    assert on(real, "vswitch_config", {})["restart_interrupts"] == []
    device = "net_virtio_user0,path={0},server=1,queues=1".format(real.path("vm1"))
    argv = ["dpdk-testpmd", "-l", "0-1", "--no-huge", "-m", "256", "--no-pci", "--no-shconf", "--vdev=" + device]
    argv += ["--file-prefix=" + real.rundir.strip("/").replace("/", "-"), "--", "-i", "--total-num-mbufs=2048"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(argv, preexec_fn=die_with_parent, **pipes) as guest:
        try:
            rows = wait_for(lambda: on(real, "vswitch_config", {})["restart_interrupts"], "the connection of a guest")
        finally:
            guest.kill()
    assert [row["text"] for row in rows] == ["vm1 on br0 (dpdkvhostuserclient, a guest is connected)"]
    wait_for(lambda: not on(real, "vswitch_config", {})["restart_interrupts"], "the end of the connection")


# --- it does not come up ------------------------------------------------------------------------------------------


@pytest.fixture
def allergic(switch):
    """A switch that cannot start with userspace-tso-enable, and has a value of ours and one of the operator's."""
    made = switch(wrapper=("sh", "-c", ALLERGIC, "sh"))
    made.vsctl("set", "Open_vSwitch", ".", "other_config:max-revalidator=600")
    add(made, "p0", "dummy-pmd")
    made.calm()
    return made


def test_back_to_exactly_what_was_there(allergic, unit, on, tmp_path):
    systemctl = unit(allergic)
    on(allergic, "vswitch_config", {"other_config": {"max-idle": 7000, "max-revalidator": 700}})
    before, remembered = allergic.configuration(), state(tmp_path)["values"]
    config = on(allergic, "vswitch_config", {"other_config": {"max-idle": 8000, "userspace-tso-enable": True}})
    result = on(allergic, "vswitch_restart", {"previous": config["before"]})
    assert result["msg"].startswith(
        "{0} ({1}): found systemctl could not restart {1}: Job for {1} failed.".format(GONE_BACK, UNIT)
    )
    assert "The log says:" in result["msg"]
    assert systemctl.calls == ["restart", "reset-failed", "restart"]
    assert allergic.daemon.alive()
    left = allergic.configuration()
    assert other_config(allergic)["max-idle"] == "7000"
    assert left["Bridge"] == before["Bridge"]
    # max-revalidator was ours and not asked for any more: the way back makes it ours again.
    assert left == before
    assert state(tmp_path)["values"]["other_config:max-idle"] == remembered["other_config:max-idle"]
    again = on(allergic, "vswitch_restart", {"previous": config["before"]})
    assert (again["failed"], again["changed"]) == (False, False)


def test_back_over_a_run_that_was_not_allowed_to_restart(allergic, unit, on):
    """The keys were written yesterday; what the process still uses is remembered."""
    systemctl = unit(allergic)
    before = allergic.configuration()
    on(allergic, "vswitch_config", {"other_config": {"userspace-tso-enable": True}})
    config = on(allergic, "vswitch_config", {"other_config": {"userspace-tso-enable": True}})
    assert (config["changed"], config["restart_required"]) == (False, True)
    for previous in ({"previous": config["before"]}, {}):
        result = on(allergic, "vswitch_restart", previous)
        assert result["msg"].startswith(GONE_BACK)
        assert allergic.configuration() == before
        on(allergic, "vswitch_config", {"other_config": {"userspace-tso-enable": True}})
    assert allergic.daemon.alive()
    assert systemctl.calls == ["restart", "reset-failed", "restart"] * 2


@pytest.mark.parametrize("ended", ["with a new process", "with its process"])
def test_written_and_not_restarted_the_daemon_ends_one_day(allergic, unit, on, ended):
    """A restart was not allowed. The value is read by whoever starts the daemon, or by none before it is gone."""
    systemctl, before = unit(allergic), allergic.configuration()
    on(allergic, "vswitch_config", TSO)
    if ended == "with a new process":
        assert systemctl.restart()[0] == 1
    else:
        allergic.daemon.stop()
    for _day in range(2):
        config = on(allergic, "vswitch_config", TSO)
        assert (config["running"], config["changed"]) == (False, False)
    result = on(allergic, "vswitch_restart", {"previous": config["before"]})
    assert result["msg"].startswith(GONE_BACK)
    assert allergic.daemon.alive()
    assert "userspace-tso-enable" not in other_config(allergic)
    # What comes into force at once was no reason to end.
    assert other_config(allergic).pop("max-idle") == "8000"
    on(allergic, "vswitch_config", {"state": "absent"})
    assert allergic.configuration() == before


def test_written_while_nothing_ran(allergic, unit, on):
    """No process has ever worked with the value: what was there before us is what is left to go back to."""
    unit(allergic)
    before = allergic.configuration()
    allergic.daemon.stop()
    for _run in range(2):  # the first one is interrupted before its restart
        config = on(allergic, "vswitch_config", TSO)
    result = on(allergic, "vswitch_restart", {"previous": config["before"]})
    assert result["msg"].startswith(GONE_BACK)
    assert allergic.configuration() == before


def test_interrupted_while_the_daemon_is_away(allergic, unit, on, tmp_path):
    """The module is gone before it could go back: the next run, which writes nothing, does it."""
    systemctl, before = unit(allergic), allergic.configuration()

    def interrupt(number):
        if number == 1:
            raise KeyboardInterrupt

    systemctl.before_start = interrupt
    config = on(allergic, "vswitch_config", TSO)
    with pytest.raises(KeyboardInterrupt):
        on(allergic, "vswitch_restart", {"previous": config["before"]})
    assert not allergic.daemon.alive()
    # Meanwhile the operator goes on with his own keys.
    theirs = {"max-revalidator": "999", "emc-insert-inv-prob": "5"}
    allergic.vsctl("--no-wait", "set", "Open_vSwitch", ".", *map("other_config:{0[0]}={0[1]}".format, theirs.items()))
    config = on(allergic, "vswitch_config", TSO)
    assert (config["running"], config["changed"]) == (False, False)
    result = on(allergic, "vswitch_restart", {"previous": config["before"]})
    assert result["msg"].startswith(GONE_BACK)
    assert {key: other_config(allergic).get(key) for key in theirs} == theirs
    allergic.vsctl("set", "Open_vSwitch", ".", "other_config:max-revalidator=600")
    allergic.vsctl("remove", "Open_vSwitch", ".", "other_config", "emc-insert-inv-prob")
    assert allergic.configuration() == before
    assert "earlier" not in (tmp_path / "state" / "state.json").read_text()


def test_killed_at_any_step_the_role_run_again_ends_as_if_undisturbed(switch, unit, on, monkeypatch):
    real, left = switch(), [0]
    systemctl = unit(real)
    real.calm()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=9000")
    add(real, "p0", "dummy-pmd")

    def role(wanted):
        config = on(real, "vswitch_config", wanted)
        result = on(real, "vswitch_restart", {"previous": config["before"]})
        assert not result["failed"], result["msg"]
        assert not on(real, "vswitch_config", wanted)["restart_required"]
        return real.configuration(), _state.State().load()

    def deadly(step):
        def call(*arguments, **more):
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt  # a child of this process would take the daemon along
            return step(*arguments, **more)

        return call

    systemctl.before_start = deadly(systemctl.before_start)
    virgin = role({"state": "absent"})
    undisturbed = role(TSO)
    for number in itertools.count(1):
        assert role({"state": "absent"}) == (virgin[0], {"version": 1})
        config, pid = on(real, "vswitch_config", TSO), real.pid
        left[0] = number
        with monkeypatch.context() as patch:
            for owner, name in ((os, "rename"), (_vswitch.Switch, "transact"), (systemctl, "restart")):
                patch.setattr(owner, name, deadly(getattr(owner, name)))
            try:
                on(real, "vswitch_restart", {"previous": config["before"]})
                break
            except KeyboardInterrupt:
                left[0] = 0
        assert role(TSO) == undisturbed
        assert real.pid != pid, "not started on the new values"
    assert number > 5


def test_interrupted_before_its_ports_were_looked_at(switch, unit, on, monkeypatch):
    real = switch()
    systemctl, options = unit(real), real.options
    add(real, "p0", "dummy-pmd")
    real.calm()
    # What starts on the new values knows no dummy devices.
    systemctl.before_start = lambda number: setattr(real, "options", options if number > 2 else options[1:])
    config = on(real, "vswitch_config", TSO)

    def interrupt(switch, process):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_startup, "confirm", interrupt)
        with pytest.raises(KeyboardInterrupt):
            on(real, "vswitch_restart", {"previous": config["before"]})
    config = on(real, "vswitch_config", TSO)
    result = on(real, "vswitch_restart", {"previous": config["before"], "timeout": 5})
    assert result.get("msg", "").startswith(GONE_BACK)


def test_a_bridge_that_does_not_come_back_is_a_failure(switch, unit, on):
    real = switch()
    systemctl, options = unit(real), real.options
    add(real, "p0", "dummy-pmd")
    real.calm()
    # The first start knows no dummy devices.
    systemctl.before_start = lambda number: setattr(real, "options", options if number > 1 else options[1:])
    config = on(real, "vswitch_config", TSO)
    result = on(real, "vswitch_restart", {"previous": config["before"], "timeout": 5})
    words = "{0} ({1}): found what worked before does not any more: br0: the bridge could not be made"
    assert result["msg"].startswith(words.format(GONE_BACK, UNIT))
    assert "userspace-tso-enable" not in other_config(real)
    assert real.column("Interface", "p0", "error") == []


def test_a_port_that_does_not_come_back_is_a_failure(switch, unit, on):
    real = switch()
    systemctl = unit(real)
    add(real, "one", "patch", "options:peer=two")
    add(real, "two", "patch", "options:peer=one")
    assert real.column("Interface", "one", "error") == []
    # While the daemon is away, somebody breaks the pair.
    systemctl.before_start = lambda number: real.vsctl("--no-wait", "set", "Interface", "one", "options:peer=nobody")
    config = on(real, "vswitch_config", TSO)
    result = on(real, "vswitch_restart", {"previous": config["before"], "timeout": 2})
    assert "what worked before does not any more: one: No usable peer 'nobody'" in result["msg"]


def test_a_port_that_failed_before_may_fail_again(switch, unit, on):
    real = switch()
    systemctl = unit(real)
    add(real, "lonely", "patch", "options:peer=nobody")
    assert "nobody" in real.column("Interface", "lonely", "error")
    on(real, "vswitch_config", TSO)
    assert on(real, "vswitch_restart", {})["failed"] is False
    assert systemctl.calls == ["restart"]


def test_a_process_that_never_answers_is_a_failure(switch, unit, on):
    real = switch()
    systemctl = unit(real)
    systemctl.after_start = lambda number: number == 1 and real.daemon.signal(signal.SIGSTOP)
    config = on(real, "vswitch_config", TSO)
    result = on(real, "vswitch_restart", {"previous": config["before"], "timeout": 1})
    assert result["msg"].startswith(GONE_BACK)
    assert "ovs-vswitchd did not confirm the change within 1 s" in result["msg"]
    assert real.daemon.alive() and "max-idle" not in other_config(real)


@pytest.mark.parametrize("look, times", [("confirm", 1), ("broken", 1), ("broken", 2)])
def test_a_daemon_that_ends_after_its_first_word_is_a_failure(switch, unit, on, monkeypatch, look, times):
    """It has read its database; then its threads begin to poll, say, and take it along."""
    real = switch()
    systemctl, honest = unit(real), getattr(_startup, look)
    add(real, "p0", "dummy-pmd")
    config = on(real, "vswitch_config", TSO)

    left = [times]

    def deadly(*arguments, **more):
        answer = honest(*arguments, **more)
        if systemctl.calls:
            left[0] -= 1
            if left[0] == 0:
                real.daemon.stop()
        return answer

    monkeypatch.setattr(_startup, look, deadly)
    result = on(real, "vswitch_restart", {"previous": config["before"]})
    assert result["msg"].startswith(GONE_BACK)
    assert real.daemon.alive() and "userspace-tso-enable" not in other_config(real)


def test_neither_the_new_nor_the_old(switch, unit, on):
    real = switch()
    systemctl = unit(real)
    systemctl.before_start = lambda number: setattr(real, "options", ["--no-such-option"])
    config = on(real, "vswitch_config", TSO)
    result = on(real, "vswitch_restart", {"previous": config["before"]})
    assert "the previous ones are back and it does not work on them either" in result["msg"]
    assert "userspace-tso-enable" not in other_config(real)


def test_nothing_to_go_back_to(switch, unit, on):
    real = switch()
    systemctl = unit(real)
    real.daemon.stop()
    systemctl.before_start = lambda number: setattr(real, "options", ["--no-such-option"])
    assert "there are no previous values to go back to" in on(real, "vswitch_restart", {})["msg"]
    assert systemctl.calls == ["restart"]


# --- real DPDK: bad values, and deadly ones -----------------------------------------------------------------------

DPDK_FAULTS = {
    "a word that EAL does not know": ("try", "--no-such-option", "dpdk-extra has a word that EAL does not know"),
    "an lcore beyond what DPDK can hold": ("true", "--lcores=200@0", "EAL: invalid parameter for --lcores"),
    "a word on which EAL ends the process": ("try", "--help", "--no-shconf --help"),
}


@pytest.fixture
def with_dpdk(dpdk_switch, on):
    made = dpdk_switch()
    made.good = {"dpdk-init": "try", "dpdk-extra": made.dpdk_extra}
    assert on(made, "vswitch_config", {"other_config": made.good})["dpdk_initialized"]
    add(made, "n0", "dpdk", "options:dpdk-devargs=net_null0,no-rx=1")
    return made


@pytest.mark.dpdk
@pytest.mark.parametrize("fault", sorted(DPDK_FAULTS))
def test_a_bad_value_leaves_the_host_with_its_switch(with_dpdk, unit, on, fault):
    init, extra, words = DPDK_FAULTS[fault]
    systemctl, before = unit(with_dpdk), with_dpdk.configuration()
    wanted = {"dpdk-init": init, "dpdk-extra": "{0} {1}".format(with_dpdk.dpdk_extra, extra)}
    config = on(with_dpdk, "vswitch_config", {"other_config": wanted})
    assert config["restart_required"]
    result = on(with_dpdk, "vswitch_restart", {"previous": config["before"]})
    assert result["msg"].startswith(GONE_BACK)
    assert words in result["msg"]
    assert systemctl.calls == ["restart", "reset-failed", "restart"]
    assert with_dpdk.configuration() == before
    assert with_dpdk.column("Open_vSwitch", ".", "dpdk_initialized") is True
    assert with_dpdk.column("Interface", "n0", "error") == []


@pytest.mark.dpdk
def test_without_dpdk_the_ports_of_somebody_else_are_named_and_do_not_hold_it_back(with_dpdk, unit, on):
    systemctl = unit(with_dpdk)
    add(with_dpdk, "vm1", "dpdkvhostuserclient", "options:vhost-server-path=" + with_dpdk.path("vm1"))
    ours = {"name": "o0", "type": "dpdkvhostuserclient", "options": {"vhost-server-path": with_dpdk.path("o0")}}
    assert not on(with_dpdk, "vswitch_bridge", {"bridge": "br0", "ports": [{"name": "o0", "interfaces": [ours]}]})[
        "failed"
    ]
    assert "vm1" not in str(on(with_dpdk, "vswitch_config", {})["restart_interrupts"])
    words = [
        "n0 on br0 (dpdk, does not work without DPDK)",
        "vm1 on br0 (dpdkvhostuserclient, does not work without DPDK)",
    ]
    for check in (True, False):
        config = on(with_dpdk, "vswitch_config", {"state": "absent"}, check=check)
        assert [row["text"] for row in config["restart_interrupts"]] == words
    result = on(with_dpdk, "vswitch_restart", {"previous": config["before"]})
    assert (result["failed"], result["dpdk_initialized"], systemctl.calls) == (False, False, ["restart"])
    assert with_dpdk.column("Interface", "vm1", "error") != []


@pytest.mark.dpdk
def test_a_good_value_comes_into_force(with_dpdk, unit, on):
    unit(with_dpdk)
    wanted = dict(with_dpdk.good, **{"dpdk-lcore-mask": "0x2"})
    config = on(with_dpdk, "vswitch_config", {"other_config": wanted})
    assert config["restart_required"]
    result = on(with_dpdk, "vswitch_restart", {"previous": config["before"]})
    assert (result["failed"], result["dpdk_initialized"], result["restart_required"]) == (False, True, False)
    assert on(with_dpdk, "vswitch_config", {"other_config": wanted})["restart_reasons"] == []


@pytest.mark.dpdk
def test_dpdk_that_does_not_start_when_it_is_written_is_taken_back_at_once(dpdk_switch, unit, on):
    """The kernel's ports go on. The process has used up its only try, so the right value takes a restart."""
    real = dpdk_switch()
    systemctl, before, pid = unit(real), real.configuration(), real.pid
    bad = {"dpdk-init": "try", "dpdk-extra": real.dpdk_extra + " --no-such-option"}
    words = "DPDK did not start on the new values; they are out of the database again (process {0})"
    assert on(real, "vswitch_config", {"other_config": bad}, check=True)["restart_required"] is False
    result = on(real, "vswitch_config", {"other_config": bad})
    assert result["msg"].startswith(words.format(pid))
    assert "dpdk-extra has a word that EAL does not know" in result["msg"]
    assert (real.configuration(), real.pid, real.daemon.alive()) == (before, pid, True)
    assert on(real, "vswitch_config", {"other_config": {}})["restart_required"] is False
    good = {"other_config": dict(bad, **{"dpdk-extra": real.dpdk_extra})}
    for check in (True, False, False):
        config = on(real, "vswitch_config", good, check=check)
        assert config["restart_reasons"] == ["DPDK is not initialized, and a process tries only once"]
    assert on(real, "vswitch_restart", {"previous": config["before"]})["dpdk_initialized"] is True
    assert on(real, "vswitch_config", good)["restart_required"] is False
    assert systemctl.calls == ["restart"]


@pytest.mark.dpdk
@pytest.mark.parametrize(
    "init, extra, words_of_log",
    [("try", "--help", "--no-shconf --help"), ("true", "--lcores=200@0", "EAL: invalid parameter for --lcores")],
)
def test_deadly_when_written_is_taken_back_at_once(dpdk_switch, unit, on, init, extra, words_of_log):
    """DPDK is switched on live, and the process ends on it: no restart is at fault here."""
    real = dpdk_switch()
    systemctl, before = unit(real), real.configuration()
    keys = {"dpdk-init": init, "dpdk-extra": "{0} {1}".format(real.dpdk_extra, extra)}
    result = on(real, "vswitch_config", {"other_config": keys})
    words = "ovs-vswitchd ended on the new values; they are out of the database again (process {0})"
    assert result["msg"].startswith(words.format(real.pid))
    assert words_of_log in result["msg"]
    assert not real.daemon.alive()
    assert real.configuration() == before
    assert on(real, "vswitch_restart", {})["reasons"] == ["ovs-vswitchd does not run"]
    assert real.daemon.alive()
    assert systemctl.calls == ["restart"]
