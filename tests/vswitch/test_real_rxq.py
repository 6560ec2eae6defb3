"""Placements of rx queues against real switches under loads that they measured themselves.

Packets go into chosen queues of dummy ports, and each is copied out hundreds of times, so that queues differ in load.
When a switch places its queues it logs the cycles that it measured for each: these are what is computed from here. It
forgets them as it moves the queues, so many NUMA nodes are loaded at once, each of them a placement of its own.
"""

import collections
import itertools
import json
import os
import random
import re

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _rxq_ovs
from rxq_load import Loaded

ABSENT = 1  # of each node: no thread runs there
LOGGED = re.compile(
    r"Core +(?P<core>\d+) on numa node \d+ (?:is pinned with|assigned) port '(?P<port>[^']+)' rx queue +(?P<queue>\d+)"
    r"(?: \(measured processing cycles (?P<cycles>\d+)\))?"
)

Node = collections.namedtuple("Node", "ports cores")


class Machine:
    """Many NUMA nodes of eight CPUs, each with one or two ports and a few threads."""

    def __init__(self, switch, count, seed):
        self.rng = random.Random(seed)
        self.nodes = []
        for node in range(count):
            ports = {
                "p{0}{1}".format(node, letter): self.rng.randint(2, 5) for letter in "ab"[: self.rng.randint(1, 2)]
            }
            cores = sorted(node * 8 + core for core in self.rng.sample([0] + list(range(2, 8)), self.rng.randint(2, 4)))
            self.nodes.append(Node(ports, cores))
        numa = ",".join(str(cpu // 8) for cpu in range(8 * count))
        ports = {port: (node, queues) for node, row in enumerate(self.nodes) for port, queues in row.ports.items()}
        self.loaded = Loaded(switch(numa), ports, self.cores)
        self.loaded.configure("roundrobin")
        self.log = open(self.loaded.switch.log)  # noqa: SIM115  ends with the test

    @property
    def cores(self):
        return [core for row in self.nodes for core in row.cores]

    @property
    def queues(self):
        return [(port, queue) for row in self.nodes for port, count in row.ports.items() for queue in range(count)]

    def pins(self):
        """For each node none or some pins, one of them perhaps to a core without a thread; one thread stays free."""
        pins = {}
        for node, row in enumerate(self.nodes):
            for port, count in row.ports.items():
                for queue in self.rng.sample(range(count), self.rng.choice([0, 0, 1, 2])):
                    pins.setdefault(port, {})[queue] = self.rng.choice(row.cores[1:] + [node * 8 + ABSENT])
        return pins

    def place(self, wait_for, algorithm, pins, isolate, loaded):
        """{(port, queue): (core, cycles)}: load all queues, then let the switch place them, and read what it says."""
        if loaded:
            self.loaded.send({queue: int(40 ** self.rng.random()) for queue in self.queues}, wait_for)
            self.loaded.know(wait_for)
        self.log.read()
        self.loaded.configure(algorithm, pins, isolate)
        found = {}

        def logged():
            for match in filter(None, map(LOGGED.search, self.log.readlines())):
                cycles = int(match.group("cycles") or 0)
                found[match.group("port"), int(match.group("queue"))] = int(match.group("core")), cycles
            return set(found) == set(self.queues)

        wait_for(logged, "the log of the placement")
        assert {queue: core for queue, (core, _cycles) in found.items()} == self.loaded.placement()
        return found


def foreseen(row, node, algorithm, pins, isolate, cycles, ports):
    """What the rules make of one node; *ports* in the order in which roundrobin takes them."""
    pinned = {core for port in row.ports for core in pins.get(port, {}).values()}
    queues = [
        {
            "port": port,
            "queue_id": queue,
            "numa_id": node,
            "load": cycles[port, queue],
            "pinned_core": pins.get(port, {}).get(queue),
        }
        for port in ports
        for queue in range(row.ports[port])
    ]
    pmds = [{"core_id": core, "numa_id": node, "isolated": isolate and core in pinned} for core in row.cores]
    cores = _rxq_ovs.schedule(algorithm, queues, pmds)
    return {(queue["port"], queue["queue_id"]): core for queue, core in zip(queues, cores)}


def agreeing(machine, found, algorithm, pins, isolate):
    """How many nodes are as foreseen; roundrobin takes the ports in the order of a hash table, which is not known."""
    cycles = {queue: count for queue, (_core, count) in found.items()}
    for node, row in enumerate(machine.nodes):
        orders = itertools.permutations(row.ports) if algorithm == _rxq_ovs.ROUNDROBIN else [tuple(row.ports)]
        real = {queue: core for queue, (core, _cycles) in found.items() if queue[0] in row.ports}
        said = [foreseen(row, node, algorithm, pins, isolate, cycles, ports) for ports in orders]
        assert real in said, (row, algorithm, pins, isolate, cycles)
    return len(machine.nodes)


def test_placements_are_those_of_the_switch(switch, wait_for):
    machine = Machine(switch, 28, seed=4)
    agreed = {}
    for algorithm in (_rxq_ovs.CYCLES, _rxq_ovs.GROUP, _rxq_ovs.ROUNDROBIN):
        pins, isolate, loaded = machine.pins(), algorithm != _rxq_ovs.GROUP, algorithm != _rxq_ovs.ROUNDROBIN
        found = machine.place(wait_for, algorithm, pins, isolate, loaded)
        cycles = [count for _core, count in found.values()]
        if loaded:
            assert min(cycles) > 0
            assert len(set(cycles)) == len(cycles)
        agreed[algorithm] = agreeing(machine, found, algorithm, pins, isolate)
    assert agreed == dict.fromkeys(_rxq_ovs.ALGORITHMS, 28)


@pytest.mark.parametrize("algorithm", _rxq_ovs.ALGORITHMS)
def test_queues_without_a_thread_at_home(switch, algorithm):
    """They go to the other node that has threads; here there is one only."""
    loaded = Loaded(switch("0,0,0,0,1,1,1,1"), {"p0": (1, 5), "p1": (0, 2)}, [1, 2, 3])
    loaded.configure(algorithm)
    queues = [
        {"port": port, "queue_id": queue, "numa_id": node, "load": 0, "pinned_core": None}
        for port, (node, count) in loaded.ports.items()
        for queue in range(count)
    ]
    pmds = [{"core_id": core, "numa_id": 0, "isolated": False} for core in (1, 2, 3)]
    said = []
    for order in (queues, queues[5:] + queues[:5]):
        cores = _rxq_ovs.schedule(algorithm, order, pmds)
        said.append({(queue["port"], queue["queue_id"]): core for queue, core in zip(order, cores)})
    assert loaded.placement() in (said if algorithm == _rxq_ovs.ROUNDROBIN else said[:1])


# --- pins -----------------------------------------------------------------------------------------------------------

POLLERS = [1, 2, 5, 6]  # two threads on each of two nodes
ALL_PINNED = [
    {"port": "p0", "queue_id": 0, "core_id": 1},
    {"port": "p0", "queue_id": 2, "core_id": 2},
    {"port": "p1", "queue_id": 0, "core_id": 5},
    {"port": "p1", "queue_id": 1, "core_id": 6},
]


@pytest.fixture
def idle(switch):
    return Loaded(switch("0,0,0,0,1,1,1,1"), {"p0": (0, 4), "p1": (1, 2)}, POLLERS)


def test_ports_that_come_after_pins_are_polled(idle, converge):
    before = idle.switch.configuration()
    result = converge(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED})
    assert result["pins"] == ALL_PINNED
    real = idle.placement()
    assert [real[pin["port"], pin["queue_id"]] for pin in ALL_PINNED] == [pin["core_id"] for pin in ALL_PINNED]
    for name, node in (("late0", 0), ("late1", 1)):
        idle.add(name, node, 2)
    real = idle.placement()
    assert {real["late0", 0], real["late0", 1]} == {1, 2}
    assert {real["late1", 0], real["late1", 1]} == {5, 6}
    for name in ("late0", "late1"):
        idle.switch.vsctl("del-port", name)
    converge(idle.switch, "pmd_rxq_pin", {"state": "absent"})
    assert idle.switch.configuration() == before


def test_pins_and_keys_are_one_transaction(idle, on):
    with open(idle.switch.path("conf.db")) as handle:
        handle.seek(0, os.SEEK_END)
        on(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED})
        records = [json.loads(line) for line in handle if line.startswith("{")]
    ours = [record for record in records if "other_config" in json.dumps(record)]
    assert len(ours) == 1
    assert {"Open_vSwitch", "Interface"} <= set(ours[0])


