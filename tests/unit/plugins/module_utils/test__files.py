import json
import os
import stat

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files, _owned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def test_write_replaces_whole_and_leaves_no_temporary(tmp_path):
    path = tmp_path / "etc" / "file"
    _files.write_text(str(path), "old\n")
    _files.write_text(str(path), "new\n", mode=0o600)
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(str(path.parent)) == ["file"]


def test_a_failed_write_keeps_the_old_text(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_text("old\n")

    def broken(source, target):
        raise OSError("no space")

    monkeypatch.setattr(os, "rename", broken)
    with pytest.raises(OSError, match="no space"):
        _files.write_text(str(path), "new\n")
    assert path.read_text() == "old\n"
    assert os.listdir(str(tmp_path)) == ["file"]


def test_write_reaches_the_disk_before_the_name(tmp_path, monkeypatch):
    order = []
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append("fsync"), fsync(fd)))
    monkeypatch.setattr(os, "rename", lambda a, b: (order.append("rename"), rename(a, b)))
    _files.write_text(str(tmp_path / "file"), "text")
    assert order == ["fsync", "rename", "fsync"]


@pytest.fixture
def synced(monkeypatch):
    """Paths that were flushed to disk, in order."""
    paths, fsync = [], os.fsync

    def flush(descriptor):
        paths.append(os.readlink("/proc/self/fd/{0}".format(descriptor)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", flush)
    return paths


def test_new_directories_reach_the_disk_from_the_top(tmp_path, synced):
    for _twice in range(2):
        _files.make_directory(str(tmp_path / "a/b/c"), mode=0o700)
        assert synced == [str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a/b")]
    assert stat.S_IMODE((tmp_path / "a/b/c").stat().st_mode) == 0o700
    del synced[:]
    _files.write_text(str(tmp_path / "a/d/file"), "text")
    assert synced == [str(tmp_path / name) for name in ("a", "a/d/.file.nfv-ovs-dpdk", "a/d")]
    del synced[:]
    _files.remove_directory(str(tmp_path / "a/b/c"))
    assert synced == [str(tmp_path / "a/b")]
    assert not (tmp_path / "a/b/c").exists()


def test_the_state_directory_reaches_the_disk_before_the_state(tmp_path, synced):
    (tmp_path / "var").mkdir()
    with _files.State(str(tmp_path)).locked() as state:
        state.record("files", "/etc/x", {"before": None})
    assert synced[:2] == [str(tmp_path / "var"), str(tmp_path / "var/lib")]


def test_a_directory_that_somebody_else_makes_meanwhile(tmp_path, monkeypatch):
    mkdir, path = os.mkdir, tmp_path / "a"

    def late(name, mode):
        mkdir(name)
        mkdir(name, mode)

    monkeypatch.setattr(os, "mkdir", late)
    _files.make_directory(str(path))
    assert path.is_dir()


@pytest.mark.parametrize("kind", ["file", "dangling link"])
def test_what_is_no_directory_is_refused_at_once(tmp_path, kind):
    (tmp_path / "var/lib").mkdir(parents=True)
    path = tmp_path / "var/lib/nfv_ovs_dpdk"
    if kind == "file":
        path.write_text("")
    else:
        path.symlink_to("nowhere")
    with pytest.raises(Refused, match="the state directory cannot be written"), _files.State(str(tmp_path)).locked():
        pass


def test_what_an_interrupted_write_left_goes_with_the_undo(tmp_path, deaths):
    """Of a file that is as it was before us there is nothing else to give back."""
    path, state = tmp_path / "etc/tuned/x.conf", _files.State(str(tmp_path))
    path.parent.mkdir(parents=True)
    path.write_text("theirs\n")

    def take():
        with state.locked():
            change = _owned.decide(state, str(tmp_path), "/etc/tuned/x.conf", "ours\n", takeover=True)
            _owned.carry_out(state, str(tmp_path), change)
        return {"failed": False}

    for _death in deaths(take):
        with state.locked():
            change = _owned.release(state, str(tmp_path), "/etc/tuned/x.conf")
            if change:
                _owned.carry_out(state, str(tmp_path), change)
        assert os.listdir(str(path.parent)) == ["x.conf"]
        assert (path.read_text(), state.section("files")) == ("theirs\n", {})


def test_read_text_strips_the_padding_of_captures(tmp_path):
    (tmp_path / "file").write_bytes(b"0-3\n" + b"\0" * 4092)
    assert _files.read_text(str(tmp_path / "file")) == "0-3\n"
    assert _files.read_text(str(tmp_path / "missing")) is None


def test_remove_twice(tmp_path):
    (tmp_path / "file").write_text("x")
    _files.remove(str(tmp_path / "file"))
    _files.remove(str(tmp_path / "file"))
    assert not (tmp_path / "file").exists()


def test_state_records_and_forgets(tmp_path):
    state = _files.State(str(tmp_path))
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
    state = _files.State(str(tmp_path))
    os.makedirs(state.directory)
    (tmp_path / "var/lib/nfv_ovs_dpdk/state.json").write_text(text)
    with pytest.raises(Refused, match="state file"):
        state.record("files", "/etc/x", {})
    assert (tmp_path / "var/lib/nfv_ovs_dpdk/state.json").read_text() == text
