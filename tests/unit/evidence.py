"""Evidence about a node on which everything is as planned, to be spoiled by tests one thing at a time.

The machine: two NUMA nodes of three cores with two threads each, a NIC on each node, one PMD core per node.
"""

import copy

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _checks, _evidence

TOKENS = [
    "intel_iommu=on",
    "iommu=pt",
    "default_hugepagesz=1G",
    "hugepagesz=1G",
    "hugepages=0:2,1:2",
    "isolcpus=managed_irq,domain,2-5,8-11",
    "nohz_full=2-5,8-11",
]
OTHER_CONFIG = {
    "dpdk-init": "try",
    "dpdk-extra": "-a 0000:41:00.0 -a 0000:81:00.0",
    "dpdk-socket-mem": "1024,1024",
    "pmd-cpu-mask": "0x30c",
}

PLAN = {
    "version": 1,
    "cpus": {"housekeeping": "0-1,6-7", "pmd": "2-3,8-9", "vm": "4-5,10-11", "isolated": "2-5,8-11", "offline": ""},
    "hugepages": [
        {"node": node, "size": "1G", "size_kb": 1048576, "count": 2, "ovs": 1, "guests": 1, "persist": "cmdline"}
        for node in (0, 1)
    ],
    "isolation": {"mechanism": "kernel"},
    "kernel_args": " ".join(TOKENS),
    "kernel_args_tokens": TOKENS,
    "devices": [
        {"address": "0000:41:00.0", "driver": "vfio-pci", "kernel_driver": "virtio-pci", "rxq": 2, "mtu": 1500},
        {"address": "0000:81:00.0", "driver": "vfio-pci", "kernel_driver": "vmxnet3", "rxq": 2, "mtu": 1500},
    ],
    "dpdk_drivers": ["bus_pci", "mempool_ring", "net_virtio", "net_vmxnet3"],
    "other_config": OTHER_CONFIG,
}


def _nic(address, node, vendor, device):
    return {
        "address": address,
        "present": True,
        "driver": "vfio-pci",
        "vendor": vendor,
        "device": device,
        "numa_node": node,
        "iommu_group": 10 + node,
        "iommu_group_members": [{"address": address, "driver": "vfio-pci", "class": "020000"}],
    }


