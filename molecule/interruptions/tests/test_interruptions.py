"""Is a role that was interrupted, and run again, as if nothing had been?

Each role is run undisturbed from a snapshot, while a trap inside counts the files that each of its tasks writes: a
module records what it is about to do. Then it goes back to the snapshot, each of these tasks is interrupted in turn at
one of its files, and the role is run again: the host must be what it was the first time, when a dry run found nothing
more to do. Power cuts, killed modules and cut connections take turns, or all three come to each task where
NFV_ALL_INTERRUPTIONS is set.

A power cut is a reboot besides: after it, the host may also be what it becomes when the power is cut after an
undisturbed run. A line on trial boots then, as it would have. As that is another host, it has a dry run of its own.
"""

import itertools
import json
import logging
import os
import pathlib
import re
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(HERE.parent / "shared"))
import witness  # noqa: E402  found by the path above
from machine import Machine  # noqa: E402  likewise

KINDS = ("module", "connection", "power")
ALL_KINDS = os.environ.get("NFV_ALL_INTERRUPTIONS", "").lower() in ("1", "true", "yes")
STATE = "/var/lib/nfv_ovs_dpdk/state.json"
RECORD = "/var/lib/nfv_ovs_dpdk/*state.json*"  # written, and then put in place, before each change
# What a role runs, and the files whose appearance is a moment to strike at; without any it runs undisturbed.
BOOTED = [(role, "main", []) for role in ("kernel_args", "hugepages", "host_reboot", "hugepages")]
ROLES = {
    "kernel": [
        ("kernel_args", "main", [RECORD, "/boot/grub/grub*"]),
        ("cpu_isolation", "main", [RECORD]),
        ("hugepages", "main", [RECORD]),
        ("host_reboot", "main", [RECORD, "/boot/grub/grub*"]),
    ],
    "packages": [("openvswitch", "packages", [RECORD, "/var/lib/dpkg/info/*.list"])],
    "switch": [
        ("openvswitch", "packages", []),
        *BOOTED,
        ("dpdk_devices", "main", [RECORD]),
        ("openvswitch", "main", [RECORD, "/run/openvswitch/*vswitchd.pid*"]),
    ],
}
NOT_KEPT = "this kernel line has been tried and was not kept"
TRAP = "/var/tmp/trap"
PROGRAM = (HERE / "trap.py").read_text(encoding="utf-8")
UNIT = f"""
[Unit]
DefaultDependencies=no
After=local-fs.target
[Service]
ExecStart=/usr/bin/python3 {TRAP}/trap.py {TRAP}
[Install]
WantedBy=sysinit.target
"""

turns = itertools.cycle(KINDS)


