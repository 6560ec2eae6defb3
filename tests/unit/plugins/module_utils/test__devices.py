import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def lab(**changes):
    nics = [
        hosts.nic("0000:40:00.0", 0, "ens4", hosts.VIRTIO, "virtio-pci", 1),
        hosts.nic("0000:80:00.0", 1, "ens5", hosts.VMXNET3, "vmxnet3", 2),
    ]
    return hosts.make(memory_mb=65536, nics=nics, **changes)


def devices(host, nics, **options):
    return hosts.plan(host, nics=nics, **options)["devices"]


def test_a_row_in_full():
    assert devices(lab(), "ens4 mtu=9000 rxq=2 desc=1024")[0] == {
        "id": "0000:40:00.0",
        "kind": "pf",
        "address": "0000:40:00.0",
        "devargs": "0000:40:00.0",
        "parent": None,
        "vf_index": None,
        "mac": "52:54:00:00:00:01",
        "interface": "ens4",
        "numa_node": 0,
        "numa_from": "kernel",
        "iommu_group": 1,
        "kernel_driver": "virtio-pci",
        "driver": "vfio-pci",
        "bifurcated": False,
        "dpdk_driver": "net_virtio",
        "rxq": 2,
        "desc": 1024,
        "mtu": 9000,
    }


@pytest.mark.parametrize("who", ["0000:80:00.0", "80:00.0", "52:54:00:00:00:02", "5254.0000.0002", "ens5"])
def test_who(who):
    assert devices(lab(), who)[0]["address"] == "0000:80:00.0"


def test_alternative_names_and_names_that_only_the_state_file_knows():
    host = lab()
    host["nics"][0].update(name="ens4", names=["ens4", "uplink"])
    host["nics"][1].update(name="ens5", names=[], driver="vfio-pci", recorded={"driver_before": "vmxnet3"})
    assert [row["address"] for row in devices(host, "uplink;ens5")] == ["0000:40:00.0", "0000:80:00.0"]


def test_32_bit_domains():
    host = hosts.make(nodes=1, memory_mb=65536, nics=[hosts.nic("10000:01:00.0")])
    assert devices(host, "10000:01:00.0")[0]["devargs"] == "10000:01:00.0"


@pytest.mark.parametrize(
    ("nics", "message", "facts"),
    [
        ("ens9", "no such NIC", "ens4"),
        ("0000:99:00.0", "no such NIC", "0000:80:00.0"),
        ("52:54:00:00:00:99", "no such NIC", "ens5"),
        ("ens4;0000:40:00.0", "the same NIC twice", "ens4 and 0000:40:00.0"),
        ("ens4 node=7", "a NUMA node that does not exist", "expected one of 0-1"),
        ("ens4 node=1", "contradicts the kernel", "expected node=0"),
    ],
)
def test_refusals(nics, message, facts):
    with pytest.raises(Refused, match=message) as caught:
        devices(lab(), nics)
    assert facts in str(caught.value)
    assert "(option nics)" in str(caught.value)


def test_a_tree_without_pci_devices_says_so():
    with pytest.raises(Refused, match="no PCI network devices in /sys/bus/pci/devices"):
        devices(hosts.make(), "0000:40:00.0")


def test_a_mac_that_two_devices_have_is_ambiguous():
    host = lab()
    host["nics"][1]["mac"] = host["nics"][0]["mac"]
    with pytest.raises(Refused, match="means several NICs") as caught:
        devices(host, "52:54:00:00:00:01")
    assert "0000:40:00.0, 0000:80:00.0" in str(caught.value)


def test_a_nic_that_is_no_pci_device_is_refused():
    host = hosts.make(nics=[hosts.nic(None, name="eth0")])
    with pytest.raises(Refused, match="no such NIC"):
        devices(host, "eth0")


@pytest.mark.parametrize(
    ("kernel", "local", "words", "node", "source"),
    [
        (1, None, "", 1, "kernel"),
        (1, None, "node=1", 1, "kernel"),
        (-1, None, "node=1", 1, "request"),
        (-1, [6, 7], "", 1, "local_cpus"),
        (None, [0, 1, 2], "", 0, "local_cpus"),
        (-1, list(range(12)), "node=0", 0, "request"),
        (7, [8, 9], "", 1, "local_cpus"),
    ],
)
def test_where_the_numa_node_comes_from(kernel, local, words, node, source):
    host = hosts.make(memory_mb=65536, nics=[hosts.nic("0000:40:00.0", kernel, local_cpus=local)])
    row = devices(host, "40:00.0 " + words)[0]
    assert (row["numa_node"], row["numa_from"]) == (node, source)


@pytest.mark.parametrize("local", [None, [], list(range(12)), [5, 6]])
def test_an_unknown_numa_node_is_refused_with_the_word_to_write(local):
    host = hosts.make(memory_mb=65536, nics=[hosts.nic("0000:40:00.0", -1, local_cpus=local)])
    with pytest.raises(Refused, match="the NUMA node of a NIC is unknown") as caught:
        devices(host, "40:00.0 mtu=9000")
    assert "Write '40:00.0 node=0' in host_plan_nics (option nics)" in str(caught.value)


def test_the_only_node_needs_no_word():
    host = hosts.make(nodes=1, memory_mb=65536, nics=[hosts.nic("0000:40:00.0", -1, local_cpus=[0, 1])])
    assert devices(host, "40:00.0")[0]["numa_from"] == "only_node"


