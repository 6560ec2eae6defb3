"""A TripleO environment against a machine: every contradiction with its exact words, and what is carried."""

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _tripleo

NICS = [hosts.nic("0000:41:00.0", 0, "p0"), hosts.nic("0000:81:00.0", 1, "p1", number=2)]
PMD, GUESTS, HOST = "1,11,21,31", "2-9,12-19,22-29,32-39", "0,10,20,30"
ISOLATED = "1-9,11-19,21-29,31-39"
FITTING = {
    "OvsPmdCoreList": PMD,
    "NovaComputeCpuDedicatedSet": GUESTS,
    "OvsDpdkCoreList": HOST,
    "IsolCpusList": ISOLATED,
    "TunedProfileName": "cpu-partitioning",
}
PAGES = "default_hugepagesz=1G hugepagesz=1G"
IOMMU = "intel_iommu=on iommu=pt"
LEFT_GUESTS = "Left out: the plan gives guests CPUs 2-9,12-19,22-29,32-39."
LEFT_ISOLATED = "Left out: the plan isolates CPUs 1-9,11-19,21-29,31-39."
LEFT_PAGES = "Left out: the plan gives guests hugepages: 59 of 1G on node 0, 59 of 1G on node 1."
BESIDES = "Nothing: the plan adds what isolated CPUs need besides."
NOTHING = "Left out: the plan does without."


def machine(**changes):
    changes.setdefault("nics", NICS)
    return hosts.make(**dict({"cores": 10, "layout": "split", "memory_mb": 65536}, **changes))


AMD = machine(cpu={"vendor": "AuthenticAMD", "model": None, "flags": []})


def examine(changes=None, host=None, nics="p0;p1"):
    """The fitting environment with *changes*; None takes a parameter out."""
    parameters = {name: value for name, value in dict(FITTING, **(changes or {})).items() if value is not None}
    return _tripleo.examine(host or machine(), parameters, nics)


def said(result, *statuses):
    """The findings of these statuses as tuples, but for the one that any short kernel line gets."""
    rows = [row for row in result["findings"] if row["status"] in (statuses or ("fail", "warn"))]
    rows = [row for row in rows if row["cure"] != BESIDES]
    return [tuple(row[key] for key in ("status", "parameter", "found", "expected", "cure")) for row in rows]


def test_an_environment_that_fits_is_carried_without_a_word():
    result = examine()
    assert result["findings"] == []
    assert result["request"] == {"pmd_cpus": PMD, "vm_cpus": GUESTS, "isolation": "tuned", "nics": "p0;p1"}
    assert result["plan"]["cpus"]["housekeeping"] == HOST
    assert result["parameters"]["OvsPmdCoreList"] == PMD


