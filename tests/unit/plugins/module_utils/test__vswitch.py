import itertools
import os
import time

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _vswitch
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused


class Programs:
    """run() that answers by the name of the program and keeps what it was asked."""

    def __init__(self, **answers):
        self.answers = {name.replace("_", "-"): answer for name, answer in answers.items()}
        self.asked = []

    def __call__(self, argv):
        self.asked.append(argv)
        return self.answers.get(os.path.basename(argv[0]), (127, "", "No such file or directory"))


@pytest.mark.parametrize(
    "data, python",
    [
        (5, 5),
        ("text", "text"),
        (["map", [["a", "b"], ["c, d", ""]]], {"a": "b", "c, d": ""}),
        (["set", []], []),
        (["set", [1, 3]], [1, 3]),
        (["set", [["uuid", "x"], ["uuid", "y"]]], ["x", "y"]),
        (["uuid", "x"], "x"),
    ],
)
def test_value(data, python):
    assert _vswitch.value(data) == python


# As ovs-vsctl 3.1.0 printed it, shortened; the second document holds a line separator that ends no line.
TABLES = (
    '{"data":[["br0",["set",[["uuid","1"],["uuid","2"]]]]],"headings":["name","ports"]}\n'
    '{"data":[["p0",["map",[["vm","a\u2028b"]]],["set",[]]]],"headings":["name","external_ids","tag"]}\n'
)


def test_tables():
    programs = Programs(ovs_vsctl=(0, TABLES, ""))
    switch = _vswitch.Switch(programs, "/run/x", timeout=7)
    assert switch.tables({"Bridge": ["name", "ports"], "Port": None}) == {
        "Bridge": [{"name": "br0", "ports": ["1", "2"]}],
        "Port": [{"name": "p0", "external_ids": {"vm": "a\u2028b"}, "tag": []}],
    }
    options = ["--db=unix:/run/x/db.sock", "--timeout=7", "--format=json", "--no-wait"]
    commands = ["--", "--columns=name,ports", "list", "Bridge", "--", "list", "Port"]
    assert programs.asked == [["ovs-vsctl"] + options + commands]


@pytest.mark.parametrize("wait, options", [(True, []), (False, ["--no-wait"])])
def test_transact_is_one_command(wait, options):
    programs = Programs(ovs_vsctl=(0, "", ""))
    _vswitch.Switch(programs, "/run/x").transact([["add-br", "br0"], ["set", "Bridge", "br0", "a=b"]], wait)
    head = ["ovs-vsctl", "--db=unix:/run/x/db.sock", "--timeout=60"]
    assert programs.asked == [head + options + ["--", "add-br", "br0", "--", "set", "Bridge", "br0", "a=b"]]


ALARM = "2026-11-23T04:12:57Z|00002|fatal_signal|WARN|terminating with signal 14 (Alarm clock)\n"


@pytest.mark.parametrize(
    "answer, wait, kind, words",
    [
        ((127, "", "No such file"), False, _vswitch.NotInstalled, "Open vSwitch is not installed"),
        (
            (1, "", "ovs-vsctl: unix:/run/x/db.sock: database connection failed (No such file or directory)\n"),
            True,
            _vswitch.NoDatabase,
            "database does not answer .*found ovs-vsctl: unix:.* Start ovsdb-server",
        ),
        ((-14, "", ALARM), False, Failed, "database gave no answer within 60 s"),
        ((142, "", ALARM), True, Failed, "ovs-vswitchd did not confirm the change within 60 s"),
        ((1, "", "ovs-vsctl: no row x"), True, Failed, "ovs-vsctl failed .*: found ovs-vsctl: no row x"),
        ((3, "", ""), True, Failed, "found exit code 3"),
    ],
)
def test_failures_are_sentences(answer, wait, kind, words):
    switch = _vswitch.Switch(Programs(ovs_vsctl=answer), "/run/x")
    with pytest.raises(kind, match=words) as caught:
        switch.transact([["init"]], wait)
    assert caught.type is kind


