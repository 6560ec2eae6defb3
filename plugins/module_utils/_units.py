# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""systemd units: their names, and the few things that systemctl is asked to do with them.

Private to the collection. Python 3.6+, standard library only.
Sources: man pages systemd.unit(5) (escaping of paths) and systemctl(1).
"""

import re
import string

from ._errors import Failed, Refused

DIRECTORY = "/etc/systemd/system"
RUNNING = ("active", "activating", "reloading")
_PLAIN = string.ascii_letters + string.digits + ":_."
_SERVICE = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,200}\.service\Z")


def check_service(name, option):
    """Refuse what systemctl would take for an option or, with * or ?, for many units."""
    if not _SERVICE.match(name):
        cure = "Change {0} (openvswitch_service).".format(option)
        raise Refused("not the name of a service", found=repr(name), expected="x.service", cure=cure)


def escape_path(path):
    """Name of a unit for a path, without suffix: "/dev/hugepages-1G" is dev-hugepages\\x2d1G."""
    shown = []
    for part in path.strip("/").split("/"):
        safe = [c if c in _PLAIN else "".join("\\x{0:02x}".format(byte) for byte in c.encode()) for c in part]
        shown.append("".join(safe))
    return "-".join(shown)


class Systemd:
    """systemctl, through a run(argv) -> (rc, out, err)."""

    def __init__(self, run):
        self.run = run

    def enabled(self, names):
        """Those of the installed units *names* that are started at boot."""
        if not names:
            return set()
        rc, out, err = self.run(["systemctl", "is-enabled"] + list(names))
        answers = out.split()
        if len(answers) != len(names):
            raise Failed("systemctl does not say which units are enabled", found=(err or out).strip())
        return {name for name, answer in zip(names, answers) if answer == "enabled"}

    def standing(self, name):
        """(how the unit was loaded, None if there is none; {"enabled", "running"}, None if there is none)."""
        rc, out, err = self.run(["systemctl", "show", "--property=LoadState,ActiveState,UnitFileState", name])
        if rc:
            raise Failed("systemctl does not say how a unit is", where=name, found=(err or out).strip())
        found = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
        load = found.get("LoadState", "not-found")
        if load == "not-found":
            return None, None
        # A unit without [Install] is neither: nothing can be done about it.
        enabled = found.get("UnitFileState") not in ("disabled", "masked")
        return load, {"enabled": enabled, "running": found.get("ActiveState") in RUNNING}

    def call(self, verb, names=()):
        """systemctl *verb* for all *names* at once; raises Failed with what systemctl said."""
        argv = ["systemctl", verb] + list(names)
        rc, out, err = self.run(argv)
        if rc:
            raise Failed(
                "systemctl could not {0} {1}".format(verb, " ".join(names)).rstrip(),
                found=(err or out).strip() or "exit code {0}".format(rc),
                cure="journalctl -b -u UNIT says why.",
            )
