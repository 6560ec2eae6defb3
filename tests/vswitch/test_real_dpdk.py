"""Real DPDK without hugepages and without a NIC: what is live, what needs a restart, what the log says."""

import pytest

pytestmark = pytest.mark.dpdk


def config(switch, **more):
    keys = {"dpdk-init": "try", "dpdk-extra": switch.dpdk_extra}
    keys.update((key.replace("_", "-"), value) for key, value in more.items())
    return {"other_config": keys}


def port(name, devargs):
    interface = {"name": name, "type": "dpdk", "options": {"dpdk-devargs": devargs}}
    return {"bridge": "br0", "ports": [{"name": name, "interfaces": [interface]}]}


def test_switched_on_live_without_a_restart(dpdk_switch, converge):
    switch = dpdk_switch()
    pid = switch.pid
    result = converge(switch, "vswitch_config", config(switch, dpdk_lcore_mask="0x1"))
    assert (result["dpdk_initialized"], result["restart_reasons"]) == (True, [])
    assert result["dpdk_version"].startswith("DPDK ")
    assert switch.pid == pid
    # The same mask in other words is no reason; another one is, on every run until there is another process.
    assert converge(switch, "vswitch_config", config(switch, dpdk_lcore_mask="1"))["restart_required"] is False
    for _run in range(2):
        result = converge(switch, "vswitch_config", config(switch, dpdk_lcore_mask="0x2"))
        assert result["restart_reasons"] == ["dpdk-lcore-mask is '0x2', the running process uses '0x1'"]
    switch.restart()
    assert converge(switch, "vswitch_config", config(switch, dpdk_lcore_mask="0x2"))["restart_required"] is False
    result = converge(switch, "vswitch_config", {"state": "absent"})
    assert "dpdk-init is unset, the running process uses DPDK" in result["restart_reasons"]


def test_a_failed_start_is_tried_again_only_by_another_process(dpdk_switch, on):
    switch = dpdk_switch()
    right = config(switch)
    switch.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-extra=--no-such-option", "other_config:dpdk-init=try")
    for check in (True, False, False):
        result = on(switch, "vswitch_config", right, check=check)
        assert not result["dpdk_initialized"]
        assert result["restart_reasons"] == ["DPDK is not initialized, and a process tries only once"]
    switch.restart()
    result = on(switch, "vswitch_config", right)
    assert (result["dpdk_initialized"], result["restart_required"]) == (True, False)


def test_ports(dpdk_switch, on, converge):
    switch = dpdk_switch()
    converge(switch, "vswitch_config", config(switch))
    assert converge(switch, "vswitch_bridge", port("good", "net_null0,no-rx=1"))["interfaces"][0]["ofport"] > 0
    result = on(switch, "vswitch_bridge", port("bad", "0000:7f:1f.7"))
    assert "ports.error: interface bad does not work (bridge br0)" in result["msg"]
    assert "Error attaching device '0000:7f:1f.7' to DPDK" in result["msg"]
    assert "EAL: Cannot find device (0000:7f:1f.7)" in result["msg"]
    assert converge(switch, "vswitch_bridge", port("bad", "net_null1,no-rx=1"))["interfaces"][0]["error"] is None
