"""host_verify_info on trees: a converged machine against its own plan and against others."""

import json

import pytest
from machines import builder

NICS = [
    {"node": 0, "name": "ens4", "virtio": True, "address": "0000:41:00.0"},
    {"node": 1, "name": "ens5", "vendor": "15ad", "device": "07b0", "driver": "vmxnet3", "address": "0000:81:00.0"},
]


@pytest.fixture
def plan(run_module, tmp_path):
    """The plan for the machine as it was at first."""
    root = builder.build(str(tmp_path / "virgin"), nics=NICS)
    options = {"root": root, "nics": ["0000:41:00.0 rxq=2", "0000:81:00.0"], "reserved_memory": "1024"}
    result = run_module("host_plan_info", options)
    assert not result["failed"], result.get("msg")
    return result["plan"]


@pytest.fixture
def converged(plan, tmp_path):
    """converged(**changes) -> the tree of the machine after plan and reboot, with changes."""

    def build(**changes):
        pools = {(row["node"], row["size_kb"]): (row["count"], row["count"]) for row in plan["hugepages"]}
        options = {
            "nics": [dict(nic, driver="vfio-pci") for nic in NICS],
            "cmdline": "BOOT_IMAGE=/vmlinuz ro quiet " + plan["kernel_args"],
            "isolated": plan["cpus"]["isolated"],
            "nohz_full": plan["cpus"]["isolated"],
            "hugepages": pools,
        }
        root = builder.build(str(tmp_path / "converged"), **dict(options, **changes))
        mounts = "hugetlbfs /dev/hugepages-1G hugetlbfs rw,relatime,pagesize=1024M 0 0\n"
        (tmp_path / "converged" / "proc" / "mounts").write_text(mounts)
        return root

    return build


@pytest.fixture
def verify(run_module):
    def judge(**options):
        result = run_module("host_verify_info", options)
        assert not result["failed"], result.get("msg")
        return result

    return judge


def complaints(result):
    return [(row["id"], row["subject"]) for row in result["checks"] if row["status"] in ("fail", "warn")]


def test_the_converged_machine_is_as_planned(verify, converged, plan):
    result = verify(root=converged(), plan=plan)
    assert complaints(result) == []
    passed = {row["id"] for row in result["checks"] if row["status"] == "pass"}
    assert passed >= {
        "boot.kernel_args",
        "cpus.online",
        "cpus.isolated",
        "cpus.nohz_full",
        "cpus.siblings",
        "memory.hugepages",
        "memory.mounts",
        "iommu.active",
        "iommu.groups",
        "devices.driver",
    }


@pytest.mark.parametrize(
    "changes, check",
    [
        ({"cmdline": "ro quiet"}, "boot.kernel_args"),
        ({"isolated": "2-3"}, "cpus.isolated"),
        ({"nohz_full": "2-3"}, "cpus.nohz_full"),
        ({"hugepages": {(0, 1048576): (1, 1), (1, 1048576): (0, 0)}}, "memory.hugepages"),
        ({"nics": NICS}, "devices.driver"),
        ({"noiommu": True}, "iommu.noiommu"),
    ],
)
def test_a_machine_that_is_not_as_planned(verify, converged, plan, changes, check):
    assert {row[0] for row in complaints(verify(root=converged(**changes), plan=plan))} == {check}


def test_the_same_machine_is_judged_without_a_plan(verify, converged):
    result = verify(root=converged())
    assert complaints(result) == []
    assert result["summary"]["skip"] > result["summary"]["pass"]


def test_a_captured_tree_has_no_switch(verify, converged):
    statuses = {row["id"]: row["status"] for row in verify(root=converged())["checks"]}
    assert {statuses[check] for check in ("switch.daemon", "pmd.threads", "ports.error", "log.findings")} == {"skip"}


def test_limits_in_force_are_shown(verify, converged):
    root = converged()
    assert verify(root=root, limits={"available_mb": 10**6})["limits"]["available_mb"] == 10**6
    assert ("memory.available", None) in complaints(verify(root=root, limits={"available_mb": 10**6}))


@pytest.mark.parametrize(
    "options, word",
    [
        ({"interval": -1}, "interval"),
        ({"limits": {"typo": 1}}, "typo"),
        ({"limits": {"idle_percent": "x"}}, "idle_percent"),
        ({"plan": {"plan": {"cpus": {}}}}, "nfv_ovs_dpdk_plan"),
    ],
)
def test_bad_options_are_refused_by_name(run_module, options, word):
    result = run_module("host_verify_info", options)
    assert result["failed"]
    assert word in result["msg"]


def test_check_mode_reads_the_same(run_module, converged, plan):
    root = converged()
    results = [run_module("host_verify_info", {"root": root, "plan": plan}, check=check) for check in (False, True)]
    assert json.dumps(results[0]["checks"]) == json.dumps(results[1]["checks"])
