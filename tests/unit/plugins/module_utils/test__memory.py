import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

GIB = 1024


def nics(*nodes):
    return [hosts.nic("0000:{0:02x}:00.0".format(0x40 + i), node=node, number=i + 1) for i, node in enumerate(nodes)]


def planned(host, words="", **options):
    asked = ["{0} {1}".format(nic["address"], words) for nic in host["nics"]]
    return hosts.plan(host, nics=asked, **options)


def pools(plan):
    return [(row["node"], row["size"], row["ovs"], row["guests"]) for row in plan["hugepages"]]


def test_the_lab_machine():
    plan = planned(hosts.make(memory_mb=5930, nics=nics(0, 1)))
    assert [node["memory_mb"] for node in plan["nodes"]] == [5888, 5888]
    assert (plan["socket_memory"], plan["socket_limit"]) == ("2048,2048", "2048,2048")
    assert pools(plan) == [(0, "1G", 2, 0), (1, "1G", 2, 0)]
    assert plan["nova"]["reserved_host_memory_mb"] == 4096
    assert plan["nova"]["reserved_huge_pages"] == [
        {"node": 0, "size": 1048576, "count": 2},
        {"node": 1, "size": 1048576, "count": 2},
    ]


@pytest.mark.parametrize(
    ("words", "megabytes"),
    [
        ("", 2048),
        ("mtu=1200", 2048),
        ("mtu=4096", 2048),
        ("mtu=8192", 3072),
        ("mtu=9000", 3072),
        ("mtu=9702", 4096),
    ],
)
def test_pages_of_1g(words, megabytes):
    plan = planned(hosts.make(nodes=1, memory_mb=64 * GIB, nics=nics(0)), words)
    assert plan["nodes"][0]["socket_memory_mb"] == megabytes


def test_one_gigantic_page_of_a_node_is_left_to_the_kernel():
    """Seen on a real boot: of 3 pages that a node of 5888 MiB had room for, the kernel gave 2."""
    host = hosts.make(nodes=1, memory_mb=64 * GIB, nics=nics(0))
    assert pools(planned(host)) == [(0, "1G", 2, 64 - 4 - 2 - 1)]
    assert pools(planned(host, vm_memory="57G")) == [(0, "1G", 2, 57)]
    with pytest.raises(Refused, match="too little memory for the guests"):
        planned(host, vm_memory="58G")


