"""host_verify_info on real switches: each fault is made for real, and named by its check."""

import copy
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), os.pardir, "unit"))
from evidence import PLAN

# The pretended machine has other CPUs than this one, and threads are not pinned on it.
OF_THE_SWITCH = ("switch", "pmd", "ports", "log")
NOT_PRETENDED = ("pmd.pinned", "pmd.preempted")


@pytest.fixture
def verify(run_module):
    """verify(switch, interval=0, …) -> {id: [row, …]} of the checks of the switch."""

    def judge(switch, flush=True, **options):
        if flush:
            switch.appctl("vlog/reopen")  # the daemon writes its log in the background
        result = run_module("host_verify_info", dict({"ovs_rundir": switch.rundir, "interval": 0}, **options))
        assert not result["failed"], result.get("msg")
        rows = {}
        for row in result["checks"]:
            rows.setdefault(row["id"], []).append(row)
        counted = sum(len(group) for group in rows.values())
        assert sum(result["summary"].values()) == counted
        return rows

    return judge


def complaints(rows):
    """(id, status, subject) of what fails or warns about the switch."""
    return [
        (row["id"], row["status"], row["subject"])
        for group in rows.values()
        for row in group
        if row["status"] in ("fail", "warn") and row["area"] in OF_THE_SWITCH and row["id"] not in NOT_PRETENDED
    ]


def only(rows, check):
    (row,) = rows[check]
    return row


def add(switch, name, *settings):
    """A port; one that fails is no error of ovs-vsctl's."""
    switch.command("ovs-vsctl", "--timeout=30", "add-port", "br0", name, "--", "set", "Interface", name, *settings)


@pytest.fixture
def two_nodes(switch):
    """Two NUMA nodes with a PMD thread each, and a port with two queues on each."""
    made = switch("0,0,0,0,1,1,1,1")
    made.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x22")
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy")
    for node in (0, 1):
        add(made, "p{0}".format(node), "type=dummy-pmd", "options:n_rxq=2", "options:numa_id={0}".format(node))
    return made


def plan(**changes):
    """A plan for the pretended machine."""
    made = dict(copy.deepcopy(PLAN), devices=[], dpdk_drivers=[], other_config={"pmd-cpu-mask": "0x22"})
    made["cpus"]["pmd"] = "1,5"
    made.update(changes)
    return made


def test_nothing_is_wrong_with_a_good_switch(two_nodes, verify):
    rows = verify(two_nodes)
    assert complaints(rows) == []
    assert only(rows, "pmd.queues_polled")["found"] == "4 queues, all polled"
    assert only(rows, "pmd.threads")["found"] == "threads on CPUs 1,5"
    assert only(rows, "switch.daemon")["status"] == "pass"


def test_growth_is_judged_between_two_samples(two_nodes, verify):
    rows = verify(two_nodes, interval=0.5)
    assert complaints(rows) == []
    assert {only(rows, check)["status"] for check in ("pmd.overload", "pmd.upcalls_lost")} == {"pass"}
    assert {only(rows, check)["status"] for check in ("pmd.hit_rate", "ports.drops_growing")} == {"skip"}


@pytest.mark.parametrize("mask, cpus", [("0x22", "1,5"), ("0x66", "1-2,5-6")])
def test_the_plan_is_compared_with_threads_that_run(two_nodes, verify, mask, cpus):
    two_nodes.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=" + mask)
    rows = verify(two_nodes, plan=plan(other_config={}))
    fine = cpus == "1,5"
    assert (only(rows, "pmd.threads")["status"], only(rows, "pmd.threads")["found"]) == (
        "pass" if fine else "fail",
        "threads on CPUs " + cpus,
    )


def test_a_plan_that_the_database_does_not_follow(two_nodes, verify):
    wanted = {"pmd-cpu-mask": "22", "dpdk-init": "try"}
    rows = verify(two_nodes, plan=plan(other_config=wanted))
    assert [row["subject"] for row in rows["switch.keys"]] == ["other_config:dpdk-init"]


