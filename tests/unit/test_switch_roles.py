"""What role teardown decides in its variables, and how role openvswitch says why it failed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2.nativetypes")
pytest.importorskip("ansible.errors")

from ansible.plugins.filter.core import regex_replace  # noqa: E402
from ansible_collections.nfv.ovs_dpdk.plugins.filter import inputs, why_no_trial  # noqa: E402
from jinja2.nativetypes import NativeEnvironment  # noqa: E402

ROLES = Path(__file__).resolve().parents[2] / "roles"


def variable(role, name, **given):
    """One variable of a role as Ansible evaluates it; other variables of the role that it reads are evaluated too."""
    environment = NativeEnvironment()
    environment.filters["regex_replace"] = regex_replace
    for module in (inputs, why_no_trial):
        filters = module.FilterModule().filters()
        environment.filters.update({"nfv.ovs_dpdk." + name: function for name, function in filters.items()})
    every = yaml.safe_load((ROLES / role / "vars/main.yml").read_text())

    def value(wanted):
        if wanted in given or wanted not in every:
            return given.get(wanted, environment.undefined(name=wanted))
        others = {other: value(other) for other in every if other != wanted and other in every[wanted]}
        return environment.from_string(every[wanted].strip()).render(dict(given, **others))

    return value(name)


def give_back(service, interrupts=(), **more):
    config = {"restart_reasons": [], "restart_interrupts": [{"text": text} for text in interrupts], "running": True}
    actions = [{"action": verb, "target": "switch.service"} for verb in service]
    return dict(
        __teardown_config=config, __teardown_bridges={"actions": []}, __teardown_service={"actions": actions}, **more
    )


@pytest.mark.parametrize(
    "answers, refused",
    [
        (give_back([], ["p0"]), False),
        (give_back(["disable"], ["p0"]), False),
        (give_back(["disable", "stop"], ["p0"]), True),
        (give_back(["stop"]), False),
        (give_back(["stop"], ["p0"], openvswitch_restart_allowed=True), False),
        (give_back(["stop"], openvswitch_restart_allowed=False), True),
    ],
)
def test_a_switch_that_stops_asks_for_consent(answers, refused):
    assert variable("teardown", "__teardown_refused", **answers) is refused
    reasons = ["switch.service did not run before"] if "stop" in str(answers["__teardown_service"]) else []
    assert variable("teardown", "__teardown_reasons", **answers) == reasons


def test_the_cause_is_the_last_word_even_where_the_switch_does_not_start_again():
    tasks = yaml.safe_load((ROLES / "openvswitch/tasks/configure.yml").read_text())
    (rescue,) = [task["rescue"] for task in tasks if "rescue" in task]
    (last,) = rescue[-1]["always"]
    assert "ansible_failed_result.msg" in last["ansible.builtin.fail"]["msg"]


@pytest.mark.parametrize(
    "bridge, message",
    [
        ({"bridge": "br0", "prots": []}, "openvswitch_bridges: found prots in br0, expected bridge, state"),
        ({"bridge": "a b"}, "not a name for a bridge: found 'a b', expected up to 15 letters"),
    ],
)
def test_a_wrong_description_of_a_bridge_is_refused_before_the_first_change(tmp_path, bridge, message):
    (tmp_path / "ansible_collections/nfv").mkdir(parents=True)
    (tmp_path / "ansible_collections/nfv/ovs_dpdk").symlink_to(ROLES.parent)
    role = {"name": "nfv.ovs_dpdk.openvswitch", "tasks_from": "packages"}
    plan = {"os": {"family": "debian"}, "dpdk_drivers": [], "other_config": {}, "devices": []}
    variables = {
        "ansible_python_interpreter": sys.executable,
        "nfv_ovs_dpdk_plan": plan,
        "openvswitch_packages": False,
        "openvswitch_bridges": [bridge],
    }
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables,
            "tasks": [{"ansible.builtin.import_role": role}]}  # fmt: skip
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", "--check", "play.yml"],
        env=dict(os.environ, ANSIBLE_COLLECTIONS_PATH=str(tmp_path), ANSIBLE_NOCOLOR="1", PYTHONDONTWRITEBYTECODE="1"),
        cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False,
    )  # fmt: skip
    assert message in " ".join(done.stdout.split())
    assert "changed=0 " in done.stdout and "TASK [nfv.ovs_dpdk.openvswitch : Ask for consent" not in done.stdout
