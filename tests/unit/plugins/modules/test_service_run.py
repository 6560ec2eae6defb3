"""service_run against a systemctl that keeps what it was told in files, as systemd does."""

import functools
import json
import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

UNIT = "openvswitch-switch.service"
SYSTEMCTL = """#!/bin/sh
verb=$1
shift
for unit do :; done
cd {0}/units
case $verb in
  show)
    test -f "$unit" && load=$(cat "$unit") || load=not-found
    test -f "$unit.enabled" && file=enabled || file=disabled
    test -f "$unit.running" && active=active || active=inactive
    printf 'LoadState=%s\\nActiveState=%s\\nUnitFileState=%s\\n' "$load" "$active" "$file";;
  enable) touch "$unit.enabled";;
  disable) rm "$unit.enabled";;
  start) if test -f "$unit.broken"; then echo "it is broken" >&2; exit 1; else touch "$unit.running"; fi;;
  stop) rm "$unit.running";;
esac
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """host("enabled", "running") makes the unit so; host() tells how it is."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "units").mkdir()
    (tmp_path / "bin/systemctl").write_text(SYSTEMCTL.format(tmp_path))
    (tmp_path / "bin/systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", "{0}:{1}".format(tmp_path / "bin", os.environ["PATH"]))
    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))

    def unit(*standing, load="loaded"):
        if standing:
            (tmp_path / "units" / UNIT).write_text(load)
        for word in standing:
            (tmp_path / "units" / "{0}.{1}".format(UNIT, word)).touch()
        names = [name[len(UNIT) + 1 :] for name in os.listdir(str(tmp_path / "units")) if name != UNIT]
        return sorted(names)

    unit.state = tmp_path / "state" / "state.json"
    return unit


def there(host, *standing, load="loaded"):
    host("new", load=load)
    os.unlink(str(host.state.parent.parent / "units" / (UNIT + ".new")))
    if standing:
        host(*standing, load=load)


def verbs(result):
    return [each["action"] for each in result["actions"]]


@pytest.fixture
def goals(host, run_module):
    """(present, absent, what there is)"""
    runs = (functools.partial(run_module, "service_run", given) for given in ({"name": UNIT}, {"state": "absent"}))
    return (*runs, lambda: (host(), _state.State().load()))


BEFORE = pytest.mark.parametrize("before", [(), ("enabled",), ("running",), ("enabled", "running")])


@BEFORE
def test_a_unit_runs_and_is_then_as_before(host, goals, settles, before):
    present, absent, world = goals
    there(host, *before)
    assert len(settles(present, world)["actions"]) == 2 - len(before)
    assert host() == ["enabled", "running"]
    settles(absent, world)
    assert world() == (sorted(before), {"version": 1})


@BEFORE
def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(host, goals, survives, before):
    there(host, *before)
    survives(*goals)


@BEFORE
def test_killed_at_any_step_and_given_back_at_once_all_is_as_before(host, goals, deaths, before):
    present, absent, world = goals
    there(host, *before)
    for _death in deaths(present):
        assert not absent()["failed"]
        assert world()[0] == sorted(before) and "services" not in world()[1]


def test_what_the_first_run_found_counts(host, run_module):
    """A switch that died meanwhile, or that an interrupted restart has left stopped, was not stopped before us."""
    there(host, "enabled", "running")
    run_module("service_run", {"name": UNIT})
    os.unlink(str(host.state.parent.parent / "units" / (UNIT + ".running")))
    assert verbs(run_module("service_run", {"name": UNIT})) == ["start"]
    assert verbs(run_module("service_run", {"state": "absent"})) == []
    assert host() == ["enabled", "running"]


def test_a_unit_that_somebody_has_stopped_since_is_not_started(host, run_module):
    there(host, "running")
    run_module("service_run", {"name": UNIT})
    os.unlink(str(host.state.parent.parent / "units" / (UNIT + ".running")))
    assert verbs(run_module("service_run", {"state": "absent"})) == ["disable"]
    assert host() == []


def test_the_record_comes_before_the_change(host, run_module):
    there(host, "broken")
    failed = run_module("service_run", {"name": UNIT})
    assert "systemctl could not start {0}: found it is broken".format(UNIT) in failed["msg"]
    assert json.loads(host.state.read_text())["services"] == {UNIT: {"enabled": False, "running": False}}


def test_a_unit_that_is_gone_is_forgotten(host, run_module):
    there(host)
    run_module("service_run", {"name": UNIT})
    for name in [UNIT, UNIT + ".enabled", UNIT + ".running"]:
        os.unlink(str(host.state.parent.parent / "units" / name))
    assert verbs(run_module("service_run", {"state": "absent"})) == []
    assert "services" not in json.loads(host.state.read_text())


def test_no_such_unit(host, run_module):
    assert verbs(run_module("service_run", {"name": UNIT}, check=True)) == ["enable", "start"]
    assert "there is no such unit ({0})".format(UNIT) in run_module("service_run", {"name": UNIT})["msg"]


def test_a_masked_unit_is_the_operators_word(host, run_module):
    there(host, load="masked")
    for check in (True, False):
        assert "systemctl unmask " + UNIT in run_module("service_run", {"name": UNIT}, check=check)["msg"]


@pytest.mark.parametrize("name", ["--now", "../x.service", "a b.service", "x", "a.service\n"])
def test_a_name_that_is_none(host, run_module, name):
    assert "not the name of a service" in run_module("service_run", {"name": name})["msg"]
