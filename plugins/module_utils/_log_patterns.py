# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Known lines of ovs-vswitchd.log and what they mean.

A log tells history, a check tells the present. A line whose fault shows in the present state belongs to the check
that looks there (QUOTED), which gives it as the reason. Only lines that leave no other trace are judged by themselves
(JUDGED); of some of them a few are normal while ports come up.

Named groups "port", "dev" and "size" (in kB) say whom a line is about.

Private to the collection. Python 3.6+, standard library only.
Source: lib/dpdk.c, lib/netdev-dpdk.c, lib/dpif-netdev.c of Open vSwitch, lib/eal and lib/vhost of DPDK.
"""

# (id, verdict, how many are normal, expression, meaning)
JUDGED = (
    ("crash", "fail", 0, r"\|ERR\|\d+ crashes: pid \d+ died, .+", "ovs-vswitchd crashed and was started again"),
    ("thread-create", "fail", 0, r"pthread_create failed", "no thread could be made: low limit of locked memory"),
    ("max-lcores", "warn", 0, r"DPDK max threads count has been reached", "some PMD threads have no mempool cache"),
    (
        "quiesce",
        "warn",
        10,
        r"blocked \d+ ms waiting for \S+ to quiesce",
        "a thread was stuck: its CPU is shared, or a driver call takes long",
    ),
    (
        "long-poll",
        "warn",
        10,
        r"Unreasonably long \d+ms poll interval",
        "the main thread is starved: it shares its CPU with a PMD thread or a guest",
    ),
    (
        "vhost-directory",
        "fail",
        0,
        r"vhost-user sock directory '[^']+' does not exist",
        "vhost-sock-dir is not there: server-mode sockets go to the run directory instead",
    ),
    (
        "vhost-restart",
        "warn",
        0,
        r"VM on socket '[^']+' must be restarted",
        "a server-mode port was made anew: its guest is cut off until it restarts",
    ),
    (
        "postcopy-mlock",
        "warn",
        0,
        r"vhost-postcopy-support and mlockall are not compatible",
        "post-copy migration is switched off: start ovs-vswitchd without --mlockall",
    ),
    (
        "probe-failed",
        "warn",
        0,
        r"eth_\w+_pci_(?:init|probe)\(\): Failed to init PCI device"
        r"|Requested device (?P<dev>[0-9a-f:.]+) cannot be used",
        "EAL probed a device that it cannot use: give it an allow list (-a) in dpdk-extra",
    ),
)

# {check: ((id, expression, meaning), …)}
QUOTED = {
    "switch.dpdk_initialized": (
        ("eal-lock", r"EAL: Cannot create lock on '[^']+'", "another DPDK process has the same --file-prefix"),
        ("eal-conflict", r"EAL: Options? .*(?:not compatible|cannot be specified)", "two EAL options are at odds"),
        (
            "eal-lcores",
            r"EAL: (?:lcore \d+ (?:unavailable|>= RTE_MAX_LCORE)|invalid (?:coremask|core list|parameter for))",
            "the lcore mask names a CPU that is offline, or beyond what DPDK can hold",
        ),
        (
            "not-enough-memory",
            r"EAL: Not enough memory available(?: on socket \d+)?! Requested: \d+MB, available: \d+MB",
            "dpdk-socket-mem is larger than the free hugepages of the node",
        ),
        ("no-hugepage-info", r"EAL: (?:FATAL: )?Cannot get hugepage information", "there are no free hugepages"),
        (
            "eal-arguments",
            r"EAL: (?:Invalid 'command line' arguments|Error parsing command line arguments)",
            "dpdk-extra has a word that EAL does not know",
        ),
        ("eal-init", r"\|EMER\|Unable to initialize DPDK: .+$", "EAL did not start"),
        ("dpdk-init-failed", r"\|dpdk\|ERR\|DPDK Initialization Failed", "EAL did not start, and is not tried again"),
    ),
    "packages.dpdk_build": (
        ("no-dpdk-build", r"DPDK not supported in this copy of Open vSwitch", "the program was built without DPDK"),
    ),
    "memory.hugepages": (
        (
            "no-hugepages",
            r"EAL: No (?:free|available) (?:(?P<size>\d+) kB )?hugepages reported(?: in hugepages-(?P<size2>\d+)kB)?",
            "EAL found no free page of this size",
        ),
    ),
    "memory.mounts": (
        (
            "no-mount",
            r"EAL: \d+ hugepages of size \d+ reserved, but no mounted hugetlbfs found",
            "pages of this size have no mount",
        ),
    ),
    "iommu.groups": (
        ("group-not-viable", r"VFIO group is not viable", "another device of the group has a driver of its own"),
    ),
    "ports.error": (
        (
            "no-bus-driver",
            r"EAL: failed to parse device \"(?P<dev>[^\"]*)\"",
            "no bus knows this name: it is mistyped, or librte-bus-pci or librte-bus-vdev is missing",
        ),
        (
            "no-device",
            r"EAL: Cannot find device \((?P<dev>[^)]*)\)",
            "wrong address, not on vfio-pci, or its driver package is missing",
        ),
        ("vfio-container", r"EAL: [Cc]annot open VFIO container", "vfio is not loaded, or not permitted"),
        ("vfio-group", r"EAL: [Cc]annot open /dev/vfio/\S+: .*", "the IOMMU group cannot be opened"),
        (
            "vfio-dma",
            r"EAL: .*(?:DMA remapping failed|set up DMA remapping).*error -?\d+",
            "memory could not be mapped into the IOMMU: locked memory or dma_entry_limit",
        ),
        ("attach", r"Error attaching device '(?P<dev>[^']*)'", "dpdk-devargs cannot be used"),
        ("no-devargs", r"'(?P<port>[^']*)' is missing 'options:dpdk-devargs'", "the port names no device"),
        (
            "device-in-use",
            r"'(?P<port>[^']*)' is trying to use device '[^']*' which is already in use by '[^']*'",
            "two ports name one device",
        ),
        (
            "lsc",
            r"\|(?P<port>[^|]+): link status interrupt is not supported|Driver \S+ does not support lsc",
            "the device cannot do it: drop dpdk-lsc-interrupt",
        ),
        (
            "mempool",
            r"Failed to create mempool \"[^\"]+\" with a request of \d+ mbufs"
            r"|Failed to create memory pool for netdev (?P<port>\S+),",
            "too little hugepage memory on the port's node, or the mempool driver package is missing",
        ),
        (
            "port-setup",
            r"Interface (?P<port>[^( ]+) ?(?:start error|unable to setup [rt]xq|eth_dev setup error"
            r"|rte_eth_dev_info_get error|MTU \(\d+\) setup error|\(rxq:\d+ txq:\d+ lsc[^)]*\) configure error)",
            "the driver refused the port's configuration",
        ),
        (
            "port-options",
            r"\|netdev\|WARN\|(?P<port>.+): could not set configuration",
            "the port's options were refused",
        ),
        ("port-type", r"could not create netdev (?P<port>.+) of unknown type dpdk", "DPDK is not initialised"),
        ("port-add", r"failed to add (?P<port>.+) as port:", "the datapath refused the port"),
        (
            "vhost-start",
            r"rte_vhost_driver_start failed for vhost user port: (?P<port>.+)",
            "the socket could not be made",
        ),
    ),
    "ports.mtu": (
        (
            "mtu",
            r"\|(?P<port>[^|]+): unsupported MTU \d+|failed to set MTU for network device (?P<port2>.+):",
            "the MTU is out of range (68 to 9702)",
        ),
    ),
    "ports.queues": (
        ("fewer-queues", r"Retrying setup with \(rxq:\d+ txq:\d+\)", "the device has fewer queues than asked for"),
    ),
    "ports.descriptors": (
        (
            "descriptors",
            r"Unable to set the number of [rt]x descriptors to \d+\. Adjusted to \d+",
            "the number was changed to what the device can do",
        ),
    ),
    "ports.drops_growing": (
        ("too-big", r"\|(?P<port>[^|]+): Too big size \d+ max_packet_len \d+", "packets exceed the port's MTU"),
    ),
    "pmd.numa_coverage": (
        (
            "cross-numa",
            r"There's no available \(non-isolated\) pmd thread on numa node \d+\.? "
            r"(?:Queue \d+ on port '(?P<port>[^']+)'|Port '(?P<port2>[^']+)' rx queue \d+)",
            "the node of the port had no free PMD thread",
        ),
    ),
    "pmd.queues_polled": (
        (
            "not-polled",
            r"No non-isolated pmd on any numa available for port '(?P<port>[^']+)' rx queue \d+"
            r"|There is no available \(non-isolated\) pmd thread for port '(?P<port2>[^']+)' queue \d+"
            r"|There is no PMD thread on core \d+\. Queue \d+ on port '(?P<port3>[^']+)' will not be polled",
            "every PMD thread is reserved for pinned queues",
        ),
    ),
    "pmd.affinity": (
        (
            "pin-missed",
            r"Core +\d+ cannot be pinned with port '(?P<port>[^']+)' rx queue \d+",
            "the core has no PMD thread",
        ),
    ),
    "pmd.pinned": (
        ("set-affinity", r"Thread setaffinity error: .*", "the CPU is outside of the cgroup's cpuset"),
    ),
    "switch.values": (
        ("cpu-mask", r"Invalid cpu mask: .", "a mask has a character that is not hexadecimal"),
        (
            "ignored-option",
            r"Ignoring database defined option '[^']+' due to",
            "dpdk-extra has the option already, or the value is wrong",
        ),
        ("two-memories", r"Multiple defined options for memory type", "dpdk-alloc-mem beside dpdk-socket-mem"),
        (
            "rxq-assign",
            r"Unsupported (?:rx queue|Rxq) to PMD assignment mode in pmd-rxq-assign",
            "pmd-rxq-assign is none of cycles, roundrobin, group",
        ),
        (
            "rxq-isolate",
            r"pmd-rxq-isolate can only be set false when using pmd-rxq-assign=group",
            "pmd-rxq-isolate=false needs pmd-rxq-assign=group",
        ),
    ),
    "switch.deprecated_keys": (
        ("maxsleep", r"pmd-maxsleep is deprecated", "the new name is pmd-sleep-max"),
        ("vhostuser", r"dpdkvhostuser ports are considered deprecated", "use dpdkvhostuserclient"),
    ),
}
