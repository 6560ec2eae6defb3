"""alternative against the real update-alternatives, with its directories in a private place."""

import functools
import os
import shutil
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

TOOL = shutil.which("update-alternatives")
pytestmark = pytest.mark.skipif(TOOL is None, reason="update-alternatives is Debian's")


@pytest.fixture
def group(tmp_path, monkeypatch):
    """A group "switch" of three programs of which "plain" is the automatic choice; returns their paths."""
    for name in ("alt", "admin", "bin"):
        (tmp_path / name).mkdir()
    wrapper = tmp_path / "bin" / "update-alternatives"
    wrapper.write_text(
        '#!/bin/sh\nexec {0} --quiet --log {1}/log --altdir {1}/alt --admindir {1}/admin "$@"\n'.format(TOOL, tmp_path)
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", "{0}:{1}".format(tmp_path / "bin", os.environ["PATH"]))
    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))
    paths = {}
    for name, priority in (("plain", "100"), ("dpdk", "50"), ("other", "20")):
        program = tmp_path / name
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        paths[name] = str(program)
        argv = [str(wrapper), "--install", str(tmp_path / "link"), "switch", str(program), priority]
        assert os.spawnv(os.P_WAIT, argv[0], argv) == 0
    paths["link"] = str(tmp_path / "link")
    return paths


@pytest.fixture
def world(group):
    def everything():
        query = ["update-alternatives", "--query", "switch"]
        selected = subprocess.check_output(query, universal_newlines=True), os.path.realpath(group["link"])
        return selected, _state.State().load()

    return everything


def test_select_another_and_give_back(group, run_module, settles, world):
    virgin = world()[0]
    for before, after in (("plain", "dpdk"), ("dpdk", "other")):
        wanted = {"name": "switch", "path": group[after]}
        result = settles(functools.partial(run_module, "alternative", wanted), world)
        assert result["actions"] == [
            {"action": "select", "target": "switch", "before": group[before], "after": group[after]}
        ]
        assert result["selected"] == group[after] == os.path.realpath(group["link"])
    settles(functools.partial(run_module, "alternative", {"name": "switch", "state": "absent"}), world)
    assert world() == (virgin, {"version": 1})


@pytest.mark.parametrize("selected", ["plain", "other"])
def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(group, run_module, survives, world, selected):
    if selected == "other":
        subprocess.check_call(["update-alternatives", "--set", "switch", group["other"]])
    wanted = {"name": "switch", "path": group["dpdk"]}
    back = {"name": "switch", "state": "absent"}
    survives(lambda: run_module("alternative", wanted), lambda: run_module("alternative", back), world)


@pytest.mark.parametrize("path", ["dpdk", "other"])
def test_killed_at_any_step_and_given_back_at_once_all_is_as_before(group, run_module, deaths, world, path):
    """Also where one selection of ours follows another."""
    virgin = world()[0]
    back = {"name": "switch", "state": "absent"}

    def first():
        if path == "other":
            run_module("alternative", {"name": "switch", "path": group["dpdk"]})

    first()
    for _death in deaths(lambda: run_module("alternative", {"name": "switch", "path": group[path]})):
        assert run_module("alternative", back)["left"] == []
        assert world()[0] == virgin and "alternatives" not in world()[1]
        first()


def test_without_a_name_everything_is_given_back(group, run_module):
    assert not run_module("alternative", {"state": "absent"})["changed"]
    run_module("alternative", {"name": "switch", "path": group["dpdk"]})
    back = run_module("alternative", {"state": "absent"})
    assert [(each["action"], each["target"]) for each in back["actions"]] == [("give back", "switch")]
    assert os.path.realpath(group["link"]) == group["plain"]
    assert "missing: name" in run_module("alternative", {"path": group["dpdk"]})["msg"]


def test_what_the_operator_selected_is_not_given_back(group, run_module):
    os.spawnvp(os.P_WAIT, "update-alternatives", ["update-alternatives", "--set", "switch", group["dpdk"]])
    assert not run_module("alternative", {"name": "switch", "path": group["dpdk"]})["changed"]
    assert not run_module("alternative", {"name": "switch", "state": "absent"})["changed"]
    assert os.path.realpath(group["link"]) == group["dpdk"]


def test_what_the_operator_selected_since_stays(group, run_module):
    run_module("alternative", {"name": "switch", "path": group["dpdk"]})
    third = group["plain"] + "-third"
    shutil.copy(group["plain"], third)
    for argv in (["--install", group["link"], "switch", third, "10"], ["--set", "switch", third]):
        os.spawnvp(os.P_WAIT, "update-alternatives", ["update-alternatives"] + argv)
    for check in (True, False):
        result = run_module("alternative", {"name": "switch", "state": "absent"}, check=check)
        assert [each["action"] for each in result["actions"]] == ["forget"]
        assert result["left"] == [{"target": "switch", "reason": "was changed by somebody else after us"}]
        assert "switch was changed by somebody else after us; it is left alone." in str(result["warnings"])
    assert os.path.realpath(group["link"]) == third
    assert run_module("alternative", {"name": "switch", "state": "absent"})["left"] == []


def test_what_the_operator_selected_between_two_runs_comes_back(group, run_module):
    wanted = {"name": "switch", "path": group["dpdk"]}
    for mode in (["--set", "switch", group["other"]], ["--auto", "switch"], ["--set", "switch", group["plain"]]):
        run_module("alternative", wanted)
        subprocess.check_call(["update-alternatives"] + mode)
        query = ["update-alternatives", "--query", "switch"]
        chosen = subprocess.check_output(query)
        assert run_module("alternative", wanted)["changed"]
        assert run_module("alternative", {"state": "absent"})["left"] == []
        assert subprocess.check_output(query) == chosen


def test_the_automatic_choice_of_before_is_no_loss(group, run_module):
    run_module("alternative", {"name": "switch", "path": group["dpdk"]})
    os.spawnvp(os.P_WAIT, "update-alternatives", ["update-alternatives", "--auto", "switch"])
    result = run_module("alternative", {"name": "switch", "state": "absent"})
    assert ([each["action"] for each in result["actions"]], result["left"]) == (["forget"], [])


def test_a_program_that_is_not_offered(group, run_module):
    result = run_module("alternative", {"name": "switch", "path": "/bin/true"})
    assert result["failed"]
    assert group["plain"] in result["msg"] and "expected /bin/true" in result["msg"]


def test_no_group(group, run_module):
    wanted = {"name": "ovs-vswitchd", "path": "/opt/ovs"}
    assert run_module("alternative", wanted, check=True)["changed"], "a dry run before the package is there"
    assert "no such group" in run_module("alternative", wanted)["msg"]


def test_a_dry_run_before_the_package_of_this_program(group, run_module):
    wanted = {"name": "switch", "path": group["plain"] + "-dpdk"}
    assert [each["action"] for each in run_module("alternative", wanted, check=True)["actions"]] == ["select"]
    assert "the program is not offered" in run_module("alternative", wanted)["msg"]
