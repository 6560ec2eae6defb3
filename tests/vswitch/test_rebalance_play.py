"""The playbook rebalance as ansible-playbook runs it, on a real switch under a load that goes on meanwhile.

In a mount namespace of its own: the state of this machine is neither read nor written.
"""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from rxq_load import Loaded

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
# Roundrobin gives the two busy queues of p0 to the same thread.
PACKETS = {("p0", 0): 24, ("p0", 2): 20, ("p0", 1): 4, ("p0", 3): 3, ("p1", 0): 4}
VERDICT = re.compile(r"The load of the busiest thread went down: from (\d+) % to (\d+) %\.")


class Sender:
    """Keeps sending at an even pace, so that loads can be measured before and after."""

    def __init__(self, loaded):
        self.loaded, self.over = loaded, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.over.wait(0.05):
            for (port, queue), count in PACKETS.items():
                self.loaded.inject(port, queue, count)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_error):
        self.over.set()
        self.thread.join()


@pytest.fixture
def loaded(switch):
    made = Loaded(switch("0,0,0,0,1,1,1,1"), {"p0": (0, 4), "p1": (1, 2)}, [1, 2, 5, 6], copies=1500)
    made.configure("roundrobin")
    return made


@pytest.fixture
def play(loaded, tmp_path):
    """play(**variables) -> output of the playbook, which must end well."""
    if not os.path.exists(PLAYBOOK) or os.geteuid() != 0:
        pytest.skip("needs ansible-playbook beside this Python, and root for a mount namespace")
    for name in ("lib", "home", "ansible_collections/nfv"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "ansible_collections/nfv/ovs_dpdk").symlink_to(ROOT)
    more = {"HOME": str(tmp_path / "home"), "ANSIBLE_COLLECTIONS_PATH": str(tmp_path), "ANSIBLE_NOCOLOR": "1"}
    env = dict(loaded.switch.env, LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1", **more)
    inner = 'mount --bind "$0" /var/lib && exec "$@"'
    start = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        inner,
        str(tmp_path / "lib"),
        PLAYBOOK,
        "-i",
        "localhost,",
        "-c",
        "local",
    ]

    def run(**variables):
        given = {"ansible_become": False, "ansible_python_interpreter": sys.executable, "rebalance_interval": 1}
        given.update(variables, rebalance_load_threshold="10")
        argv = start + ["-e", json.dumps(given), "nfv.ovs_dpdk.rebalance"]
        done = subprocess.run(
            argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return run


def test_the_busiest_thread_is_relieved_and_all_is_taken_back(loaded, play):
    before = loaded.switch.configuration()
    with Sender(loaded):
        told = play(rebalance_apply=True)
    assert "1. assign: The busiest thread has" in told
    was, now = map(int, VERDICT.search(told).groups())
    assert now < was
    assert loaded.switch.configuration() != before
    play(rebalance_undo=True)
    assert loaded.switch.configuration() == before
