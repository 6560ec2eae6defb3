"""What a move of NICs takes, decided on plain data: records, order of actions, unit."""

import shutil
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _moves
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._binding import Bus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from machines import builder

NIC = "0000:41:00.0"
EARLIER = {
    "vendor": "8086",
    "device": "1572",
    "subsystem_vendor": "8086",
    "subsystem_device": "0001",
    "name": "ens4",
    "mac": "52:54:00:00:00:01",
    "numa_node": 0,
    "driver": "vfio-pci",
    "driver_before": "i40e",
    "override_before": None,
    "persist": True,
}


def world(tmp_path, recorded=None, **nic):
    """(host, bus, records) of a machine with one NIC."""
    state = {"devices": {NIC: recorded}} if recorded else {}
    root = builder.build(str(tmp_path), cores=1, threads=1, nics=[dict({"name": "ens4"}, **nic)], state=state)
    return read_host(root), Bus(root, write=None), state.get("devices", {})


@pytest.mark.parametrize(
    "devices, wanted",
    [
        ([], {}),
        ([{"address": "41:00.0", "driver": "vfio-pci"}], {NIC: "vfio-pci"}),
        ([{"address": " 0000:41:00.0 ", "driver": "igb_uio"}] * 2, {NIC: "igb_uio"}),
        ([{"address": NIC}], {NIC: None}),
        ([{"address": NIC, "driver": None, "bifurcated": True}], {NIC: None}),
        ([{"address": None, "driver": None}, {}], {}),
        ([{"address": "10000:e1:00.0", "driver": "vfio-pci"}], {"10000:e1:00.0": "vfio-pci"}),
    ],
)
def test_devices_are_read_in_every_notation(devices, wanted):
    assert _moves.requested(devices) == wanted


@pytest.mark.parametrize("address", ["", "..", "../..", "41:00.8", "0000:41:00.0/..", 7, True, ["41:00.0"], {}])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Refused, match="not a PCI address"):
        _moves.requested([{"address": address, "driver": "vfio-pci"}])


@pytest.mark.parametrize("driver", ["", "vfio_pci", "vfio-pci\n", "i40e", "../vfio-pci", 7, True, ["vfio-pci"], {}])
def test_what_is_no_driver_is_refused(driver):
    with pytest.raises(Refused, match="not a driver for DPDK"):
        _moves.requested([{"address": NIC, "driver": driver}])


# the NIC now, its earlier record, what the new record says of the time before us
RECORDS = {
    "first time": ({}, None, ("i40e", None)),
    "first time, with an override": ({"driver_override": "i40e"}, None, ("i40e", "i40e")),
    "first time, without a driver": ({"driver": None}, None, (None, None)),
    "bound by somebody else": ({"driver": "vfio-pci", "driver_override": "vfio-pci"}, None, ("vfio-pci", "vfio-pci")),
    "killed before the override": ({}, EARLIER, ("i40e", None)),
    "killed before the unbind": ({"driver_override": "vfio-pci"}, EARLIER, ("i40e", None)),
    "killed before the probe": ({"driver": None, "driver_override": "vfio-pci"}, EARLIER, ("i40e", None)),
    "another driver since": ({"driver": "i40e_oot"}, EARLIER, ("i40e_oot", None)),
    "another override since": ({"driver_override": "i40e"}, EARLIER, ("i40e", "i40e")),
    "another card since": ({"driver": "ice", "device": "1592"}, EARLIER, ("ice", None)),
    "a record that lacks everything": ({}, {"driver": "vfio-pci"}, ("i40e", None)),
}


@pytest.mark.parametrize("row", RECORDS.values(), ids=list(RECORDS))
def test_the_record_says_what_was_there_before_us(tmp_path, row):
    nic, recorded, before = row
    host, bus, records = world(tmp_path, recorded, **nic)
    entry = _moves.bind(host, {NIC: "vfio-pci"}, records, bus, True).entries[NIC]
    assert (entry["driver_before"], entry["override_before"]) == before
    assert set(entry) == set(EARLIER)


# the NIC now, its record, the step that gives it back
BACK = {
    "bound": ({"driver": "vfio-pci", "driver_override": "vfio-pci"}, EARLIER, ("give back", "vfio-pci", "i40e")),
    "bound, override lost": ({"driver": "vfio-pci"}, EARLIER, ("give back", "vfio-pci", "i40e")),
    "killed before the unbind": ({"driver_override": "vfio-pci"}, EARLIER, ("give back", "i40e", "i40e")),
    "killed before the probe": ({"driver": None}, EARLIER, ("give back", None, "i40e")),
    "killed before it was forgotten": ({}, EARLIER, ("forget", "vfio-pci", None)),
    "without a driver before": (
        {"driver": "vfio-pci"},
        dict(EARLIER, driver_before=None),
        ("give back", "vfio-pci", None),
    ),
    "moved by somebody else": ({"driver": "i40e_oot"}, EARLIER, ("forget", "vfio-pci", None)),
    "adopted": ({"driver": "vfio-pci"}, dict(EARLIER, driver_before="vfio-pci"), ("forget", "vfio-pci", None)),
}


@pytest.mark.parametrize("row", BACK.values(), ids=list(BACK))
def test_only_our_own_work_is_given_back(tmp_path, row):
    nic, recorded, step = row
    host, bus, records = world(tmp_path, recorded, **nic)
    job = _moves.give_back(host, {NIC: None}, records, bus)
    assert [(step["action"], step["before"], step["after"]) for step in job.steps] == [step]
    assert job.entries == {NIC: None}


def test_a_driver_that_is_gone_is_loaded_before_a_nic_is_given_back(tmp_path):
    host, bus, records = world(tmp_path, EARLIER, driver="vfio-pci")
    assert [step["target"] for step in _moves.give_back(host, {NIC: None}, records, bus).loads] == ["i40e"]


def test_the_unit_comes_last_and_goes_first(tmp_path):
    host, bus, records = world(tmp_path)
    job = _moves.bind(host, {NIC: "vfio-pci"}, records, bus, True)
    job.add_unit(State(bus.root), bus.root)
    assert [step["action"] for step in job.actions] == ["bind", "write", "write", "reload", "enable"]
    host, bus, records = world(tmp_path / "bound", EARLIER, driver="vfio-pci")
    job = _moves.give_back(host, {NIC: None}, records, bus)
    link = tmp_path / "bound" / _moves.UNIT_LINK.lstrip("/")
    link.parent.mkdir(parents=True)
    link.symlink_to(_moves.UNIT_PATH)
    job.add_unit(State(bus.root), bus.root)
    assert [step["action"] for step in job.actions] == ["load", "disable", "give back"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
def test_the_unit_is_one_that_systemd_understands(tmp_path):
    unit = tmp_path / _moves.UNIT
    unit.write_text(_moves.unit_text("/"))
    done = subprocess.Popen(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    said = done.communicate()[0]
    assert [line for line in said.splitlines() if _moves.UNIT in line] == []
    assert done.returncode == 0
