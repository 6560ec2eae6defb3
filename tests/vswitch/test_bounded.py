"""Daemons that are gone, stopped in their tracks or never there: an answer in bounded time, in words."""

import os
import signal
import time

import pytest

TIMEOUT = 1
# Not a speed: what hangs does so for ever, or for the 300 s that a module waits unasked.
BOUND = 120

CONFIG = ("vswitch_config", {"other_config": {"max-idle": 8000}})
BRIDGE = ("vswitch_bridge", {"bridge": "br0", "ports": [{"name": "p0", "interfaces": [{"name": "p0"}]}]})
BOTH = [pytest.param(*CONFIG, id="config"), pytest.param(*BRIDGE, id="bridge")]


@pytest.fixture
def bounded(on):
    def run(switch, name, arguments, **kwargs):
        start = time.monotonic()
        result = on(switch, name, dict(arguments, timeout=TIMEOUT), **kwargs)
        assert time.monotonic() - start < BOUND
        return result

    return run


@pytest.fixture
def stopped(switch):
    """A switch without ovs-vswitchd; its pid file is still there, as after a crash."""
    made = switch()
    made.daemon.stop()
    return made


def test_settings_are_written_without_the_daemon(stopped, bounded):
    result = bounded(stopped, *CONFIG)
    assert (result["changed"], result["running"], result["restart_required"]) == (True, False, False)
    assert stopped.vsctl("--no-wait", "get", "Open_vSwitch", ".", "other_config") == '{max-idle="8000"}'
    assert bounded(stopped, *CONFIG)["changed"] is False
    stopped.start()
    assert bounded(stopped, *CONFIG)["restart_reasons"] == []


def test_what_was_written_without_the_daemon_needs_no_restart(switch, bounded, stopped):
    arguments = {"other_config": {"userspace-tso-enable": True}}
    bounded(stopped, "vswitch_config", arguments)
    stopped.start()
    assert bounded(stopped, "vswitch_config", arguments)["restart_reasons"] == []


def test_ports_are_refused_without_the_daemon(stopped, bounded):
    before = stopped.configuration()
    assert bounded(stopped, *BRIDGE)["msg"].startswith("ovs-vswitchd does not run, so no port can start")
    assert stopped.configuration() == before
    assert bounded(stopped, *BRIDGE, check=True)["changed"] is True


@pytest.mark.parametrize("name, arguments", BOTH)
def test_the_database_is_down(switch, bounded, name, arguments):
    made = switch()
    made.database.stop()
    result = bounded(made, name, arguments)
    assert result["failed"]
    assert result["msg"].startswith("Open vSwitch's database does not answer")
    assert "Start ovsdb-server." in result["msg"]


@pytest.mark.parametrize("name, arguments", BOTH)
def test_nothing_is_there_yet(switch, bounded, monkeypatch, tmp_path, name, arguments):
    """A dry run on a host without Open vSwitch shows everything as new; a real run says what is missing."""
    made = switch()
    made.stop()
    for path, words in ((os.environ["PATH"], "database does not answer"), (str(tmp_path), "is not installed")):
        with monkeypatch.context() as patch:
            patch.setenv("PATH", path)
            dry = bounded(made, name, arguments, check=True)
            real = bounded(made, name, arguments)
        assert (dry["failed"], dry["changed"]) == (False, True)
        assert all(action["before"] is None for action in dry["actions"])
        assert "Everything is shown as new" in dry["warnings"]
        assert words in dry["warnings"]
        assert words in real["msg"]


@pytest.mark.parametrize("candidate, name", [("3.1.0-2", "pmd-maxsleep"), ("3.5.0-1", "pmd-sleep-max")])
def test_a_dry_run_before_the_installation(switch, bounded, monkeypatch, tmp_path, candidate, name):
    """Keys have the names of the version that apt would install."""
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _vswitch

    made = switch()
    made.stop()
    apt = tmp_path / "apt-cache"
    apt.write_text(f"#!/bin/sh\nprintf '%s:\\n  Installed: (none)\\n  Candidate: %s\\n' $2 {candidate}\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(_vswitch, "PROGRAMS", ("ovs-vswitchd",))
    dry = bounded(made, "vswitch_config", {"other_config": {"pmd-sleep-max": 5}}, check=True)
    assert "other_config:" + name in [action["target"] for action in dry["actions"]]


@pytest.mark.parametrize("name, arguments", BOTH)
@pytest.mark.parametrize(
    "which, words",
    [("daemon", "ovs-vswitchd runs but does not answer"), ("database", "gave no answer within 1 s")],
)
def test_stopped_in_its_tracks(switch, bounded, name, arguments, which, words):
    made = switch()
    before = made.configuration()
    daemon = getattr(made, which)
    daemon.signal(signal.SIGSTOP)
    result = bounded(made, name, arguments)
    daemon.signal(signal.SIGCONT)
    assert result["failed"]
    assert words in result["msg"]
    assert made.configuration() == before


def test_the_daemon_stops_while_it_should_apply(switch, bounded, monkeypatch, tmp_path):
    """It answered when it was asked for its version; then it never applies the change."""
    made = switch()
    program = tmp_path / "ovs-appctl"
    program.write_text("#!/bin/sh\nkill -STOP {0}\necho 'ovs-vswitchd (Open vSwitch) 3.1.0'\n".format(made.pid))
    program.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path), prepend=":")
        result = bounded(made, *CONFIG)
    assert "ovs-vswitchd did not confirm the change within 1 s" in result["msg"]
    made.daemon.signal(signal.SIGCONT)
    assert bounded(made, *CONFIG)["changed"] is False


def test_the_wrong_directory(switch, bounded, tmp_path):
    made = switch()
    result = bounded(made, "vswitch_config", dict(CONFIG[1], ovs_rundir=str(tmp_path)))
    assert "No such file or directory" in result["msg"]


def test_no_time_at_all(switch, on):
    result = on(switch(), "vswitch_config", dict(CONFIG[1], timeout=0))
    assert result["msg"] == "no time to wait (timeout): found 0, expected 1 second or more."
