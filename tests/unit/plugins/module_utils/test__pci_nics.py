"""NICs and the IOMMU: names, nodes, groups, virtual functions, and what the state file remembers."""

import os
import shutil

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._cpus import read_cpus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._nodes import read_nodes
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._pci_nics import read_iommu, read_nics
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
from machines import builder

PCI = "sys/bus/pci/devices"


def build(tmp_path, *nics, **machine):
    machine.setdefault("cores", 1)
    machine = dict({"cores": 1}, **machine)
    return Tree(builder.build(str(tmp_path), nics=nics, **machine))


def read(tree, recorded=None):
    """Rows by address."""
    nodes = read_nodes(tree, read_cpus(tree)["online"])[0]
    return {row["address"]: row for row in read_nics(tree, nodes, recorded or {})}


def put(tree, name, text):
    path = os.path.join(tree.root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as handle:
        handle.write(text)


def test_one_nic_in_full(tmp_path):
    tree = build(tmp_path, {"address": "0000:81:00.0", "node": 1, "name": "ens4", "group": 7, "numvfs": 0})
    assert read(tree)["0000:81:00.0"] == {
        "address": "0000:81:00.0",
        "present": True,
        "name": "ens4",
        "names": ["ens4"],
        "mac": "52:54:00:00:00:01",
        "driver": "i40e",
        "vendor": "8086",
        "device": "1572",
        "subsystem_vendor": "8086",
        "subsystem_device": "0001",
        "class": "020000",
        "numa_node": 1,
        "local_cpus": [2, 3],
        "node": 1,
        "node_from": "numa_node",
        "iommu_group": 7,
        "iommu_group_members": [{"address": "0000:81:00.0", "driver": "i40e", "class": "020000"}],
        "physfn": None,
        "vf_index": None,
        "numvfs": 0,
        "modalias": "pci:v00008086d00001572sv00008086sd00000001bc02sc00i00",
        "uses": [],
        "recorded": None,
    }


def test_only_network_classes_count(tmp_path):
    infiniband = {"address": "0000:43:00.0", "class": "020700", "name": None}
    disk = {"address": "0000:45:00.0", "class": "010802", "driver": "nvme"}
    tree = build(tmp_path, {"address": "0000:41:00.0"}, infiniband, disk)
    assert sorted(read(tree)) == ["0000:41:00.0", "0000:43:00.0"]
    assert read(tree)["0000:43:00.0"]["name"] is None


def test_a_virtio_nic_is_named_through_its_child(tmp_path):
    row = read(build(tmp_path, {"address": "0000:41:00.0", "virtio": True, "name": "ens4"}))["0000:41:00.0"]
    assert (row["name"], row["driver"], row["vendor"], row["device"]) == ("ens4", "virtio-pci", "1af4", "1041")


def test_a_copy_of_sys_that_has_directories_for_links(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "name": "ens4"})
    path = os.path.join(tree.root, "sys/class/net/ens4")
    os.unlink(path)
    os.makedirs(path)
    os.symlink("../../../devices/pci0000:40/0000:40:00.0/0000:41:00.0", os.path.join(path, "device"))
    assert read(tree)["0000:41:00.0"]["name"] == "ens4"


@pytest.mark.parametrize("address", ["10000:01:00.0", "0000:00:03.0", "abcd1234:81:00.7"])
def test_domains_of_any_width(tmp_path, address):
    assert read(build(tmp_path, {"address": address, "name": "ens4"}))[address]["name"] == "ens4"


def test_rows_are_sorted_by_number(tmp_path):
    addresses = ["10000:01:00.0", "0000:81:00.1", "0000:9f:00.0", "0000:81:00.0"]
    tree = build(tmp_path, *[{"address": address} for address in addresses])
    assert list(read(tree)) == ["0000:81:00.0", "0000:81:00.1", "0000:9f:00.0", "10000:01:00.0"]


def test_a_network_device_behind_another_kind_of_device_is_no_nic(tmp_path):
    """A USB adapter hangs below a PCI device too, but that one is a USB controller."""
    tree = build(tmp_path, {"address": "0000:00:14.0", "class": "0c0330", "driver": "xhci_hcd"}, {"name": "ens4"})
    path = os.path.join(tree.root, "sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/net/usb0")
    os.makedirs(path)
    os.symlink("../../devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/net/usb0", tree.root + "/sys/class/net/usb0")
    assert [row["names"] for row in read(tree).values()] == [["ens4"]]


