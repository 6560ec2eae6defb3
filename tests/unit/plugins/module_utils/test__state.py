"""What is remembered on the disk, and who may change it: by the lock and the lease, with real processes."""

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files, _lease, _state
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


@pytest.fixture(autouse=True)
def no_news():
    del _lease.news[:]


def test_state_records_and_forgets(tmp_path):
    state = _state.State(str(tmp_path))
    assert state.load() == {}
    with state.locked():
        state.record("devices", "0000:40:00.0", {"name": "ens4"})
        state.record("files", "/etc/x", {"before": None})
        state.forget("files", "/etc/x")
        state.forget("files", "/etc/never")
    path = tmp_path / "var/lib/nfv_ovs_dpdk/state.json"
    assert json.loads(path.read_text()) == {"version": 1, "devices": {"0000:40:00.0": {"name": "ens4"}}}
    assert state.section("devices") == {"0000:40:00.0": {"name": "ens4"}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 2}', ""])
def test_a_damaged_state_is_refused_and_kept(tmp_path, text):
    state = _state.State(str(tmp_path))
    os.makedirs(state.directory)
    (tmp_path / "var/lib/nfv_ovs_dpdk/state.json").write_text(text)
    with pytest.raises(Refused, match="state file"):
        state.record("files", "/etc/x", {})
    assert (tmp_path / "var/lib/nfv_ovs_dpdk/state.json").read_text() == text


def test_the_state_directory_reaches_the_disk_before_the_state(tmp_path, synced):
    (tmp_path / "var").mkdir()
    with _state.State(str(tmp_path)).locked() as state:
        state.record("files", "/etc/x", {"before": None})
    assert synced[:2] == [str(tmp_path / "var"), str(tmp_path / "var/lib")]


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_what_is_no_directory_is_refused_at_once(tmp_path, kind):
    (tmp_path / "var/lib").mkdir(parents=True)
    path = tmp_path / "var/lib/nfv_ovs_dpdk"
    if kind == "file":
        path.write_text("")
    else:
        path.symlink_to("nowhere")
    with pytest.raises(Refused, match="the state directory cannot be written"), _state.State(str(tmp_path)).locked():
        pass


# -- the lease, with real processes ----------------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path):
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("boot\n")
    (tmp_path / "proc/uptime").write_text("5000.25 9000.50\n")
    return _state.State(str(tmp_path))