# name: (changes, all failures and warnings, what the request has or lacks)
CONTRADICTIONS = {
    "pmd-overlapping-guests": (
        {"NovaComputeCpuDedicatedSet": "1-9,21-29,12-19,32-39"},
        [
            (
                "fail",
                "NovaComputeCpuDedicatedSet",
                "CPUs 1,21 are in OvsPmdCoreList too",
                "lists without a CPU in common",
                "Take CPUs 1,21 out of one of the two lists. " + LEFT_GUESTS,
            )
        ],
        {"vm_cpus": None, "pmd_cpus": PMD, "housekeeping_cpus": HOST},
    ),
    "pmd-overlapping-host": (
        {"OvsDpdkCoreList": "0,1,20,21"},
        [
            (
                "fail",
                "OvsDpdkCoreList",
                "CPUs 1,21 are in OvsPmdCoreList too",
                "lists without a CPU in common",
                "Take CPUs 1,21 out of one of the two lists. Left out: the plan gives the host CPUs 0,10,20,30.",
            )
        ],
        {"lcore_mask": None, "pmd_cpus": PMD, "vm_cpus": GUESTS},
    ),
    "shared-set-with-guests": (
        {"NovaComputeCpuSharedSet": "0,20,9,29"},
        [
            (
                "fail",
                "NovaComputeCpuSharedSet",
                "CPUs 9,29 are in NovaComputeCpuDedicatedSet too",
                "lists without a CPU in common",
                "Take CPUs 9,29 out of one of the two lists. Left out: the plan gives the host CPUs 0,10,20,30.",
            )
        ],
        {"vm_cpus": GUESTS},
    ),
    "host-isolated-instead-of-the-others": (
        {"IsolCpusList": HOST},
        [
            (
                "warn",
                "IsolCpusList",
                "CPUs 0,10,20,30 isolated, which are the host's own: the wrong way round",
                "CPUs 1-9,11-19,21-29,31-39: those of PMD threads and guests",
                "Isolate the others. The plan does, and keeps these for the host.",
            )
        ],
        {"isolation": "tuned"},
    ),
    "isolcpus-reversed": (
        {"KernelArgs": IOMMU + " isolcpus=0,10,20,30", "IsolCpusList": None, "TunedProfileName": None},
        [
            (
                "warn",
                "KernelArgs",
                "CPUs 0,10,20,30 isolated, which are the host's own: the wrong way round",
                "CPUs 1-9,11-19,21-29,31-39: those of PMD threads and guests",
                "Isolate the others. The plan does, and keeps these for the host.",
            )
        ],
        {"isolation": "kernel"},
    ),
    "pmd-not-isolated": (
        {"IsolCpusList": GUESTS},
        [
            (
                "fail",
                "IsolCpusList",
                "CPUs 2-9,12-19,22-29,32-39 isolated, without 1,11,21,31",
                "CPUs 1-9,11-19,21-29,31-39: those of PMD threads and guests",
                "Isolate what polls and what guests are pinned to, and nothing else. " + LEFT_ISOLATED,
            )
        ],
        {"isolation": "tuned", "isolate_guests": None},
    ),
    "siblings-split": (
        {"OvsPmdCoreList": "1,11", "IsolCpusList": None},
        [
            (
                "fail",
                "OvsPmdCoreList",
                "SMT siblings split: CPUs 1,11 without 21,31",
                "whole cores, such as 1,21",
                "Give all siblings of a core to OvsPmdCoreList, or none. "
                "Left out: the plan gives PMD threads CPUs 1,11,21,31.",
            )
        ],
        {"pmd_cpus": None, "vm_cpus": GUESTS},
    ),
    "cpus-the-machine-lacks": (
        {"NovaComputeCpuDedicatedSet": GUESTS + ",40-47", "IsolCpusList": None},
        [
            (
                "fail",
                "NovaComputeCpuDedicatedSet",
                "CPUs 40-47 are not in this machine",
                "CPUs out of 0-39",
                "Correct NovaComputeCpuDedicatedSet. " + LEFT_GUESTS,
            )
        ],
        {"vm_cpus": None},
    ),
    "a-nic-without-pmd-threads-near-it": (
        {"OvsPmdCoreList": "1,21", "IsolCpusList": None},
        [
            (
                "warn",
                "OvsPmdCoreList",
                "no PMD thread on node 1, which has DPDK NIC 0000:81:00.0",
                "CPUs out of 10-19,30-39",
                "Name a core of that node too: others poll its NICs across the interconnect.",
            )
        ],
        {"pmd_cpus": "1,21"},
    ),
    "socket-memory-0-where-a-nic-is": (
        {"OvsDpdkSocketMemory": "2048,0"},
        [
            (
                "fail",
                "OvsDpdkSocketMemory",
                "0 MiB for node 1, which has DPDK NIC 0000:81:00.0",
                "2048 MiB",
                "Write 2048,2048. Left out: the plan gives Open vSwitch 2048,2048 MiB.",
            )
        ],
        {},
    ),
    "socket-memory-less-than-needed": (
        {"OvsDpdkSocketMemory": "1024,2048"},
        [
            (
                "fail",
                "OvsDpdkSocketMemory",
                "1024 MiB for node 0, which has DPDK NIC 0000:41:00.0",
                "2048 MiB",
                "Write 2048,2048. Left out: the plan gives Open vSwitch 2048,2048 MiB.",
            )
        ],
        {},
    ),
    "socket-memory-shorter-than-the-nodes": (
        {"OvsDpdkSocketMemory": "2048"},
        [
            (
                "fail",
                "OvsDpdkSocketMemory",
                "no entry for node 1, which has DPDK NIC 0000:81:00.0",
                "2048 MiB",
                "Write 2048,2048. Left out: the plan gives Open vSwitch 2048,2048 MiB.",
            )
        ],
        {},
    ),
    "socket-memory-longer-than-the-nodes": (
        {"OvsDpdkSocketMemory": "2048,2048,0"},
        [
            (
                "fail",
                "OvsDpdkSocketMemory",
                "entry 3 is 0 MiB, for node 2",
                "entries by node id; this machine has nodes 0-1",
                "Write 2048,2048. Left out: the plan gives Open vSwitch 2048,2048 MiB.",
            )
        ],
        {},
    ),
    "reserved-pages-of-other-nodes": (
        {"NovaReservedHugePages": ["node:0,size:1048576,count:4"]},
        [
            (
                "warn",
                "NovaReservedHugePages",
                "4 x 1G on node 0",
                "2 x 1G on node 0, 2 x 1G on node 1",
                "Reserve what Open vSwitch gets in the plan.",
            )
        ],
        {},
    ),
    "more-pages-than-the-nodes-have": (
        {"KernelArgs": "{0} {1} hugepages=200".format(IOMMU, PAGES)},
        [
            (
                "fail",
                "KernelArgs",
                "hugepagesz=1G hugepages=200",
                "at most 122 (61 on node 0, 61 on node 1)",
                "Correct the count. " + LEFT_PAGES,
            )
        ],
        {"page_size": "1G", "vm_memory": None},
    ),
    "fewer-pages-than-open-vswitch-needs": (
        {"KernelArgs": "{0} {1} hugepages=3".format(IOMMU, PAGES)},
        [
            (
                "fail",
                "KernelArgs",
                "hugepagesz=1G hugepages=3",
                "at least the 4 of Open vSwitch of 1G",
                "Correct the count. " + LEFT_PAGES,
            )
        ],
        {"vm_memory": None},
    ),
    "pages-on-the-wrong-node": (
        {"KernelArgs": "{0} {1} hugepages=0:70,5:1".format(IOMMU, PAGES)},
        [
            ("fail", "KernelArgs", "70 pages on node 0", "at most 61 of 1G", "Correct the count. " + LEFT_PAGES),
            (
                "fail",
                "KernelArgs",
                "0 pages on node 1",
                "at least the 2 of Open vSwitch of 1G",
                "Correct the count. " + LEFT_PAGES,
            ),
            ("fail", "KernelArgs", "1 page on node 5", "at most 0 of 1G", "Correct the count. " + LEFT_PAGES),
        ],
        {"vm_memory": None},
    ),
    "a-count-that-is-no-number": (
        {"KernelArgs": "{0} {1} hugepages=many".format(IOMMU, PAGES)},
        [
            (
                "fail",
                "KernelArgs",
                "hugepagesz=1G hugepages=many",
                "a number, or node:number pairs",
                "Correct the count. " + LEFT_PAGES,
            )
        ],
        {"vm_memory": None},
    ),
    "a-page-size-without-unit": (
        {"KernelArgs": IOMMU + " hugepagesz=2048 hugepages=10"},
        [
            (
                "fail",
                "KernelArgs",
                "hugepagesz=2048, which is 2048 bytes",
                "hugepagesz=2M or hugepagesz=1G",
                "Write the size with its unit, and one that the CPU has. Left out: the plan makes pages of 1G.",
            )
        ],
        {"page_size": None, "vm_memory": None},
    ),
    "pages-of-two-sizes": (
        {"KernelArgs": "{0} {1} hugepages=64 hugepagesz=2M hugepages=512".format(IOMMU, PAGES)},
        [
            (
                "fail",
                "KernelArgs",
                "hugepagesz=2M hugepages=512",
                "pools of one size",
                "Keep the 1G pages only. Left out: the plan makes pages of 1G.",
            )
        ],
        {"page_size": "1G", "vm_memory": "60G"},
    ),
    "pages-in-two-places": (
        {"KernelArgs": IOMMU + " hugepages=9", "Hugepages": {"1048576": {"count": 64, "default": True}}},
        [
            (
                "warn",
                "KernelArgs",
                "hugepages in KernelArgs and in Hugepages",
                "one place",
                "Take them out of KernelArgs: Hugepages wins.",
            )
        ],
        {"page_size": "1G", "vm_memory": "60G"},
    ),
    "iommu-pt-missing": (
        {"KernelArgs": "intel_iommu=on"},
        [("warn", "KernelArgs", "no iommu=pt", "iommu=pt", "Add it. The plan does.")],
        {},
    ),
    "an-iommu-word-of-another-parameter": (
        {"KernelArgs": "intel_iommu=pt iommu=pt"},
        [
            (
                "warn",
                "KernelArgs",
                "intel_iommu=pt contradicts intel_iommu=on: only one can be in force",
                "intel_iommu=on",
                "Correct intel_iommu=pt. The plan writes intel_iommu=on.",
            )
        ],
        {},
    ),
    "two-owners-of-isolation": (
        {"KernelArgs": "{0} isolcpus={1}".format(IOMMU, ISOLATED)},
        [
            (
                "warn",
                "KernelArgs",
                "isolcpus=1-9,11-19,21-29,31-39 beside the profile cpu-partitioning",
                "one owner of isolation",
                "Take isolcpus= out of KernelArgs: the profile isolates by itself, and so does the plan.",
            )
        ],
        {"isolation": "tuned"},
    ),
    "a-profile-that-isolates-nothing": (
        {"TunedProfileName": "throughput-performance"},
        [
            (
                "warn",
                "TunedProfileName",
                "the profile throughput-performance, which does not read IsolCpusList",
                "cpu-partitioning",
                "Name that profile, or write isolcpus= for the kernel.",
            )
        ],
        {"isolation": None},
    ),
    "a-core-list-with-a-blank": (
        {"OvsPmdCoreList": "1, 21", "IsolCpusList": None},
        [
            (
                "fail",
                "OvsPmdCoreList",
                "1, 21",
                "digits, comma and dash only, such as 4,6,5,7",
                "Correct OvsPmdCoreList. Left out: the plan gives PMD threads CPUs 1,11,21,31.",
            )
        ],
        {"pmd_cpus": None},
    ),
    "an-exclusion-in-a-core-list": (
        {"OvsDpdkCoreList": "0-10,^5"},
        [
            (
                "fail",
                "OvsDpdkCoreList",
                "0-10,^5",
                "digits, comma and dash only, such as 4,6,5,7",
                "Correct OvsDpdkCoreList. Left out: the plan gives the host CPUs 0,10,20,30.",
            )
        ],
        {"lcore_mask": None},
    ),
    "two-spellings-that-differ": (
        {"NeutronDpdkCoreList": "'1,21'", "IsolCpusList": None},
        [
            (
                "fail",
                "OvsPmdCoreList",
                "OvsPmdCoreList 1,11,21,31; NeutronDpdkCoreList '1,21'",
                "one value",
                "Keep one of them: they mean the same. Left out: the plan gives PMD threads CPUs 1,11,21,31.",
            )
        ],
        {"pmd_cpus": None},
    ),
    "two-roles-that-differ": (
        {
            "OvsPmdCoreList": None,
            "ComputeAParameters": {"OvsPmdCoreList": "1,21"},
            "ComputeBParameters": {"OvsPmdCoreList": PMD},
        },
        [
            (
                "fail",
                "OvsPmdCoreList",
                "ComputeA: OvsPmdCoreList 1,21; ComputeB: OvsPmdCoreList 1,11,21,31",
                "one value",
                "Keep one of them: they mean the same. Left out: the plan gives PMD threads CPUs 1,11,21,31.",
            )
        ],
        {"pmd_cpus": None},
    ),
    "a-datapath-of-the-kernel": (
        {"NeutronDatapathType": "system"},
        [
            (
                "fail",
                "NeutronDatapathType",
                "system",
                "netdev",
                "Set NeutronDatapathType to netdev. Left out: all bridges of the plan are netdev.",
            )
        ],
        {},
    ),
    "dpdk-switched-off": (
        {"OvsEnableDpdk": "false"},
        [
            (
                "fail",
                "OvsEnableDpdk",
                "false",
                "true",
                "Set OvsEnableDpdk to true. Left out: the plan switches DPDK on.",
            )
        ],
        {},
    ),
    "filters-without-numa": (
        {"NovaSchedulerDefaultFilters": "RamFilter, ComputeFilter"},
        [
            (
                "warn",
                "NovaSchedulerDefaultFilters",
                "RamFilter,ComputeFilter",
                "NUMATopologyFilter among them",
                "Add NUMATopologyFilter: without it nova does not see NUMA nodes when it places guests.",
            )
        ],
        {},
    ),
    "an-unknown-driver": (
        {"NeutronDpdkDriverType": "vfio"},
        [
            (
                "fail",
                "NeutronDpdkDriverType",
                "vfio",
                "one of vfio-pci, uio_pci_generic, igb_uio, keep",
                "Correct NeutronDpdkDriverType. Left out: the plan binds ports to vfio-pci, or as nics says.",
            )
        ],
        {"nics": "p0;p1"},
    ),
    "memory-channels-beyond-the-eal": (
        {"OvsDpdkMemoryChannels": "77"},
        [
            (
                "fail",
                "OvsDpdkMemoryChannels",
                "77",
                "a number from 1 to 32",
                "Correct OvsDpdkMemoryChannels. " + NOTHING,
            )
        ],
        {"memory_channels": None},
    ),
    "memory-in-the-extra-words": (
        {"OvsDpdkExtra": "--socket-mem 1024 --iova-mode=va"},
        [
            (
                "fail",
                "OvsDpdkExtra",
                "--socket-mem 1024 --iova-mode=va",
                "dpdk_extra sets memory that the plan computes",
                "Correct OvsDpdkExtra. " + NOTHING,
            )
        ],
        {"dpdk_extra": None},
    ),
    "channels-twice": (
        {"OvsDpdkMemoryChannels": "4", "OvsDpdkExtra": "-n 2"},
        [("fail", "OvsDpdkExtra", "-n 2", "two numbers of memory channels", "Correct OvsDpdkExtra. " + NOTHING)],
        {"memory_channels": "4", "dpdk_extra": None},
    ),
    "no-amount": (
        {"NovaReservedHostMemory": "lots"},
        [
            (
                "fail",
                "NovaReservedHostMemory",
                "lots",
                "MiB, such as 4096",
                "Correct NovaReservedHostMemory. Left out: the plan keeps 4096 MiB for the host.",
            )
        ],
        {"reserved_memory": None},
    ),
}


