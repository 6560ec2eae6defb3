# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which DPDK driver library serves a PCI device, and whether the device keeps its kernel driver under DPDK.

Sources: the PMD_INFO_STRING sections of DPDK 22.11's driver libraries (dpdk-pmdinfo), for E830 and E835 ice_devids.h of
26.03; the drivers that work beside the kernel's ("bifurcated") name their kernel modules in RTE_PMD_REGISTER_KMOD_DEP.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

# Drivers that speak to the hardware through the kernel driver, which therefore must stay bound.
BIFURCATED = frozenset(("net_mlx4", "net_mlx5", "net_mana", "net_nbl", "net_nfb"))
# Kernel drivers that hand a device to user space: a device on one of them no longer shows its own kernel driver.
USER_SPACE = frozenset(("vfio-pci", "uio_pci_generic", "igb_uio"))
# Driver libraries that sit on a further bus of DPDK.
EXTRA_BUS = {"net_mlx5": "bus_auxiliary", "net_mana": "bus_auxiliary"}

# Vendors whose network devices are all served by one driver, those of tomorrow included.
_VENDORS = {
    "1425": "net_cxgbe",
    "15ad": "net_vmxnet3",
    "15b3": "net_mlx5",
    "1924": "net_sfc",
    "1ae0": "net_gve",
    "1b26": "net_nfb",
    "1d0f": "net_ena",
    "1dd8": "net_ionic",
    "1f0f": "net_nbl",
}

_DEVICES = """
net_atlantic 1d6a 0001 00b1 07b1 08b1 09b1 11b1 12b1 51b1 52b1 80b1 87b1 88b1 89b1 91b1 92b1 d100 d107 d108 d109
net_axgbe 1022 1458 1459
net_bnx2x 1077 16a1 16ad
net_bnx2x 14e4 163d 163f 164f 168a 168d 168e 16a1 16a2 16a9 16ad 16af
net_bnxt 14e4 1606 1609 1614 16c1 16cb 16cc 16cd 16d3 16d6 16d7 16d8 16d9 16dc 16de 16e0 16e1 16e2 16e3 16e4 16ea
net_bnxt 14e4 16ec 16ee 16f0 1750 1751 1752 1800 1801 1802 1803 1804 1805 1806 1807 d800 d802 d804 d812 d814 d818
net_bnxt 14e4 d82e
net_cnxk 177d a063 a064 a0f7 a0f8
net_e1000 8086 0438 043a 043c 0440 100e 100f 1010 1011 1012 101d 105e 105f 1060 107d 107e 107f 109a 10a4 10a5 10a7
net_e1000 8086 10a9 10b9 10bc 10c9 10ca 10d3 10d5 10d6 10d9 10da 10e6 10e7 10e8 10f6 1502 150a 150c 150d 150e 150f
net_e1000 8086 1510 1511 1516 1518 1520 1521 1522 1523 1524 1526 1527 152d 152f 1533 1534 1535 1536 1537 1538 1539
net_e1000 8086 153a 153b 1546 1559 155a 156f 1570 157b 157c 15a0 15a1 15a2 15a3 15b7 15b8 15b9 15bb 15bc 15bd 15be
net_e1000 8086 15d6 15d7 15d8 15e3 1f40 1f41 1f45
net_enetc 1957 e100 ef00
net_enic 1137 0043 0071 02b7
net_fm10k 8086 15a4 15a5 15d0
net_hinic 19e5 0200 0205 0206 0210 1822 375e 379e
net_hns3 19e5 a220 a221 a222 a224 a226 a228 a22e a22f
net_i40e 8086 0cf8 0d58 101f 104e 104f 1572 1574 1580 1581 1583 1584 1585 1586 1587 1588 1589 158a 158b 15ff 374c
net_i40e 8086 37ce 37cf 37d0 37d1 37d2 37d3
net_iavf 8086 154c 1571 1889 374d 37cd
net_ice 8086 0dbd 0dcd 124c 124d 124e 124f 151d 1591 1592 1593 1599 159a 159b 1888 188a 188b 188c 188d 188e 1890
net_ice 8086 1891 1892 1893 1894 1897 1898 1899 189a 579c 579d 579e 579f 12d1 12d2 12d3 12d5 12d8 12da 12dc
net_ice 8086 12dd 12de 1248 1249 124a 1261 1262 1263 1265 1266 1267
net_idpf 8086 1452
net_igc 8086 0d9f 125b 125c 125d 125f 15f2 15f3 15f8 3100 3102 5503
net_ixgbe 8086 10b6 10c6 10c7 10c8 10db 10dd 10e1 10ec 10ed 10f1 10f4 10f7 10f8 10f9 10fb 10fc 1507 1508 150b 1514
net_ixgbe 8086 1515 1517 151c 1528 1529 152a 152e 1530 154a 154d 1557 1558 155d 1560 1563 1564 1565 15a8 15a9 15aa
net_ixgbe 8086 15ab 15ac 15ad 15ae 15b0 15b4 15c2 15c3 15c4 15c5 15c6 15c7 15c8 15ca 15cc 15ce 15d1 15e4 15e5
net_mana 1414 00ba
net_mlx4 15b3 1003 1004 1007
net_nfp 19ee 3800 3803 4000 6000 6003
net_nfp 1da8 3800 3803 4000 6000 6003
net_ngbe 8088 0100 0101 0102 0103 0104 0105 0106 0107 0108 0109 010a 010b
net_octeon_ep 177d a303 b103 b203 b903
net_qede 1077 1629 1630 1634 1644 1654 1656 1664 8070 8071 8072 8073 8090
net_sfc 10ee 0100 1100
net_thunderx 177d 0011 a034
net_txgbe 8088 1000 1001 2000 2001
net_virtio 1af4 1000 1041
"""

Driver = collections.namedtuple("Driver", "library bifurcated")


def _table():
    rows = (line.split() for line in _DEVICES.split("\n") if line)
    return {(vendor, device): library for library, vendor, *devices in rows for device in devices}


_LIBRARIES = _table()


def of_device(vendor, device):
    """The DPDK driver of a network device by its PCI ids; its library is None if it is not known."""
    library = _LIBRARIES.get((vendor, device)) or _VENDORS.get(vendor)
    return Driver(library, library in BIFURCATED)
