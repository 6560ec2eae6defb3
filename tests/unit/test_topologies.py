"""Captured machines are planned, and the plans of well-known ones are those that were checked by hand."""

import collections
import json

import captures
import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

# What the plan without options must say: housekeeping, PMD and guest CPUs, EAL's list, and what it warns of.
Expected = collections.namedtuple("Expected", "housekeeping pmd vm socket_memory warnings")
PLANS = {
    "128arm-2pa2n8cluster4co": Expected(
        "0,32,64,96", "1,33,65,97", "2-31,34-63,66-95,98-127", "2048,2048,2048,2048", []
    ),
    "16amd64-8n2c-cpusets": Expected(
        "0,2,5-6,8,10,12,14",
        "1,3,7,9,11,13,15",
        "",
        "1264,1264,0,1264,1264,1264,1264,1264",
        ["pmd-gives-way", "vm-empty"],
    ),
    "16em64t-4s2c2t-offlines": Expected("0,8", "1,9", "3-4,6-7,10-12,15", "1264", []),
    "20em64t-hybrid-1p6c2t+2ca4co1t": Expected("0-1", "2-3", "4-19", "2048", []),
    "20s390-2g6s4c": Expected("0", "1", "2-19", "", ["node-short-of-memory"]),
    "256ppc-8n8s4t": Expected(
        "0-3,32-35,64-67,96-99,128-131,160-163,192-195,224-227",
        "4-7,36-39,68-71,100-103,132-135,164-167,196-199,228-231",
        "8-31,40-63,72-95,104-127,136-159,168-191,200-223,232-255",
        "1264,1264,0,0,1264,1264,0,0,1264,1264,0,0,1264,1264",
        ["page-size-unknown", "lcore-beyond-eal"],
    ),
    "2i386-2t-hugepagesizecount": Expected("0-1", "", "", "", ["pmd-gives-way", "vm-empty", "pmd-empty"]),
    "2pa-pcidomain32bits": Expected("0", "1", "", "", ["vm-empty", "node-short-of-memory"]),
    "32amd64-4s2n4c-cgroup2": Expected(
        "0,4,8,12,16,20,24,28",
        "1,5,9,13,17,21,25,29",
        "2-3,6-7,10-11,14-15,18-19,22-23,26-27,30-31",
        ",".join(["2048"] * 8),
        [],
    ),
    "32intel64-2p8co2t+8ve": Expected("0,8,16,24", "1,9,17,25", "2-7,10-15,18-23,26-31", "2048,2048", []),
    "40intel64-2g2n4c+pcilocality": Expected("0-3", "4-7", "8-39", "2048,2048,2048,2048", []),
    "48amd64-4pa2n6c-sparse": Expected(
        "0,6,12,18,24,30,36,42",
        "1,7,13",
        "2-5,8-11,14-17,19-23,25-29,31-35,37-41,43-47",
        "2048,2048,2048",
        ["node-beyond-dpdk"],
    ),
    "arm-A510-A710-A715-X3": Expected("0", "3", "1-2,4-7", "1264", ["memory-unknown", "page-size-unknown"]),
    "armv7": Expected("0", "1", "", "1264", ["memory-unknown", "vm-empty", "page-size-unknown"]),
    "memorysidecaches": Expected("0-3,40-43", "4-7,44-47", "8-39,48-79", "2048,2048,2048,2048", []),
    "ppc64-POWER7": Expected("0-3", "4-7", "8-15", "1264", ["memory-unknown", "page-size-unknown"]),
    "rv64-visionfive2": Expected("0", "1", "2-3", "1264", ["memory-unknown", "page-size-unknown"]),
    "s390-lpar": Expected("1", "2", "3-5,8-19", "1264", ["memory-unknown", "page-size-unknown"]),
    "x86_64-dell_e4310": Expected("0,2", "1,3", "", "1264", ["memory-unknown", "vm-empty"]),
}

pytestmark = pytest.mark.skipif(not captures.NAMES, reason="no captured machines in ../shared/topologies")


@pytest.mark.parametrize("name", captures.NAMES)
def test_every_machine_can_be_planned(name):
    host = captures.host(name)
    plan = hosts.plan(host)
    sets = [_cpuset.parse(plan["cpus"][use]) for use in ("housekeeping", "pmd", "vm")]
    assert sorted(cpu for one in sets for cpu in one) == host["cpus"]["online"]
    for row in host["topology"]:
        assert len([one for one in sets if one & set(row["siblings"]) & set(host["cpus"]["online"])]) == 1
    assert json.loads(json.dumps(plan)) == plan
    assert plan["reasons"]
    assert "Traceback" not in str(plan["warnings"])


@pytest.mark.parametrize("name", captures.NAMES)
def test_the_finished_machine_has_the_same_plan(name):
    host = captures.host(name)
    plan = hosts.plan(host)
    assert hosts.plan(hosts.applied(host, plan)) == plan


@pytest.mark.parametrize("name", sorted(PLANS))
def test_known_machines_get_the_plan_that_was_checked_by_hand(name):
    plan = hosts.plan(captures.host(name))
    cpus = plan["cpus"]
    warnings = [row["id"] for row in plan["warnings"]]
    assert Expected(cpus["housekeeping"], cpus["pmd"], cpus["vm"], plan["socket_memory"], warnings) == PLANS[name]


def test_ports_without_a_numa_node_are_refused_with_the_word_to_write():
    host = captures.host("40intel64-2g2n4c+pcilocality")
    with pytest.raises(Refused, match="the NUMA node of a NIC is unknown") as caught:
        hosts.plan(host, nics="eth0")
    assert "Write 'eth0 node=0'" in str(caught.value)
    assert hosts.plan(host, nics="eth0 node=2")["devices"][0]["numa_from"] == "request"


def test_real_ports_are_found_with_their_drivers():
    plan = hosts.plan(captures.host("32intel64-2p8co2t+8ve"), nics="enp96s0f0 mtu=9000 rxq=auto; 0000:1a:00.0")
    first, second = plan["devices"]
    assert (first["numa_node"], first["dpdk_driver"], first["driver"]) == (0, "net_i40e", "vfio-pci")
    assert (second["dpdk_driver"], second["driver"], second["bifurcated"]) == ("net_mlx5", None, True)
    assert plan["other_config"]["dpdk-extra"] == "-a 0000:1a:00.0 -a 0000:60:00.0"


def test_a_port_behind_a_32_bit_domain_can_share_a_machine_with_a_dpdk_port():
    plan = hosts.plan(captures.host("2pa-pcidomain32bits"), nics="ens3", page_size="2M", reserved_memory="256")
    assert plan["devices"][0]["numa_from"] == "only_node"