@pytest.mark.parametrize("name", sorted(CONTRADICTIONS))
def test_contradiction(name):
    changes, findings, options = CONTRADICTIONS[name]
    result = examine(changes)
    assert said(result) == findings
    assert {option: result["request"].get(option) for option in options} == options
    assert result["plan"] is not None


def test_all_contradictions_come_in_one_run_the_worst_first():
    changes = {"OvsEnableDpdk": False, "OvsDpdkSocketMemory": "1024,0", "KernelArgs": "amd_iommu=on", "OvsNew": 1}
    statuses = [row[0] for row in said(examine(changes), "fail", "warn", "info")]
    assert statuses == ["fail"] * 3 + ["warn"] * 3 + ["info"]


def test_offline_cpus_are_called_so():
    changes = {"OvsPmdCoreList": "1,11,21,31,5,25,77", "NovaComputeCpuDedicatedSet": None, "IsolCpusList": None}
    result = examine(changes, machine(offline=(5, 25)))
    assert said(result)[0][2:4] == (
        "CPUs 5,25 are offline, CPUs 77 are not in this machine",
        "CPUs out of 0-4,6-24,26-39",
    )


def test_lcores_that_the_eal_refuses_stay_with_the_host():
    host = hosts.make(nodes=1, cores=160, threads=1, memory_mb=65536)
    result = _tripleo.examine(host, {"HostCpusList": "0,130", "NeutronDpdkCoreList": "'1'"}, None)
    assert said(result) == [
        (
            "fail",
            "HostCpusList",
            "CPUs 130 for dpdk-lcore-mask",
            "CPUs below 128: the EAL of Open vSwitch up to 3.6 does not start with others",
            "Name lower CPUs, or none. Left out: dpdk-lcore-mask is 0x1 in the plan.",
        )
    ]
    assert result["plan"]["cpus"]["housekeeping"] == "0,130"


