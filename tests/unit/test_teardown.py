"""Whatever a module can take back, role teardown takes back, in an order that no interruption can hurt."""

import re
from pathlib import Path

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _grub, _trial

yaml = pytest.importorskip("yaml")
from test_switch_roles import variable

ROOT = Path(__file__).resolve().parents[2]
TASKS = ROOT / "roles/teardown/tasks"
PREFIX = "nfv.ovs_dpdk."
ORDER = [
    *("pmd_rxq_pin", "vswitch_bridge", "vswitch_config", "package_hold", "alternative", "vswitch_restart"),
    *("service_run", "pci_driver", "hugepages", "tuned_profile", "kernel_cmdline", "owned_files"),
]


def undoing():
    """{module: the word of its option state that takes everything back}"""
    found = {}
    for path in (ROOT / "plugins/modules").glob("*.py"):
        options = yaml.safe_load(path.read_text().split('DOCUMENTATION = r"""')[1].split('"""')[0])["options"] or {}
        words = [word for word in ("restored", "absent") if word in options.get("state", {}).get("choices", [])]
        found.update({path.stem: words[0]} if words else {})
    return found


def tasks(name="main.yml"):
    """All tasks that role teardown may run, in their order."""
    for task in yaml.safe_load((TASKS / name).read_text()):
        imported = task.get("ansible.builtin.import_tasks")
        if imported:
            yield from tasks(imported)
        else:
            yield from task.get("block", [task])


def calls(name="main.yml"):
    """(module, state, whether it can change anything) of each task of ours."""
    for task in tasks(name):
        for key, arguments in task.items():
            if key.startswith(PREFIX) and key[len(PREFIX) :] != "host_info":
                yield key[len(PREFIX) :], (arguments or {}).get("state"), not task.get("check_mode")


def test_every_module_that_can_undo_is_asked_to():
    wanted = undoing()
    wanted.pop("host_lease")  # the playbook gives the lease back
    assert {(module, state) for module, state, real in calls() if real and state} == set(wanted.items())


def test_whatever_uses_a_thing_goes_before_the_thing():
    order = [module for module, _state, real in calls() if real]
    assert list(dict.fromkeys(order))[: len(ORDER)] == ORDER


def test_no_tag_takes_the_way_back_from_a_line_on_trial_that_may_still_boot():
    """A task file is run whole or not at all."""
    files = [
        [module for module, _state, _real in calls(path.name)] for path in TASKS.glob("*.yml") if path.stem != "main"
    ]
    assert [found for found in files if "owned_files" in found] == [["tuned_profile", "kernel_cmdline", "owned_files"]]


def test_the_guards_are_not_asked_about_a_trial():
    """The line of before is put back without one, whatever the operator has said about consent and trials."""
    plan = yaml.safe_load((ROOT / "roles/teardown/vars/main.yml").read_text())["__teardown_plan"]
    asked = next(task for task in tasks("guard.yml") if "host_guard" in str(task.get("ansible.builtin.include_role")))
    given = dict({"host_reboot_allowed": "yes", "kernel_args_trial": "always"}, **asked["vars"])
    given["nfv_ovs_dpdk_plan"] = plan
    assert variable("host_guard", "__host_guard_trial", **given) == "never"


def test_its_reboot_is_asked_for_in_its_own_words():
    own = yaml.safe_load((ROOT / "roles/teardown/vars/main.yml").read_text())
    asked = [task for task in tasks() if "host_reboot" in str(task.get("ansible.builtin.include_role"))]
    assert len(asked) == 2
    for task in asked:
        words = {name: str(value).strip("{} ") for name, value in task["vars"].items() if value}
        given = {name: own.get(word, word) for name, word in words.items()}
        assert variable("host_reboot", "__host_reboot_shortest", **given) == 180
        manner = variable("host_reboot", "__host_reboot_manner", **given)
        assert manner == "New kernel arguments boot without a trial: the line of before is put back."


def test_what_is_ours_goes_whoever_writes_the_kernel_line_by_now():
    """kernel_args_backend=operator may stand in the inventory."""
    asked = [task for task in tasks() if "include_role" in str(task)]
    looked = [task["vars"] for task in asked if task["ansible.builtin.include_role"].get("tasks_from") != "consent"]
    assert [given["kernel_args_backend"] for given in looked] == ["auto", "auto"]


