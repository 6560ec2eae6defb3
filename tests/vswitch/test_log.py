"""Lines that a real daemon prints are the ones that are known."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _log


def findings(switch):
    """Known lines of the present life of the daemon, which writes its log in the background: this flushes it."""
    switch.appctl("vlog/reopen")
    with open(switch.log) as handle:
        return {(row["id"], row["subject"]) for row in _log.findings(_log.since_start(handle.read()))}


def test_queues_and_masks(switch):
    made = switch("0,0,1,1")
    config = ["other_config:pmd-cpu-mask=0,2", "other_config:pmd-rxq-assign=fair", "other_config:pmd-rxq-isolate=false"]
    made.vsctl("set", "Open_vSwitch", ".", *config)
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy")
    for name, settings in (
        ("far", ["options:numa_id=1"]),
        ("pinned", ["other_config:pmd-rxq-affinity=0:1"]),
        ("nowhere", ["other_config:pmd-rxq-affinity=0:3"]),
    ):
        made.vsctl("add-port", "br0", name, "--", "set", "Interface", name, "type=dummy-pmd", *settings)
    assert findings(made) >= {
        ("cpu-mask", None),
        ("rxq-assign", None),
        ("rxq-isolate", None),
        ("cross-numa", "far"),
        ("pin-missed", "nowhere"),
    }
    made.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=0x2")
    assert ("not-polled", "far") in findings(made)


def test_a_restart_begins_a_new_life(switch):
    made = switch("0")
    made.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-rxq-assign=fair")
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=dummy")
    assert ("rxq-assign", None) in findings(made)
    made.vsctl("remove", "Open_vSwitch", ".", "other_config", "pmd-rxq-assign")
    # That opened the file once more, as a rotation does.
    assert ("rxq-assign", None) in findings(made)
    made.restart()
    assert findings(made) == set()


@pytest.mark.parametrize(
    "extra, config, known",
    [
        ("--nonsense", [], {"eal-arguments", "eal-init"}),
        ("--no-huge", [], {"eal-conflict", "eal-init"}),
        (
            "--no-huge --legacy-mem -m 64 --no-pci",
            ["other_config:dpdk-lcore-mask=0x10000000"],
            {"eal-lcores", "eal-init"},
        ),
        (
            "--no-huge --legacy-mem --no-pci",
            ["other_config:dpdk-alloc-mem=64", "other_config:dpdk-socket-mem=64"],
            {"two-memories", "eal-init"},
        ),
    ],
)
def test_reasons_why_dpdk_does_not_start(dpdk_switch, extra, config, known):
    made = dpdk_switch()
    made.vsctl("set", "Open_vSwitch", ".", 'other_config:dpdk-extra="{0}"'.format(extra), *config)
    made.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=try")
    assert known <= {name for name, _subject in findings(made)}


def test_ports_that_real_dpdk_refuses(dpdk_switch):
    made = dpdk_switch()
    made.vsctl("set", "Open_vSwitch", ".", 'other_config:dpdk-extra="{0}"'.format(made.dpdk_extra))
    made.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=try")
    made.vsctl("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")
    for name, settings in (
        ("none", []),
        ("first", ["options:dpdk-devargs=net_null0"]),
        ("second", ["options:dpdk-devargs=net_null0"]),
        ("giant", ["options:dpdk-devargs=net_null1", "mtu_request=12000"]),
        ("lsc", ["options:dpdk-devargs=net_null2", "options:dpdk-lsc-interrupt=true"]),
        ("absent", ["options:dpdk-devargs=0000:05:00.0"]),
        ("typo", ["options:dpdk-devargs=nonsense"]),
        ("full", ["options:dpdk-devargs=net_null4", "mtu_request=9000"]),
    ):
        argv = ["add-port", "br0", name, "--", "set", "Interface", name, "type=dpdk"] + settings
        made.command("ovs-vsctl", "--timeout=30", *argv)
    assert findings(made) >= {
        ("no-devargs", "none"),
        ("device-in-use", "second"),
        ("mtu", "giant"),
        ("no-device", "0000:05:00.0"),
        ("attach", "0000:05:00.0"),
        ("no-bus-driver", "nonsense"),
        ("port-options", "typo"),
    }