def test_words_for_intel_on_amd_are_the_operators_own():
    result = examine({"KernelArgs": "amd_iommu=on intel_iommu=on iommu=pt"}, AMD)
    assert said(result, "warn", "info") == [
        (
            "warn",
            "KernelArgs",
            "amd_iommu=on",
            "no such token: the kernel knows no value on",
            "Take it out: the IOMMU of AMD is on by itself, and the plan does not write it.",
        ),
        (
            "info",
            "KernelArgs",
            "intel_iommu=on",
            "no such token for AuthenticAMD",
            "Nothing: it does no harm, the plan does not write it, and nobody takes it off the host.",
        ),
    ]
    assert "iommu=on" not in result["parameters"]["KernelArgs"]


def test_what_isolated_cpus_need_besides_is_only_said():
    line = "{0} tsx=off isolcpus={1} nohz_full={1}".format(IOMMU, ISOLATED)
    result = examine({"KernelArgs": line, "TunedProfileName": None})
    wanted = "rcu_nocbs={0} irqaffinity={1}".format(ISOLATED, HOST)
    rows = [(row["status"], row["found"], row["cure"]) for row in result["findings"]]
    assert rows == [
        ("info", "no " + wanted, BESIDES),
        ("info", "tsx=off", "Keep them on a kernel line of your own: the plan neither writes nor removes them."),
    ]


