"""What a role documents is what it has: argument_specs, defaults and variables agree."""

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
