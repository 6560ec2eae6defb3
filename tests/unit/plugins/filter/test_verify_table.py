"""The table of verdicts: the worst first, then how much is right."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.filter.verify_table import verify_table


def row(status, name, subject=None, found="this", expected="that", cure="do it"):
    values = {"found": found, "expected": expected, "cure": cure}
    return dict(values, status=status, id=name, area=name.split(".")[0], subject=subject, source="/proc")


def test_failures_come_before_warnings_and_counts_last():
    rows = [row("pass", "boot.a"), row("warn", "cpus.b"), row("fail", "ports.error", "p0"), row("skip", "pmd.c")]
    assert verify_table({"checks": rows}).splitlines() == [
        "FAIL  ports.error: p0",
        "      found     this",
        "      expected  that",
        "      cure      do it",
        "WARN  cpus.b",
        "      found     this",
        "      expected  that",
        "      cure      do it",
        "1 pass  boot 1",
        "1 skip  pmd 1",
    ]


def test_a_host_without_complaints_says_so():
    rows = [row("pass", "boot.a"), row("pass", "boot.b"), row("pass", "pmd.c")]
    assert verify_table({"checks": rows}).splitlines() == [
        "No check fails, and none warns.",
        "3 pass  boot 2, pmd 1",
        "0 skip",
    ]


@pytest.mark.parametrize("width", [60, 72, 110])
def test_long_texts_are_wrapped_below_their_beginning(width):
    lines = verify_table({"checks": [row("fail", "ports.error", found="word " * 60)]}, width).splitlines()
    assert max(len(line) for line in lines) <= width
    assert lines[2].startswith("                word")
    assert " ".join(lines).count("word") == 60


def test_without_any_check():
    assert verify_table({"checks": []}).splitlines() == ["No check fails, and none warns.", "0 pass", "0 skip"]
