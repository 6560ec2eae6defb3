"""Each molecule scenario is one test: a virtual machine from nothing to proven, its output shown as it comes."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(scenario):
    subprocess.run(["molecule", "test", "-s", scenario], cwd=str(ROOT), check=True)
