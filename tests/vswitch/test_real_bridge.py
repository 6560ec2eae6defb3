"""vswitch_bridge against a real database and a real ovs-vswitchd on a pretended machine with two nodes."""

import contextlib
import re
import signal
import threading

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state, _vswitch

OWNER, MARK = "nfv-ovs-dpdk-owner", "nfv-ovs-dpdk-keys"

DEVICES = [
    {
        "id": "0000:40:00.0",
        "address": "0000:40:00.0",
        "devargs": "0000:40:00.0",
        "mac": "52:54:00:00:00:40",
        "interface": "ens4",
        "rxq": 2,
        "desc": 1024,
        "mtu": 2000,
    },
    {"id": "0000:80:00.0", "address": "0000:80:00.0", "devargs": "0000:80:00.0", "mac": None, "interface": "ens5"},
]


def pmd(name, **more):
    """An interface that PMD threads poll."""
    return dict({"name": name, "type": "dummy-pmd"}, **more)


def port(name, interface=None, **more):
    return dict({"name": name, "interfaces": [interface or pmd(name)]}, **more)


def bridge(*ports, **more):
    return dict({"bridge": "br0", "devices": DEVICES, "ports": list(ports)}, **more)


def ours(columns):
    return {key: item for key, item in columns.items() if key not in (OWNER, MARK)}


@pytest.fixture
def real(switch):
    made = switch()
    made.calm()
    return made


# --- one thing after the other: create, modify, delete, each dry, real, dry again, real again ---------------------


def test_twelve_steps(real, converge):
    real.vsctl("add-br", "foreign", "--", "add-port", "foreign", "f0", "--", "set", "Interface", "f0", "type=dummy-pmd")
    untouched = real.configuration()
    create = bridge(
        port("p0", pmd("p0", nic="ens4"), tag=5),
        port("p1", pmd("p1", options={"n_rxq": 1, "numa_id": 1}, other_config={"pmd-rxq-affinity": "0:4"})),
        fail_mode="secure",
        other_config={"mac-aging-time": 60},
    )
    result = converge(real, "vswitch_bridge", create)
    assert [each["action"] for each in result["actions"]] == ["add_bridge", "add_port", "add_port"]
    assert all(row["ofport"] > 0 and row["error"] is None for row in result["interfaces"])
    assert real.column("Bridge", "br0", "datapath_type") == "netdev"
    assert real.column("Port", "p0", "tag") == 5
    planned = {"dpdk-devargs": "0000:40:00.0", "n_rxq": "2", "n_rxq_desc": "1024", "n_txq_desc": "1024"}
    assert real.column("Interface", "p0", "options") == planned
    assert real.column("Interface", "p0", "mtu") == 2000
    polled = real.appctl("dpif-netdev/pmd-rxq-show", "ovs-netdev")
    assert re.search(r"port: p1 +queue-id:  0", polled.split("core_id 4")[1])

    modify = bridge(
        port("p0", pmd("p0", nic="ens4", options={"n_rxq": 1}), trunks=[7, 3], vlan_mode="trunk"),
        port("p1", pmd("p1", options={"n_rxq": 3, "numa_id": 1}, external_ids={"for": "guest 1, disk 2"})),
        port("p2"),
        fail_mode="standalone",
        other_config={},
    )
    converge(real, "vswitch_bridge", modify)
    assert real.column("Bridge", "br0", "other_config") == {}
    assert (real.column("Port", "p0", "tag"), real.column("Port", "p0", "trunks")) == ([], [3, 7])
    assert real.column("Interface", "p0", "options") == dict(planned, n_rxq="1")
    assert real.column("Interface", "p1", "other_config") == {}
    assert ours(real.column("Interface", "p1", "external_ids")) == {"for": "guest 1, disk 2"}

    gone = [{"name": name, "state": "absent"} for name in ("p0", "p1", "never-there")]
    converge(real, "vswitch_bridge", bridge(*gone))
    assert real.vsctl("list-ports", "br0") == "p2"
    converge(real, "vswitch_bridge", bridge(state="absent"))
    assert real.configuration() == untouched


# --- whose row is it ----------------------------------------------------------------------------------------------


