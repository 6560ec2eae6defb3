"""docs/tripleo.md has every name with what becomes of it, and nothing else."""

import os
import re

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _tripleo_names

with open(os.path.join(os.path.dirname(__file__), "..", "..", "docs", "tripleo.md"), encoding="utf-8") as _handle:
    TEXT = _handle.read()
TABLE = TEXT.split("| `neutron` | `ovs` |")[1].split("\n\n")[0].splitlines()[2:]
ROWS = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in TABLE]


def names(cell):
    return tuple(re.findall(r"`([A-Za-z_]+)`", cell))


def text(cell):
    return None if cell == "-" else cell.strip("`")


def test_the_table_has_each_meaning_in_the_order_of_the_code():
    rows = [(text(row[0]), text(row[1]), names(row[2]), text(row[4]), text(row[5])) for row in ROWS]
    meanings = [(each.neutron, each.ovs, each.others, each.option, each.plan) for each in _tripleo_names.MEANINGS]
    assert rows == meanings


def test_each_row_says_what_it_is():
    assert [row for row in ROWS if len(row) != 6 or not row[3]] == []
