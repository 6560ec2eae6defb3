"""What goes, what goes back, what stays, decided on rows. On a real database: tests/vswitch/test_real_teardown.py."""

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _bridge_restore, _rows
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._bridges import Found

EMPTY = {"other_config": {}, "external_ids": {}}
OURS = {"external_ids": {"nfv-ovs-dpdk-owner": _rows.US}}
PORT = dict(EMPTY, tag=[], trunks=[], vlan_mode=[], bond_mode=[], lacp=[])
INTERFACE = dict(EMPTY, type="", options={}, mtu_request=[], error=[])
BRIDGE = dict(EMPTY, datapath_type="", fail_mode=[])


def found(bridges):
    """{bridge: (columns, {port: columns})} as the three tables; each port is one interface of its name."""
    tables = {"Bridge": [], "Port": [], "Interface": []}
    for bridge, (columns, ports) in bridges.items():
        row = dict(BRIDGE, name=bridge, _uuid=bridge, ports=[bridge] + ["port " + name for name in ports])
        tables["Bridge"].append(dict(row, **columns))
        tables["Port"].append(dict(PORT, name=bridge, _uuid=bridge, interfaces=[]))
        for name, more in ports.items():
            uuid = "port " + name
            tables["Port"].append(dict(dict(PORT, name=name, _uuid=uuid, interfaces=["interface " + name]), **more))
            tables["Interface"].append(dict(INTERFACE, name=name, _uuid="interface " + name))
    return Found(tables)


def commands(bridges, state=None, names=None):
    steps, left = _bridge_restore.steps(found(bridges), names or sorted(bridges), state or {})
    return [command for step in steps for command in step.commands], left


def test_rows_of_ours_go_and_those_of_others_stay():
    assert commands({"br0": (OURS, {"p0": OURS, "p1": OURS})}) == ([["del-br", "br0"]], [])
    assert commands({"br0": ({}, {"p0": OURS, "p1": {}})}) == ([["del-port", "br0", "p0"]], [])
    assert commands({"br0": ({}, {"p0": {}})}) == ([], [])


def test_a_bridge_of_ours_with_ports_of_others_is_named():
    done, left = commands({"br0": (OURS, {"p0": OURS, "p1": {}, "p2": {}})})
    assert done == [["del-port", "br0", "p0"]]
    assert left == [{"target": "bridge br0", "reason": "has ports of somebody else (p1, p2)"}]


def test_only_the_named_bridge():
    bridges = {"br0": (OURS, {}), "br1": (OURS, {})}
    assert commands(bridges, names=["br1"])[0] == [["del-br", "br1"]]


def test_a_bridge_that_said_nothing_of_its_datapath_says_nothing_again():
    marked = {"datapath_type": "netdev", "external_ids": {"nfv-ovs-dpdk-keys": "datapath_type"}}
    state = {"bridges": {"br0": {"datapath_type": {"before": "system", "after": "netdev"}}}}
    assert commands({"br0": (marked, {})}, state)[0] == [
        ["remove", "Bridge", "br0", "external_ids", '"nfv-ovs-dpdk-keys"'],
        ["set", "Bridge", "br0", 'datapath_type=""'],
    ]


def test_what_is_remembered_for_nothing():
    tag = {"tag": {"before": "9", "after": "3"}}
    state = {"bridges": {"br9": {}}, "ports": {"p0": tag, "p1": tag, "p9": tag}, "files": {"x": {}}}
    marked = {"external_ids": {"nfv-ovs-dpdk-keys": "tag"}}
    rows = found({"br0": ({}, {"p0": marked, "p1": {}})})
    assert _bridge_restore.stale(rows, state) == [("bridges", "br9"), ("ports", "p1"), ("ports", "p9")]
