# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TuneD: the profile that isolates CPUs, what it puts on the kernel line, and telling the daemon what to do.

The profile cpu-partitioning takes its CPUs from a variables file. Its boot loader plug-in keeps the kernel arguments in
/etc/tuned/bootcmdline, sets them as $tuned_params in /boot/grub/grub.cfg, and lets /etc/default/grub refer to that
variable, so that they survive the next grub-mkconfig. A profile that is active is not a line that is booted: each of
these places is asked.

Private to the collection. Python 3.6+, standard library only.
Sources: tuned(8), tuned-adm(8), tuned.conf(5); the files of TuneD's profile cpu-partitioning and its 00_tuned.
"""

import os
import re

from . import _cmdline, _cpuset, _files, _grub
from ._errors import Failed, Refused
from ._tree import Tree

PROFILE = "cpu-partitioning"
FAMILIES = ("cpu-partitioning", "realtime")
DIRECTORY = "/etc/tuned"
VARIABLES = DIRECTORY + "/cpu-partitioning-variables.conf"
LOG = "/var/log/tuned/tuned.log"
ADM = "/usr/sbin/tuned-adm"
UNIT = "tuned.service"
SECTION = "tuned"
VERIFY_SECONDS = 60

# A kernel argument that nobody but profiles of this family writes; the kernel itself does not know it.
MARK = "tuned.non_isolcpus"
# Debian has no Python module perf; without it TuneD goes on and leaves these plug-ins out.
PERF_PLUGINS = ("irqbalance", "scheduler")

_BOOT = re.compile(r'^TUNED_BOOT_CMDLINE="?(.*?)"?$', re.MULTILINE)
_MENU = re.compile(r'^\s*set tuned_params="(.*)"$', re.MULTILINE)
_REFERENCE = "$tuned_params"
_CORES = re.compile(r"^\s*isolated_cores\s*=\s*(.*?)\s*$", re.MULTILINE)
_MISMATCH = re.compile(r"verify: failed: (.*)$")


def variables(isolated):
    """Text of the variables file for the profile."""
    return "# Written by nfv.ovs_dpdk.tuned_profile; changes made here are lost.\nisolated_cores={0}\n".format(isolated)


def asks_for(text, isolated):
    """Whether a variables file, whoever wrote it, isolates exactly these CPUs."""
    try:
        return [_cpuset.parse(cpus) for cpus in _CORES.findall(text or "")] == [_cpuset.parse(isolated)]
    except Refused:
        return False


def tokens(isolated):
    """The kernel arguments that the profile brings for these CPUs and that a plan counts on."""
    return ["nohz_full=" + isolated, "rcu_nocbs=" + isolated] if isolated else []


def planned_tokens(isolation):
    """The same for plan.isolation: none where the plan isolates by something else."""
    return tokens(isolation.get("nohz_full", "")) if isolation.get("mechanism") == "tuned" else []


def isolates(profile):
    """Whether a profile, or one of several that are active together, takes CPUs away from the scheduler."""
    return any(word.startswith(FAMILIES) for word in profile.split())


def on_line(line):
    """Whether a kernel line was made by such a profile."""
    return any(_cmdline.name(token) == MARK for token in _cmdline.split(line or ""))


def own_tokens(state, line):
    """Arguments of a kernel line that the profile brought because we told it to; *state* is the whole state file."""
    return state.get(SECTION, {}).get("line", {}).get("tokens", []) if on_line(line) else []


class Tuned:
    """TuneD below *root*; *run* executes commands."""

    def __init__(self, root, run):
        self.root, self.run, self.tree = root, run, Tree(root)

    def installed(self):
        return os.access(_files.under(self.root, ADM), os.X_OK)

    def profile(self):
        """Name of the active profile, several separated by blanks; "" if there is none."""
        return self.tree.text(DIRECTORY + "/active_profile") or ""

    def automatic(self):
        """Whether TuneD chose the profile itself."""
        return self.tree.text(DIRECTORY + "/profile_mode") == "auto"

    def running(self):
        return self.run(["systemctl", "is-active", "--quiet", UNIT])[0] == 0

    def boot_tokens(self):
        """What the active profile asks of the kernel at the next boot."""
        match = _BOOT.search(self.tree.text(DIRECTORY + "/bootcmdline") or "")
        return _cmdline.split(match.group(1)) if match else []

    def menu_tokens(self):
        """What TuneD adds to the entry that boots by itself; [] if the entry does not refer to it."""
        text = self.tree.text(_grub.MENU) or ""
        entries, match = _grub.entries(text), _MENU.search(text)
        referred = match and entries and _REFERENCE in entries[0]["tokens"]
        return _cmdline.split(match.group(1)) if referred else []

    def in_force(self, wanted):
        """Whether the profile is active, and the next boot will have the *wanted* tokens."""
        if PROFILE not in self.profile().split() or not self.running():
            return False
        return not any(_cmdline.lacking(line, wanted) for line in (self.boot_tokens(), self.menu_tokens()))

    def missing_plugins(self):
        """Plug-ins of the profile that cannot work here."""
        return list(PERF_PLUGINS) if self.run(["/usr/bin/python3", "-c", "import perf"])[0] else []

    def switch(self, profile, automatic=False):
        """Activate a profile, also one that is active already: its files are read again. "" is none."""
        words = ["auto_profile"] if automatic else ["profile"] + profile.split() if profile else ["off"]
        rc, out, err = self.run(["tuned-adm"] + words)
        if rc:
            raise Failed(
                "tuned-adm failed",
                where=" ".join(words),
                found=(err or out).strip()[-500:] or "exit code {0}".format(rc),
                cure="{0} says why.".format(LOG),
            )

    def verify(self):
        """What differs from the active profile, in TuneD's words; [] if nothing does."""
        rc, out, err = self.run(["timeout", str(VERIFY_SECONDS), "tuned-adm", "verify"])
        if rc == 0:
            return []
        if rc == 124:
            return ["tuned-adm verify does not answer within {0} s".format(VERIFY_SECONDS)]
        said = (self.tree.text(LOG) or "").rpartition("verifying profile(s)")[2]
        found = [match.group(1) for match in map(_MISMATCH.search, said.splitlines()) if match]
        return found or [((err or out).strip().splitlines() or ["exit code {0}".format(rc)])[0]]


def collect(root, run, plan):
    """What a proof looks at; *run* is None for a captured tree. TuneD is only asked where the plan counts on it."""
    tuned = Tuned(root, run)
    ask = run and plan and planned_tokens(plan["isolation"]) and isolates(tuned.profile())
    return {
        "profile": tuned.profile(),
        "boot_tokens": tuned.boot_tokens(),
        "differences": tuned.verify() if ask else None,
    }


def check_installed(tuned):
    """Refuse to go on without the program."""
    if not tuned.installed():
        raise Refused(
            "TuneD is not installed",
            expected=ADM,
            cure="Install the package tuned; role cpu_isolation does it (cpu_isolation_packages).",
        )
