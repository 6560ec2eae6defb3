"""When the playbook site goes beyond its reboot, what no choice of tags leaves out, and the lease of each play."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
pytest.importorskip("jinja2.nativetypes")
pytest.importorskip("ansible.errors")

from ansible_collections.nfv.ovs_dpdk.plugins.filter.inputs import consent  # noqa: E402
from jinja2.nativetypes import NativeEnvironment  # noqa: E402

SITE = Path(__file__).resolve().parents[2] / "playbooks/site.yml"
PLAY = yaml.safe_load(SITE.read_text())[-1]
PARTS = ["packages", "kernel_args", "cpu_isolation", "hugepages", "dpdk_devices", "openvswitch"]


def beyond(**variables):
    (block,) = [task for task in PLAY["tasks"][-1]["block"] if task["name"] == "DPDK devices, switch and proof"]
    environment = NativeEnvironment()
    environment.filters["nfv.ovs_dpdk.consent"] = consent
    environment.filters["intersect"] = lambda one, other: [item for item in one if item in other]
    variables.setdefault("ansible_run_tags", ["all"])
    dry = environment.from_string(PLAY["vars"]["nfv_ovs_dpdk_beyond"]).render(**variables)
    return bool(environment.compile_expression(block["when"])(nfv_ovs_dpdk_beyond=dry, **variables))


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
    for tags, goes in ((["openvswitch"], False), (["openvswitch", "reboot"], True)):
        assert beyond(host_reboot_pending=True, ansible_check_mode=True, ansible_run_tags=tags) is goes


def test_guards_and_consent_come_with_whatever_changes_a_host():
    said = NativeEnvironment()
    said.filters["intersect"] = lambda one, other: [item for item in one if item in other]
    changes = said.from_string(PLAY["vars"]["nfv_ovs_dpdk_changes"])
    assert all(changes.render(ansible_run_tags=[part]) for part in ["all", "reboot", *PARTS])
    assert not any(changes.render(ansible_run_tags=[part]) for part in ["plan", "verify"])


def playbook(tmp_path, path, *options, hosts="host,", check=True, prefix=()):
    """What ansible-playbook says of *path* with this very collection."""
    place = tmp_path / "ansible_collections/nfv"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "ovs_dpdk").exists():
        (place / "ovs_dpdk").symlink_to(SITE.parents[1])
    command = [*prefix, sys.executable, "-m", "ansible", "playbook", "-i", hosts, str(path), *options]
    environment = dict(
        os.environ,
        ANSIBLE_COLLECTIONS_PATH=str(tmp_path),
        ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
        ANSIBLE_NOCOLOR="1",
    )
    done = subprocess.run(
        command, env=environment, cwd=str(tmp_path), stdout=subprocess.PIPE, universal_newlines=True, check=check
    )
    return done.stdout


def listed(tmp_path, *options):
    """The tasks that the site has with these options, without their parts' names."""
    out = playbook(tmp_path, SITE, "--list-tasks", *options)
    return [line.partition("TAGS:")[0].split(" : ")[-1].strip() for line in out.splitlines() if "TAGS:" in line]


ASKED = {"Refuse before the first change", "Ask for consent before the first change"}


@pytest.mark.parametrize("part", PARTS)
def test_no_choice_of_tags_leaves_out_guards_and_consent(tmp_path, part):
    assert set(listed(tmp_path, "--skip-tags", part)) >= ASKED
    assert set(listed(tmp_path, "--tags", part)) >= ASKED


WORK = {"ansible.builtin.debug": {"msg": "at work on {{ inventory_hostname }}"}}


def run(tmp_path, *options, hosts="a,b,c,", of=PLAY):
    """The first tasks of a play, that of the site, before its work; a host named a fails after them."""
    play = dict(of, serial=2, become=False, vars=dict(of.get("vars", {}), ansible_connection="local"))
    fails = {"ansible.builtin.fail": {"msg": "its work"}, "when": "inventory_hostname == 'a'"}
    play["tasks"] = [*of["tasks"][:-1], fails, WORK]
    del play["hosts"]
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([dict(play, hosts="all")]))
    return " ".join(playbook(tmp_path, path, *options, hosts=hosts, check=False).split())


