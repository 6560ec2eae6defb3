"""Counters of ports."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _port_stats

# A dpdk port of Open vSwitch 3.1.
DPDK = {
    "ovs_rx_qos_drops": 1,
    "ovs_tx_failure_drops": 2,
    "ovs_tx_invalid_hwol_drops": 3,
    "ovs_tx_mtu_exceeded_drops": 4,
    "ovs_tx_qos_drops": 5,
    "rx_bytes": 9,
    "rx_dropped": 30,
    "rx_errors": 6,
    "rx_mbuf_allocation_errors": 7,
    "rx_missed_errors": 8,
    "rx_packets": 9,
    "rx_q0_errors": 6,
    "rx_q0_packets": 9,
    "tx_dropped": 14,
    "tx_errors": 10,
}


def test_losses_are_counted_once():
    lost = _port_stats.drops(DPDK)
    assert sum(lost.values()) == 1 + 2 + 3 + 4 + 5 + 7 + 8


def test_errors_are_what_is_broken_and_not_lost():
    assert _port_stats.errors(DPDK) == {"rx_errors": 6, "tx_errors": 10}


def test_growth_has_no_value_where_a_counter_is_new_or_began_again():
    assert _port_stats.growth({"a": 5, "b": 2, "c": 1}, {"a": 3, "b": 9}) == {"a": 2, "b": None, "c": None}


def interface(name, kind, **columns):
    row = {"name": name, "type": kind, "error": [], "link_state": "up", "mtu": 1500, "status": {}, "options": {}}
    return dict(row, statistics={"rx_packets": 7}, **columns)


def test_ports_for_pmd_threads_are_published_by_name():
    rows = [interface("z", "dpdk"), interface("br0", "internal"), interface("a", "dpdkvhostuserclient", mtu=[])]
    assert [(row["port"], row["mtu"]) for row in _port_stats.publish(rows)] == [("a", None), ("z", 1500)]


def test_counters_of_an_interval():
    first, second = [interface("p", "dpdk")], [interface("p", "dpdk", error="gone"), interface("q", "dpdk")]
    second[0]["statistics"] = {"rx_packets": 9}
    rows = _port_stats.publish(first, second)
    assert [(row["port"], row["error"], row["statistics"]["rx_packets"]) for row in rows] == [
        ("p", "gone", 2),
        ("q", None, None),
    ]


def test_nothing_is_known_to_have_grown_over_a_restart():
    first, second = [interface("p", "dpdk")], [interface("p", "dpdk")]
    second[0]["statistics"] = {"rx_packets": 900}
    (row,) = _port_stats.publish(first, second, restarted=True)
    assert row["statistics"] == {"rx_packets": None}


@pytest.mark.parametrize(
    "kind, status, options, node",
    [
        ("dpdk", {"numa_id": "1"}, {}, 1),
        ("dpdk", {"numa_id": "-1"}, {}, -1),
        ("dpdkvhostuserclient", {"numa": "3"}, {}, 3),
        ("dpdkvhostuserclient", {}, {}, None),
        ("dpdk", {"numa_id": "?"}, {}, None),
        ("dummy-pmd", {}, {"numa_id": "2"}, 2),
        ("dummy-pmd", {}, {}, 0),
    ],
)
def test_the_numa_node_that_the_switch_shows(kind, status, options, node):
    assert _port_stats.numa_node(interface("p", kind, status=status, options=options)) == node
