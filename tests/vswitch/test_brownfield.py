"""A host that has run Open vSwitch by hand: what fits stays whose it is, what differs is named, nothing restarts."""

import json
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _live_links

PORT = {"name": "p0", "interfaces": [{"name": "p0", "type": "dummy-pmd", "options": {"n_rxq": 2}}]}
BRIDGE = {"bridge": "br0", "datapath_type": "dummy", "ports": [PORT]}
# As an operator writes them: other words for what a plan says.
BY_HAND = {"pmd-cpu-mask": "22", "smc-enable": "true", "max-idle": "9000"}
PLANNED = {"pmd-cpu-mask": "0x22", "smc-enable": True}


@pytest.fixture
def by_hand(switch):
    made = switch()
    made.vsctl("set", "Open_vSwitch", ".", *("other_config:{0}={1}".format(*row) for row in sorted(BY_HAND.items())))
    made.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=dummy")
    made.vsctl("add-port", "br0", "p0", "--", "set", "Interface", "p0", "type=dummy-pmd", "options:n_rxq=2")
    made.calm()
    return made


def state(tmp_path):
    path = tmp_path / "state" / "state.json"
    return set(json.loads(path.read_text())) - {"version"} if path.exists() else set()


def test_what_fits_stays_whose_it_is(by_hand, converge, tmp_path):
    before, pid = by_hand.configuration(), by_hand.pid
    assert not converge(by_hand, "vswitch_config", {"other_config": PLANNED})["changed"]
    assert not converge(by_hand, "vswitch_bridge", BRIDGE)["changed"]
    assert not converge(by_hand, "vswitch_config", {"state": "absent"})["changed"], "nothing is ours"
    assert (by_hand.configuration(), by_hand.pid, state(tmp_path)) == (before, pid, set())


def test_a_nic_under_a_bridge_of_the_userspace_datapath_is_in_use(by_hand):
    """The kernel sees a socket on it and nothing else."""
    by_hand.vsctl("add-port", "br0", "ens4")
    by_hand.vsctl("add-port", "br0", "ens5", "--", "set", "Interface", "ens5", "type=dpdk")

    def run(argv):
        done = subprocess.run(argv, env=by_hand.env, stdout=subprocess.PIPE, universal_newlines=True, check=False)
        return done.returncode, done.stdout, ""

    host = {"nics": [{"names": [name]} for name in ("ens4", "ens5", "ens6")]}
    _live_links.add_uses(host, "/", run)
    found = [[use["detail"] for use in nic["uses"]] for nic in host["nics"]]
    assert found == [["port of Open vSwitch on ens4"], [], []]


def test_nothing_restarts_where_it_fits(by_hand, converge):
    by_hand.vsctl("set", "Open_vSwitch", ".", "other_config:userspace-tso-enable=true")
    by_hand.restart()
    result = converge(by_hand, "vswitch_config", {"other_config": {"userspace-tso-enable": "true"}})
    assert (result["restart_required"], result["conflicts"]) == (False, [])
    assert [row["text"] for row in result["restart_interrupts"]] == ["p0 on br0 (dummy-pmd, link up)"]


def test_what_differs_is_named_before_and_comes_back(by_hand, on, converge):
    before = by_hand.configuration()
    arguments = {"other_config": dict(PLANNED, **{"max-idle": "8000", "emc-insert-inv-prob": "0"})}
    conflict = {
        "entry": "other_config:max-idle",
        "found": "9000",
        "wanted": "8000",
        "text": "other_config:max-idle is '9000', '8000' is wanted",
    }
    for check in (True, False):
        assert on(by_hand, "vswitch_config", arguments, check=check)["conflicts"] == [conflict]
    assert on(by_hand, "vswitch_config", arguments, check=True)["conflicts"] == [], "it is ours now"
    converge(by_hand, "vswitch_config", {"state": "absent"})
    assert by_hand.configuration() == before


