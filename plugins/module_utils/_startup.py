# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does ovs-vswitchd live with what the database says? Its word for it, and its end, noticed at once.

There are values on which the daemon ends: a bad dpdk-extra with dpdk-init=true aborts it, and words such as --help end
EAL and the process with it, whatever dpdk-init is; a port may do the same. ovs-vsctl would wait for the dead until its
time limit.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd.conf.db(5), "Configuration and Status" of table Open_vSwitch: next_cfg and cur_cfg; lib/dpdk.c.
"""

import os

from . import _log
from ._daemon import Daemon
from ._errors import Failed
from ._restart import Running
from ._vswitch import LOG, LOG_TAIL, wait_until

COLUMNS = {"Bridge": ["name"], "Interface": ["name", "ofport", "error"]}
FAILED = -1
SETTLING = 10
LOG_DELAY = 3
LINES = 5


class Ended(Failed):
    """The process is gone, or another one has taken its place."""


class WithoutDpdk(Failed):
    """The process goes on, but DPDK has not started in it, and it will not try again."""


def carry_out(switch, process, commands, back, where=None, dpdk=False):
    """Carry *commands* out as one transaction; what *process* (None: there is none) does not bear, *back* takes back.

    *where* says what the transaction is about; *dpdk*: that the process starts DPDK on it.
    """
    log = switch.log_path(process) if process else LOG
    since = log_end(log)
    switch.transact(commands, wait=False)
    if process is None:
        return
    try:
        confirm(switch, process)
        if dpdk and not switch.root_row()["dpdk_initialized"]:
            # The daemon writes its log in the background: the line may come after the column.
            wait_until(lambda: _known(_lines(log, since)), min(LOG_DELAY, switch.timeout))
            raise WithoutDpdk("DPDK did not start", found="no DPDK, and a process tries only once")
    except (Ended, WithoutDpdk) as exc:
        lines = last_words(log, since)
        if back:
            switch.transact(back, wait=False)
        outcome = "they are out of the database again" if back else "what has gone stays away"
        raise type(exc)(
            "{0} on the new values; {1}".format(exc.parts["what"], outcome),
            where=", ".join(filter(None, ["process {0}".format(process["pid"]), where])),
            found=exc.parts["found"],
            cure=said(lines),
        )


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


def broken(switch, sure=True):
    """{name: error} of the interfaces and bridges that do not work.

    Where ovs-vswitchd does not answer, that is Failed, or nothing is said of bridges if nobody has to be *sure*.
    """
    tables = switch.tables(COLUMNS)
    rows = [row for row in tables["Interface"] if row["error"] or row["ofport"] == FAILED]
    found = {row["name"]: row["error"] or "no OpenFlow port number" for row in rows}
    try:
        made = Daemon(switch).ask("ofproto/list").splitlines()
    except Failed:
        if sure:
            raise
        return found
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
    wait_until(lambda: not set(broken(switch, sure=False)) - set(known), min(SETTLING, switch.timeout))
    errors = {name: error for name, error in broken(switch).items() if name not in known}
    if errors:
        rows = ", ".join("{0}: {1}".format(name, errors[name]) for name in sorted(errors))
        raise Failed("what worked before does not any more", found=rows)
    # It may have ended on what it confirmed, once it was at work. Asked last: errors may be away for a moment then.
    confirm(switch, process)


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
    lines = _lines(path, since)
    if lines is None:
        return ["{0} cannot be read".format(path)]
    return (_known(lines) or lines)[-LINES:]


def _known(lines):
    return ["{line} ({meaning})".format(**entry) for entry in _log.findings(lines or [])]


def _lines(path, since):
    try:
        with open(path, "rb") as handle:
            end = os.fstat(handle.fileno()).st_size
            handle.seek(max(since if since <= end else 0, end - LOG_TAIL))
            return handle.read().decode("utf-8", "replace").splitlines()
    except (IOError, OSError):
        return None


def said(lines):
    """*lines* as the end of a message."""
    return "\n".join(["The log says:"] + lines)
