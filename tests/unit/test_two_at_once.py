"""Two at once: no changing module begins while another one, what a killed one has started, or another play is at work.

The modules are those that are there, so that a new one is tried by itself.
"""

import contextlib
import json
import os
import signal
import threading
import time

import pytest

pytest.importorskip("yaml")
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state
from stage import NAMES, Stage, options_of, snapshot
from test_hostile_values import GIVEN, MACHINE, needed

CHANGING = [name for name in NAMES if not name.endswith("_info")]
# What a module needs besides, to come as far as its lock.
MORE = {
    "package_hold": {"packages": ["x"]},
    "service_run": {"name": "x.service"},
    "tuned_profile": {"isolated_cpus": "1"},
}
ADM = "/usr/sbin/tuned-adm"
UPTIME, LEFT = 5000, 10
OTHER = {"job": "4711", "host": "ctl"}


def given(module):
    return dict(needed(options_of(module)), **dict(GIVEN.get(module, {}), **MORE.get(module, {})))


def leased(**more):
    lease = dict(OTHER, boot_id="boot-1", since="then", until="2026-03-01T10:00:00Z", until_uptime=UPTIME + LEFT)
    return {"version": 1, "lease": dict(lease, **more)}


@pytest.fixture
def stage(tmp_path, run_module, monkeypatch):
    """stage(state) -> a host with that state file."""

    def make(state=None):
        files = {"/proc/uptime": "{0}.00 1.00\n".format(UPTIME), ADM: "#!/bin/sh\nexit 1\n"}
        if state is not None:
            files["/" + _state.STATE_DIR + "/state.json"] = json.dumps(state)
        made = Stage(tmp_path, run_module, monkeypatch, files=files, **MACHINE)
        os.chmod(made.root + ADM, 0o755)
        return made

    return make


@contextlib.contextmanager
def at_work(root):
    """Another process holds the lock meanwhile."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            with _state.State(root).alone():
                os.write(writing, b"x")
                signal.pause()
        finally:
            os._exit(1)
    os.close(writing)
    try:
        assert os.read(reading, 1) == b"x"
        yield
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.parametrize("module", CHANGING)
@pytest.mark.parametrize("job", ["", "17@awx"])
def test_no_module_changes_a_host_that_another_play_holds(stage, monkeypatch, module, job):
    made = stage(leased())
    monkeypatch.setenv("NFV_OVS_DPDK_JOB", job)
    before = snapshot(made.place)
    result = made.run(module, given(module))
    assert result["failed"], "it respects no lease"
    assert result["msg"].startswith("another play is at work on this host: found job 4711@ctl, since then")
    assert snapshot(made.place) == before


@pytest.mark.parametrize("module", CHANGING)
def test_every_module_renews_the_lease_of_its_play(stage, monkeypatch, module):
    made = stage(leased())
    monkeypatch.setenv("NFV_OVS_DPDK_JOB", "4711@ctl")
    result = made.run(module, given(module))  # may fail later: there is no switch and no package
    assert "another" not in result.get("msg", "")
    lease = _state.State(made.root).section("lease")
    assert (lease["job"], lease["since"], lease["until_uptime"]) == ("4711", "then", UPTIME + 900)


@pytest.mark.parametrize("module, arguments", [(name, {}) for name in CHANGING] + [("host_lease", {"state": "absent"})])
def test_no_module_begins_while_another_one_is_at_work(stage, monkeypatch, module, arguments):
    made = stage()
    monkeypatch.setattr(_state, "WAIT", 0)
    before = snapshot(made.place)
    with at_work(made.root):
        result = made.run(module, dict(given(module), **arguments))
    assert result["failed"], "it takes no lock"
    assert result["msg"].startswith("another module is still at work on this host")
    assert snapshot(made.place) == before


def slow(made):
    """Let grub-mkconfig stop in the middle until a line comes from the descriptor that is returned."""
    program, place = made.root + "/usr/sbin/grub-mkconfig", made.place
    with open(program) as handle:
        text = handle.read()
    wait = "test -e {0}/quick || {{ : > {0}/begun; read dummy < {0}/go; }}\n".format(place)
    with open(program, "w") as handle:
        handle.write(text.replace("cat $grub_cfg.new > $grub_cfg\n", wait + "cat $grub_cfg.new > $grub_cfg\n"))
    os.mkfifo(place + "/go")
    return os.open(place + "/go", os.O_RDWR)


def test_what_a_killed_module_has_started_is_waited_for(stage, monkeypatch):
    made = stage()
    go = slow(made)
    child = os.fork()
    if not child:
        try:
            made.run("kernel_cmdline", {"tokens": ["iommu=pt"]})
        finally:
            os._exit(1)
    try:
        while not os.path.exists(made.place + "/begun"):
            assert os.waitpid(child, os.WNOHANG) == (0, 0)
            time.sleep(0.01)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        open(made.place + "/quick", "w").close()
        monkeypatch.setattr(_state, "WAIT", 0)
        refused = made.run("kernel_cmdline", {"tokens": ["nosmt"]})
        assert refused["msg"].startswith("another module is still at work on this host")
        assert "grub-mkconfig -o" in refused["msg"]
        monkeypatch.setattr(_state, "WAIT", 60)
        threading.Timer(0.3, os.write, (go, b"\n")).start()
        done = made.run("kernel_cmdline", {"tokens": ["nosmt"]})
        assert not done["failed"], done["msg"]
    finally:
        os.close(go)
    lines = " ".join(line for _title, line in made.grub.lines())
    assert "nosmt" in lines and "iommu=pt" not in lines
    assert sorted(os.listdir(made.root + "/boot/grub")) == ["grub.cfg", "grubenv"]
