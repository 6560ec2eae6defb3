import functools
import json
import os

import pytest

pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _owned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.modules import owned_files

LOAD = "/etc/modules-load.d/nfv-ovs-dpdk.conf"
UNIT = "/etc/systemd/system/ovs-vswitchd.service.d/90-nfv-ovs-dpdk.conf"
BANS = "/etc/systemd/system/irqbalance.service.d/90-nfv-ovs-dpdk.conf"
SETTINGS = "/etc/sysctl.d/90-nfv-ovs-dpdk.conf"

# What a daemon that runs and the kernel have read, as files beside the host's.
SYSTEMCTL = """#!/bin/sh
test ! -e {0}/broken || {{ echo no bus >&2; exit 1; }}
echo "$@" >> {0}/calls
case $1 in (try-restart)
  test ! -e {0}/absent || {{ echo "Unit $2 not found." >&2; exit 5; }}
  cat {0}{1} > {0}/read.bans 2> /dev/null || : ;;
esac
"""
SYSCTL = """#!/bin/sh
echo sysctl "$@" >> {0}/calls
cat "$3" > {0}/read.settings
"""


@pytest.fixture
def run(tmp_path, run_module, monkeypatch):
    """The module on an empty host, where programs write down what they are asked."""
    (tmp_path / "bin").mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("sysctl", SYSCTL)):
        tool = tmp_path / "bin" / name
        tool.write_text(text.format(tmp_path, BANS))
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", "{0}:{1}".format(tool.parent, os.environ["PATH"]))
    monkeypatch.setattr(owned_files, "ROOT", str(tmp_path))

    def call(*files, **more):
        check, diff = more.pop("check", False), more.pop("diff", False)
        return run_module("owned_files", dict(more, files=list(files)), check=check, diff=diff)

    return call


def file(path=LOAD, content="vfio-pci\n", **more):
    return dict(more, path=path, content=content)


def files(tmp_path):
    found = {}
    for directory, _names, names in os.walk(str(tmp_path / "etc")):
        found.update(("/" + os.path.relpath(os.path.join(directory, name), str(tmp_path)), name) for name in names)
    return {path: (tmp_path / path[1:]).read_text() for path in found}


def calls(tmp_path):
    path = tmp_path / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def world(tmp_path):
    return lambda: (files(tmp_path), State(str(tmp_path)).load())


def test_create_modify_and_give_back(run, settles, world, tmp_path):
    for content in ("vfio-pci\n", "vfio-pci\nvfio_iommu_type1\n"):
        real = settles(functools.partial(run, file(content=content), file(UNIT, "[Service]\n")), world)
        assert files(tmp_path) == {LOAD: content, UNIT: "[Service]\n"}
    assert real["changed_files"] == [LOAD]
    assert real["diff"] == [
        {"before_header": LOAD, "after_header": LOAD, "before": "vfio-pci\n", "after": "vfio-pci\nvfio_iommu_type1\n"}
    ]
    settles(functools.partial(run, {"path": LOAD}, {"path": UNIT}, state="absent"), world)
    assert not (tmp_path / "etc").exists()  # nobody else has moved in
    assert world() == ({}, {"version": 1})


def test_systemd_reads_its_units_again_once_and_only_for_units(run, tmp_path):
    assert run(file())["actions"][-1]["action"] == "write"
    result = run(file(UNIT, "a\n"), file(UNIT.replace("90", "91"), "b\n"))
    assert [item["action"] for item in result["actions"]] == ["write", "write", "reload"]
    run(file(UNIT, "c\n"), daemon_reload="never")
    assert calls(tmp_path) == ["daemon-reload"]


def test_a_reload_that_failed_is_made_up_for_by_the_next_run(run, tmp_path):
    (tmp_path / "broken").write_text("")
    assert "could not daemon-reload: found no bus" in run(file(UNIT, "a\n"))["msg"]
    (tmp_path / "broken").unlink()
    assert [item["action"] for item in run(file(UNIT, "a\n"))["actions"]] == ["reload"]
    assert not run(file(UNIT, "a\n"))["changed"]