def test_other_pins_take_the_place_of_earlier_ones(idle, converge):
    before = idle.switch.configuration()
    converge(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED})
    result = converge(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED[:1], "other_config": {}})
    assert result["pins"] == ALL_PINNED[:1]
    assert idle.switch.column("Interface", "p1", "other_config") == {}
    converge(idle.switch, "pmd_rxq_pin", {"other_config": {"pmd-auto-lb": True}})
    assert idle.switch.column("Interface", "p0", "other_config") == {}
    config = idle.switch.column("Open_vSwitch", ".", "other_config")
    assert (config["pmd-auto-lb"], "pmd-rxq-assign" in config, "pmd-rxq-isolate" in config) == ("true", False, False)
    converge(idle.switch, "pmd_rxq_pin", {"state": "absent"})
    assert idle.switch.configuration() == before


def test_pins_of_others_stay(idle, converge, on):
    affinity = "other_config:pmd-rxq-affinity"
    root = ["set", "Open_vSwitch", ".", "other_config:pmd-rxq-assign=group", "other_config:pmd-rxq-isolate=false"]
    idle.switch.vsctl(*(root + ["--", "set", "Interface", "p0", affinity + "=1:2"]))
    before = idle.switch.configuration()
    converge(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED[:2]})
    assert idle.switch.column("Interface", "p0", "other_config") == {"pmd-rxq-affinity": "0:1,1:2,2:2"}
    result = on(idle.switch, "pmd_rxq_pin", {"pins": [{"port": "p0", "queue_id": 1, "core_id": 1}]})
    assert "the queue is pinned by somebody else (port p0 queue 1): found 1:2" in result["msg"]
    converge(idle.switch, "pmd_rxq_pin", {"state": "absent"})
    assert idle.switch.configuration() == before


