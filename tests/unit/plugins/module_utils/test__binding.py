"""Moving devices between drivers against a kernel that answers, and the same file run by itself at boot."""

import inspect
import json
import os
import subprocess
import sys

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _binding
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._binding import (
    Bus,
    bind_recorded,
    recorded,
    use,
    write_sysfs,
)
from machines import builder
from pci_kernel import Kernel

NIC = "0000:41:00.0"
SMALL = {"nodes": 1, "cores": 1, "threads": 1}  # CPUs play no part here


def machine(tmp_path, **nic):
    """(bus, kernel) of a machine with one NIC; "refuses" and "mute" belong to the kernel."""
    options = {key: nic.pop(key) for key in ("refuses", "mute") if key in nic}
    root = builder.build(str(tmp_path), nics=[dict({"name": "ens4"}, **nic)], **SMALL)
    kernel = Kernel(root, **options)
    return Bus(root, write=kernel.write), kernel


def entry(bus, **changes):
    return dict(bus.identity(NIC), driver="vfio-pci", persist=True, **changes)


def test_a_device_is_read_as_the_kernel_shows_it(tmp_path):
    bus, _kernel = machine(tmp_path)
    assert (bus.present(NIC), bus.present("0000:ff:00.0")) == (True, False)
    assert (bus.driver(NIC), bus.override(NIC)) == ("i40e", None)
    assert bus.identity(NIC) == {
        "vendor": "8086",
        "device": "1572",
        "subsystem_vendor": "8086",
        "subsystem_device": "0001",
    }
    assert (bus.loaded("i40e"), bus.loaded("igb_uio")) == (True, False)
    assert bus.nodes(NIC) == ["/dev/vfio/10", "/dev/vfio/noiommu-10"]


def test_all_device_files_of_a_device_are_known(tmp_path):
    bus, _kernel = machine(tmp_path, group=None)
    os.makedirs(bus.path(NIC, "vfio-dev", "vfio3"))
    os.makedirs(bus.path(NIC, "uio", "uio0"))
    assert bus.nodes(NIC) == ["/dev/vfio/devices/vfio3", "/dev/uio0"]


def test_the_override_is_written_before_the_device_is_let_go(tmp_path):
    bus, kernel = machine(tmp_path)
    assert bus.move(NIC, "vfio-pci", "vfio-pci") is None
    assert (bus.driver(NIC), bus.override(NIC)) == ("vfio-pci", "vfio-pci")
    assert kernel.writes == [
        ("devices/0000:41:00.0/driver_override", "vfio-pci"),
        ("drivers/i40e/unbind", NIC),
        ("drivers_probe", NIC),
    ]


def test_a_device_goes_back_to_the_driver_that_the_kernel_chooses(tmp_path):
    bus, _kernel = machine(tmp_path)
    bus.move(NIC, "vfio-pci", "vfio-pci")
    assert bus.move(NIC, "i40e", None) is None
    assert (bus.driver(NIC), bus.override(NIC)) == ("i40e", None)


def test_a_device_without_a_driver_needs_no_unbind_and_can_stay_without(tmp_path):
    bus, kernel = machine(tmp_path, driver=None)
    assert bus.move(NIC, "vfio-pci", "vfio-pci") is None
    assert "drivers/vfio-pci/unbind" not in [name for name, _text in kernel.writes]
    assert bus.move(NIC, None, None) is None
    assert bus.driver(NIC) is None


@pytest.mark.parametrize(
    "kernel, problem",
    [
        ({"refuses": {"vfio-pci"}}, "vfio-pci did not take it (Invalid argument), it is on no driver"),
        ({"mute": True}, "vfio-pci did not take it (the kernel gave no reason, see dmesg), it is on i40e"),
    ],
)
def test_only_the_read_back_counts(tmp_path, kernel, problem):
    bus, _kernel = machine(tmp_path, **kernel)
    assert bus.move(NIC, "vfio-pci", "vfio-pci") == problem


def test_sysfs_attributes_are_written_and_never_made(tmp_path):
    attribute = tmp_path / "driver_override"
    with pytest.raises(OSError):
        write_sysfs(str(attribute), "vfio-pci")
    assert not attribute.exists()
    attribute.write_text("")
    write_sysfs(str(attribute), "vfio-pci")
    assert attribute.read_text() == "vfio-pci"


# -- at boot --------------------------------------------------------------------------------------------------------


def test_at_boot_a_recorded_device_is_bound(tmp_path):
    bus, _kernel = machine(tmp_path)
    assert bind_recorded(bus, NIC, entry(bus)) is None
    assert bus.driver(NIC) == "vfio-pci"


def test_at_boot_a_bound_device_is_not_written_to(tmp_path):
    bus, kernel = machine(tmp_path, driver="vfio-pci")
    assert bind_recorded(bus, NIC, entry(bus)) is None
    assert kernel.writes == []


def test_at_boot_the_driver_is_loaded_where_it_is_missing(tmp_path):
    bus, kernel = machine(tmp_path)
    record = dict(entry(bus), driver="uio_pci_generic")
    assert bind_recorded(bus, NIC, record, load=kernel.load) is None
    assert bus.driver(NIC) == "uio_pci_generic"


def address_of_a_card(root, name, mac, kind="0"):
    for attribute, text in (("address", mac), ("addr_assign_type", kind)):
        with open(os.path.join(root, "sys/class/net", name, attribute), "w") as handle:
            handle.write(text + "\n")


