# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the files of the lab share: its one error, its places, running a program, waiting."""

import os
import subprocess
import time
from pathlib import Path


class LabError(Exception):
    """The lab could not do as told; the text says why."""


def cache_dir():
    """Where images and named machines live: outside the repository, one place per user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "nfv-ovs-dpdk"


def directory_of(place):
    """A name means a directory below the cache; anything with a slash is a directory itself."""
    return Path(place) if "/" in place else cache_dir() / "machines" / place


def run(command, stdin="", log=None, **environment):
    """Run a command, return its output; a failure tells the command and its last words."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"  # where Debian keeps mke2fs and sfdisk
    try:
        result = subprocess.run(
            command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
            env=dict(os.environ, PATH=path, **environment),
        )  # fmt: skip
    except FileNotFoundError:
        raise LabError(f"the program {command[0]} is not installed") from None
    if log:
        log.write_text(result.stdout, encoding="utf-8")
    if result.returncode:
        tail = "\n".join(result.stdout.splitlines()[-10:])
        raise LabError(f"{command[0]} failed with code {result.returncode}{f' ({log})' if log else ''}:\n{tail}")
    return result.stdout


def await_condition(condition, timeout, pause=0.2):
    """Ask until the condition holds; return whether it did in time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
