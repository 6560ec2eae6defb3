"""vswitch_config against a real database and a real ovs-vswitchd on pretended machines."""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset

MARK = "nfv-ovs-dpdk-keys"


def other_config(switch):
    return switch.column("Open_vSwitch", ".", "other_config")


def external_ids(switch):
    return switch.column("Open_vSwitch", ".", "external_ids")


def add_queue(switch, calm=True):
    """PMD threads exist only while there is a port for them."""
    if calm:
        switch.calm()
    switch.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=dummy")
    switch.vsctl("add-port", "br0", "p0", "--", "set", "Interface", "p0", "type=dummy-pmd")


def pmd_cores(switch):
    """PMD threads twice: as the switch tells and as the kernel names them; both must say the same."""
    told = {int(core) for core in re.findall(r"core_id (\d+):", switch.appctl("dpif-netdev/pmd-rxq-show"))}
    named = {int(match.group(1)) for match in map(re.compile(r"pmd-c(\d+)/id").match, switch.threads()) if match}
    assert told == named
    return told


# --- one thing after the other: create, modify, delete, each dry, real, dry again, real again ---------------------

STEPS = [
    ("nothing", {"other_config": {}}, {}),
    (
        "create",
        {"other_config": {"pmd-cpu-mask": "0x2", "smc-enable": True}, "external_ids": {"site": "a b"}},
        {"pmd-cpu-mask": "0x2", "smc-enable": "true"},
    ),
    (
        "modify",
        {"other_config": {"pmd-cpu-mask": "0x22", "emc-insert-inv-prob": 0}, "external_ids": {"site": "a b"}},
        {"pmd-cpu-mask": "0x22", "emc-insert-inv-prob": "0"},
    ),
    ("one map only", {"external_ids": {"site": "b"}}, {"pmd-cpu-mask": "0x22", "emc-insert-inv-prob": "0"}),
    ("delete", {"state": "absent"}, {}),
]


def test_twelve_steps(switch, converge):
    real = switch()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=9000", "external_ids:hostname=node")
    for name, arguments, expected in STEPS:
        result = converge(real, "vswitch_config", arguments)
        assert other_config(real) == dict(expected, **{"max-idle": "9000"}), name
        assert result["after"] == {"other_config": other_config(real), "external_ids": external_ids(real)}, name
    assert external_ids(real) == {"hostname": "node"}


def test_all_differences_are_one_transaction(switch, on):
    real = switch()
    with open(real.path("conf.db")) as handle:
        handle.seek(0, os.SEEK_END)
        on(real, "vswitch_config", {"other_config": {"a": 1, "b": 2}, "external_ids": {"c": 3}})
        records = [json.loads(line) for line in handle if line.startswith("{")]
    ours = [record for record in records if any("external_ids" in row for row in _rows(record))]
    assert len(ours) == 1
    (row,) = _rows(ours[0])
    assert dict(row["other_config"][1]) == {"a": "1", "b": "2"}
    assert dict(row["external_ids"][1]) == {"c": "3", MARK: "external_ids:c,other_config:a,other_config:b"}


def _rows(record):
    return list(record.get("Open_vSwitch", {}).values())


# --- whose key is it ----------------------------------------------------------------------------------------------


def test_a_key_that_fits_is_not_taken_over(switch, converge):
    real = switch()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:pmd-cpu-mask=22", "other_config:smc-enable=true")
    result = converge(real, "vswitch_config", {"other_config": {"pmd-cpu-mask": "0x22", "smc-enable": True}})
    assert not result["changed"]
    assert not converge(real, "vswitch_config", {"state": "absent"})["changed"]
    assert other_config(real) == {"pmd-cpu-mask": "22", "smc-enable": "true"}


@pytest.mark.parametrize("end", [{"other_config": {}}, {"state": "absent"}], ids=["unwanted", "absent"])
def test_what_was_there_before_comes_back(switch, converge, end):
    real = switch()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=9000")
    for value in (8000, 7000):
        converge(real, "vswitch_config", {"other_config": {"max-idle": value}})
    assert other_config(real) == {"max-idle": "7000"}
    converge(real, "vswitch_config", end)
    assert other_config(real) == {"max-idle": "9000"}
    assert MARK not in external_ids(real)


