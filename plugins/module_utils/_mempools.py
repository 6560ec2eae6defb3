# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mbufs that Open vSwitch allocates: how large one is, how many a pool holds, and which pools a node gets.

Source: lib/netdev-dpdk.c of Open vSwitch 2.10 and later (dpdk_buf_size, dpdk_calculate_mbufs,
dpdk_get_user_adjusted_mtu) and its Documentation/topics/dpdk/memory.rst.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

FRAME_OVERHEAD = 26  # Ethernet header 14, FCS 4, two VLAN tags 8
POOL_FRAME_OVERHEAD = 18  # header and FCS
BUFFER_STEP = 1024
HEADROOM = 128
OBJECT_OVERHEAD = 832  # mempool header, struct rte_mbuf, private area of OVS, mempool trailer
SHARED_MBUFS = 262144
FEW_MBUFS = 16384
FEW_BELOW_MTU = 1500
RTE_MAX_LCORE = 128
BURST = 32
DEFAULT_DESC = 2048

# What a pool is made for: ports of one rounded MTU (shared), or one port (per-port).
Port = collections.namedtuple("Port", "label mtu rxq desc")
Pool = collections.namedtuple("Pool", "label mtu mbufs size_bytes")


def buffer_size(mtu):
    """Bytes of data in an mbuf that holds a frame of *mtu*."""
    return -(-(mtu + FRAME_OVERHEAD) // BUFFER_STEP) * BUFFER_STEP + HEADROOM


def pool_mtu(mtu):
    """The MTU that the rounded buffer really holds: ports that agree in it share a pool."""
    return buffer_size(mtu) - POOL_FRAME_OVERHEAD


def object_size(mtu):
    """Bytes that one mbuf takes in the pool."""
    return buffer_size(mtu) + OBJECT_OVERHEAD


def shared_mbufs(mtu):
    """Number of mbufs in a shared pool."""
    return SHARED_MBUFS if pool_mtu(mtu) >= FEW_BELOW_MTU else FEW_MBUFS


def port_mbufs(rxq, desc, pmds):
    """Number of mbufs in a port's own pool; every PMD thread and the main thread have a tx queue."""
    return rxq * desc + (pmds + 1) * desc + min(RTE_MAX_LCORE, rxq) * BURST + FEW_MBUFS


def shared_pools(node, ports, configured):
    """The pools that *ports* share on *node*; *configured* are the entries of shared-mempool-config."""
    pools = collections.OrderedDict()
    for port in ports:
        mtu = _configured_mtu(node, port.mtu, configured)
        pools.setdefault(pool_mtu(mtu), (mtu, collections.OrderedDict()))[1][port.label] = None
    return [
        Pool(", ".join(labels), mtu, shared_mbufs(mtu), shared_mbufs(mtu) * object_size(mtu))
        for mtu, labels in pools.values()
    ]


def own_pools(ports, pmds):
    """One pool per port."""
    rows = [(port, port_mbufs(port.rxq, port.desc or DEFAULT_DESC, pmds)) for port in ports]
    return [Pool(port.label, port.mtu, mbufs, mbufs * object_size(port.mtu)) for port, mbufs in rows]


def _configured_mtu(node, mtu, configured):
    """The smallest configured MTU that is large enough for the port, else the port's own."""
    fitting = [
        entry["mtu"]
        for entry in configured
        if entry["node"] in (None, node) and pool_mtu(entry["mtu"]) >= pool_mtu(mtu)
    ]
    return min(fitting) if fitting else mtu
