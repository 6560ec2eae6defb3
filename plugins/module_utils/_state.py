# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that remembers what is ours, and its lock: one changing module at a time on a host.

The state file (/var/lib/nfv_ovs_dpdk/state.json) records what this collection changed and what was there before.
An entry is written *before* the change that it describes, so an interrupted run can be continued or undone.
It also holds the lease of the play that is at work (see _lease).
Losing the file loses undo and the names of bound NICs, never correctness.

Private to the collection. Python 3.6+, standard library only.
"""

import contextlib
import fcntl
import glob
import json
import os
import time

from . import _lease
from ._errors import Failed, Refused
from ._files import make_directory, read_text, remove, remove_directory, under, write_text

STATE_DIR = "var/lib/nfv_ovs_dpdk"
VERSION = 1
BOOT_ID = "/proc/sys/kernel/random/boot_id"
UPTIME = "/proc/uptime"

# Seconds for which a module waits for another one, and between two looks.
WAIT = 300
PAUSE = 0.1

# Descriptors of the locks that this process holds. Programs that it starts get them as well, see _module.
held = []


def _is(handle, path):
    try:
        return os.path.samestat(os.fstat(handle.fileno()), os.stat(path))
    except OSError:
        return False


def _holders(path):
    """Who holds a lock on *path*, in words: who took it, and what that has started. Not who waits for it."""
    real, found = os.path.realpath(path), set()
    for link in glob.glob("/proc/[0-9]*/fd/[0-9]*"):
        process, _fd, number = link.rsplit("/", 2)
        try:
            is_open = os.readlink(link) == real
        except OSError:  # ended meanwhile
            continue
        if is_open and "FLOCK" in (read_text(os.path.join(process, "fdinfo", number)) or ""):
            words = (read_text(os.path.join(process, "cmdline")) or "?").replace("\0", " ").split()
            found.add("{0:.120} (PID {1})".format(" ".join(words), os.path.basename(process)))
    return ", ".join(sorted(found)) or "a process that cannot be seen from here"


def _uptime(root):
    """Whole seconds since the host was booted; None if it does not say."""
    try:
        return int((read_text(under(root, UPTIME)) or "").partition(".")[0])
    except ValueError:
        return None


def _described(data):
    if isinstance(data, dict):
        return "version {0!r}".format(data.get("version"))
    return data if isinstance(data, str) else "a JSON {0}".format(type(data).__name__)


class State:
    """The state file below *root*: sections of entries, each entry plain data."""

    def __init__(self, root="/"):
        self.root = root
        self.directory = under(root, STATE_DIR)
        self.path = os.path.join(self.directory, "state.json")

    def load(self):
        """The whole file as a dict; {} if there is none. A damaged file is refused, never overwritten."""
        text = read_text(self.path)
        if text is None:
            return {}
        try:
            data = json.loads(text)
        except ValueError as exc:
            data = str(exc)
        if not isinstance(data, dict) or data.get("version") != VERSION:
            raise Refused(
                "the state file cannot be understood",
                where=self.path,
                found=_described(data),
                expected="JSON with version {0}".format(VERSION),
                cure="Move the file away: undo and the names of bound NICs are lost with it, nothing else.",
            )
        return data

    def section(self, name):
        """One section of the file as a dict."""
        return self.load().get(name, {})

    @contextlib.contextmanager
    def locked(self):
        """Hold the lock: one changing module at a time on a host, and none while another play holds the lease."""
        _lease.check(*self._lease_facts())  # whoever will be refused need not wait
        with self.alone():
            self._renew_lease()
            yield self

    @contextlib.contextmanager
    def alone(self):
        """Hold the lock, whoever has the lease."""
        with self._wait() as handle:
            held.append(handle.fileno())
            try:
                yield self
            finally:
                held.remove(handle.fileno())
                # Closing would not do: a child that was forked meanwhile has the file open as well.
                fcntl.flock(handle, fcntl.LOCK_UN)

    def _wait(self):
        """The lock file, held."""
        path, deadline = os.path.join(self.directory, "lock"), time.monotonic() + WAIT
        while True:
            handle = self._lock(path)
            if handle is not None:
                return handle
            if time.monotonic() >= deadline:
                raise Refused(
                    "another module is still at work on this host",
                    where=path,
                    found=_holders(path),
                    expected="it to end within {0} s".format(WAIT),
                    cure="Wait for its end; if it hangs, end it. Then run again.",
                )
            time.sleep(PAUSE)

    def _lock(self, path):
        """The lock file, held; None if somebody else holds it, or has just removed it with the directory."""
        try:
            make_directory(self.directory, mode=0o700)
            handle = open(path, "w")  # noqa: SIM115  closed here or by alone()
        except FileNotFoundError:
            return None
        except OSError as exc:
            raise Refused("the state directory cannot be written", where=self.directory, found=str(exc))
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is(handle, path):
                return handle
        handle.close()
        return None

    def _renew_lease(self):
        lease = self.renewed_lease()
        if lease:
            self._store(dict(self.load() or {"version": VERSION}, lease=lease))

    def renewed_lease(self):
        """The lease that this play would get now; Refused if another play holds it."""
        return _lease.renewed(*self._lease_facts())

    def _lease_facts(self):
        """What a lease is judged by, as _lease takes it."""
        boot_id = (read_text(under(self.root, BOOT_ID)) or "").strip()
        mine = _lease.holder(os.environ)
        return self.load().get("lease"), mine, boot_id, time.time(), _uptime(self.root)

    def release(self):
        """Give the lease back if it is ours; a file that records nothing any more goes. Needs alone()."""
        data = self.load()
        if _lease.held(data.get("lease"), _lease.holder(os.environ)):
            del data["lease"]
            self._store(data)
        if set(data) <= {"version"}:
            for name in (self.path, os.path.join(self.directory, "lock")):
                remove(name)
            with contextlib.suppress(OSError):
                remove_directory(self.directory)

    def record(self, section, key, entry):
        """Write one entry; call it before the change that it describes."""
        self.update(section, {key: entry})

    def forget(self, section, key):
        """Drop one entry after its change has been undone."""
        self.update(section, {key: None})

    def update(self, section, entries):
        """Write entries and drop those that are None, all of them or, if the host dies meanwhile, none."""
        data = self.load() or {"version": VERSION}
        old = data.pop(section, {})
        new = {key: entry for key, entry in dict(old, **entries).items() if entry is not None}
        if new != old:
            self._store(dict(data, **({section: new} if new else {})))

    def _store(self, data):
        make_directory(self.directory, mode=0o700)
        try:
            write_text(self.path, json.dumps(data, indent=1, sort_keys=True) + "\n", mode=0o600)
        except (IOError, OSError) as exc:
            raise Failed("the state file cannot be written", where=self.path, found=str(exc))