def test_representors_come_after_the_port(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "name": "ens4"})
    device = "sys/devices/pci0000:40/0000:40:00.0/0000:41:00.0"
    for name, port in (("aaa0", "pf0vf0"), ("aaa1", "c1pf0vf1"), ("aaa2", "pf0sf88")):
        put(tree, "{0}/net/{1}/phys_port_name".format(device, name), port + "\n")
        os.symlink("../../{0}/net/{1}".format(device[4:], name), tree.root + "/sys/class/net/" + name)
    put(tree, device + "/net/ens4/phys_port_name", "p0\n")
    row = read(tree)["0000:41:00.0"]
    assert row["name"] == "ens4"
    assert row["names"] == ["ens4", "aaa0", "aaa1", "aaa2"]


def test_ports_of_one_function_come_in_their_order(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "name": "zzz", "driver": "mlx4_core"})
    device = "sys/devices/pci0000:40/0000:40:00.0/0000:41:00.0"
    put(tree, device + "/net/aaa/dev_port", "1\n")
    put(tree, device + "/net/zzz/dev_port", "0\n")
    os.symlink("../../devices/pci0000:40/0000:40:00.0/0000:41:00.0/net/aaa", tree.root + "/sys/class/net/aaa")
    assert read(tree)["0000:41:00.0"]["names"] == ["zzz", "aaa"]


def test_what_is_used_on_any_of_the_names_counts(tmp_path):
    tree = build(tmp_path, {"name": "ens4", "addresses4": ["192.0.2.10/24"], "master": "bond0"})
    (row,) = read(tree).values()
    assert [use["kind"] for use in row["uses"]] == ["address", "bond"]


NODES = {
    "said": ({"node": 1}, {}, (1, "numa_node")),
    "unsaid, all CPUs are local": ({"node": -1}, {}, (None, None)),
    "unsaid, one node": ({"node": -1}, {"nodes": 1}, (0, "only_node")),
    "no NUMA": ({"node": 0}, {"numa": False}, (0, "only_node")),
    "a node that is not there": ({"node": 0}, {"node_ids": [4, 5]}, (4, "local_cpus")),
}


@pytest.mark.parametrize("nic, machine, expected", list(NODES.values()), ids=list(NODES))
def test_node(tmp_path, nic, machine, expected):
    tree = build(tmp_path, dict(nic, address="0000:41:00.0"), **machine)
    if expected[1] == "local_cpus":
        put(tree, PCI + "/0000:41:00.0/local_cpulist", "0-1\n")
    row = read(tree)["0000:41:00.0"]
    assert (row["node"], row["node_from"]) == expected


@pytest.mark.parametrize(
    "files, expected",
    [
        ({"local_cpulist": "2-3"}, [2, 3]),
        ({"local_cpus": "00000000,0000000c"}, [2, 3]),
        ({"local_cpulist": ""}, []),
        ({}, None),
    ],
)
def test_local_cpus_by_list_or_mask(tmp_path, files, expected):
    tree = build(tmp_path, {"address": "0000:41:00.0", "node": -1})
    for name in ("local_cpulist", "local_cpus"):
        os.unlink(os.path.join(tree.root, PCI, "0000:41:00.0", name))
    for name, text in files.items():
        put(tree, "{0}/0000:41:00.0/{1}".format(PCI, name), text + "\n")
    row = read(tree)["0000:41:00.0"]
    assert row["local_cpus"] == expected
    assert row["node"] == (1 if expected else None)


def test_all_members_of_a_group(tmp_path):
    nics = [
        {"address": "0000:00:1f.0", "group": 3, "class": "060100", "driver": None},
        {"address": "0000:00:1f.6", "group": 3, "driver": "e1000e"},
        {"address": "0000:00:03.0", "group": 4},
    ]
    row = read(build(tmp_path, *nics))["0000:00:1f.6"]
    assert row["iommu_group"] == 3
    assert row["iommu_group_members"] == [
        {"address": "0000:00:1f.0", "driver": None, "class": "060100"},
        {"address": "0000:00:1f.6", "driver": "e1000e", "class": "020000"},
    ]


