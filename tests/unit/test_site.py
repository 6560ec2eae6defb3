"""When the playbook site goes beyond its reboot."""

from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2.nativetypes")
pytest.importorskip("ansible.errors")

from ansible_collections.nfv.ovs_dpdk.plugins.filter.inputs import consent  # noqa: E402
from jinja2.nativetypes import NativeEnvironment  # noqa: E402

SITE = Path(__file__).resolve().parents[2] / "playbooks/site.yml"


def beyond(**variables):
    (play,) = yaml.safe_load(SITE.read_text())
    (block,) = [task for task in play["tasks"][0]["block"] if task["name"] == "DPDK devices, switch and proof"]
    environment = NativeEnvironment()
    environment.filters["nfv.ovs_dpdk.consent"] = consent
    return bool(environment.compile_expression(block["when"])(**variables))


@pytest.mark.parametrize(
    ("pending", "answer", "real", "dry"),
    [
        (False, "", True, True),
        (True, "", False, True),  # a real run has asked and ended
        (True, True, False, True),  # a real run is beyond its reboot, where nothing is pending
        (True, "false", False, False),
    ],
)
def test_a_dry_run_goes_as_far_as_a_real_one(pending, answer, real, dry):
    for check, goes in ((False, real), (True, dry)):
        given = {"host_reboot_pending": pending, "host_reboot_allowed": answer, "ansible_check_mode": check}
        assert beyond(**given) is goes
    assert beyond(ansible_check_mode=False)
