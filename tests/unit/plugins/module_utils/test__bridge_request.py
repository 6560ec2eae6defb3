import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _bridge_request
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

DEVICES = [
    {
        "id": "ens4",
        "address": "0000:40:00.0",
        "devargs": "0000:40:00.0",
        "mac": "52:54:00:00:00:40",
        "interface": "ens4",
        "rxq": 2,
        "desc": 1024,
        "mtu": 9000,
    },
    {"id": "0000:80:00.0", "address": "0000:80:00.0", "devargs": None, "mac": None, "interface": None, "rxq": None},
    {
        "id": "rep",
        "address": "0000:81:00.0",
        "devargs": "0000:81:00.0,representor=vf3",
        "mac": "52:54:00:00:00:81",
        "interface": None,
    },
    {"id": "twin", "address": "0000:82:00.0", "devargs": "x", "mac": "52:54:00:00:00:81", "interface": None},
]


@pytest.mark.parametrize(
    "word, address",
    [
        ("ens4", "0000:40:00.0"),
        ("0000:40:00.0", "0000:40:00.0"),
        ("40:00.0", "0000:40:00.0"),
        ("52:54:00:00:00:40", "0000:40:00.0"),
        ("52-54-00-00-00-40", "0000:40:00.0"),
        ("5254.0000.0040", "0000:40:00.0"),
        ("0000:80:00.0", "0000:80:00.0"),
        ("rep", "0000:81:00.0"),
    ],
)
def test_device(word, address):
    assert _bridge_request.device(word, DEVICES)["address"] == address


@pytest.mark.parametrize(
    "word, devices, words",
    [
        ("ens5", DEVICES, "found 'ens5', which fits 0, expected one of: 0000:80:00.0, ens4, rep, twin"),
        ("52:54:00:00:00:81", DEVICES, "which fits 2"),
        ("None", DEVICES, "which fits 0"),
        ("", DEVICES, "which fits 0"),
        ("ens4", [], "expected one of: none"),
    ],
)
def test_not_exactly_one_device(word, devices, words):
    with pytest.raises(Refused, match=words):
        _bridge_request.device(word, devices)


@pytest.mark.parametrize(
    "interface, row",
    [
        (
            {"name": "p0", "nic": "ens4"},
            {
                "type": "dpdk",
                "mtu_request": "9000",
                "options:dpdk-devargs": "0000:40:00.0",
                "options:n_rxq": "2",
                "options:n_rxq_desc": "1024",
                "options:n_txq_desc": "1024",
            },
        ),
        # what the interface says itself wins
        (
            {"name": "p0", "nic": "ens4", "mtu_request": 1500, "options": {"n_rxq": 4, "n_txq_desc": None}},
            {
                "type": "dpdk",
                "mtu_request": "1500",
                "options:dpdk-devargs": "0000:40:00.0",
                "options:n_rxq": "4",
                "options:n_rxq_desc": "1024",
            },
        ),
        ({"name": "p0", "nic": "0000:80:00.0"}, {"type": "dpdk", "options:dpdk-devargs": "0000:80:00.0"}),
        ({"name": "p0", "nic": "rep"}, {"type": "dpdk", "options:dpdk-devargs": "0000:81:00.0,representor=vf3"}),
        ({"name": "p0", "nic": "0000:80:00.0", "type": "x"}, {"type": "x", "options:dpdk-devargs": "0000:80:00.0"}),
        ({"name": "p0", "type": "internal"}, {"type": "internal"}),
        ({"name": "p0"}, {}),
    ],
)
def test_interface_row(interface, row):
    assert _bridge_request.interface_row(interface, DEVICES) == row


@pytest.mark.parametrize("port", [{"name": "p0"}, {"name": "p0", "interfaces": None}, {"name": "p0", "interfaces": []}])
def test_a_port_without_interfaces_is_one_of_its_own_name(port):
    assert _bridge_request.interfaces(port) == [{"name": "p0"}]


def test_what_somebody_has_settled_is_not_the_plans_to_change():
    settled = {"options:n_rxq", "mtu_request", "options:dpdk-devargs"}
    row = {
        "type": "dpdk",
        "options:dpdk-devargs": "0000:40:00.0",
        "options:n_rxq_desc": "1024",
        "options:n_txq_desc": "1024",
    }
    assert _bridge_request.interface_row({"name": "p0", "nic": "ens4"}, DEVICES, settled) == row
    said = {"name": "p0", "nic": "ens4", "mtu_request": 9000, "options": {"n_rxq": 2}}
    more = {"mtu_request": "9000", "options:n_rxq": "2"}
    assert _bridge_request.interface_row(said, DEVICES, settled) == dict(row, **more)
