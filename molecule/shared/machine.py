# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One virtual compute node: a QEMU process and the directory that holds everything of it.

Nothing of a machine is elsewhere: key, disk, monitor, console log, the sockets that are the wires of its NICs.
"""

import base64
import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import hardware
from tools import LabError, await_condition, run

SOCKET_PATH_MAX = 107
CONTROL = "ssh.sock"
CONTROL_SUFFIX = 17  # what ssh appends to it for a moment

# What makes a machine; its console log stays, to be read after the end.
MADE = (
    *("disk.qcow2", "vars.qcow2", "key", "key.pub", "ssh_config", CONTROL, "machine.json", "qemu.pid", "monitor.sock"),
    *(f"nic{node}.{side}.sock" for node in hardware.NODES for side in ("guest", "test")),
)

# Nothing to be checked: the machine and its key are minutes old, and the way to it never leaves the loopback.
SSH_CONFIG = """\
Host node 127.0.0.1
  HostName 127.0.0.1
  Port {port}
  User root
  IdentityFile "{key}"
  IdentitiesOnly yes
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
  ConnectTimeout 20
  ServerAliveInterval 10
  ServerAliveCountMax 6
  ControlPath "{control}"
"""


class Machine:
    """A machine, running or not, named by its directory."""

    def __init__(self, directory, say=print):
        self.directory = Path(directory).resolve()
        self.say = say
        self.key = self.directory / "key"
        self.console = self.directory / "console.log"
        self.monitor = self.directory / "monitor.sock"
        self.pidfile = self.directory / "qemu.pid"
        self.ssh_config = self.directory / "ssh_config"
        self.facts_file = self.directory / "machine.json"

    # -- life ---------------------------------------------------------------------------------------------

    def up(self, image, timeout=900, twins=False):
        """Boot a blank machine and wait until it has started completely; a running one is left as it is."""
        if not self.pid():
            self.down()
            self._check_socket_paths()
            self.directory.mkdir(parents=True, exist_ok=True)
            self._make_files(image)
            self._start(twins)
            self._have_it_watched()
        self.wait_for_ssh(timeout)

    def down(self):
        """Stop the machine and forget its disk. Harmless when it is half made, stopped or was never there."""
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            if not await_condition(lambda: self.pid() is None, 20):
                os.kill(pid, signal.SIGKILL)
                await_condition(lambda: self.pid() is None, 20)
        for name in MADE:
            with contextlib.suppress(FileNotFoundError):
                (self.directory / name).unlink()

    def reset(self):
        """Press the reset button: what a power cycle leaves of a machine."""
        self.qmp("system_reset")

    def pid(self):
        """Find our QEMU by its command line: never stale, whatever a pid file says."""
        marker = os.fsencode(self.pidfile)
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    arguments = (entry / "cmdline").read_bytes().split(b"\0")
                    if arguments[0].endswith(hardware.QEMU.encode()) and marker in arguments:
                        return int(entry.name)
        return None

    def cpu_seconds(self):
        """How long the host's CPUs have worked for the machine; 0 once it is gone."""
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{self.pid()}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) // os.sysconf("SC_CLK_TCK")
        return 0

    # -- what it is made of -------------------------------------------------------------------------------

    def facts(self):
        """Return what a caller must know to reach the machine."""
        if not self.facts_file.exists():
            return {"running": False, "directory": str(self.directory)}
        return dict(json.loads(self.facts_file.read_text(encoding="utf-8")), running=self.pid() is not None)

    def _check_socket_paths(self):
        longest = len(os.fsencode(self.directory / CONTROL)) + CONTROL_SUFFIX
        if longest > SOCKET_PATH_MAX:
            raise LabError(f"{self.directory} is {longest - SOCKET_PATH_MAX} bytes too long for the sockets in it")

    def _make_files(self, image):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(self.key)])
        disk = str(self.directory / "disk.qcow2")
        run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(image), disk])
        hardware.blank_variables(self.directory / "vars.qcow2")

    def _start(self, twins):
        """Start QEMU. Another process may take the chosen port meanwhile: then choose again."""
        accelerator = hardware.usable_accelerator(self.say)
        public_key = base64.b64encode(self.key.with_suffix(".pub").read_bytes()).decode()
        for attempt in range(3):
            port = free_port()
            try:
                run(hardware.command(self.directory, accelerator, port, public_key, twins))
                break
            except LabError as error:
                if attempt == 2 or "host forwarding" not in str(error):
                    raise
        settings = SSH_CONFIG.format(port=port, key=self.key, control=self.directory / CONTROL)
        self.ssh_config.write_text(settings, encoding="utf-8")
        facts = {"directory": str(self.directory), "accelerator": accelerator, "ssh_port": port,
                 "ssh_key": str(self.key), "ssh": shlex.join(self.ssh()),
                 "connection": {"ansible_host": "127.0.0.1", "ansible_port": port, "ansible_user": "root",
                                "ansible_ssh_common_args": f"-F {shlex.quote(str(self.ssh_config))}"}}  # fmt: skip
        self.facts_file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")

    def _have_it_watched(self):
        """A boot that hangs is reset, this one and every later one; the watch ends with the machine."""
        watch = [sys.executable, str(Path(__file__).with_name("watch.py")), str(self.directory)]
        with open(self.directory / "watch.log", "w", encoding="utf-8") as log:
            subprocess.Popen(watch, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    # -- ways in ------------------------------------------------------------------------------------------

    def ssh(self, *command):
        """Return the argument list that runs a command inside, over a connection of its own."""
        return ["ssh", "-F", str(self.ssh_config), "-o", "ControlPath=none", "node", *command]

    def wait_for_ssh(self, timeout):
        """Wait until the machine lets us in and systemd has finished starting."""
        started = time.monotonic()

        def inside():
            if not self.pid():
                raise LabError(f"the machine died while booting; its console: {self.console}")
            answer = subprocess.run(
                self.ssh("systemctl is-system-running --wait"),
                capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            return answer.stdout.strip() in ("running", "degraded")

        if not await_condition(inside, timeout, pause=2):
            raise LabError(f"no way in by SSH after {timeout} s; the machine's console: {self.console}")
        self.say(f"the machine answers after {time.monotonic() - started:.0f} s")

    def snapshot(self, verb, name=None):
        """Save, load or delete a named state of disk, memory and devices; or list them."""
        words = {"save": "savevm", "load": "loadvm", "delete": "delvm", "list": "info snapshots"}
        answer = self.qmp("human-monitor-command", **{"command-line": f"{words[verb]} {name or ''}".strip()}).strip()
        if verb != "list" and answer:
            raise LabError(f"snapshot {verb} {name}: {answer}")
        return answer

    def qmp(self, command, **arguments):
        """Run one command on QEMU's monitor."""
        if not self.pid():
            raise LabError(f"no machine runs in {self.directory}")
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(600)  # a snapshot of some GiB takes its time
            connection.connect(str(self.monitor))
            with connection.makefile("rw", encoding="utf-8") as stream:
                json.loads(stream.readline())  # the greeting
                for request in ({"execute": "qmp_capabilities"}, {"execute": command, "arguments": arguments}):
                    stream.write(json.dumps(request) + "\n")
                    stream.flush()
                    answer = next(reply for reply in map(json.loads, stream) if "event" not in reply)
        if "error" in answer:
            raise LabError(f"monitor command {command}: {answer['error']['desc']}")
        return answer["return"]


def free_port():
    """Let the kernel choose a TCP port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
