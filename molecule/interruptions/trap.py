"""Interrupt the machine that this runs on at the n-th of some files that appear, before or after a reboot.

    trap.py DIRECTORY

DIRECTORY/arguments has KIND, NUMBER and patterns, a line each. KIND is one of: count (never interrupt), module (SIGKILL
to every Python that came in by SSH), connection (SIGKILL to every SSH session), power (the kernel stops at once and
syncs nothing). DIRECTORY/seen gets a line for each file: the process of the task at work, 0 between two tasks, and its
name; it is on the disk before anything is interrupted, so nothing is twice. DIRECTORY/ready says that it watches.
"""

import contextlib
import ctypes
import fnmatch
import os
import signal
import struct
import sys
import time

IN_MOVED_TO, IN_CREATE = 0x80, 0x100
EVENT = struct.Struct("iIII")


def appearing(patterns):
    """Return an iterator of the paths that match, as soon as they are there."""
    libc = ctypes.CDLL(None)
    watch, directories = libc.inotify_init(), {}
    for directory in sorted({os.path.dirname(pattern) for pattern in patterns}):
        os.makedirs(directory, 0o700, exist_ok=True)
        directories[libc.inotify_add_watch(watch, directory.encode(), IN_CREATE | IN_MOVED_TO)] = directory
    return (path for path in paths(watch, directories) if any(fnmatch.fnmatch(path, pattern) for pattern in patterns))


def paths(watch, directories):
    while True:
        data = os.read(watch, 65536)
        while data:
            which, _mask, _cookie, length = EVENT.unpack_from(data)
            name = data[EVENT.size : EVENT.size + length].rstrip(b"\0").decode()
            data = data[EVENT.size + length :]
            yield os.path.join(directories[which], name)


def status(process):
    """(name, parent) of a process; two empty ones of one that has ended."""
    try:
        with open("/proc/{0}/stat".format(process)) as handle:
            head, tail = handle.read().rsplit(")", 1)
    except OSError:
        return "", 0
    return head.split("(", 1)[1], int(tail.split()[1])


def came_in(process):
    """Whether a process belongs to an SSH session; the sshd that listens is a child of process 1."""
    while process > 1:
        name, parent = status(process)
        if name.startswith("sshd") and parent != 1:
            return True
        process = parent
    return False


def at_work(name="python3", oldest=0):
    """The processes of that name that came in, and are younger than *oldest*."""
    running = [process for process in map(int, filter(str.isdigit, os.listdir("/proc"))) if process > oldest]
    return [process for process in running if status(process)[0].startswith(name) and came_in(process)]


def interrupt(kind):
    if kind == "power":
        with open("/proc/sysrq-trigger", "w") as handle:
            handle.write("b")
    while not at_work():
        time.sleep(0.01)  # between two tasks: the next one then
    for process in at_work("python3" if kind == "module" else "sshd"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def main():
    place = sys.argv[1]
    with open(os.path.join(place, "arguments")) as handle:
        kind, number, *patterns = handle.read().split()
    with open(os.path.join(place, "seen"), "a+") as handle:
        handle.seek(0)
        before = len(handle.readlines())
        files = appearing(patterns)
        with open(os.path.join(place, "ready"), "w"):
            pass
        for count, path in enumerate(files, before + 1):
            handle.write("{0} {1}\n".format(min(at_work(oldest=os.getpid()), default=0), path))
            handle.flush()
            os.fsync(handle.fileno())
            if count == int(number) and kind != "count":
                interrupt(kind)


if __name__ == "__main__":
    main()
