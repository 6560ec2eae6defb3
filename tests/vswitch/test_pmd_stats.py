"""pmd_stats_info on real PMD threads: a pretended NUMA machine, and real DPDK under full load."""

import signal
import time

import pytest

FLOW = (
    "in_port({0}),eth(src=50:54:00:00:00:09,dst=50:54:00:00:00:0a),eth_type(0x0800),"
    "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=1,dst=2)"
)


@pytest.fixture
def stats(run_module):
    """stats(switch, interval=0) -> result of the module."""
    return lambda switch, **options: run_module("pmd_stats_info", dict({"ovs_rundir": switch.rundir}, **options))


@pytest.fixture
def two_nodes(switch):
    """One PMD thread on each node, p0 on node 1 with three queues, p1 on node 0 with one of two queues pinned."""
    made = switch("0,0,0,0,1,1,1,1")
    made.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x22")
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy")
    add = ["add-port", "br0"]
    made.vsctl(
        *(add + ["p0", "--", "set", "Interface", "p0", "type=dummy-pmd", "options:n_rxq=3", "options:numa_id=1"])
    )
    made.vsctl(*(add + ["p 1", "--", "set", "Interface", "p 1", "type=dummy-pmd", "options:n_rxq=2"]))
    made.vsctl("set", "Interface", "p 1", "other_config:pmd-rxq-affinity=0:1")
    return made


@pytest.fixture
def receive(wait_for):
    """receive(switch, port, number, count): send *count* packets into *port* and wait until they were counted."""

    def run(switch, port, number, count):
        before = total(switch)
        for _each in range(count):
            switch.appctl("netdev-dummy/receive", port, FLOW.format(number), "--len", "1000")
        wait_for(lambda: total(switch) >= before + count, "the counting of all packets")

    return run


def total(switch):
    text = switch.appctl("dpif-netdev/pmd-stats-show")
    return sum(int(line.split(":")[1]) for line in text.splitlines() if line.startswith("  packets received"))


def test_threads_queues_and_exact_counts(two_nodes, stats, receive):
    receive(two_nodes, "p0", 1, 3)
    result = stats(two_nodes)
    assert not result["failed"]
    assert (result["unparsed"], result["restarted"], result["interval_seconds"]) == ([], False, 0)
    rows = {row["core_id"]: row for row in result["pmds"]}
    assert {core: (row["numa_id"], row["isolated"]) for core, row in rows.items()} == {1: (0, True), 5: (1, False)}
    assert [(rxq["port"], rxq["queue_id"]) for rxq in rows[1]["rxqs"]] == [("p 1", 0)]
    assert sorted((rxq["port"], rxq["queue_id"]) for rxq in rows[5]["rxqs"]) == [
        ("p 1", 1),
        ("p0", 0),
        ("p0", 1),
        ("p0", 2),
    ]
    counts = rows[5]
    assert (counts["packets"], counts["rx_packets"], counts["upcalls_lost"]) == (3, 3, 0)
    assert counts["emc_hits"] + counts["smc_hits"] + counts["megaflow_hits"] + counts["upcalls"] == 3
    assert rows[1]["packets"] == 0
    assert rows[1]["cycles_per_packet"] is None


def test_usage_is_null_while_the_switch_does_not_know_it(two_nodes, stats):
    usage = [rxq["usage_percent"] for row in stats(two_nodes)["pmds"] for rxq in row["rxqs"]]
    assert usage == [None] * 5


def test_two_samples_are_a_difference(two_nodes, stats, receive):
    receive(two_nodes, "p0", 1, 5)
    started = time.monotonic()
    result = stats(two_nodes, interval=0.5)
    assert 0.5 <= result["interval_seconds"] <= time.monotonic() - started
    rows = {row["core_id"]: row for row in result["pmds"]}
    assert (rows[5]["packets"], rows[5]["upcalls"]) == (0, 0)
    assert rows[5]["idle_cycles"] > 0
    assert rows[5]["busy_percent"] == 0


def test_ports_that_threads_poll_are_listed_with_their_counters(two_nodes, stats):
    rows = {row["port"]: row for row in stats(two_nodes)["ports"]}
    assert sorted(rows) == ["p 1", "p0"]
    assert (rows["p0"]["numa_id"], rows["p 1"]["numa_id"], rows["p0"]["link_state"]) == (1, 0, "up")
    assert {"rx_packets", "tx_packets"} <= set(rows["p0"]["statistics"])


