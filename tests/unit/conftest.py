"""Runs a module's real main() with JSON arguments, as a host would."""

import importlib
import io
import json
import sys

import pytest


@pytest.fixture
def run_module(monkeypatch, capsys):
    """run_module("host_info", {"root": tree}, check=False, diff=False) -> the result as a dict."""
    pytest.importorskip("ansible.module_utils.basic")

    def run(name, arguments, check=False, diff=False):
        from ansible.module_utils import basic

        parameters = dict(arguments, _ansible_check_mode=check, _ansible_diff=diff)
        payload = json.dumps({"ANSIBLE_MODULE_ARGS": parameters}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", payload)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
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