READ = [file(BANS, "[Service]\nEnvironment=A=1\n"), file(SETTINGS, "kernel.numa_balancing = 0\n")]
RESTART = {"restart": ["irqbalance.service"]}


def test_whoever_reads_a_file_is_told(run, settles, world, tmp_path):
    result = settles(functools.partial(run, *READ, **RESTART), world)
    assert [(item["action"], item["target"]) for item in result["actions"]][2:] == [
        ("reload", "systemd"),
        ("load", SETTINGS),
        ("restart", "irqbalance.service"),
    ]
    assert calls(tmp_path) == [
        "daemon-reload",
        "sysctl --ignore --load {0}{1}".format(tmp_path, SETTINGS),
        "try-restart irqbalance.service",
    ]
    result = settles(functools.partial(run, *READ, state="absent", **RESTART), world)
    assert [item["action"] for item in result["actions"]] == ["remove", "remove", "reload", "restart"]
    assert (tmp_path / "read.bans").read_text() == ""


def test_nobody_is_restarted_who_is_not_named_or_whose_files_are_as_they_were(run, tmp_path):
    run(file(BANS, "a\n"), file(UNIT, "a\n"), file(SETTINGS, "a = 1\n"))
    run(file(BANS, "a\n"), file(UNIT, "b\n"), file(SETTINGS, "a = 1\n"), **RESTART)
    (tmp_path / BANS[1:]).write_text("mine\n")
    assert [item["action"] for item in run({"path": BANS}, state="absent", **RESTART)["actions"]][0] == "forget"
    assert not [call for call in calls(tmp_path) if "restart" in call]


def test_a_service_that_is_not_there_needs_no_restart(run, tmp_path):
    (tmp_path / "absent").write_text("")
    assert not run(*READ, **RESTART)["failed"]
    assert not run(*READ, **RESTART)["changed"]


@pytest.mark.parametrize("undone", [False, True])
def test_whoever_was_not_told_by_a_run_that_was_cut_off_is_told_by_the_next(run, deaths, world, tmp_path, undone):
    for _death in deaths(lambda: run(*READ, **RESTART)):
        if not undone:
            dry = run(*READ, check=True, **RESTART)
            assert run(*READ, **RESTART)["actions"] == dry["actions"]
            assert not run(*READ, **RESTART)["changed"]
            for item, name in zip(READ, ("bans", "settings")):
                assert (tmp_path / ("read." + name)).read_text() == item["content"]
        run(*READ, state="absent", **RESTART)
        assert not (tmp_path / "read.bans").exists() or (tmp_path / "read.bans").read_text() == ""
        assert world() in [({}, {}), ({}, {"version": 1})]


@pytest.mark.parametrize(
    "name", ["", "irqbalance", "--now.service", "x.timer", "../x.service", "a b.service", "a\n.service"]
)
def test_a_service_that_is_none_is_refused(run, name):
    assert "not the name of a service (restart): found {0!r}".format(name) in run(*READ, restart=[name])["msg"]


