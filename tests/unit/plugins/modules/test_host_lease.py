"""The lease as plays see it: through host_lease, and through a module that knows nothing of it."""

import os

import pytest

pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state
from ansible_collections.nfv.ovs_dpdk.plugins.modules import host_lease, owned_files

FILE = {"files": [{"path": "/etc/modules-load.d/nfv-ovs-dpdk.conf", "content": "vfio-pci\n"}], "daemon_reload": "never"}


@pytest.fixture
def run(tmp_path, run_module, monkeypatch):
    """run("1@a", "host_lease", …): a module in the play of that name."""
    for module in (host_lease, owned_files):
        monkeypatch.setattr(module, "ROOT", str(tmp_path))
    boot = tmp_path / "proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text("boot\n")
    (tmp_path / "proc/uptime").write_text("5000.25 9000.50\n")

    def call(job, name="host_lease", check=False, **arguments):
        monkeypatch.setenv("NFV_OVS_DPDK_JOB", job)
        return run_module(name, arguments, check=check)

    return call


def test_a_host_belongs_to_one_play_until_it_lets_go(run, tmp_path):
    taken = run("1@a")
    assert (taken["changed"], taken["lease"]["job"], taken["lease"]["host"]) == (False, "1", "a")
    assert taken["lease"]["until_uptime"] == 5900
    for job in ("2@b", ""):
        for name, arguments in (("host_lease", {}), ("owned_files", FILE)):
            refused = run(job, name, **arguments)
            assert refused["failed"]
            assert refused["msg"].startswith("another play is at work on this host: found job 1@a")
    assert not (tmp_path / "etc").exists()
    assert run("2@b", state="absent")["lease"]["job"] == "1"
    assert run("1@a", state="absent")["lease"] == {}
    assert not (tmp_path / "var/lib/nfv_ovs_dpdk").exists()
    assert run("2@b", "owned_files", **FILE)["changed"]


def test_any_changing_module_takes_and_renews(run, tmp_path):
    run("1@a", "owned_files", **FILE)
    lease = run("1@a", check=True)["lease"]
    assert (lease["job"], lease["boot_id"]) == ("1", "boot")
    assert run("2@b", "owned_files", **FILE)["failed"]
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("next\n")
    taken = run("2@b", "owned_files", **FILE)
    assert not taken["failed"]
    assert "The lease of job 1@a is of an earlier boot; this play takes over." in str(taken["warnings"])


def test_a_dry_run_neither_takes_nor_gives_back(run, tmp_path):
    for state in ("present", "absent"):
        assert run("1@a", check=True, state=state)["lease"] == {}
    assert run("1@a", "owned_files", check=True, **FILE)["changed"]
    assert os.listdir(str(tmp_path)) == ["proc"]
    run("1@a")
    assert run("1@a", check=True, state="absent")["lease"]["job"] == "1"
    assert run("2@b", "owned_files", check=True, **FILE)["changed"]


@pytest.mark.parametrize("recorded", [False, True])
def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(run, survives, tmp_path, recorded):
    def world():
        data = _state.State(str(tmp_path)).load()
        for key in ("since", "until"):
            data.get("lease", {}).pop(key, None)
        return None, (data, os.listdir(str(tmp_path / "var/lib")))

    (tmp_path / "var/lib").mkdir(parents=True)
    if recorded:
        run("", "owned_files", **FILE)
    survives(lambda: run("1@a"), lambda: run("1@a", state="absent"), world)


def test_without_a_name_no_lease_is_taken(run):
    assert run("")["lease"] == {}


def test_a_name_that_is_none(run):
    assert run("a b")["msg"].startswith("not a name for a job (NFV_OVS_DPDK_JOB): found 'a b'")
