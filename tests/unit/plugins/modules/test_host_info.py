"""The module as a host runs it: one option, one answer, no change."""

import json
import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from machines import builder

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.modules import host_info


@pytest.fixture
def tree(tmp_path):
    nics = [
        {"node": 0, "name": "ens4", "addresses4": ["192.0.2.10/24"], "group": 5},
        {"address": "0000:81:00.0", "node": 1, "driver": "vfio-pci"},
    ]
    return builder.build(str(tmp_path / "tree"), nics=nics, state={"devices": {"0000:81:00.0": {"name": "ens5"}}})


def snapshot(root):
    """Every path below *root* with size and time of change."""
    paths = (os.path.join(above, name) for above, folders, names in os.walk(root) for name in folders + names)
    return {path: (os.lstat(path).st_size, os.lstat(path).st_mtime) for path in paths}


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("diff", [False, True])
def test_the_answer_is_the_host_and_nothing_changes(run_module, tree, check, diff):
    before = snapshot(tree)
    result = run_module("host_info", {"root": tree}, check=check, diff=diff)
    assert result["host"] == read_host(tree)
    assert (result["changed"], "diff" in result) == (False, False)
    assert snapshot(tree) == before


def test_twice_the_same(run_module, tree):
    first = run_module("host_info", {"root": tree})
    assert run_module("host_info", {"root": tree}) == first


def test_the_root_is_this_machine_by_default(run_module):
    result = run_module("host_info", {})
    assert result["host"]["kernel"] == os.uname().release


def test_a_root_without_a_machine(run_module, tmp_path):
    result = run_module("host_info", {"root": str(tmp_path)})
    assert result["failed"]
    assert result["error"]["where"] == str(tmp_path)
    assert "Set root" in result["msg"]


def test_a_damaged_state_file(run_module, tree):
    with open(os.path.join(tree, "var/lib/nfv_ovs_dpdk/state.json"), "w") as handle:
        json.dump({"version": 99}, handle)
    result = run_module("host_info", {"root": tree})
    assert result["failed"]
    assert result["error"]["found"] == "version 99"


def test_an_unknown_option(run_module):
    assert "Unsupported parameters" in run_module("host_info", {"path": "/"})["msg"]


def keys(value, documented):
    """Compare keys of the answer with the documented ones, level by level."""
    for row in value if isinstance(value, list) else [value]:
        assert set(row) == set(documented)
        for key, part in documented.items():
            if "contains" in part and row[key]:
                keys(row[key], part["contains"])


def test_every_key_is_documented(run_module, tree):
    documented = yaml.safe_load(host_info.RETURN)["host"]["contains"]
    keys(run_module("host_info", {"root": tree})["host"], documented)
