import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pci


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0000:81:00.0", "0000:81:00.0"),
        ("81:00.1", "0000:81:00.1"),
        ("0000:AF:1F.7", "0000:af:1f.7"),
        ("10000:e1:00.0", "10000:e1:00.0"),
        ("81:00.8", None),
        ("eth0", None),
        ("52:54:00:12:34:56", None),
        ("../../etc", None),
        ("0000:81:00.0\n", "0000:81:00.0"),
    ],
)
def test_address(text, expected):
    assert _pci.address(text) == expected


def test_addresses_sort_by_number():
    addresses = ["10000:01:00.0", "0000:ff:00.0", "0000:02:1f.1", "0000:02:02.0"]
    assert sorted(addresses, key=_pci.sort_key) == ["0000:02:02.0", "0000:02:1f.1", "0000:ff:00.0", "10000:01:00.0"]


@pytest.mark.parametrize("text", ["52:54:00:AB:cd:01", "52-54-00-ab-cd-01", "5254.00ab.cd01", "525400abcd01"])
def test_mac(text):
    assert _pci.mac(text) == "52:54:00:ab:cd:01"


@pytest.mark.parametrize("text", ["", "52:54:00:ab:cd", "52:54:00:ab:cd:0g", "0000:81:00.0", "eth0", "525400abcd01\n:"])
def test_not_a_mac(text):
    assert _pci.mac(text) is None
