"""TripleO in templates: parameters for heat, findings for people."""

import hosts
import pytest

pytest.importorskip("ansible.errors")
from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.ovs_dpdk.plugins.filter.tripleo import (
    FilterModule,
    to_tripleo,
    tripleo_parameters,
    tripleo_table,
)


def row(status, parameter, found="this", expected="that", cure="do it"):
    return {"status": status, "parameter": parameter, "found": found, "expected": expected, "cure": cure}


def test_a_plan_in_both_families():
    plan = hosts.plan(hosts.make())
    assert to_tripleo(plan)["OvsPmdCoreList"] == "2,3,8,9"
    assert to_tripleo(plan, names="neutron")["NeutronDpdkCoreList"] == "'2,3,8,9'"


def test_another_family_is_refused_in_words():
    with pytest.raises(AnsibleFilterError, match="no such family of names: found 'edpm', expected ovs or neutron"):
        to_tripleo(hosts.plan(hosts.make()), "edpm")


def test_what_is_read_of_an_environment():
    environment = {"parameter_defaults": {"OvsPmdCoreList": "4-5", "AdminPassword": "geheim"}}
    assert tripleo_parameters(environment) == {"OvsPmdCoreList": "4-5"}
    assert tripleo_parameters(None) == {}
    with pytest.raises(AnsibleFilterError, match="not the parameters of an environment"):
        tripleo_parameters(["OvsPmdCoreList"])


def test_failures_come_before_warnings_and_what_is_only_said_is_named():
    rows = [row("info", "OvsB"), row("warn", "KernelArgs"), row("fail", "OvsPmdCoreList"), row("info", "OvsA")]
    assert tripleo_table({"findings": rows}).splitlines() == [
        "FAIL  OvsPmdCoreList",
        "      found     this",
        "      expected  that",
        "      cure      do it",
        "WARN  KernelArgs",
        "      found     this",
        "      expected  that",
        "      cure      do it",
        "2 info  OvsA, OvsB",
    ]


def test_an_environment_that_fits():
    assert tripleo_table({"findings": []}).splitlines() == ["Nothing contradicts the machine.", "0 info"]


@pytest.mark.parametrize("width", [60, 110])
def test_long_texts_are_wrapped(width):
    lines = tripleo_table({"findings": [row("fail", "KernelArgs", "word " * 60)]}, width).splitlines()
    assert max(len(line) for line in lines) <= width


def test_filters_are_named():
    assert sorted(FilterModule().filters()) == ["to_tripleo", "tripleo_parameters", "tripleo_table"]
