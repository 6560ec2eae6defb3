# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to Open vSwitch: its database through ovs-vsctl, its daemon through ovs-appctl, pid file and log.

Every question has a time limit, and every answer that does not come is a sentence. Nothing is decided here.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vsctl(8), ovs-appctl(8); RFC 7047 section 5.1 for the notation of values.
"""

import collections
import glob
import json
import os
import re
import time

from ._errors import Failed, Refused
from ._files import read_text, under

RUNDIR = "/var/run/openvswitch"
LOG = "/var/log/openvswitch/ovs-vswitchd.log"
LOG_TAIL = 1 << 20
PROGRAMS = ("ovs-vswitchd", "/usr/sbin/ovs-vswitchd")  # not everybody's PATH holds /usr/sbin

_VERSION = re.compile(r"\(Open vSwitch\) (\d+(?:\.\d+)+)")
_DPDK = re.compile(r"^(DPDK \S+)", re.MULTILINE)
_CANDIDATE = re.compile(r"^  Candidate: (?:\d+:)?(\d+(?:\.\d+)+)", re.MULTILINE)
_ALARM = "signal 14"  # how ovs-vsctl and ovs-appctl end when --timeout strikes
_TROUBLE = re.compile(r"\|(?:WARN|ERR|EMER)\|")


class NoDatabase(Failed):
    """There is nobody to ask: Open vSwitch is not installed, or its database server does not run."""


class NotInstalled(NoDatabase):
    """Open vSwitch is not installed."""


def value(data):
    """An OVSDB value as Python data: maps are dicts, sets are lists, an optional value is a scalar or []."""
    if not isinstance(data, list):
        return data
    kind, content = data
    if kind == "map":
        return {value(key): value(item) for key, item in content}
    return [value(item) for item in content] if kind == "set" else content


class Switch:
    """One Open vSwitch, found by the directory of its sockets and pid files."""

    def __init__(self, run, rundir=RUNDIR, timeout=60, root="/"):
        self.run = run
        self.rundir = rundir
        self.timeout = timeout
        self.root = root

    @classmethod
    def of(cls, run, options):
        """The switch that a module's options ovs_rundir, timeout and, where it has one, root mean."""
        if options["timeout"] < 1:
            raise Refused("no time to wait", where="timeout", found=options["timeout"], expected="1 second or more")
        rundir = options["ovs_rundir"] or os.environ.get("OVS_RUNDIR") or RUNDIR
        return cls(run, rundir, options["timeout"], options.get("root", "/"))

    # --- the database -------------------------------------------------------------------------------------------

    def tables(self, columns):
        """Rows of tables as dicts: {"Bridge": ["name", "ports"]} -> {"Bridge": [{"name": …}]}; None = all columns."""
        commands = []
        for table, names in columns.items():
            selection = ["--columns=" + ",".join(names)] if names else []
            commands.append(selection + ["list", table])
        out = self._vsctl(["--format=json"], commands, wait=False)
        rows = {}
        for table, line in zip(columns, out.split("\n")):
            answer = json.loads(line)
            rows[table] = [dict(zip(answer["headings"], map(value, row))) for row in answer["data"]]
        return rows

    def root_row(self):
        """The one row of table Open_vSwitch."""
        return self.tables({"Open_vSwitch": None})["Open_vSwitch"][0]

    def transact(self, commands, wait):
        """Run ovs-vsctl commands (lists of arguments) as one transaction; *wait* until ovs-vswitchd has applied it."""
        self._vsctl([], commands, wait)

    def _vsctl(self, options, commands, wait):
        argv = ["ovs-vsctl", "--db=unix:{0}/db.sock".format(self.rundir), "--timeout={0}".format(self.timeout)]
        argv += options if wait else options + ["--no-wait"]
        for command in commands:
            argv += ["--"] + command
        rc, out, err = self.run(argv)
        if rc != 0:
            raise self._failure(rc, err.strip(), wait)
        return out

    def _failure(self, rc, err, wait):
        where = "database {0}/db.sock".format(self.rundir)
        if rc == 127:
            return NotInstalled("Open vSwitch is not installed", found="no ovs-vsctl", cure="Role openvswitch does it.")
        if "database connection failed" in err:
            return NoDatabase("Open vSwitch's database does not answer", where, err, cure="Start ovsdb-server.")
        if _ALARM not in err:
            return Failed("ovs-vsctl failed", where, err or "exit code {0}".format(rc))
        if wait:
            return Failed(
                "ovs-vswitchd did not confirm the change within {0} s".format(self.timeout),
                where,
                cure="The database may hold the change already: look into the log of ovs-vswitchd, then run again. "
                "Option timeout waits longer.",
            )
        return Failed("Open vSwitch's database gave no answer within {0} s".format(self.timeout), where)

    # --- the daemon ---------------------------------------------------------------------------------------------

    def process(self):
        """{"pid", "id"} of the running ovs-vswitchd, or None; the id is another one after each start."""
        pid = (read_text(os.path.join(self.rundir, "ovs-vswitchd.pid")) or "").strip()
        stat = read_text(under(self.root, "/proc/{0}/stat".format(pid))) if pid.isdigit() else None
        if not stat:
            return None
        before, _paren, after = stat.rpartition(")")
        fields = after.split()
        if not before.partition("(")[2].startswith("ovs-vswitchd") or fields[0] == "Z":
            return None
        boot = (read_text(under(self.root, "/proc/sys/kernel/random/boot_id")) or "").strip()
        return {"pid": int(pid), "id": "{0}/{1}/{2}".format(boot, pid, fields[19])}

    def running_version(self, process):
        """Version of the running daemon as text; asking is also the test whether it answers at all."""
        # The socket carries the name that the program was started by (ovs-vswitchd-dpdk, ...).
        pattern = os.path.join(self.rundir, "ovs-vswitchd*.{0}.ctl".format(process["pid"]))
        target = (glob.glob(pattern) or [pattern.replace("*", "")])[0]
        rc, out, err = self.run(["ovs-appctl", "--timeout={0}".format(self.timeout), "--target=" + target, "version"])
        match = _VERSION.search(out)
        if rc != 0 or not match:
            raise Failed(
                "ovs-vswitchd runs but does not answer",
                where="process {0}".format(process["pid"]),
                found="nothing" if _ALARM in err else (err.strip().splitlines() or [repr(out)])[-1],
                expected="its version within {0} s".format(self.timeout),
                cure="Look into its log; option timeout waits longer.",
            )
        return match.group(1)

    def installed_build(self):
        """{"version", "dpdk"} of the ovs-vswitchd that the next start would run; None where unknown."""
        for program in PROGRAMS:
            rc, out, _err = self.run([program, "--version"])
            if rc == 0:
                break
        version, dpdk = _VERSION.search(out), _DPDK.search(out)
        return {"version": version.group(1) if version else None, "dpdk": dpdk.group(1) if dpdk else None}

    def coming_version(self):
        """Version that apt would install, as text; None where apt does not know."""
        _rc, out, _err = self.run(["apt-cache", "policy", "openvswitch-switch"])
        match = _CANDIDATE.search(out)
        return match.group(1) if match else None

    # --- the log ------------------------------------------------------------------------------------------------

    def log_path(self, process):
        """Where the running daemon writes its log: it says so on its own command line."""
        words = (read_text(under(self.root, "/proc/{0}/cmdline".format(process["pid"]))) or "").split("\0")
        named = [word.partition("=")[2] for word in words if word.startswith("--log-file=")]
        return named[-1] if named else LOG

    def complaints(self, process, words, count=5):
        """The last warnings and errors since the daemon's start that name one of *words*."""
        try:
            with open(self.log_path(process), "rb") as handle:
                handle.seek(max(0, os.fstat(handle.fileno()).st_size - LOG_TAIL))
                text = handle.read().decode("utf-8", "replace")
        except (IOError, OSError):
            return []
        named = re.compile("|".join(r"(?<![\w.:-]){0}(?![\w-]|[.:]\w)".format(re.escape(word)) for word in words))
        lines = text.rpartition("|opened log file")[2].splitlines()
        # The time and the number of a line tell apart what says the same twice.
        last = collections.OrderedDict()
        for line in lines:
            if _TROUBLE.search(line) and named.search(line):
                last.pop(line.split("|", 2)[2], None)
                last[line.split("|", 2)[2]] = line
        return list(last.values())[-count:]


def wait_until(condition, seconds, pause=0.1):
    """The first true value of *condition*(), or its last value when *seconds* have passed."""
    end = time.monotonic() + seconds  # a clock may be set while a host boots
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(pause)