def test_open_vswitch_takes_node_0_for_an_unknown_one_and_that_is_said():
    host = hosts.make(memory_mb=65536, nics=[hosts.nic("0000:40:00.0", -1)])
    warnings = hosts.plan(host, nics="40:00.0 node=1")["warnings"]
    assert [warning["id"] for warning in warnings] == ["nic-node-guessed"]
    assert hosts.plan(host, nics="40:00.0 node=0")["warnings"] == []


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        (hosts.make(memory_mb={0: 65536, 1: 0}), "no memory"),
        (hosts.make(nodes=1, memory_mb=65536, memory_only=[1]), "no CPUs"),
        (hosts.make(ids=[0, 1, 2, 3, 4], memory_mb=65536, architecture="aarch64"), "an id that DPDK cannot hold"),
    ],
)
def test_a_nic_where_open_vswitch_cannot_serve_it_is_refused(host, reason):
    node = host["nodes"][-1]["id"]
    host["nics"] = [hosts.nic("0000:40:00.0", node)]
    with pytest.raises(Refused, match="a NIC on a NUMA node that cannot serve it") as caught:
        devices(host, "40:00.0")
    assert "node {0} with {1}".format(node, reason) in str(caught.value)


@pytest.mark.parametrize(
    ("words", "driver"),
    [
        ("", "vfio-pci"),
        ("driver=vfio-pci", "vfio-pci"),
        ("driver=uio_pci_generic", "uio_pci_generic"),
        ("driver=igb_uio", "igb_uio"),
        ("driver=keep", None),
    ],
)
def test_the_driver(words, driver):
    assert devices(lab(), "ens4 " + words)[0]["driver"] == driver


def test_a_bifurcated_driver_is_kept():
    host = hosts.make(memory_mb=65536, nics=[hosts.nic("0000:40:00.0", 0, "p0", hosts.MLX5, "mlx5_core")])
    plan = hosts.plan(host, nics="p0")
    row = plan["devices"][0]
    assert (row["driver"], row["bifurcated"], row["kernel_driver"]) == (None, True, "mlx5_core")
    assert plan["dpdk_drivers"] == ["bus_auxiliary", "bus_pci", "bus_vdev", "mempool_ring", "net_mlx5"]
    assert devices(host, "p0 driver=keep")[0]["driver"] is None
    with pytest.raises(Refused, match="keeps its kernel driver"):
        devices(host, "p0 driver=vfio-pci")


def test_ports_of_a_connectx3_share_an_address_and_are_named_by_mac():
    host = hosts.make(memory_mb=65536, nics=[hosts.nic("0000:40:00.0", 0, "p0", ("15b3", "1003"), "mlx4_core")])
    assert devices(host, "p0")[0]["devargs"] == "class=eth,mac=52:54:00:00:00:01"


def test_a_virtual_function():
    parent, child = "0000:40:00.0", "0000:40:02.1"
    host = hosts.make(
        memory_mb=65536,
        nics=[hosts.nic(parent), hosts.nic(child, ids=("8086", "154c"), driver="iavf", physfn=parent, vf_index=1)],
    )
    row = devices(host, child)[0]
    assert (row["kind"], row["parent"], row["vf_index"], row["dpdk_driver"]) == ("vf", parent, 1, "net_iavf")
    with pytest.raises(Refused, match="uio_pci_generic cannot serve a virtual function"):
        devices(host, child + " driver=uio_pci_generic")


@pytest.mark.parametrize(
    ("driver", "recorded", "kernel_driver"),
    [
        ("i40e", None, "i40e"),
        (None, None, None),
        ("vfio-pci", {"driver_before": "i40e"}, "i40e"),
        (None, {"driver_before": "i40e"}, "i40e"),
        ("vfio-pci", {"driver_before": None}, None),
        ("vfio-pci", None, None),
        ("uio_pci_generic", None, None),
        ("vfio-pci", {"driver_before": "vfio-pci"}, None),
    ],
)
def test_the_kernel_driver_is_remembered_while_the_nic_is_away(driver, recorded, kernel_driver):
    host = hosts.make(memory_mb=65536, nics=[hosts.nic("0000:40:00.0", driver=driver, recorded=recorded)])
    assert devices(host, "40:00.0")[0]["kernel_driver"] == kernel_driver


def test_an_unknown_nic_and_an_infiniband_port_are_said():
    nics = [
        hosts.nic("0000:40:00.0", ids=("10ec", "8168")),
        hosts.nic("0000:41:00.0", ids=hosts.MLX5, **{"class": "020700"}),
    ]
    plan = hosts.plan(hosts.make(memory_mb=65536, nics=nics), nics="40:00.0;41:00.0")
    assert [warning["id"] for warning in plan["warnings"]] == ["nic-driver-unknown", "nic-infiniband"]
    assert plan["devices"][0]["dpdk_driver"] is None
    assert plan["devices"][0]["driver"] == "vfio-pci"


@pytest.mark.parametrize(
    ("cores", "ports", "queues"), [("0:1", 1, 2), ("0:2", 1, 4), ("0:3", 2, 3), ("0:1", 4, 1), ("0:0,1:1", 1, 1)]
)
def test_automatic_queues_divide_the_pmd_threads_of_the_node(cores, ports, queues):
    nics = [hosts.nic("0000:4{0}:00.0".format(i), number=i + 1) for i in range(ports)]
    host = hosts.make(cores=5, memory_mb=65536, nics=nics)
    rows = devices(host, [nic["address"] + " rxq=auto" for nic in nics], pmd_cores=cores)
    assert {row["rxq"] for row in rows} == {queues}


def test_rows_keep_the_operators_order():
    assert [row["interface"] for row in devices(lab(), "ens5; ens4")] == ["ens5", "ens4"]
