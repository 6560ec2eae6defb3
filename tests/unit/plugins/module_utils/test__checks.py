"""Every check against a node on which exactly one thing is wrong: it names it, and no other check complains."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _checks, _evidence, _pmd_stats
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._log_patterns import QUOTED
from evidence import good, guest, pmd, port


def complaints(evidence):
    return [
        (row["id"], row["status"], row["subject"])
        for row in _checks.judge(evidence)
        if row["status"] in ("warn", "fail")
    ]


def row_of(evidence, check):
    return next(row for row in _checks.judge(evidence) if row["id"] == check)


def put(*path_and_value):
    """A mutation: put("host", "cmdline", "") sets evidence["host"]["cmdline"]."""
    path, value = path_and_value[:-1], path_and_value[-1]

    def mutate(evidence):
        for step in path[:-1]:
            evidence = evidence[step]
        evidence[path[-1]] = value

    return mutate


def both(*mutations):
    def mutate(evidence):
        for each in mutations:
            each(evidence)

    return mutate


def growth(core, **figures):
    """A mutation: what a PMD thread did between the samples."""

    def mutate(evidence):
        for row in evidence["growth"]["stats"]["pmds"]:
            if row["core_id"] == core:
                row.update(figures)

    return mutate


def interface(name, **columns):
    """A mutation: other columns for a port; dicts are merged."""

    def mutate(evidence):
        for row in evidence["interfaces"]:
            if row["name"] == name:
                for column, value in columns.items():
                    row[column] = dict(row[column], **value) if isinstance(value, dict) else value

    return mutate


def config(**keys):
    """A mutation: other_config keys, with _ for -; None removes."""

    def mutate(evidence):
        row = evidence["open_vswitch"]
        row["other_config"] = dict(row["other_config"])
        for name, value in keys.items():
            row["other_config"][name.replace("_", "-")] = value
            if value is None:
                del row["other_config"][name.replace("_", "-")]

    return mutate


def logged(name, check, subject, line, verdict=None):
    """A mutation: the log has a known line."""
    entry = {"id": name, "check": check, "subject": subject, "verdict": verdict, "count": 1, "meaning": "so it goes"}
    return lambda evidence: evidence["log"].append(dict(entry, line="2026-01-01T00:00:00Z|00017|" + line))


def isolated_by_tuned(evidence):
    """A mutation: TuneD isolates, and all is well."""
    boot = ["nohz_full=2-5,8-11", "rcu_nocbs=2-5,8-11"]
    evidence["plan"]["isolation"] = {"mechanism": "tuned", "nohz_full": "2-5,8-11"}
    evidence["host"]["cmdline"] += " rcu_nocbs=2-5,8-11"
    evidence["tuned"] = {"profile": "cpu-partitioning", "boot_tokens": boot, "differences": []}


def threads_of_node_1_only(evidence):
    """A mutation: the threads of node 0 are gone, those of node 1 poll its port."""
    del evidence["threads"][:2], evidence["stats"]["pmds"][:2], evidence["interfaces"][3]
    evidence["stats"]["pmds"][0]["rxqs"] += TWO_QUEUES


BUSY = {"busy_percent": 99.0, "sleep_percent": None, "packets": 10**6, "tx_packets": 10**6, "emc_hits": 10**6}
TWO_QUEUES = [{"port": "dpdk0", "queue_id": queue, "enabled": True, "usage_percent": 45} for queue in (0, 1)]


def busy(**figures):
    """What a thread at its limit shows, with other *figures*."""
    shown = BUSY.copy()
    shown.update(figures)
    return shown


# The plan is right, the world is wrong.
PLAN_LINE = good()["plan"]["kernel_args_tokens"]
MARK = " tuned.non_isolcpus=000000c3"

WORLD = [
    ("boot.kernel_args", "fail", None, put("host", "cmdline", "ro quiet")),
    ("boot.reboot_pending", "warn", None, put("kernel", "restart_wanted", True)),
    ("boot.next_boot", "fail", "Debian GNU/Linux", lambda e: e["menu"][0]["tokens"].remove("iommu=pt")),
    ("cpus.online", "fail", None, put("host", "cpus", "online", [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11])),
    ("cpus.isolated", "fail", None, put("host", "cpus", "isolated", [2, 3, 4, 5, 8, 9, 10])),
    ("cpus.nohz_full", "fail", None, put("host", "cpus", "nohz_full", [])),
    ("cpus.siblings", "warn", "CPU 3", lambda e: e["host"]["topology"][3].update(siblings=[3, 7])),
    ("cpus.ovs_affinity", "fail", "ovs-vswitchd", lambda e: e["threads"][5].update(cpus=list(range(12)))),
    ("cpus.irq_affinity", "warn", None, lambda e: e["kernel"]["irqs"][0].update(cpus=[0, 1, 2])),
    ("cpus.interrupts", "warn", "IRQ 25 (virtio1-req.2)", put("growth", "irqs", 25, {2: 61})),
    ("cpus.foreign_tasks", "warn", "CPU 3", lambda e: e["kernel"]["tasks"][3].update(cpus=[3, 4, 5])),
    ("cpus.numa_balancing", "warn", None, put("kernel", "numa_balancing", 1)),
    ("cpus.governor", "warn", "CPU 9", put("kernel", "governors", 9, "powersave")),
    ("cpus.workqueues", "warn", None, put("kernel", "workqueue_cpus", [0, 1, 2])),
    ("cpus.tuned_profile", "warn", None, put("tuned", "profile", "realtime-virtual-host")),
    ("cpus.tuned_profile", "fail", None, both(isolated_by_tuned, put("tuned", "profile", "balanced"))),
    ("cpus.tuned_profile", "fail", None, both(isolated_by_tuned, put("tuned", "boot_tokens", []))),
    ("cpus.tuned_verify", "warn", None, both(isolated_by_tuned, put("tuned", "differences", ["x is 1, expected 2"]))),
    ("boot.kernel_args", "fail", None, both(isolated_by_tuned, put("host", "cmdline", " ".join(PLAN_LINE)))),
    ("boot.reboot_pending", "warn", None, put("tuned", "boot_tokens", ["nosoftlockup"])),
    ("boot.reboot_pending", "warn", None, lambda e: e["host"].update(cmdline=e["host"]["cmdline"] + MARK)),
    ("memory.hugepages", "fail", "node 1, 1G pages", lambda e: e["host"]["nodes"][1]["hugepages"][1].update(total=1)),
    (
        "memory.hugepages",
        "fail",
        "node 1, 1G pages",
        lambda e: e["host"]["nodes"][1]["hugepages"][1].update(total=1, free=0),
    ),
    # Taken away while in use: it is there until its user ends, and then never again.
    ("memory.hugepages", "fail", "node 1, 1G pages", lambda e: e["host"]["nodes"][1]["hugepages"][1].update(surplus=1)),
    ("memory.pages_left", "warn", "node 0, 1G pages", lambda e: e["host"]["nodes"][0]["hugepages"][1].update(free=0)),
    ("memory.available", "warn", None, put("host", "memory", "available_kb", 500 * 1024)),
    ("memory.mounts", "fail", "1G pages", put("kernel", "hugetlbfs", {2048: ["/dev/hugepages"]})),
    ("memory.mempools", "fail", "node 1, MTU up to 2158", lambda e: e["mempools"][1].update(size=131072)),
    ("memory.mempool_use", "warn", "node 0, MTU up to 2158", lambda e: e["mempools"][0].update(free=9000)),
    (
        "memory.heaps",
        "warn",
        "node 0",
        both(put("heaps", 0, "greatest", 1 << 20), config(dpdk_socket_limit="1024,1024"), put("eal_arguments", None)),
    ),
    ("iommu.active", "fail", None, put("host", "iommu", {"active": False, "units": [], "groups": 0, "noiommu": False})),
    (
        "iommu.groups",
        "fail",
        "0000:41:00.0",
        lambda e: e["host"]["nics"][0]["iommu_group_members"].append(
            {"address": "0000:41:00.1", "driver": "igb", "class": "020000"}
        ),
    ),
    ("iommu.noiommu", "warn", None, put("host", "iommu", "noiommu", True)),
    ("iommu.unsafe_interrupts", "warn", None, put("kernel", "unsafe_interrupts", True)),
    ("devices.driver", "fail", "0000:81:00.0 (dpdk1)", lambda e: e["host"]["nics"][1].update(driver="vmxnet3")),
    ("devices.driver", "fail", "0000:81:00.0 (dpdk1)", lambda e: e["host"]["nics"].pop()),
    (
        "devices.driver",
        "fail",
        "0000:81:00.0",
        both(lambda e: e["host"]["nics"][1].update(driver="vmxnet3"), interface("dpdk1", error="could not open")),
    ),
    ("devices.numa", "warn", "dpdk0", lambda e: e["host"]["nics"][0].update(numa_node=1)),
    (
        "packages.dpdk_build",
        "fail",
        None,
        both(
            put("kernel", "selected_vswitchd", "/usr/lib/openvswitch-switch/ovs-vswitchd"),
            put("executable", "/usr/lib/openvswitch-switch/ovs-vswitchd"),
        ),
    ),
    ("packages.drivers", "fail", "net_vmxnet3", lambda e: e["kernel"]["dpdk_drivers"].remove("net_vmxnet3")),
    ("packages.drivers", "warn", "net_vmxnet3", lambda e: e["libraries"].pop("net_vmxnet3")),
    (
        "packages.drivers",
        "fail",
        "net_vmxnet3",
        both(lambda e: e["kernel"]["dpdk_drivers"].remove("net_vmxnet3"), interface("dpdk1", error="could not open")),
    ),
    ("packages.running_binary", "warn", None, put("executable", "/usr/lib/ovs-vswitchd-dpdk (deleted)")),
    ("packages.versions", "warn", None, put("open_vswitch", "dpdk_version", "DPDK 20.11.1")),
    ("switch.in_sync", "fail", None, put("open_vswitch", "next_cfg", 8)),
    ("switch.keys", "fail", "other_config:dpdk-init", config(dpdk_init="true")),
    (
        "switch.keys",
        "fail",
        "other_config:pmd-cpu-mask",
        both(config(pmd_cpu_mask="0x300"), threads_of_node_1_only),
    ),
    (
        "switch.deprecated_keys",
        "warn",
        "other_config:pmd-maxsleep",
        both(config(pmd_maxsleep="9"), put("version", "3.2.0")),
    ),
    (
        "switch.deprecated_keys",
        "warn",
        "vhost0",
        interface("vhost0", type="dpdkvhostuser"),
    ),
    ("switch.unknown_keys", "warn", "other_config:pmd-cpu-maks", config(pmd_cpu_maks="0x2")),
    ("switch.unknown_keys", "warn", "other_config:pmd-sleep-max", config(pmd_sleep_max="9")),
    ("switch.values", "fail", "other_config:per-port-memory", config(per_port_memory="yes")),
    ("switch.values", "fail", "other_config:pmd-rxq-isolate", config(pmd_rxq_isolate="no")),
    ("switch.restart_pending", "warn", None, put("restart_reasons", ["dpdk-socket-mem is '2', it uses '1'"])),
    ("switch.restart_pending", "warn", None, put("eal_arguments", ["-a", "0000:41:00.0", "--socket-mem", "1024,1024"])),
    (
        "switch.drops_growing",
        "warn",
        "datapath_drop_upcall_error",
        put("growth", "coverage", {"datapath_drop_upcall_error": 3}),
    ),
    ("pmd.threads", "fail", None, lambda e: e["threads"].pop(3)),
    ("pmd.pinned", "fail", "pmd-c02/id:9", lambda e: e["threads"][0].update(cpus=list(range(12)))),
    ("pmd.numa_coverage", "fail", "node 1", lambda e: [row.update(isolated=True) for row in e["stats"]["pmds"][2:]]),
    ("pmd.queues_polled", "fail", "dpdk1", lambda e: e["stats"]["pmds"][3]["rxqs"].pop()),
    (
        "pmd.cross_numa",
        "warn",
        "dpdk1 queue 1",
        lambda e: e["stats"]["pmds"][0]["rxqs"].append(e["stats"]["pmds"][3]["rxqs"].pop()),
    ),
    ("pmd.affinity", "warn", "dpdk0 queue 1", interface("dpdk0", other_config={"pmd-rxq-affinity": "0:2, 1:9"})),
    ("pmd.affinity", "warn", "dpdk0 queue 1", interface("dpdk0", other_config={"pmd-rxq-affinity": "1:9,\u00b2:9"})),
    ("pmd.overload", "warn", "CPU 3, node 0", growth(3, **BUSY)),
    (
        "pmd.overhead",
        "warn",
        "CPU 3, node 0",
        both(growth(3, **busy(busy_percent=60.0)), lambda e: e["stats"]["pmds"][1].update(overhead_percent=30)),
    ),
    ("pmd.hit_rate", "warn", "CPU 3, node 0", growth(3, megaflow_hits=10**5, subtable_lookups_per_hit=7.5)),
    ("pmd.upcall_rate", "warn", "CPU 8, node 1", growth(8, packets=10**5, upcalls=2000)),
    ("pmd.upcalls_lost", "warn", "CPU 8, node 1", growth(8, packets=10, upcalls_lost=1)),
    ("pmd.preempted", "warn", "CPU 9", put("growth", "preempted", 9, 61)),
    ("pmd.readable", "warn", None, put("stats", "unparsed", ["  a line of the future: 7"])),
    (
        "pmd.readable",
        "warn",
        "CPU 2, node 0",
        lambda e: e["stats"]["pmds"][0].update(packets=10**6, emc_hits=9 * 10**5),
    ),
    (
        "ports.error",
        "fail",
        "bad",
        lambda e: e["interfaces"].append(port("bad", "0000:05:00.0", error="no such device")),
    ),
    ("ports.datapath", "fail", "lost", lambda e: e["interfaces"].append(port("lost", "net_null0"))),
    ("ports.link", "fail", "dpdk0", interface("dpdk0", link_state="down")),
    ("ports.mtu", "fail", "dpdk1", interface("dpdk1", mtu_request=9000)),
    ("ports.queues", "warn", "dpdk1", interface("dpdk1", options={"n_rxq": "4"})),
    ("ports.descriptors", "warn", "dpdk0", interface("dpdk0", options={"n_rxq_desc": "1000"})),
    ("ports.drops_growing", "warn", "dpdk0", put("growth", "ports", "dpdk0", {"rx_missed_errors": 1, "rx_dropped": 1})),
    ("ports.drops_growing", "fail", "dpdk0", put("growth", "ports", "dpdk0", {"rx_mbuf_allocation_errors": 1})),
    (
        "ports.drops_growing",
        "warn",
        "vhost0",
        put("growth", "ports", "vhost0", {"ovs_tx_failure_drops": 5, "tx_packets": 5}),
    ),
    ("ports.errors_growing", "warn", "dpdk0", put("growth", "ports", "dpdk0", {"rx_errors": 2, "rx_q0_errors": 2})),
    ("ports.vhost_numa", "warn", "vhost0", interface("vhost0", status={"numa": "1"})),
    ("ports.vhost_rings", "warn", "vhost0", interface("vhost0", status={"num_of_vrings": "1"})),
    ("ports.vhost_directory", "fail", "vhost0", put("directories", "/run/guests", False)),
    (
        "ports.tso",
        "warn",
        "vhost0",
        both(config(userspace_tso_enable="true"), interface("vhost0", status={"userspace-tso": "disabled"})),
    ),
    ("ports.bonds", "fail", "bond0", put("bonds", "bond0", "members", "dpdk1", False)),
    ("ports.bonds", "fail", "bond0", put("bonds", "bond0", "lacp", "configured")),
    ("log.findings", "fail", "crash", logged("crash", None, None, "monitor|ERR|1 crashes", "fail")),
    ("log.findings", "warn", "0000:00:03.0", logged("probe-failed", None, "0000:00:03.0", "dpdk|ERR|EAL: x", "warn")),
]


@pytest.mark.parametrize("check, status, subject, spoil", WORLD, ids=["{0}-{2}".format(*row) for row in WORLD])
def test_a_fault_of_the_world_is_named_by_its_check_and_by_no_other(check, status, subject, spoil):
    evidence = good()
    spoil(evidence)
    assert complaints(evidence) == [(check, status, subject)]


# The world is right, the plan is wrong.
PLANS = [
    ("boot.kernel_args", None, put("plan", "kernel_args_tokens", ["isolcpus=2-9"])),
    ("cpus.online", None, put("plan", "cpus", "vm", "4-5,10-12")),
    ("cpus.isolated", None, put("plan", "cpus", "isolated", "2-11")),
    ("memory.hugepages", "node 0, 1G pages", lambda e: e["plan"]["hugepages"][0].update(count=3)),
    ("memory.mounts", "16G pages", lambda e: e["plan"]["hugepages"][0].update(size_kb=16 << 20)),
    ("devices.driver", "0000:41:00.0 (dpdk0)", lambda e: e["plan"]["devices"][0].update(driver="uio_pci_generic")),
    ("packages.drivers", "net_ice", lambda e: e["plan"]["dpdk_drivers"].append("net_ice")),
    ("switch.keys", "other_config:pmd-cpu-mask", lambda e: e["plan"]["other_config"].update({"pmd-cpu-mask": "0x3fc"})),
    ("pmd.threads", None, put("plan", "cpus", "pmd", "2-3")),
    (
        "ports.planned",
        "0000:c1:00.0",
        lambda e: e["plan"]["devices"].append(dict(e["plan"]["devices"][0], address="0000:c1:00.0")),
    ),
    ("ports.mtu", "dpdk0", lambda e: e["plan"]["devices"][0].update(mtu=9000)),
]


@pytest.mark.parametrize("check, subject, spoil", PLANS, ids=[row[0] for row in PLANS])
def test_a_plan_that_the_world_does_not_follow_is_named(check, subject, spoil):
    evidence = good()
    spoil(evidence)
    assert (check, subject) in [(name, whom) for name, _status, whom in complaints(evidence)]
    evidence["plan"] = None
    assert complaints(evidence) == []


def test_with_and_without_a_plan_nothing_is_wrong_with_a_good_node():
    assert complaints(good()) == []
    assert complaints(good(plan=False)) == []


def test_every_check_has_a_fault_here():
    # Two silence others, two come with an overload: these have tests of their own.
    apart = {"switch.daemon", "switch.dpdk_initialized", "pmd.imbalance", "pmd.batch"}
    assert {row[0] for row in WORLD + PLANS} | apart == {check.id for check in _checks.CHECKS}


def silent(evidence, why, pid=None):
    """The evidence of a switch that does not answer; *pid*: its process is there all the same."""
    evidence.update(_evidence.NO_SWITCH, silent=why, pid=pid)
    if pid is None:
        evidence["kernel"]["tasks"] = [task for task in evidence["kernel"]["tasks"] if task["name"] != "ovs-vswitchd"]
    return evidence


@pytest.mark.parametrize("pid", [None, 812], ids=["dead", "hung"])
def test_a_silent_daemon_is_one_failure_and_the_rest_of_the_switch_is_skipped(pid):
    rows = _checks.judge(silent(good(), "no answer", pid))
    assert [row["id"] for row in rows if row["status"] in ("fail", "warn")] == ["switch.daemon"]
    rest = [row for row in rows if row["area"] in ("switch", "pmd", "ports", "log") and row["id"] != "switch.daemon"]
    assert {row["status"] for row in rest} == {"skip"}
    assert {row["found"] for row in rest if row["area"] == "pmd"} == {"no answer"}


@pytest.mark.parametrize("check", sorted(QUOTED))
def test_a_check_quotes_the_lines_that_are_left_to_it(check):
    evidence = good()
    if check == "switch.dpdk_initialized":
        evidence["open_vswitch"]["dpdk_initialized"] = False
    elif check == "packages.dpdk_build":
        evidence["open_vswitch"]["dpdk_version"] = None
    else:
        next(row[3] for row in WORLD if row[0] == check and row[1:3] != ("warn", "vhost0"))(evidence)
    logged("x", check, None, "module|WARN|the reason")(evidence)
    rows = [row["found"] for row in _checks.judge(evidence) if row["id"] == check]
    assert any('the log says "module|WARN|the reason" (so it goes)' in found for found in rows)


def test_a_node_whose_queues_are_all_pinned_lacks_no_thread():
    """A queue that comes later may lack one; then it is named, by pmd.queues_polled."""
    evidence = good()
    interface("dpdk1", other_config={"pmd-rxq-affinity": "0:8,1:9"})(evidence)
    for row in evidence["stats"]["pmds"][2:]:
        row["isolated"] = True
    assert complaints(evidence) == []


@pytest.mark.parametrize(
    "keys, subject",
    [
        ({"pmd_rxq_isolate": "false"}, "pmd-rxq-isolate"),
        ({"dpdk_alloc_mem": "64"}, "dpdk-alloc-mem"),
        ({"dpdk_lcore_mask": "0x1", "dpdk_extra": "--lcores=0@0"}, "dpdk-lcore-mask"),
        ({"dpdk_extra": "--socket-mem 64"}, "dpdk-socket-mem"),
    ],
)
def test_keys_without_effect(keys, subject):
    evidence = good(plan=False)
    config(**keys)(evidence)
    evidence["eal_arguments"] = None
    assert complaints(evidence) == [("switch.values", "warn", "other_config:" + subject)]


def test_a_captured_tree_has_no_switch_to_fail():
    evidence = silent(dict(good(), captured=True), "a captured tree has no switch")
    assert complaints(evidence) == []
    assert row_of(evidence, "switch.daemon")["status"] == "skip"


def test_dpdk_that_did_not_start_is_one_failure_with_the_reason_from_the_log():
    evidence = good()
    evidence["open_vswitch"]["dpdk_initialized"] = False
    evidence["threads"] = [row for row in evidence["threads"] if row["pmd"] is None]
    logged("no-hugepage-info", "switch.dpdk_initialized", None, "dpdk|ERR|EAL: Cannot get hugepage information.")(
        evidence
    )
    logged("eal-init", "switch.dpdk_initialized", None, "dpdk|EMER|Unable to initialize DPDK: Permission denied")(
        evidence
    )
    assert complaints(evidence) == [("switch.dpdk_initialized", "fail", None)]
    assert "Cannot get hugepage information" in row_of(evidence, "switch.dpdk_initialized")["found"]
    assert row_of(evidence, "ports.error")["status"] == "skip"


@pytest.mark.parametrize("wanted", [True, False])
def test_without_dpdk_asked_for_a_switch_without_dpdk_is_fine(wanted):
    evidence = good(plan=False)
    evidence["open_vswitch"].update(dpdk_initialized=False, dpdk_version=None)
    evidence["dpdk_wanted"] = wanted
    assert (row_of(evidence, "switch.dpdk_initialized")["status"] == "fail") == wanted
    assert (row_of(evidence, "packages.dpdk_build")["status"] == "fail") == wanted


def test_overload_beside_idle_names_both():
    evidence = good()
    growth(3, **BUSY)(evidence)
    growth(3, rxqs=TWO_QUEUES, packets_per_batch=1.1)(evidence)
    subject = "CPU 3, node 0"
    assert complaints(evidence) == [(name, "warn", subject) for name in ("pmd.overload", "pmd.imbalance", "pmd.batch")]


def test_one_queue_cannot_be_spread():
    evidence = good()
    growth(3, **BUSY)(evidence)
    assert row_of(evidence, "pmd.imbalance")["status"] == "pass"


def test_a_thread_that_sleeps_is_not_busy():
    evidence = good()
    growth(3, **busy(sleep_percent=80.0))(evidence)
    assert complaints(evidence) == []


@pytest.mark.parametrize("check", sorted(check.id for check in _checks.CHECKS if "two samples" in check.source))
def test_without_a_second_sample_nothing_is_said_of_growth(check):
    evidence = good()
    evidence["growth"] = None
    assert row_of(evidence, check)["status"] == "skip"
    evidence["growth"] = {"restarted": True}
    assert "restarted" in row_of(evidence, check)["found"]


@pytest.mark.parametrize(
    "missing", ["busy_percent", "packets", "megaflow_hits", "tx_packets", "upcalls", "upcalls_lost"]
)
def test_what_a_version_does_not_count_is_not_judged(missing):
    evidence = good()
    for core in (2, 3, 8, 9):
        growth(core, **{missing: None})(evidence)
    assert complaints(evidence) == []


def test_a_mask_with_a_comma_is_named_by_the_characters_that_it_shifts():
    evidence = good(plan=False)
    config(pmd_cpu_mask="00000001,00000000")(evidence)
    assert "comma" in row_of(evidence, "switch.values")["found"]


@pytest.mark.parametrize(
    "key, value, problem",
    [
        ("pmd_cpu_mask", "0xfff000", "not online"),
        ("pmd_cpu_mask", "0x3g", "not hexadecimal"),
        ("dpdk_init", "yes", "counts as false"),
        ("dpdk_init", "TRY", None),
        ("pmd_auto_lb", "TRUE", None),
        ("pmd_cpu_mask", "", None),
        ("pmd_rxq_assign", "fair", "counts as cycles"),
        ("pmd_rxq_assign", "group", None),
    ],
)
def test_values_that_the_switch_reads_otherwise(key, value, problem):
    evidence = good(plan=False)
    config(**{key: value})(evidence)
    row = row_of(evidence, "switch.values")
    assert (row["status"], problem is None or problem in row["found"]) == ("fail" if problem else "pass", True)


def test_a_typing_error_in_a_key_is_answered_by_the_key_that_was_meant():
    evidence = good()
    config(pmd_rxq_asign="group")(evidence)
    assert row_of(evidence, "switch.unknown_keys")["cure"] == "Did you mean pmd-rxq-assign?"


def test_a_missing_driver_package_is_named_with_the_line_of_the_log():
    evidence = good()
    evidence["kernel"]["dpdk_drivers"].remove("bus_pci")
    line = 'dpdk|ERR|EAL: failed to parse device "0000:41:00.0"'
    logged("no-bus-driver", "ports.error", "0000:41:00.0", line)(evidence)
    row = row_of(evidence, "packages.drivers")
    assert line in row["found"]
    assert row["expected"] == "package librte-bus-pci*"


def test_a_host_without_any_driver_package_fails_on_debian_only():
    evidence = good()
    evidence["kernel"]["dpdk_drivers"] = None
    assert [row[0] for row in complaints(evidence)] == ["packages.drivers"] * 4
    evidence["host"]["os"]["family"] = "redhat"
    assert complaints(evidence) == []


def test_drivers_are_judged_without_a_plan_by_the_ports_that_are_there():
    evidence = good(plan=False)
    evidence["kernel"]["dpdk_drivers"].remove("net_virtio")
    assert complaints(evidence) == [("packages.drivers", "fail", "net_virtio")]


def test_a_failed_port_is_explained_by_the_line_about_its_device():
    evidence = good()
    evidence["interfaces"].append(port("bad", "0000:05:00.0", error="Error attaching device"))
    logged("port-options", "ports.error", "bad", "netdev|WARN|bad: could not set configuration")(evidence)
    logged("no-device", "ports.error", "0000:05:00.0", "dpdk|ERR|EAL: Cannot find device (0000:05:00.0)")(evidence)
    logged("no-device", "ports.error", "0000:06:00.0", "dpdk|ERR|EAL: Cannot find device (0000:06:00.0)")(evidence)
    assert "Cannot find device (0000:05:00.0)" in row_of(evidence, "ports.error")["found"]


def test_a_guest_that_is_off_is_no_fault():
    evidence = good()
    evidence["interfaces"][-1] = guest("vhost0", connected=False)
    evidence["growth"]["ports"]["vhost0"] = {"ovs_tx_failure_drops": 7, "tx_dropped": 7}
    assert complaints(evidence) == []
    assert row_of(evidence, "ports.vhost_numa")["found"] == "no guest is connected to a vhost-user port"


def test_the_log_is_quoted_for_the_page_size_that_is_missing():
    evidence = good()
    for size in ("2048", "1048576"):
        logged("no-hugepages", "memory.hugepages", size, "dpdk|WARN|EAL: No free {0} kB".format(size))(evidence)
    evidence["host"]["nodes"][1]["hugepages"][1].update(total=1)
    assert "No free 1048576 kB" in row_of(evidence, "memory.hugepages")["found"]


def test_pages_that_the_kernel_took_from_another_node_are_found_there():
    evidence = good()
    for node, total in ((0, 1), (1, 3)):
        evidence["host"]["nodes"][node]["hugepages"][1].update(total=total)
    assert row_of(evidence, "memory.hugepages")["found"] == "1 pages, but 3 instead of 2 on node 1"


def test_a_pool_that_is_planned_for_open_vswitch_alone_may_be_used_up():
    evidence = good()
    evidence["host"]["nodes"][0]["hugepages"][1].update(free=0)
    assert complaints(evidence) != []
    evidence["plan"]["hugepages"][0].update(ovs=2, guests=0)
    assert complaints(evidence) == []


def test_few_transmit_drops_of_many_packets_are_no_fault():
    evidence = good()
    evidence["growth"]["ports"]["dpdk0"] = {"ovs_tx_failure_drops": 1, "tx_packets": 10**6}
    assert complaints(evidence) == []


def test_an_isolation_that_is_not_on_the_kernel_line_is_not_judged_there():
    evidence = good()
    evidence["plan"]["isolation"]["mechanism"] = "none"
    evidence["host"]["cpus"].update(isolated=[], nohz_full=[])
    assert complaints(evidence) == []
    assert row_of(evidence, "cpus.isolated")["status"] == "skip"


def test_an_isolation_by_tuned_is_judged_by_what_tuned_promises():
    evidence = good()
    isolated_by_tuned(evidence)
    evidence["host"]["cpus"]["isolated"] = []
    assert complaints(evidence) == []
    found = [row_of(evidence, "cpus." + name)["status"] for name in ("isolated", "nohz_full", "tuned_verify")]
    assert found == ["skip", "pass", "pass"]
    evidence["host"]["cpus"]["nohz_full"] = []
    assert complaints(evidence) == [("cpus.nohz_full", "fail", None)]


def test_without_threads_and_without_a_plan_nothing_is_said_of_their_cpus():
    evidence = silent(good(plan=False), "gone")
    assert {row["status"] for row in _checks.judge(evidence) if row["id"] in ("cpus.isolated", "cpus.governor")} == {
        "skip"
    }


def test_a_bifurcated_nic_keeps_its_kernel_driver():
    evidence = good(plan=False)
    evidence["host"]["nics"][0].update(vendor="15b3", device="1017", driver="mlx5_core")
    assert row_of(evidence, "devices.driver")["status"] == "pass"


def test_rows_have_all_keys_and_texts():
    evidence = good()
    evidence["host"]["cmdline"] = "quiet"
    for row in _checks.judge(evidence):
        assert set(row) == {"id", "area", "subject", "status", "found", "expected", "cure", "source"}
        assert row["id"].startswith(row["area"] + ".")
        assert isinstance(row["found"], str)
        if row["status"] in ("fail", "warn"):
            assert row["expected"] and row["cure"]


def test_summary_counts_rows():
    rows = _checks.judge(good())
    summary = _checks.summary(rows)
    assert (summary["fail"], summary["warn"], sum(summary.values())) == (0, 0, len(rows))


@pytest.mark.parametrize(
    "seconds, every, status",
    [(6.0, None, "pass"), (2.0, None, "skip"), (6.0, "30000", "skip"), (31.0, "30000", "pass"), (6.0, "1", "pass")]
    + [(6.0, "often", "pass"), (6.0, "\u00b2", "pass"), (6.0, "9" * 400, "pass")],
)
def test_port_counters_that_the_switch_has_not_refreshed_prove_nothing(seconds, every, status):
    evidence = good()
    evidence["growth"]["seconds"] = seconds
    config(stats_update_interval=every)(evidence)
    for check in ("ports.drops_growing", "ports.errors_growing"):
        assert row_of(evidence, check)["status"] == status
    evidence["growth"]["ports"]["dpdk0"] = {"rx_missed_errors": 1}
    assert row_of(evidence, "ports.drops_growing")["status"] == "warn"


def test_limits_can_be_overridden_by_name():
    limits = _checks.limits({"overload_percent": "80"})
    assert (limits["overload_percent"], limits["idle_percent"]) == (80.0, 50)
    evidence = good()
    evidence["limits"] = limits
    growth(3, **busy(busy_percent=85.0))(evidence)
    assert [row[0] for row in complaints(evidence)] == ["pmd.overload"]


@pytest.mark.parametrize(
    "wanted",
    [{"overload": 80}] + [{"overload_percent": value} for value in ("much", None, "nan", float("inf"), -1, True)],
)
def test_limits_that_do_not_exist_are_refused_by_name(wanted):
    with pytest.raises(Refused) as refused:
        _checks.limits(wanted)
    assert "limit" in str(refused.value)


def test_pmd_figures_of_the_fixture_are_those_that_are_published():
    published = set(_pmd_stats.COUNTERS) | {"busy_percent", "sleep_percent", "cycles_per_packet", "packets_per_batch"}
    figures = set(pmd(2)) - {"core_id", "numa_id", "isolated", "rxqs", "overhead_percent", "subtable_lookups_per_hit"}
    assert figures <= published
