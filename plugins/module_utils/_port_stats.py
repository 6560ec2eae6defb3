# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Counters of ports, from rows of the table Interface: totals, growth, and which of them count losses.

Open vSwitch refreshes the column every other_config:stats-update-interval, 5 s by default.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd.conf.db(5); lib/netdev-dpdk.c for the names of the ovs_* counters.
"""

import re

# The kinds of ports that PMD threads poll; dummy-pmd is the pretended one of Open vSwitch's own tests.
POLLED_TYPES = ("dpdk", "dpdkvhostuser", "dpdkvhostuserclient", "afxdp", "dummy-pmd")

# Sums of other counters, or the same packets counted a second time per queue.
_SUMS = re.compile(r"^(?:[rt]x_dropped\Z|[rt]x_q\d+_)")
_DROPS = re.compile(r"(?:_drops|_dropped|_missed_errors|_mbuf_allocation_errors)\Z")
_ERRORS = re.compile(r"_errors?\Z")


def is_polled(interface):
    """Whether a row of Interface is a port for PMD threads."""
    return interface["type"] in POLLED_TYPES


def growth(after, before):
    """What every counter grew by; None where there is no earlier value, or where it started again at 0."""
    grown = {}
    for name, value in after.items():
        earlier = before.get(name)
        grown[name] = value - earlier if earlier is not None and earlier <= value else None
    return grown


def drops(counters):
    """The counters of packets that were lost, without the sums of them."""
    return {name: value for name, value in counters.items() if _DROPS.search(name) and not _SUMS.match(name)}


def errors(counters):
    """The counters of broken packets, without those that are drops."""
    lost = drops(counters)
    return {
        name: value
        for name, value in counters.items()
        if _ERRORS.search(name) and name not in lost and not _SUMS.match(name)
    }


def publish(first, second=None, restarted=False):
    """Rows of polled ports: totals of *first*, or what happened between the two readings of Interface.

    A daemon that was *restarted* in between began to count again, and may have counted beyond the first reading since.
    """
    earlier = {} if restarted else {row["name"]: row["statistics"] for row in first}

    def counters(row):
        return row["statistics"] if second is None else growth(row["statistics"], earlier.get(row["name"], {}))

    return [
        {
            "port": row["name"],
            "type": row["type"],
            "error": row["error"] or None,
            "link_state": row["link_state"] or None,
            "mtu": row["mtu"] if isinstance(row["mtu"], int) else None,
            "numa_id": numa_node(row),
            "status": row["status"],
            "statistics": counters(row),
        }
        for row in sorted(second or first, key=lambda row: row["name"])
        if is_polled(row)
    ]


def numa_node(row):
    """NUMA node of a port as the switch sees it, None while it does not say (a vhost port without a guest)."""
    # dummy-pmd does not show it and takes it from its options.
    text = row["status"].get("numa_id", row["status"].get("numa"))
    if text is None and row["type"] == "dummy-pmd":
        text = row["options"].get("numa_id", "0")
    return int(text) if text is not None and re.match(r"^-?[0-9]{1,9}\Z", text) else None
