"""What is in use on a NIC: on itself, and on everything above it."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._links import Links
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
from machines import builder

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(HERE))))


def uses(tmp_path, nic, links=(), others=()):
    """(kind, detail) of everything on a NIC called ens4."""
    nics = [dict({"name": "ens4"}, **nic)] + [dict(other) for other in others]
    tree = Tree(builder.build(str(tmp_path), nodes=1, cores=1, threads=1, nics=nics, links=links))
    return [(use["kind"], use["detail"]) for use in Links(tree).uses("ens4")]


CASES = {
    "nothing": ({}, [], []),
    "address": ({"addresses4": ["192.0.2.10/24"]}, [], [("address", "192.0.2.10/24 on ens4")]),
    "two addresses": (
        {"addresses4": ["192.0.2.10/24", "198.51.100.9/30"]},
        [],
        [("address", "192.0.2.10/24 on ens4"), ("address", "198.51.100.9/30 on ens4")],
    ),
    "two addresses of one net": (
        {"addresses4": ["192.0.2.10/24", "192.0.2.11/24"]},
        [],
        [("address", "192.0.2.10/24 on ens4"), ("address", "192.0.2.11/24 on ens4")],
    ),
    "address on an octet's middle": (
        {"addresses4": ["10.1.130.7/17"]},
        [],
        [("address", "10.1.130.7/17 on ens4")],
    ),
    "default route": (
        {"addresses4": ["192.0.2.10/24"], "default_route": True},
        [],
        [("address", "192.0.2.10/24 on ens4"), ("default_route", "default via 192.0.2.1 on ens4")],
    ),
    "further routes": (
        {"addresses4": ["192.0.2.10/24"], "routes": ["198.51.100.0/25", "2001:db8:9::/48"]},
        [],
        [
            ("address", "192.0.2.10/24 on ens4"),
            ("route", "198.51.100.0/25 via 192.0.2.1 on ens4"),
            ("route", "2001:db8:9::/48 via fe80::1 on ens4"),
        ],
    ),
    "IPv6": (
        {"addresses6": ["2001:db8::10/64"], "default_route6": True},
        [],
        [("address", "2001:db8::10/64 on ens4"), ("default_route", "default via fe80::1 on ens4")],
    ),
    "bond": ({"master": "bond0"}, [], [("bond", "bond0 on ens4")]),
    "bridge": ({"master": "br0"}, [], [("bridge", "br0 on ens4")]),
    "team": ({"master": "team0"}, [], [("team", "team0 on ens4")]),
    "VRF": ({"master": "vrf0"}, [], [("upper", "vrf0 on ens4")]),
    "OVS": ({"master": "ovs-system"}, [], [("ovs", "ovs-system on ens4")]),
    "VLAN": ({"vlan_above": "ens4.100"}, [], [("vlan", "ens4.100 on ens4")]),
    "macvlan": (
        {},
        [{"name": "macvlan0", "kind": "macvlan", "lowers": ["ens4"]}],
        [("upper", "macvlan0 on ens4")],
    ),
    "address on a VLAN on a bond": (
        {"master": "bond0"},
        [{"name": "bond0.100", "lowers": ["bond0"], "addresses4": ["192.0.2.10/24"], "default_route": True}],
        [
            ("bond", "bond0 on ens4"),
            ("vlan", "bond0.100 on bond0"),
            ("address", "192.0.2.10/24 on bond0.100"),
            ("default_route", "default via 192.0.2.1 on bond0.100"),
        ],
    ),
    "bridge on a VLAN, and an address below": (
        {"vlan_above": "vlan9", "addresses6": ["2001:db8::10/64"]},
        [
            {"name": "br0", "lowers": ["vlan9"], "addresses4": ["198.51.100.1/24"]},
            {"name": "vlan9", "kind": "vlan", "lowers": []},
        ],
        [
            ("address", "2001:db8::10/64 on ens4"),
            ("vlan", "vlan9 on ens4"),
            ("bridge", "br0 on vlan9"),
            ("address", "198.51.100.1/24 on br0"),
        ],
    ),
}


@pytest.mark.parametrize("nic, links, expected", list(CASES.values()), ids=list(CASES))
def test_uses(tmp_path, nic, links, expected):
    assert uses(tmp_path, nic, links) == expected


def test_other_devices_do_not_count(tmp_path):
    other = {"name": "ens5", "addresses4": ["192.0.2.10/24"], "default_route": True, "master": "bond0"}
    assert uses(tmp_path, {}, others=[other]) == []


def test_an_address_in_a_net_of_two_devices_counts_for_both(tmp_path):
    """The tables do not say which device has it; the careful answer is both."""
    other = {"name": "ens5", "addresses4": ["192.0.2.11/24"]}
    both = [("address", "192.0.2.10/24 on ens4"), ("address", "192.0.2.11/24 on ens4")]
    assert uses(tmp_path, {"addresses4": ["192.0.2.10/24"]}, others=[other]) == both


def test_the_longest_prefix_wins(tmp_path):
    other = {"name": "ens5", "addresses4": ["10.0.0.1/8"]}
    expected = [("address", "10.1.2.3/24 on ens4")]
    assert uses(tmp_path, {"addresses4": ["10.1.2.3/24"]}, others=[other]) == expected


def test_a_host_address_shows_by_its_routes(tmp_path):
    """Clouds give 10.0.0.5/32 and a default route: no connected net names the device, the route does."""
    found = uses(tmp_path, {"addresses4": ["10.0.0.5/32"], "default_route": True})
    assert [kind for kind, _detail in found] == ["default_route"]


def test_a_vlan_is_found_by_its_table_alone(tmp_path):
    """Kernels before 3.9 have no upper_ links."""
    nics = [{"name": "ens4", "vlan_above": "storage"}]
    root = builder.build(str(tmp_path), nodes=1, cores=1, nics=nics)
    for directory, _directories, _files in os.walk(os.path.join(root, "sys/devices")):
        if os.path.islink(os.path.join(directory, "upper_storage")):
            os.unlink(os.path.join(directory, "upper_storage"))
    os.unlink(os.path.join(root, "sys/devices/virtual/net/storage/uevent"))
    assert Links(Tree(root)).uses("ens4") == [{"kind": "vlan", "detail": "storage on ens4"}]


def test_devices_that_are_above_each_other_end(tmp_path):
    links = [{"name": "br0", "lowers": ["ens4", "br1"]}, {"name": "br1", "lowers": ["br0"]}]
    found = uses(tmp_path, {}, links)
    assert found == [("bridge", "br0 on ens4"), ("bridge", "br1 on br0"), ("bridge", "br0 on br1")]


def test_tables_that_were_cut_off(tmp_path):
    """Captures take the first part of long files; what is whole counts."""
    nic = {"name": "ens4", "addresses4": ["192.0.2.10/24"], "addresses6": ["2001:db8::10/64"], "default_route": True}
    root = builder.build(str(tmp_path), nodes=1, cores=1, nics=[nic])
    whole = Links(Tree(root)).uses("ens4")
    for name in ("route", "fib_trie", "if_inet6", "ipv6_route"):
        path = os.path.join(root, "proc/net", name)
        with open(path) as handle:
            text = handle.read()
        for length in range(0, len(text), 7):
            with open(path, "w") as handle:
                handle.write(text[:length])
            assert all(use["detail"].endswith("on ens4") for use in Links(Tree(root)).uses("ens4"))
        with open(path, "w") as handle:
            handle.write(text)
    assert Links(Tree(root)).uses("ens4") == whole


def test_an_empty_tree_has_no_uses(tmp_path):
    assert Links(Tree(str(tmp_path))).uses("ens4") == []


SETUP = """
set -e
mount -t sysfs sysfs /sys
ip link add br0 type bridge
ip link add ens4 type veth peer name far
ip link set ens4 master br0
ip link set lo up; ip link set br0 up; ip link set ens4 up; ip link set far up
ip addr add 192.0.2.10/24 dev br0
ip addr add 203.0.113.7/32 dev br0
ip addr add 10.1.130.7/17 dev ens4
ip -6 addr add 2001:db8::10/64 dev br0 nodad
ip route add default via 192.0.2.1
ip route add 198.51.100.0/25 via 192.0.2.1
ip route add blackhole 198.51.100.128/25
ip -6 route add 2001:db8:9::/48 via 2001:db8::1
ip -6 route add unreachable 2001:db8:a::/48
"""
READ = """
import json, sys
sys.path.insert(0, {project!r})
import conftest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._links import Links
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
print(json.dumps([[use["kind"], use["detail"]] for use in Links(Tree("/")).uses("ens4")]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace of its own needs root")
@pytest.mark.skipif(not shutil.which("ip") or not shutil.which("unshare"), reason="needs iproute2 and util-linux")
def test_the_tables_of_a_real_kernel(tmp_path):
    """Devices, addresses and routes made in a private network namespace, read from its own /proc and /sys."""
    script = tmp_path / "read.py"
    script.write_text(READ.format(project=PROJECT))
    command = "{0}\nexec {1} {2}\n".format(SETUP, sys.executable, script)
    argv = ["unshare", "--net", "--mount", "sh", "-c", command]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    if "Unknown device type" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    assert [tuple(use) for use in json.loads(done.stdout)] == [
        ("address", "10.1.130.7/17 on ens4"),
        ("bridge", "br0 on ens4"),
        ("address", "192.0.2.10/24 on br0"),
        ("default_route", "default via 192.0.2.1 on br0"),
        ("route", "198.51.100.0/25 via 192.0.2.1 on br0"),
        ("address", "2001:db8::10/64 on br0"),
        ("route", "2001:db8:9::/48 via 2001:db8::1 on br0"),
    ]
