"""Every known line of the log, as a daemon printed it."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _checks, _log

# Printed by Open vSwitch 3.1 with DPDK 22.11 and 3.5 with DPDK 24.11, except for those marked: they were built by
# hand from the format string in the source.
LINES = [
    (
        "crash",
        None,
        "daemon_unix(monitor)|ERR|1 crashes: pid 23128 died, killed (Segmentation fault), core dumped, restarting",
    ),  # from source
    ("thread-create", None, "ovs_thread|EMER|pthread_create failed (Resource temporarily unavailable)"),  # from source
    (
        "max-lcores",
        None,
        "dpdk|WARN|DPDK max threads count has been reached. PMD thread performance may be impacted.",
    ),  # from source
    ("vhost-directory", None, "netdev_dpdk|ERR|vhost-user sock directory '/run/openvswitch/nowhere' does not exist."),
    (
        "vhost-restart",
        None,
        "netdev_dpdk|WARN|Removing port 'v' while vhost device still attached. "
        "To restore connectivity after re-adding of port, VM on socket '/run/openvswitch/v' must be restarted.",
    ),  # from source
    ("postcopy-mlock", None, "netdev_dpdk|WARN|vhost-postcopy-support and mlockall are not compatible."),  # from source
    ("probe-failed", None, "dpdk|ERR|eth_virtio_pci_init(): Failed to init PCI device"),
    ("probe-failed", "0000:00:03.0", "dpdk|ERR|EAL: Requested device 0000:00:03.0 cannot be used"),
    (
        "eal-lock",
        None,
        "dpdk|ERR|EAL: Cannot create lock on '/var/run/dpdk/zz/config'. Is another primary process running?",
    ),
    ("eal-conflict", None, "dpdk|ERR|EAL: Option --legacy-mem is not compatible with --in-memory"),
    ("eal-conflict", None, "dpdk|ERR|EAL: Option --socket-mem cannot be specified together with --no-huge"),
    ("eal-lcores", None, "dpdk|ERR|EAL: lcore 8 unavailable"),
    ("eal-lcores", None, "dpdk|ERR|EAL: invalid coremask, please check specified cores are part of 0-1"),
    (
        "not-enough-memory",
        None,
        "dpdk|ERR|EAL: Not enough memory available on socket 0! Requested: 4096MB, available: 2048MB",
    ),  # from source
    ("no-hugepage-info", None, "dpdk|ERR|EAL: Cannot get hugepage information."),
    ("eal-arguments", None, "dpdk|ERR|EAL: Invalid 'command line' arguments."),
    ("eal-init", None, "dpdk|EMER|Unable to initialize DPDK: Permission denied"),
    ("dpdk-init-failed", None, "dpdk|ERR|DPDK Initialization Failed."),
    ("no-dpdk-build", None, "dpdk|ERR|DPDK not supported in this copy of Open vSwitch."),  # from source
    ("no-hugepages", "1048576", "dpdk|WARN|EAL: No free 1048576 kB hugepages reported on node 0"),
    ("no-hugepages", "2048", "dpdk|NOTICE|EAL: No free hugepages reported in hugepages-2048kB"),  # from source, 20.11
    (
        "no-mount",
        None,
        "dpdk|WARN|EAL: 2 hugepages of size 1073741824 reserved, but no mounted hugetlbfs found for that size",
    ),  # from source
    (
        "group-not-viable",
        None,
        "dpdk|ERR|EAL: 0000:05:00.0 VFIO group is not viable! Not all devices in IOMMU group bound",
    ),  # from source
    ("no-bus-driver", "nonsense", 'dpdk|ERR|EAL: failed to parse device "nonsense"'),
    ("no-device", "0000:05:00.0", "dpdk|ERR|EAL: Cannot find device (0000:05:00.0)"),
    (
        "vfio-container",
        None,
        "dpdk|ERR|EAL: Cannot open VFIO container /dev/vfio/vfio, error 2 (No such file or directory)",
    ),  # from source
    ("vfio-group", None, "dpdk|ERR|EAL: Cannot open /dev/vfio/12: Permission denied"),  # from source
    (
        "vfio-dma",
        None,
        "dpdk|ERR|EAL: 0000:05:00.0 DMA remapping failed, error 12 (Cannot allocate memory)",
    ),  # from source
    ("attach", "0000:05:00.0", "netdev_dpdk|WARN|Error attaching device '0000:05:00.0' to DPDK"),
    (
        "no-devargs",
        "a",
        "netdev_dpdk|WARN|'a' is missing 'options:dpdk-devargs'. The old 'dpdk<port_id>' names are not supported",
    ),
    (
        "device-in-use",
        "c",
        "netdev_dpdk|WARN|'c' is trying to use device 'net_null0' which is already in use by 'b'",
    ),
    ("lsc", None, "dpdk|ERR|Driver net_null does not support lsc"),
    (
        "mempool",
        None,
        'netdev_dpdk|ERR|Failed to create mempool "ovsce94ae2500021580262144" with a request of 262144 mbufs',
    ),
    (
        "mempool",
        "b",
        "netdev_dpdk|ERR|Failed to create memory pool for netdev b, with MTU 1500 on socket 0: No "
        "buffer space available",
    ),
    ("port-setup", "e", "netdev_dpdk|WARN|Interface e eth_dev setup error Invalid argument"),
    (
        "port-setup",
        "e",
        "netdev_dpdk|ERR|Interface e(rxq:1 txq:2 lsc interrupt mode:true) configure error: Invalid argument",
    ),
    ("port-options", "i", "netdev|WARN|i: could not set configuration (Invalid argument)"),
    ("port-type", "b", "netdev|WARN|could not create netdev b of unknown type dpdk"),
    ("port-add", "e", "dpif|WARN|netdev@ovs-netdev: failed to add e as port: Invalid argument"),
    ("vhost-start", "h", "netdev_dpdk|ERR|rte_vhost_driver_start failed for vhost user port: h"),
    ("mtu", "d", "netdev_dpdk|WARN|d: unsupported MTU 12000"),
    ("mtu", "d", "netdev|WARN|failed to set MTU for network device d: Invalid argument"),
    ("fewer-queues", None, "netdev_dpdk|WARN|Retrying setup with (rxq:4 txq:5)"),  # from source
    ("descriptors", None, "netdev_dpdk|INFO|Unable to set the number of rx descriptors to 1000. Adjusted to 2048."),
    ("too-big", "p", "netdev_dpdk(pmd-c01/id:8)|WARN|p: Too big size 9018 max_packet_len 1518"),  # from source
    (
        "cross-numa",
        "p1",
        "dpif_netdev|INFO|There's no available (non-isolated) pmd thread on numa node 0. Port 'p1' rx queue 1 will be "
        "assigned to a pmd on numa node 1. This may lead to reduced performance.",
    ),
    (
        "cross-numa",
        "p1",
        "dpif_netdev|WARN|There's no available (non-isolated) pmd thread on numa node 0. Queue 1 on port 'p1' will be "
        "assigned to the pmd on core 5 (numa node 1). Expect reduced performance.",
    ),  # from source, up to 2.15
    (
        "not-polled",
        "c",
        "dpif_netdev|WARN|No non-isolated pmd on any numa available for port 'c' rx queue 0 (measured processing "
        "cycles 0). This rx queue will not be polled.",
    ),
    (
        "not-polled",
        "p",
        "dpif_netdev|ERR|There is no available (non-isolated) pmd thread for port 'p' queue 0. This queue will not be "
        "polled. Is pmd-cpu-mask set to zero? Or are all PMDs isolated to other queues?",
    ),  # from source, up to 2.15
    (
        "pin-missed",
        "g",
        "dpif_netdev|WARN|Core  7 cannot be pinned with port 'g' rx queue 0. Use pmd-cpu-mask to enable a pmd on core "
        "7. An alternative core will be assigned.",
    ),
    ("set-affinity", None, "ovs_numa|ERR|Thread setaffinity error: Invalid argument"),  # from source
    ("cpu-mask", None, "ovs_numa|WARN|Invalid cpu mask: ,"),
    (
        "ignored-option",
        None,
        "dpdk|WARN|Ignoring database defined option '-c' due to dpdk-extra config",
    ),
    (
        "two-memories",
        None,
        "dpdk|ERR|Multiple defined options for memory type. Please check your database settings and reconfigure if "
        "necessary.",
    ),
    (
        "rxq-assign",
        None,
        "dpif_netdev|WARN|Unsupported rx queue to PMD assignment mode in pmd-rxq-assign. Defaulting to 'cycles'.",
    ),
    (
        "rxq-isolate",
        None,
        "dpif_netdev|WARN|pmd-rxq-isolate can only be set false when using pmd-rxq-assign=group",
    ),
    ("maxsleep", None, "dpif_netdev|WARN|pmd-maxsleep is deprecated. Please use pmd-sleep-max instead."),
    (
        "vhostuser",
        None,
        "netdev_dpdk|WARN|dpdkvhostuser ports are considered deprecated;  please migrate to dpdkvhostuserclient ports.",
    ),
]
OFTEN = [
    ("long-poll", "timeval|WARN|Unreasonably long 3639ms poll interval (60ms user, 3550ms system)"),
    ("quiesce", "ovs_rcu(urcu2)|WARN|blocked 1000 ms waiting for pmd-c01/id:8 to quiesce"),
]
START = "2026-01-01T00:00:00.000Z|00001|vlog|INFO|opened log file /var/log/openvswitch/ovs-vswitchd.log"
HARMLESS = [
    "dpdk|INFO|EAL: Detected CPU lcores: 2",
    "dpdk|INFO|DPDK Enabled - initialized",
    "netdev_dpdk|WARN|Rx checksum offload is not supported on port 0",
    "dpdk|WARN|TELEMETRY: No legacy callbacks, legacy socket not created",
    "dpdk|WARN|VHOST_CONFIG: (/nowhere/x) failed to connect: No such file or directory",
    "timeval|WARN|faults: 263012 minor, 0 major",
    "poll_loop|INFO|wakeup due to 0-ms timeout at ../ofproto/ofproto-dpif.c:2003 (97% CPU usage)",
    "bridge|INFO|bridge br0: added interface p0 on port 1",
]


def stamped(text, number=17):
    return "2026-11-23T04:39:04.118Z|{0:05d}|{1}".format(number, text)


@pytest.mark.parametrize("name, subject, line", LINES)
def test_a_line_is_known_by_one_pattern_and_says_whom_it_is_about(name, subject, line):
    (found,) = _log.findings([stamped(line)])
    assert (found["id"], found["subject"], found["count"]) == (name, subject, 1)
    assert found["line"] == stamped(line)


def test_every_pattern_has_a_line():
    assert {row[0] for row in LINES + OFTEN} == {pattern.id for pattern in _log.PATTERNS}


def test_every_line_that_is_quoted_belongs_to_a_check():
    checks = {check.id for check in _checks.CHECKS}
    assert {pattern.check for pattern in _log.PATTERNS} - {None} <= checks


@pytest.mark.parametrize("line", HARMLESS)
def test_normal_lines_are_no_findings(line):
    assert _log.findings([stamped(line)]) == []


@pytest.mark.parametrize("name, line", OFTEN)
def test_what_is_normal_a_few_times_is_reported_when_it_goes_on(name, line):
    assert _log.findings([stamped(line)] * 10) == []
    (found,) = _log.findings([stamped(line)] * 11)
    assert (found["id"], found["count"]) == (name, 11)


def test_repetitions_are_counted_and_the_last_line_is_shown():
    lines = [
        stamped("netdev_dpdk|WARN|Error attaching device '{0}' to DPDK".format(dev), number)
        for number, dev in enumerate(["0000:05:00.0", "0000:06:00.0", "0000:05:00.0"], 20)
    ]
    found = [(row["subject"], row["count"], row["line"].split("|")[1]) for row in _log.findings(lines)]
    assert found == [("0000:05:00.0", 2, "00022"), ("0000:06:00.0", 1, "00021")]


def test_earlier_lives_of_the_daemon_do_not_count():
    old, new = stamped("dpdk|ERR|DPDK Initialization Failed."), stamped("dpdk|INFO|DPDK Enabled - initialized")
    assert _log.since_start("\n".join([START, old, START, new])) == [START, new]


def test_a_rotated_log_does_not_begin_a_life():
    reopened = START.replace("|00001|", "|00412|")
    line = stamped("dpdk|ERR|DPDK Initialization Failed.")
    assert _log.since_start("\n".join([reopened, line])) == [reopened, line]


def test_a_log_whose_start_was_cut_off_is_read_from_where_it_begins():
    assert _log.since_start("half a line\n" + stamped("x")) == ["half a line", stamped("x")]


@pytest.mark.parametrize(
    "line, words",
    [
        (
            "dpdk|INFO|EAL ARGS: ovs-vswitchd -a 0000:41:00.0 --socket-mem 1024,1024 -c 0xc3 --in-memory.",
            ["-a", "0000:41:00.0", "--socket-mem", "1024,1024", "-c", "0xc3", "--in-memory"],
        ),
        ("dpdk|INFO|EAL ARGS: ovs-vswitchd -l 0.", ["-l", "0"]),
        ("dpdk|INFO|DPDK Disabled - Use other_config:dpdk-init to enable", None),
    ],
)
def test_the_arguments_of_eal(line, words):
    assert _log.eal_arguments([stamped(line)]) == words
