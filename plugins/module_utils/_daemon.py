# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The running ovs-vswitchd from the inside: its answers to ovs-appctl, its threads, its libraries.

A daemon may be gone, half started or stopped in its tracks: every question has a time limit, and after the first
one that got no answer nothing more is asked.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-appctl(8), proc(5).
"""

import glob
import os
import re

from . import _cpuset
from ._errors import Failed
from ._files import read_text, under

SECONDS = 10
LOG_TAIL = 8 << 20

_PMD_THREAD = re.compile(r"^pmd-c(\d+)/id")
# The libraries of DPDK carry its ABI version behind ".so".
_DRIVER = re.compile(r"librte_((?:bus|net|mempool|common)_\w+)\.so[.0-9]*( \(deleted\))?$")


class Daemon:
    """ovs-vswitchd of one switch (see _vswitch.Switch), which says where to find it and how to run programs."""

    def __init__(self, switch):
        self.switch = switch
        self.process = switch.process()
        self.problem = None if self.process else "no ovs-vswitchd for {0}/ovs-vswitchd.pid".format(switch.rundir)

    def ask(self, *command):
        """The answer to one ovs-appctl command as text; Failed if there is none, or if the daemon refuses it."""
        if self.problem:
            raise Failed("ovs-vswitchd does not answer", where=self.switch.rundir, found=self.problem)
        tool = ["ovs-appctl", "--timeout={0}".format(SECONDS), "--target=" + self._socket()]
        rc, out, err = self.switch.run(tool + list(command))
        if rc == 0:
            return out
        text = (err.strip().splitlines() or ["no answer"])[-1]
        if "signal 14" in text:
            text = "no answer within {0} s".format(SECONDS)
        if "server returned an error" not in text:
            self.problem = text
        raise Failed("ovs-appctl {0} failed".format(command[0]), where=self.switch.rundir, found=text)

    def _socket(self):
        # The socket carries the name that the binary was started under (ovs-vswitchd-dpdk, …).
        pattern = os.path.join(self.switch.rundir, "ovs-vswitchd*.{0}.ctl".format(self.process["pid"]))
        return (glob.glob(pattern) or [pattern.replace("*", "")])[0]

    def ask_if_known(self, *command):
        """Like ask(), but "" where the daemon refuses: an unknown command, no datapath yet. Silence is still Failed."""
        try:
            return self.ask(*command)
        except Failed:
            if self.problem:
                raise
            return ""

    def _proc(self, *names):
        return os.path.join(under(self.switch.root, "/proc/{0}".format(self.process["pid"])), *names)

    def executable(self):
        """Path of the running program as the kernel shows it; " (deleted)" at its end says that it was replaced."""
        try:
            return os.readlink(self._proc("exe"))
        except OSError:
            return None

    def threads(self):
        """[{tid, name, cpus, preempted, pmd}] sorted by tid; pmd is the core of a PMD thread, else None."""
        rows = []
        for path in glob.glob(self._proc("task", "[0-9]*")):
            lines = (read_text(os.path.join(path, "status")) or "").splitlines()
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if "Cpus_allowed_list" not in status:
                continue  # ended while we looked
            pmd = _PMD_THREAD.match(status["Name"])
            rows.append(
                {
                    "tid": int(os.path.basename(path)),
                    "name": status["Name"],
                    "cpus": sorted(_cpuset.parse(status["Cpus_allowed_list"])),
                    "preempted": int(status.get("nonvoluntary_ctxt_switches", 0)),
                    "pmd": int(pmd.group(1)) if pmd else None,
                }
            )
        return sorted(rows, key=lambda row: row["tid"])

    def libraries(self):
        """DPDK driver libraries in the running process: {"net_virtio": True}; False where the file was removed."""
        found = {}
        for line in (read_text(self._proc("maps")) or "").splitlines():
            match = _DRIVER.search(line)
            if match:
                found[match.group(1)] = match.group(2) is None
        return found

    def log(self):
        """The end of the daemon's log as text, None if it has none."""
        path = under(self.switch.root, self.switch.log_path(self.process))
        try:
            with open(path, "rb") as handle:
                handle.seek(max(0, os.fstat(handle.fileno()).st_size - LOG_TAIL))
                return handle.read().decode("utf-8", "replace")
        except (IOError, OSError):
            return None
