"""package_hold against the real dpkg, with a database of its own."""

import functools
import json
import shutil
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

pytestmark = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is Debian's")

PACKAGE = """Package: {0}
Status: {1} ok {2}
Priority: optional
Section: net
Maintainer: Nobody <nobody@example.org>
Architecture: all
Version: 1.0
Description: nothing

"""
INSTALLED = {
    "librte-eal23": "install",
    "librte-net-vmxnet3-23": "install",
    "openssh-server": "install",
    "openvswitch-common": "hold",  # by the operator
    "openvswitch-switch": "install",
}
WANTED = {"packages": ["openvswitch-switch", "openvswitch-common", "librte-*"]}
HELD = ["librte-eal23", "librte-net-vmxnet3-23", "openvswitch-common", "openvswitch-switch"]


@pytest.fixture
def dpkg(tmp_path, monkeypatch):
    """dpkg() -> {package: selection} of a database with INSTALLED, which the module finds instead of the machine's."""
    for name in ("info", "updates", "parts"):
        (tmp_path / "dpkg" / name).mkdir(parents=True)
    text = "".join(PACKAGE.format(name, want, "installed") for name, want in INSTALLED.items())
    text += PACKAGE.format("librte-old22", "deinstall", "config-files")
    (tmp_path / "dpkg" / "status").write_text(text)
    (tmp_path / "dpkg" / "available").write_text("")
    monkeypatch.setenv("DPKG_ADMINDIR", str(tmp_path / "dpkg"))
    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))

    def selections():
        out = subprocess.check_output(["dpkg", "--get-selections"], universal_newlines=True)
        return dict(line.split() for line in out.splitlines() if not line.startswith("librte-old"))

    return selections


def held(dpkg):
    return sorted(name for name, want in dpkg().items() if want == "hold")


def test_patterns_that_nothing_fits_are_missing(dpkg, run_module):
    patterns = ["openvswitch-switch", "librte-net-vmxnet3-[0-9]*", "librte-net-virtio[0-9]*", "tuned"]
    result = run_module("package_hold", {"packages": patterns}, check=True)
    assert result["missing"] == ["librte-net-virtio[0-9]*", "tuned"]


@pytest.mark.parametrize("status", ["half-installed", "unpacked", "half-configured", "triggers-pending"])
def test_an_installation_that_was_interrupted_is_named(dpkg, run_module, tmp_path, status):
    """dpkg finishes it at the next occasion, and the scripts of the package run."""
    assert run_module("package_hold", WANTED, check=True)["unfinished"] == []
    with open(str(tmp_path / "dpkg" / "status"), "a") as handle:
        for name in ("nano", "openvswitch-switch-dpdk"):
            text = PACKAGE.format(name, "install", status)
            # A package that waits for its triggers names them.
            handle.write(text.replace("Version", "Triggers-Pending: x\nVersion") if "trigger" in status else text)
    for packages, unfinished in (WANTED["packages"], []), (["openvswitch-*"], ["openvswitch-switch-dpdk"]):
        assert run_module("package_hold", {"packages": packages}, check=True)["unfinished"] == unfinished


@pytest.fixture
def world(dpkg):
    return lambda: (dpkg(), _state.State().load())


def test_hold_and_release(dpkg, run_module, settles, world):
    result = settles(functools.partial(run_module, "package_hold", WANTED), world)
    assert [row["target"] for row in result["actions"]] == [name for name in HELD if INSTALLED[name] == "install"]
    assert result["actions"][0] == {"action": "hold", "target": "librte-eal23", "before": "install", "after": "hold"}
    assert held(dpkg) == result["held"] == HELD
    result = settles(functools.partial(run_module, "package_hold", {"packages": ["openvswitch-*", "openssh*"]}), world)
    assert held(dpkg) == result["held"] == ["openssh-server", "openvswitch-common", "openvswitch-switch"]
    settles(functools.partial(run_module, "package_hold", {"state": "absent"}), world)
    assert world() == (INSTALLED, {"version": 1}), "the operator's hold stays"


