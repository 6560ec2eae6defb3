# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Press the reset button of a machine that hangs while it boots.

Under software emulation a guest's kernel may never get out of its start. An operator would power-cycle a server that
does so. This does it for a test, writes it down, and ends with the machine.
"""

import argparse
import contextlib
import subprocess
import sys
import time

from machine import Machine

BOOTING, BOOTED = b"Loading initial ramdisk", b"login:"
# Seconds of CPU time, so that a busy host makes nobody look as if he hung; a boot takes 50 to 250 of them.
PATIENCE = 400


def unfinished_boot(console):
    """Where in the *console* log a boot began that has not ended; None if none is under way."""
    began = console.rfind(BOOTING)
    return began if began >= 0 and console.find(BOOTED, began) < 0 else None


def answers(machine):
    """Whether it is up all the same: on a slow boot the login prompt may have been given up."""
    try:
        return subprocess.run(machine.ssh("true"), capture_output=True, timeout=60, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def watch(machine, patience, say, pause=2.0):
    """Look every *pause* seconds until the machine is gone."""
    boot, since = None, 0
    while machine.pid():
        with contextlib.suppress(FileNotFoundError):
            now = unfinished_boot(machine.console.read_bytes())
            if now != boot:
                boot, since = now, machine.cpu_seconds()
            elif boot is not None and machine.cpu_seconds() - since > patience:
                if not answers(machine):
                    clock = time.strftime("%H:%M:%S")
                    say(f"{clock} no login {patience} s of CPU time after the kernel was loaded: reset")
                    machine.reset()
                since = machine.cpu_seconds()
        time.sleep(pause)


def main():
    """Watch the machine in a directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--patience", type=int, default=PATIENCE, help="CPU seconds from kernel to login prompt")
    options = parser.parse_args()
    watch(Machine(options.directory), options.patience, lambda text: print(text, file=sys.stderr, flush=True))


if __name__ == "__main__":
    main()
