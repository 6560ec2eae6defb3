"""On a host without Open vSwitch; against a real one: tests/vswitch."""

import json

import pytest


@pytest.fixture
def dry(run_module, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    def run(**arguments):
        return run_module("vswitch_config", dict(arguments, ovs_rundir=str(tmp_path)), check=True, diff=True)

    return run


def test_everything_is_new(dry):
    keys = {"dpdk-init": "try", "smc-enable": True, "n-handler-threads": None}
    result = dry(other_config=keys, external_ids={"a": 1})
    mark = "external_ids:a,other_config:dpdk-init,other_config:smc-enable"
    assert result["actions"] == [
        {"action": "set", "target": target, "before": None, "after": after}
        for target, after in (
            ("external_ids:a", "1"),
            ("other_config:dpdk-init", "try"),
            ("other_config:smc-enable", "true"),
            ("external_ids:nfv-ovs-dpdk-keys", mark),
        )
    ]
    assert result["changed"] is True
    assert result["diff"] == {"before": result["before"], "after": result["after"]}
    assert result["after"]["other_config"] == {"dpdk-init": "try", "smc-enable": "true"}
    facts = ("running", "dpdk_initialized", "dpdk_version", "restart_required", "restart_reasons")
    assert [result[fact] for fact in facts] == [False, False, None, False, []]
    assert "Open vSwitch is not installed" in json.dumps(result["warnings"])


@pytest.mark.parametrize("arguments", [{}, {"other_config": {}}, {"state": "absent"}])
def test_nothing_to_do(dry, arguments):
    result = dry(**arguments)
    assert (result["changed"], result["actions"]) == (False, [])


def test_a_real_run_says_what_is_missing(run_module, monkeypatch, tmp_path):
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("vswitch_config", {"other_config": {"a": 1}, "ovs_rundir": str(tmp_path)})
    assert result["msg"] == "Open vSwitch is not installed: found no ovs-vsctl. Role openvswitch does it."


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"other_config": {"a": [1]}}, "not a single value (other_config:a): found [1]"),
        ({"other_config": {"a b": 1}}, "not a name for a key (other_config): found 'a b'"),
        ({"external_ids": {"nfv-ovs-dpdk-keys": ""}}, "a key that this collection keeps for itself"),
        ({"other_config": {"pmd-maxsleep": 1, "pmd-sleep-max": 2}}, "one setting under two names (other_config)"),
        ({"timeout": 0}, "no time to wait (timeout): found 0, expected 1 second or more"),
        ({"state": "gone"}, "value of state must be one of: present, absent, got: gone"),
    ],
)
def test_refusals(dry, arguments, words):
    result = dry(**arguments)
    assert result["failed"]
    assert result["msg"].startswith(words)


def test_true_is_carried_with_a_warning(dry):
    result = dry(other_config={"dpdk-init": "true"})
    assert result["after"]["other_config"] == {"dpdk-init": "true"}
    assert "the host loses every bridge" in json.dumps(result["warnings"])
