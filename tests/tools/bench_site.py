"""Speed, as ratios within one run, with the raw figures. Needs the machine that `make demo` leaves running.

Counts what Ansible really executes on the host: with pipelining every module is one SSH command that starts Python.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ROOT / "build/demo/hosts.json"
INVENTORY = ("-i", str(ROOT / "molecule/inventory"), "-i", str(HOSTS))
ENVIRONMENT = dict(os.environ, ANSIBLE_CONFIG=str(ROOT / "molecule/shared/ansible.cfg"), ANSIBLE_NOCOLOR="1")
# One line of -vvv output: <address> SSH: EXEC ssh … '/bin/sh -c '"'"'/usr/bin/python3 && sleep 0'"'"''
EXECUTION = re.compile(r"^<\S+> SSH: EXEC .*python", re.MULTILINE)


def timed(*words):
    started = time.monotonic()
    done = subprocess.run(
        words, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stdout)
    return time.monotonic() - started, done.stdout


def main():
    if not HOSTS.exists():
        print("site: not measured, there is no machine (`make demo` leaves one)")
        return
    site = ("ansible-playbook", "-vvv", *INVENTORY, "nfv.ovs_dpdk.site")
    pings, sites, executions = [], [], []
    for _dummy in range(3):
        pings.append(timed("ansible", *INVENTORY, "all", "-m", "ansible.builtin.ping")[0])
        seconds, output = timed(*site)
        if not re.search(r"changed=0\s", output):
            sys.exit("this run was no no-op:\n" + output)
        sites.append(seconds)
        executions.append(len(EXECUTION.findall(output)))
    figures = {
        "ping_seconds": [round(value, 2) for value in pings],
        "site_no_op_seconds": [round(value, 2) for value in sites],
        "site_to_ping": round(statistics.median(sites) / statistics.median(pings), 2),
        "module_executions": executions,
    }
    print(json.dumps(figures, indent=2))
    print("goal: at most 14 module executions and 12 pings")


if __name__ == "__main__":
    main()
