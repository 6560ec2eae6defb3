"""Figures of Open vSwitch: Documentation/topics/dpdk/memory.rst, and pools that real switches printed."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _mempools

MIB = 1048576


@pytest.mark.parametrize(
    ("mtu", "buffer", "pool_mtu", "object_size", "mbufs", "mib"),
    [
        (68, 1152, 1134, 1984, 16384, 31),
        (998, 1152, 1134, 1984, 16384, 31),
        (999, 2176, 2158, 3008, 262144, 752),
        (1500, 2176, 2158, 3008, 262144, 752),
        (2022, 2176, 2158, 3008, 262144, 752),
        (2023, 3200, 3182, 4032, 262144, 1008),
        (2048, 3200, 3182, 4032, 262144, 1008),
        (4070, 4224, 4206, 5056, 262144, 1264),
        (6000, 6272, 6254, 7104, 262144, 1776),
        (8000, 8320, 8302, 9152, 262144, 2288),
        (9000, 9344, 9326, 10176, 262144, 2544),
        (9190, 9344, 9326, 10176, 262144, 2544),
        (9191, 10368, 10350, 11200, 262144, 2800),
        (9702, 10368, 10350, 11200, 262144, 2800),
    ],
)
def test_a_shared_pool(mtu, buffer, pool_mtu, object_size, mbufs, mib):
    assert _mempools.buffer_size(mtu) == buffer
    assert _mempools.pool_mtu(mtu) == pool_mtu
    assert _mempools.object_size(mtu) == object_size
    assert _mempools.shared_mbufs(mtu) == mbufs
    assert mbufs * object_size // MIB == mib


@pytest.mark.parametrize(
    ("rxq", "desc", "pmds", "mbufs"),
    [
        (1, 2048, 1, 22560),
        (1, 2048, 2, 24608),
        (2, 2048, 2, 26688),
        (2, 2048, 1, 24640),
        (1, 2048, 4, 28704),
        (4, 2048, 8, 43136),
    ],
)
def test_a_pool_of_one_port(rxq, desc, pmds, mbufs):
    assert _mempools.port_mbufs(rxq, desc, pmds) == mbufs


@pytest.mark.parametrize(
    ("mtu", "node", "pool"),
    [
        (1500, 0, 9000),
        (6000, 0, 9000),
        (9000, 0, 9000),
        (9300, 0, 9300),
        (1500, 1, 1500),
        (6000, 1, 6000),
        (9000, 1, 9000),
        (9300, 1, 9300),
    ],
)
def test_shared_mempool_config_of_the_document(mtu, node, pool):
    configured = [{"mtu": 9000, "node": None}, {"mtu": 1500, "node": 1}, {"mtu": 6000, "node": 1}]
    port = _mempools.Port("p", mtu, 1, None)
    assert [row.mtu for row in _mempools.shared_pools(node, [port], configured)] == [pool]


def test_shared_mempool_config_of_the_system_tests():
    configured = [{"mtu": mtu, "node": None} for mtu in (8000, 6000, 1500)]
    for mtu, pool in ((1500, 1500), (7000, 8000), (9000, 9000)):
        port = _mempools.Port("p", mtu, 1, None)
        assert [row.mtu for row in _mempools.shared_pools(0, [port], configured)] == [pool]


def test_ports_share_by_rounded_mtu():
    ports = [_mempools.Port("p{0}".format(mtu), mtu, 1, None) for mtu in (1500, 1600, 2000, 9000, 2100)]
    pools = _mempools.shared_pools(0, ports, [])
    assert [(pool.label, pool.mbufs) for pool in pools] == [
        ("p1500, p1600, p2000", 262144),
        ("p9000", 262144),
        ("p2100", 262144),
    ]


def test_own_pools_use_the_descriptors_that_were_asked_for():
    ports = [_mempools.Port("a", 1500, 1, 4096), _mempools.Port("b", 6000, 3, None)]
    assert [pool.mbufs for pool in _mempools.own_pools(ports, 1)] == [
        4096 + 2 * 4096 + 32 + 16384,
        3 * 2048 + 2 * 2048 + 96 + 16384,
    ]