def test_unlisted_ports_and_foreign_keys_stay(real, converge):
    converge(real, "vswitch_bridge", bridge(port("p0"), port("p1")))
    real.vsctl("set", "Interface", "p1", "external_ids:vm-id=1", "other_config:emc-enable=false")
    real.vsctl("add-port", "br0", "f0", "--", "set", "Interface", "f0", "type=dummy-pmd")
    converge(real, "vswitch_bridge", bridge(port("p1", pmd("p1", options={"n_rxq": 2}))))
    assert real.vsctl("list-ports", "br0").split() == ["f0", "p0", "p1"]
    assert ours(real.column("Interface", "p1", "external_ids")) == {"vm-id": "1"}
    assert real.column("Interface", "p1", "other_config") == {"emc-enable": "false"}


def test_a_foreign_port_converges_and_gets_its_own_back(real, converge, on):
    real.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=netdev")
    options = ["options:n_rxq=3", "options:numa_id=1"]
    real.vsctl("add-port", "br0", "f0", "tag=9", "--", "set", "Interface", "f0", "type=dummy-pmd", *options)
    before = real.configuration()
    converge(real, "vswitch_bridge", bridge(port("f0", pmd("f0", options={"n_rxq": 2}), tag=5)))
    assert real.column("Interface", "f0", "options") == {"n_rxq": "2", "numa_id": "1"}
    refused = on(real, "vswitch_bridge", bridge({"name": "f0", "state": "absent"}))
    assert refused["msg"].startswith("a port that this collection did not create is not removed")
    assert "a bridge that this collection did not create" in on(real, "vswitch_bridge", bridge(state="absent"))["msg"]
    converge(real, "vswitch_bridge", bridge(port("f0", {"name": "f0"})))
    assert real.configuration() == before


def test_a_bridge_with_a_foreign_port_stays(real, converge, on):
    converge(real, "vswitch_bridge", bridge(port("p0")))
    real.vsctl("add-port", "br0", "f0", "--", "set", "Interface", "f0", "type=dummy-pmd")
    before = real.configuration()
    assert "found f0, expected none" in on(real, "vswitch_bridge", bridge(state="absent"))["msg"]
    assert real.configuration() == before


def test_a_foreign_bridge_changes_its_datapath_only_on_demand(real, converge, on):
    real.vsctl("add-br", "br0")
    refused = on(real, "vswitch_bridge", bridge(port("p0"), datapath_type="netdev"))
    assert refused["msg"].startswith("a bridge of somebody else would be moved to another datapath, which interrupts")
    assert "found system, expected netdev" in refused["msg"] and "takeover=true" in refused["msg"]
    assert real.vsctl("list-ports", "br0") == ""
    assert not on(real, "vswitch_bridge", bridge(port("p0"), datapath_type="system"))["failed"]
    result = converge(real, "vswitch_bridge", bridge(datapath_type="netdev", takeover=True))
    assert result["actions"][0] == {
        "action": "change",
        "target": "Bridge br0 datapath_type",
        "before": "system",
        "after": "netdev",
    }


# --- bonds --------------------------------------------------------------------------------------------------------


def test_a_bond_comes_grows_and_shrinks(real, converge):
    def bond(*names, **more):
        return bridge(dict({"name": "bond0", "interfaces": [pmd(name) for name in names]}, **more))

    converge(real, "vswitch_bridge", bond("b0", "b1", bond_mode="balance-tcp", lacp="active"))
    assert "bond_mode: balance-tcp" in real.appctl("bond/show", "bond0")
    converge(real, "vswitch_bridge", bond("b1", "b2", "b3", bond_mode="active-backup"))
    assert set(re.findall(r"^member (\S+):", real.appctl("bond/show", "bond0"), re.MULTILINE)) == {"b1", "b2", "b3"}
    assert real.column("Port", "bond0", "lacp") == []
    converge(real, "vswitch_bridge", bridge({"name": "bond0", "state": "absent"}))


# --- failing ports ------------------------------------------------------------------------------------------------


def test_an_error_fails_with_its_reason_and_is_tried_again(real, on, converge):
    wrong = bridge(port("p0", {"name": "p0", "type": "dpdk", "nic": "ens5"}))
    for action in ("add_port", "retry_port"):
        dry = on(real, "vswitch_bridge", wrong, check=True)
        assert action in [each["action"] for each in dry["actions"]]
        result = on(real, "vswitch_bridge", wrong)
        assert result["msg"].startswith("ports.error: interface p0 does not work (bridge br0): found could not open")
        assert "could not create netdev p0 of unknown type dpdk" in result["msg"]
    right = bridge(port("p0", pmd("p0", nic="ens5")))
    assert converge(real, "vswitch_bridge", right)["interfaces"] == [{"name": "p0", "ofport": 1, "error": None}]


