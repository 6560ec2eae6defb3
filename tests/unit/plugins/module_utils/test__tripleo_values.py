"""Values: what heat templates make of lists, numbers and quotes, as data."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_findings import Findings
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_names import Entry
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_values import collect, shown


def value_of(name, value):
    """(the value as data, what was found and expected if it cannot be read)."""
    findings = Findings()
    given, _blank = collect([Entry(name, value, None)], findings)
    rows = [(row["found"], row["expected"]) for row in findings.finished(None)]
    return [each.value for each in given.values()], rows


PAGES_2M = ["hugepagesz=2M", "hugepages=10"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NeutronDpdkCoreList", "'4,6,5,7'", {4, 5, 6, 7}),
        ("OvsPmdCoreList", '"4-7"', {4, 5, 6, 7}),
        ("OvsPmdCoreList", [4, "5-7"], {4, 5, 6, 7}),
        ("OvsDpdkCoreList", 0, {0}),
        ("NovaVcpuPinSet", ["2-4", "^3"], {2, 4}),
        ("NovaComputeCpuDedicatedSet", "2-4, ^3", {2, 4}),
        ("OvsDpdkSocketMemory", "'1024,1024'", (1024, 1024)),
        ("OvsDpdkSocketMemory", 4096, (4096,)),
        ("OvsDpdkSocketMemory", [1024, "2048"], (1024, 2048)),
        ("KernelArgs", '  iommu=pt  dyndbg="file a" ', ["iommu=pt", 'dyndbg="file a"']),
        ("KernelArgs", ["iommu=pt", "quiet"], ["iommu=pt", "quiet"]),
        ("Hugepages", {2048: {"count": "10"}}, PAGES_2M),
        ("Hugepages", {"2048": {"count": 10, "default": True}}, ["default_hugepagesz=2M"] + PAGES_2M),
        ("NovaReservedHugePages", "node:0,size:2048,count:64", {(0, 2048, 64)}),
        ("NovaReservedHugePages", [["node:1", "size:4", "count:2"]], {(1, 4, 2)}),
        ("NovaSchedulerDefaultFilters", "RamFilter, NUMATopologyFilter", ("RamFilter", "NUMATopologyFilter")),
        ("OvsEnableDpdk", "Yes", True),
        ("OvsPmdAutoLb", False, False),
        ("NovaReservedHostMemory", 4096, "4096"),
    ],
)
def test_values_that_mean_something(name, value, expected):
    assert value_of(name, value) == ([expected], [])


CORES = "digits, comma and dash only, such as 4,6,5,7"


@pytest.mark.parametrize(
    ("name", "value", "found", "expected"),
    [
        ("OvsPmdCoreList", "4 5", "4 5", CORES),
        ("OvsPmdCoreList", "0x3c", "0x3c", CORES),
        ("OvsPmdCoreList", "0-7:1/2", "0-7:1/2", CORES),
        ("OvsPmdCoreList", True, "True", "a text or a number"),
        ("OvsPmdCoreList", {"a": 1}, "{'a': 1}", "a text or a number"),
        ("NovaVcpuPinSet", "all", "all", "a list like 8-35, exclusions like ^20"),
        ("NovaVcpuPinSet", "3,^3", "3,^3", "at least one CPU"),
        ("OvsDpdkSocketMemory", "1G,1G", "1G,1G", "MiB for each node id in turn, such as 1024,1024"),
        ("OvsDpdkSocketMemory", "1024,", "1024,", "MiB for each node id in turn, such as 1024,1024"),
        ("NovaReservedHugePages", "0:4", "0:4", "rows such as node:0,size:1048576,count:2"),
        ("OvsEnableDpdk", "maybe", "maybe", "true or false"),
    ],
)
def test_values_that_cannot_be_read(name, value, found, expected):
    assert value_of(name, value) == ([], [(found, expected)])


@pytest.mark.parametrize("value", ["1G", {"1G": {"count": 1}}, {"2048": 10}, {"2048": {"count": "all"}}])
def test_hugepages_that_cannot_be_read(value):
    given, rows = value_of("Hugepages", value)
    assert given == [] and rows[0][1].startswith("sizes in KiB and their counts")


@pytest.mark.parametrize("text", ["3-1", "1,,-2", "-", "999999"])
def test_core_lists_of_the_right_characters_that_make_no_sense(text):
    given, rows = value_of("OvsPmdCoreList", text)
    assert given == [] and rows[0][0] == text


@pytest.mark.parametrize("value", [None, "", "  ", "''", '""', [], {}])
def test_blank_is_not_given_but_remembered(value):
    given, blank = collect([Entry("OvsDpdkCoreList", value, None)], Findings())
    assert (given, blank) == ({}, {"host_cpus"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("NeutronDpdkCoreList", "'4,5'"), ("OvsPmdCoreList", "4-5")),
        (("NovaVcpuPinSet", ["4", "5"]), ("NovaComputeCpuDedicatedSet", "4-6,^6")),
        (
            ("ComputeKernelArgs", "iommu=pt hugepagesz=1G hugepages=4"),
            ("KernelArgs", "hugepagesz=1GB hugepages=4 iommu=pt"),
        ),
        (("NeutronDpdkType", "netdev"), ("NeutronDatapathType", "'netdev'")),
        (("NeutronDpdkSocketMemory", "1024"), ("OvsDpdkSocketMemory", "")),
        (("NeutronDpdkCoreList", "0x1"), ("OvsPmdCoreList", "4-5")),
    ],
)
def test_two_spellings_of_one_value_agree(one, other):
    findings = Findings()
    given, _blank = collect([Entry(name, value, None) for name, value in (one, other)], findings)
    assert len(given) == 1
    assert [row for row in findings.finished(None) if row["expected"] == "one value"] == []


def test_long_values_are_cut():
    assert shown("x" * 200) == "x" * 87 + "..."
