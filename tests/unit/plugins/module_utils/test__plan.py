"""The plan as a whole: its shape, that it stays the same, and what a tree that lacks a part still gets."""

import copy
import json

import hosts
import pytest

SHAPE = {
    "cpus": {"housekeeping", "pmd", "vm", "isolated", "offline"},
    "masks": {"lcore", "pmd"},
    "isolation": {"mechanism", "domain", "nohz_full", "rcu_nocbs", "managed_irq", "irq_cpus"},
    "nova": {"cpu_dedicated_set", "cpu_shared_set", "reserved_host_memory_mb", "reserved_huge_pages"},
}
ROWS = {
    "nodes": "id cpus cores memory_mb housekeeping pmd vm socket_memory_mb hugepages nics",
    "hugepages": "node size size_kb count ovs guests persist",
    "devices": "id kind address devargs parent vf_index mac interface numa_node numa_from iommu_group kernel_driver "
    "driver bifurcated dpdk_driver rxq desc mtu",
}


def lab(**changes):
    nics = [
        hosts.nic("0000:40:00.0", 0, "ens4", hosts.VIRTIO, "virtio-pci", 1),
        hosts.nic("0000:80:00.0", 1, "ens5", hosts.VMXNET3, "vmxnet3", 2),
    ]
    changes.setdefault("memory_mb", 5930)
    return hosts.make(nics=nics, **changes)


REQUEST = {"nics": "ens4; ens5 rxq=auto", "memory_channels": 4}


def test_the_shape():
    plan = hosts.plan(lab(), **REQUEST)
    assert plan["version"] == 1
    for name, keys in SHAPE.items():
        assert set(plan[name]) == keys
    for name, keys in ROWS.items():
        assert {frozenset(row) for row in plan[name]} == {frozenset(keys.split())}
    assert all(isinstance(value, str) for value in plan["other_config"].values())
    assert all(isinstance(text, str) and text.endswith(".") for text in plan["reasons"])
    assert json.loads(json.dumps(plan)) == plan


def test_the_lab_machine():
    plan = hosts.plan(lab(), **REQUEST)
    assert plan["cpus"] == {
        "housekeeping": "0-1,6-7",
        "pmd": "2-3,8-9",
        "vm": "4-5,10-11",
        "isolated": "2-5,8-11",
        "offline": "",
    }
    assert plan["kernel_args"] == (
        "intel_iommu=on iommu=pt default_hugepagesz=1G hugepagesz=1G hugepages=0:2,1:2 "
        "isolcpus=managed_irq,domain,2-5,8-11 nohz_full=2-5,8-11 rcu_nocbs=2-5,8-11 irqaffinity=0-1,6-7"
    )
    assert plan["dpdk_drivers"] == ["bus_pci", "bus_vdev", "mempool_ring", "net_virtio", "net_vmxnet3"]
    assert plan["nova"]["cpu_dedicated_set"] == "4-5,10-11"
    assert plan["nova"]["cpu_shared_set"] == "0-1,6-7"
    assert plan["warnings"] == []


def test_the_finished_host_has_the_same_plan():
    before = lab()
    plan = hosts.plan(before, **REQUEST)
    after = hosts.applied(before, plan)
    assert after["nics"][0]["driver"] == "vfio-pci"
    assert "isolcpus" in after["cmdline"]
    assert hosts.plan(after, **REQUEST) == plan


def test_losing_the_state_file_costs_names_and_kernel_drivers_only():
    before = lab()
    request = {"nics": "40:00.0;80:00.0"}
    plan = hosts.plan(before, **request)
    after = hosts.applied(before, plan)
    after["state"] = {}
    for nic in after["nics"]:
        nic.update(recorded=None, name=None, names=[], mac=None)
    again = hosts.plan(after, **request)
    for device in plan["devices"]:
        device.update(kernel_driver=None, interface=None, mac=None)
    assert again == plan


def test_iommu_groups_are_the_one_fact_that_the_first_boot_may_add():
    before = lab()
    for nic in before["nics"]:
        nic["iommu_group"] = None
    plan = hosts.plan(before, **REQUEST)
    after = hosts.applied(before, plan)
    for number, nic in enumerate(after["nics"]):
        nic["iommu_group"] = number
    again = hosts.plan(after, **REQUEST)
    assert [device.pop("iommu_group") for device in again["devices"]] == [0, 1]
    assert [device.pop("iommu_group") for device in plan["devices"]] == [None, None]
    assert again == plan


def test_what_applying_changes_is_not_read():
    before = lab()
    other = copy.deepcopy(before)
    other["cpus"].update(isolated=[3], nohz_full=[3])
    other["memory"]["available_kb"] = 5
    other.update(iommu={"active": False, "units": [], "groups": 0, "noiommu": True}, lockdown="integrity")
    for node in other["nodes"]:
        node["memory_free_kb"] = 7
        node["hugepages"] = [{"size_kb": 2048, "total": 512, "free": 1, "surplus": 0}]
    assert hosts.plan(other, **REQUEST) == hosts.plan(before, **REQUEST)


def test_the_host_is_left_as_it_was():
    host = lab()
    kept = copy.deepcopy(host)
    hosts.plan(host, **REQUEST)
    assert host == kept


def test_a_second_host_of_the_model_differs_by_its_mac_addresses_only():
    first, second = lab(), lab()
    for nic in second["nics"]:
        nic["mac"] = nic["mac"].replace("52:54", "52:55")
    plans = [hosts.plan(host, **REQUEST) for host in (first, second)]
    assert plans[0] != plans[1]
    for plan in plans:
        for device in plan["devices"]:
            del device["mac"]
    assert plans[0] == plans[1]


@pytest.mark.parametrize(
    ("changes", "warnings"),
    [
        ({"memory_mb": None}, ["memory-unknown"]),
        ({"page_sizes_kb": []}, ["page-size-unknown"]),
        ({"cpu": {"vendor": None, "model": None, "flags": []}}, ["cpu-vendor-unknown"]),
        ({"architecture": None}, ["architecture-unknown"]),
        ({"kernel": None}, []),
        ({"cmdline": None}, []),
        ({"numa": False}, []),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_planned(changes, warnings):
    plan = hosts.plan(lab(**changes), **REQUEST)
    assert [row["id"] for row in plan["warnings"]] == warnings
    assert plan["cpus"]["pmd"] == "2-3,8-9"
    assert len(plan["devices"]) == 2
    for row in plan["warnings"]:
        assert "/proc" in row["text"] or "/sys" in row["text"]


def test_more_than_1024_cpus():
    plan = hosts.plan(hosts.make(nodes=8, cores=64, threads=4, layout="split", memory_mb=262144))
    assert plan["cpus"]["pmd"] == ",".join(str(64 * node + 1 + 512 * t) for t in range(4) for node in range(8))
    assert len(plan["nodes"]) == 8
