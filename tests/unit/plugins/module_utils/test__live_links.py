"""What iproute2 adds to the uses of a NIC: from its JSON, from a pretended one, and from a real kernel."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _live_links
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._live_links import add_uses, understood
from machines import builder

HERE = os.path.dirname(os.path.abspath(__file__))
PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(HERE))))


def address(local, length, **more):
    return dict({"family": "inet", "local": local, "prefixlen": length, "scope": "global"}, **more)


def device(name, *addresses, **more):
    return dict({"ifindex": 2, "ifname": name, "flags": ["UP"], "addr_info": list(addresses)}, **more)


CASES = {
    "nothing": ([], [], []),
    "address without a route": ([device("ens4", address("192.0.2.9", 32))], [], [("address", "192.0.2.9/32")]),
    "address of a pair": (
        [device("ens4", address("10.0.0.1", 32, address="10.0.0.2"))],
        [{"dst": "10.0.0.2", "dev": "ens4", "protocol": "kernel"}],
        [("address", "10.0.0.1/32"), ("route", "10.0.0.2/32")],
    ),
    "net of an address, wherever its route is": (
        [device("ens4", address("192.0.2.9", 24, noprefixroute=True))],
        [{"dst": "192.0.2.0/24", "dev": "ens4", "table": "100"}],
        [("address", "192.0.2.9/24")],
    ),
    "net of an address of another device": (
        [device("ens5", address("192.0.2.9", 24))],
        [{"dst": "192.0.2.0/24", "dev": "ens4"}],
        [("route", "192.0.2.0/24")],
    ),
    "second leg of a default route": (
        [],
        [{"dst": "default", "nexthops": [{"gateway": "192.0.2.1", "dev": "ens5"}, {"via": {}, "dev": "ens4"}]}],
        [("default_route", "default")],
    ),
    "gateway of the other family": (
        [],
        [{"dst": "100.64.0.0/10", "via": {"family": "inet6", "host": "fe80::1"}, "dev": "ens4"}],
        [("route", "100.64.0.0/10 via fe80::1")],
    ),
    "group of nexthops": (
        [],
        [{"dst": "default", "nhid": 3, "nexthops": [{"gateway": "2001:db8::1", "dev": "ens4", "weight": 1}]}],
        [("default_route", "default via 2001:db8::1")],
    ),
    "link-local IPv6, and link-local IPv4 that somebody gave": (
        [device("ens4", address("fe80::1", 64), address("169.254.1.1", 16))],
        [{"dst": "fe80::/64", "dev": "ens4"}, {"dst": "fe80::5", "dev": "ens4"}],
        [("address", "169.254.1.1/16")],
    ),
    "what leads nowhere or to ourselves": (
        [],
        [
            {"type": "local", "dst": "192.0.2.9", "dev": "ens4", "table": "local"},
            {"type": "broadcast", "dst": "192.0.2.255", "dev": "ens4", "table": "local"},
            {"type": "multicast", "dst": "ff00::/8", "dev": "ens4", "table": "local"},
            {"type": "unreachable", "dst": "2001:db8::/48", "dev": "ens4"},
            {"type": "blackhole", "dst": "198.51.100.0/24"},
            {"dst": "ff00::/8", "dev": "ens4", "table": "local"},
            {"dst": "224.0.0.0/4", "dev": "ens4"},
        ],
        [],
    ),
    "another form": (
        [[], None, {}, device("ens4", "x", None, address("192.0.2", 24), address("192.0.2.9", "x"), address(None, 3))],
        [None, {"dev": "ens4"}, {"dst": 5, "dev": "ens4"}, {"dst": "x/y", "dev": "ens4"}, {"dst": "default", "dev": 7}],
        [],
    ),
}


@pytest.mark.parametrize("addresses, routes, expected", list(CASES.values()), ids=list(CASES))
def test_what_was_printed_is_understood(addresses, routes, expected):
    found = understood(json.dumps(addresses), [json.dumps(routes)])
    assert [(kind, what) for name, kind, what in found if name == "ens4"] == expected


def test_the_loopback_device_holds_nothing():
    printed = [device("lo", address("192.0.2.1", 32)), device(None, address("192.0.2.1", 32))]
    assert understood(json.dumps(printed), [json.dumps([{"dst": "192.0.2.0/24", "dev": "lo"}])]) == []


@pytest.mark.parametrize("text", ["", "[", "{}", "null", "7", '{"ifname": "ens4"}', "[" * 200000])
def test_what_is_no_list_says_nothing(text):
    assert understood(text, [text]) == []


class Tool:
    """A host of which each command says one thing."""

    def __init__(self, *said):
        self.said, self.asked = list(said), []

    def run(self, argv):
        self.asked.append(" ".join(argv))
        return self.said[len(self.asked) - 1]


def uses(host):
    return [[use["detail"] for use in nic["uses"]] for nic in host["nics"]]


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A machine that takes itself for the live one: an address in the bridge above its NIC, and a default route."""
    bridge = {"name": "br0", "lowers": ["ens4"], "addresses4": ["192.0.2.10/24"], "default_route": True}
    root = builder.build(str(tmp_path), cores=1, nics=[{"name": "ens4"}, {"name": None}], links=[bridge])
    monkeypatch.setattr(_live_links, "LIVE", root)
    return root, read_host(root)


KNOWN = ["br0 on ens4", "192.0.2.10/24 on br0", "default via 192.0.2.1 on br0"]