def test_a_queue_that_nobody_polls(two_nodes, verify):
    for port, core in (("p0", 1), ("p1", 5)):
        two_nodes.vsctl("set", "Interface", port, "other_config:pmd-rxq-affinity=0:{0},1:{0}".format(core))
    add(two_nodes, "late", "type=dummy-pmd")
    assert two_nodes.column("Interface", "late", "error") == []
    rows = verify(two_nodes)
    assert ("pmd.queues_polled", "fail", "late") in complaints(rows)
    assert "This rx queue will not be polled" in only(rows, "pmd.queues_polled")["found"]
    # Both nodes have lost their last free thread.
    assert {row[0] for row in complaints(rows)} == {"pmd.queues_polled", "pmd.numa_coverage"}


def test_a_node_without_a_thread(two_nodes, verify):
    two_nodes.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x2")
    assert complaints(verify(two_nodes)) == [("pmd.numa_coverage", "fail", "node 1")]


def test_a_queue_pinned_to_the_wrong_node(two_nodes, verify):
    two_nodes.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x66")
    two_nodes.vsctl("set", "Interface", "p0", "other_config:pmd-rxq-affinity=1:6")
    assert complaints(verify(two_nodes)) == [("pmd.cross_numa", "warn", "p0 queue 1")]


def test_a_pin_to_a_core_without_thread(two_nodes, verify):
    two_nodes.vsctl("set", "Interface", "p0", "other_config:pmd-rxq-affinity=1:3")
    rows = verify(two_nodes)
    assert complaints(rows) == [("pmd.affinity", "warn", "p0 queue 1")]
    assert "cannot be pinned" in only(rows, "pmd.affinity")["found"]


def test_a_port_with_an_error(two_nodes, verify):
    add(two_nodes, "bad", "type=dpdk", "options:dpdk-devargs=0000:05:00.0")
    rows = verify(two_nodes)
    assert complaints(rows) == [("ports.error", "fail", "bad")]
    assert "of unknown type dpdk" in only(rows, "ports.error")["found"]


@pytest.mark.parametrize(
    "key, value, check",
    [
        ("pmd-rxq-asign", "group", "switch.unknown_keys"),
        ("pmd-auto-lb", "yes", "switch.values"),
        ("pmd-sleep-max", "10", "switch.unknown_keys"),
    ],
)
def test_keys_and_values_that_the_switch_ignores(two_nodes, verify, key, value, check):
    version = two_nodes.appctl("version").split()[-1]
    if key == "pmd-sleep-max" and not version.startswith("3.1"):
        pytest.skip("Open vSwitch {0} knows the key".format(version))
    two_nodes.vsctl("set", "Open_vSwitch", ".", "other_config:{0}={1}".format(key, value))
    found = complaints(verify(two_nodes))
    assert [(row[0], row[2]) for row in found] == [(check, "other_config:" + key)]


def test_a_mask_with_a_comma_makes_threads_of_other_cpus(two_nodes, verify):
    two_nodes.vsctl("set", "Open_vSwitch", ".", 'other_config:pmd-cpu-mask="2,2"')
    rows = verify(two_nodes)
    assert "comma" in only(rows, "switch.values")["found"]
    assert two_nodes.appctl("dpif-netdev/pmd-rxq-show").count("core_id") == 1


def test_a_mask_of_cpus_that_do_not_exist(two_nodes, verify):
    two_nodes.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0xf00")
    assert ("pmd.threads", "fail", None) in complaints(verify(two_nodes))


@pytest.mark.parametrize("how", ["stopped", "hung", "database", "elsewhere"])
def test_a_switch_that_does_not_answer_is_one_failure_in_bounded_time(two_nodes, verify, tmp_path, how):
    options = {}
    if how == "stopped":
        two_nodes.daemon.stop()
    elif how == "hung":
        two_nodes.daemon.signal(signal.SIGSTOP)
    elif how == "database":
        two_nodes.database.stop()
    else:
        options["ovs_rundir"] = str(tmp_path)
    rows = verify(two_nodes, flush=False, **options)
    two_nodes.daemon.signal(signal.SIGCONT)
    assert complaints(rows) == [("switch.daemon", "fail", None)]
    assert {row["status"] for row in rows["pmd.threads"] + rows["ports.error"] + rows["log.findings"]} == {"skip"}


def test_a_limit_that_does_not_exist_is_refused(run_module):
    result = run_module("host_verify_info", {"limits": {"overlaod_percent": 80}})
    assert result["failed"]
    assert "overload_percent" in result["msg"]


# -- real DPDK ------------------------------------------------------------------------------------------------------