def test_virtual_functions(tmp_path):
    physical = {"address": "0000:40:00.0", "name": "ens4", "numvfs": 12}
    virtual = [
        {"address": "0000:40:0{0}.{1}".format(1 + n // 8, n % 8), "physfn": "0000:40:00.0", "vf_index": n}
        for n in range(12)
    ]
    rows = read(build(tmp_path, physical, *virtual))
    assert (rows["0000:40:00.0"]["numvfs"], rows["0000:40:00.0"]["physfn"]) == (12, None)
    assert rows["0000:40:02.3"]["physfn"] == "0000:40:00.0"
    assert rows["0000:40:02.3"]["vf_index"] == 11
    assert rows["0000:40:02.3"]["numvfs"] is None


RECORD = {"name": "ens4", "mac": "52:54:00:12:34:56", "driver_before": "i40e", "vendor": "8086", "device": "1572"}


def test_a_bound_nic_is_named_by_the_state_file(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "driver": "vfio-pci"})
    row = read(tree, {"0000:41:00.0": RECORD})["0000:41:00.0"]
    assert (row["name"], row["names"], row["mac"]) == ("ens4", [], "52:54:00:12:34:56")
    assert (row["driver"], row["recorded"]) == ("vfio-pci", RECORD)


def test_the_kernel_is_believed_before_the_state_file(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "name": "enp65s0", "mac": "02:00:00:00:00:01"})
    row = read(tree, {"0000:41:00.0": RECORD})["0000:41:00.0"]
    assert (row["name"], row["mac"]) == ("enp65s0", "02:00:00:00:00:01")


def test_another_card_in_the_slot_does_not_inherit_the_name(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "driver": "vfio-pci", "device": "159b"})
    row = read(tree, {"0000:41:00.0": RECORD})["0000:41:00.0"]
    assert (row["name"], row["mac"]) == (None, None)
    assert row["recorded"] == RECORD


def test_a_recorded_nic_that_is_gone(tmp_path):
    tree = build(tmp_path, {"address": "0000:81:00.0"})
    rows = read(tree, {"0000:41:00.0": dict(RECORD, numa_node=1)})
    assert list(rows) == ["0000:41:00.0", "0000:81:00.0"]
    assert set(rows["0000:41:00.0"]) == set(rows["0000:81:00.0"])
    row = rows["0000:41:00.0"]
    assert (row["present"], row["name"], row["driver"], row["vendor"], row["node"]) == (False, "ens4", None, "8086", 1)


def test_an_unbound_nic_without_a_record(tmp_path):
    row = read(build(tmp_path, {"address": "0000:41:00.0", "driver": None}))["0000:41:00.0"]
    assert (row["driver"], row["name"], row["mac"], row["uses"]) == (None, None, None, [])


def test_a_device_of_which_the_tree_shows_only_the_class(tmp_path):
    tree = Tree(str(tmp_path))
    put(tree, PCI + "/0000:41:00.0/class", "0x020000\n\0\0\0")
    row = read(tree)["0000:41:00.0"]
    assert row["class"] == "020000"
    assert {row[key] for key in ("vendor", "driver", "name", "mac", "iommu_group", "modalias", "numa_node")} == {None}


def test_iommu(tmp_path):
    tree = build(tmp_path, {"group": 0}, {"group": 1}, noiommu=False)
    assert read_iommu(tree) == {"active": True, "units": ["dmar0"], "described": None, "groups": 4, "noiommu": False}


def test_groups_without_units_prove_an_iommu(tmp_path):
    tree = build(tmp_path, {"group": 0})
    shutil.rmtree(os.path.join(tree.root, "sys/class/iommu"))
    assert read_iommu(tree)["active"] is True


@pytest.mark.parametrize("mode, expected", [("Y\n", True), ("N\n", False), ("1\n", True), (None, None)])
def test_noiommu_mode(tmp_path, mode, expected):
    tree = build(tmp_path, {}, iommu=False)
    if mode:
        put(tree, "sys/module/vfio/parameters/enable_unsafe_noiommu_mode", mode)
    assert read_iommu(tree) == {"active": False, "units": [], "described": None, "groups": 0, "noiommu": expected}


@pytest.mark.parametrize(
    ("tables", "described"), [((), None), (("APIC",), False), (("APIC", "DMAR"), True), (("IVRS",), True)]
)
def test_the_firmware_describes_an_iommu_or_not(tmp_path, tables, described):
    tree = build(tmp_path, iommu=False)
    for table in tables:
        put(tree, "sys/firmware/acpi/tables/" + table, "")
    assert read_iommu(tree)["described"] is described


def test_the_groups_of_noiommu_mode_prove_nothing(tmp_path):
    tree = build(tmp_path, {"address": "0000:41:00.0", "driver": "vfio-pci"}, iommu=False, noiommu=True)
    put(tree, "sys/kernel/iommu_groups/0/name", "vfio-noiommu\n")
    os.symlink("../../../../kernel/iommu_groups/0", os.path.join(tree.root, PCI, "0000:41:00.0/iommu_group"))
    assert read_iommu(tree) == {"active": False, "units": [], "described": None, "groups": 0, "noiommu": True}
    row = read(tree)["0000:41:00.0"]
    assert (row["iommu_group"], row["iommu_group_members"]) == (None, [])
