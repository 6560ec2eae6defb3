import json
import os
import stat

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files
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
