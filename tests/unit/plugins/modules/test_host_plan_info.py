"""host_plan_info through its real main(), on trees as a kernel shows them."""

import inspect
import os
import shutil

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _request
from machines import builder

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.modules import host_plan_info

ADDRESSES = ("0000:40:00.0", "0000:80:00.0")


def build(root, applied=None, **changes):
    """The lab machine; with the plan *applied*, as it is after the roles and a reboot."""
    nics = [
        {"address": ADDRESSES[0], "node": 0, "name": "ens4", "virtio": True, "mac": "52:54:00:00:00:01", "group": 7},
        {
            "address": ADDRESSES[1],
            "node": 1,
            "name": "ens5",
            "vendor": "15ad",
            "device": "07b0",
            "driver": "vmxnet3",
            "mac": "52:54:00:00:00:02",
            "group": 9,
        },
    ]
    changes.setdefault("cmdline", "ro quiet")
    changes.setdefault("memory_mb", 5930)
    if applied:
        entries = {}
        for nic, driver in zip(nics, ("virtio-pci", "vmxnet3")):
            entries[nic["address"]] = {
                "name": nic["name"],
                "mac": nic["mac"],
                "driver_before": driver,
                "override_before": None,
                "driver": "vfio-pci",
            }
            nic.update(driver="vfio-pci", name=None)
        changes.update(
            cmdline="ro quiet " + applied["kernel_args"],
            isolated=applied["cpus"]["isolated"],
            nohz_full=applied["cpus"]["isolated"],
            hugepages={(row["node"], row["size_kb"]): (row["count"], 0) for row in applied["hugepages"]},
            state={"devices": entries, "kernel_cmdline": {"tokens": applied["kernel_args_tokens"], "taken_over": []}},
        )
    return builder.build(str(root), nics=nics, **changes)


def test_plan_and_os(tmp_path, run_module):
    result = run_module("host_plan_info", {"root": build(tmp_path), "nics": "ens4;ens5"})
    assert not result["failed"] and result["changed"] is False
    assert result["plan"]["os"] == {"id": "debian", "version_id": "12", "family": "debian"}
    plan = result["plan"]
    assert plan["cpus"]["pmd"] == "2-3,8-9"
    assert [device["address"] for device in plan["devices"]] == list(ADDRESSES)
    assert plan["other_config"]["dpdk-extra"] == "-a 0000:40:00.0 -a 0000:80:00.0"
    assert plan["warnings"] == []


def test_check_mode_is_the_same(tmp_path, run_module):
    arguments = {"root": build(tmp_path), "nics": "ens4"}
    assert run_module("host_plan_info", arguments, check=True) == run_module("host_plan_info", arguments)


@pytest.mark.parametrize(
    "who", ["ens4;ens5", ["52-54-00-00-00-01", "5254.0000.0002"], "40:00.0 mtu=9000\n80:00.0 rxq=auto\n"]
)
def test_the_finished_host_has_the_same_plan(tmp_path, run_module, who):
    before = run_module("host_plan_info", {"root": build(tmp_path / "before"), "nics": who})["plan"]
    after = run_module("host_plan_info", {"root": build(tmp_path / "after", applied=before), "nics": who})["plan"]
    assert before["devices"][0]["kernel_driver"] == "virtio-pci"
    assert after == before


def test_a_copied_tree_has_the_plan_of_its_machine(tmp_path, run_module):
    root = build(tmp_path / "machine")
    shutil.copytree(root, str(tmp_path / "copy"), symlinks=True)
    places = (root, str(tmp_path / "copy"))
    plans = [run_module("host_plan_info", {"root": place, "nics": "ens4"})["plan"] for place in places]
    assert plans[0] == plans[1]


def test_nothing_is_written(tmp_path, run_module):
    root = build(tmp_path)
    before = sorted(os.path.join(top, name) for top, _directories, names in os.walk(root) for name in names)
    run_module("host_plan_info", {"root": root, "nics": "ens4"})
    assert sorted(os.path.join(top, name) for top, _directories, names in os.walk(root) for name in names) == before


def test_hand_made_hosts_of_the_other_tests_are_what_the_reader_reads(tmp_path, run_module):
    read = run_module("host_plan_info", {"root": build(tmp_path), "nics": "ens4 ; ens5"})["plan"]
    nics = [
        hosts.nic(ADDRESSES[0], 0, "ens4", hosts.VIRTIO, "virtio-pci", 1, iommu_group=7),
        hosts.nic(ADDRESSES[1], 1, "ens5", hosts.VMXNET3, "vmxnet3", 2, iommu_group=9),
    ]
    assert hosts.plan(hosts.make(memory_mb=5930, nics=nics), nics="ens4;ens5") == read


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"nics": "eth9"}, "no such NIC (eth9): found 0000:40:00.0 (ens4), 0000:80:00.0 (ens5)"),
        ({"pmd_cores": "0:9"}, "Set host_plan_pmd_cores (option pmd_cores) to at most 2 for node 0."),
        ({"pmd_cpus": "2"}, "pmd_cpus splits SMT siblings"),
        ({"vm_memory": "8"}, "Write host_plan_vm_memory (option vm_memory) with a unit"),
        ({"other_config": {"pmd-cpu-mask": "0x1"}}, "use host_plan_pmd_cpus (option pmd_cpus)"),
        ({"nics": [{"address": "x"}]}, "not a NIC"),
        ({"isolation": "kernal"}, "isolation"),
    ],
)
def test_refusals_are_messages(tmp_path, run_module, arguments, message):
    result = run_module("host_plan_info", dict(arguments, root=build(tmp_path)))
    assert result["failed"]
    assert message in result["msg"]
    assert "Traceback" not in result["msg"]


def test_no_machine(tmp_path, run_module):
    result = run_module("host_plan_info", {"root": str(tmp_path)})
    assert result["failed"] and "root" in result["msg"]


def test_the_documentation_names_every_key_of_the_plan(tmp_path, run_module):
    documented = yaml.safe_load(host_plan_info.RETURN)["plan"]["contains"]
    plan = run_module("host_plan_info", {"root": build(tmp_path), "nics": "ens4"})["plan"]
    assert set(documented) == set(plan)
    for name in ("devices", "isolation"):
        rows = plan[name] if isinstance(plan[name], list) else [plan[name]]
        text = str(documented[name]["description"])
        assert [key for row in rows for key in row if "C({0})".format(key) not in text] == []


def test_options_are_those_of_the_request(run_module):
    text = inspect.getsource(_request)
    assert [name for name in host_plan_info.ARGUMENTS if name != "root" and '"{0}"'.format(name) not in text] == []
    assert set(yaml.safe_load(host_plan_info.DOCUMENTATION)["options"]) == set(host_plan_info.ARGUMENTS)
