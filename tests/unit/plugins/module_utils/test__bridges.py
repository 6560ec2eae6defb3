"""What cannot easily be had from a real switch; the rest is in tests/vswitch."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _bridges, _rows
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

OWN = {"nfv-ovs-dpdk-owner": "nfv.ovs_dpdk"}


def tables(port=None, interface=None, bridge=None):
    """A database with bridge br0 and its port p0."""
    nothing = {"tag": [], "trunks": [], "vlan_mode": [], "bond_mode": [], "lacp": []}
    maps = {"other_config": {}, "external_ids": {}}
    row = {"name": "br0", "_uuid": "b", "ports": "p", "datapath_type": "netdev", "fail_mode": []}
    plain = {"name": "p0", "_uuid": "i", "type": "", "options": {}, "mtu_request": [], "ofport": 1, "error": []}
    return {
        "Bridge": [dict(row, **dict(maps, **(bridge or {})))],
        "Port": [dict(nothing, name="p0", _uuid="p", interfaces="i", **dict(maps, **(port or {})))],
        "Interface": [dict(plain, **dict(maps, **(interface or {})))],
    }


def request(*ports, **more):
    described = [dict({"state": "present"}, **port) for port in ports]
    return dict({"bridge": "br0", "state": "present", "ports": described}, **more)


def steps(wanted, found=None, state=None):
    return _bridges.steps(wanted, _bridges.Found(found), [], state or {})


def test_a_virgin_host():
    bridge, port = steps(request({"name": "p0", "tag": 5}, fail_mode="secure"))
    assert bridge.commands == [
        ["add-br", "br0"],
        [
            "set",
            "Bridge",
            "br0",
            'datapath_type="netdev"',
            'external_ids:"nfv-ovs-dpdk-owner"="nfv.ovs_dpdk"',
            'fail_mode="secure"',
            'external_ids:"nfv-ovs-dpdk-keys"="datapath_type,fail_mode"',
        ],
    ]
    assert port.commands[0] == ["add-port", "br0", "p0"]
    assert port.before == {("ports", "p0"): {"tag": {"before": None, "after": "5"}}}
    assert bridge.actions[0]["before"] is None


def test_nothing_to_do():
    assert steps(request({"name": "p0"}), tables()) == []
    assert steps(request({"name": "p9", "state": "absent"}), tables()) == []
    assert steps(request(state="absent", bridge="br9"), tables()) == []


def test_an_unnamed_datapath_is_the_system_one():
    found = tables(bridge={"datapath_type": ""})
    assert steps(request(datapath_type="system"), found) == []
    (step,) = steps(request(datapath_type="netdev", takeover=True), found)
    assert step.actions[0]["before"] == "system"


def test_each_row_is_remembered_before_and_tidied_up_after():
    found = tables(
        port={"tag": 9, "external_ids": {"nfv-ovs-dpdk-keys": "tag"}},
        interface={"mtu_request": 1500},
    )
    state = {"ports": {"p0": {"tag": {"before": "3", "after": "9"}}}}
    wanted = request({"name": "p0", "interfaces": [{"name": "p0", "mtu_request": 2000}]})
    (step,) = steps(wanted, found, state)
    assert step.before == {
        ("ports", "p0"): {"tag": {"before": "3", "after": "9"}},
        ("interfaces", "p0"): {"mtu_request": {"before": "1500", "after": "2000"}},
    }
    step.before[("ports", "p0")] = {}
    assert step.after == step.before
    assert ["set", "Port", "p0", "tag=3"] in step.commands


@pytest.mark.parametrize("owner, verb", [(OWN, "retry_port"), ({}, None)])
def test_only_our_own_failed_port_is_made_anew(owner, verb):
    found = tables(port={"external_ids": owner, "tag": 4}, interface={"error": "broken", "ofport": -1})
    actions = [action for step in steps(request({"name": "p0"}), found) for action in step.actions]
    assert [each["action"] for each in actions] == ([verb] if verb else [])
    if verb:
        assert actions[0]["before"] == "broken"


def test_a_failed_port_that_changes_needs_no_other_push():
    found = tables(port={"external_ids": OWN}, interface={"error": "broken", "ofport": -1})
    wanted = request({"name": "p0", "interfaces": [{"name": "p0", "type": "internal"}]})
    (step,) = steps(wanted, found)
    assert [each["action"] for each in step.actions] == ["set", "set"]
    assert step.commands[0][0] == "set"


def test_taking_a_port_away_forgets_its_rows():
    (step,) = steps(request({"name": "p0", "state": "absent"}), tables(port={"external_ids": OWN}))
    assert step.commands == [["del-port", "br0", "p0"]]
    assert step.after == {("ports", "p0"): {}, ("interfaces", "p0"): {}}


def test_a_refusal_comes_before_the_first_step():
    with pytest.raises(Refused, match="a port that this collection did not create is not removed"):
        steps(request({"name": "p1"}, {"name": "p0", "state": "absent"}), tables())


def test_what_somebody_changed_after_us_is_left_alone():
    found = tables(port={"tag": 7, "external_ids": {"nfv-ovs-dpdk-keys": "tag"}})
    state = {"ports": {"p0": {"tag": {"before": None, "after": "9"}}}}
    (step,) = steps(request({"name": "p0"}), found, state)
    assert step.actions == [
        {
            "action": "remove",
            "target": "Port p0 " + _rows.KEYS,
            "before": "tag",
            "after": None,
        }
    ]
    assert step.left_alone == ["Port p0 tag"]