def test_what_somebody_changed_after_us_is_left_alone(switch, on):
    real = switch()
    on(real, "vswitch_config", {"other_config": {"max-idle": 8000, "smc-enable": True}})
    real.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=1234")
    result = on(real, "vswitch_config", {"state": "absent"})
    assert other_config(real) == {"max-idle": "1234"}
    assert "other_config:max-idle was changed by somebody else" in result["warnings"]
    assert MARK not in external_ids(real)


def test_without_the_state_file_only_our_keys_go(switch, on, tmp_path):
    real = switch()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=9000")
    on(real, "vswitch_config", {"other_config": {"smc-enable": True}})
    shutil.rmtree(str(tmp_path / "state"))
    on(real, "vswitch_config", {"state": "absent"})
    assert other_config(real) == {"max-idle": "9000"}


@pytest.mark.parametrize("asked", ["pmd-maxsleep", "pmd-sleep-max"])
def test_names_follow_the_version(switch, converge, wait_for, asked):
    real = switch()
    version = [int(part) for part in re.search(r"\) (\d+)\.(\d+)", real.appctl("version")).groups()]
    result = converge(real, "vswitch_config", {"other_config": {asked: 101}})
    assert other_config(real) == {"pmd-sleep-max" if version >= [3, 2] else "pmd-maxsleep": "101"}
    assert result["version"].startswith("{0}.{1}.".format(*version))
    add_queue(real, calm=False)
    wait_for(lambda: re.search(r"max sleep.* 101 us", log_of(real)), "the word of the switch that it sleeps")


def log_of(switch):
    with open(switch.log) as handle:
        return handle.read()


# --- values -------------------------------------------------------------------------------------------------------

HOSTILE = [
    "-a 0000:40:00.0 -a 0000:80:00.0,mprq_en=1",
    "a, b=c, d",
    '"quoted" and \\backslashed\\',
    "$HOME ~ $(touch /tmp/nfv-vswitch-owned) `id` ; | & > <",
    "two\nlines\tand a tab\r",
    "../../etc/passwd",
    "--no-wait",
    "{}[]():*?!#%",
    "d\u00e9j\u00e0 vu \u2028 \U0001f600",
    "",
    " ",
    "=",
]


def test_values_arrive_literally(switch, converge):
    real = switch()
    wanted = {"key{0}".format(number): text for number, text in enumerate(HOSTILE)}
    converge(real, "vswitch_config", {"other_config": wanted, "external_ids": wanted})
    assert other_config(real) == wanted
    assert {key: text for key, text in external_ids(real).items() if key != MARK} == wanted
    assert not os.path.exists("/tmp/nfv-vswitch-owned")


# --- does it come into force --------------------------------------------------------------------------------------

