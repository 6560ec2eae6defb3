"""Findings: the worst first, each once, with what the plan does instead."""

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_findings import Findings
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_names import MEANINGS
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_values import instead_of


def cures(findings, plan):
    return [row["cure"] for row in findings.finished(plan)]


def test_the_worst_come_first_and_equals_once():
    findings = Findings()
    findings.info("A", "a", "b", "c")
    findings.warn("B", "a", "b", "c")
    for _again in range(2):
        findings.fail("C", "a", "b", "c.", "the plan gives guests {vm}")
    findings.refused("a", "b", "c")
    rows = findings.finished(hosts.plan(hosts.make()))
    assert [(row["status"], row["parameter"]) for row in rows] == [
        ("fail", "C"),
        ("fail", "plan"),
        ("warn", "B"),
        ("info", "A"),
    ]
    assert rows[0]["cure"] == "c. Left out: the plan gives guests CPUs 4-5,10-11."


def test_without_a_plan_nothing_is_promised():
    findings = Findings()
    findings.fail("C", "a", "b", "Mend it.", "the plan gives guests {vm}")
    assert cures(findings, None) == ["Mend it. Left out, and there is no plan."]


def test_braces_of_the_operator_are_not_ours():
    findings = Findings()
    findings.fail("C", "{vm} {0}", "{x}", "Mend {y}.", "done")
    row = findings.finished(hosts.plan(hosts.make()))[0]
    assert (row["found"], row["expected"], row["cure"]) == ("{vm} {0}", "{x}", "Mend {y}. Left out: done.")


@pytest.mark.parametrize("meaning", [meaning.key for meaning in MEANINGS])
@pytest.mark.parametrize("cores", [1, 4])
def test_every_meaning_can_say_what_happens_instead(meaning, cores):
    findings = Findings()
    findings.fail("C", "a", "b", "Mend it.", instead_of(meaning))
    (cure,) = cures(findings, hosts.plan(hosts.make(nodes=1, cores=cores, memory_mb=512 if cores == 1 else 65536)))
    assert cure.startswith("Mend it. Left out: ")
    assert "{" not in cure and "none CPUs" not in cure and "CPUs ." not in cure
