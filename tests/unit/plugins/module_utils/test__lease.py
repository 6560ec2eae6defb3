"""Who may change a host while another play is at work: by the clock, by the boot, and with real processes."""

import contextlib
import json
import os
import re
import signal
import subprocess
import time

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files, _lease
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

NOW = 1772359200  # 2026-03-01T10:00:00Z
MINE = {"job": "17", "host": "awx"}
OTHER = {"job": "4711", "host": "ctl"}


@pytest.fixture(autouse=True)
def no_news():
    del _lease.news[:]


def lease(holder=None, boot_id="boot", until="2026-03-01T10:15:00Z", **more):
    return dict(holder or OTHER, boot_id=boot_id, since="2026-03-01T09:50:00Z", until=until, **more)


@pytest.mark.parametrize(
    "name, holder",
    [
        ("", None),
        ("17@awx", MINE),
        ("17", {"job": "17", "host": None}),
        ("me@home@ctl", {"job": "me@home", "host": "ctl"}),
    ],
)
def test_the_name_of_a_play(name, holder):
    assert _lease.holder({_lease.VARIABLE: name}) == holder
    if holder:
        assert _lease.named(holder) == name


@pytest.mark.parametrize("name", [" ", "a b", "a\nb", "a'b", 'a"b', "a\0", "x" * 201])
def test_a_name_that_could_not_be_shown(name):
    with pytest.raises(Refused, match="not a name for a job"):
        _lease.holder({_lease.VARIABLE: name})


def test_a_free_host_is_taken_for_fifteen_minutes():
    taken = {"boot_id": "boot", "since": "2026-03-01T10:00:00Z", "until": "2026-03-01T10:15:00Z"}
    assert _lease.renewed(None, MINE, "boot", NOW) == dict(MINE, **taken)
    assert _lease.renewed(None, None, "boot", NOW) is None


def test_renewing_keeps_the_beginning_and_says_nothing():
    for boot in ("boot", "earlier"):  # the play rebooted the host itself
        found = lease(MINE, boot, until="2026-03-01T09:59:00Z")
        renewed = _lease.renewed(found, MINE, "boot", NOW)
        assert renewed == dict(found, boot_id="boot", until="2026-03-01T10:15:00Z")
    assert _lease.news == []


@pytest.mark.parametrize("mine", [MINE, None, {"job": "4711", "host": "elsewhere"}])
def test_another_play_is_refused_in_words(mine):
    with pytest.raises(Refused) as refusal:
        _lease.renewed(lease(), mine, "boot", NOW)
    assert str(refusal.value) == (
        "another play is at work on this host: found job 4711@ctl, since 2026-03-01T09:50:00Z, until "
        "2026-03-01T10:15:00Z, expected one play at a time. Wait for its end; if it is dead, its lease ends by itself. "
        "nfv_ovs_dpdk_job=4711@ctl goes on in its place at once."
    )


@pytest.mark.parametrize(
    "found, words",
    [
        (lease(until="2026-03-01T10:00:00Z"), "has run out"),
        (lease(until="2026-03-01T10:15:01Z"), "has run out"),  # the clock was set back: nobody was given as much
        (lease(until="tomorrow"), "has run out"),
        (lease(until=None), "has run out"),
        (lease(boot_id="earlier"), "is of an earlier boot"),
    ],
)
def test_a_lease_that_holds_no_more_is_taken_over(found, words):
    assert _lease.renewed(found, MINE, "boot", NOW)["job"] == "17"
    assert _lease.news == ["The lease of job 4711@ctl {0}; this play takes over.".format(words)]
    assert _lease.renewed(found, None, "boot", NOW) is None


# -- the clock of the wall may be set, that of the boot may not ------------------------------------------------------

UPTIME = 5000


