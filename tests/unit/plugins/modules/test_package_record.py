"""package_record with the real apt-get and dpkg, on a package database and a repository in a private place."""

import functools
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

TOOLS = ("apt-get", "dpkg", "dpkg-deb", "dpkg-query")
pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, TOOLS)) or os.geteuid() != 0, reason="apt and dpkg are Debian's; dpkg asks for root"
)

ROLES = pathlib.Path(__file__).resolve().parents[4] / "roles"
CONFIG = """
Dir::State "{0}/apt"; Dir::State::status "{0}/dpkg/status"; Dir::Cache "{0}/cache";
Dir::Etc "{0}/etc"; Dir::Log "{0}/log"; APT::Architecture "all"; APT::Sandbox::User "root";
APT::Architectures {{ "all"; "amd64"; "arm64"; }};
DPkg::Options {{ "--root={0}"; "--admindir={0}/dpkg"; "--force-not-root"; "--log={0}/log/dpkg"; }};
"""
PLACES = (
    *("etc/apt.conf.d", "etc/preferences.d", "apt/lists/partial", "cache/archives/partial"),
    *("dpkg/updates", "dpkg/info", "log", "repo"),
)
CONTROL = "Package: {0}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
# The switch needs a library; an agent of the operator needs the switch.
PACKAGES = {"switch": "library", "library": "", "library-old": "", "agent": "switch", "openvswitch-switch": ""}


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Installs as an operator does: host("agent")."""
    for name in PLACES:
        (tmp_path / name).mkdir(parents=True)
    for name in ("status", "available"):
        (tmp_path / "dpkg" / name).write_text("")
    index = ""
    for name, needs in PACKAGES.items():
        control = tmp_path / name / "DEBIAN" / "control"
        control.parent.mkdir(parents=True)
        control.write_text(CONTROL.format(name) + ("Depends: {0}\n".format(needs) if needs else ""))
        package = tmp_path / "repo" / (name + ".deb")
        subprocess.check_call(["dpkg-deb", "--build", str(tmp_path / name), str(package)], stdout=subprocess.DEVNULL)
        digest = hashlib.sha256(package.read_bytes()).hexdigest()
        index += "{0}Filename: ./{1}.deb\nSize: {2}\nSHA256: {3}\n\n".format(
            control.read_text(), name, package.stat().st_size, digest
        )
    (tmp_path / "repo/Packages").write_text(index)
    (tmp_path / "etc/sources.list").write_text("deb [trusted=yes] file:{0}/repo ./\n".format(tmp_path))
    (tmp_path / "apt.conf").write_text(CONFIG.format(tmp_path))
    monkeypatch.setenv("APT_CONFIG", str(tmp_path / "apt.conf"))
    monkeypatch.setenv("DPKG_ADMINDIR", str(tmp_path / "dpkg"))
    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))

    def apt(*arguments):
        subprocess.check_output(["apt-get", "-y", "-q"] + list(arguments), stderr=subprocess.STDOUT)

    apt("update")
    return lambda *names: apt("install", *names)


def installed(tmp_path):
    text = (tmp_path / "dpkg/status").read_text()
    rows = [dict(line.split(": ", 1) for line in part.splitlines() if ": " in line) for part in text.split("\n\n")]
    return sorted(row["Package"] for row in rows if row.get("Status") == "install ok installed")


def test_what_an_installation_brings_goes_and_nothing_else(host, run_module, settles, tmp_path):
    host("library-old")
    dry = run_module("package_record", {"packages": ["swit*"]}, check=True)
    assert (dry["changed"], dry["recorded"]) == (False, ["library", "switch"])
    assert not (tmp_path / "state").exists()
    for _run in range(2):  # before, and once more when all is there
        real = run_module("package_record", {"packages": ["swit*", "library-old"]})
        assert (real["changed"], real["recorded"]) == (False, ["library", "switch"])
        host("switch")
    real = settles(
        functools.partial(run_module, "package_record", {"state": "absent"}),
        lambda: (installed(tmp_path), _state.State().load()),
    )
    assert [each["action"] + " " + each["target"] for each in real["actions"]] == ["remove library", "remove switch"]
    assert (installed(tmp_path), real["recorded"], real["left"]) == (["library-old"], [], [])


def test_the_switch_stays_while_a_bridge_is_there(host, run_module, tmp_path, monkeypatch):
    program = tmp_path / "bin/ovs-vsctl"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", "{0}:{1}".format(program.parent, os.environ["PATH"]))

    def has(*bridges):
        program.write_text("#!/bin/sh\nprintf '%s\\n' {0}\n".format(" ".join(bridges)))
        program.chmod(0o755)

    run_module("package_record", {"packages": ["openvswitch-switch", "library"]})
    host("openvswitch-switch", "library")
    has("ours", "theirs")
    for check, why in ((True, "bridge theirs"), (False, "bridge ours, bridge theirs")):
        result = run_module("package_record", {"state": "absent", "gone": ["ours"]}, check=check)
        assert (result["actions"], result["recorded"]) == ([], ["library", "openvswitch-switch"])
        assert {each["reason"] for each in result["left"]} == {"stays because of " + why}
    has("ours")
    assert run_module("package_record", {"state": "absent", "gone": ["ours"]}, check=True)["left"] == []
    program.write_text("#!/bin/sh\nexit 1\n")  # the database is away
    assert len(run_module("package_record", {"state": "absent"})["actions"]) == 2
    assert installed(tmp_path) == []


def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(host, run_module, survives, tmp_path):
    def forth():
        result = run_module("package_record", {"packages": ["switch"]})
        host("switch")
        return result

    def back():
        return run_module("package_record", {"state": "absent"})

    survives(forth, back, lambda: (installed(tmp_path), _state.State().load()))


@pytest.mark.parametrize("status", ["half-configured", "half-installed", "unpacked"])
def test_a_removal_that_was_cut_off_is_brought_to_an_end(host, run_module, tmp_path, status):
    run_module("package_record", {"packages": ["switch"]})
    host("switch")
    path = tmp_path / "dpkg/status"
    parts = path.read_text().split("\n\n")
    cut = [
        part.replace("install ok installed", "deinstall ok " + status) for part in parts if "Package: switch" in part
    ]
    path.write_text("\n\n".join(cut + [part for part in parts if "Package: switch" not in part]))
    dry = run_module("package_record", {"state": "absent"}, check=True)
    real = run_module("package_record", {"state": "absent"})
    assert [each["target"] for each in real["actions"]] == ["library", "switch"]
    assert (real["actions"], real["left"]) == (dry["actions"], [])
    assert "Status" not in path.read_text() and _state.State().load() == {"version": 1}


def test_role_teardown_mends_dpkg_before_it_removes_anything(host, run_module, tmp_path):
    """dpkg was killed and has left its journal: apt-get refuses whatever it is asked to remove."""
    yaml = pytest.importorskip("yaml")
    tasks = yaml.safe_load((ROLES / "teardown/tasks/packages.yml").read_text())
    finish, remove = [task for task in tasks if "nfv.ovs_dpdk.package_record" in task or "until" in task]
    assert "nfv.ovs_dpdk.package_record" in remove
    run_module("package_record", {"packages": ["switch"]})
    host("switch")
    (tmp_path / "dpkg/updates/0001").write_text((tmp_path / "dpkg/status").read_text().split("\n\n")[0] + "\n\n")
    assert "dpkg was interrupted" in run_module("package_record", {"state": "absent"})["msg"]
    dpkg, *options = finish["ansible.builtin.command"]["argv"]
    private = [
        "--root={0}".format(tmp_path),
        "--admindir={0}/dpkg".format(tmp_path),
        "--log={0}/log/dpkg".format(tmp_path),
    ]
    subprocess.check_call([dpkg] + private + options)
    assert run_module("package_record", {"state": "absent"})["changed"]
    assert installed(tmp_path) == []


def test_what_something_else_needs_stays_and_is_named(host, run_module, tmp_path):
    run_module("package_record", {"packages": ["switch"]})
    host("agent")
    for check in (True, False):
        result = run_module("package_record", {"state": "absent"}, check=check)
        assert (result["changed"], result["recorded"]) == (False, ["library", "switch"])
        assert result["left"] == [
            {"target": name, "reason": "stays because of agent"} for name in ("library", "switch")
        ]
    assert installed(tmp_path) == ["agent", "library", "switch"]


def test_an_installation_that_never_came_leaves_nothing_to_remove(host, run_module):
    run_module("package_record", {"packages": ["switch"]})
    result = run_module("package_record", {"state": "absent"})
    assert (result["changed"], result["recorded"]) == (False, [])


def test_what_an_installation_would_upgrade_is_named(host, run_module, tmp_path):
    host("library")
    index = tmp_path / "repo/Packages"
    index.write_text(index.read_text().replace("Version: 1", "Version: 2"))
    subprocess.check_output(["apt-get", "-q", "update"], stderr=subprocess.STDOUT)
    for packages, upgraded in (["library-old"], []), (["switch", "library"], ["library"]):
        assert run_module("package_record", {"packages": packages}, check=True)["upgraded"] == upgraded


@pytest.mark.parametrize(
    "packages, words",
    [
        (["no-such-package"], "apt-get could not install no-such-package: found E: Unable to locate package"),
        (["--reinstall"], "not a name or pattern of packages (packages): found '--reinstall'"),
        (["a; reboot"], "not a name or pattern of packages (packages): found 'a; reboot'"),
        (["A"], "not a name or pattern of packages"),
        (None, "state is present but all of the following are missing: packages"),
    ],
)
def test_refusals(host, run_module, packages, words):
    result = run_module("package_record", {"packages": packages} if packages else {})
    assert result["failed"] and result["msg"].startswith(words)
