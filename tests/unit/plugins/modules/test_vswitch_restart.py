"""On a host without Open vSwitch; against a real one: tests/vswitch/test_restart.py."""

import pytest


@pytest.mark.parametrize("check", [True, False])
def test_without_open_vswitch(run_module, monkeypatch, tmp_path, check):
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("vswitch_restart", {"ovs_rundir": str(tmp_path), "reasons": ["a"]}, check=check)
    assert result["msg"] == "Open vSwitch is not installed: found no ovs-vsctl. Role openvswitch does it."


@pytest.mark.parametrize(
    "service, unit",
    [
        ("ovs-vswitchd.service", "ovs-vswitchd.service"),
        ("openvswitch-switch.service", "ovs-vswitchd.service"),
        ("openvswitch.service", "ovs-vswitchd.service"),
        ("my-switch.service", "my-switch.service"),
    ],
)
def test_the_database_is_not_restarted_with_the_switch(service, unit):
    from ansible_collections.nfv.ovs_dpdk.plugins.modules import vswitch_restart

    assert vswitch_restart.unit_of(service) == unit