def test_what_somebody_changed_after_us_is_left_alone(idle, on):
    on(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED})
    idle.switch.vsctl("set", "Interface", "p0", "other_config:pmd-rxq-affinity=3:1")
    result = on(idle.switch, "pmd_rxq_pin", {"state": "absent"})
    assert "Interface p0 other_config:pmd-rxq-affinity was changed by somebody else" in result["warnings"]
    assert idle.switch.column("Interface", "p0", "other_config") == {"pmd-rxq-affinity": "3:1"}
    assert idle.switch.column("Interface", "p0", "external_ids") == {}
    assert idle.switch.column("Interface", "p1", "other_config") == {}


def test_other_modules_leave_pins_alone(idle, converge, on):
    interface = {"name": "p2", "type": "dummy-pmd", "options": {"n_rxq": 2}}
    bridge = {"bridge": "br1", "datapath_type": "dummy", "ports": [{"name": "p2", "interfaces": [interface]}]}
    config = {"other_config": {"max-idle": 9000}}
    for name, arguments in (("vswitch_bridge", bridge), ("vswitch_config", config)):
        converge(idle.switch, name, arguments)
    before = idle.switch.configuration()
    converge(idle.switch, "pmd_rxq_pin", {"pins": [{"port": "p2", "queue_id": 1, "core_id": 2}]})
    for name, arguments in (("vswitch_bridge", bridge), ("vswitch_config", config)):
        assert not on(idle.switch, name, arguments)["changed"]
    converge(idle.switch, "pmd_rxq_pin", {"state": "absent"})
    assert idle.switch.configuration() == before


REFUSALS = [
    ("p0", 0, 3, "there is no PMD thread on this core (port p0 queue 0): found 3, expected one of 1, 2, 5, 6"),
    ("p0", 4, 1, "there is no such queue (port p0 queue 4): found 4, expected 0 to 3"),
    ("nobody", 0, 1, "there is no such interface (pins): found nobody"),
    ("p1", 0, 5, "the interface is managed by others (port p1): found an instance (vm-uuid=6f0c)"),
]


@pytest.mark.parametrize("port, queue, core, words", REFUSALS, ids=[case[3].partition(" (")[0] for case in REFUSALS])
def test_refused_before_anything_is_changed(idle, on, port, queue, core, words):
    idle.switch.vsctl("set", "Interface", "p1", "external_ids:vm-uuid=6f0c")
    before = idle.switch.configuration()
    pins = [ALL_PINNED[1], {"port": port, "queue_id": queue, "core_id": core}]
    for check in (True, False):
        result = on(idle.switch, "pmd_rxq_pin", {"pins": pins}, check=check)
        assert result["failed"]
        assert result["msg"].startswith(words)
    assert idle.switch.configuration() == before


def test_opening_isolated_threads_of_others_is_refused(idle, on):
    idle.switch.vsctl("set", "Interface", "p0", "other_config:pmd-rxq-affinity=1:2")
    result = on(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED[2:]})
    assert "pmd-rxq-isolate=false would open their threads to all queues" in result["msg"]


def test_without_a_daemon_nothing_is_pinned_but_all_is_taken_back(idle, on, converge):
    before = idle.switch.configuration()
    on(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED})
    idle.switch.daemon.stop()
    assert "ovs-vswitchd does not answer" in on(idle.switch, "pmd_rxq_pin", {"pins": ALL_PINNED[:1]})["msg"]
    assert converge(idle.switch, "pmd_rxq_pin", {"state": "absent"})["version"] is None
    assert idle.switch.configuration() == before


@pytest.mark.dpdk
def test_real_dpdk_under_full_load(dpdk_switch, on, run_module):
    """Two ports that flood the only thread: no placement helps, another thread does."""
    flooded = dpdk_switch()
    keys = {"dpdk-init": "try", "dpdk-extra": flooded.dpdk_extra, "pmd-cpu-mask": "0x2"}
    on(flooded, "vswitch_config", {"other_config": keys})
    flooded.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=netdev", "fail_mode=secure")
    for name, devargs in (("flood0", "net_null0"), ("flood1", "net_null1")):
        interface = ["set", "Interface", name, "type=dpdk", "options:dpdk-devargs=" + devargs]
        flooded.vsctl("add-port", "br0", name, "--", *interface)
    result = run_module("pmd_rxq_plan_info", {"interval": 1, "ovs_rundir": flooded.rundir})
    assert not result["failed"], result["msg"]
    assert result["unparsed"] == []
    assert {(row["port"], row["numa_id"], row["core_id"]) for row in result["loads"]} == {
        ("flood0", 0, 1),
        ("flood1", 0, 1),
    }
    assert result["current"]["max_load"] > 80
    (advice,) = result["advice"]
    assert (advice["cure"], advice["subject"]) == ("pmd_core", "node 0")
    assert advice["max_load"] == max(row["load"] for row in result["loads"])
