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
ROLE = {"import_role": {"name": "nfv.ovs_dpdk.openvswitch"}}
# The first half of the role, as the playbook asks for it before a reboot.
PACKAGES = {"import_role": dict(ROLE["import_role"], tasks_from="packages")}
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
  rm {0}/done
  kill -0 "$(cat $OVS_RUNDIR/ovs-vswitchd.pid)" ;;
esac
"""
TSO = {"userspace-tso-enable": "true"}
REASON = "userspace-tso-enable is 'true', the running process uses unset"
TRAFFIC = "p0 on br0 (dummy-pmd, link up)"
BRIDGES = [{"bridge": "br1", "datapath_type": "dummy"}]


# A database of packages of its own, for the real dpkg.
PACKAGE = """Package: {0}
Status: install ok {1}
Maintainer: Nobody <nobody@example.org>
Architecture: amd64
Version: 3.1.0-2
Description: nothing

"""
DPDK_BUILD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
PLAIN_BUILD = "/usr/lib/openvswitch-switch/ovs-vswitchd"
# Two programs to choose from; the one that is selected is in a file.
ALTERNATIVES = """#!/bin/sh
case $1 in
--set) echo $3 > {0} ;;
--auto) echo {1} > {0} ;;
*) printf 'Name: ovs-vswitchd\\nStatus: auto\\nValue: %s\\n\\nAlternative: {1}\\n\\nAlternative: {2}\\n' $(cat {0}) ;;
esac
"""
SELECTED = "Name: ovs-vswitchd\nStatus: manual\nValue: {0}\n\nAlternative: {0}\nPriority: 50\n".format(DPDK_BUILD)


class Node:
    """A host of one switch, and the role on it."""

    def __init__(self, switch, place):
        self.switch, self.place, self.restarts, self.env, self.bad_build = switch, place, 0, {}, DPDK_BUILD
        for name in ("bin", "lib", "home", "ansible_collections/nfv"):
            (place / name).mkdir(parents=True)
        (place / "ansible_collections/nfv/ovs_dpdk").symlink_to(ROOT)
        self.program("systemctl", SYSTEMCTL.format(place))

    def program(self, name, text):
        (self.place / "bin" / name).write_text(text)
        (self.place / "bin" / name).chmod(0o755)

    def packages(self, **states):
        """The host has the DPDK build of the switch from packages; some of them are in another state than installed."""
        names = ("openvswitch-common", "openvswitch-switch", "openvswitch-switch-dpdk", "nano")
        states = {name.replace("_", "-"): state for name, state in states.items()}
        for name in ("info", "updates", "parts"):
            (self.place / "dpkg" / name).mkdir(parents=True, exist_ok=True)
        (self.place / "dpkg/status").write_text(
            "".join(PACKAGE.format(name, states.get(name, "installed")) for name in names)
        )
        (self.place / "dpkg/available").write_text("")
        self.program("update-alternatives", "#!/bin/sh\necho '{0}'\n".format(SELECTED))
        self.env["DPKG_ADMINDIR"] = str(self.place / "dpkg")

    def held(self):
        status = (self.place / "dpkg/status").read_text()
        return [part.split()[1] for part in status.split("\n\n") if "\nStatus: hold " in part]

    def run(self, keys, *options, tasks=(ROLE,), **variables):
        """(return code, output) of a play with *keys* planned."""
        play = {"hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}
        (self.place / "play.json").write_text(json.dumps([play]))
        plan = {"other_config": keys, "devices": [], "dpdk_drivers": [], "os": {"id": "debian", "family": "debian"}}
        more = {"nfv_ovs_dpdk_plan": plan, "openvswitch_packages": False, "openvswitch_bridges": BRIDGES}
        more["ansible_python_interpreter"] = sys.executable
        more.update(variables)
        inner = 'mount --bind "$0" /var/lib && exec "$@"'
        argv = ["unshare", "--mount", "sh", "-c", inner, str(self.place / "lib")]
        argv += [PLAYBOOK, "-i", "localhost,", "-c", "local", "-e", json.dumps(more), str(self.place / "play.json")]
        env = dict(
            self.switch.env,
            **self.env,
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
            if self.starts():
                self.switch.restart()
            else:
                self.switch.daemon.stop()
            with open(str(self.place / "done"), "w"):
                pass

    def starts(self):
        """Whether the selected program can run here: as a rule one that was built with DPDK and is offered cannot."""
        selected = self.place / "selected"
        return not selected.exists() or selected.read_text().strip() != self.bad_build

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


def changed(text):
    """Names of the tasks that changed something, or would."""
    parts = [part.partition("]") for part in text.split("TASK [nfv.ovs_dpdk.openvswitch : ")[1:]]
    return [name for name, _bracket, told in parts if "\nchanged:" in told]


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
    assert changed(text) == ["Write the planned keys", "Restart the switch once", "Keep bridges as described"]


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
    told = text[text.index("Say why the switch must be restarted") : text.index("Restart the switch once")]
    assert REASON in told and TRAFFIC in told


def test_a_reboot_in_the_same_run_is_consent(node):
    """As for host_reboot, which sets this fact."""
    code, text = node.run(TSO, host_reboot_done=True)
    assert (code, node.restarts) == (0, 1), text


REBOOT_ALLOWED = {"host_guard_result": {"reboot_required": True, "reasons": []}, "host_reboot_allowed": "true"}
REBOOT = [
    {"command": "systemctl restart ovs-vswitchd.service"},  # the host, as far as the switch is concerned
    {"set_fact": {"host_reboot_done": True}},
]
NO = {"openvswitch_restart_allowed": False}
BINDS = {"debug": {"msg": "NICs are {{ 'left' if openvswitch_restart_pending else 'bound' }}"}}


def test_no_to_a_restart_and_yes_to_a_reboot(node):
    """The reboot restarts the switch anyway, and then nothing is left that needs a restart: the play goes on."""
    code, text = node.run(TSO, tasks=[PACKAGES, BINDS, ROLE], openvswitch_restart_allowed="false")
    assert (code, "NICs are left" in text, node.restarts) == (0, True, 0), text
    tasks = [PACKAGES, BINDS] + REBOOT + [ROLE]
    code, text = node.run(TSO, tasks=tasks, openvswitch_restart_allowed="false", **REBOOT_ALLOWED)
    assert (code, "NICs are bound" in text) == (0, True), text
    assert node.restarts == 1, "by the reboot"
    assert "br1" in node.switch.vsctl("list-br")


def test_a_dry_run_goes_beyond_the_reboot_that_brings_the_restart(node):
    assert node.run(TSO, **NO)[0] == 0
    for more, made in ((NO, False), (dict(NO, **REBOOT_ALLOWED), True)):
        code, text = node.run(TSO, "--check", **more)
        assert code == 0 and ("Keep bridges as described" in changed(text)) == made, text


def test_no_packages_and_no_dpdk_is_refused_before_the_first_change(node):
    before = node.switch.configuration()
    node.program("ovs-vswitchd", "#!/bin/sh\necho 'ovs-vswitchd (Open vSwitch) 3.1.0'\n")
    code, text = node.run({"dpdk-init": "try"})
    assert code != 0 and "There is no Open vSwitch with DPDK on localhost: found 3.1.0" in text
    code, text = node.run(TSO, openvswitch_service="*")
    assert code != 0 and "not the name of a service: found '*'" in text
    assert node.switch.configuration() == before


def test_what_needs_a_restart_even_after_the_reboot_waits_for_another_answer(node):
    tasks = [PACKAGES] + REBOOT + [ROLE]
    code, text = node.run(TSO, tasks=tasks, openvswitch_restart_allowed="false")
    assert (code, node.restarts) == (0, 1), text
    assert node.keys()["userspace-tso-enable"] == "true"
    assert "br1" not in node.switch.vsctl("list-br")


def test_ports_that_began_to_carry_traffic_meanwhile_are_not_interrupted(node):
    unplug(node)
    socket = node.switch.path("ovs-vswitchd.{0}.ctl".format(node.switch.pid))
    plug_in = [
        {"command": "ovs-appctl --target={0} netdev-dummy/set-admin-state p0 up".format(socket)},
        {"command": "ovs-vsctl set Open_vSwitch . external_ids:x=y"},  # the daemon has told when this returns
    ]
    code, text = node.run(TSO, tasks=[PACKAGES] + plug_in + [ROLE])
    assert code != 0
    for words in ("nobody has said whether it may", "It would interrupt: " + TRAFFIC, "The keys are written"):
        assert words in text
    assert (node.keys()["userspace-tso-enable"], node.restarts) == ("true", 0)


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


REFUSALS = (("", "and nobody has said whether it may"), ("false", "Install them at a better time"))


def test_packages_that_upgrade_the_switch_are_a_restart(node):
    """A driver package is missing, and it comes with another version of the running switch."""
    node.packages(openvswitch_switch_dpdk="not-installed")
    node.program("apt-get", "#!/bin/sh\necho 'Inst openvswitch-switch [3.1.0-2] (3.1.0-3 Debian:12 [amd64])'\n")
    before = node.switch.configuration()
    # A reboot that is allowed comes later, after the host has been drained for it.
    for (answer, words), more in zip(REFUSALS, (REBOOT_ALLOWED, {})):
        more = dict(more, openvswitch_packages=True, openvswitch_restart_allowed=answer)
        code, text = node.run({"max-idle": "8000"}, **more)
        assert code != 0
        assert words in text and "upgrade of openvswitch-switch" in text and TRAFFIC in text
    assert (node.switch.configuration(), node.restarts) == (before, 0)


def test_no_is_no_to_such_packages_while_nothing_carries_traffic_too(node):
    node.packages(openvswitch_switch_dpdk="not-installed")
    node.program("apt-get", "#!/bin/sh\necho 'Inst openvswitch-switch [3.1.0-2] (3.1.0-3 Debian:12 [amd64])'\n")
    node.switch.vsctl("del-port", "p0")
    code, text = node.run({}, openvswitch_packages=True, openvswitch_restart_allowed=False)
    assert code != 0 and "upgrade of openvswitch-switch" in text and "nothing at this moment" in text


def test_an_installation_that_was_interrupted_is_a_restart(node):
    """Whoever calls dpkg next finishes it, and the scripts of the package restart the switch."""
    node.packages(openvswitch_switch="unpacked")
    before = node.switch.configuration()
    for answer, words in REFUSALS:
        code, text = node.run({"max-idle": "8000"}, openvswitch_packages=True, openvswitch_restart_allowed=answer)
        assert code != 0
        assert words in text and "interrupted installation of openvswitch-switch" in text and TRAFFIC in text
    assert (node.switch.configuration(), node.restarts) == (before, 0)


def test_packages_are_held_until_the_operator_says_otherwise(node):
    node.packages()
    unplug(node)
    ours = ["openvswitch-common", "openvswitch-switch", "openvswitch-switch-dpdk"]
    for hold, held, changed in ((True, ours, 1), (True, ours, 0), (False, [], 1), (False, [], 0)):
        more = {"openvswitch_packages": True, "openvswitch_hold": hold, "openvswitch_bridges": []}
        code, text = node.run({}, **more)
        assert (code, node.held()) == (0, held), text
        assert "changed={0} ".format(changed) in text


@pytest.mark.dpdk
def test_a_value_on_which_the_daemon_ends_costs_the_play_and_not_the_switch(dpdk_switch, make_node):
    """EAL prints its usage and ends the process when DPDK is switched on, before any restart."""
    node = make_node(dpdk_switch())
    before = node.switch.configuration()
    code, text = node.run({"dpdk-init": "try", "dpdk-extra": node.switch.dpdk_extra + " --help"})
    assert code != 0
    assert "ovs-vswitchd ended on the new values; they are out of the database again" in text
    assert (node.switch.configuration(), node.restarts, node.switch.daemon.alive()) == (before, 1, True)


def test_a_program_that_does_not_start_costs_the_play_and_not_the_switch(node):
    node.packages()
    (node.place / "selected").write_text(PLAIN_BUILD)
    node.program("update-alternatives", ALTERNATIVES.format(node.place / "selected", PLAIN_BUILD, DPDK_BUILD))
    before = node.switch.configuration()
    more = {"openvswitch_packages": True, "openvswitch_restart_allowed": True, "openvswitch_timeout": 1}
    code, text = node.run(TSO, **more)
    assert code != 0, text
    assert "The program of before is selected again (alternative ovs-vswitchd), and the switch runs." in text
    assert "the previous ones are back and it does not work on them either" in text
    assert (node.switch.configuration(), node.switch.daemon.alive()) == (before, True)
    assert (node.place / "selected").read_text().strip() == PLAIN_BUILD


TEARDOWN = {"import_role": {"name": "nfv.ovs_dpdk.teardown", "tasks_from": "switch"}}


def test_a_switch_that_cannot_be_given_back_runs_as_it_did_and_is_still_ours(node):
    selected = node.place / "selected"
    node.packages()
    selected.write_text(PLAIN_BUILD)
    node.program("update-alternatives", ALTERNATIVES.format(selected, PLAIN_BUILD, DPDK_BUILD))
    node.bad_build = None
    allowed = {"openvswitch_packages": True, "openvswitch_hold": False, "openvswitch_restart_allowed": True}
    code, text = node.run(TSO, **allowed)
    assert code == 0 and selected.read_text().strip() == DPDK_BUILD, text
    virgin = dict(node.keys())
    node.bad_build = PLAIN_BUILD
    guard = {"__teardown_config": {"running": True}, "__teardown_state": [], "openvswitch_timeout": 5}
    code, text = node.run(TSO, tasks=[TEARDOWN], **guard)
    assert code != 0 and "is selected again (alternative ovs-vswitchd), and the switch runs." in text, text
    assert (selected.read_text().strip(), node.switch.daemon.alive()) == (DPDK_BUILD, True)
    assert node.keys() == virgin
    node.bad_build = None
    code, text = node.run(TSO, tasks=[TEARDOWN], **guard)
    assert code == 0 and selected.read_text().strip() == PLAIN_BUILD, text
    assert node.keys().get("userspace-tso-enable") is None
    assert not [key for key in node.switch.column("Open_vSwitch", ".", "external_ids") if key.startswith("nfv")]