def _host():
    return {
        "os": {"id": "debian", "version_id": "12", "family": "debian"},
        "cmdline": "BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet " + " ".join(TOKENS),
        "cpus": {
            "online": list(range(12)),
            "isolated": [2, 3, 4, 5, 8, 9, 10, 11],
            "nohz_full": [2, 3, 4, 5, 8, 9, 10, 11],
        },
        "topology": [{"cpu": cpu, "node": cpu // 6, "siblings": [cpu & ~1, cpu | 1]} for cpu in range(12)],
        "nodes": [
            {
                "id": node,
                "cpus": list(range(6 * node, 6 * node + 6)),
                "hugepages": [
                    {"size_kb": 2048, "total": 0, "free": 0, "surplus": 0},
                    {"size_kb": 1048576, "total": 2, "free": 1, "surplus": 0},
                ],
            }
            for node in (0, 1)
        ],
        "memory": {"total_kb": 12 << 20, "available_kb": 6 << 20},
        "nics": [_nic("0000:41:00.0", 0, "1af4", "1041"), _nic("0000:81:00.0", 1, "15ad", "07b0")],
        "iommu": {"active": True, "units": ["dmar0"], "groups": 20, "noiommu": False},
        "state": {"kernel_cmdline": {"tokens": TOKENS}},
    }


def _kernel():
    return {
        "tasks": [
            {"pid": 1, "name": "systemd", "cpus": [0, 1, 6, 7]},
            {"pid": 812, "name": "ovs-vswitchd", "cpus": [0, 1, 6, 7]},
            {"pid": 812, "name": "ovs-vswitchd", "cpus": [2]},
            {"pid": 977, "name": "qemu-system-x86", "cpus": [4, 5]},
        ],
        "irqs": [
            {"irq": 24, "name": "virtio0-input", "cpus": [0, 1, 6, 7], "counts": {0: 977, 2: 0}},
            {"irq": 25, "name": "virtio1-req.2", "cpus": [2], "counts": {0: 0, 2: 3}},
            {"irq": 26, "name": "unused", "cpus": list(range(12)), "counts": {0: 0, 2: 0}},
        ],
        "numa_balancing": 0,
        "governors": dict.fromkeys(range(12), "performance"),
        "workqueue_cpus": [0, 1, 6, 7],
        "hugetlbfs": {2048: ["/dev/hugepages"], 1048576: ["/dev/hugepages-1G"]},
        "unsafe_interrupts": False,
        "restart_wanted": False,
        "dpdk_drivers": ["bus_pci", "bus_vdev", "mempool_ring", "net_virtio", "net_vmxnet3"],
        "selected_vswitchd": "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk",
    }


def port(name, address=None, node=0, **columns):
    """A row of Interface: a working dpdk port, or with other columns whatever else."""
    row = {
        "name": name,
        "type": "dpdk",
        "error": [],
        "admin_state": "up",
        "link_state": "up",
        "mtu": 1500,
        "mtu_request": [],
        "options": {"dpdk-devargs": address, "n_rxq": "2"} if address else {},
        "other_config": {},
        "status": {"numa_id": str(node), "n_rxq": "2"},
        "statistics": {"rx_packets": 100, "tx_packets": 100},
    }
    return dict(row, **columns)


def guest(name, connected=True, node=0):
    """A vhost-user client port."""
    status = {"mode": "client", "status": "connected", "numa": str(node), "n_rxq": "1", "num_of_vrings": "2"}
    return port(
        name,
        type="dpdkvhostuserclient",
        options={"vhost-server-path": "/run/guests/" + name},
        link_state="up" if connected else "down",
        mtu=1500 if connected else 0,
        status=status if connected else {"mode": "client", "status": "disconnected"},
    )


def pmd(core, rxqs=(), isolated=False, **figures):
    """A published row of a PMD thread without traffic, see _pmd_stats.publish."""
    row = {
        "core_id": core,
        "numa_id": core // 6,
        "isolated": isolated,
        "rxqs": [{"port": name, "queue_id": queue, "enabled": True, "usage_percent": 0} for name, queue in rxqs],
        "overhead_percent": 0,
        "busy_percent": 1.0,
        "sleep_percent": 90.0,
        "cycles_per_packet": None,
        "packets_per_batch": None,
        "subtable_lookups_per_hit": None,
    }
    counters = (
        "packets",
        "recirculations",
        "phwol_hits",
        "simple_match_hits",
        "emc_hits",
        "smc_hits",
        "megaflow_hits",
        "upcalls",
        "upcalls_lost",
        "tx_packets",
    )
    row.update(dict.fromkeys(counters, 0))
    return dict(row, **figures)


def _pmds():
    return [
        pmd(2, [("dpdk0", 0), ("vhost0", 0)]),
        pmd(3, [("dpdk0", 1)]),
        pmd(8, [("dpdk1", 0)]),
        pmd(9, [("dpdk1", 1)]),
    ]


def _threads():
    rows = [
        {"tid": 820 + core, "name": "pmd-c{0:02d}/id:9".format(core), "cpus": [core], "pmd": core}
        for core in (2, 3, 8, 9)
    ]
    names = ("ovs-vswitchd", "eal-intr-thread", "handler1", "revalidator2", "urcu3")
    return rows + [{"tid": 812 + at, "name": name, "cpus": [0, 1, 6, 7], "pmd": None} for at, name in enumerate(names)]


def good(plan=True):
    """A fresh copy of the evidence; without a plan the node is one that somebody else built."""
    evidence = dict(
        _evidence.NO_SWITCH,
        plan=PLAN if plan else None,
        limits=_checks.limits({}),
        captured=False,
        silent=None,
        system_switch=True,
        host=_host(),
        kernel=_kernel(),
        tuned={"profile": "virtual-host", "boot_tokens": [], "differences": None},
        menu=[{"title": "Debian GNU/Linux", "tokens": ["ro", "quiet", *TOKENS]}],
        version="3.1.0",
        pid=812,
        open_vswitch={
            "other_config": dict(OTHER_CONFIG),
            "cur_cfg": 7,
            "next_cfg": 7,
            "dpdk_initialized": True,
            "dpdk_version": "DPDK 22.11.11",
        },
        interfaces=[
            port("br0", type="internal", status={}, options={}),
            port("dpdk0", "0000:41:00.0", 0),
            port("dpdk1", "0000:81:00.0", 1),
            guest("vhost0"),
        ],
        dpdk_wanted=True,
        threads=_threads(),
        executable="/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk",
        libraries=dict.fromkeys(PLAN["dpdk_drivers"], True),
        stats={"pmds": _pmds(), "unparsed": []},
        datapath_ports={
            "br0": {},
            "dpdk0": {"configured_rxq_descriptors": "2048", "configured_txq_descriptors": "2048"},
            "dpdk1": {"configured_rxq_descriptors": "2048", "configured_txq_descriptors": "2048"},
            "vhost0": {},
        },
        mempools=[
            {"name": "ovs", "node": node, "mtu": 2158, "asked": 262144, "size": 262144, "free": 250000}
            for node in (0, 1)
        ],
        heaps={node: {"size": 1 << 30, "free": 1 << 28, "greatest": 1 << 28} for node in (0, 1)},
        bonds={"bond0": {"lacp": "negotiated", "members": {"dpdk0": True, "dpdk1": True}}},
        directories={"/run/guests": True},
        log=[],
        eal_arguments=OTHER_CONFIG["dpdk-extra"].split() + ["--socket-mem", "1024,1024", "-c", "0xc3", "--in-memory"],
        growth={
            "restarted": False,
            "seconds": 6.0,
            "stats": {"pmds": _pmds()},
            "ports": {"dpdk0": {"rx_packets": 10, "tx_packets": 10}, "dpdk1": {}, "vhost0": {}},
            "preempted": {2: 3, 3: 0, 8: 0, 9: 0},
            "coverage": {"drop_action_of_pipeline": 500, "datapath_drop_upcall_error": 0},
            "irqs": {24: {0: 900, 2: 0}, 25: {2: 3}},
        },
    )
    return copy.deepcopy(evidence)
