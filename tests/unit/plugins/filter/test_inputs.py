import pytest

pytest.importorskip("ansible.errors")
from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.ovs_dpdk.plugins.filter.inputs import (
    consent,
    dpdk_packages,
    from_survey,
    taken_away,
    words,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", []),
        ("  \n", []),
        (None, []),
        ([1], [1]),
        ('[{"bridge": "br0"}]', [{"bridge": "br0"}]),
        (
            "{nic: 0000:41:00.0, mac: 52:54:00:12:34:56, mtu: 9000, x: -1.5}",
            {"nic": "0000:41:00.0", "mac": "52:54:00:12:34:56", "mtu": 9000, "x": -1.5},
        ),
        ("- bridge: br0\n  ports: []\n", [{"bridge": "br0", "ports": []}]),
    ],
)
def test_from_survey(value, expected):
    assert from_survey(value, []) == expected


def test_from_survey_refuses_broken_text():
    with pytest.raises(AnsibleFilterError, match="not YAML or JSON"):
        from_survey("[{", [])


def test_a_survey_cannot_run_code():
    with pytest.raises(AnsibleFilterError):
        from_survey("!!python/object/apply:os.system ['true']", [])


def test_dpdk_packages():
    assert dpdk_packages(["bus_pci", "net_virtio", "net_vmxnet3"]) == [
        "librte-bus-pci[0-9]*",
        "librte-net-virtio[0-9]*",
        "librte-net-vmxnet3-[0-9]*",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, []),
        ("", []),
        (" \n", []),
        (["isolcpus"], ["isolcpus"]),
        ("isolcpus, nohz_full", ["isolcpus", "nohz_full"]),
        ("isolcpus\nnohz_full;hugepages", ["isolcpus", "nohz_full", "hugepages"]),
        ("nic_in_use:0000:81:00.0", ["nic_in_use:0000:81:00.0"]),
    ],
)
def test_words(value, expected):
    assert words(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "yes"), ("Yes", "yes"), (False, "no"), ("false", "no"), ("", "unset"), (" ", "unset"), (None, "unset")],
)
def test_consent(value, expected):
    assert consent(value) == expected


def test_consent_is_not_guessed():
    with pytest.raises(AnsibleFilterError, match="neither yes nor no: found 'maybe'"):
        consent("maybe")


def test_what_descriptions_of_bridges_take_away():
    bridges = [
        {"bridge": "br0", "ports": [{"name": "p0", "state": "absent"}, {"name": "p1", "state": "present"}]},
        {"bridge": "br1", "state": "absent", "ports": None},
        {"bridge": "br2"},
    ]
    assert taken_away(bridges) == ["br1", "p0"]
    assert taken_away([]) == []
