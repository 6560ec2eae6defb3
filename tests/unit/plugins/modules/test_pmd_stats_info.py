"""pmd_stats_info without a switch; with one see tests/vswitch/test_pmd_stats.py."""

import pytest


@pytest.mark.parametrize("interval", [-0.5, 3601])
def test_an_interval_that_is_none_is_refused(run_module, tmp_path, interval):
    result = run_module("pmd_stats_info", {"interval": interval, "ovs_rundir": str(tmp_path)})
    assert result["failed"]
    assert "0 to 3600 seconds" in result["msg"]


def test_no_switch_is_one_sentence_that_names_the_place_and_the_option(run_module, tmp_path):
    result = run_module("pmd_stats_info", {"ovs_rundir": str(tmp_path)})
    assert result["failed"]
    assert str(tmp_path) in result["msg"]
    assert "ovs_rundir" in result["error"]["cure"]


def test_the_environment_names_the_run_directory_too(run_module, tmp_path, monkeypatch):
    monkeypatch.setenv("OVS_RUNDIR", str(tmp_path / "elsewhere"))
    assert "elsewhere" in run_module("pmd_stats_info", {})["msg"]
