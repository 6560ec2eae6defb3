"""The words of a log; against real daemons: tests/vswitch/test_restart.py."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _startup

START = "2026-01-01T00:00:00.000Z|00001|vlog|INFO|opened log file /x"
KNOWN = "2026-01-01T00:00:00.001Z|00007|dpdk|ERR|EAL: Invalid 'command line' arguments."
MEANING = " (dpdk-extra has a word that EAL does not know)"
PLAIN = ["2026-01-01T00:00:00.00{0}Z|0000{0}|bridge|INFO|line {0}".format(number) for number in range(2, 9)]


@pytest.mark.parametrize(
    "before, lines, words",
    [
        ([], [START] + PLAIN[:1], [START] + PLAIN[:1]),
        ([], [START] + PLAIN, PLAIN[-5:]),
        ([], [START] + PLAIN[:2] + [KNOWN] + PLAIN[2:], [KNOWN + MEANING]),
        ([START, KNOWN], [START] + PLAIN[:1], [START] + PLAIN[:1]),  # a fault of the past
        ([START], [START, KNOWN] + [START] + PLAIN[:1], [KNOWN + MEANING]),  # systemd tries again
        ([], [], []),
    ],
)
def test_last_words(tmp_path, before, lines, words):
    log = tmp_path / "log"
    log.write_text("".join(line + "\n" for line in before))
    since = _startup.log_end(str(log))
    with open(str(log), "a") as handle:
        handle.write("".join(line + "\n" for line in lines))
    assert _startup.last_words(str(log), since) == words
    assert _startup.said(words) == "\n".join(["The log says:"] + words)


def test_a_log_that_was_rotated_meanwhile(tmp_path):
    (tmp_path / "log").write_text(KNOWN + "\n")
    assert _startup.last_words(str(tmp_path / "log"), 10000) == [KNOWN + MEANING]


def test_no_log(tmp_path):
    assert _startup.log_end(str(tmp_path / "log")) == 0
    assert _startup.last_words(str(tmp_path / "log"), 0) == ["{0} cannot be read".format(tmp_path / "log")]
