import os
import stat

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files, _owned, _state


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


def test_a_directory_that_somebody_else_makes_meanwhile(tmp_path, monkeypatch):
    mkdir, path = os.mkdir, tmp_path / "a"

    def late(name, mode):
        mkdir(name)
        mkdir(name, mode)

    monkeypatch.setattr(os, "mkdir", late)
    _files.make_directory(str(path))
    assert path.is_dir()


def test_what_an_interrupted_write_left_goes_with_the_undo(tmp_path, deaths):
    """Of a file that is as it was before us there is nothing else to give back."""
    path, state = tmp_path / "etc/tuned/x.conf", _state.State(str(tmp_path))
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
