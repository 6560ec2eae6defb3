"""What earlier derivations of such a plan got wrong, one test each: TripleO's, the charms', oVirt's and kolla's."""

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def nics(*nodes):
    return [hosts.nic("0000:{0:02x}:00.0".format(0x40 + i), node, "p%d" % i, number=i) for i, node in enumerate(nodes)]


def machine(nodes=2, cores=8, threads=2, **more):
    more.setdefault("memory_mb", 65536)
    return hosts.make(nodes=nodes, cores=cores, threads=threads, layout="split", **more)


def warned(plan):
    return [row["id"] for row in plan["warnings"]]


def test_adjacent_pmd_cpus_are_a_range_and_not_a_crash():
    assert hosts.plan(machine(nodes=1), pmd_cores_no_nic="0:2")["cpus"]["pmd"] == "1-2,9-10"


def test_one_hosts_plan_leaves_nothing_behind_for_the_next():
    other = machine(nodes=1, nics=nics(0))
    before = hosts.plan(machine(), pmd_cpus="5,21")
    hosts.plan(other, nics="p0", pmd_cores=3)
    assert hosts.plan(machine(), pmd_cpus="5,21") == before


@pytest.mark.parametrize(("memory_mb", "pages"), [(65536, 59), (100000, 92), (3000, 0), (0, None)])
def test_pages_are_whole_numbers_and_never_negative(memory_mb, pages):
    plan = hosts.plan(machine(nodes=1, memory_mb=memory_mb))
    assert [row["count"] for row in plan["hugepages"]] == ([pages] if pages else [])
    assert ("hugepages={0}".format(pages) in plan["kernel_args_tokens"]) == bool(pages)


def test_no_pages_that_the_cpu_does_not_have():
    plan = hosts.plan(machine(page_sizes_kb=[2048]))
    assert "hugepagesz=2M" in plan["kernel_args_tokens"]
    with pytest.raises(Refused, match="no hugepages of that size"):
        hosts.plan(machine(page_sizes_kb=[2048]), page_size="1G")


def test_memory_for_open_vswitch_is_not_given_to_guests_too():
    row = hosts.plan(machine(nodes=1, nics=nics(0)), nics="p0")["hugepages"][0]
    assert (row["ovs"], row["guests"], row["count"]) == (2, 57, 59)


def test_arm_gets_no_empty_or_foreign_iommu_words():
    plan = hosts.plan(machine(architecture="aarch64", cpu={"vendor": "ARM", "model": None, "flags": []}))
    assert plan["kernel_args_tokens"][0] == "iommu.passthrough=1"


def test_amd_gets_no_words_that_the_kernel_does_not_know():
    plan = hosts.plan(machine(cpu={"vendor": "AuthenticAMD", "model": None, "flags": []}))
    assert "amd_iommu=on" not in plan["kernel_args"]


def test_zero_cores_are_none_and_not_all():
    assert hosts.plan(machine(), pmd_cores="0:0,1:1")["cpus"]["pmd"] == "9,25"


def test_too_many_cores_are_an_error_and_not_all():
    with pytest.raises(Refused, match="does not have enough cores"):
        hosts.plan(machine(), pmd_cores="0:99,1:1")


def test_a_node_too_small_for_a_pmd_is_said():
    assert "pmd-gives-way" in warned(hosts.plan(machine(cores=1)))


@pytest.mark.parametrize("ids", [[0, 8], [0, 1, 16, 17], [3, 5]])
def test_sparse_node_ids(ids):
    plan = hosts.plan(hosts.make(ids=ids, memory_mb=65536))
    assert [row["id"] for row in plan["nodes"] if row["pmd"]] == ids
    values = plan["socket_memory"].split(",")
    assert [node for node, value in enumerate(values) if value != "0"] == ids


def test_memory_only_nodes():
    plan = hosts.plan(machine(memory_only=[2]))
    assert [(row["pmd"], row["hugepages"]) for row in plan["nodes"]][2] == ("", 0)


def test_the_order_of_input_rows_does_not_matter():
    host = machine()
    turned = dict(host, topology=host["topology"][::-1], nodes=host["nodes"][::-1])
    assert hosts.plan(turned, pmd_cores_no_nic="0:2") == hosts.plan(host, pmd_cores_no_nic="0:2")


def test_the_next_cores_after_the_hosts_and_not_any():
    assert hosts.plan(machine(nodes=1, cores=12))["cpus"]["pmd"] == "1,13"


def test_every_port_keeps_its_own_mtu():
    plan = hosts.plan(machine(nics=nics(0, 0)), nics="p0 mtu=9000; p1 mtu=2000")
    assert [device["mtu"] for device in plan["devices"]] == [9000, 2000]


