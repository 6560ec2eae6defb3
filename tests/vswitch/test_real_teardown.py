"""What the modules made of a real database is undone: afterwards it is what it was before, but for what others did."""

import json
import os
import signal

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state, _vswitch

RESTORED = {"state": "restored"}
KEYS = {"other_config": {"pmd-cpu-mask": "0x12", "max-idle": 20000}, "external_ids": {"site": "lab"}}


def pmd(name, **more):
    return dict({"name": name, "type": "dummy-pmd"}, **more)


def port(name, **more):
    return dict({"name": name, "interfaces": [pmd(name)]}, **more)


@pytest.fixture
def real(switch):
    """A switch with a bridge of somebody else: a port, a bond, keys of his own."""
    made = switch()
    made.calm()
    made.vsctl("add-br", "theirs", "--", "set", "Bridge", "theirs", "fail_mode=standalone", "other_config:a=b")
    made.vsctl("add-port", "theirs", "f0", "tag=9", "--", "set", "Interface", "f0", "type=dummy-pmd", "options:n_rxq=3")
    made.vsctl(
        *["add-bond", "theirs", "fbond", "m0", "m1", "bond_mode=active-backup"],
        *[word for name in ("m0", "m1") for word in ("--", "set", "Interface", name, "type=dummy-pmd")],
    )
    made.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=10000", "external_ids:hostname=node")
    return made


@pytest.fixture
def node(real, on):
    """The same after everything that a play does to it, with what it was before."""
    before = real.configuration()
    ours = {"bridge": "ours", "fail_mode": "secure", "ports": [port("p0", tag=5), port("p1")]}
    bond = {"name": "fbond", "bond_mode": "balance-slb", "interfaces": [pmd(name) for name in ("m0", "m1", "m2")]}
    theirs = {
        "bridge": "theirs",
        "fail_mode": "secure",
        "datapath_type": "netdev",
        "takeover": True,
        "other_config": {"a": "c", "d": "e"},
        "ports": [port("p2"), {"name": "f0", "tag": 3, "interfaces": [pmd("f0", options={"n_rxq": 1})]}, bond],
    }
    for name, arguments in (("vswitch_config", KEYS), ("vswitch_bridge", ours), ("vswitch_bridge", theirs)):
        result = on(real, name, arguments)
        assert not result["failed"], result["msg"]
    assert real.vsctl("list-ports", "theirs").split() == ["f0", "fbond", "p2"]
    assert real.configuration() != before
    real.before = before
    return real


def sections():
    """What the state file still records, without what the running process uses."""
    data = _state.State().load()
    return {name: content for name, content in data.items() if name != "version" and content}


def test_the_database_is_as_before_and_nothing_stays_recorded(node, converge):
    done = converge(node, "vswitch_bridge", RESTORED)
    assert "Interface m2" not in json.dumps(node.configuration())
    assert done["left"] == []
    assert sorted(each["target"] for each in done["actions"] if each["action"].startswith("del")) == [
        "bridge ours",
        "bridge theirs port p2",
        "port fbond",
    ]
    assert list(sections()) == ["vswitch"]
    assert converge(node, "vswitch_config", {"state": "absent"})["left"] == []
    assert node.configuration() == node.before
    assert sections() == {}


def test_one_bridge_alone(node, converge):
    converge(node, "vswitch_bridge", dict(RESTORED, bridge="ours"))
    assert node.vsctl("list-br") == "theirs"
    assert node.vsctl("list-ports", "theirs").split() == ["f0", "fbond", "p2"]


