"""What people read, on the plan of a machine that the planner really planned."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.filter.readable import plan_table, summary_line
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._plan import make_plan
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._request import parse_request
from machines import builder

NIC = {"address": "0000:41:00.0", "node": 0, "name": "ens1", "mac": "52:54:00:00:00:00"}


@pytest.fixture
def plan(tmp_path):
    root = builder.build(str(tmp_path), nodes=2, cores=3, threads=2, memory_mb=16384, nics=[NIC])
    return make_plan(read_host(root), parse_request({"nics": "0000:41:00.0 mtu=9000"}))


def test_the_table_shows_what_the_plan_says(plan):
    text = plan_table(plan)
    nodes = [line.split() for line in text.splitlines()[1:3]]
    for row, node in zip(nodes, plan["nodes"]):
        assert [row[0], row[3], row[4], row[5]] == [str(node["id"]), node["housekeeping"], node["pmd"], node["vm"]]
    assert "0000:41:00.0  0          ens1       vfio-pci  1          default      9000" in text
    assert "Kernel line: " + plan["kernel_args"] in text
    assert all("other_config:{0} = {1}".format(*pair) in text for pair in plan["other_config"].items())
    assert all(reason in text for reason in plan["reasons"])


def test_columns_are_aligned(plan):
    header, first, second = plan_table(plan).splitlines()[:3]
    column = header.index("PMD threads")
    assert first[column:].split()[0] == plan["nodes"][0]["pmd"]
    assert second[column:].split()[0] == plan["nodes"][1]["pmd"]


def test_a_plan_without_ports_and_with_a_warning(plan):
    text = plan_table(dict(plan, devices=[], warnings=[{"id": "no-vm", "text": "no CPU is left"}]))
    assert "No DPDK ports are planned." in text
    assert "! no-vm: no CPU is left" in text


ARTIFACT = {
    "plan": {"cpus": {"pmd": "2-3"}, "devices": ["0000:41:00.0"]},
    "verify": {"pass": 5, "warn": 1, "fail": 0, "skip": 2},
    "failed_checks": [],
    "reboot_required": False,
    "reboot_reasons": [],
    "restart_required": False,
    "check_mode": False,
    "unfinished": False,
}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "PMD threads on CPUs 2-3, 1 DPDK ports, proven: 5 checks pass, 1 warn, 0 fail, 2 skip"),
        (
            {"verify": {"pass": 5, "warn": 0, "fail": 1, "skip": 0}, "failed_checks": ["pmd.threads"]},
            "NOT PROVEN: 5 checks pass, 0 warn, 1 fail, 0 skip, failed: pmd.threads",
        ),
        ({"reboot_required": True, "reboot_reasons": ["a", "b", "c"], "verify": {}}, "REQUIRED: a and 2 more reasons"),
        ({"reboot_required": True, "reboot_reasons": ["a"], "verify": {}}, "REBOOT REQUIRED: a"),
        ({"restart_required": True}, "RESTART of ovs-vswitchd REQUIRED"),
        ({"unfinished": True, "verify": {}, "plan": {}}, "stopped before the proof"),
        ({"check_mode": True}, "check mode, nothing was changed"),
        ({"plan": {}, "verify": {"pass": 1, "warn": 0, "fail": 0, "skip": 9}}, "proven: 1 checks pass, 0 warn, 0 fail"),
    ],
)
def test_summary_line(change, line):
    text = summary_line(dict(ARTIFACT, **change))
    assert line in text
    ran = dict(ARTIFACT, **change)
    assert ("proven" in text.lower()) == bool(ran["verify"] and not ran["check_mode"])
