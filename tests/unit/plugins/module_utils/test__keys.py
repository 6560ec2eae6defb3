import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _keys
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def test_the_table_is_whole():
    for key, known in _keys.KEYS.items():
        assert key == key.strip().lower()
        assert len(known.since) == 2
        assert known.takes in (_keys.LIVE, _keys.EAL, _keys.OFFLOAD, _keys.START, _keys.ONCE)
        assert known.kind in (None, "bool", "mask", "init")
    for old, new, since in _keys.RENAMED:
        assert _keys.KEYS[new].since == since > _keys.KEYS[old].since


# What the manual page of each key says: "Changing this value requires restarting the daemon".
RESTART = [
    "dpdk-lcore-mask",
    "dpdk-socket-mem",
    "dpdk-alloc-mem",
    "dpdk-socket-limit",
    "dpdk-hugepage-dir",
    "dpdk-extra",
    "vhost-sock-dir",
    "vhost-iommu-support",
    "vhost-postcopy-support",
    "per-port-memory",
    "shared-mempool-config",
    "userspace-tso-enable",
    "hw-offload",
    "n-offload-threads",
    "offload-rebalance",
]


def test_what_needs_a_restart_by_the_manual_is_not_live():
    assert [key for key in RESTART if _keys.KEYS[key].takes == _keys.LIVE] == []


@pytest.mark.parametrize("text, version", [("3.1.0", (3, 1, 0)), ("2.17.12", (2, 17, 12)), (None, None), ("", None)])
def test_parse_version(text, version):
    assert _keys.parse_version(text) == version


@pytest.mark.parametrize(
    "version, name",
    [
        ((3, 1, 0), "pmd-maxsleep"),
        ((2, 17, 9), "pmd-maxsleep"),
        ((3, 2, 0), "pmd-sleep-max"),
        ((3, 5, 0), "pmd-sleep-max"),
        ((4, 0, 0), "pmd-sleep-max"),
        (None, "pmd-sleep-max"),
    ],
)
@pytest.mark.parametrize("asked", ["pmd-maxsleep", "pmd-sleep-max"])
def test_names_follow_the_version(version, name, asked):
    wanted = {asked: "100", "dpdk-init": "try"}
    assert _keys.translate(wanted, version) == {name: "100", "dpdk-init": "try"}
    assert asked in wanted


def test_one_setting_under_two_names():
    with pytest.raises(Refused, match="found pmd-maxsleep and pmd-sleep-max, expected one of them. Keep pmd-sleep-max"):
        _keys.translate({"pmd-maxsleep": "1", "pmd-sleep-max": "2"}, (3, 1, 0))


@pytest.mark.parametrize(
    "key, one, other, equal",
    [
        ("pmd-cpu-mask", "0x3c", "3C", True),
        ("pmd-cpu-mask", "0x00000000003c", "0X3c", True),
        ("pmd-cpu-mask", "0x0", "00", True),
        ("pmd-cpu-mask", "0x3c", "0x3d", False),
        ("pmd-cpu-mask", "", None, False),
        ("smc-enable", "false", None, True),
        ("smc-enable", "yes", "false", True),
        ("smc-enable", "TRUE", "true", True),
        ("smc-enable", "true", None, False),
        ("dpdk-init", "true", "try", True),
        ("dpdk-init", "false", None, True),
        ("dpdk-init", "Try", "false", False),
        ("dpdk-socket-mem", "1024,1024", "1024, 1024", False),
        ("no-such-key", "0x1", "1", False),
    ],
)
def test_same(key, one, other, equal):
    for values in ((one, other), (other, one)):
        assert _keys.same(key, *values) is equal


def test_true_cannot_stay_where_try_is_asked_for():
    assert not _keys.fits("dpdk-init", "true", "try")
    assert _keys.fits("pmd-cpu-mask", "3c", "0x3c")


@pytest.mark.parametrize(
    "wanted, version, words",
    [
        ({"dpdk-init": "try", "pmd-cpu-mask": "0x2"}, (3, 1, 0), []),
        ({"pmd-sleep-max": "1"}, (3, 1, 0), ["known since Open vSwitch 3.2; this one is 3.1.0"]),
        ({"pmd-sleep-max": "1"}, None, []),
        ({"dpdk-max-memzones": "1"}, (3, 5, 0), ["other_config:dpdk-max-memzones is not a key known"]),
        ({"dpdk-init": "True"}, (3, 5, 0), ["the host loses every bridge"]),
    ],
)
def test_remarks(wanted, version, words):
    remarks = _keys.remarks(wanted, version)
    assert len(remarks) == len(words)
    for remark, word in zip(remarks, words):
        assert word in remark