def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(run_module, survives, world):
    wanted, back = (functools.partial(run_module, "package_hold", given) for given in (WANTED, {"state": "absent"}))
    survives(wanted, back, world)


def test_killed_at_any_step_and_given_back_at_once_all_is_as_before(run_module, deaths, world):
    virgin = world()[0]
    for _death in deaths(lambda: run_module("package_hold", WANTED)):
        run_module("package_hold", {"state": "absent"})
        assert world()[0] == virgin and "holds" not in world()[1]


def test_what_is_not_asked_for_any_more_is_released(dpkg, run_module):
    run_module("package_hold", WANTED)
    result = run_module("package_hold", {"packages": ["openvswitch-*"]})
    assert [(row["action"], row["target"]) for row in result["actions"]] == [
        ("release", "librte-eal23"),
        ("release", "librte-net-vmxnet3-23"),
    ]
    assert held(dpkg) == ["openvswitch-common", "openvswitch-switch"]


def test_what_somebody_else_did_meanwhile_stays(dpkg, run_module):
    run_module("package_hold", WANTED)
    selected = b"librte-eal23 install\nopenvswitch-switch deinstall\n"
    subprocess.run(["dpkg", "--set-selections"], input=selected, check=True)
    result = run_module("package_hold", {"state": "absent"})
    assert [row["target"] for row in result["actions"]] == ["librte-net-vmxnet3-23"]
    assert dpkg()["openvswitch-switch"] == "deinstall"


def test_a_selection_that_is_no_install_comes_back(dpkg, run_module):
    """Also one that somebody has made between two runs."""
    for name in ("librte-eal23", "openvswitch-switch"):
        subprocess.run(["dpkg", "--set-selections"], input=name.encode() + b" deinstall\n", check=True)
        run_module("package_hold", WANTED)
        assert dpkg()[name] == "hold"
    result = run_module("package_hold", {"state": "absent"})
    assert [row["after"] for row in result["actions"]] == ["deinstall", "install", "deinstall"]
    assert dpkg() == dict(INSTALLED, **{"librte-eal23": "deinstall", "openvswitch-switch": "deinstall"})


def test_before_the_packages_are_there(dpkg, run_module):
    """A real run would have installed them first; patterns cannot be foreseen."""
    wanted = {"packages": ["openvswitch-switch-dpdk", "librte-bus-*"]}
    result = run_module("package_hold", wanted, check=True)
    assert result["actions"] == [
        {"action": "hold", "target": "openvswitch-switch-dpdk", "before": "install", "after": "hold"}
    ]
    assert not run_module("package_hold", wanted)["changed"]


@pytest.mark.parametrize("name", ["", "--force", "a b", "a\nb hold", "$(id)", "A", "../x"])
def test_hostile_names(dpkg, run_module, name):
    result = run_module("package_hold", {"packages": [name]})
    assert result["msg"] == (
        "not a name or pattern of packages (packages): found {0!r}, expected lower case letters, digits and any of "
        "+.-:*?[].".format(name)
    )
    assert dpkg() == INSTALLED


def test_no_dpkg(run_module, monkeypatch, tmp_path):
    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("package_hold", WANTED)
    assert result["msg"].startswith("there is no dpkg on this host: found ")
    assert result["msg"].endswith("Only Debian's packages are seen to.")


def test_the_record_comes_first(dpkg, run_module, monkeypatch, tmp_path):
    """A dpkg that fails: what was to be held is remembered, and the next run goes on."""
    program = tmp_path / "bin" / "dpkg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncat > /dev/null\necho no >&2\nexit 2\n")
    program.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(program.parent), prepend=":")
        result = run_module("package_hold", WANTED)
    assert result["msg"] == "dpkg did not take the selections: found no."
    state = json.loads((tmp_path / "state" / "state.json").read_text())
    assert sorted(state["holds"]) == ["librte-eal23", "librte-net-vmxnet3-23", "openvswitch-switch"]
    assert run_module("package_hold", WANTED)["changed"]
    run_module("package_hold", {"state": "absent"})
    assert dpkg() == INSTALLED
