"""Each molecule scenario is one test: a virtual machine from nothing to proven, its output shown as it comes."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario):
    # Molecule's own place for a run follows from the names of directory and scenario alone: a second checkout of the
    # same name would begin by destroying this one's machine. Ours is in the checkout, and taken once at a time.
    place = ROOT / "build" / "molecule" / scenario
    place.mkdir(parents=True, exist_ok=True)
    with open(str(place) + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            ["molecule", "test", "-s", scenario],
            cwd=ROOT,
            env=dict(os.environ, MOLECULE_EPHEMERAL_DIRECTORY=str(place)),
            check=True,
        )