@pytest.mark.parametrize("size", ["1GB", "1G", "1024M"])
def test_1gb_and_1g_are_one_size(size):
    line = "{0} default_hugepagesz={1} hugepagesz=1G hugepages=64".format(IOMMU, size)
    result = examine({"KernelArgs": line})
    assert (result["request"]["page_size"], result["request"]["vm_memory"]) == ("1G", "60G")
    spelled = [row["found"] for row in result["findings"] if row["expected"] == "default_hugepagesz=1G"]
    assert spelled == (["default_hugepagesz=1GB"] if size == "1GB" else [])


def test_64_pages_are_spread_by_the_plan():
    result = examine({"KernelArgs": "{0} {1} hugepages=64".format(IOMMU, PAGES)})
    assert [row["count"] for row in result["plan"]["hugepages"]] == [32, 32]
    assert said(result, "info") == [
        (
            "info",
            "KernelArgs",
            "hugepagesz=1G hugepages=64, for 2 NUMA nodes together",
            "a count for each node",
            "Nothing: the plan counts per node, so that each gets what it is to have.",
        )
    ]


def test_pages_on_a_machine_that_is_too_small():
    result = examine({"KernelArgs": "{0} {1} hugepages=64".format(IOMMU, PAGES)}, machine(memory_mb=900), None)
    assert said(result)[0][2:4] == ("hugepagesz=1G hugepages=64", "at most 0 (0 on node 0, 0 on node 1)")


