"""Is the host what it was?"""

import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "shared"))
import witness  # noqa: E402  found by the path above


@pytest.fixture
def snapshot(host):
    found = witness.testimony(host.check_output("sh -c %s", witness.SCRIPT))
    found["state"] = host.check_output("ls -A /var/lib/nfv_ovs_dpdk 2>/dev/null || :").splitlines()
    return found


def test_take(snapshot, pytestconfig):
    assert snapshot["state"] == []
    assert snapshot["files"]
    assert snapshot["drivers"]
    assert snapshot["table Bridge"]
    pathlib.Path(pytestconfig.getoption("snapshot")).write_text(json.dumps(snapshot, indent=1), encoding="utf-8")


def test_same(snapshot, pytestconfig):
    before = json.loads(pathlib.Path(pytestconfig.getoption("snapshot")).read_text(encoding="utf-8"))
    assert snapshot["state"] == before["state"]
    assert witness.differences(snapshot, before) == []


def test_same_switch_without_dpdk(host):
    program = host.check_output("readlink /proc/$(cat /run/openvswitch/ovs-vswitchd.pid)/exe")
    assert "dpdk" not in program
    assert host.check_output("ovs-vsctl get Open_vSwitch . dpdk_initialized") == "false"