def test_mtus_are_compared_after_rounding():
    host = machine(nodes=1, nics=nics(0, 0))
    one, two = (
        hosts.plan(host, page_size="2M", nics=["p0 mtu=1500", "p1 mtu={0}".format(mtu)]) for mtu in (1600, 2048)
    )
    assert int(two["socket_memory"]) - int(one["socket_memory"]) == 1008


def test_queues_descriptors_and_guests_ports_count():
    host = machine(nodes=1, nics=nics(0))
    sizes = [
        int(hosts.plan(host, nics="p0 " + words, page_size="2M", memory_model="per-port", **more)["socket_memory"])
        for words, more in (("", {}), ("rxq=8", {}), ("rxq=8 desc=4096", {}), ("rxq=8 desc=4096", {"vhost_ports": 20}))
    ]
    assert sizes == sorted(set(sizes))


def test_many_small_nodes_need_not_lose_two_cores_each():
    host = machine(nodes=8, cores=8, nics=nics(0))
    plan = hosts.plan(
        host, nics="p0", pmd_cores=2, pmd_cores_no_nic=0, housekeeping_cores="0:1,1:0,2:0,3:0,4:0,5:0,6:0,7:0"
    )
    assert len(_cpuset.parse(plan["cpus"]["housekeeping"])) == 2
    assert len(_cpuset.parse(plan["cpus"]["pmd"])) == 4


def test_the_host_may_have_more_than_one_core_a_node():
    assert hosts.plan(machine(threads=1, cores=64), housekeeping_cores=2)["cpus"]["housekeeping"] == "0-1,64-65"


def test_a_nic_without_a_node_is_not_quietly_nowhere():
    with pytest.raises(Refused, match="the NUMA node of a NIC is unknown"):
        hosts.plan(machine(nics=nics(-1)), nics="p0")


def test_a_nic_may_be_named_by_its_address():
    assert hosts.plan(machine(nics=nics(1)), nics="0000:40:00.0")["devices"][0]["interface"] == "p0"


def test_an_unknown_nic_is_an_error_in_words():
    with pytest.raises(Refused, match="no such NIC"):
        hosts.plan(machine(nics=nics(0)), nics="nic4")


@pytest.mark.parametrize("value", ["2", 2, "0:2,1:2", {"0": "2", 1: 2}])
def test_numbers_may_be_texts(value):
    assert hosts.plan(machine(), pmd_cores_no_nic=value)["cpus"]["pmd"] == "1-2,9-10,17-18,25-26"


@pytest.mark.parametrize("text", ["3-1", "^x", "1,,d", "0x3", "--", "1 - "])
def test_lists_that_make_no_sense_are_refused_in_words(text):
    with pytest.raises(Refused, match="pmd_cpus"):
        hosts.plan(machine(), pmd_cpus=text)


@pytest.mark.parametrize("text", ["1, 17", " 1,17 ", "'1,17'", [1, 17], "17,1,"])
def test_blanks_and_quotes_do_not_empty_a_list(text):
    assert hosts.plan(machine(), pmd_cpus=text)["masks"]["pmd"] == "0x20002"


def test_offline_cpus_do_not_exist():
    plan = hosts.plan(machine(offline=(1, 17)))
    assert plan["cpus"]["pmd"] == "2,9,18,25"
    assert plan["cpus"]["offline"] == "1,17"


def test_nodes_count_and_not_sockets():
    host = machine(nodes=4)
    for row in host["topology"]:
        row["package"] = 0
    assert hosts.plan(host)["socket_memory"] == "2048,2048,2048,2048"


def test_masks_are_texts_that_yaml_cannot_turn_into_numbers():
    masks = hosts.plan(machine())["masks"]
    assert all(isinstance(mask, str) and mask.startswith("0x") for mask in masks.values())


def test_pmd_guests_and_host_never_overlap():
    for options in ({"pmd_cpus": "1,17", "vm_cpus": "1,17"}, {"pmd_cpus": "1,17", "housekeeping_cpus": "1,17"}):
        with pytest.raises(Refused, match="overlap"):
            hosts.plan(machine(), **options)


def test_all_pmd_cpus_are_isolated():
    plan = hosts.plan(machine(), pmd_cpus="1-3,17-19")
    assert _cpuset.parse(plan["cpus"]["pmd"]) <= _cpuset.parse(plan["cpus"]["isolated"])


def test_one_cpu_and_one_node():
    plan = hosts.plan(hosts.make(nodes=1, cores=1, threads=1))
    assert (plan["cpus"]["housekeeping"], plan["cpus"]["pmd"], plan["cpus"]["vm"]) == ("0", "", "")