class Node(Machine):
    def __init__(self, directory, plan):
        super().__init__(directory)
        self.plan = plan

    def run(self, command, stdin=""):
        done = subprocess.run(self.ssh(command), input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def play(self, role, tasks, *options):
        """Return how a run of the role went: (return code, changed tasks, output)."""
        command = [
            *("ansible-playbook", str(HERE / "role.yml"), *options, f"--extra-vars=@{self.plan}"),
            *(f"--inventory={HERE.parent}/inventory", f"--inventory={self.directory.parent}/machines.yml"),
            f"--extra-vars=interrupted_role={role} interrupted_tasks={tasks}",
        ]  # fmt: skip
        # No connection outlives its run: the machine that it was made to is gone after a snapshot.
        settings = {"ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=5 -o ServerAliveInterval=5",
                    "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(HERE.parent / "shared/ansible.cfg")}  # fmt: skip
        done = subprocess.run(
            command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        changed = re.search(r"changed=(\d+)", done.stdout)
        return done.returncode, int(changed.group(1)) if changed else None, done.stdout

    def trap(self, kind, number, places):
        """Wait inside for the n-th of these files, to strike; a reboot does not end that."""
        self.disarm()
        self.run(f"mkdir -p {TRAP}; rm -f {TRAP}/seen {TRAP}/ready; cat > {TRAP}/trap.py", stdin=PROGRAM)
        self.run(f"cat > {TRAP}/arguments", stdin="\n".join([kind, str(number), *places]))
        self.run("cat > /etc/systemd/system/trap.service", stdin=UNIT)
        self.run(f"systemctl enable --now --quiet trap && until test -e {TRAP}/ready; do sleep 0.1; done; sync")

    def disarm(self):
        """Whatever has not been struck by now is not struck any more."""
        self.run("systemctl disable --now --quiet trap 2>/dev/null || :; rm -f /etc/systemd/system/trap.service; sync")

    def struck(self):
        """The files that have appeared, each as (process of the task, name)."""
        return [tuple(line.split()) for line in self.run(f"cat {TRAP}/seen 2>/dev/null || :").splitlines()]

    def boot_id(self):
        return self.run("cat /proc/sys/kernel/random/boot_id").strip()

    def testimony(self):
        found = witness.testimony(self.run("sh", stdin=witness.SCRIPT))
        state = json.loads(self.run(f"cat {STATE} 2>/dev/null || echo {{}}"))
        state.pop("lease", None)
        state.get("kernel_cmdline", {}).get("trial", {}).pop("boot_id", None)
        # The name that a switch gives itself is another one in each life.
        return {name: [line for line in lines if "system-id" not in line] for name, lines in found.items()}, state


@pytest.fixture(scope="session")
def node(pytestconfig, tmp_path_factory):
    # The plan is asked for once: what is tried here are the roles.
    plan = tmp_path_factory.mktemp("plan") / "plan.json"
    with open(pytestconfig.getoption("plan"), encoding="utf-8") as handle:
        plan.write_text(json.dumps({"nfv_ovs_dpdk_plan": json.load(handle)}), encoding="utf-8")
    return Node(pytestconfig.getoption("machine"), plan)


def moments(files):
    """Number and name of a file in the midst of each task: at its last one it may have ended already."""
    tasks = {}
    for number, (task, name) in enumerate(files, 1):
        tasks.setdefault(task, []).append((number, name))
    return sorted(rows[(len(rows) - 1) // 2] for rows in tasks.values())


def interrupted(node, role, tasks, places, number, kind):
    """Run the role and strike; return whether that stopped it."""
    before = node.boot_id()
    node.trap(kind, number, places)
    code, _changed, output = node.play(role, tasks)
    if kind == "power":
        node.wait_for_ssh(900)
        assert node.boot_id() != before, output
    node.disarm()
    assert len(node.struck()) >= number, output
    return code != 0


def again(node, role, tasks, settled):
    """Run the role again; return what the host is then, and what went wrong on the way; *settled* asks a dry run."""
    code, _changed, output = node.play(role, tasks)
    if code and NOT_KEPT in output:
        # To a host a power cut on trial is a trial that nobody has confirmed. It says so, and tries again if asked.
        for part in ("kernel_args", role):
            code, _changed, output = node.play(part, "main", "--extra-vars=kernel_args_trial_retry=true")
    if code:
        return None, ["the run after it failed:\n" + output]
    found = node.testimony()
    return found, restless(node, role, tasks) if settled else []


def restless(node, role, tasks):
    code, changed, output = node.play(role, tasks, "--check", "--diff")
    return [] if (code, changed) == (0, 0) else ["a dry run has something to do:\n" + output]


def unlike(found, wanted):
    lines = witness.differences(found[0], wanted[0])
    return lines if found[1] == wanted[1] else [*lines, f"state: {json.dumps(found[1])} not {json.dumps(wanted[1])}"]


def cut_afterwards(node, role, tasks):
    """What the host is when the power is cut after an undisturbed run, and the role runs again."""
    node.snapshot("load", "before")
    code, _changed, output = node.play(role, tasks)
    assert code == 0, output
    node.reset()
    node.wait_for_ssh(900)
    found, wrong = again(node, role, tasks, settled=True)
    assert wrong == []
    return found


def pytest_generate_tests(metafunc):
    rows = ROLES[metafunc.config.getoption("rows")]
    metafunc.parametrize(("role", "tasks", "places"), rows, ids=[f"{row[0]}-{row[1]}" for row in rows])


def test_interrupted(node, role, tasks, places):
    if places:
        node.snapshot("save", "before")
        node.trap("count", 0, places)
    code, _changed, output = node.play(role, tasks)
    assert code == 0, output
    if not places:
        return
    node.disarm()
    files, wanted, wrong, missed = node.struck(), [node.testimony()], {}, []
    logging.info("%s: %d tasks write %d files", role, len({task for task, _name in files}), len(files))
    assert restless(node, role, tasks) == []
    node.snapshot("save", "after")
    for number, name in moments(files):
        for kind in KINDS if ALL_KINDS else [next(turns)]:
            node.snapshot("load", "before")
            title = f"{kind} at {number} of {len(files)}, {name}"
            if not interrupted(node, role, tasks, places, number, kind):
                missed.append(title)
            found, wrong[title] = again(node, role, tasks, settled=kind == "power")
            if found and kind == "power" and unlike(found, wanted[0]) and not wanted[1:]:
                wanted.append(cut_afterwards(node, role, tasks))
            if found:
                wrong[title] += min((unlike(found, known) for known in wanted[: 1 + (kind == "power")]), key=len)
            logging.info("%s: %s: %s", role, title, "; ".join(wrong[title])[-3000:] or "as undisturbed")
            if title in missed:
                logging.info("%s: the run went on", role)
    # The next role goes on from a host that nobody has disturbed.
    node.snapshot("load", "after")
    assert {title: faults for title, faults in wrong.items() if faults} == {}
    # To cut the power of a host that is about to reboot, or to cut its connection, is a reboot. Elsewhere a module or a
    # connection may have come to its end before the strike did, but not each time.
    assert role == "host_reboot" or len(missed) < len(wrong), missed
