"""A real ovsdb-server and ovs-vswitchd on a pretended NUMA machine, in a directory of their own, without root.

No system service is touched and no network is used. The daemons are children of the test process and
die with it, however it ends.
"""

import ctypes
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

import pytest

SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
PATIENCE = 120  # seconds; a busy machine may need many


def die_with_parent():
    """PR_SET_PDEATHSIG: a killed test run leaves no spinning PMD thread behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def wait_for(condition, what, seconds=PATIENCE):
    """The first true value of *condition*(), polled; fails in words when it stays false."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError("{0} did not happen within {1} s".format(what, seconds))
        time.sleep(0.02)


class Daemon:
    """One child process that writes its own pid file."""

    def __init__(self, argv, env):
        self.process = subprocess.Popen(
            argv, env=env, preexec_fn=die_with_parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.alive():
            self.process.kill()
        self.process.wait()


class Switch:
    """A database and a switch in one directory; ``numa`` is the text of --dummy-numa: position = CPU, value = node."""

    def __init__(self, numa, binary="ovs-vswitchd", wrapper=(), dummy=True):
        self.rundir = tempfile.mkdtemp(prefix="nfv-vswitch-", dir="/tmp")
        self.env = dict(
            os.environ,
            LC_ALL="C",
            **dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"), self.rundir)
        )
        # The daemon names its socket and its log after the name that it was called by.
        os.symlink(shutil.which(binary), self.path("ovs-vswitchd"))
        self.program = list(wrapper) + [self.path("ovs-vswitchd")]
        self.options = ["--enable-dummy=override", "--disable-system", "--dummy-numa=" + numa] if dummy else []
        self.database = self.daemon = None
        subprocess.run(["ovsdb-tool", "create", self.path("conf.db"), SCHEMA], check=True, env=self.env)
        try:
            self.start_database()
            self.vsctl("--no-wait", "init")
            self.start()
        except BaseException:
            self.stop()
            raise

    def path(self, name):
        return os.path.join(self.rundir, name)

    @property
    def log(self):
        return self.path("ovs-vswitchd.log")

    @property
    def pid(self):
        """Of ovs-vswitchd."""
        return self.daemon.pid

    def start_database(self):
        argv = ["ovsdb-server", self.path("conf.db"), "--no-chdir", "--pidfile=" + self.path("ovsdb-server.pid")]
        argv += ["--log-file=" + self.path("ovsdb-server.log"), "--remote=punix:" + self.path("db.sock")]
        self.database = Daemon(argv, self.env)
        wait_for(lambda: os.path.exists(self.path("db.sock")), "the database socket")

    def start(self):
        """Start ovs-vswitchd and wait until it has worked through the database once."""
        argv = self.program + self.options + ["--no-chdir", "--pidfile=" + self.path("ovs-vswitchd.pid")]
        argv += ["--log-file=" + self.log, "unix:" + self.path("db.sock")]
        self.daemon = Daemon(argv, self.env)
        control = self.path("ovs-vswitchd.{0}.ctl".format(self.pid))
        wait_for(lambda: os.path.exists(control) or not self.daemon.alive(), "the control socket of ovs-vswitchd")
        assert self.daemon.alive(), "ovs-vswitchd ended at once, see " + self.log
        # Waits for the daemon: it has read the database when this returns.
        self.vsctl("set", "Open_vSwitch", ".", "external_ids:x=y")
        self.vsctl("remove", "Open_vSwitch", ".", "external_ids", "x")

    def restart(self):
        self.daemon.stop()
        self.start()

    def command(self, *argv, **kwargs):
        pipes = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        return subprocess.run(argv, env=self.env, universal_newlines=True, check=False, **pipes, **kwargs)

    def vsctl(self, *args):
        """ovs-vsctl on this database; its output without the last newline, an AssertionError if it fails."""
        done = self.command("ovs-vsctl", "--timeout=30", *args)
        assert done.returncode == 0, "ovs-vsctl {0}: {1}".format(" ".join(args), done.stderr)
        return done.stdout.rstrip("\n")

    def appctl(self, *args):
        """ovs-appctl on this ovs-vswitchd."""
        target = self.path("ovs-vswitchd.{0}.ctl".format(self.pid))
        done = self.command("ovs-appctl", "--timeout=30", "--target=" + target, *args)
        assert done.returncode == 0, "ovs-appctl {0}: {1}".format(" ".join(args), done.stderr)
        return done.stdout

    def column(self, table, row, column):
        """One column as Python data: maps as dicts, sets as lists."""
        text = self.vsctl("--format=json", "--columns=" + column, "list", table, row)
        value = json.loads(text)["data"][0][0]
        if isinstance(value, list) and value[0] in ("map", "set"):
            return dict(value[1]) if value[0] == "map" else value[1]
        return value

    def calm(self):
        """Let idle PMD threads sleep instead of spinning; the two names are those before and since OVS 3.2."""
        for name in ("pmd-maxsleep", "pmd-sleep-max"):
            self.vsctl("set", "Open_vSwitch", ".", "other_config:{0}=5000".format(name))

    def configuration(self):
        """All that the modules may write, as data: equal before and after means that nothing was changed."""
        tables = {
            "Open_vSwitch": "other_config,external_ids",
            "Bridge": "name,datapath_type,fail_mode,other_config,external_ids",
            "Port": "name,tag,trunks,vlan_mode,bond_mode,lacp,other_config,external_ids",
            "Interface": "name,type,options,mtu_request,other_config,external_ids",
        }
        rows = {}
        for table, columns in tables.items():
            text = self.vsctl("--no-wait", "--format=json", "--columns=" + columns, "list", table)
            rows[table] = sorted(json.dumps(row, sort_keys=True) for row in json.loads(text)["data"])
        return rows

    def threads(self):
        """Names of the daemon's threads, as the kernel has them."""
        names = []
        tasks = "/proc/{0}/task".format(self.pid)
        for task in os.listdir(tasks):
            with open(os.path.join(tasks, task, "comm")) as handle:
                names.append(handle.read().strip())
        return names

    def stop(self):
        for daemon in (self.daemon, self.database):
            if daemon is not None:
                daemon.stop()
        shutil.rmtree(self.rundir, ignore_errors=True)


@pytest.fixture(scope="session")
def make_switch():
    """make_switch("0,0,1,1") -> a Switch of the test's own; stopped at the end of the session at the latest."""
    if not shutil.which("ovs-vswitchd") or not os.path.exists(SCHEMA):
        pytest.skip("Open vSwitch is not installed (package openvswitch-switch)")
    switches = []

    def make(numa="0,0,0,0,1,1,1,1", **kwargs):
        switches.append(Switch(numa, **kwargs))
        return switches[-1]

    yield make
    for each in switches:
        each.stop()


@pytest.fixture
def switch(make_switch):
    """switch(numa="0,0,0,0,1,1,1,1") -> a fresh Switch: .rundir, .vsctl(*args), .appctl(*args), .pid, .stop()."""
    made = []

    def make(numa="0,0,0,0,1,1,1,1", **kwargs):
        made.append(make_switch(numa, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.stop()


DPDK_PROGRAM = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
# No hugepages, no PCI bus, no files shared with another DPDK process.
DPDK_EXTRA = "--no-huge --legacy-mem -m 1024 --no-pci --no-shconf"


@pytest.fixture
def dpdk_switch(switch):
    """dpdk_switch() -> a fresh Switch whose daemon is real DPDK, not initialised yet (see DPDK_EXTRA); needs root.

    In a network namespace of its own: bridges of the userspace datapath make TAP devices.
    """
    drivers = [glob.glob("/usr/lib/*/dpdk/pmds-*/librte_{0}.so*".format(name)) for name in ("net_null", "mempool_ring")]
    if not os.path.exists(DPDK_PROGRAM) or not all(drivers):
        pytest.skip("needs the packages openvswitch-switch-dpdk, librte-net-null* and librte-mempool-ring*")
    if os.geteuid() != 0:
        pytest.skip("needs root: a network namespace, TAP devices and locked memory")

    def make():
        made = switch(binary=DPDK_PROGRAM, wrapper=("unshare", "--net"), dummy=False)
        made.dpdk_extra = DPDK_EXTRA
        made.calm()
        return made

    return make


@pytest.fixture(name="wait_for")
def wait_for_fixture():
    """wait_for(condition, what, seconds=PATIENCE) -> the first true value of condition()."""
    return wait_for


@pytest.fixture
def on(run_module, monkeypatch, tmp_path):
    """on(switch, "vswitch_config", {...}, check=True) -> result: a module's main() against a switch, own state file.

    The result's warnings are one text, whatever this version of ansible-core makes of them.
    """
    from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state

    monkeypatch.setattr(_state, "STATE_DIR", str(tmp_path / "state"))

    def run(switch, name, arguments, check=False, diff=True):
        options = dict({"ovs_rundir": switch.rundir, "timeout": 60}, **arguments)
        result = run_module(name, options, check=check, diff=diff)
        result["warnings"] = json.dumps(result.get("warnings", []))
        return result

    return run


@pytest.fixture
def converge(on):
    """converge(switch, module, arguments) -> result of the real run, proven three ways.

    A dry run says the same actions and changes nothing; a second dry run and a second real run say that all is done.
    """

    def run(switch, name, arguments):
        before = switch.configuration()
        dry = on(switch, name, arguments, check=True)
        assert not dry["failed"], dry["msg"]
        assert switch.configuration() == before
        real = on(switch, name, arguments)
        assert not real["failed"], real["msg"]
        assert dry["actions"] == real["actions"]
        assert dry["changed"] == real["changed"] == (switch.configuration() != before)
        assert dry.get("diff") == real.get("diff")
        done = switch.configuration()
        for check in (True, False):
            again = on(switch, name, arguments, check=check)
            assert (again["failed"], again["changed"], again["actions"]) == (False, False, [])
        assert switch.configuration() == done
        return real

    return run
