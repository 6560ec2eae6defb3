import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def sets(host=None, **options):
    cpus = hosts.plan(host or hosts.make(), **options)["cpus"]
    return cpus["housekeeping"], cpus["pmd"], cpus["vm"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ("0-1,6-7", "2-3,8-9", "4-5,10-11")),
        ({"pmd_cpus": "4-5"}, ("0-1,6-7", "4-5", "2-3,8-11")),
        ({"pmd_cpus": "0-1"}, ("2-3,6-7", "0-1", "4-5,8-11")),
        ({"housekeeping_cpus": "4-5"}, ("4-5", "0-1,6-7", "2-3,8-11")),
        ({"vm_cpus": "10-11"}, ("0-1,4-7", "2-3,8-9", "10-11")),
        ({"vm_cpus": "0-11,^0,^1,^2,^3,^6,^7,^8,^9"}, ("0-1,6-7", "2-3,8-9", "4-5,10-11")),
        ({"housekeeping_cpus": "0-1", "vm_cpus": "8-11"}, ("0-1", "2-7", "8-11")),
        ({"pmd_cpus": "2-3", "vm_cpus": "8-11"}, ("0-1,4-7", "2-3", "8-11")),
        ({"housekeeping_cpus": "0-3", "pmd_cpus": "4-5"}, ("0-3", "4-5", "6-11")),
        ({"housekeeping_cpus": "0-3", "pmd_cpus": "4-7", "vm_cpus": "8-11"}, ("0-3", "4-7", "8-11")),
    ],
)
def test_lists_override_and_the_set_that_is_not_given_takes_the_rest(options, expected):
    assert sets(**options) == expected


@pytest.mark.parametrize(
    ("options", "message", "found", "cure"),
    [
        ({"pmd_cpus": "12-13"}, "not online", "12-13", "pmd_cpus"),
        ({"vm_cpus": "4,99"}, "not online", "99", "vm_cpus"),
        ({"pmd_cpus": "2"}, "splits SMT siblings", "2", "pmd_cpus"),
        ({"vm_cpus": "4-5,9-11"}, "splits SMT siblings", "9", "vm_cpus"),
        ({"pmd_cpus": "2-5", "vm_cpus": "4-5"}, "pmd_cpus and vm_cpus overlap", "4-5", "vm_cpus"),
        ({"housekeeping_cpus": "0-3", "pmd_cpus": "2-3"}, "housekeeping_cpus and pmd_cpus overlap", "2-3", "pmd_cpus"),
        (
            {"housekeeping_cpus": "0-1", "pmd_cpus": "2-3", "vm_cpus": "4-5"},
            "CPUs without a use",
            "6-11",
            "vm_cpus",
        ),
        ({"pmd_cpus": "0-5", "vm_cpus": "6-11"}, "no CPU is left for the host", "", "pmd_cpus"),
    ],
)
def test_lists_that_do_not_fit_the_machine(options, message, found, cure):
    with pytest.raises(Refused, match=message) as caught:
        sets(**options)
    assert found in str(caught.value)
    assert "(option {0})".format(cure) in str(caught.value)


def test_offline_cpus_cannot_be_named():
    with pytest.raises(Refused, match="not online"):
        sets(hosts.make(offline=(4, 5)), pmd_cpus="4-5")


def test_the_rest_of_a_core_whose_sibling_is_offline_may_be_named():
    assert sets(hosts.make(offline=(3,)), pmd_cpus="2")[1] == "2"


@pytest.mark.parametrize(
    "options", [{"pmd_cpus": "6-7"}, {"housekeeping_cpus": "0-1", "vm_cpus": "2-5"}], ids=["named", "the rest"]
)
def test_pmd_threads_need_a_node_with_memory(options):
    with pytest.raises(Refused, match="NUMA node 1 cannot have PMD threads") as caught:
        sets(hosts.make(memory_mb={0: 8192, 1: 0}), **options)
    assert "no memory" in str(caught.value)


def test_leaving_the_lowest_core_to_others_is_said():
    warnings = hosts.plan(hosts.make(), pmd_cpus="0-1")["warnings"]
    assert [warning["id"] for warning in warnings] == ["boot-cpu"]
