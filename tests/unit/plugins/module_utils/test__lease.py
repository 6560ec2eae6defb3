"""Who may change a host while another play is at work: by the clock, by the boot, and with real processes."""

import json
import os
import signal

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


# -- in the state file, with real processes --------------------------------------------------------------------------


@pytest.fixture
def state(tmp_path):
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("boot\n")
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
