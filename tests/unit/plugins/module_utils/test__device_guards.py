"""Every refusal of a device as a row: a machine, what is asked of it, and the exact id and message."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._device_guards import GUARDS
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._guards import judge_devices, judge_release
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from machines import builder

NIC, OTHER, USB = "0000:41:00.0", "0000:43:00.0", "0000:41:00.3"
OVERRIDABLE = {prefix for prefix, possible, _guard in GUARDS if possible}


def nic(**changes):
    return dict({"name": "ens4"}, **changes)


def host_of(tmp_path, **machine):
    machine.setdefault("nics", [nic()])
    return read_host(builder.build(str(tmp_path), cores=1, threads=1, **machine))


def judged(tmp_path, machine, drivers, options):
    """Refusals; no drivers named means vfio-pci for the one NIC."""
    return judge_devices(host_of(tmp_path, **machine), drivers or {NIC: "vfio-pci"}, **options)


def override(name):
    return " To do it all the same, add '{0}' to host_guard_allow.".format(name)


# machine, drivers, what else the judge gets, id, message (the words on overriding are added where it is possible)
REFUSALS = {
    "NIC that is not there": (
        {"nics": [nic(name="ens5", address=OTHER)]},
        {},
        {},
        "nic_unknown:" + NIC,
        "there is no such NIC (0000:41:00.0): found ens5 at 0000:43:00.0, expected a network device on "
        "the PCI bus. Name one of them in host_plan_nics.",
    ),
    "no NIC at all": (
        {"nics": []},
        {},
        {},
        "nic_unknown:" + NIC,
        "there is no such NIC (0000:41:00.0): found no network device, expected a network device on the PCI bus. Name "
        "one of them in host_plan_nics.",
    ),
    "NIC that is recorded and gone": (
        {"nics": [], "state": {"devices": {NIC: {"driver": "vfio-pci", "name": "ens4"}}}},
        {},
        {},
        "nic_unknown:" + NIC,
        "there is no such NIC (0000:41:00.0): found no network device, expected a network device on the PCI bus. Name "
        "one of them in host_plan_nics.",
    ),
    "device that is no NIC": (
        {"nics": [nic(address=NIC, **{"class": "0c0330", "driver": "xhci_hcd"})]},
        {},
        {},
        "nic_unknown:" + NIC,
        "there is no such NIC (0000:41:00.0): found no network device, expected a network device on the PCI bus. Name "
        "one of them in host_plan_nics.",
    ),
    "NIC whose interface is in another network namespace": (
        {"nics": [nic(name=None)]},
        {},
        {},
        "nic_elsewhere:" + NIC,
        "the interface of the NIC is not here, perhaps in another network namespace (0000:41:00.0): found driver i40e "
        "and no interface, expected an interface in this namespace, or no driver of the kernel. Take it out of "
        "host_plan_nics, or bring its interface back (ip -n NAMESPACE link set INTERFACE netns 1).",
    ),
    "bifurcated NIC whose interface is in another network namespace": (
        {"nics": [nic(name=None, driver="mlx5_core")]},
        {NIC: None},
        {},
        "nic_elsewhere:" + NIC,
        "the interface of the NIC is not here, perhaps in another network namespace (0000:41:00.0): found driver "
        "mlx5_core and no interface, expected an interface in this namespace, or no driver of the kernel. Take it out "
        "of host_plan_nics, or bring its interface back (ip -n NAMESPACE link set INTERFACE netns 1).",
    ),
    "NIC whose virtual functions would go": (
        {"nics": [nic(numvfs=4)]},
        {},
        {},
        "nic_has_vfs:" + NIC,
        "the NIC would lose its virtual functions (ens4 at 0000:41:00.0): found 4 virtual functions, expected "
        "none. Remove them first (write 0 to sriov_numvfs).",
    ),
    "IOMMU group with a USB controller in use": (
        {"nics": [nic(), {"address": USB, "class": "0c0330", "driver": "xhci_hcd", "group": 10}]},
        {},
        {},
        "iommu_group:" + NIC,
        "the IOMMU group is shared with devices that others use (ens4 at 0000:41:00.0, group 10): found "
        "0000:41:00.3 on xhci_hcd, expected only devices that go to vfio-pci too, have no driver or are "
        "PCI-to-PCI bridges. Use a slot with a group of its own, or plan the other devices as well.",
    ),
    "IOMMU group with an ISA bridge in use": (
        {"nics": [nic(), {"address": USB, "class": "060100", "driver": "lpc_ich", "group": 10}]},
        {},
        {},
        "iommu_group:" + NIC,
        "the IOMMU group is shared with devices that others use (ens4 at 0000:41:00.0, group 10): found "
        "0000:41:00.3 on lpc_ich, expected only devices that go to vfio-pci too, have no driver or are "
        "PCI-to-PCI bridges. Use a slot with a group of its own, or plan the other devices as well.",
    ),
    "IOMMU group with a bifurcated NIC": (
        {"nics": [nic(), {"address": OTHER, "driver": "mlx5_core", "group": 10}]},
        {NIC: "vfio-pci", OTHER: None},
        {},
        "iommu_group:" + NIC,
        "the IOMMU group is shared with devices that others use (ens4 at 0000:41:00.0, group 10): found "
        "0000:43:00.0 on mlx5_core, expected only devices that go to vfio-pci too, have no driver or are "
        "PCI-to-PCI bridges. Use a slot with a group of its own, or plan the other devices as well.",
    ),
    "no IOMMU, and the tokens are in force": (
        {"iommu": False},
        {},
        {},
        "no_iommu",
        "there is no IOMMU, which vfio-pci needs (0000:41:00.0): found an empty /sys/class/iommu, expected an "
        "IOMMU that is enabled in the firmware (VT-d, AMD-Vi, SMMU) and on the kernel line. Enable it there.",
    ),
    "IOMMU switched off on the kernel line": (
        {"iommu": False, "cmdline": "ro amd_iommu=off iommu=pt", "vendor": "AuthenticAMD"},
        {},
        {},
        "no_iommu",
        "there is no IOMMU, which vfio-pci needs (0000:41:00.0): found an empty /sys/class/iommu; amd_iommu=off "
        "on the kernel line, expected an IOMMU that is enabled in the firmware (VT-d, AMD-Vi, SMMU) and on the "
        "kernel line. Enable it there.",
    ),
    "NIC outside the IOMMU": (
        {"nics": [nic(group=None)]},
        {},
        {},
        "no_iommu",
        "there is no IOMMU, which vfio-pci needs (0000:41:00.0): found no IOMMU group, expected an IOMMU that "
        "is enabled in the firmware (VT-d, AMD-Vi, SMMU) and on the kernel line. Enable it there.",
    ),
    "no-IOMMU mode that is off": (
        {"iommu": False, "noiommu": False},
        {},
        {"allow": ["no_iommu"]},
        "no_iommu_mode",
        "vfio-pci without an IOMMU needs the kernel's no-IOMMU mode (/sys/module/vfio/parameters/"
        "enable_unsafe_noiommu_mode): found off, expected Y. Where the kernel has CONFIG_VFIO_NOIOMMU, set "
        "'options vfio enable_unsafe_noiommu_mode=1' in /etc/modprobe.d and load vfio again; it lets a device "
        "write to any memory.",
    ),
    "no-IOMMU mode that the kernel lacks": (
        {"iommu": False, "noiommu": None},
        {},
        {"allow": ["no_iommu", "no_iommu_mode"]},
        "no_iommu_mode",
        "vfio-pci without an IOMMU needs the kernel's no-IOMMU mode (/sys/module/vfio/parameters/"
        "enable_unsafe_noiommu_mode): found not in this kernel or vfio not loaded, expected Y. Where the kernel "
        "has CONFIG_VFIO_NOIOMMU, set 'options vfio enable_unsafe_noiommu_mode=1' in /etc/modprobe.d and load "
        "vfio again; it lets a device write to any memory.",
    ),
    "no-IOMMU mode under lockdown": (
        {"iommu": False, "noiommu": True, "lockdown": "confidentiality"},
        {},
        {"allow": ["no_iommu"]},
        "lockdown:" + NIC,
        "vfio-pci without an IOMMU does not go with a locked-down kernel (ens4 at 0000:41:00.0): found lockdown "
        "confidentiality, expected a kernel that lets user space reach the hardware directly. Use vfio-pci, and "
        "an IOMMU.",
    ),
    "UIO under lockdown": (
        {"lockdown": "integrity"},
        {NIC: "uio_pci_generic"},
        {},
        "lockdown:" + NIC,
        "uio_pci_generic does not go with a locked-down kernel (ens4 at 0000:41:00.0): found lockdown "
        "integrity, expected a kernel that lets user space reach the hardware directly. Use vfio-pci, and an "
        "IOMMU.",
    ),
    "UIO under Secure Boot": (
        {"secure_boot": True},
        {NIC: "igb_uio"},
        {},
        "lockdown:" + NIC,
        "igb_uio does not go with a locked-down kernel (ens4 at 0000:41:00.0): found Secure Boot on, expected a "
        "kernel that lets user space reach the hardware directly. Use vfio-pci, and an IOMMU.",
    ),
    "device that a process holds": (
        {"nics": [nic(driver="vfio-pci")]},
        {NIC: "uio_pci_generic"},
        {"holders": {NIC: ["ovs-vswitchd (PID 812)"]}},
        "nic_held:" + NIC,
        "a running process holds the device (0000:41:00.0): found ovs-vswitchd (PID 812), expected nobody, "
        "before it goes from vfio-pci to uio_pci_generic. Take its port out of the switch or stop that process "
        "first.",
    ),
    "device that a guest has": (
        {"nics": [nic(driver="vfio-pci")]},
        {NIC: "vfio-pci"},
        {"holders": {NIC: ["guest web1 (PID 977)", "ovs-vswitchd (PID 812)"]}},
        "nic_held:" + NIC,
        "a running process has the device (0000:41:00.0): found guest web1 (PID 977), expected nobody but "
        "ovs-vswitchd. Take it out of host_plan_nics, or stop that process first.",
    ),
}
USES = {
    "IPv4 address": (nic(addresses4=["192.0.2.10/24"]), [], "192.0.2.10/24 on ens4"),
    "IPv6 address": (nic(addresses6=["2001:db8::1/64"]), [], "2001:db8::1/64 on ens4"),
    "default route": (nic(default_route=True), [], "default via 192.0.2.1 on ens4"),
    "bond": (nic(master="bond0"), [], "bond0 on ens4"),
    "bridge": (nic(master="br0"), [], "br0 on ens4"),
    "team": (nic(master="team0"), [], "team0 on ens4"),
    "VLAN": (nic(vlan_above="ens4.7"), [], "ens4.7 on ens4"),
    "switch": (nic(master="ovs-system"), [], "ovs-system on ens4"),
    "address on a VLAN on a bond": (
        nic(master="bond0"),
        [
            {"name": "bond0", "lowers": []},
            {"name": "bond0.7", "kind": "vlan", "lowers": ["bond0"], "addresses4": ["192.0.2.10/24"]},
        ],
        "bond0 on ens4; bond0.7 on bond0; 192.0.2.10/24 on bond0.7",
    ),
}


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_a_refusal_says_exactly_this(tmp_path, row):
    machine, drivers, options, name, message = row
    refusals = judged(tmp_path, machine, drivers, options)
    message += override(name) if name.split(":")[0] in OVERRIDABLE else ""
    assert [(refusal["id"], refusal["text"]) for refusal in refusals] == [(name, message)]
    assert set(refusals[0]) == {"id", "what", "where", "found", "expected", "cure", "text"}
    assert all(refusals[0][part] for part in ("what", "where", "found", "expected", "cure"))


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_a_refusal_is_overridden_by_its_id_where_that_is_possible(tmp_path, row):
    machine, drivers, options, name, _text = row
    allow = list(options.get("allow", [])) + [name]
    left = [refusal["id"] for refusal in judged(tmp_path, machine, drivers, dict(options, allow=allow))]
    if name == "no_iommu":  # to allow it is to ask for no-IOMMU mode, which is a question of its own
        assert left == ["no_iommu_mode"]
    else:
        assert left == ([] if name.split(":")[0] in OVERRIDABLE else [name])


def test_every_guard_has_a_row():
    assert {row[3].split(":")[0] for row in REFUSALS.values()} | {"nic_in_use"} == {guard[0] for guard in GUARDS}


@pytest.mark.parametrize("driver", ["vfio-pci", None], ids=["moved", "kept"])
@pytest.mark.parametrize("row", USES.values(), ids=list(USES))
def test_a_nic_in_use_is_refused_whether_it_moves_or_keeps_its_driver(tmp_path, row, driver):
    used, links, found = row
    name = "nic_in_use:" + NIC
    message = (
        "the NIC is in use, perhaps by this very connection (ens4 at 0000:41:00.0): found {0}, expected no address, "
        "route or master on it or above it. Take it out of host_plan_nics or move its addresses first."
    )
    machine = {"nics": [used], "links": links}
    refusals = judged(tmp_path, machine, {NIC: driver}, {})
    assert [refusal["text"] for refusal in refusals] == [message.format(found) + override(name)]
    assert judged(tmp_path / "again", machine, {NIC: driver}, {"allow": [name]}) == []


HARMLESS = {
    "free NIC": ({}, {}, {}),
    "virtio NIC": ({"nics": [nic(virtio=True)]}, {}, {}),
    "NIC without a driver": ({"nics": [nic(driver=None)]}, {}, {}),
    "NIC with room for virtual functions": ({"nics": [nic(numvfs=0)]}, {}, {}),
    "bound NIC": ({"nics": [nic(driver="vfio-pci")]}, {}, {"holders": {NIC: ["ovs-vswitchd (PID 812)"]}}),
    "bound NIC, IOMMU or not": ({"nics": [nic(driver="vfio-pci")], "iommu": False}, {}, {}),
    # Its interface stays, with the link-local address that every device has which is up.
    "bifurcated NIC": (
        {"nics": [nic(driver="mlx5_core")]},
        {NIC: None},
        {"holders": {NIC: ["ovs-vswitchd (PID 812)"]}},
    ),
    "NIC handed to a guest that migrates": ({"nics": [nic(name=None, driver="mlx5_vfio_pci")]}, {NIC: None}, {}),
    "NIC on a driver of UIO": ({"nics": [nic(name=None, driver="uio_pci_generic")]}, {}, {}),
    "NIC that waits on pci-stub": ({"nics": [nic(name=None, driver="pci-stub")]}, {}, {}),
    "group with a root port": (
        {"nics": [nic(), {"address": "0000:40:00.0", "class": "060400", "driver": "pcieport", "group": 10}]},
        {},
        {},
    ),
    "group with a free device": (
        {"nics": [nic(), {"address": USB, "class": "0c0330", "driver": None, "group": 10}]},
        {},
        {},
    ),
    "group with a bound device": ({"nics": [nic(), {"address": OTHER, "driver": "vfio-pci", "group": 10}]}, {}, {}),
    "group that is planned as a whole": (
        {"nics": [nic(), {"address": OTHER, "group": 10}]},
        {NIC: "vfio-pci", OTHER: "vfio-pci"},
        {},
    ),
    "shared group, but UIO": (
        {"nics": [nic(), {"address": OTHER, "group": 10}]},
        {NIC: "uio_pci_generic"},
        {},
    ),
    "lockdown, but vfio-pci and an IOMMU": ({"lockdown": "integrity", "secure_boot": True}, {}, {}),
    "UIO on an open kernel": ({"lockdown": "none", "secure_boot": False}, {NIC: "uio_pci_generic"}, {}),
    "UIO without an IOMMU": ({"iommu": False}, {NIC: "uio_pci_generic"}, {}),
    "no-IOMMU mode on demand": ({"iommu": False, "noiommu": True}, {}, {"allow": ["no_iommu"]}),
    "IOMMU that a reboot may bring": ({"iommu": False}, {}, {"iommu_pending": True}),
}


@pytest.mark.parametrize("row", HARMLESS.values(), ids=list(HARMLESS))
def test_what_does_no_harm_is_not_refused(tmp_path, row):
    assert [refusal["text"] for refusal in judged(tmp_path, *row)] == []


@pytest.mark.parametrize("driver, words", [("i40e", "i40e"), (None, "no driver")])
def test_a_held_device_is_not_given_back(tmp_path, driver, words):
    host = host_of(tmp_path, nics=[nic(driver="vfio-pci", numvfs=1)])
    assert [row["text"] for row in judge_release(host, {NIC: driver}, {NIC: ["ovs-vswitchd (PID 812)"]})] == [
        "a running process holds the device (0000:41:00.0): found ovs-vswitchd (PID 812), expected nobody, "
        "before it goes from vfio-pci to {0}. Take its port out of the switch or stop that process first.".format(words)
    ]
    assert judge_release(host, {NIC: driver}, {}) == []