def test_counts_for_each_node_are_the_nodes():
    result = examine({"KernelArgs": "{0} {1} hugepages=0:12,1:32".format(IOMMU, PAGES)})
    assert said(result) == []
    assert result["request"]["vm_memory"] == "0:10G,1:30G"
    assert [row["count"] for row in result["plan"]["hugepages"]] == [12, 32]


def test_novas_exclusions_are_read():
    changes = {"NovaComputeCpuDedicatedSet": None, "NovaVcpuPinSet": ["2-19,^10,^11", " 22-39 ", "^30", "^31"]}
    result = examine(changes)
    assert said(result) == [] and result["request"]["vm_cpus"] == GUESTS


def test_guests_that_are_not_isolated():
    result = examine({"IsolCpusList": PMD})
    assert said(result) == [] and result["request"]["isolate_guests"] is False
    assert result["plan"]["cpus"]["isolated"] == PMD


def test_cpus_of_no_list_are_the_hosts():
    result = examine({"NovaComputeCpuDedicatedSet": "2-8,12-18,22-28,32-38", "IsolCpusList": None})
    assert result["request"]["lcore_mask"] == HOST
    assert result["plan"]["cpus"]["housekeeping"] == "0,9-10,19-20,29-30,39"
    assert said(result, "info")[0][2] == "CPUs 9,19,29,39 in no list"