@pytest.mark.parametrize(
    "output, build",
    [
        ((0, "ovs-vswitchd (Open vSwitch) 3.5.0\nDPDK 24.11.4\n", ""), {"version": "3.5.0", "dpdk": "DPDK 24.11.4"}),
        ((0, "ovs-vswitchd (Open vSwitch) 2.17.12\n", ""), {"version": "2.17.12", "dpdk": None}),
        ((127, "", "No such file"), {"version": None, "dpdk": None}),
    ],
)
def test_installed_build(output, build):
    programs = Programs(ovs_vswitchd=output)
    assert _vswitch.Switch(programs).installed_build() == build
    assert len(programs.asked) == (1 if output[0] == 0 else 2)


@pytest.mark.parametrize(
    "output, version",
    [
        ((0, "openvswitch-switch:\n  Installed: (none)\n  Candidate: 3.1.0-2+deb12u1\n", ""), "3.1.0"),
        ((0, "openvswitch-switch:\n  Installed: (none)\n  Candidate: 1:3.5.0~git20250101\n", ""), "3.5.0"),
        ((0, "openvswitch-switch:\n  Installed: (none)\n  Candidate: (none)\n", ""), None),
        ((0, "", "N: Unable to locate package openvswitch-switch"), None),
        ((127, "", "No such file"), None),
    ],
)
def test_the_version_that_would_be_installed(output, version):
    assert _vswitch.Switch(Programs(apt_cache=output)).coming_version() == version


# --- the process ------------------------------------------------------------------------------------------------


@pytest.fixture
def tree(tmp_path):
    """A root with a running ovs-vswitchd, process 42."""
    return make_tree(tmp_path)


def make_tree(path, comm="ovs-vswitchd", state="S", start=777, pid="42\n", words=()):
    files = {
        "run/ovs-vswitchd.pid": pid,
        "proc/42/stat": "42 ({0}) {1} {2} {3} 0\n".format(comm, state, " ".join("0" * 18), start),
        "proc/42/cmdline": "\0".join(("ovs-vswitchd",) + tuple(words)) + "\0",
        "proc/sys/kernel/random/boot_id": "b00t\n",
    }
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    return path


def process(path):
    return _vswitch.Switch(None, str(path / "run"), root=str(path)).process()


def test_process(tree):
    assert process(tree) == {"pid": 42, "id": "b00t/42/777"}


@pytest.mark.parametrize(
    "what",
    [{"comm": "sshd"}, {"state": "Z"}, {"pid": ""}, {"pid": "43"}, {"pid": "../1"}],
    ids=["another program", "zombie", "empty", "gone", "no number"],
)
def test_no_process(tmp_path, what):
    assert process(make_tree(tmp_path, **what)) is None


def test_no_pid_file(tmp_path):
    assert process(tmp_path) is None


def test_a_name_with_brackets_is_no_trap(tmp_path):
    assert process(make_tree(tmp_path, comm="ovs-vswitchd-) (x")) == {"pid": 42, "id": "b00t/42/777"}


@pytest.mark.parametrize(
    "answer, words",
    [
        ((-14, "", ALARM), "found nothing, expected its version within 60 s"),
        ((1, "", 'ovs-appctl: cannot connect to "x" (No such file)\n'), "found ovs-appctl: cannot connect"),
        ((0, "nonsense", ""), "found 'nonsense'"),
    ],
)
def test_a_daemon_that_does_not_answer(tree, answer, words):
    switch = _vswitch.Switch(Programs(ovs_appctl=answer), str(tree / "run"))
    with pytest.raises(Failed, match=words):
        switch.running_version({"pid": 42})


@pytest.mark.parametrize("name", ["ovs-vswitchd.42.ctl", "ovs-vswitchd-dpdk.42.ctl"])
def test_the_version_is_asked_through_the_socket_that_is_there(tree, name):
    (tree / "run" / name).write_text("")
    programs = Programs(ovs_appctl=(0, "ovs-vswitchd (Open vSwitch) 3.1.0\n", ""))
    assert _vswitch.Switch(programs, str(tree / "run")).running_version({"pid": 42}) == "3.1.0"
    assert programs.asked[0][2] == "--target={0}/run/{1}".format(tree, name)


# --- the log ----------------------------------------------------------------------------------------------------

