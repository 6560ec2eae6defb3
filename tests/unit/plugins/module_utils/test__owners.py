"""Whose are the settings that a plan is about?"""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _owners

PLAN = {
    "kernel_args_tokens": ["iommu=pt", "hugepagesz=1G", "hugepages=4", "isolcpus=managed_irq,domain,2-5"],
    "other_config": {"dpdk-init": "try", "pmd-cpu-mask": "0xc", "pmd-sleep-max": "500"},
    "devices": [{"address": "0000:41:00.0", "driver": "vfio-pci"}, {"address": "0000:81:00.0", "driver": None}],
}
NIC = {"address": "0000:41:00.0", "present": True, "driver": "vfio-pci", "recorded": None}


def told(line="ro", state=None, nics=(), other_config=None, ours="", version="3.1.0"):
    host = {"cmdline": line, "state": state or {}, "nics": list(nics)}
    switch = {"ovs_version": version, "other_config": other_config or {}}
    switch["external_ids"] = {"nfv-ovs-dpdk-keys": ours} if ours else {}
    return [(row["where"], row["name"], row["fits"]) for row in _owners.owners(host, PLAN, switch)]


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("ro quiet nosmt", []),
        ("iommu=pt", [("kernel line", "iommu", True)]),
        ("isolcpus=1 iommu=soft", [("kernel line", "isolcpus", False), ("kernel line", "iommu", False)]),
        ("hugepagesz=1G hugepages=4", [("kernel line", "hugepages", True)]),
        ("hugepagesz=2M hugepages=4", []),
        ("isolcpus=domain,managed_irq,2,3,4,5", [("kernel line", "isolcpus", True)]),
    ],
)
def test_tokens(line, rows):
    assert told(line) == rows


def test_our_own_tokens_have_no_other_owner():
    state = {"kernel_cmdline": {"tokens": ["iommu=pt"], "retired": [["isolcpus=1"]]}}
    assert told("iommu=pt isolcpus=1 hugepagesz=1G hugepages=2", state) == [("kernel line", "hugepages", False)]


def test_keys_of_the_switch():
    theirs = {"dpdk-init": "try", "pmd-cpu-mask": "0x0C", "pmd-maxsleep": "100", "max-idle": "7"}
    rows = [("dpdk-init", True), ("pmd-cpu-mask", True), ("pmd-maxsleep", False)]
    assert told(other_config=theirs) == [("Open vSwitch",) + row for row in rows]
    assert told(other_config=theirs, ours="other_config:pmd-cpu-mask,other_config:pmd-maxsleep") == [
        ("Open vSwitch", "dpdk-init", True)
    ]
    assert told(other_config={"pmd-sleep-max": "500"}, version="3.5.0") == [("Open vSwitch", "pmd-sleep-max", True)]
    assert told(other_config={"pmd-sleep-max": "500"}, version=[]) == [("Open vSwitch", "pmd-sleep-max", True)]


def test_nics_that_are_bound_already():
    assert told(nics=[NIC]) == [("NIC", "0000:41:00.0", True)]
    assert told(nics=[dict(NIC, recorded={"driver": "i40e"})]) == []
    assert told(nics=[dict(NIC, driver="i40e"), dict(NIC, address="0000:81:00.0", driver=None)]) == []


def test_an_operator_reads_what_to_do():
    host = {"cmdline": "isolcpus=1", "state": {}, "nics": [NIC]}
    assert [row["text"] for row in _owners.owners(host, PLAN, {})] == [
        "kernel line: isolcpus=1; isolcpus=managed_irq,domain,2-5 is planned: add isolcpus to kernel_args_takeover",
        "NIC: 0000:41:00.0 on vfio-pci, as planned, stays",
    ]
