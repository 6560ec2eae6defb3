"""What role host_guard makes of the variables of an operator."""

from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2.nativetypes")
pytest.importorskip("ansible.errors")

from test_switch_roles import variable

TASKS = Path(__file__).resolve().parents[2] / "roles/host_guard/tasks/look.yml"


@pytest.mark.parametrize(
    "given, reboots",
    [
        ({}, True),
        ({"host_reboot_allowed": True}, True),
        ({"host_reboot_allowed": ""}, True),
        ({"host_reboot_allowed": "no"}, False),
        ({"host_reboot_allowed": False}, False),
        ({"host_reboot_allowed": "yes", "host_reboot_before": "drain.yml"}, False),
        ({"host_reboot_allowed": True, "host_reboot_before": ""}, True),
        ({"host_reboot_before": None}, True),
    ],
)
def test_guests_are_in_the_way_of_a_reboot_that_comes_at_once(given, reboots):
    assert variable("host_guard", "__host_guard_reboots", **given) is reboots


@pytest.mark.parametrize(
    "given, trial",
    [
        ({"host_reboot_allowed": True}, "auto"),
        ({"host_reboot_allowed": True, "kernel_args_trial": "always"}, "always"),
        ({"host_reboot_allowed": True, "kernel_args_trial": "never"}, "never"),
        ({"kernel_args_trial": "always"}, "never"),
        ({"kernel_args_trial": "always", "ansible_check_mode": True}, "always"),
        ({"host_reboot_allowed": False, "ansible_check_mode": True}, "never"),
        ({"host_reboot_allowed": True, "nfv_ovs_dpdk_plan": {"isolation": {"mechanism": "tuned"}}}, "never"),
    ],
)
def test_a_trial_is_judged_where_the_play_will_try(given, trial):
    host = {"nfv_ovs_dpdk_plan": {"isolation": {"mechanism": "kernel"}}, "ansible_check_mode": False}
    assert variable("host_guard", "__host_guard_trial", **dict(host, **given)) == trial


def test_the_module_is_told():
    (task,) = [task for task in yaml.safe_load(TASKS.read_text()) if "register" in task]
    assert task["nfv.ovs_dpdk.host_guard_info"]["reboots"] == "{{ __host_guard_reboots }}"