def test_after_a_host_that_failed_the_next_ones_are_not_touched(tmp_path):
    out = run(tmp_path)
    assert "c has not been touched, because a did not come through." in out
    assert "at work on b" in out and "at work on c" not in out
    said = ["nfv_ovs_dpdk_stop_on_failure=false", '{"nfv_ovs_dpdk_stop_on_failure": false}']
    for goes_on in (*(["-e", words] for words in said), ["--check"]):
        assert "at work on c" in run(tmp_path, *goes_on)


@pytest.mark.parametrize("part", ["guard", "reboot", "packages"])
def test_what_others_rest_upon_is_no_part_that_could_be_skipped(tmp_path, part):
    assert "cannot be skipped (--skip-tags {0})".format(part) in run(tmp_path, "--skip-tags", part, hosts="b,")


@pytest.mark.parametrize("path", [SITE, SITE.with_name("teardown.yml")], ids=lambda path: path.stem)
def test_nothing_is_done_without_what_is_always_done(tmp_path, path):
    play = yaml.safe_load(path.read_text())[-1]
    assert "at work on b" in run(tmp_path, hosts="b,", of=play)
    out = run(tmp_path, "--skip-tags", "always", hosts="b,", of=play)
    assert "cannot be skipped (--skip-tags always). Nothing has been changed." in out and "at work" not in out


def leased(tmp_path, path):
    """What the play says and holds while it is at work, with nothing to do; /var/lib is a directory of the test."""
    *first, play = yaml.safe_load(path.read_text())
    block = play["tasks"][-1]
    play["tasks"][-1] = {
        "block": [
            *(task for task in block["block"] if task["name"] == "Lease"),
            {"nfv.ovs_dpdk.host_lease": {}},  # as any other changing module
            {"ansible.builtin.command": "cat /var/lib/nfv_ovs_dpdk/state.json", "register": "held"},
            {"ansible.builtin.debug": {"msg": "held {{ (held.stdout | from_json).lease | to_json }}"}},
        ],
        "always": [task for task in block["always"] if task["name"] == "End of the lease"],
    }
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([*first, play]))
    here = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /var/lib && exec "$@"', str(tmp_path / "lib")]
    host = {"ansible_connection": "local", "ansible_become": False, "ansible_python_interpreter": sys.executable}
    given = dict(host, rebalance_apply=True)
    return playbook(tmp_path, path, "-e", json.dumps(given), check=False, prefix=here)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root for a mount namespace")
@pytest.mark.parametrize("name", ["site", "teardown", "rebalance"])
def test_a_play_holds_its_host_and_lets_it_go(tmp_path, name):
    path, state = SITE.with_name(name + ".yml"), tmp_path / "lib/nfv_ovs_dpdk/state.json"
    (tmp_path / "lib").mkdir()
    out = leased(tmp_path, path)
    (held,) = re.findall(r'"msg": "held (.*)"', out)
    lease = json.loads(held.replace('\\"', '"'))
    assert re.match(r"\d{8}T\d{6}Z-\d+$", lease["job"]) and lease["host"] == os.uname().nodename
    assert not state.parent.exists()
    state.parent.mkdir()
    other = dict(lease, job="4711", host="awx")
    state.write_text(json.dumps({"version": 1, "lease": other}))
    out = leased(tmp_path, path)
    assert "another play is at work on this host: found job 4711@awx" in out and '"msg": "held' not in out
    assert json.loads(state.read_text())["lease"] == other


LATE = [
    ({"host_verify_fail_on": "warning"}, "host_verify_fail_on"),
    ({"hugepages_mounts": "maybe"}, "hugepages_mounts"),
    ({"kernel_args_backend": "lilo"}, "kernel_args_backend"),
]


@pytest.mark.parametrize(("given", "words"), LATE, ids=[words for _given, words in LATE])
def test_what_a_later_role_would_refuse_is_refused_before_the_first_change(tmp_path, given, words):
    (arguments,) = [task for task in PLAY["tasks"][-1]["block"] if task["name"] == "Arguments of what follows"]
    play = dict(PLAY, tasks=[arguments, None])
    out = run(tmp_path, "-e", json.dumps(given), hosts="b,", of=play)
    assert words in out and "at work" not in out
    assert "at work on b" in run(tmp_path, hosts="b,", of=play)