def test_no_threads_without_ports_for_them(switch, stats):
    result = stats(switch("0,1"))
    assert (result["pmds"], result["ports"]) == ([], [])


@pytest.mark.parametrize(
    "numa, mask",
    [("0,0,1,1,2,2,3,3", "0x55"), ("0", "0x1"), (",".join(str(cpu // 32) for cpu in range(256)), "0x1" + "0" * 50)],
    ids=["four-nodes", "one-cpu", "cpu-200-of-256"],
)
def test_masks_become_threads_of_those_cpus(switch, stats, numa, mask):
    made = switch(numa)
    made.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=" + mask)
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy")
    made.vsctl("add-port", "br0", "p0", "--", "set", "Interface", "p0", "type=dummy-pmd")
    cpus = [cpu for cpu in range(256) if int(mask, 16) >> cpu & 1]
    nodes = numa.split(",")
    assert [(row["core_id"], row["numa_id"]) for row in stats(made)["pmds"]] == [(cpu, int(nodes[cpu])) for cpu in cpus]


def test_a_daemon_that_is_gone(two_nodes, stats):
    two_nodes.daemon.stop()
    result = stats(two_nodes)
    assert result["failed"]
    assert "the switch does not answer" in result["msg"]
    assert "ovs_rundir" in result["msg"]


def test_a_daemon_that_hangs_costs_seconds_and_is_named(two_nodes, stats):
    two_nodes.daemon.signal(signal.SIGSTOP)
    result = stats(two_nodes)
    two_nodes.daemon.signal(signal.SIGCONT)
    assert result["failed"]
    assert "within 10 s" in result["msg"]


def test_a_directory_without_a_switch(stats, switch, tmp_path):
    made = switch("0")
    made.rundir, real = str(tmp_path), made.rundir
    result = stats(made)
    made.rundir = real
    assert result["failed"]
    assert str(tmp_path) in result["msg"]


def test_a_restart_between_the_samples_is_recognised(two_nodes, stats, monkeypatch):
    from ansible_collections.nfv.ovs_dpdk.plugins.modules import pmd_stats_info

    read, lives = pmd_stats_info.read, []

    def read_another_life(switch, window):
        if lives:
            two_nodes.restart()
        lives.append(two_nodes.pid)
        return read(switch, window)

    monkeypatch.setattr(pmd_stats_info, "read", read_another_life)
    result = stats(two_nodes, interval=0.1)
    assert result["restarted"]
    assert {row["packets"] for row in result["pmds"]} == {None}
    assert {row["busy_percent"] for row in result["pmds"]} == {None}
    assert [len(row["rxqs"]) for row in result["pmds"]] == [1, 4]


@pytest.mark.parametrize("interval", [-1, 3601])
def test_an_interval_that_is_none_is_refused(stats, switch, interval):
    assert "interval" in stats(switch("0"), interval=interval)["msg"]


def test_a_thread_under_full_load(dpdk_switch, stats):
    flooded = dpdk_switch()
    flooded.vsctl(
        "--no-wait",
        "set",
        "Open_vSwitch",
        ".",
        "other_config:dpdk-init=try",
        'other_config:dpdk-extra="--no-huge --legacy-mem -m 1100 --no-pci --no-shconf"',
        "other_config:pmd-cpu-mask=0x2",
    )
    flooded.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    for name, devargs in (("flood", "net_null0"), ("sink", "net_null1,no-rx=1")):
        flooded.vsctl(
            "add-port", "br0", name, "--", "set", "Interface", name, "type=dpdk", "options:dpdk-devargs=" + devargs
        )
    flooded.command("ovs-ofctl", "del-flows", "br0")
    flooded.command("ovs-ofctl", "add-flow", "br0", "in_port=flood,actions=output:sink")
    result = stats(flooded, interval=6)
    (row,) = result["pmds"]
    assert result["unparsed"] == []
    assert row["busy_percent"] > 90
    assert row["packets"] > 10**5
    # A thread reads its counters while it counts: at most a few batches are under way.
    hits = sum(row[kind] for kind in ("emc_hits", "smc_hits", "megaflow_hits", "upcalls", "upcalls_lost"))
    assert abs(row["packets"] + row["recirculations"] - hits) <= 64
    assert row["cycles_per_packet"] == pytest.approx(row["processing_cycles"] / row["packets"], abs=0.01)
    assert row["sleep_percent"] == 0
    ports = {each["port"]: each["statistics"] for each in result["ports"]}
    assert ports["flood"]["rx_packets"] > 0
    assert ports["sink"]["ovs_tx_failure_drops"] == 0
