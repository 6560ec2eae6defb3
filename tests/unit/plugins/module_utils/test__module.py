"""The frame around every module: what is written under it has the permissions that we mean, whoever started us."""

import os

import pytest

pytest.importorskip("yaml")
pytest.importorskip("ansible.module_utils.basic")
from stage import Stage

UNIT = "nfv-ovs-dpdk-devices.service"


@pytest.fixture(params=[0o000, 0o077], ids=["umask 0", "umask 077"])
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


def made(stage, before):
    """{path: permissions} of what is new below the root, directories too, without the state that is for root alone."""
    found = {}
    for above, directories, files in os.walk(stage.root):
        directories[:] = [name for name in directories if name != "nfv_ovs_dpdk"]
        for path in (os.path.join(above, name) for name in directories + files):
            if path not in before and not os.path.islink(path):
                found[os.path.relpath(path, stage.root)] = os.stat(path).st_mode & 0o7777
    return found


def present(stage):
    return {os.path.join(above, name) for above, names, files in os.walk(stage.root) for name in names + files}


@pytest.fixture
def stage(tmp_path, run_module, monkeypatch):
    return Stage(tmp_path, run_module, monkeypatch, nics=[{"name": "ens4", "address": "0000:40:00.0"}])


def test_own_files_have_the_permissions_that_were_asked_for(stage, umask):
    before = present(stage)
    rows = [
        {"path": "/etc/nfv/a/x.conf", "content": "x\n"},
        {"path": "/usr/local/nfv/y", "content": "", "mode": "0750"},
    ]
    assert stage.run("owned_files", {"files": rows})["changed"]
    assert made(stage, before) == {
        "etc/nfv": 0o755,
        "etc/nfv/a": 0o755,
        "etc/nfv/a/x.conf": 0o644,
        "usr/local": 0o755,
        "usr/local/nfv": 0o755,
        "usr/local/nfv/y": 0o750,
        "var": 0o755,
        "var/lib": 0o755,
    }


def test_what_binds_devices_at_boot_is_writable_for_root_alone(stage, umask):
    before = present(stage)
    assert stage.run("pci_driver", {"devices": [{"address": "0000:40:00.0", "driver": "vfio-pci"}]})["changed"]
    found = made(stage, before)
    assert found["usr/local/libexec/nfv-ovs-dpdk"] == found["usr/local/libexec/nfv-ovs-dpdk/bind-devices"] == 0o755
    assert found["etc/systemd/system/" + UNIT] == 0o644
    assert [path for path, mode in found.items() if mode & 0o022] == []


def test_the_state_is_for_root_alone(stage, umask):
    stage.run("owned_files", {"files": [{"path": "/etc/nfv/x.conf", "content": "x\n"}]})
    place = os.path.join(stage.root, "var/lib/nfv_ovs_dpdk")
    modes = [os.stat(path).st_mode & 0o7777 for path in (place, os.path.join(place, "state.json"))]
    assert modes == [0o700, 0o600]
