"""What a role documents is what it has: argument_specs, defaults and variables agree."""

import os
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def read(role, name):
    path = ROOT / "roles" / role / name
    return yaml.safe_load(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_documented(role):
    specs = read(role, "meta/argument_specs.yml")["argument_specs"]
    documented = {}
    for entry in specs.values():
        for name, option in entry["options"].items():
            if "default" in option:
                assert documented.setdefault(name, option["default"]) == option["default"]
    assert documented == (read(role, "defaults/main.yml") or {})


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_name_of_their_role(role):
    specs = read(role, "meta/argument_specs.yml")["argument_specs"]
    assert "main" in specs
    for entry in specs.values():
        assert all(name.startswith(role + "_") for name in entry["options"])


@pytest.mark.parametrize("role", ROLES)
def test_each_role_has_a_readme_that_names_its_variables(role):
    text = (ROOT / "roles" / role / "README.md").read_text()
    for entry in read(role, "meta/argument_specs.yml")["argument_specs"].values():
        assert all(name in text for name in entry["options"])


def test_host_plan_has_every_option_of_the_planner():
    module = (ROOT / "plugins/modules/host_plan_info.py").read_text()
    options = yaml.safe_load(module.split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"]
    variables = read("host_plan", "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert {"host_plan_" + name for name in options} == set(variables) - {"host_plan_show", "host_plan_format"}


@pytest.mark.parametrize(
    ("variables", "root"),
    [
        ({}, "/"),
        ({"host_plan_root": "/"}, "/"),
        ({"host_plan_root": ""}, "/"),
        ({"host_plan_root": "captures/a"}, "/here/captures/a"),
        ({"host_plan_root": "/there"}, "/there"),
    ],
)
def test_a_root_is_the_machine_unless_it_is_named(variables, root):
    """A survey cannot leave a variable out: blank is not the directory in which Ansible was started."""
    environment = pytest.importorskip("jinja2").Environment()
    environment.globals["lookup"] = lambda plugin, name: "/here"
    environment.filters.update(expanduser=str, path_join=lambda parts: os.path.join(*parts))
    play = yaml.safe_load((ROOT / "playbooks/tripleo.yml").read_text())[0]
    module = "nfv.ovs_dpdk.tripleo_plan_info"
    asked = next(task[module] for task in play["tasks"] if module in task)
    of_role = read("host_plan", "vars/main.yml")["__host_plan_root"]
    for expression in (of_role, asked["root"].replace("__tripleo_here", "'/here'")):
        assert environment.from_string(expression).render(variables) == root
    for name in ("plan", "tripleo"):
        become = yaml.safe_load((ROOT / "playbooks" / (name + ".yml")).read_text())[0]["become"]
        assert environment.from_string(become).render(variables) == str(root == "/")


def test_a_role_that_is_skipped_the_second_time_forgets_nothing():
    """Tasks of an import are skipped one by one, and register that over what the first time has brought."""

    def imported(items):
        for task in items:
            yield from imported(task.get("block", []) + task.get("always", []))
            role = task.get("ansible.builtin.import_role")
            if role:
                yield role["name"], role.get("tasks_from", "main")

    for playbook in ("site", "teardown"):
        found = list(imported(yaml.safe_load((ROOT / "playbooks" / (playbook + ".yml")).read_text())[0]["tasks"]))
        assert len(found) == len(set(found))