def test_a_key_of_ours_that_somebody_changed_is_no_conflict(by_hand, on):
    arguments = {"other_config": {"emc-insert-inv-prob": "0"}}
    on(by_hand, "vswitch_config", arguments)
    by_hand.vsctl("set", "Open_vSwitch", ".", "other_config:emc-insert-inv-prob=50")
    result = on(by_hand, "vswitch_config", arguments, check=True)
    assert (result["changed"], result["conflicts"]) == (True, [])


def with_options(options):
    return dict(BRIDGE, ports=[dict(PORT, interfaces=[dict(PORT["interfaces"][0], options=options)])])


def test_ports_of_the_operator_are_changed_entry_by_entry_and_given_back(by_hand, converge):
    before = by_hand.configuration()
    result = converge(by_hand, "vswitch_bridge", with_options({"n_rxq": 3}))
    change = {"action": "change", "target": "Interface p0 options:n_rxq", "before": "2", "after": "3"}
    assert change in result["actions"]
    converge(by_hand, "vswitch_bridge", with_options({}))
    assert by_hand.configuration() == before


@pytest.mark.dpdk
def test_dpdk_by_hand(dpdk_switch, converge, on):
    """The plan says what the operator had written: DPDK stays up, in the same process."""
    real = dpdk_switch()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-extra=" + real.dpdk_extra, "other_config:dpdk-init=true")
    real.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-lcore-mask=1")
    pid = real.pid
    fits = {"dpdk-init": "true", "dpdk-extra": real.dpdk_extra}
    assert not converge(real, "vswitch_config", {"other_config": fits})["changed"]
    # "try" is what keeps a host alive. It is another word, so it is named, but it takes no restart.
    result = on(real, "vswitch_config", {"other_config": dict(fits, **{"dpdk-init": "try"})})
    assert [row["entry"] for row in result["conflicts"]] == ["other_config:dpdk-init"]
    assert (result["restart_required"], result["dpdk_initialized"], real.pid) == (False, True, pid)
    result = on(real, "vswitch_config", {"other_config": dict(fits, **{"dpdk-extra": "-n 4"})}, check=True)
    assert [row["entry"] for row in result["conflicts"]] == ["other_config:dpdk-extra"]
    assert result["restart_required"]


def test_a_port_keeps_what_its_owner_has_given_it_unless_it_is_named(by_hand, on, converge):
    device = {"id": "n", "address": "0000:40:00.0", "rxq": 1, "desc": 1024, "mtu": 1500}
    by_hand.vsctl("set", "Interface", "p0", "mtu_request=9000")
    interface = {"name": "p0", "nic": "n", "type": "dummy-pmd"}
    bridge = dict(BRIDGE, ports=[{"name": "p0", "interfaces": [interface]}], devices=[device])
    converge(by_hand, "vswitch_bridge", bridge)
    options = by_hand.column("Interface", "p0", "options")
    assert (options["n_rxq"], options["n_rxq_desc"]) == ("2", "1024")
    assert by_hand.column("Interface", "p0", "mtu_request") == 9000
    converge(by_hand, "vswitch_bridge", dict(bridge, takeover=True))
    assert by_hand.column("Interface", "p0", "options")["n_rxq"] == "1"
    converge(by_hand, "vswitch_bridge", {"state": "restored"})
    assert by_hand.column("Interface", "p0", "options") == {"n_rxq": "2"}
    assert by_hand.column("Interface", "p0", "mtu_request") == 9000


def test_a_port_of_dpdk_does_not_go_on_the_datapath_of_the_kernel(by_hand, on):
    by_hand.vsctl("--no-wait", "add-br", "kernel0", "--", "set", "Bridge", "kernel0", "datapath_type=system")
    port = {"name": "vm1", "interfaces": [{"name": "vm1", "type": "dpdkvhostuserclient"}]}
    result = on(by_hand, "vswitch_bridge", {"bridge": "kernel0", "ports": [port]}, check=True)
    assert result["msg"] == (
        "a port of type dpdkvhostuserclient does not work on the kernel's datapath (bridge kernel0, port vm1): found "
        "datapath_type system, expected netdev. Name another bridge, or give this one datapath_type=netdev."
    )