def process(work):
    """A child that runs work(); its pid, and the end of a pipe from which a byte comes when it says so."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            work(lambda: os.write(writing, b"x"))
        finally:
            os._exit(0)
    os.close(writing)
    return child, reading


def named(monkeypatch, name):
    monkeypatch.setenv(_lease.VARIABLE, name)


def test_of_two_plays_at_once_one_is_refused(state, monkeypatch):
    """Both wait for the same lock; whoever gets it first has the host."""
    ends = []
    with state.alone():
        for name in ("1@a", "2@b"):
            named(monkeypatch, name)

            def work(say):
                try:
                    with state.locked():
                        say()
                except Refused:
                    pass

            ends.append(process(work))
    said = []
    for child, reading in ends:
        said.append(os.read(reading, 1))
        os.close(reading)
        os.waitpid(child, 0)
    assert sorted(said) == [b"", b"x"]
    assert _lease.named(state.section("lease")) == ("1@a" if said[0] else "2@b")


def test_the_lock_of_a_killed_module_is_free_and_its_lease_stays(state, monkeypatch):
    def work(say):
        with state.locked():
            state.record("files", "/etc/x", {"before": None})
            say()
            signal.pause()

    named(monkeypatch, "1@a")
    child, reading = process(work)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with state.locked():
        assert state.section("files") == {"/etc/x": {"before": None}}
    named(monkeypatch, "2@b")
    with pytest.raises(Refused, match="found job 1@a, since"), state.locked():
        pass
    with open(_files.under(state.root, _state.BOOT_ID), "w") as handle:
        handle.write("next\n")
    with state.locked():
        assert _lease.named(state.section("lease")) == "2@b"
    assert _lease.news == ["The lease of job 1@a is of an earlier boot; this play takes over."]


def test_release_gives_back_only_what_is_ours_and_removes_an_empty_file(state, monkeypatch):
    named(monkeypatch, "1@a")
    with state.locked():
        state.record("files", "/etc/x", {"before": None})
    named(monkeypatch, "2@b")
    with state.alone():
        state.release()
    assert state.section("lease")["job"] == "1"
    named(monkeypatch, "1@a")
    with state.alone():
        state.release()
    with open(state.path) as handle:
        assert json.load(handle) == {"version": 1, "files": {"/etc/x": {"before": None}}}
    with state.alone():
        state.forget("files", "/etc/x")
        state.release()
    assert not os.path.exists(state.directory)


def test_whoever_waited_for_a_lock_that_was_removed_takes_a_new_one(state):
    def work(say):
        say()
        with state.locked():
            state.record("files", "/etc/x", {"before": None})

    with state.alone():
        child, reading = process(work)
        assert os.read(reading, 1) == b"x"
        os.close(reading)
        state.release()
    os.waitpid(child, 0)
    assert state.section("files") == {"/etc/x": {"before": None}}
    assert sorted(os.listdir(state.directory)) == ["lock", "state.json"]


def test_the_lease_in_the_state_file_follows_the_clock_of_the_boot(state, monkeypatch):
    named(monkeypatch, "1@a")
    with state.locked():
        assert state.section("lease")["until_uptime"] == 5900
    monkeypatch.setattr(time, "time", lambda: 0)
    named(monkeypatch, "2@b")
    uptime = _files.under(state.root, _state.UPTIME)
    with open(uptime, "w") as handle:
        handle.write("5899.99 1.00\n")
    with pytest.raises(Refused, match="another play is at work"), state.locked():
        pass
    with open(uptime, "w") as handle:
        handle.write("5900.00 1.00\n")
    with state.locked():
        assert _lease.named(state.section("lease")) == "2@b"
    assert _lease.news == ["The lease of job 1@a has run out; this play takes over."]


@pytest.mark.parametrize("text", ["", "x", "nan 1", None])
def test_a_host_that_does_not_say_when_it_was_booted_goes_by_the_clock(state, monkeypatch, text):
    path = _files.under(state.root, _state.UPTIME)
    os.unlink(path)
    if text is not None:
        with open(path, "w") as handle:
            handle.write(text)
    named(monkeypatch, "1@a")
    with state.locked():
        assert sorted(state.section("lease")) == ["boot_id", "host", "job", "since", "until"]


# -- waiting for the lock --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def at_work(state):
    """Another process holds the lock meanwhile; its pid."""

    def work(say):
        with state.locked():
            say()
            signal.pause()

    child, reading = process(work)
    try:
        assert os.read(reading, 1) == b"x"
        yield child
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_whoever_holds_the_lease_is_not_waited_for(state, monkeypatch):
    named(monkeypatch, "1@a")
    with at_work(state):
        named(monkeypatch, "2@b")
        began = time.monotonic()
        with pytest.raises(Refused, match="another play is at work on this host: found job 1@a"), state.locked():
            pass
        assert time.monotonic() - began < 1


@pytest.mark.parametrize("way", ["locked", "alone"])
def test_waiting_has_an_end_and_says_for_whom(state, monkeypatch, way):
    monkeypatch.setattr(_state, "WAIT", 0.3)
    with at_work(state) as child:
        began = time.monotonic()
        with pytest.raises(Refused) as refusal, getattr(state, way)():
            pass
        assert 0.3 <= time.monotonic() - began < 5
        parts = refusal.value.parts
        assert parts["what"] == "another module is still at work on this host"
        assert parts["where"] == os.path.join(state.directory, "lock")
        # Whoever waits has the file open as well, but is not named.
        assert re.match(r"\S*python", parts["found"])
        assert re.findall(r"\(PID (\d+)\)", parts["found"]) == [str(child)]
        assert (parts["expected"], parts["cure"]) == (
            "it to end within 0.3 s",
            "Wait for its end; if it hangs, end it. Then run again.",
        )
    with state.locked():
        pass


def test_a_lock_is_taken_as_soon_as_it_is_free(state, monkeypatch):
    def work(say):
        with state.locked():
            say()
            time.sleep(0.3)

    child, reading = process(work)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    began = time.monotonic()
    with state.locked():
        assert time.monotonic() - began < 5
    os.waitpid(child, 0)


def test_a_holder_that_nobody_can_see(state, monkeypatch):
    monkeypatch.setattr(_state, "WAIT", 0)
    monkeypatch.setattr(_state.glob, "glob", lambda pattern: [])
    with at_work(state), pytest.raises(Refused, match="found a process that cannot be seen from here"), state.locked():
        pass


def test_the_lock_lasts_as_long_as_what_a_killed_module_has_started(state, monkeypatch):
    """As its frame starts programs, see _module."""

    def work(say):
        with state.locked():
            subprocess.Popen(["sh", "-c", "read dummy; true"], stdin=reading_end, pass_fds=_state.held)
            say()
            signal.pause()

    reading_end, writing_end = os.pipe()
    os.set_inheritable(writing_end, False)
    monkeypatch.setattr(_state, "WAIT", 0)
    child, reading = process(work)
    os.close(reading_end)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with pytest.raises(Refused, match="found sh -c read dummy; true"), state.locked():
        pass
    os.close(writing_end)  # its end
    monkeypatch.setattr(_state, "WAIT", 30)
    with state.locked():
        pass


def test_whoever_lives_on_does_not_keep_a_lock_that_was_given_back(state):
    """A program that leaves a daemon behind."""
    with state.locked():
        daemon = subprocess.Popen(["sleep", "60"], pass_fds=_state.held)
    try:
        assert _state.held == []
        with state.locked():
            pass
    finally:
        daemon.kill()
        daemon.wait()
