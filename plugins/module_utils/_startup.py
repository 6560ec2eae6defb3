# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does ovs-vswitchd live with what the database says? Its word for it, and its end, noticed at once.

There are values on which the daemon ends: a bad dpdk-extra with dpdk-init=true aborts it, and words such as --help end
EAL and the process with it, whatever dpdk-init is. ovs-vsctl would wait for the dead until its time limit.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd.conf.db(5), "Configuration and Status" of table Open_vSwitch: next_cfg and cur_cfg; lib/dpdk.c.
"""

import os

from . import _log
from ._daemon import Daemon
from ._errors import Failed
from ._restart import Running
from ._vswitch import LOG_TAIL, wait_until

COLUMNS = {"Bridge": ["name"], "Interface": ["name", "ofport", "error"]}
FAILED = -1
SETTLING = 10
LINES = 5


class Ended(Failed):
    """The process is gone, or another one has taken its place."""


def confirm(switch, process):
    """Wait until *process* has worked through the database as it is now."""
    number = switch.root_row()["next_cfg"] + 1
    switch.transact([["set", "Open_vSwitch", ".", "next_cfg={0}".format(number)]], wait=False)

    def confirmed():
        alive(switch, process)
        return switch.root_row()["cur_cfg"] >= number

    if not wait_until(confirmed, switch.timeout):
        raise Failed(
            "ovs-vswitchd did not confirm the change within {0} s".format(switch.timeout),
            where="process {0}".format(process["pid"]),
            cure="The database may hold the change already: look into the log of ovs-vswitchd, then run again. "
            "Option timeout waits longer.",
        )


def alive(switch, process):
    """Ended unless *process* (None: it did not even start) is still the one that runs."""
    now = switch.process()
    if process is None or now != process:
        found = "process {0}".format(now["pid"]) if now else "no process"
        raise Ended("ovs-vswitchd ended", found=found, expected=process and "process {0}".format(process["pid"]))


def broken(switch):
    """{name: error} of the interfaces and bridges that do not work."""
    tables = switch.tables(COLUMNS)
    rows = [row for row in tables["Interface"] if row["error"] or row["ofport"] == FAILED]
    found = {row["name"]: row["error"] or "no OpenFlow port number" for row in rows}
    try:
        made = Daemon(switch).ask("ofproto/list").splitlines()
    except Failed:
        return found  # nobody can say
    # Of a bridge that could not be made, the database keeps the ports as the last process had them.
    missing = [row["name"] for row in tables["Bridge"] if row["name"] not in made]
    return dict(found, **dict.fromkeys(missing, "the bridge could not be made"))


def start(switch, restart, known, dpdk):
    """Let *restart*() start ovs-vswitchd anew and wait until it works.

    Failed says what does not: the start, its word, a port or bridge that is not among *known*, or DPDK, where a version
    of it (*dpdk*) is installed and wanted.
    """
    restart()
    process = switch.process()
    alive(switch, process)
    confirm(switch, process)
    columns = switch.root_row()
    missing = Running(process, columns, dpdk).restart_reasons({}, columns["other_config"])
    if dpdk and missing:
        raise Failed("ovs-vswitchd runs without DPDK", found="; ".join(missing))
    # A port that waits for the link of another one says so for a moment.
    wait_until(lambda: not set(broken(switch)) - set(known), min(SETTLING, switch.timeout))
    errors = {name: error for name, error in broken(switch).items() if name not in known}
    if errors:
        rows = ", ".join("{0}: {1}".format(name, errors[name]) for name in sorted(errors))
        raise Failed("what worked before does not any more", found=rows)


def log_end(path):
    """Where the log at *path* ends now, for last_words()."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def last_words(path, since):
    """What the log says from *since* on: the known lines with their meaning, or just its end.

    Not since the last start: systemd may have begun another one already.
    """
    try:
        with open(path, "rb") as handle:
            end = os.fstat(handle.fileno()).st_size
            handle.seek(max(since if since <= end else 0, end - LOG_TAIL))
            lines = handle.read().decode("utf-8", "replace").splitlines()
    except (IOError, OSError):
        return ["{0} cannot be read".format(path)]
    known = ["{line} ({meaning})".format(**entry) for entry in _log.findings(lines)]
    return (known or lines)[-LINES:]


def said(lines):
    """*lines* as the end of a message."""
    return "\n".join(["The log says:"] + lines)