def test_a_failed_port_is_made_anew_with_all_that_was_on_it(real, on):
    request = bridge(port("p0", {"name": "p0", "type": "dpdk"}, tag=3))
    assert on(real, "vswitch_bridge", request)["failed"]
    real.vsctl("set", "Interface", "p0", "external_ids:vm-id=7")
    uuid, before = real.column("Port", "p0", "_uuid"), real.configuration()
    assert on(real, "vswitch_bridge", request)["failed"]
    assert real.column("Port", "p0", "_uuid") != uuid
    assert real.configuration() == before


def test_a_failed_member_of_a_bond_is_tried_again_without_the_others(real, on, converge):
    def bond0(*members):
        return bridge({"name": "bond0", "interfaces": list(members)})

    broken = {"name": "b1", "type": "dpdk"}
    assert "interface b1 does not work" in on(real, "vswitch_bridge", bond0(pmd("b0"), broken))["msg"]
    before = {name: real.column("Interface", name, "_uuid") for name in ("b0", "b1")}
    dry = on(real, "vswitch_bridge", bond0(pmd("b0"), broken), check=True)
    assert [each["action"] for each in dry["actions"]] == ["retry_port"]
    assert on(real, "vswitch_bridge", bond0(pmd("b0"), broken))["failed"]
    assert real.column("Interface", "b0", "_uuid") == before["b0"]
    assert real.column("Interface", "b1", "_uuid") != before["b1"]
    real.vsctl("del-bond-iface", "bond0", "b1")
    converge(real, "vswitch_bridge", bond0(pmd("b0"), pmd("b1")))
    assert set(re.findall(r"^member (\S+):", real.appctl("bond/show", "bond0"), re.MULTILINE)) == {"b0", "b1"}


def test_a_dry_run_judges_what_comes_after_what_goes(real, on):
    assert not on(real, "vswitch_bridge", bridge(port("p0", pmd("p0")))).get("failed")
    other = dict(bridge(port("p0", pmd("p0"))), bridge="br1")
    refused = on(real, "vswitch_bridge", other, check=True)
    assert "the port is on another bridge" in refused["msg"]
    for gone in (["p0"], ["br0"]):
        dry = on(real, "vswitch_bridge", dict(other, gone=gone), check=True)
        assert [each["action"] for each in dry["actions"]] == ["add_bridge", "add_port"]
    assert "the port is on another bridge" in on(real, "vswitch_bridge", dict(other, gone=["p0"]))["msg"]


def test_a_bridge_without_a_datapath_ends_in_words(real, on):
    result = on(real, "vswitch_bridge", bridge(port("p0"), datapath_type="no-such-type", timeout=1))
    assert "interface p0 does not work" in result["msg"]
    assert "no OpenFlow port number after 1 s" in result["msg"]


# --- the daemon ends ----------------------------------------------------------------------------------------------


def bond(*names, **more):
    return dict({"name": "bond", "interfaces": [pmd(name, options={"n_rxq": 2}) for name in names]}, **more)


ENDS = {
    "a bridge": (bridge(bridge="br1", fail_mode="secure"), "bridge br1"),
    "a port": (bridge(port("p1", pmd("p1", options={"n_rxq": 2}), tag=5)), "bridge br0 port p1"),
    "a bond": (bridge({"name": "bond2", "interfaces": [pmd("b6"), pmd("b7")]}), "bridge br0 port bond2"),
    "an option": (bridge(port("p0", pmd("p0", options={"n_rxq": 3}, mtu_request=2000), tag=7)), "Port p0 tag"),
    "other members": (bridge(bond("b0", "b2", "b3", lacp="active")), "port bond"),
}


@pytest.fixture
def ends(monkeypatch):
    """ends(switch) -> a context in which its daemon is gone instead of reading what is written into the database."""
    honest = _vswitch.Switch.transact

    @contextlib.contextmanager
    def make(real):
        def deadly(self, commands, wait):
            if real.daemon.alive():
                real.daemon.signal(signal.SIGSTOP)
                threading.Timer(0.5, real.daemon.stop).start()
            honest(self, commands, wait)

        with monkeypatch.context() as patch:
            patch.setattr(_vswitch.Switch, "transact", deadly)
            yield

    return make


