"""Text for people: columns that stand below each other, lines that fit."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _layout


@pytest.mark.parametrize(
    ("left", "lines"),
    [(2, ["name  1", "x     100"]), (1, ["name    1", "x     100"]), (0, ["name    1", "   x  100"])],
)
def test_columns_begin_or_end_together(left, lines):
    assert _layout.aligned([["name", "1"], ["x", "100"]], left) == lines


def test_nothing_stands_behind_the_last_word():
    assert _layout.aligned([["a", ""], ["b", "c"]], 2) == ["a", "b  c"]


def test_lines_fit_and_words_with_hyphens_stay_whole():
    lines = _layout.wrapped("pmd-cpu-mask " * 9, 50, "  ")
    assert max(len(line) for line in lines) <= 50
    assert [line.replace("pmd-cpu-mask", "").strip() for line in lines] == [""] * len(lines)
    assert [line[:2] for line in lines[1:]] == ["  "] * (len(lines) - 1)


def test_what_is_narrower_than_a_sentence_is_not_taken_at_its_word():
    assert _layout.wrapped("x" * 38 + " y", 5) == ["x" * 38 + " y"]


def test_verdicts_the_worst_first_with_a_dash_for_what_is_unknown():
    facts = {"found": "this", "expected": None, "cure": "do it"}
    rows = [dict(facts, status=status, id=status + "-id", subject=None) for status in ("pass", "warn", "fail")]
    rows[1]["subject"] = "ens1"
    assert _layout.verdicts(rows, 72) == [
        "FAIL  fail-id",
        "      found     this",
        "      expected  -",
        "      cure      do it",
        "WARN  warn-id: ens1",
        "      found     this",
        "      expected  -",
        "      cure      do it",
    ]
