"""From what a switch answers to queues and threads; the real thing: tests/vswitch/test_rebalance_play.py."""

import json

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pmd, _rxq_picture

RXQS = """\
Displaying last 60 seconds pmd usage %
pmd thread numa_id 0 core_id 2:
  isolated : false
  port: dpdk0             queue-id:  0 (enabled)   pmd usage: 60 %
  port: a port: 1         queue-id:  1 (disabled)  pmd usage:  0 %
  overhead:  1 %
pmd thread numa_id 1 core_id 11:
  isolated : true
  port: vhu0              queue-id:  0 (enabled)   pmd usage: {0}
"""
PORTS = """\
netdev@ovs-netdev: hit:0 missed:0
  br0:
    a port: 1 3/4: (dpdk: configured_rx_queues=3, mtu=1500)
    br0 65534/1: (tap)
    dpdk0 1/5: (dpdk: configured_rx_queues=1, mtu=1500)
    vhu0 2/2: (dpdkvhostuserclient: configured_rx_queues=1)
"""


def interface(name, kind="dpdk", status=None, config=None, ids=None):
    return {
        "name": name,
        "type": kind,
        "status": status or {},
        "options": {},
        "other_config": config or {},
        "external_ids": ids or {},
    }


@pytest.fixture
def answers():
    rows = [
        interface("br0", "internal"),
        interface("dpdk0", status={"numa_id": "-1"}),
        interface("a port: 1", status={"numa_id": "1", "n_rxq": "3"}),
        interface("vhu0", "dpdkvhostuserclient", config={"pmd-rxq-affinity": "0:11"}, ids={"iface-id": "u"}),
    ]
    return {
        "rxqs": _pmd.parse_rxq_show(RXQS.format(" 7 %")),
        "ports": PORTS,
        "version": (3, 1, 0),
        "interfaces": {row["name"]: row for row in rows},
        "root": {"other_config": {}, "external_ids": {}},
    }


def test_queues_come_in_the_order_of_the_datapath_and_none_is_missing(answers):
    rows = _rxq_picture.queues(answers)
    assert [(row["port"], row["queue_id"], row["core_id"], row["load"]) for row in rows] == [
        ("vhu0", 0, 11, 7),
        ("a port: 1", 0, None, 0),
        ("a port: 1", 1, 2, 0),
        ("a port: 1", 2, None, 0),
        ("dpdk0", 0, 2, 60),
    ]
    assert [row["enabled"] for row in rows] == [True, True, False, True, True]
    # Without a word of the port: the node of the thread; a port without a node is on node 0, as the switch has it.
    assert [row["numa_id"] for row in rows] == [1, 1, 1, 1, 0]


def test_pins_of_others_isolate(answers):
    assert [row["isolated"] for row in _rxq_picture.pmds(answers)] == [False, True]
    assert [row["pinned_core"] for row in _rxq_picture.queues(answers)] == [11, None, None, None, None]
    answers["root"]["other_config"]["pmd-rxq-isolate"] = "false"
    assert [row["isolated"] for row in _rxq_picture.pmds(answers)] == [False, False]


@pytest.mark.parametrize("port", ["dpdk0", "br0"])
def test_pins_of_queues_that_do_not_exist_isolate_nothing(answers, port):
    answers["interfaces"][port]["other_config"]["pmd-rxq-affinity"] = "7:2"
    assert [row["isolated"] for row in _rxq_picture.pmds(answers)] == [False, True]


def test_own_pins_are_none(answers):
    memory = {"other_config:pmd-rxq-affinity": {"before": None, "after": "0:11"}}
    answers["interfaces"]["vhu0"]["external_ids"]["nfv-ovs-dpdk-pins"] = json.dumps(memory)
    assert [row["isolated"] for row in _rxq_picture.pmds(answers)] == [False, False]
    assert {row["pinned_core"] for row in _rxq_picture.queues(answers)} == {None}


@pytest.mark.parametrize(
    "ids, words",
    [
        ({}, None),
        ({"hostname": "a", "iface-id": ""}, None),
        ({"iface-id": "u"}, "OVN or OpenStack (iface-id=u)"),
        ({"iface-id": "u", "attached-mac": "m"}, "a virtual machine (attached-mac=m)"),
        ({"iface-id": "u", "attached-mac": "m", "vm-uuid": "v"}, "an instance (vm-uuid=v)"),
    ],
)
def test_who_manages_an_interface(ids, words):
    assert _rxq_picture.owner(interface("p", ids=ids)) == words


def test_owners(answers):
    assert _rxq_picture.owners(answers) == {"vhu0": "OVN or OpenStack (iface-id=u)"}


def test_whether_the_load_is_known(answers):
    assert _rxq_picture.known(answers)
    answers["rxqs"] = _pmd.parse_rxq_show(RXQS.format("NOT AVAIL"))
    assert not _rxq_picture.known(answers)


def test_a_switch_without_threads(answers):
    answers["rxqs"] = _pmd.parse_rxq_show("")
    assert _rxq_picture.pmds(answers) == []
    assert {row["core_id"] for row in _rxq_picture.queues(answers)} == {None}
    assert _rxq_picture.known(answers)
