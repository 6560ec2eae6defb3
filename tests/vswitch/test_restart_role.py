"""Role openvswitch and its consent, as ansible-playbook runs it, on a real switch; only systemctl is played.

In a mount namespace of its own: the state of this machine is neither read nor written.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import die_with_parent, wait_for

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
PLAY = [{"hosts": "localhost", "gather_facts": False, "tasks": [{"import_role": {"name": "nfv.ovs_dpdk.openvswitch"}}]}]
# Units that are there and enabled; a start is asked of the test, whose child the daemon is.
SYSTEMCTL = """#!/bin/sh
case $1 in
show)
  active=inactive
  kill -0 "$(cat $OVS_RUNDIR/ovs-vswitchd.pid)" && active=active
  printf 'LoadState=loaded\\nActiveState=%s\\nUnitFileState=enabled\\n' $active ;;
is-enabled) echo enabled ;;
start|restart)
  mkfifo {0}/done
  touch {0}/request
  cat {0}/done >/dev/null
  rm {0}/done ;;
esac
"""
TSO = {"userspace-tso-enable": "true"}
REASON = "userspace-tso-enable is 'true', the running process uses unset"
TRAFFIC = "p0 on br0 (dummy-pmd, link up)"
BRIDGES = [{"bridge": "br1", "datapath_type": "dummy"}]


class Node:
    """A host of one switch, and the role on it."""

    def __init__(self, switch, place):
        self.switch, self.place, self.restarts = switch, place, 0
        for name in ("bin", "lib", "home", "ansible_collections/nfv"):
            (place / name).mkdir(parents=True)
        (place / "ansible_collections/nfv/ovs_dpdk").symlink_to(ROOT)
        (place / "bin/systemctl").write_text(SYSTEMCTL.format(place))
        (place / "bin/systemctl").chmod(0o755)
        (place / "play.json").write_text(json.dumps(PLAY))

    def run(self, keys, *options, **variables):
        """(return code, output) of a play with *keys* planned."""
        plan = {"other_config": keys, "devices": [], "dpdk_drivers": [], "os": {"id": "debian", "family": "debian"}}
        more = {"nfv_ovs_dpdk_plan": plan, "openvswitch_packages": False, "openvswitch_bridges": BRIDGES}
        more["ansible_python_interpreter"] = sys.executable
        more.update(variables)
        inner = 'mount --bind "$0" /var/lib && exec "$@"'
        argv = ["unshare", "--mount", "sh", "-c", inner, str(self.place / "lib")]
        argv += [PLAYBOOK, "-i", "localhost,", "-c", "local", "-e", json.dumps(more), str(self.place / "play.json")]
        env = dict(
            self.switch.env,
            PATH="{0}:{1}".format(self.place / "bin", os.environ["PATH"]),
            HOME=str(self.place / "home"),
            LC_ALL="C.UTF-8",
            ANSIBLE_COLLECTIONS_PATH=str(self.place),
            ANSIBLE_NOCOLOR="1",
            PYTHONDONTWRITEBYTECODE="1",
        )
        with open(str(self.place / "log"), "w+") as log:
            play = subprocess.Popen(
                argv + list(options), env=env, stdout=log, stderr=subprocess.STDOUT, preexec_fn=die_with_parent
            )
            wait_for(lambda: self._serve() or play.poll() is not None, "the end of the play", seconds=120)
            log.seek(0)
            return play.returncode, log.read().replace("\\n", " ")

    def _serve(self):
        request = self.place / "request"
        if request.exists():
            request.unlink()
            self.restarts += 1
            self.switch.restart()
            with open(str(self.place / "done"), "w"):
                pass

    def keys(self):
        return self.switch.column("Open_vSwitch", ".", "other_config")


@pytest.fixture
def make_node(tmp_path):
    if not os.path.exists(PLAYBOOK) or os.geteuid() != 0:
        pytest.skip("needs ansible-playbook beside this Python, and root for a mount namespace")
    return lambda switch: Node(switch, tmp_path / "node")


@pytest.fixture
def node(switch, make_node):
    """A host whose one port carries traffic."""
    made = make_node(switch())
    made.switch.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=dummy")
    made.switch.vsctl("add-port", "br0", "p0", "--", "set", "Interface", "p0", "type=dummy-pmd")
    made.switch.calm()
    return made


def unplug(node):
    node.switch.appctl("netdev-dummy/set-admin-state", "p0", "down")
    node.switch.vsctl("set", "Open_vSwitch", ".", "external_ids:x=y")  # the daemon has told when this returns
    node.switch.vsctl("remove", "Open_vSwitch", ".", "external_ids", "x")


@pytest.mark.parametrize("answer", [None, " "])
def test_unset_refuses_before_the_first_change(node, answer):
    before = node.switch.configuration()
    variables = {} if answer is None else {"openvswitch_restart_allowed": answer}
    code, text = node.run(TSO, **variables)
    assert code != 0
    for words in (REASON, TRAFFIC, "Nothing has been changed"):
        assert words in text
    assert (node.switch.configuration(), node.restarts) == (before, 0)
    assert os.listdir(str(node.place / "lib")) == []


def test_a_dry_run_says_where_it_would_stop(node):
    before = node.switch.configuration()
    code, text = node.run(TSO, "--check", "--diff")
    assert code == 0
    assert "Say where a real run would stop" in text
    assert TRAFFIC in text
    assert (node.switch.configuration(), node.restarts) == (before, 0)


def test_unset_restarts_where_nothing_is_interrupted(node):
    unplug(node)
    code, text = node.run(TSO)
    assert (code, node.restarts) == (0, 1), text
    assert "br1" in node.switch.vsctl("list-br")
    code, text = node.run(TSO)
    assert (code, node.restarts) == (0, 1)
    assert "changed=0" in text


def test_live_keys_need_no_answer(node):
    code, text = node.run({"max-idle": "8000"})
    assert (code, node.restarts) == (0, 0), text
    assert node.keys()["max-idle"] == "8000"


def test_no_writes_the_keys_and_stops_there(node):
    code, text = node.run(TSO, openvswitch_restart_allowed="false")
    assert (code, node.restarts) == (0, 0), text
    assert node.keys()["userspace-tso-enable"] == "true"
    assert "br1" not in node.switch.vsctl("list-br")
    # The answer of the next day.
    code, text = node.run(TSO, openvswitch_restart_allowed="true")
    assert (code, node.restarts) == (0, 1), text
    assert "br1" in node.switch.vsctl("list-br")


def test_a_reboot_in_the_same_run_is_consent(node):
    """As for host_reboot, which sets this fact."""
    code, text = node.run(TSO, host_reboot_done=True)
    assert (code, node.restarts) == (0, 1), text


def test_keys_of_somebody_else_are_named_and_kept_until_taken_over(node):
    node.switch.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=9000", "other_config:max-revalidator=600")
    before, keys = node.switch.configuration(), {"max-idle": "8000", "max-revalidator": "600"}
    for option, words in ((), "openvswitch_takeover"), (("--check",), "Say where a real run would stop"):
        code, text = node.run(keys, *option)
        assert code == (0 if option else 2)
        assert "other_config:max-idle is '9000', '8000' is wanted" in text and words in text
        assert "other_config:max-revalidator" not in text
        assert node.switch.configuration() == before
    code, text = node.run(keys, openvswitch_takeover="max-idle")
    assert code == 0, text
    assert node.keys()["max-idle"] == "8000"
    code, text = node.run(keys)
    assert (code, "changed=0" in text, node.restarts) == (0, True, 0)


def test_packages_that_upgrade_the_switch_are_a_restart(node):
    """A driver package is missing, and it comes with another version of the running switch."""
    for name, text in (
        ("dpkg-query", "printf 'openvswitch-switch\\tamd64\\tinstall\\tinstalled\\n'"),
        ("apt-get", "echo 'Inst openvswitch-switch [3.1.0-2] (3.1.0-3 Debian:12 [amd64])'"),
    ):
        (node.place / "bin" / name).write_text("#!/bin/sh\n" + text + "\n")
        (node.place / "bin" / name).chmod(0o755)
    before = node.switch.configuration()
    for answer, words in (("", "and nobody has said whether it may"), ("false", "Install them at a better time")):
        code, text = node.run({"max-idle": "8000"}, openvswitch_packages=True, openvswitch_restart_allowed=answer)
        assert code != 0
        assert words in text and "upgrade of openvswitch-switch" in text and TRAFFIC in text
    assert (node.switch.configuration(), node.restarts) == (before, 0)


@pytest.mark.dpdk
def test_a_value_on_which_the_daemon_ends_costs_the_play_and_not_the_switch(dpdk_switch, make_node):
    """EAL prints its usage and ends the process when DPDK is switched on, before any restart."""
    node = make_node(dpdk_switch())
    before = node.switch.configuration()
    code, text = node.run({"dpdk-init": "try", "dpdk-extra": node.switch.dpdk_extra + " --help"})
    assert code != 0
    assert "ovs-vswitchd ended when it read the new values; the previous ones are in the database again" in text
    assert (node.switch.configuration(), node.restarts, node.switch.daemon.alive()) == (before, 1, True)
