"""tripleo_plan_info through its real main(), on trees as a kernel shows them."""

import os

import pytest
from machines import builder

yaml = pytest.importorskip("yaml")
pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.modules import host_plan_info, tripleo_plan_info

ENVIRONMENT = """
resource_registry:
  OS::TripleO::Services::ComputeNeutronOvsDpdk: neutron-ovs-dpdk-agent.yaml
parameter_defaults:
  NeutronVhostuserSocketDir: /var/run/openvswitch
  ComputeOvsDpdkParameters:
    NeutronDpdkCoreList: "'2,3,8,9'"
    NovaVcpuPinSet: [4-5, 10-11]
    HostCpusList: 0,1,6,7
    NeutronDpdkSocketMemory: '1024,0'
"""


def build(root):
    nics = [
        {"address": "0000:40:00.0", "node": 0, "name": "ens4", "group": 7},
        {"address": "0000:80:00.0", "node": 1, "name": "ens5", "group": 9},
    ]
    return builder.build(str(root), nics=nics, memory_mb=5930)


def arguments(place, **more):
    """The options for a machine below *place*, with *more* of them."""
    return dict({"root": build(place), "parameters": yaml.safe_load(ENVIRONMENT), "nics": "ens4;ens5"}, **more)


def test_an_environment_becomes_a_plan(tmp_path, run_module):
    result = run_module("tripleo_plan_info", arguments(tmp_path))
    assert not result["failed"] and result["changed"] is False
    assert result["request"] == {"pmd_cpus": "2-3,8-9", "vm_cpus": "4-5,10-11", "nics": "ens4;ens5"}
    assert [(row["status"], row["parameter"]) for row in result["findings"]] == [
        ("fail", "NeutronDpdkSocketMemory"),
        ("fail", "NeutronDpdkSocketMemory"),
        ("info", "NeutronVhostuserSocketDir"),
    ]
    assert result["parameters"]["HostCpusList"] == "0,1,6,7"
    assert result["parameters"]["NeutronVhostuserSocketDir"] == "/var/run/openvswitch"


def test_the_request_gives_host_plan_info_the_same_plan(tmp_path, run_module):
    result = run_module("tripleo_plan_info", arguments(tmp_path))
    options = dict(result["request"], root=str(tmp_path))
    assert run_module("host_plan_info", options)["plan"] == result["plan"]


def test_check_mode_is_the_same_and_nothing_is_written(tmp_path, run_module):
    given = arguments(tmp_path)
    before = sorted(os.path.join(top, name) for top, _directories, names in os.walk(str(tmp_path)) for name in names)
    assert run_module("tripleo_plan_info", given, check=True) == run_module("tripleo_plan_info", given)
    after = sorted(os.path.join(top, name) for top, _directories, names in os.walk(str(tmp_path)) for name in names)
    assert after == before


def test_what_the_planner_refuses_does_not_fail_the_module(tmp_path, run_module):
    result = run_module("tripleo_plan_info", arguments(tmp_path, nics="eth9"))
    assert not result["failed"] and result["plan"] is None and result["parameters"] is None
    assert result["findings"][0]["parameter"] == "plan"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameters": {"parameter_defaults": "x"}}, "not the parameters of an environment"),
        ({"root": "/nonexistent/place"}, "there is no machine to read"),
        ({"parameters": None}, "parameters"),
    ],
)
def test_refusals_are_messages(tmp_path, run_module, changes, message):
    result = run_module("tripleo_plan_info", arguments(tmp_path, **changes))
    assert result["failed"] and message in result["msg"]
    assert "Traceback" not in result["msg"]


def test_the_documentation_names_every_option_and_result(tmp_path, run_module):
    documented = yaml.safe_load(tripleo_plan_info.RETURN)
    result = run_module("tripleo_plan_info", arguments(tmp_path))
    assert set(documented) == set(result) - {"changed", "failed", "invocation"}
    assert set(documented["findings"]["contains"]) == set(result["findings"][0])
    assert set(yaml.safe_load(tripleo_plan_info.DOCUMENTATION)["options"]) == set(tripleo_plan_info.ARGUMENTS)
    assert set(result["request"]) <= set(host_plan_info.ARGUMENTS)
