# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual compute nodes to try and test the collection on.

    lab.py up dev                      boot a blank Debian 12 named dev (builds the image the first time)
    lab.py ssh dev                     enter it
    lab.py snapshot dev save virgin    keep this state; `load virgin` comes back to it in seconds
    lab.py down dev                    stop it and forget its disk

Progress goes to standard error, the result to standard output as JSON.
"""

import argparse
import json
import os
import sys

from image import RELEASES, image
from machine import Machine
from tools import LabError, directory_of


def say(text):
    """Tell a person what goes on."""
    print(text, file=sys.stderr, flush=True)


def machine_at(place):
    """Return the machine of that name or directory."""
    return Machine(directory_of(place), say)


def run_image(options):
    return {"image": str(image(options.release, say))}


def run_up(options):
    machine = machine_at(options.machine)
    machine.up(image(options.release, say), twins=options.twins == "yes")
    return machine.facts()


def run_down(options):
    machine = machine_at(options.machine)
    machine.down()
    return machine.facts()


def run_reset(options):
    machine_at(options.machine).reset()


def run_status(options):
    return machine_at(options.machine).facts()


def run_snapshot(options):
    if options.verb != "list" and not options.name:
        raise LabError(f"snapshot {options.verb} needs a name")
    return {"answer": machine_at(options.machine).snapshot(options.verb, options.name)}


def run_ssh(options):
    words = machine_at(options.machine).ssh(*options.command)
    os.execvp(words[0], words)


def parser():
    """Build the command line."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = top.add_subparsers(required=True, metavar="verb")

    def verb(action, text, machine=True):
        sub = verbs.add_parser(action.__name__[len("run_") :], help=text)
        sub.set_defaults(action=action)
        if machine:
            sub.add_argument("machine", help="a name, or a directory (anything with a slash)")
        return sub

    up = verb(run_up, "boot a blank machine and wait for SSH")
    up.add_argument("--twins", choices=("yes", "no"), default="no", help="with two NICs more that share an IOMMU group")
    for sub in (
        verb(run_image, "build the image unless it is there; NFV_LAB_IMAGE names an own qcow2 instead", machine=False),
        up,
    ):
        sub.add_argument("--release", choices=RELEASES, default=RELEASES[0])
    verb(run_down, "stop the machine and forget its disk")
    verb(run_reset, "press the reset button")
    verb(run_status, "say whether and where it runs")
    snapshot = verb(run_snapshot, "save, load, delete or list states of a running machine")
    snapshot.add_argument("verb", choices=("save", "load", "delete", "list"))
    snapshot.add_argument("name", nargs="?")
    verb(run_ssh, "enter, or run a command inside").add_argument("command", nargs=argparse.REMAINDER)
    return top


def main():
    """Run one verb."""
    options = parser().parse_args()
    try:
        result = options.action(options)
    except LabError as error:
        sys.exit(f"lab.py: {error}")
    if result is not None:
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
