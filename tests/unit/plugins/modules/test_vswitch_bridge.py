"""On a host without Open vSwitch; against a real one: tests/vswitch."""

import pytest

DEVICES = [{"id": "ens4", "address": "0000:40:00.0", "devargs": "0000:40:00.0", "rxq": 2, "desc": None, "mtu": 1500}]


@pytest.fixture
def dry(run_module, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    def run(**arguments):
        options = dict({"bridge": "br0", "devices": DEVICES}, **arguments)
        return run_module("vswitch_bridge", dict(options, ovs_rundir=str(tmp_path)), check=True, diff=True)

    return run


def test_everything_is_new(dry):
    result = dry(ports=[{"name": "dpdk0", "interfaces": [{"name": "dpdk0", "nic": "ens4"}]}])
    assert [each["target"] for each in result["actions"]] == ["bridge br0", "bridge br0 port dpdk0"]
    assert all(each["before"] is None for each in result["actions"])
    interface = result["actions"][1]["after"]["Interface dpdk0"]
    assert interface["options:dpdk-devargs"] == "0000:40:00.0"
    assert (interface["type"], interface["options:n_rxq"], interface["mtu_request"]) == ("dpdk", "2", "1500")
    assert result["interfaces"] == [{"name": "dpdk0", "ofport": None, "error": None}]
    assert result["diff"]["before"] == {}
    assert sorted(result["diff"]["after"]) == ["bridge br0", "bridge br0 port dpdk0"]


@pytest.mark.parametrize(
    "arguments", [{"state": "absent"}, {"ports": [{"name": "p0", "state": "absent"}]}], ids=["bridge", "port"]
)
def test_taking_away_what_is_not_there(dry, arguments):
    assert [each["action"] for each in dry(**arguments)["actions"]] == (["add_bridge"] if "ports" in arguments else [])


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"bridge": "a b"}, "not a name for a bridge: found 'a b'"),
        ({"bridge": "br0\n"}, "not a name for a bridge: found 'br0\\n'"),
        ({"ports": [{"name": "p0", "interfaces": [{"name": "p0", "nic": "ens9"}]}]}, "not the word for exactly one"),
        ({"ports": [{"name": "p0", "lacp": "on"}]}, "value of lacp must be one of: active, passive, off, got: on"),
        ({"ports": [{"name": "p0", "speed": 1}]}, "Unsupported parameters"),
        ({"timeout": -5}, "no time to wait (timeout): found -5"),
    ],
)
def test_refusals(dry, arguments, words):
    result = dry(**arguments)
    assert result["failed"]
    assert result["msg"].startswith(words)
