"""pmd_rxq_pin on a host without Open vSwitch; with one see tests/vswitch/test_real_rxq.py."""

import pytest


@pytest.fixture
def pin(run_module, monkeypatch, tmp_path):
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))
    return lambda **options: run_module("pmd_rxq_pin", dict({"ovs_rundir": str(tmp_path)}, **options))


def test_no_switch_is_one_sentence(pin, tmp_path):
    result = pin(pins=[])
    assert result["failed"]
    assert result["msg"].startswith("ovs-vswitchd does not answer ({0})".format(tmp_path))


@pytest.mark.parametrize(
    "options, words",
    [
        ({"timeout": 0}, "no time to wait (timeout): found 0"),
        ({"pins": [{"port": "p"}]}, "missing required arguments: core_id, queue_id found in pins"),
        ({"state": "gone"}, "value of state must be one of: present, absent, got: gone"),
    ],
)
def test_refusals(pin, options, words):
    result = pin(**options)
    assert result["failed"]
    assert result["msg"].startswith(words)


def test_one_queue_has_one_core():
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
    from ansible_collections.nfv.ovs_dpdk.plugins.modules import pmd_rxq_pin

    pins = [{"port": "p", "queue_id": 0, "core_id": core} for core in (2, 2)]
    assert pmd_rxq_pin.wanted_pins(pins) == {"p": {0: 2}}
    pins[1]["core_id"] = 3
    with pytest.raises(Refused) as refused:
        pmd_rxq_pin.wanted_pins(pins)
    assert str(refused.value) == "one queue, two cores (pins): found port p queue 0, expected one core."