MACHINES = {
    "1 node, 4 CPUs": ([0] * 4, [{3}, {1, 2}]),
    "2 nodes": ([0] * 4 + [1] * 4, [{1, 5}, {2}, {1, 2, 6}]),
    "2 nodes, alternating": ([0, 1] * 8, [{2, 3, 10, 11}]),
    "4 nodes, 96 CPUs": ([0] * 24 + [1] * 24 + [2] * 24 + [3] * 24, [{70}, {1, 25, 95}]),
    "8 nodes, 256 CPUs": ([cpu // 32 for cpu in range(256)], [{5, 250}, {63, 64, 127, 128, 255}]),
}


@pytest.mark.parametrize("machine", sorted(MACHINES))
def test_a_mask_becomes_exactly_these_threads(switch, converge, machine):
    nodes, sets = MACHINES[machine]
    real = switch(numa=",".join(str(node) for node in nodes))
    add_queue(real)
    pid = real.pid
    for cpus in sets:
        result = converge(real, "vswitch_config", {"other_config": {"pmd-cpu-mask": _cpuset.to_mask(cpus)}})
        assert pmd_cores(real) == cpus
        assert (result["running"], result["restart_required"]) == (True, False)
    assert real.pid == pid


def test_a_restart_stays_required_until_there_is_another_process(switch, on):
    real = switch()
    tso = {"other_config": {"userspace-tso-enable": True, "max-idle": 8000}}
    for check in (True, False, False):
        result = on(real, "vswitch_config", tso, check=check)
        assert result["restart_reasons"] == ["userspace-tso-enable is 'true', the running process uses unset"]
    assert not on(real, "vswitch_config", {"other_config": {"max-idle": 8000}}, check=True)["restart_required"]
    real.restart()
    assert on(real, "vswitch_config", tso)["restart_reasons"] == []
    result = on(real, "vswitch_config", {"state": "absent"})
    assert result["restart_reasons"] == ["userspace-tso-enable is unset, the running process uses 'true'"]


def test_what_the_switch_reads_only_when_offload_is_switched_on(switch, on):
    real = switch()

    def policy():
        real.appctl("vlog/reopen")  # writes out what is waiting
        return re.findall(r"tc: Using policy '(\w+)'", log_of(real))

    def reasons(**keys):
        wanted = {key.replace("_", "-"): value for key, value in keys.items()}
        return on(real, "vswitch_config", {"other_config": wanted})["restart_reasons"]

    assert reasons(tc_policy="skip_hw", n_offload_threads=2) == []
    assert reasons(tc_policy="skip_sw", n_offload_threads=3, offload_rebalance=True, hw_offload=True) == []
    assert policy() == ["skip_sw"]
    expected = [
        "n-offload-threads is '4', the running process uses '3'",
        "offload-rebalance is unset, the running process uses 'true'",
        "tc-policy is 'none', the running process uses 'skip_sw'",
    ]
    assert reasons(tc_policy="none", n_offload_threads=4, hw_offload=True) == expected
    assert policy() == ["skip_sw"]
    real.restart()
    assert reasons(tc_policy="none", n_offload_threads=4, hw_offload=True) == []
    assert policy() == ["skip_sw", "none"]


def test_dpdk_without_a_dpdk_build_is_a_warning_and_no_restart(switch, on):
    result = on(switch(), "vswitch_config", {"other_config": {"dpdk-init": "try"}})
    if result["restart_required"]:
        pytest.skip("the installed ovs-vswitchd is a DPDK build")
    assert "without DPDK" in result["warnings"]


# --- interruptions ------------------------------------------------------------------------------------------------

KILLER = """
    #!/bin/sh
    # ovs-vsctl that takes its caller along, {when} the change.
    case "$*" in *" set "*) {before} ;; esac
    {real} "$@"
    code=$?
    case "$*" in *" set "*) kill -9 $PPID ;; esac
    exit $code
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_write(switch, on, converge, tmp_path, when):
    real = switch()
    real.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=9000")
    program = tmp_path / "bin" / "ovs-vsctl"
    program.parent.mkdir()
    text = KILLER.format(
        when=when, real=shutil.which("ovs-vsctl"), before="kill -9 $PPID; exit 1" if when == "before" else ":"
    )
    program.write_text(textwrap.dedent(text).lstrip())
    program.chmod(0o755)
    arguments = {"other_config": {"max-idle": 8000, "smc-enable": True}}
    done = _run_apart(real, arguments, tmp_path)
    assert done.returncode == -9
    written = {"max-idle": "9000"} if when == "before" else {"max-idle": "8000", "smc-enable": "true"}
    assert other_config(real) == written
    result = converge(real, "vswitch_config", arguments)
    assert result["changed"] == (when == "before")
    converge(real, "vswitch_config", {"state": "absent"})
    assert other_config(real) == {"max-idle": "9000"}


def _run_apart(switch, arguments, tmp_path):
    """The module in a process of its own, with the state directory that the fixture on() uses."""
    code = """
        import io, json, sys
        sys.path.insert(0, {root!r})
        import conftest
        from ansible.module_utils import basic
        from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state
        from ansible_collections.nfv.ovs_dpdk.plugins.modules import vswitch_config
        _state.STATE_DIR = {state!r}
        basic._ANSIBLE_ARGS = json.dumps({{"ANSIBLE_MODULE_ARGS": {arguments!r}}}).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        vswitch_config.main()
    """
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), os.pardir, os.pardir))
    options = dict(arguments, ovs_rundir=switch.rundir, timeout=10)
    text = textwrap.dedent(code).format(root=root, state=str(tmp_path / "state"), arguments=options)
    path = "{0}:{1}".format(tmp_path / "bin", os.environ["PATH"])
    argv, env = [sys.executable, "-c", text], dict(os.environ, PATH=path)
    return subprocess.run(argv, env=env, stdout=subprocess.DEVNULL, check=False)