def test_pages_of_2m_waste_nothing():
    plan = planned(hosts.make(nodes=1, memory_mb=64 * GIB, nics=nics(0)), page_size="2M")
    assert plan["socket_memory"] == "1264"
    assert pools(plan) == [(0, "2M", 632, (65536 - 4096) // 2 - 632)]


def test_ports_of_one_rounded_mtu_share_and_others_add():
    host = hosts.make(nodes=1, memory_mb=64 * GIB, nics=nics(0, 0, 0))
    plan = hosts.plan(host, nics="40:00.0 mtu=1500; 41:00.0 mtu=1600; 42:00.0 mtu=9000", page_size="2M")
    assert plan["socket_memory"] == str(752 + 2544 + 512)


def test_per_port_pools_count_every_port_queue_and_pmd():
    host = hosts.make(nodes=1, cores=8, memory_mb=64 * GIB, nics=nics(0, 0))
    plan = planned(host, "rxq=2 mtu=9000", page_size="2M", memory_model="per-port", pmd_cores=2)
    mbufs = 2 * 2048 + 5 * 2048 + 64 + 16384
    assert plan["socket_memory"] == str(-(-(2 * mbufs * 10176) // 1048576 // 2) * 2 + 512)
    assert plan["other_config"]["per-port-memory"] == "true"


def test_guests_ports():
    host = hosts.make(memory_mb=64 * GIB, nics=nics(0))
    assert planned(host, "mtu=9000", page_size="2M")["socket_memory"] == "{0},{1}".format(2544 + 512, 752 + 512)
    plan = planned(host, "mtu=9000", page_size="2M", vhost_ports=10)
    assert plan["socket_memory"] == "{0},{1}".format(2544 + 752 + 512, 752 + 512)
    plan = planned(host, "mtu=9000", page_size="2M", vhost_ports=10, vhost_mtu=9000)
    assert plan["socket_memory"] == "{0},{0}".format(2544 + 512)


def test_packet_buffers_of_guests_that_nobody_counted_are_warned_of():
    """With jumbo frames on the NICs, a guest's port of MTU 1500 needs a pool of its own."""
    host = hosts.make(nodes=1, memory_mb=64 * GIB, nics=nics(0))
    jumbo = planned(host, "mtu=9000", page_size="2M")
    assert [row["text"] for row in jumbo["warnings"]] == [
        "Node 0: a vhost-user port of MTU 1500 needs 3808 MiB of packet buffers in all, 3056 are planned. Say how many "
        "there will be (host_plan_vhost_ports (option vhost_ports)), or their MTU (host_plan_vhost_mtu (option "
        "vhost_mtu))."
    ]
    for words, options in (
        ("", {}),  # one pool for all
        ("mtu=9000", {"vhost_mtu": 9000}),
        ("mtu=9000", {"vhost_ports": 1}),
        ("mtu=6000", {"page_size": "1G"}),  # the rounding leaves room
        ("mtu=9000", {"pmd_cores": 2}),  # there are no guests
    ):
        warnings = planned(host, words, **dict({"page_size": "2M"}, **options))["warnings"]
        assert "guest-ports-uncounted" not in [row["id"] for row in warnings], (words, options)


def test_guests_ports_in_the_per_port_model():
    host = hosts.make(nodes=1, memory_mb=64 * GIB)
    one, ten = (
        planned(host, page_size="2M", memory_model="per-port", vhost_ports=count)["nodes"][0]["socket_memory_mb"]
        for count in (1, 10)
    )
    mbufs = 2048 + 3 * 2048 + 32 + 16384
    assert one == 512 + -(-mbufs * 3008 // 1048576 // 2) * 2
    assert ten == 512 + -(-10 * mbufs * 3008 // 1048576 // 2) * 2


def test_a_node_without_pmd_threads_gets_no_memory_for_open_vswitch():
    plan = planned(hosts.make(memory_mb=64 * GIB, nics=nics(0)), pmd_cores_no_nic=0)
    assert plan["socket_memory"] == "2048"
    assert pools(plan) == [(0, "1G", 2, 59), (1, "1G", 0, 61)]


def test_configured_pools_are_counted_where_they_serve():
    host = hosts.make(memory_mb=64 * GIB, nics=nics(0, 1))
    plan = planned(host, page_size="2M", shared_mempool_mtus="9000,1500:1")
    assert plan["socket_memory"] == "{0},{1}".format(2544 + 512, 752 + 512)
    assert plan["other_config"]["shared-mempool-config"] == "9000,1500:1"


@pytest.mark.parametrize(
    ("memory", "reserved", "shares"),
    [
        ({0: 8192, 1: 8192}, None, [2048, 2048]),
        ({0: 8192, 1: 8192, 2: 8192}, None, [1366, 1365, 1365]),
        ({0: 65536, 1: 1024}, None, [3072, 1024]),
        ({0: 8192, 1: 8192}, "6G", [3072, 3072]),
        ({0: 8192, 1: 8192}, "0:1G,1:3072", [1024, 3072]),
        ({0: 8192, 1: 8192}, "1:1G", [2048, 1024]),
        ({0: 8192, 1: 8192}, "0", [0, 0]),
        ({0: 8192, 1: 0}, None, [4096]),
    ],
)
def test_the_hosts_share_is_spread_over_the_nodes(memory, reserved, shares):
    plan = planned(hosts.make(ids=sorted(memory), memory_mb=memory), reserved_memory=reserved)
    assert plan["nova"]["reserved_host_memory_mb"] == sum(shares)
    for node, share in enumerate(shares):
        assert "Node {0}: {1} MiB stay with the host (reserved_memory).".format(node, share) in plan["reasons"]


@pytest.mark.parametrize(
    ("vm_memory", "guests"),
    [
        (None, [59, 59]),
        ("100%", [59, 59]),
        ("80%", [47, 47]),
        ("33%", [19, 19]),
        ("0%", [0, 0]),
        ("16G", [8, 8]),
        ("17G", [9, 8]),
        ("1025M", [1, 1]),
        ("0:16G,1:8G", [16, 8]),
        ("0:16G", [16, 59]),
        ("1:50%", [59, 29]),
    ],
)
def test_memory_of_guests(vm_memory, guests):
    plan = planned(hosts.make(memory_mb=64 * GIB, nics=nics(0, 1)), vm_memory=vm_memory)
    assert [row[3] for row in pools(plan)] == guests


def test_an_amount_in_all_fills_what_a_small_node_lacks():
    plan = planned(hosts.make(memory_mb={0: 8 * GIB, 1: 64 * GIB}), vm_memory="20G")
    assert [row[3] for row in pools(plan)] == [3, 17]


def test_guests_get_no_pages_where_they_have_no_cpus():
    plan = planned(hosts.make(memory_mb=64 * GIB, nics=nics(0, 1)), vm_cpus="10-11")
    assert pools(plan) == [(0, "1G", 2, 0), (1, "1G", 2, 59)]


@pytest.mark.parametrize(
    ("options", "message", "cure"),
    [
        ({"vm_memory": "200G"}, "too little memory for the guests", "vm_memory"),
        ({"vm_memory": "0:61G"}, "too little memory for the guests", "vm_memory"),
        ({"vm_memory": "7:1G"}, "vm_memory names a NUMA node", "vm_memory"),
        ({"reserved_memory": "2:1G"}, "reserved_memory names a NUMA node", "reserved_memory"),
        ({"reserved_memory": "0:63G"}, "NUMA node 0 has too little memory for Open vSwitch", "reserved_memory"),
        ({"shared_mempool_mtus": "9000:5"}, "shared_mempool_mtus names a NUMA node", "shared_mempool_mtus"),
        ({"page_size": "16M"}, "no hugepages of that size", "page_size"),
    ],
)
def test_what_does_not_fit_is_refused(options, message, cure):
    with pytest.raises(Refused, match=message) as caught:
        planned(hosts.make(memory_mb=64 * GIB, nics=nics(0, 1)), **options)
    assert "(option {0})".format(cure) in str(caught.value)


def test_memory_may_be_reserved_on_every_node():
    with pytest.raises(Refused, match="found node 7, expected one of 0-2"):
        planned(hosts.make(ids=[0, 1], memory_mb=65536, memory_only=[2]), reserved_memory="7:1G")


def test_the_refusal_says_what_is_there_and_what_is_needed():
    with pytest.raises(Refused) as caught:
        planned(hosts.make(memory_mb={0: 4096, 1: 65536}, nics=nics(0)), "mtu=9000")
    assert str(caught.value) == (
        "NUMA node 0 has too little memory for Open vSwitch (4096 MiB, 2048 of them reserved for the host): found 2 "
        "hugepages of 1G, expected 3 (3056 MiB of packet buffers and DPDK). Lower host_plan_reserved_memory (option "
        "reserved_memory), or the mtu in host_plan_nics (option nics), or set host_plan_memory_model (option "
        "memory_model) to per-port."
    )


def test_a_small_node_without_a_nic_gets_what_it_has():
    plan = planned(hosts.make(memory_mb={0: 65536, 1: 3072}, nics=nics(0)))
    assert [warning["id"] for warning in plan["warnings"]] == ["node-short-of-memory"]
    assert (plan["socket_memory"], pools(plan)[1]) == ("2048,1024", (1, "1G", 1, 0))


@pytest.mark.parametrize(
    ("sizes", "chosen"),
    [
        ([2048, 1048576], "1G"),
        ([2048], "2M"),
        ([64, 2048, 32768, 1048576], "1G"),
        ([2048, 524288, 16777216], "2M"),
        ([16384, 16777216], "16M"),
        ([1024], "1M"),
        ([16777216], "16G"),
    ],
)
def test_the_page_size(sizes, chosen):
    plan = planned(hosts.make(nodes=1, memory_mb=256 * GIB, page_sizes_kb=sizes))
    assert {row["size"] for row in plan["hugepages"]} == {chosen}


def test_unknown_page_sizes_leave_hugepages_out():
    plan = planned(hosts.make(page_sizes_kb=[], nics=nics(0, 1)))
    assert [warning["id"] for warning in plan["warnings"]] == ["page-size-unknown"]
    assert (plan["hugepages"], plan["socket_memory"]) == ([], "1264,1264")
    assert [node["hugepages"] for node in plan["nodes"]] == [None, None]
    assert planned(hosts.make(page_sizes_kb=[]), page_size="2M")["hugepages"]


def test_unknown_memory_leaves_hugepages_of_that_node_out():
    plan = planned(hosts.make(memory_mb={0: 64 * GIB}, nics=nics(0, 1)))
    assert [(node["memory_mb"], node["hugepages"]) for node in plan["nodes"]] == [(65536, 61), (None, None)]
    assert plan["socket_memory"] == "2048,2048"
    assert [row["node"] for row in plan["hugepages"]] == [0]


def test_nodes_without_cpus_or_memory_have_no_hugepages():
    plan = planned(hosts.make(ids=[0, 1], memory_mb={0: 65536, 1: 0, 2: 65536}, memory_only=[2]))
    assert [node["hugepages"] for node in plan["nodes"]] == [59, 0, 0]


def test_a_nic_whose_node_the_kernel_does_not_know_is_counted_on_node_0_too():
    plan = hosts.plan(hosts.make(memory_mb=64 * GIB, nics=nics(-1)), nics="40:00.0 node=1 mtu=9000", page_size="2M")
    assert plan["socket_memory"] == "{0},{0}".format(2544 + 512)