def start_dpdk(made, **config):
    """Switch DPDK on with other_config keys (_ for -)."""
    keys = {key.replace("_", "-"): value for key, value in config.items()}
    keys.setdefault("dpdk-extra", made.dpdk_extra)
    made.vsctl(
        "set",
        "Open_vSwitch",
        ".",
        *['other_config:{0}="{1}"'.format(key, value) for key, value in sorted(keys.items())],
    )
    made.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=try")


def test_dpdk_that_cannot_start_is_named_with_the_line_of_the_log(dpdk_switch, verify):
    made = dpdk_switch()
    start_dpdk(made, dpdk_extra="--no-huge")
    forget_key_of_other_versions(made)
    rows = verify(made)
    assert complaints(rows) == [("switch.dpdk_initialized", "fail", None)]
    assert "--legacy-mem is not compatible with --in-memory" in only(rows, "switch.dpdk_initialized")["found"]


def forget_key_of_other_versions(made):
    """The fixture sets both names of the key that lets threads sleep."""
    old = made.appctl("version").split()[-1].startswith("3.1")
    made.vsctl("remove", "Open_vSwitch", ".", "other_config", "pmd-sleep-max" if old else "pmd-maxsleep")


@pytest.fixture
def with_dpdk(dpdk_switch):
    """DPDK is up with memory for one shared pool; one PMD thread on CPU 1; a bridge without ports."""
    made = dpdk_switch()
    start_dpdk(made, dpdk_extra=made.dpdk_extra.replace("-m 1024", "-m 1600"), pmd_cpu_mask="0x2")
    forget_key_of_other_versions(made)
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    return made


def test_what_waits_for_a_restart(with_dpdk, verify):
    assert only(verify(with_dpdk), "switch.restart_pending")["status"] == "pass"
    with_dpdk.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-socket-mem=64")
    rows = verify(with_dpdk)
    assert complaints(rows) == [("switch.restart_pending", "warn", None)]
    assert "dpdk-socket-mem is '64'" in only(rows, "switch.restart_pending")["found"]


def test_faults_of_ports_and_memory(with_dpdk, verify):
    add(with_dpdk, "good", "type=dpdk", "options:dpdk-devargs=net_null0,no-rx=1")
    # A pool for another MTU has to do with what is left of the memory.
    add(with_dpdk, "large", "type=dpdk", "options:dpdk-devargs=net_null1,no-rx=1", "mtu_request=3000")
    add(with_dpdk, "typo", "type=dpdk", "options:dpdk-devargs=0000:05:00.0")
    add(with_dpdk, "twice", "type=dpdk", "options:dpdk-devargs=net_null0,no-rx=1")
    add(with_dpdk, "guest", "type=dpdkvhostuserclient", "options:vhost-server-path=/nowhere/guest")
    rows = verify(with_dpdk)
    assert complaints(rows) == [
        ("ports.error", "fail", "twice"),
        ("ports.error", "fail", "typo"),
        ("ports.vhost_directory", "fail", "guest"),
    ]
    reasons = {row["subject"]: row["found"] for row in rows["ports.error"]}
    assert "Cannot find device (0000:05:00.0)" in reasons["typo"]
    assert "already in use by 'good'" in reasons["twice"]
    (pool,) = rows["memory.mempools"]
    assert (pool["status"], pool["subject"]) == ("fail", "node 0, MTU up to 3182")
    assert only(rows, "pmd.pinned")["status"] == "pass"
    assert only(rows, "ports.link")["status"] == "pass"


def test_a_thread_under_full_load_is_overloaded(with_dpdk, verify):
    add(with_dpdk, "flood", "type=dpdk", "options:dpdk-devargs=net_null0")
    add(with_dpdk, "sink", "type=dpdk", "options:dpdk-devargs=net_null1,no-rx=1")
    with_dpdk.command("ovs-ofctl", "del-flows", "br0")
    with_dpdk.command("ovs-ofctl", "add-flow", "br0", "in_port=flood,actions=output:sink")
    rows = verify(with_dpdk, interval=2)
    found = complaints(rows)
    assert ("pmd.overload", "warn", "CPU 1, node 0") in found
    # The flood began before there was a flow for it.
    assert {row[0] for row in found} <= {"pmd.overload", "pmd.upcalls_lost", "switch.drops_growing"}