def test_what_somebody_changed_since_stays_and_is_named(node, converge):
    node.vsctl("set", "Port", "f0", "tag=7")
    node.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=30000")
    bridges = converge(node, "vswitch_bridge", RESTORED)
    assert bridges["left"] == [{"target": "Port f0 tag", "reason": "was changed by somebody else after us"}]
    assert "Port f0 tag was changed by somebody else after us; it is left alone." in bridges["warnings"]
    config = converge(node, "vswitch_config", {"state": "absent"})
    assert [each["target"] for each in config["left"]] == ["other_config:max-idle"]
    assert node.column("Port", "f0", "tag") == 7
    assert node.column("Open_vSwitch", ".", "other_config")["max-idle"] == "30000"
    assert sections() == {}


def test_a_bridge_of_ours_stays_as_long_as_it_has_ports_of_somebody_else(node, on):
    node.vsctl("add-port", "ours", "g0", "--", "set", "Interface", "g0", "type=dummy-pmd")
    for run in range(3):
        result = on(node, "vswitch_bridge", RESTORED, check=run == 0)
        assert result["changed"] == (run < 2)
        assert result["left"] == [{"target": "bridge ours", "reason": "has ports of somebody else (g0)"}]
    assert node.vsctl("list-ports", "ours") == "g0"
    assert list(sections()["bridges"]) == ["ours"]
    node.vsctl("del-port", "g0")
    assert [each["action"] for each in on(node, "vswitch_bridge", RESTORED)["actions"]] == ["delete_bridge"]
    assert sorted(sections()) == ["vswitch"]


def test_rows_that_somebody_removed_are_forgotten(node, on):
    node.vsctl("del-br", "ours", "--", "del-br", "theirs")
    result = on(node, "vswitch_bridge", RESTORED)
    assert (result["changed"], result["left"]) == (False, [])
    assert sorted(sections()) == ["vswitch"]


def dies_after_a_transaction(run):
    """Whether run(), in a child that is killed as soon as it has written to the database, wrote anything."""
    child = os.fork()
    if not child:
        transact = _vswitch.Switch.transact

        def deadly(self, commands, wait):
            transact(self, commands, wait)
            os.kill(os.getpid(), signal.SIGKILL)

        _vswitch.Switch.transact = deadly
        try:
            run()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_run_that_is_killed_after_each_transaction_comes_to_its_end(node, on):
    for arguments, transactions in ((("vswitch_bridge", RESTORED), 5), (("vswitch_config", {"state": "absent"}), 1)):
        for number in range(transactions + 1):
            assert dies_after_a_transaction(lambda given=arguments: on(node, *given)) == (number < transactions)
        assert on(node, *arguments)["changed"] is False
    assert node.configuration() == node.before
    assert sections() == {}


def test_without_a_daemon_the_database_alone_is_put_back(node, on):
    node.daemon.stop()
    assert not on(node, "vswitch_bridge", RESTORED)["failed"]
    assert not on(node, "vswitch_config", {"state": "absent"})["failed"]
    assert node.configuration() == node.before


def test_a_database_that_does_not_answer_is_refused_while_something_of_ours_is_in_it(node, on):
    node.database.stop()
    for name, arguments in (("vswitch_bridge", RESTORED), ("vswitch_config", {"state": "absent"})):
        assert on(node, name, arguments)["msg"].startswith("Open vSwitch's database does not answer")
    assert sorted(sections()) == ["bridges", "interfaces", "ports", "vswitch"]


def test_without_open_vswitch_nothing_is_left_to_take_back(node, on, monkeypatch, tmp_path):
    node.daemon.stop()
    monkeypatch.setenv("PATH", str(tmp_path))
    for name, arguments in (("vswitch_bridge", RESTORED), ("vswitch_config", {"state": "absent"})):
        result = on(node, name, arguments)
        assert (result["failed"], result["changed"]) == (False, False)
    assert sections() == {}


def test_a_host_that_was_never_ours(switch, on):
    made = switch()
    made.daemon.stop()
    made.database.stop()
    for name, arguments in (("vswitch_bridge", RESTORED), ("vswitch_config", {"state": "absent"})):
        result = on(made, name, arguments)
        assert (result["failed"], result["changed"]) == (False, False)