@pytest.mark.parametrize("name", sorted(ENDS))
def test_what_the_daemon_does_not_survive_is_taken_back_at_once(real, on, converge, ends, name):
    request, where = ENDS[name]
    converge(real, "vswitch_bridge", bridge(port("p0", pmd("p0", options={"n_rxq": 2})), bond("b0", "b1", tag=3)))
    real.vsctl("set", "Interface", "b1", "external_ids:vm-id=7")
    before, pid, state = real.configuration(), real.pid, _state.State().load()
    with ends(real):
        result = on(real, "vswitch_bridge", request)
    words = "ovs-vswitchd ended on the new values; they are out of the database again"
    assert result["msg"].startswith("{0} (process {1}, {2}): found no process. The log says:".format(words, pid, where))
    assert (real.configuration(), _state.State().load()) == (before, state)
    real.start()
    converge(real, "vswitch_bridge", request)


def test_a_port_that_failed_and_is_not_survived_when_it_is_tried_again_goes(real, on, converge, ends):
    wrong = bridge(port("p0", {"name": "p0", "type": "dpdk"}))
    assert on(real, "vswitch_bridge", wrong)["msg"].startswith("ports.error: interface p0 does not work")
    with ends(real):
        result = on(real, "vswitch_bridge", wrong)
    assert result["msg"].startswith(
        "ovs-vswitchd ended on the new values; they are out of the database again (process "
    )
    assert real.vsctl("--no-wait", "list-ports", "br0") == ""
    real.start()
    converge(real, "vswitch_bridge", bridge(port("p0")))


def test_what_goes_stays_away_though_the_daemon_ends(real, on, converge, ends):
    converge(real, "vswitch_bridge", bridge(port("p0"), port("p1")))
    with ends(real):
        result = on(real, "vswitch_bridge", bridge({"name": "p0", "state": "absent"}))
    assert result["msg"].startswith("ovs-vswitchd ended on the new values; what has gone stays away (process ")
    assert real.vsctl("--no-wait", "list-ports", "br0") == "p1"
    assert "p0" not in _state.State().load().get("interfaces", {})


# --- refused before the first change ------------------------------------------------------------------------------

REFUSED = {
    "the name of a port": (bridge(bridge="f0"), "the name of the bridge is taken (f0): found a port of bridge foreign"),
    "a port elsewhere": (bridge(port("f0")), "the port is on another bridge (bridge br0, port f0): found foreign"),
    "an interface elsewhere": (
        bridge({"name": "bond0", "interfaces": [pmd("f0"), pmd("b1")]}),
        "the interface belongs to another port",
    ),
    "no such NIC": (
        bridge(port("p0"), port("p1", pmd("p1", nic="ens9"))),
        "not the word for exactly one planned device (nic): found 'ens9', which fits 0, "
        "expected one of: 0000:40:00.0, 0000:80:00.0.",
    ),
    "a VLAN": (bridge(port("p0"), port("p1", tag=4096)), "not a VLAN (bridge br0, port p1): found 4096"),
    "an MTU": (bridge(port("p0", pmd("p0", mtu_request=67))), "not an MTU"),
    "twice": (bridge(port("p0"), port("p0")), "a name is used twice (bridge br0): found 'p0'"),
    "its own name": (bridge(port("br0")), "a name is used twice"),
    "a long name": (bridge(bridge="b" * 16), "not a name for a bridge"),
    "an option as name": (bridge(port("--timeout=0")), "not a name for a port: found '--timeout=0'"),
    "a path as name": (bridge(port("../p0")), "not a name for a port"),
    "one interface, another name": (bridge(port("p0", pmd("p1"))), "a port with one interface has its name"),
    "our key": (
        bridge(port("p0", external_ids={OWNER: "me"})),
        "a key that this collection keeps for itself (external_ids): found 'nfv-ovs-dpdk-owner'",
    ),
    "a list as value": (bridge(port("p0", pmd("p0", options={"n_rxq": [1]}))), "not a single value (options:n_rxq)"),
}


@pytest.fixture(scope="module")
def shared(make_switch):
    made = make_switch()
    made.vsctl("add-br", "foreign", "--", "add-port", "foreign", "f0", "--", "set", "Interface", "f0", "type=dummy-pmd")
    made.calm()
    yield made
    made.stop()


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_before_the_first_change(shared, on, name):
    arguments, words = REFUSED[name]
    before = shared.configuration()
    for check in (True, False):
        result = on(shared, "vswitch_bridge", arguments, check=check)
        assert result["failed"]
        assert result["msg"].startswith(words)
    assert shared.configuration() == before


def test_a_bond_does_not_become_a_port(real, on, converge):
    converge(real, "vswitch_bridge", bridge(port("p0")))
    result = on(real, "vswitch_bridge", bridge({"name": "p0", "interfaces": [pmd("p0"), pmd("p1")]}))
    assert result["msg"].startswith("a bond and a plain port do not become each other")
