# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How text for people is laid out: aligned columns, and verdicts with what was found, expected, and what cures it.

For the filters, on the controller. Private to the collection. Standard library only.
"""

import textwrap

FACTS = ("found", "expected", "cure")
INDENT = " " * len("FAIL  ")


def aligned(rows, left):
    """Rows of texts as lines; the first *left* columns begin at the left, the others end at the right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if number < left else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def wrapped(text, width, indent=INDENT):
    """The lines of a text of at most *width* columns, all but the first indented."""
    return textwrap.wrap(text, max(width, 40), subsequent_indent=indent, break_on_hyphens=False)


def verdicts(rows, width):
    """Lines for rows of {status, id, subject, found, expected, cure}, the worst first."""
    return [line for status in ("fail", "warn") for row in rows if row["status"] == status for line in _one(row, width)]


def _one(row, width):
    subject = ": {0}".format(row["subject"]) if row["subject"] else ""
    yield "{0}  {1}{2}".format(row["status"].upper(), row["id"], subject)
    column = max(len(fact) for fact in FACTS) + 2
    for fact in FACTS:
        yield from wrapped(INDENT + fact.ljust(column) + (row[fact] or "-"), width, INDENT + " " * column)
