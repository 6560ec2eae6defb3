"""The refusal of the EAL that the plan avoids, shown on a real DPDK: CPU 128 in a core mask."""

import shutil
import subprocess

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset

TESTPMD = shutil.which("dpdk-testpmd")
pytestmark = pytest.mark.skipif(TESTPMD is None, reason="no dpdk-testpmd (Debian: package dpdk-dev)")

REFUSAL = ">= RTE_MAX_LCORE (128)"


def eal_says(mask):
    argv = [TESTPMD, "-c", mask, "--no-huge", "-m", "64", "--no-pci", "--file-prefix", "nfv-ovs-dpdk-test"]
    process = subprocess.Popen(
        argv + ["--", "--help"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return process.communicate(timeout=60)[0].decode("utf-8", "replace")


def test_the_mask_of_all_housekeeping_cpus_would_be_refused_and_the_planned_one_is_not():
    plan = hosts.plan(hosts.make(nodes=2, cores=64, layout="split", memory_mb=65536))
    everybody = _cpuset.to_mask(_cpuset.parse(plan["cpus"]["housekeeping"]))
    assert everybody != plan["masks"]["lcore"]
    assert REFUSAL in eal_says(everybody)
    assert REFUSAL not in eal_says(plan["masks"]["lcore"])


def test_127_is_the_last_cpu():
    assert REFUSAL in eal_says(_cpuset.to_mask([0, 128]))
    assert REFUSAL not in eal_says(_cpuset.to_mask([0, 127]))
