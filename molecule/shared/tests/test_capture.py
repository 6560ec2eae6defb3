"""Does a captured machine plan like the live one?"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CAPTURE = ROOT / "roles" / "host_capture" / "files" / "capture.py"


@pytest.fixture(scope="module")
def tree(machine, tmp_path_factory):
    """What the capture command takes from the machine over SSH, unpacked."""
    words = ["ssh", "-F", f"{machine}/ssh_config", "-o", "ControlPath=none", "node", "python3", "-"]
    words += ["--name", "node"]
    archive = subprocess.run(words, input=CAPTURE.read_bytes(), stdout=subprocess.PIPE, check=True).stdout
    place = tmp_path_factory.mktemp("captured")
    subprocess.run(["tar", "--extract", "--gzip"], input=archive, cwd=place, check=True)
    return place / "node"


def test_the_captured_machine_plans_like_the_live_one(machine, isolation, tree):
    """The live plan is that of the virgin machine: verify.yml has just compared them."""
    asked = {
        "root": str(tree),
        "nics": "0000:41:00.0; 0000:81:00.0",
        "other_config": {"pmd-sleep-max": "500"},
        "isolation": isolation,
    }
    module = ["localhost", "--module-name", "nfv.ovs_dpdk.host_plan_info", "--args", json.dumps(asked)]
    words = [sys.executable, "-m", "ansible", "adhoc", "--connection", "local", "--inventory", "localhost,", *module]
    plain = dict(os.environ, ANSIBLE_FORCE_COLOR="0", ANSIBLE_NOCOLOR="1")
    answer = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True, env=plain).stdout
    live = json.loads(Path(f"{machine}.plan.{isolation}.json").read_text(encoding="utf-8"))
    assert json.loads(answer.partition("=>")[2])["plan"] == live
