import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _nic_words
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def test_all_words():
    port = _nic_words.parse("0000:81:00.0 mtu=9000 rxq=2 desc=2048 node=1 driver=vfio-pci")[0]
    assert port == {
        "who": "0000:81:00.0",
        "kind": "address",
        "value": "0000:81:00.0",
        "mtu": 9000,
        "rxq": 2,
        "desc": 2048,
        "node": 1,
        "driver": "vfio-pci",
    }


def test_defaults():
    port = _nic_words.parse(["ens4"])[0]
    assert (port["mtu"], port["rxq"], port["desc"], port["node"], port["driver"]) == (1500, 1, None, None, None)


@pytest.mark.parametrize(
    ("who", "kind", "value"),
    [
        ("81:00.0", "address", "0000:81:00.0"),
        ("10000:0A:00.1", "address", "10000:0a:00.1"),
        ("52-54-00-AA-BB-CC", "mac", "52:54:00:aa:bb:cc"),
        ("5254.00aa.bbcc", "mac", "52:54:00:aa:bb:cc"),
        ("enp129s0f0np0", "name", "enp129s0f0np0"),
        ("eth0.100", "name", "eth0.100"),
    ],
)
def test_who(who, kind, value):
    port = _nic_words.parse([who])[0]
    assert (port["kind"], port["value"]) == (kind, value)


@pytest.mark.parametrize(
    "value",
    [
        ["81:00.0 mtu=9000", "82:00.0"],
        "81:00.0 mtu=9000; 82:00.0",
        "81:00.0   mtu=9000\n82:00.0\n",
        " ;81:00.0 mtu=9000;;\n82:00.0;",
        ("81:00.0 mtu=9000", "", "82:00.0"),
    ],
)
def test_lists_and_survey_text_mean_the_same(value):
    ports = _nic_words.parse(value)
    assert [(port["value"], port["mtu"]) for port in ports] == [("0000:81:00.0", 9000), ("0000:82:00.0", 1500)]


def test_nothing_is_no_ports():
    assert _nic_words.parse(None) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("81:00.0 mtu", "an unknown word"),
        ("81:00.0 speed=10", "an unknown word"),
        ("81:00.0 82:00.0", "an unknown word"),
        ("81:00.0 mtu=9000 mtu=1500", "a repeated word"),
        ("81:00.0 name=dpdk0", "a reserved word"),
        ("81:00.0 bridge=br0", "a reserved word"),
        ("81:00.0 vf=0", "a reserved word"),
        ("81:00.0 representor=vf0", "a reserved word"),
        ("81:00.0 mtu=67", "not a valid mtu"),
        ("81:00.0 mtu=9703", "not a valid mtu"),
        ("81:00.0 mtu=9k", "not a valid mtu"),
        ("81:00.0 mtu=", "not a valid mtu"),
        ("81:00.0 rxq=0", "not a valid rxq"),
        ("81:00.0 rxq=-1", "not a valid rxq"),
        ("81:00.0 rxq=many", "not a valid rxq"),
        ("81:00.0 desc=1000", "not a valid desc"),
        ("81:00.0 desc=65536", "not a valid desc"),
        ("81:00.0 node=-1", "not a valid node"),
        ("81:00.0 driver=vfio_pci", "not a valid driver"),
        ("../etc/passwd", "not a NIC"),
        ("mtu=9000", "not a NIC"),
        ("a:b", "not a NIC"),
        (["$(reboot)/x"], "not a NIC"),
        ([{"address": "81:00.0"}], "not a NIC"),
        (5, "not a NIC"),
        ({"nic": 1}, "not a NIC"),
    ],
)
def test_refusals_name_the_option(text, message):
    with pytest.raises(Refused, match=message) as caught:
        _nic_words.parse(text)
    assert "host_plan_nics (option nics)" in str(caught.value)
