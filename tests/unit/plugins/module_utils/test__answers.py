"""Answers of ovs-appctl, as two versions with DPDK printed them."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _answers

FIXTURES = os.path.join(os.path.dirname(__file__), "..", "..", "fixtures", "pmd")
BOTH = pytest.mark.parametrize("switch", ["3.1-dpdk", "3.5-dpdk"])


def recorded(switch, name):
    with open(os.path.join(FIXTURES, switch, name + ".txt")) as handle:
        return handle.read()


@BOTH
def test_ports_of_the_datapath(switch):
    ports = _answers.datapath_ports(recorded(switch, "dpif"))
    # "bad" is in the database only.
    assert sorted(ports) == ["br0", "nb0", "nb1", "nul0", "sink", "vh0"]
    assert ports["br0"] == {}


def test_settings_of_a_port_before_and_since_3_3():
    old, new = (_answers.datapath_ports(recorded(switch, "dpif")) for switch in ("3.1-dpdk", "3.5-dpdk"))
    assert (old["nul0"]["configured_rx_queues"], old["nul0"]["configured_rxq_descriptors"]) == ("2", "2048")
    assert (new["nul0"]["n_rxq"], new["sink"]["dpdk-devargs"]) == ("2", "net_null1,no-rx=1")


@pytest.mark.parametrize("name", ["p 1", "p(1)", "a: b", "1/2"])
def test_strange_port_names_in_the_datapath(name):
    line = "    {0} 3/4: (dpdk: n_rxq=1)\n    {0}x 4/none: (patch)\n".format(name)
    assert _answers.datapath_ports("netdev@ovs-netdev: hit:1 missed:0\n  br0:\n" + line) == {
        name: {"n_rxq": "1"},
        name + "x": {},
    }


@BOTH
def test_memory_pools(switch):
    (pool,) = _answers.mempools(recorded(switch, "mempool"))
    assert (pool["node"], pool["mtu"], pool["asked"], pool["size"]) == (0, 2158, 262144, 262144)
    # 512 lie in the cache of a thread, 32 are under way.
    assert pool["free"] == 262144 - 32


def test_a_pool_that_is_not_understood_gives_nothing_to_the_one_before_it():
    lines = ["mempool <one>@0x1", "  size=1024", "  common_pool_count=1000", "pool of the future", "  size=7"]
    (pool,) = _answers.mempools("\n".join(lines + ["  common_pool_count=9"]))
    assert (pool["size"], pool["free"]) == (1024, 1000)


def test_a_pool_of_somebody_else_has_no_facts_in_its_name():
    (pool,) = _answers.mempools("mempool <mbuf_pool_socket_0>@0x1dd3e6dc0\n  size=1024\n  common_pool_count=1000\n")
    assert pool == {"name": "mbuf_pool_socket_0", "node": None, "mtu": None, "asked": None, "size": 1024, "free": 1000}


@BOTH
def test_heaps_that_hold_memory(switch):
    heaps = _answers.heaps(recorded(switch, "malloc"))
    assert sorted(heaps) == [0]
    assert heaps[0]["size"] == 3670016000
    assert heaps[0]["greatest"] <= heaps[0]["free"] < heaps[0]["size"]


@BOTH
def test_coverage_counters(switch):
    counters = _answers.coverage(recorded(switch, "coverage"))
    assert counters["datapath_drop_upcall_error"] > 0
    assert "drop_action_of_pipeline" in counters
    assert len(counters) > 30


@BOTH
def test_bonds(switch):
    assert _answers.bonds(recorded(switch, "bond")) == {"bond0": {"lacp": "off", "members": {"nb0": True, "nb1": True}}}


def test_bonds_of_old_versions_call_members_slaves():
    text = (
        "---- b 0 ----\nbond_mode: balance-tcp\nlacp_status: configured\n\nslave p: 1: disabled\n\tmay_enable: false\n"
    )
    assert _answers.bonds(text) == {"b 0": {"lacp": "configured", "members": {"p: 1": False}}}


@pytest.mark.parametrize(
    "read", [_answers.datapath_ports, _answers.heaps, _answers.coverage, _answers.bonds, _answers.mempools]
)
def test_what_is_not_understood_is_nothing(read):
    assert not read("")
    assert not read("something\n  else: 5\n")
