# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do the interfaces work? ovs-vsctl does not say: it ends well when a port has failed.

Private to the collection. Python 3.6+, standard library only.
Source: ovs-vswitchd.conf.db(5), table Interface, columns ofport and error.
"""

from ._errors import Failed
from ._vswitch import wait_until

LOG_DELAY = 3
COLUMNS = {"Interface": ["name", "ofport", "error", "options"]}


def condition(rows, names):
    """Number and error of each interface, in the order of *names*; None where the switch has not said anything."""
    found = {row["name"]: row for row in rows}
    return [
        {
            "name": name,
            "ofport": found.get(name, {}).get("ofport") or None,
            "error": found.get(name, {}).get("error") or None,
        }
        for name in names
    ]


def settle(switch, process, names, where):
    """Wait until each interface has a number or an error; an error fails, with its reason from the log."""
    rows = []

    def settled():
        rows[:] = switch.tables(COLUMNS)["Interface"]
        return all(row["ofport"] is not None or row["error"] is not None for row in condition(rows, names))

    wait_until(settled, switch.timeout)
    result = condition(rows, names)
    for row in result:
        if row["error"] or row["ofport"] is None or row["ofport"] < 0:
            raise _failure(switch, process, row, rows, where)
    return result


def _failure(switch, process, row, rows, where):
    devargs = [each["options"].get("dpdk-devargs") for each in rows if each["name"] == row["name"]]
    words = [row["name"]] + [word for word in devargs if word]
    # The daemon writes its log in the background: the line may come after the column.
    lines = wait_until(lambda: switch.complaints(process, words), min(LOG_DELAY, switch.timeout))
    return Failed(
        "ports.error: interface {0} does not work".format(row["name"]),
        where,
        row["error"] or "no OpenFlow port number after {0} s".format(switch.timeout),
        cure="\n".join(["The log says:"] + lines) if lines else "The log says nothing about it.",
    )
