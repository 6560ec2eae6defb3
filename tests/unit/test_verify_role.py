"""What roles host_verify and rebalance make of the variables of an operator, whatever their type."""

import json
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2.nativetypes")
pytest.importorskip("ansible.errors")

from ansible.plugins.filter.core import to_nice_json  # noqa: E402
from ansible_collections.nfv.ovs_dpdk.plugins.filter.inputs import from_survey  # noqa: E402
from jinja2 import Environment  # noqa: E402
from jinja2.nativetypes import NativeEnvironment  # noqa: E402

ROLES = Path(__file__).resolve().parents[2] / "roles"


def tasks(items):
    """All tasks of a file, those in blocks too."""
    for task in items:
        yield from tasks(task["block"]) if "block" in task else [task]


def asked(role, module, option):
    """Expressions of one option of a module wherever a role calls it."""
    for path in sorted((ROLES / role / "tasks").glob("*.yml")):
        for task in tasks(yaml.safe_load(path.read_text())):
            if "nfv.ovs_dpdk." + module in task:
                yield task["nfv.ovs_dpdk." + module].get(option)


def rendered(expression, environment=NativeEnvironment, **variables):
    environment = environment()
    environment.filters["nfv.ovs_dpdk.from_survey"] = from_survey
    environment.filters["to_nice_json"] = to_nice_json
    return environment.from_string(expression).render(**variables)


OPTIONS = [
    ("host_verify", "host_verify_info", "interval", "host_verify_interval", 6),
    ("rebalance", "pmd_rxq_plan_info", "interval", "rebalance_interval", 30),
    ("rebalance", "pmd_rxq_plan_info", "load_threshold", "rebalance_load_threshold", 80),
    ("rebalance", "pmd_rxq_plan_info", "improvement_threshold", "rebalance_improvement_threshold", 10),
    ("rebalance", "pmd_rxq_pin", "timeout", "rebalance_timeout", 60),
]


@pytest.mark.parametrize("role, module, option, variable, default", OPTIONS, ids=[row[3] for row in OPTIONS])
def test_numbers_reach_the_module_as_they_are_written(role, module, option, variable, default):
    for expression in asked(role, module, option):
        values = [rendered(expression, **{variable: value}) for value in (0, "0", "7", "", None, "soon")]
        assert values == [0, 0, 7, default, default, "soon"]  # a word is for the module to refuse


@pytest.mark.parametrize("prints", ["json", "yaml"])
def test_verdicts_come_as_one_json_document_on_request(prints):
    names = yaml.safe_load((ROLES / "host_verify/vars/main.yml").read_text())
    result = {"checks": [{"id": "a.b", "found": "2 \u2265 1"}], "summary": {"pass": 1}, "limits": {"x": 0.01}}
    told = {"host_verify_result": dict(result, changed=False), "lookup": lambda *_words, **_more: prints}
    told["__host_verify_parts"] = {
        name: rendered(expression, **told) for name, expression in names["__host_verify_parts"].items()
    }
    told["__host_verify_prints_text"] = rendered(names["__host_verify_prints_text"], **told)
    shown = rendered(names["__host_verify_document"], Environment if prints == "yaml" else NativeEnvironment, **told)
    assert (json.loads(shown) if prints == "yaml" else shown) == result
