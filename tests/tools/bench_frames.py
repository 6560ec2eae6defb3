"""Frames lost at a fixed rate through the machine that `make demo` leaves running, while a playbook is at work on it.

Each action stands beside a control round as long as a no-op, in which nothing is done; where that loses a frame, the
measurement is void. In the end the keys are as they were.
"""

import argparse
import json
import re
import sys
import time
from functools import partial

import yaml
from bench_site import HOSTS, INVENTORY, ROOT, timed

sys.path.insert(0, str(ROOT / "molecule/shared"))

from frames import stream
from machine import Machine
from tools import directory_of, run

MACHINE = directory_of("demo")
SITE = ("ansible-playbook", *INVENTORY, "nfv.ovs_dpdk.site")
LOG, STARTED = "/var/log/openvswitch/ovs-vswitchd.log", "INFO|ovs-vswitchd (Open vSwitch) "
CONSENT = {"openvswitch_restart_allowed": True}


def switch_keys(more, variables):
    """The command that brings the switch to the operator's keys and some more."""
    keys = yaml.safe_load((ROOT / "molecule/inventory/group_vars/all.yml").read_text())["host_plan_other_config"]
    variables = dict(variables, host_plan_other_config=dict(keys, **more))
    return (*SITE, "--tags", "openvswitch", "-e", json.dumps(variables))


# name, command, whether it changes anything, how often the switch starts anew, most frames that may be lost
ACTIONS = (
    ("no-op run", SITE, False, 0, 0),
    ("live key change", switch_keys({"emc-insert-inv-prob": "50"}, {}), True, 0, 0),
    ("restart key change", switch_keys({"vhost-iommu-support": "true"}, CONSENT), True, 1, None),
)


def starts():
    """How often the switch has started, by its log."""
    return int(run(Machine(MACHINE).ssh("grep", "-cF", f"'{STARTED}'", LOG)))


def play(command, changes):
    """Run a play; it must change something, or nothing, or it measures something else."""
    seconds, output = timed(*command)
    if changes == bool(re.search(r"changed=0\s", output)):
        sys.exit(f"this run should have changed {'something' if changes else 'nothing'}:\n{output}")
    return seconds


def measured(name, rate, action):
    before = starts()
    figures = stream(MACHINE, action, rate)[1]
    figures["restarts"] = starts() - before
    print(
        "{name:<20} {seconds:>6} s  sent {sent:>6}  received {received:>6}  lost {lost:>5}  longest gap "
        "{longest_gap_frames:>5} frames, {longest_gap_seconds:>6} s  restarts {restarts}".format(name=name, **figures),
        flush=True,
    )
    return figures


def verdict(control, figures, restarts, lost):
    if control["lost"]:
        return "void, the control lost frames"
    if figures["restarts"] != restarts or (lost is not None and figures["lost"] > lost):
        return "not reached"
    return "reached"


def rounds(rate, pause):
    """Measure every action beside its control."""
    for name, command, changes, restarts, lost in ACTIONS:
        control = measured("control", rate, partial(time.sleep, pause))
        figures = measured(name, rate, partial(play, command, changes))
        goal = verdict(control, figures, restarts, lost)
        print(f"{name}: goal {goal}", flush=True)
        yield {"action": name, "goal": goal, "control": control, "figures": figures}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50, help="frames in a second")
    rate = parser.parse_args().rate
    if not HOSTS.exists():
        print("frames: not measured, there is no machine (`make demo` leaves one)")
        return
    pause = play(SITE, False)  # is the machine as `make demo` left it?
    try:
        print(json.dumps({"frames": {"rate": rate, "rounds": list(rounds(rate, pause))}}, indent=2))
    finally:
        timed(*switch_keys({}, CONSENT))
    print("goal: no frame lost by a no-op and by a live key, one restart for a key that needs one")


if __name__ == "__main__":
    main()
