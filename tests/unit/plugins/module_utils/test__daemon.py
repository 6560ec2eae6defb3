"""The process of ovs-vswitchd from the inside, in a tree; its answers are tested on real ones in tests/vswitch."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._daemon import Daemon
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch

STAT = "812 (ovs-vswitchd) S 1 812 812 0 -1 4194560 " + " ".join(str(number) for number in range(10, 60))


@pytest.fixture
def daemon(tmp_path):
    """daemon(run, maps=..., threads=...) -> a Daemon whose process 812 lives below tmp_path."""

    def make(run=None, maps="", threads=()):
        (tmp_path / "ovs-vswitchd.pid").write_text("812\n")
        process = tmp_path / "proc" / "812"
        (process / "task").mkdir(parents=True)
        (process / "stat").write_text(STAT)
        (process / "maps").write_text(maps)
        os.symlink("/usr/sbin/ovs-vswitchd (deleted)", str(process / "exe"))
        for tid, name, cpus in threads:
            (process / "task" / str(tid)).mkdir()
            text = "Name:\t{0}\nCpus_allowed_list:\t{1}\nnonvoluntary_ctxt_switches:\t7\n".format(name, cpus)
            (process / "task" / str(tid) / "status").write_text(text)
        return Daemon(Switch(run, str(tmp_path), 5, str(tmp_path)))

    return make


def test_threads_and_the_cpus_of_pmd_threads(daemon):
    rows = daemon(
        threads=[(812, "ovs-vswitchd", "0-1"), (830, "pmd-c200/id:12", "200"), (820, "pmd-c02/id:9", "2")]
    ).threads()
    assert [(row["tid"], row["pmd"], row["cpus"]) for row in rows] == [
        (812, None, [0, 1]),
        (820, 2, [2]),
        (830, 200, [200]),
    ]
    assert {row["preempted"] for row in rows} == {7}


def test_dpdk_libraries_and_those_whose_files_are_gone(daemon):
    maps = (
        "7f01 r-xp 00 08:01 1 /usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_net_virtio.so.23.0\n"
        "7f02 r-xp 00 08:01 2 /usr/lib/x86_64-linux-gnu/dpdk/pmds-23.0/librte_bus_pci.so.23.0 (deleted)\n"
        "7f03 r-xp 00 08:01 3 /usr/lib/x86_64-linux-gnu/libc.so.6\n"
        "7f04 rw-p 00 00:00 0 [heap]\n"
    )
    assert daemon(maps=maps).libraries() == {"net_virtio": True, "bus_pci": False}


def test_a_program_that_was_replaced(daemon):
    assert daemon().executable().endswith(" (deleted)")


def test_a_refusal_is_an_empty_answer_and_silence_is_not(daemon):
    answers = [(2, "", '"x" is not a valid command\novs-appctl: ovs-vswitchd: server returned an error\n')]
    answers.append((1, "", "ovs-appctl: cannot connect (Connection refused)\n"))
    asked = []

    def run(argv):
        asked.append(argv)
        return answers.pop(0)

    living = daemon(run)
    assert living.ask_if_known("x") == ""
    with pytest.raises(Failed):
        living.ask_if_known("y")
    # Nobody is asked again who did not answer.
    with pytest.raises(Failed) as silent:
        living.ask("z")
    assert "Connection refused" in str(silent.value)
    assert len(asked) == 2
    assert "--timeout=10" in asked[0]


def test_an_alarm_is_said_in_seconds(daemon):
    text = "2026-01-01T00:00:00Z|00001|fatal_signal|WARN|terminating with signal 14 (Alarm clock)\n"
    with pytest.raises(Failed) as silent:
        daemon(lambda argv: (-14, "", text)).ask("version")
    assert "no answer within 10 s" in str(silent.value)


@pytest.mark.parametrize("content", [None, "", "812\n", "nonsense\n"])
def test_without_a_process_nobody_is_asked(tmp_path, content):
    if content is not None:
        (tmp_path / "ovs-vswitchd.pid").write_text(content)
    with pytest.raises(Failed) as gone:
        Daemon(Switch(None, str(tmp_path), 5, str(tmp_path))).ask("version")
    assert "ovs-vswitchd.pid" in str(gone.value)