def test_uses_above_a_nic_are_added_once(host):
    root, read = host
    printed = [device("br0", address("192.0.2.10", 24), address("192.0.2.77", 32)), device("ens4")]
    tool = Tool(
        (0, json.dumps(printed), ""),
        (0, json.dumps([{"dst": "default", "gateway": "192.0.2.1", "dev": "br0"}]), ""),
        (0, json.dumps([{"dst": "default", "gateway": "fe80::1", "dev": "br0", "metric": 1024}]), ""),
        (0, json.dumps({"data": [["ens4", "system"], ["dpdk0", "dpdk"]], "headings": ["name", "type"]}), ""),
    )
    add_uses(read, root, tool.run)
    found = ["port of Open vSwitch on ens4"] + KNOWN + ["192.0.2.77/32 on br0", "default via fe80::1 on br0"]
    assert uses(read) == [found, []]
    assert tool.asked == [
        "ip -json address show",
        "ip -json -4 route show table all",
        "ip -json -6 route show table all",
        "ovs-vsctl --timeout=10 --format=json --columns=name,type list Interface",
    ]


@pytest.mark.parametrize(
    "answer",
    [(127, "", "no such file"), (255, "", 'Option "-json" is unknown, try "ip -help".'), (0, "1: lo: <UP>", "")],
)
def test_without_a_tool_that_prints_json_the_files_are_all(host, answer):
    root, read = host
    add_uses(read, root, Tool(answer, answer, answer, answer).run)
    assert uses(read) == [KNOWN, []]


def test_a_captured_tree_stays_as_it_is(host, monkeypatch):
    root, read = host
    monkeypatch.undo()
    tool = Tool()
    add_uses(read, root, tool.run)
    assert (uses(read), tool.asked) == ([KNOWN, []], [])


SETUP = """
set -e
mount -t sysfs sysfs /sys
ip link add ens4 type veth peer name far
ip link add ens5 type veth peer name far5
ip link add ens6 type veth peer name far6
ip link add br0 type bridge
ip link set ens4 master br0
for name in lo br0 ens4 ens5 far far5; do ip link set $name up; done
ip addr add 192.0.2.66/28 dev ens5
ip addr add 192.0.2.82/28 dev br0
ip -6 addr add 2001:db8:5::10/64 dev ens5 nodad
ip -6 addr add 2001:db8::10/64 dev br0 nodad
ip addr add 198.51.100.9/32 dev br0
ip addr add 203.0.113.7/24 dev br0 noprefixroute
ip route add 203.0.113.0/24 dev br0 table 100
ip route add default via 203.0.113.1 dev br0 table 100 onlink
ip addr add 198.51.100.66/26 dev ens6
ip -6 addr add 2001:db8:6::10/64 dev ens6 nodad
ip route add default nexthop via 192.0.2.65 dev ens5 nexthop via 192.0.2.81 dev br0
ip route add blackhole 198.18.0.0/15
ip nexthop add id 1 via 2001:db8:5::1 dev ens5
ip nexthop add id 2 via 2001:db8::1 dev br0
ip nexthop add id 3 group 1/2
ip -6 route add default nhid 3
ip -6 route add unreachable 2001:db8:a::/48
"""
READ = """
import json, subprocess, sys
sys.path.insert(0, {project!r})
import conftest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._live_links import add_uses
def run(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    return done.returncode, done.stdout, done.stderr
host = {{"nics": [{{"names": [name], "uses": []}} for name in ("ens4", "ens5", "ens6", "far6")]}}
add_uses(host, "/", run)
print(json.dumps([[use["detail"] for use in nic["uses"]] for nic in host["nics"]]))
"""


LINK_LOCAL = """
set -e
mount -t sysfs sysfs /sys
ip link add ens4 type veth peer name far
for name in lo ens4 far; do ip link set $name up; done
ip -6 addr add fe80::4/64 dev ens4 nodad
"""
CONNECT = """
import socket
listening, calling = (socket.socket(socket.AF_INET6) for _number in range(2))
listening.bind(("fe80::4", 0, 0, socket.if_nametoindex("ens4")))
listening.listen(1)
calling.connect(listening.getsockname())
"""
ALONE = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"),
    reason="a network namespace of its own needs root, iproute2 and util-linux",
)


def read_inside(tmp_path, setup, program):
    """What the program prints as JSON in a private network namespace after *setup*."""
    script = tmp_path / "read.py"
    script.write_text(program)
    argv = ["unshare", "--net", "--mount", "sh", "-c", "{0}\nexec {1} {2}\n".format(setup, sys.executable, script)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, check=False)
    missing = ("Unknown device type", "Operation not permitted", '"nexthop" is unknown')
    if any(words in done.stderr for words in missing):
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@ALONE
def test_a_link_local_address_counts_while_somebody_is_connected_to_it(tmp_path):
    read = READ.format(project=PROJECT)
    assert read_inside(tmp_path, LINK_LOCAL, read)[0] == []
    assert read_inside(tmp_path, LINK_LOCAL, CONNECT + read)[0] == ["fe80::4/64 on ens4"]


@ALONE
def test_the_tables_of_a_real_kernel(tmp_path):
    """What the files do not show: legs, groups, tables, addresses without a route, a device that is down."""
    assert read_inside(tmp_path, SETUP, READ.format(project=PROJECT)) == [
        [
            "br0 on ens4",
            "192.0.2.82/28 on br0",
            "2001:db8::10/64 on br0",
            "198.51.100.9/32 on br0",
            "203.0.113.7/24 on br0",
            "default via 203.0.113.1 on br0",
            "default via 192.0.2.81 on br0",
            "default via 2001:db8::1 on br0",
        ],
        [
            "192.0.2.66/28 on ens5",
            "default via 192.0.2.65 on ens5",
            "2001:db8:5::10/64 on ens5",
            "default via 2001:db8:5::1 on ens5",
        ],
        ["2001:db8:6::10/64 on ens6", "198.51.100.66/26 on ens6"],
        [],
    ]
