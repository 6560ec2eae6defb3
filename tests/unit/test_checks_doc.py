"""docs/checks.md has every check, every known line and every limit, and nothing else."""

import os
import re

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _checks, _log

with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "checks.md"), encoding="utf-8") as _handle:
    TEXT = _handle.read()
SECTIONS = dict(re.findall(r"^### ([a-z]+\.[a-z_]+)\n\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))


def test_each_check_has_a_section_in_the_order_of_the_table():
    assert list(SECTIONS) == [check.id for check in _checks.CHECKS]


def test_each_section_says_what_is_read_when_it_passes_and_what_cures_it():
    for check in _checks.CHECKS:
        section = SECTIONS[check.id]
        assert "- **Reads:** {0}\n".format(check.source.replace("*", "\\*")) in section
        assert "- **Passes:** " in section
        assert "- **Cure:** " in section


def test_each_known_line_is_explained():
    rows = re.findall(r"^\| ([a-z-]+) \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE)
    rows = [row for row in rows if row[0] not in ("line", "limit")]
    assert rows == [(pattern.id, pattern.meaning) for pattern in _log.PATTERNS]


def test_each_limit_has_its_default_and_reason():
    rows = re.findall(r"^\| `([a-z_]+)` \| ([0-9.]+) \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows == [(name, str(value), reason) for name, (value, reason) in sorted(_checks.LIMITS.items())]


def test_limits_are_named_where_they_are_used():
    for name in _checks.LIMITS:
        assert any("`{0}`".format(name) in section for section in SECTIONS.values()), name