def test_pins_that_could_not_be_taken_back_are_told():
    marked = {"before": {"external_ids": {"nfv-ovs-dpdk-pins": "{}"}}}
    for pins, config, count in (({"skipped": True}, marked, 1), ({"left": []}, marked, 0), ({"skipped": True}, {}, 0)):
        given = {"teardown_pins": pins, "__teardown_config": dict({"before": {"external_ids": {}}}, **config)}
        left = variable("teardown", "__teardown_pins_left", **given)
        assert [row["target"] for row in left] == ["pins of rx queues"] * count
    assert "__teardown_pins_left" in (ROOT / "roles/teardown/vars/main.yml").read_text().split("__teardown_results:")[1]


@pytest.mark.parametrize(
    ("first", "rebooted", "told"),
    [
        ({"left": ["a"]}, {"left": ["b"]}, ["b"]),
        ({"left": ["a"]}, {"left": []}, []),
        ({"left": ["a"]}, {"skipped": True}, ["a"]),  # a task that was skipped has registered that
        ({"left": ["a"]}, None, ["a"]),
        ({"skipped": True}, {"skipped": True}, None),
        (None, None, None),
    ],
)
def test_hugepages_that_stay_are_told_whether_a_reboot_follows_or_not(first, rebooted, told):
    given = {"teardown_hugepages": first, "teardown_hugepages_rebooted": rebooted}
    given = {name: result for name, result in given.items() if result is not None}
    assert variable("teardown", "__teardown_hugepages", **given).get("left") == told
    _before, results = (ROOT / "roles/teardown/vars/main.yml").read_text().split("__teardown_results:")
    assert "{{ __teardown_hugepages }}" in results


@pytest.mark.parametrize(
    ("state", "asked"),
    [
        ({}, False),
        ({"files": {"/etc/modules-load.d/nfv-ovs-dpdk.conf": {}}}, False),
        ({"kernel_cmdline": {"tokens": []}}, True),
        ({"files": {_grub.DROPIN: {}}}, True),  # two runs were cut off: the file stands, and nothing else says so
        ({"files": {_trial.SCRIPT: {}}}, True),
    ],
)
def test_the_kernel_line_is_given_back_while_anything_of_it_is_recorded(state, asked):
    assert variable("teardown", "__teardown_kernel_line", __teardown_state=state) is asked
    conditions = [task["when"] for task in tasks() if PREFIX + "kernel_cmdline" in task]
    assert conditions == ["__teardown_kernel_line"] * 2


def test_whatever_is_left_is_told():
    told, text = set(), (ROOT / "roles/teardown/vars/main.yml").read_text()
    for task in tasks():
        told.update(key for key in task if '"{{ ' + task.get("register", "-") in text)
    for module, _state, real in calls():
        returned = (ROOT / "plugins/modules" / (module + ".py")).read_text().split('RETURN = r"""')[1].split('"""')[0]
        if real and "left" in yaml.safe_load(returned):
            assert PREFIX + module in told


def test_whoever_restarts_the_switch_says_which_unit_it_is():
    text = "".join(path.read_text() for path in (ROOT / "roles").glob("*/tasks/*.yml"))
    first = re.findall(r"\.vswitch_restart:\n +(.*)\n", text)
    assert len(first) == 4 and all(line.startswith('service: "{{ openvswitch_service') for line in first)


def test_a_reboot_for_tuned_has_its_reasons():
    """Role host_reboot looks for them under this name, whoever asked TuneD."""
    wanted = "cpu_isolation_tuned.reasons"
    assert wanted in (ROOT / "roles/host_reboot/tasks/main.yml").read_text()
    asked = [task.get("register") for task in tasks() if PREFIX + "tuned_profile" in task]
    assert asked[0] == wanted.split(".", maxsplit=1)[0]


def test_nobody_counts_on_a_handler():
    """A play that is cut off has forgotten them, and the next one finds every file as it shall be."""
    assert not list((ROOT / "roles").glob("*/handlers"))
    assert not [path for path in (ROOT / "roles").glob("*/tasks/*.yml") if "notify:" in path.read_text()]
    for role, count in (("cpu_isolation", 2), ("teardown", 1)):
        texts = [path.read_text() for path in (ROOT / "roles" / role / "tasks").glob("*.yml")]
        assert sum(text.count("restart: [irqbalance.service]") for text in texts) == count


def test_nothing_but_consent_is_asked_of_variables():
    text = "".join(path.read_text() for path in list(TASKS.glob("*.yml")) + [ROOT / "roles/teardown/vars/main.yml"])
    for name in ("host_plan_", "openvswitch_bridges", "openvswitch_external_ids", "kernel_args_takeover |"):
        assert name not in text
