"""For all tests: a module's real main() with JSON arguments, and a watch over the machine that runs them."""

import importlib
import io
import json
import os
import pathlib
import sys
import tempfile

import pytest

try:
    import hypothesis
except ImportError:  # on the oldest Python of a target
    pass
else:  # The same examples at every run, few enough that the whole stays quick.
    hypothesis.settings.register_profile(
        "all",
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("all")


# Hundreds of trees of small files cost a fraction in memory. Scripts must be able to run there, as in /tmp.
MEMORY = "/dev/shm"
if os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
    tempfile.tempdir = MEMORY


@pytest.fixture
def tmp_path():
    """As pytest's own, but gone with the test: nothing piles up in memory."""
    with tempfile.TemporaryDirectory() as place:
        yield pathlib.Path(place)


def traces():
    """What the collection would leave on a host: names and times of change in its state directory."""
    try:
        return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir("/var/lib/nfv_ovs_dpdk")}
    except OSError:
        return None


@pytest.fixture(autouse=True)
def this_machine_is_left_alone():
    before = traces()
    yield
    assert traces() == before


@pytest.fixture
def run_module(monkeypatch, capsys):
    """run_module("host_info", {"root": tree}, check=False, diff=False) -> the result as a dict."""
    pytest.importorskip("ansible.module_utils.basic")

    def run(name, arguments, check=False, diff=False):
        from ansible.module_utils import basic
        from ansible.module_utils.common import warnings

        parameters = dict(arguments, _ansible_check_mode=check, _ansible_diff=diff)
        payload = json.dumps({"ANSIBLE_MODULE_ARGS": parameters}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", payload)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # A host has a new process for each run, and nothing of the controller in it.
        monkeypatch.setattr(warnings, "_global_warnings", type(warnings._global_warnings)())
        if hasattr(warnings, "_internal"):
            monkeypatch.setattr(warnings._internal, "is_controller", False)
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        module = importlib.import_module("ansible_collections.nfv.ovs_dpdk.plugins.modules." + name)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            module.main()
        result = json.loads(capsys.readouterr().out)
        result["failed"] = result.get("failed", False)
        assert (ended.value.code not in (0, None)) == result["failed"]
        return result

    return run