@pytest.mark.parametrize("step", [-7200, -30, -0.5, 0, 3600])
def test_setting_the_clock_does_not_end_a_lease(step):
    taken = _lease.renewed(None, OTHER, "boot", NOW, UPTIME)
    assert (taken["until"], taken["until_uptime"]) == ("2026-03-01T10:15:00Z", UPTIME + 900)
    for passed in (0, 10, 899):
        with pytest.raises(Refused, match="another play is at work"):
            _lease.renewed(taken, MINE, "boot", NOW + step + passed, UPTIME + passed)


@pytest.mark.parametrize("step", [-3600, 0, 3600])
def test_a_lease_runs_out_by_the_clock_of_the_boot(step):
    taken = _lease.renewed(None, OTHER, "boot", NOW, UPTIME)
    renewed = _lease.renewed(taken, MINE, "boot", NOW + step + 900, UPTIME + 900)
    assert (renewed["job"], renewed["until_uptime"]) == ("17", UPTIME + 1800)
    assert _lease.news == ["The lease of job 4711@ctl has run out; this play takes over."]


@pytest.mark.parametrize("limit, active", [(5900, True), (5901, False), (5000, False), ("5900", False), (None, False)])
def test_a_limit_that_nobody_was_given_holds_nobody_up(limit, active):
    found = lease(until="2026-03-01T10:15:00Z", until_uptime=limit)
    if active:
        with pytest.raises(Refused):
            _lease.renewed(found, MINE, "boot", NOW, UPTIME)
    else:
        assert _lease.renewed(found, MINE, "boot", NOW, UPTIME)["job"] == "17"


def test_without_the_clock_of_the_boot_that_of_the_wall_counts():
    with pytest.raises(Refused):
        _lease.renewed(lease(), MINE, "boot", NOW, UPTIME)  # taken by an earlier version
    with pytest.raises(Refused):
        _lease.renewed(lease(until_uptime=1), MINE, "boot", NOW)
    assert "until_uptime" not in _lease.renewed(lease(MINE, until_uptime=1), MINE, "boot", NOW)


# -- in the state file, with real processes --------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path):
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("boot\n")
    (tmp_path / "proc/uptime").write_text("5000.25 9000.50\n")
    return _files.State(str(tmp_path))


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
    with open(_files.under(state.root, _files.BOOT_ID), "w") as handle:
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
    uptime = _files.under(state.root, _files.UPTIME)
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
    path = _files.under(state.root, _files.UPTIME)
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
    monkeypatch.setattr(_files, "WAIT", 0.3)
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
    monkeypatch.setattr(_files, "WAIT", 0)
    monkeypatch.setattr(_files.glob, "glob", lambda pattern: [])
    with at_work(state), pytest.raises(Refused, match="found a process that cannot be seen from here"), state.locked():
        pass


def test_the_lock_lasts_as_long_as_what_a_killed_module_has_started(state, monkeypatch):
    """As its frame starts programs, see _module."""

    def work(say):
        with state.locked():
            subprocess.Popen(["sh", "-c", "read dummy; true"], stdin=reading_end, pass_fds=_files.held)
            say()
            signal.pause()

    reading_end, writing_end = os.pipe()
    os.set_inheritable(writing_end, False)
    monkeypatch.setattr(_files, "WAIT", 0)
    child, reading = process(work)
    os.close(reading_end)
    assert os.read(reading, 1) == b"x"
    os.close(reading)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with pytest.raises(Refused, match="found sh -c read dummy; true"), state.locked():
        pass
    os.close(writing_end)  # its end
    monkeypatch.setattr(_files, "WAIT", 30)
    with state.locked():
        pass


def test_whoever_lives_on_does_not_keep_a_lock_that_was_given_back(state):
    """A program that leaves a daemon behind."""
    with state.locked():
        daemon = subprocess.Popen(["sleep", "60"], pass_fds=_files.held)
    try:
        assert _files.held == []
        with state.locked():
            pass
    finally:
        daemon.kill()
        daemon.wait()