def test_at_boot_another_card_of_the_same_model_is_left_alone(tmp_path):
    """Addresses on the bus have moved, and this may be the NIC of the management network."""
    bus, kernel = machine(tmp_path)
    address_of_a_card(bus.root, "ens4", "3c:fd:fe:00:00:01")
    problem = bind_recorded(bus, NIC, entry(bus, burned_in="3c:fd:fe:00:00:99"))
    assert problem == (
        "another device is in this place, left alone: found MAC address 3c:fd:fe:00:00:01, recorded 3c:fd:fe:00:00:99"
    )
    assert kernel.writes == []
    address_of_a_card(bus.root, "ens4", "3c:fd:fe:00:00:01", kind="3")
    assert bind_recorded(bus, NIC, entry(bus, burned_in="3c:fd:fe:00:00:99")) is None, "somebody has set it"


@pytest.mark.parametrize("name", _binding.IDENTITY)
def test_at_boot_another_device_in_the_same_place_is_left_alone(tmp_path, name):
    bus, kernel = machine(tmp_path)
    problem = bind_recorded(bus, NIC, dict(entry(bus), **{name: "10ec"}))
    assert problem.startswith("another device is in this place, left alone: found 8086:1572:8086:0001, recorded ")
    assert kernel.writes == []


@pytest.mark.parametrize(
    "nic, words",
    [
        ({"addresses4": ["192.0.2.10/24"]}, "ens4 has an IPv4 address or route"),
        ({"default_route": True}, "ens4 has an IPv4 address or route"),
        ({"addresses6": ["2001:db8::10/64"]}, "ens4 has an IPv6 address"),
        ({"default_route6": True}, "ens4 has an IPv6 route"),
        ({"routes": ["2001:db8:1::/48"]}, "ens4 has an IPv6 route"),
        ({"master": "bond0"}, "ens4 is part of bond0"),
        ({"master": "ovs-system"}, "ens4 is part of ovs-system"),
        ({"vlan_above": "ens4.100"}, "ens4 is part of ens4.100"),
        ({"virtio": True, "addresses4": ["192.0.2.10/24"]}, "ens4 has an IPv4 address or route"),
    ],
)
def test_at_boot_a_device_in_use_is_left_alone(tmp_path, nic, words):
    bus, kernel = machine(tmp_path, **nic)
    assert bind_recorded(bus, NIC, entry(bus)) == "left alone, because it is in use: " + words
    assert kernel.writes == []


def test_at_boot_a_master_link_alone_is_enough(tmp_path):
    machine(tmp_path, name="ens4")
    (tmp_path / "sys/class/net/ens4/master").symlink_to("../bond0")
    assert use(str(tmp_path), "ens4") == "ens4 has a master"


def test_an_address_without_a_route_is_seen_on_the_live_machine():
    assert use("/", "lo") == "lo has an IPv4 address or route"


def test_at_boot_a_refused_device_goes_back_to_where_it_was(tmp_path):
    bus, _kernel = machine(tmp_path, refuses={"vfio-pci"})
    problem = bind_recorded(bus, NIC, entry(bus))
    assert problem == "vfio-pci did not take it (Invalid argument), it is on no driver; given back to i40e"
    assert (bus.driver(NIC), bus.override(NIC)) == ("i40e", None)


def test_at_boot_a_device_that_is_gone_is_named(tmp_path):
    bus, _kernel = machine(tmp_path)
    assert bind_recorded(bus, "0000:ff:00.0", entry(bus)) == "there is no such device, nothing to bind"


def test_at_boot_only_complete_persistent_records_with_an_address_count(tmp_path):
    good = {"persist": True, "driver": "vfio-pci"}
    others = {
        "0000:42:00.0": {"persist": False, "driver": "vfio-pci"},
        "0000:43:00.0": {"driver": "vfio-pci"},
        "0000:44:00.0": {"persist": True},
        "../../../etc": good,
        "0000:45:00.0\n": good,
    }
    builder.build(str(tmp_path), state={"devices": dict(others, **{NIC: good})}, **SMALL)
    assert recorded(str(tmp_path)) == {NIC: good}


def run_by_itself(tmp_path):
    """The installed file in an interpreter of its own, isolated as in the unit, on a tree instead of on /."""
    script = tmp_path / "bind-devices"
    script.write_text(inspect.getsource(_binding).replace('main(root="/")', 'main(root="{0}")'.format(tmp_path)))
    done = subprocess.Popen(
        [sys.executable, "-I", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    out, err = done.communicate()
    return done.returncode, out, err


@pytest.mark.parametrize(
    "driver, state, code, message",
    [
        ("i40e", None, 0, ""),
        ("i40e", {"devices": {}}, 0, ""),
        ("vfio-pci", {"devices": {NIC: {"driver": "vfio-pci", "persist": True}}}, 0, NIC + ": on vfio-pci\n"),
        (
            "i40e",
            {"devices": {NIC: {"driver": "vfio-pci", "persist": True, "vendor": "1af4", "device": "1041"}}},
            1,
            NIC + ": another device is in this place, left alone: found 8086:1572:8086:0001, "
            "recorded 1af4:1041:None:None\n",
        ),
    ],
)
def test_the_file_runs_by_itself(tmp_path, driver, state, code, message):
    builder.build(str(tmp_path), nics=[{"driver": driver}], state=state, **SMALL)
    assert run_by_itself(tmp_path) == (code, "", message)


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"devices": []})])
def test_a_damaged_state_file_is_one_line_at_boot(tmp_path, text):
    path = tmp_path / _binding.STATE
    path.parent.mkdir(parents=True)
    path.write_text(text)
    code, out, err = run_by_itself(tmp_path)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(str(path) + ": ")
