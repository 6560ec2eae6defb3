"""On a host without Open vSwitch; against a real one: tests/vswitch/test_restart.py."""

import pytest


@pytest.mark.parametrize("check", [True, False])
def test_without_open_vswitch(run_module, monkeypatch, tmp_path, check):
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _files

    monkeypatch.setattr(_files, "STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("vswitch_restart", {"ovs_rundir": str(tmp_path), "reasons": ["a"]}, check=check)
    assert result["msg"] == "Open vSwitch is not installed: found no ovs-vsctl. Role openvswitch does it."