def test_no_lcores_are_said_by_an_empty_list():
    result = examine({"OvsDpdkCoreList": "", "NovaComputeCpuSharedSet": HOST})
    assert result["request"]["lcore_mask"] == "none"
    assert result["plan"]["masks"]["lcore"] is None


def test_the_directory_of_qemu_is_never_that_of_open_vswitch():
    result = examine({"NeutronVhostuserSocketDir": "/var/run/openvswitch"})
    assert result["parameters"]["NeutronVhostuserSocketDir"] == "/var/run/openvswitch"
    assert "vhost-sock-dir" not in result["plan"]["other_config"]
    assert said(result, "info") == [
        (
            "info",
            "NeutronVhostuserSocketDir",
            "/var/run/openvswitch",
            "a directory of QEMU, which makes the sockets of client ports there",
            "Nothing: it is carried on, and is never vhost-sock-dir of Open vSwitch.",
        )
    ]


def test_filters_are_carried_on():
    result = examine({"NovaSchedulerEnabledFilters": ["ComputeFilter", "NUMATopologyFilter"]})
    assert result["parameters"]["NovaSchedulerEnabledFilters"] == "ComputeFilter,NUMATopologyFilter"
    assert [row["status"] for row in result["findings"]] == ["info"]


def test_unknown_names_are_named_if_they_are_near():
    result = examine({"OvsFuture": 1, "NovaPassword": "x", "CephPools": [], "NtpServer": "192.0.2.1"})
    assert [row["parameter"] for row in result["findings"]] == ["NovaPassword", "OvsFuture"]
    assert "x" not in [row["found"] for row in result["findings"]]


def test_other_keys_of_the_switch_are_carried():
    result = examine({"OvsPmdAutoLb": "True", "OvsPmdLoadThreshold": 70, "OvsDisableEMC": True, "OvsHandlerCores": "2"})
    assert result["request"]["other_config"] == {
        "pmd-auto-lb": "true",
        "pmd-auto-lb-load-threshold": "70",
        "emc-insert-inv-prob": "0",
        "n-handler-threads": "2",
    }
    assert result["parameters"]["OvsDisableEMC"] is True