def test_takeover_keeps_the_text_for_later(run, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/theirs").write_text("theirs\n")
    ours = file("/etc/theirs", "ours\n")
    assert "exists and is not ours (/etc/theirs)" in run(ours)["msg"]
    assert run(ours, takeover=["/etc/theirs"])["actions"][0]["before"] == "theirs\n"
    run(ours, state="absent")
    assert files(tmp_path) == {"/etc/theirs": "theirs\n"}


def test_what_somebody_changed_since_stays_and_is_named(run, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/theirs").write_text("theirs\n")
    run(file(), file(UNIT, "[Service]\n"), file("/etc/theirs", "ours\n"), takeover=["/etc/theirs"])
    (tmp_path / LOAD[1:]).write_text("vfio-pci\nmine\n")
    (tmp_path / "etc/theirs").unlink()
    there = files(tmp_path)
    gone = {"path": LOAD}, {"path": "/etc/theirs"}
    for check in (True, False):
        result = run(*gone, state="absent", check=check)
        assert [(each["action"], each["target"]) for each in result["actions"]] == [
            ("forget", LOAD),
            ("forget", "/etc/theirs"),
        ]
        assert [each["target"] for each in result["left"]] == [LOAD, "/etc/theirs"]
        assert (result["changed_files"], files(tmp_path)) == ([], there)
        assert LOAD + " was changed by somebody else after us; it is left alone." in str(result["warnings"])
    recorded = json.loads((tmp_path / "var/lib/nfv_ovs_dpdk/state.json").read_text())["files"]
    assert list(recorded) == [UNIT]


def test_what_somebody_made_of_a_file_between_two_runs_comes_back(run, tmp_path):
    """A name that says that it is ours is nobody else's."""
    ours = [file(), file("/etc/shared", "ours\n")]
    run(*ours)
    for path in (LOAD, "/etc/shared"):
        (tmp_path / path[1:]).write_text("mine\n")
    run(*ours)
    assert files(tmp_path) == {LOAD: "vfio-pci\n", "/etc/shared": "ours\n"}
    assert run(*ours, state="absent")["left"] == []
    assert files(tmp_path) == {"/etc/shared": "mine\n"}


def test_without_files_all_that_this_module_keeps_go_back(run, run_module, tmp_path):
    run(file(), file(UNIT, "[Service]\n"))
    state = State(str(tmp_path))
    other = _owned.decide(state, str(tmp_path), "/etc/default/grub.d/90-nfv-ovs-dpdk.cfg", "x\n")  # of another module
    _owned.carry_out(state, str(tmp_path), other)
    for check in (True, False):
        result = run_module("owned_files", {"state": "absent"}, check=check)
        assert [each["target"] for each in result["actions"]] == [LOAD, UNIT, "systemd"]
    assert list(files(tmp_path)) == [other.path]
    assert run_module("owned_files", {"state": "absent"})["actions"] == []
    assert "missing: files" in run_module("owned_files", {})["msg"]


def test_a_text_of_before_or_of_an_interrupted_run_is_no_change_of_somebody_else(run, tmp_path):
    for content in ("a\n", "b\n"):
        run(file(content=content))
    for text in ("a\n", "b\n", None):
        (tmp_path / LOAD[1:]).parent.mkdir(exist_ok=True)
        (tmp_path / LOAD[1:]).write_text(text) if text else (tmp_path / LOAD[1:]).unlink()
        result = run({"path": LOAD}, state="absent", check=True)
        assert result["left"] == []
        assert [each["action"] for each in result["actions"]] == (["remove"] if text else [])


BAD = [
    ([file("/etc/../root/x")], "not a place for an own file"),
    ([file("/root/x")], "not a place for an own file"),
    ([file("~/x")], "not a place for an own file"),
    ([file("$HOME/x")], "not a place for an own file"),
    ([file("/etc/a\nb")], "not a place for an own file"),
    ([file(), file()], "a file is named twice: found " + LOAD),
    ([{"path": LOAD}], "a file without content"),
    ([file(mode="0666")], "not permissions of an own file"),
    ([file(mode="u=rw")], "not permissions of an own file"),
    ([file(mode="$(id)")], "not permissions of an own file"),
    ([file(), file("/root/x")], "not a place for an own file"),
]


@pytest.mark.parametrize(("items", "message"), BAD)
def test_bad_input_is_refused_before_the_first_change(run, tmp_path, items, message):
    result = run(*items)
    assert result["failed"] and message in result["msg"]
    assert files(tmp_path) == {}


def test_killed_at_any_step_and_given_back_at_once_all_is_as_before(run, deaths, world, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/theirs").write_text("theirs\n")
    wanted = file(content="a\n"), file(UNIT, "[Service]\n"), file("/etc/theirs", "ours\n")
    virgin = files(tmp_path)
    for _death in deaths(lambda: run(*wanted, takeover=["/etc/theirs"])):
        assert run(*wanted, state="absent")["left"] == []
        assert world()[0] == virgin and "files" not in world()[1]


def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(run, survives, world):
    wanted = file(content="a\n"), file(UNIT, "[Service]\n"), file("/usr/local/libexec/x", "#!/bin/sh\n", mode="0755")
    survives(lambda: run(*wanted), lambda: run(*wanted, state="absent"), world)
