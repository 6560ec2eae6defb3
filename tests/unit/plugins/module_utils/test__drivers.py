import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _drivers


@pytest.mark.parametrize(
    ("vendor", "device", "library", "bifurcated"),
    [
        ("8086", "1572", "net_i40e", False),
        ("8086", "159b", "net_ice", False),
        ("8086", "1889", "net_iavf", False),
        ("8086", "10fb", "net_ixgbe", False),
        ("8086", "10ed", "net_ixgbe", False),
        ("8086", "1521", "net_e1000", False),
        ("8086", "100e", "net_e1000", False),
        ("15b3", "1003", "net_mlx4", True),
        ("15b3", "1017", "net_mlx5", True),
        ("15b3", "ffff", "net_mlx5", True),
        ("1414", "00ba", "net_mana", True),
        ("1af4", "1000", "net_virtio", False),
        ("1af4", "1041", "net_virtio", False),
        ("15ad", "07b0", "net_vmxnet3", False),
        ("14e4", "16d7", "net_bnxt", False),
        ("1d0f", "ec20", "net_ena", False),
        ("8086", "ffff", None, False),
        ("10ec", "8139", None, False),
    ],
)
def test_of_device(vendor, device, library, bifurcated):
    assert _drivers.of_device(vendor, device) == (library, bifurcated)


def test_every_row_of_the_table_is_well_formed():
    for (vendor, device), library in _drivers._LIBRARIES.items():
        assert len(vendor) == len(device) == 4
        assert int(vendor + device, 16) >= 0
        assert library.startswith("net_")
