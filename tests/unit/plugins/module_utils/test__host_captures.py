"""Real machines: every captured tree is read whole, and what is known of it holds."""

import captures
import pytest

pytestmark = pytest.mark.skipif(not captures.NAMES, reason="no captured machines in ../shared/topologies")

# architecture, {node: online CPUs}, CPUs of the core of the first online CPU
KNOWN = {
    "128arm-2pa2n8cluster4co": ("aarch64", {0: 32, 1: 32, 2: 32, 3: 32}, [0]),
    "16amd64-8n2c-cpusets": ("x86_64", {0: 2, 1: 2, 2: 1, 3: 2, 4: 2, 5: 2, 6: 2, 7: 2}, [0]),
    "16em64t-4s2c2t-offlines": ("x86_64", {0: 12}, [0, 8]),
    "20em64t-hybrid-1p6c2t+2ca4co1t": ("x86_64", {0: 20}, [0, 1]),
    "20s390-2g6s4c": ("s390x", {0: 20}, [0]),
    "256ppc-8n8s4t": ("ppc64", {0: 32, 1: 32, 4: 32, 5: 32, 8: 32, 9: 32, 12: 32, 13: 32}, [0, 1, 2, 3]),
    "2i386-2t-hugepagesizecount": ("x86_64", {0: 2}, [0, 1]),
    "2pa-pcidomain32bits": ("x86_64", {0: 2}, [0]),
    "32amd64-4s2n4c-cgroup2": ("x86_64", dict.fromkeys(range(8), 4), [0]),
    "32intel64-2p8co2t+8ve": ("x86_64", {0: 16, 1: 16}, [0, 16]),
    "40intel64-2g2n4c+pcilocality": ("x86_64", dict.fromkeys(range(4), 10), [0]),
    "48amd64-4pa2n6c-sparse": ("x86_64", dict.fromkeys((0, 1, 2, 33, 34, 45, 72, 73), 6), [0]),
    "8em64t-2s2ca2c-buggynuma": ("x86_64", dict.fromkeys(range(8), 1), [0]),
    "arm-A510-A710-A715-X3": ("aarch64", {0: 8}, [0]),
    "armv7": ("arm", {0: 2}, [0]),
    "fakeheterocpunuma": (None, {0: 8, 1: 4, 2: 0, 3: 4, 4: 4, 5: 4}, [0, 1]),
    "fakeheteromemtiers": ("x86_64", {0: 2, 1: 2, 2: 2, 4: 0, 6: 0, 8: 0, 9: 0}, [0]),
    "memorysidecaches": ("x86_64", dict.fromkeys(range(4), 20), [0, 40]),
    "ppc64-POWER7": ("ppc64", {0: 16}, [0, 1, 2, 3]),
    "rv64-visionfive2": ("riscv64", {0: 4}, [0]),
    "s390-lpar": ("s390x", {0: 17}, [1]),
    "vbox-win": ("x86_64", {0: 2}, [0]),
    "vmware_fpe": ("x86_64", dict.fromkeys(range(4), 4), [0, 1]),
    "x86_64-64cpu": ("x86_64", {0: 32, 2: 16, 3: 16}, [0, 32]),
    "x86_64-dell_e4310": ("x86_64", {0: 4}, [0, 2]),
}


@pytest.mark.parametrize("name", captures.NAMES)
def test_every_capture_is_consistent(name):
    host = captures.host(name)
    online = host["cpus"]["online"]
    rows = {row["cpu"]: row for row in host["topology"]}
    assert online
    assert list(rows) == online == sorted(cpu for node in host["nodes"] for cpu in node["cpus"])
    for row in rows.values():
        assert all(rows[sibling]["siblings"] == row["siblings"] for sibling in row["siblings"])
        assert row["l3"] is None or set(row["siblings"]) <= set(row["l3"]) <= set(online)
    assert not all(row["efficiency"] for row in rows.values())
    for nic in host["nics"]:
        assert nic["class"].startswith("02")
        assert (nic["node"] is None) == (nic["node_from"] is None)


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_what_is_known(name):
    host = captures.host(name)
    architecture, cpus_of_node, siblings = KNOWN[name]
    assert host["architecture"] == architecture
    assert {node["id"]: len(node["cpus"]) for node in host["nodes"]} == cpus_of_node
    assert host["topology"][0]["siblings"] == siblings


def test_every_capture_is_known():
    assert set(captures.NAMES) == set(KNOWN)


def test_offline_cpus():
    assert captures.host("16em64t-4s2c2t-offlines")["cpus"]["offline"] == [2, 5, 13, 14]


def test_efficiency_cores():
    rows = captures.host("20em64t-hybrid-1p6c2t+2ca4co1t")["topology"]
    assert [row["cpu"] for row in rows if row["efficiency"]] == list(range(12, 20))
    rows = captures.host("arm-A510-A710-A715-X3")["topology"]
    assert [row["cpu"] for row in rows if row["efficiency"]] == [0, 1, 2]


def test_nics_whose_node_is_known():
    nics = captures.host("32intel64-2p8co2t+8ve")["nics"]
    assert [(nic["address"], nic["name"], nic["driver"], nic["node"], nic["class"]) for nic in nics] == [
        ("0000:1a:00.0", None, "mlx5_core", 0, "020700"),
        ("0000:3e:00.0", None, "mlx5_core", 0, "020700"),
        ("0000:60:00.0", "enp96s0f0", "i40e", 0, "020000"),
        ("0000:60:00.1", "enp96s0f1", "i40e", 0, "020000"),
    ]


def test_nics_whose_node_is_not():
    nics = captures.host("40intel64-2g2n4c+pcilocality")["nics"]
    assert [nic["name"] for nic in nics] == ["eth0", "eth1", "eth2", "eth3"]
    assert {(nic["numa_node"], len(nic["local_cpus"]), nic["node"]) for nic in nics} == {(-1, 40, None)}


def test_a_virtio_nic_of_a_single_node():
    (nic,) = captures.host("2pa-pcidomain32bits")["nics"]
    assert (nic["name"], nic["driver"], nic["node"], nic["node_from"]) == ("ens3", "virtio-pci", 0, "only_node")