@pytest.mark.parametrize("nics", ["p0\np1 driver=igb_uio; p2", ["p0", "p1 driver=igb_uio", " p2"]])
def test_the_driver_is_for_nics_that_name_none_and_do_not_keep_theirs(nics):
    host = machine(nics=NICS + [hosts.nic("0000:82:00.0", 1, "p2", hosts.MLX5, "mlx5_core", 3)])
    result = examine({"OvsDpdkDriverType": "uio_pci_generic"}, host, nics)
    assert [row["driver"] for row in result["plan"]["devices"]] == ["uio_pci_generic", "igb_uio", None]


def test_what_the_planner_refuses_is_one_more_finding():
    result = examine({"NovaComputeCpuDedicatedSet": "0,2-10,12-20,22-30,32-39", "OvsDpdkCoreList": None})
    assert (result["plan"], result["parameters"]) == (None, None)
    first, second = said(result)
    assert first[:3] == ("fail", "plan", "no CPU is left for the host")
    assert second[1] == "IsolCpusList" and second[4].endswith("Left out, and there is no plan.")


def test_a_nic_that_is_not_there_is_one_more_finding():
    result = examine({"OvsDpdkDriverType": "igb_uio"}, nics="eth9")
    assert said(result)[0][:3] == (
        "fail",
        "plan",
        "no such NIC (eth9): 0000:41:00.0 (p0), 0000:81:00.0 (p1)",
    )


def test_an_older_environment_is_answered_in_its_own_names():
    parameters = {
        "NeutronDpdkCoreList": "'1,11,21,31'",
        "NovaVcpuPinSet": GUESTS,
        "HostCpusList": HOST,
        "HostIsolatedCoreList": ISOLATED,
        "NeutronDpdkSocketMemory": "'2048,2048'",
        "NovaReservedHostMemory": 4096,
        "NeutronDpdkMemoryChannels": "4",
        "ComputeKernelArgs": "default_hugepagesz=1GB hugepagesz=1G hugepages=64 intel_iommu=on iommu=pt",
        "NeutronDpdkDriverType": "vfio-pci",
        "NeutronDpdkType": "netdev",
    }
    result = _tripleo.examine(machine(), {"parameter_defaults": parameters}, "p0;p1")
    assert said(result) == []
    assert result["parameters"]["NeutronDpdkCoreList"] == "'1,11,21,31'"
    assert result["parameters"]["NeutronDpdkSocketMemory"] == "2048,2048"
    assert result["plan"]["other_config"]["dpdk-extra"] == "-n 4 -a 0000:41:00.0 -a 0000:81:00.0"


def test_the_published_reference_values_of_edpm():
    values = {
        "edpm_ovs_dpdk_pmd_core_list": "1,13,2,14,3,15",
        "edpm_ovs_dpdk_socket_memory": "4096",
        "edpm_kernel_args": "{0} {1} hugepages=64 isolcpus=2-11,14-23".format(IOMMU, PAGES),
        "NovaComputeCpuDedicatedSet": "8-23,32-47",
        "NovaComputeCpuSharedSet": "0-3,24-27",
    }
    host = machine(cores=12)
    result = _tripleo.examine(host, values, "p0;p1")
    found = [(row["parameter"], row["found"]) for row in result["findings"] if row["status"] == "fail"]
    assert ("NovaComputeCpuDedicatedSet", "CPUs 13-15 are in edpm_ovs_dpdk_pmd_core_list too") in found
    assert ("NovaComputeCpuSharedSet", "CPUs 1-3 are in edpm_ovs_dpdk_pmd_core_list too") in found
    assert ("edpm_kernel_args", "CPUs 2-11,14-23 isolated, without 1,12-13,32-47, with 4-7 of the host") in found
    assert ("edpm_ovs_dpdk_socket_memory", "no entry for node 1, which has DPDK NIC 0000:81:00.0") in found
    assert result["plan"] is not None
