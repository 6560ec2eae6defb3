"""One line per host: what is left to do is in it, and nothing is called proven that was not."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.filter.summary_line import summary_line

ARTIFACT = {
    "plan": {"cpus": {"pmd": "2-3"}, "devices": ["0000:41:00.0"]},
    "warnings": [],
    "verify": {"pass": 5, "warn": 1, "fail": 0, "skip": 2},
    "failed_checks": [],
    "reboot_required": False,
    "reboot_reasons": [],
    "restart_required": False,
    "check_mode": False,
    "unfinished": False,
}
WARNING = {"id": "vm-empty", "text": "No CPUs are left for guests."}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, "PMD threads on CPUs 2-3, 1 DPDK port, proven: 5 checks pass, 1 warn, 0 fail, 2 skip"),
        ({"plan": {"cpus": {"pmd": ""}, "devices": []}}, "PMD threads on CPUs none, 0 DPDK ports, proven"),
        ({"warnings": [WARNING]}, "1 DPDK port, 1 warning in the plan, proven"),
        ({"warnings": [WARNING, WARNING]}, "1 DPDK port, 2 warnings in the plan, proven"),
        (
            {"verify": {"pass": 5, "warn": 0, "fail": 1, "skip": 0}, "failed_checks": ["pmd.threads"]},
            "NOT PROVEN: 5 checks pass, 0 warn, 1 fail, 0 skip, failed: pmd.threads",
        ),
        ({"reboot_required": True, "reboot_reasons": ["a", "b", "c"], "verify": {}}, "REQUIRED: a and 2 more reasons"),
        ({"reboot_required": True, "reboot_reasons": ["a"], "verify": {}}, "REBOOT REQUIRED: a"),
        ({"restart_required": True}, "RESTART of ovs-vswitchd REQUIRED"),
        ({"unfinished": True, "verify": {}, "plan": {}}, "stopped before the proof"),
        ({"verify": {}, "plan": {}}, "stopped before there was a plan"),
        ({"check_mode": True}, "check mode, nothing was changed"),
        ({"plan": {}, "verify": {"pass": 1, "warn": 0, "fail": 0, "skip": 9}}, "proven: 1 checks pass, 0 warn, 0 fail"),
    ],
)
def test_summary_line(change, line):
    text = summary_line(dict(ARTIFACT, **change))
    assert line in text
    ran = dict(ARTIFACT, **change)
    assert ("proven" in text.lower()) == bool(ran["verify"] and not ran["check_mode"])