# Lines that ovs-vswitchd 3.1.0 wrote.
LOG = """\
2026-11-23T04:20:00.000Z|00009|bridge|WARN|could not open network device p0 (before the last start)
2026-11-23T04:22:50.554Z|00001|vlog|INFO|opened log file /var/log/openvswitch/ovs-vswitchd.log
2026-11-23T04:22:51.809Z|00068|bridge|INFO|bridge br0: added interface p0 on port 1
2026-11-23T04:22:51.868Z|00069|dpdk|ERR|EAL: Cannot find device (0000:00:05.0)
2026-11-23T04:22:51.868Z|00070|dpdk|ERR|EAL: Failed to attach device on primary process
2026-11-23T04:22:51.868Z|00071|netdev_dpdk|WARN|Error attaching device '0000:00:05.0' to DPDK
2026-11-23T04:22:51.868Z|00072|netdev|WARN|p0: could not set configuration (Invalid argument)
2026-11-23T04:22:51.869Z|00073|netdev|WARN|p01: could not set configuration (Invalid argument)
2026-11-23T04:22:51.869Z|00074|netdev|WARN|eth-p0: could not set configuration (Invalid argument)
2026-11-23T04:22:51.870Z|00075|dpdk|ERR|EAL: Cannot find device (0000:00:05.0)
"""


def test_complaints(tree):
    (tree / "log").write_text(LOG)
    make_tree(tree, words=["--log-file=" + str(tree / "log")])
    switch = _vswitch.Switch(None, str(tree / "run"), root=str(tree))
    lines = switch.complaints({"pid": 42}, ["p0", "0000:00:05.0"])
    assert [line.split("|")[1] for line in lines] == ["00071", "00072", "00075"]
    assert [line.split("|")[1] for line in switch.complaints({"pid": 42}, ["p0"], count=1)] == ["00072"]
    assert switch.complaints({"pid": 42}, ["br7"]) == []


def test_no_log_no_complaints(tree):
    make_tree(tree, words=["--log-file=/no/such/file"])
    assert _vswitch.Switch(None, str(tree / "run"), root=str(tree)).complaints({"pid": 42}, ["p0"]) == []


@pytest.mark.parametrize(
    "words, path",
    [
        (["--pidfile", "--log-file=/var/log/x.log", "unix:y"], "/var/log/x.log"),
        (["--log-file"], _vswitch.LOG),
        ([], _vswitch.LOG),
    ],
)
def test_log_path(tmp_path, words, path):
    make_tree(tmp_path, words=words)
    assert _vswitch.Switch(None, root=str(tmp_path)).log_path({"pid": 42}) == path


# --- around it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "option, environment, rundir",
    [("/a", "/b", "/a"), (None, "/b", "/b"), (None, None, _vswitch.RUNDIR)],
)
def test_where_the_switch_is(monkeypatch, option, environment, rundir):
    monkeypatch.delenv("OVS_RUNDIR", raising=False)
    if environment:
        monkeypatch.setenv("OVS_RUNDIR", environment)
    switch = _vswitch.Switch.of(None, {"ovs_rundir": option, "timeout": 3})
    assert (switch.rundir, switch.timeout, switch.root) == (rundir, 3, "/")


def test_the_root_of_a_captured_tree():
    assert _vswitch.Switch.of(None, {"ovs_rundir": None, "timeout": 3, "root": "/captured"}).root == "/captured"


def test_no_time_is_refused():
    with pytest.raises(Refused, match=r"no time to wait \(timeout\): found -1, expected 1 second or more"):
        _vswitch.Switch.of(None, {"ovs_rundir": None, "timeout": -1})


def test_wait_until():
    answers = iter([0, [], "yes", "never asked"])
    assert _vswitch.wait_until(lambda: next(answers), seconds=60, pause=0) == "yes"
    assert _vswitch.wait_until(lambda: 0, seconds=0, pause=0) == 0


def test_a_clock_that_is_set_meanwhile_changes_no_time_limit(monkeypatch):
    answers, clock = iter([0, 0, "yes"]), itertools.count(0, 10**9)
    monkeypatch.setattr(time, "time", lambda: next(clock))
    assert _vswitch.wait_until(lambda: next(answers), seconds=60, pause=0) == "yes"
