"""hugepages through its main(): links by the real systemctl --root, a small kernel of our own for the pages."""

import functools
import json
import os
import pathlib
import shutil

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pages

pytest.importorskip("ansible.module_utils.basic")
from ansible_collections.nfv.ovs_dpdk.plugins.modules import hugepages

SYSTEMCTL = shutil.which("systemctl")
pytestmark = pytest.mark.skipif(SYSTEMCTL is None, reason="needs systemd's systemctl")

# Links are made by the real systemctl; mounting is done here, by what the unit file says. What is mounted is a unit by
# its path alone, as for systemd.
FAKE = r"""#!/bin/sh
root={root}
echo "$*" >> $root/calls
verb=$1
shift
option() {{ sed -n "s/^$1=//p" "$root/etc/systemd/system/$2"; }}
gone() {{ grep -v " $1 " $root/proc/mounts > $root/proc/new || :; mv $root/proc/new $root/proc/mounts; }}
case $verb in
  is-enabled) exec {systemctl} --root=$root is-enabled "$@" ;;
  enable) exec {systemctl} --root=$root --quiet enable "$@" ;;
  disable) exec {systemctl} --root=$root --quiet disable "$@" ;;
  stop)
    case $1 in (*.mount)
      where=$(systemd-escape --unescape --path "${{1%.mount}}")
      grep -q " $where " $root/proc/mounts || {{ echo "Unit $1 not loaded." >&2; exit 5; }}
      test ! -e $root/busy || {{ echo "Job for $1 failed." >&2; exit 1; }}
      gone "$where" ;; esac ;;
  start|restart)
    for unit; do
      gone "$(option Where "$unit")"
      echo "hugetlbfs $(option Where "$unit") hugetlbfs rw,$(option Options "$unit") 0 0" >> $root/proc/mounts
    done ;;
  daemon-reload) ;;
  *) echo "unexpected $verb" >&2; exit 1 ;;
esac
"""

GIB = 1048576


class Machine:
    """Two NUMA nodes of 6 GiB."""

    def __init__(self, root):
        self.root = root
        self.write("proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0\n")
        for size in (2048, GIB):
            (root / "sys/kernel/mm/hugepages/hugepages-{0}kB".format(size)).mkdir(parents=True)
        for node in (0, 1):
            self.write("sys/devices/system/node/node{0}/meminfo".format(node), self.meminfo(node))
            for size in (2048, GIB):
                self.pool(node, size)

    @staticmethod
    def meminfo(node):
        return "Node {0} MemTotal: {1} kB\nNode {0} MemFree: {2} kB\n".format(node, 6 * GIB, 5 * GIB)

    def write(self, path, text):
        target = self.root / path
        if not target.parent.is_dir():  # mkdir is a step at which a module may die, and a kernel never is
            target.parent.mkdir(parents=True)
        target.write_text(text)

    def pool(self, node, size, total=0, free=None, surplus=0):
        values = {"nr": total, "free": total if free is None else free, "surplus": surplus}
        for name, value in values.items():
            path = "sys/devices/system/node/node{0}/hugepages/hugepages-{1}kB/{2}_hugepages"
            self.write(path.format(node, size, name), "{0}\n".format(value))

    def count(self, node, size):
        return _pages.nodes(str(self.root))[node].pools[size].total

    def set_count(self, root, path, count):
        """The kernel: as many pages as there is room for, and pages in use stay."""
        node = int(path.split("/node")[2].split("/")[0])
        size = int(path.split("hugepages-")[1].split("kB")[0])
        pool = _pages.nodes(root)[node].pools[size]
        room = (5 * GIB - 1) // size  # a little of the free memory is in pieces
        used = pool.total - pool.free
        total = max(min(count, room), used)
        self.pool(node, size, total, total - used)

    def mounts(self):
        return (self.root / "proc/mounts").read_text()

    def calls(self):
        path = self.root / "calls"
        text = path.read_text() if path.exists() else ""
        if text:
            path.unlink()
        return text.splitlines()

    def state(self):
        path = self.root / "var/lib/nfv_ovs_dpdk/state.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def files(self):
        found = {}
        for directory, _names, files in os.walk(str(self.root / "etc")):
            for name in files:
                path = os.path.join(directory, name)
                found[path] = os.readlink(path) if os.path.islink(path) else pathlib.Path(path).read_text()
        return found


@pytest.fixture
def machine(tmp_path, monkeypatch):
    machine = Machine(tmp_path)
    machine.write("bin/systemctl", FAKE.format(root=tmp_path, systemctl=SYSTEMCTL))
    machine.write("bin/dmesg", "#!/bin/sh\ncat {0}/dmesg 2>&-\n".format(tmp_path))
    for name in ("systemctl", "dmesg"):
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", "{0}:{1}".format(tmp_path / "bin", os.environ["PATH"]))
    monkeypatch.setattr(hugepages, "ROOT", str(tmp_path))
    monkeypatch.setattr(_pages, "set_count", machine.set_count)
    return machine


@pytest.fixture
def run(machine, run_module):
    def call(pools=(), check=False, diff=False, **more):
        return run_module("hugepages", dict(more, pools=list(pools)), check=check, diff=diff)

    return call


def pool(node, count, size="1G", **more):
    return dict(more, node=node, size=size, count=count)


TWO = [pool(0, 2), pool(1, 2)]


def test_create_modify_and_give_back(machine, run, settles):
    def world():
        counts = [machine.count(node, size) for node in (0, 1) for size in (2048, GIB)]
        return (machine.files(), counts, machine.mounts()), machine.state()

    virgin = world()[0]
    for pools in (TWO, [pool(0, 3), pool(1, 1, persist="unit"), pool(1, 64, "2M")]):
        real = settles(functools.partial(run, pools), world)
        assert [row["found"] for row in real["pools"]] == [row["count"] for row in pools]
        assert all(row["mounted"] for row in real["mounts"])
        machine.calls()
        run(pools)
        assert len(machine.calls()) == 1  # is-enabled, for all units at once
    assert [machine.count(node, GIB) for node in (0, 1)] == [3, 1]
    settles(functools.partial(run, state="absent"), world)
    assert world() == (virgin, {"version": 1})


def test_what_is_returned(machine, run):
    result = run(TWO, diff=True)
    target = "/sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages"
    assert result["actions"][-1] == {"action": "set", "target": target, "before": 0, "after": 2}
    assert result["pools"][0] == {"node": 0, "size": "1G", "size_kb": GIB, "wanted": 2, "found": 2, "free": 2}
    assert result["mounts"] == [{"path": "/dev/hugepages-1G", "size": "1G", "size_kb": GIB, "mounted": True}]
    assert [item["after_header"] for item in result["diff"]] == ["/etc/systemd/system/dev-hugepages\\x2d1G.mount"]
    assert machine.state()["hugepages"] == dict.fromkeys(
        ["0:1048576", "1:1048576"], {"before": 0, "given": 2, "most": 2}
    )


def test_a_row_of_the_plan_fits(machine, run):
    row = {"node": 0, "size": "1G", "size_kb": GIB, "count": 2, "ovs": 1, "guests": 1, "persist": "cmdline"}
    assert run([row])["pools"][0]["found"] == 2


def test_a_pending_reboot_provides_what_the_kernel_line_asks_for(machine, run):
    pools = [pool(0, 99, "2M", persist="unit"), pool(0, 4)]
    result = run(pools, reboot_pending=True)
    assert [row["found"] for row in result["pools"]] == [99, 0]
    machine.pool(0, GIB, 4)  # the reboot
    assert not run(pools)["changed"]
    assert run([pool(0, 2)])["pools"][0]["found"] == 2  # they are ours to shrink


def test_pages_in_use_need_not_fit_beside_those_that_a_reboot_brings(machine, run):
    run([pool(0, 4)])
    machine.pool(0, GIB, 4, free=0)
    other = [pool(0, 2000, "2M")]
    assert run(other, reboot_pending=True)["left"][0]["target"] == "the pool of 1G on node 0"
    assert "more hugepages than memory" in run(other)["msg"]


@pytest.mark.parametrize("persist", ["cmdline", "unit"])
def test_guests_of_today_keep_their_page_size_until_the_reboot(machine, run, persist):
    """A guest that stops meanwhile starts again, also after a boot of the old line; both sizes need not fit."""
    run([pool(0, 4, persist=persist)])
    other = [pool(0, 2000, "2M", persist=persist), pool(1, 2000, "2M", persist=persist)]
    dry, result = run(other, reboot_pending=True, check=True), run(other, reboot_pending=True)
    assert not result["failed"] and dry["actions"] == result["actions"]
    assert not [each for each in result["actions"] if "1G" in each["target"] or each["action"] == "set"]
    assert machine.count(0, GIB) == 4 and "/dev/hugepages-1G" in machine.mounts()
    assert result["left"] == [
        {"target": "the pool of 1G on node 0", "reason": "keeps its 4 pages until the reboot"},
        {"target": "/dev/hugepages-1G", "reason": "stays until the reboot"},
    ]
    assert not run(other, reboot_pending=True)["changed"]
    machine.pool(0, GIB, 0)  # the reboot
    for node in (0, 1):
        machine.pool(node, 2048, 2000)
    gone = run(other)
    unit = "dev-hugepages\\x2d1G.mount"
    assert [(each["action"], each["target"]) for each in gone["actions"]] == [
        ("disable", unit), ("stop", unit), ("remove", "/etc/systemd/system/" + unit), ("reload", "systemd")
    ]  # fmt: skip
    assert gone["left"] == [] and "1048576" not in str(machine.state())


def test_a_page_size_that_only_the_reboot_makes_known(machine, run):
    for node in (0, 1):
        shutil.rmtree(str(machine.root / "sys/devices/system/node/node{0}/hugepages/hugepages-1048576kB".format(node)))
    assert "has no pages of this size (node 0): found 1G, expected 2M" in run(TWO)["msg"]
    result = run(TWO, reboot_pending=True)
    assert result["mounts"][0]["mounted"] is False
    assert not any(call.startswith("start") for call in machine.calls())


def test_fewer_pages_than_wanted_are_named_by_pool(machine, run):
    failed = run([pool(0, 1), pool(1, 5)])
    assert failed["msg"].startswith("memory.hugepages: "), "the name of the check that judges it later"
    assert failed["error"]["found"] == "4 of 5 pages of 1G on node 1 (5120 MiB free there)"
    line = "[    0.03] HugeTLB: allocating 5 of page size 1.00 GiB node1 failed.  Only allocated 4 hugepages."
    machine.write("dmesg", "[    0.01] Linux version 6.1\n{0}\n[    0.04] HugeTLB: registered 2.00 MiB\n".format(line))
    assert run([pool(0, 1), pool(1, 5)])["error"]["found"].endswith("there); " + line)
    assert not run([pool(0, 1), pool(1, 5)], reboot_pending=True)["failed"]


@pytest.mark.parametrize(
    ("total", "free", "surplus", "wanted", "found"),
    [
        (4, 4, 0, 1, 1),
        (4, 1, 0, 1, 3),  # three are in use
        (4, 0, 0, 1, 4),
        (5, 2, 1, 1, 3),
        (0, 0, 0, 0, 0),
    ],
)
def test_our_pool_shrinks_but_never_below_what_is_in_use(machine, run, total, free, surplus, wanted, found):
    run([pool(0, 1)])
    machine.pool(0, GIB, total, free, surplus)
    result = run([pool(0, wanted)])
    assert result["pools"][0]["found"] == found
    assert not run([pool(0, wanted)])["changed"]


def test_more_pages_than_wanted_that_somebody_else_made_are_left_alone(machine, run):
    machine.pool(0, GIB, 3)
    result = run([pool(0, 2)], mounts=False)
    assert (result["changed"], result["pools"][0]["found"]) == (False, 3)
    assert machine.state() == {}
    assert run(state="absent")["changed"] is False and machine.count(0, GIB) == 3


def test_what_was_there_before_comes_back(machine, run):
    machine.pool(0, GIB, 1)
    run([pool(0, 3)])
    machine.pool(0, GIB, 3, 0)
    run(state="absent")
    assert machine.count(0, GIB) == 3 and "hugepages" in machine.state()  # in use, still to be given back
    machine.pool(0, GIB, 3, 3)
    run(state="absent")
    assert machine.count(0, GIB) == 1 and "hugepages" not in machine.state()


def test_a_pool_in_use_is_named_and_goes_back_later(machine, run):
    run([pool(0, 3)])
    machine.pool(0, GIB, 3, 2)
    for check in (True, False, False):
        result = run(state="absent", check=check)
        assert result["left"] == [{"target": "the pool of 1G on node 0", "reason": "has 1 pages in use"}]
    assert result["changed"] is False and machine.count(0, GIB) == 1
    machine.pool(0, GIB, 0)  # the reboot
    assert run(state="absent")["left"] == []
    assert machine.state() == {"version": 1}


@pytest.mark.parametrize("count", [5, 2, 0])
def test_a_pool_that_somebody_else_has_changed_is_named_and_no_longer_ours(machine, run, count):
    machine.pool(0, GIB, 1)
    run([pool(0, 3)])
    machine.pool(0, GIB, count)
    for check in (True, False):
        result = run(state="absent", check=check)
        assert not [each for each in result["actions"] if each["action"] == "set"]
        reason = "has {0} pages, not 3 as we left it".format(count)
        assert result["left"] == [{"target": "the pool of 1G on node 0", "reason": reason}]
    assert machine.count(0, GIB) == count
    assert (run(state="absent")["left"], machine.state()) == ([], {"version": 1})


def test_a_pool_that_somebody_else_has_given_back_already_is_not_named(machine, run):
    machine.pool(0, GIB, 1)
    run([pool(0, 3)])
    machine.pool(0, GIB, 1)
    result = run(state="absent")
    assert (result["left"], machine.count(0, GIB), machine.state()) == ([], 1, {"version": 1})


def test_what_the_kernel_gave_is_what_counts(machine, run):
    """Not what was asked for: fewer pages than that are no change of somebody else."""
    assert run([pool(0, 5)])["failed"]
    assert machine.count(0, GIB) == 4
    assert (run(state="absent")["left"], machine.count(0, GIB)) == ([], 0)


def test_what_a_reboot_has_filled_is_known_once_it_was_looked_at(machine, run):
    run([pool(0, 2)])
    run([pool(0, 4)], reboot_pending=True)
    assert machine.state()["hugepages"] == {"0:1048576": {"before": 0, "most": 4}}
    machine.pool(0, GIB, 4)  # the reboot
    assert run(state="absent", check=True)["left"] == []
    run([pool(0, 4)])
    machine.pool(0, GIB, 3)
    assert "has 3 pages, not 4 as we left it" in str(run(state="absent")["left"])


def test_a_record_of_an_interrupted_run_knows_what_was_asked_for(machine, run):
    for count in (2, 3, 2):  # an interrupted run may have left more than the last one asked for
        run([pool(0, count)])
    path = machine.root / "var/lib/nfv_ovs_dpdk/state.json"
    path.write_text(path.read_text().replace('"given": 2,', ""))
    machine.pool(0, GIB, 5)
    reason = "has 5 pages, more than the 3 that we asked for"
    assert run(state="absent", check=True)["left"] == [{"target": "the pool of 1G on node 0", "reason": reason}]
    machine.pool(0, GIB, 3)
    assert (run(state="absent")["left"], machine.count(0, GIB)) == ([], 0)


def test_pages_that_were_there_before_are_not_taken_away(machine, run):
    machine.pool(0, GIB, 2)
    for count, found in ((4, 4), (1, 2)):
        assert run([pool(0, count)])["pools"][0]["found"] == found
    run(state="absent")
    assert machine.count(0, GIB) == 2


def test_each_pool_has_one_mechanism(machine, run):
    run([pool(0, 2), pool(1, 2, persist="unit")])
    unit = (machine.root / "etc/systemd/system" / _pages.POOLS_UNIT).read_text()
    assert "node0" not in unit
    assert "echo 2 > /sys/devices/system/node/node1/hugepages/hugepages-1048576kB/nr_hugepages" in unit
    run(TWO)
    assert not (machine.root / "etc/systemd/system" / _pages.POOLS_UNIT).exists()


def test_the_mount_has_the_group_and_the_mode_and_follows_a_change(machine, run):
    run(TWO, group="daemon", mode="0750")
    assert "pagesize=1G,gid=1,mode=0750,nosuid,nodev" in (machine.root / "proc/mounts").read_text()
    machine.calls()
    run(TWO, group="daemon", mode="0770")
    assert machine.calls()[1:] == ["daemon-reload", "restart dev-hugepages\\x2d1G.mount"]
    assert not run(TWO, group="daemon", mode="0770")["changed"]


def test_a_group_that_a_package_brings_is_no_obstacle_to_a_dry_run(machine, run):
    assert "no such group (group): found 'nobodys'" in run(TWO, group="nobodys")["msg"]
    assert "gid=nobodys" in json.dumps(run(TWO, group="nobodys", check=True)["actions"])


def test_a_mount_of_somebody_else_is_used_as_it_is(machine, run):
    machine.write("proc/mounts", "none /dev/hugepages-1G hugetlbfs rw,gid=36,pagesize=1024M 0 0\n")
    result = run(TWO)
    assert result["mounts"][0]["mounted"] and machine.files() == {}
    assert {item["action"] for item in result["actions"]} == {"set"}


@pytest.mark.parametrize("what", ["hugetlbfs rw,pagesize=2M", "ext4 rw"])
def test_something_else_on_the_path_is_refused(machine, run, what):
    machine.write("proc/mounts", "x /dev/hugepages-1G {0} 0 0\n".format(what))
    refused = run(TWO)
    assert "something else is mounted where hugepages go (/dev/hugepages-1G)" in refused["msg"]
    assert (machine.files(), machine.state()) == ({}, {})


def test_a_mount_in_use_is_not_torn_away_and_goes_later(machine, run):
    """All else goes back: a guest that runs on must not keep the kernel line from it."""
    before = machine.files(), (machine.root / "proc/mounts").read_text()
    run([pool(0, 2), pool(1, 8, "2M", persist="unit")])
    machine.write("busy", "")
    paths = ["/dev/hugepages-1G", "/dev/hugepages-2M"]
    for _time in (1, 2):
        result = run(state="absent")
        assert not result["failed"], result["msg"]
        assert result["left"] == [{"target": path, "reason": "is in use"} for path in paths]
        assert machine.files() == before[0] and machine.count(0, GIB) == machine.count(1, 2048) == 0
        assert sorted(machine.state()["mounts"]) == paths and "hugepages" not in machine.state()
    assert (result["changed"], result["actions"]) == (False, [])
    (machine.root / "busy").unlink()
    dry, result = run(state="absent", check=True), run(state="absent")
    assert [(item["action"], item["target"]) for item in result["actions"]] == [
        ("stop", "dev-hugepages\\x2d1G.mount"),
        ("stop", "dev-hugepages\\x2d2M.mount"),
    ]
    assert (result["actions"], result["left"]) == (dry["actions"], [])
    assert (machine.state(), (machine.root / "proc/mounts").read_text()) == ({"version": 1}, before[1])


def test_a_mount_in_use_is_ours_again_where_it_is_wanted_again(machine, run):
    run(TWO)
    machine.write("busy", "")
    run(state="absent")
    assert [item["action"] for item in run(TWO)["actions"]][:3] == ["write", "reload", "enable"]
    assert not run(TWO)["changed"]


def test_a_mount_that_somebody_has_unmounted_is_no_obstacle(machine, run):
    run(TWO)
    machine.write("proc/mounts", "")
    assert run(state="absent")["left"] == []
    assert machine.state() == {"version": 1}


def test_a_unit_that_cannot_be_stopped_is_a_failure(machine, run):
    run([pool(0, 2, persist="unit")], mounts=False)
    tool = machine.root / "bin/systemctl"
    tool.write_text(tool.read_text().replace("  stop)", "  stop) echo no >&2; exit 1 ;;\n  never)"))
    assert "could not stop {0}: found no".format(_pages.POOLS_UNIT) in run(state="absent")["msg"]


def test_mounts_can_be_left_out(machine, run):
    assert run(TWO, mounts=False)["mounts"] == [
        {"path": "/dev/hugepages-1G", "size": "1G", "size_kb": GIB, "mounted": False}
    ]
    assert machine.files() == {}


def test_a_machine_without_numa_is_node_0(machine, run, monkeypatch):
    shutil.rmtree(str(machine.root / "sys/devices"))
    machine.write("proc/meminfo", "MemTotal: {0} kB\n".format(6 * GIB))
    path = machine.root / "sys/kernel/mm/hugepages/hugepages-1048576kB"
    for name in ("nr", "free", "surplus"):
        (path / (name + "_hugepages")).write_text("0\n")
    monkeypatch.undo()
    monkeypatch.setattr(hugepages, "ROOT", str(machine.root))
    assert run([pool(0, 4)], mounts=False)["pools"][0]["found"] == 4
    assert (path / "nr_hugepages").read_text() == "4\n"


def test_a_pool_that_goes_with_the_line_of_before_is_not_in_the_way(machine, run):
    machine.pool(0, 2048, 2000)
    assert "more hugepages than memory" in run([pool(0, 5)])["msg"]
    assert not run([pool(0, 5)], reboot_pending=True)["failed"]


BAD = [
    ([pool(7, 1)], {}, "no such NUMA node (pools): found 7, expected 0, 1"),
    ([pool(0, 7)], {}, "more hugepages than memory (node 0): found 7 x 1G, expected at most 6144 MiB"),
    ([pool(0, 5), pool(0, 1024, "2M")], {}, "found 1024 x 2M + 5 x 1G"),
    ([pool(0, 7)], {"reboot_pending": True}, "more hugepages than memory"),
    ([pool(0, 1, "16M")], {}, "no pages of this size (node 0): found 16M, expected 2M or 1G"),
    ([pool(0, -1)], {}, "not a number of pages"),
    ([pool(0, 1), pool(0, 2, "1024M")], {}, "a pool is named twice: found pages of 1G on node 0"),
    ([{"node": 0, "count": 1}], {}, "needs one page size"),
    ([pool(0, 1, size_kb=2048)], {}, "needs one page size"),
    ([pool(0, 1, "1G; reboot")], {}, "not a page size"),
    ([pool(0, 1, "$(id)")], {}, "not a page size"),
    ([pool(0, 1, "1G\n")], {"mode": "0770\n"}, "not permissions"),
    ([pool("0; reboot", 1)], {}, "unable to convert"),
    (TWO, {"mode": "0777"}, "not permissions of an own file (mode): found '0777'"),
    (TWO, {"mode": "$(id)"}, "not permissions"),
    (TWO, {"group": "root,size=1"}, "no such group"),
    (TWO, {"group": "../x\n"}, "no such group"),
]


@pytest.mark.parametrize(("pools", "more", "message"), BAD)
def test_bad_input_is_refused_before_the_first_change(machine, run, pools, more, message):
    result = run(pools, **more)
    assert result["failed"] and message in result["msg"]
    assert (machine.files(), machine.state()) == ({}, {})
    assert [machine.count(node, GIB) for node in (0, 1)] == [0, 0]


COUNTED = (_pages, "set_count")


@pytest.mark.parametrize("goal", [{"pools": [pool(0, 1, persist="unit")], "group": "daemon"}, {"state": "absent"}])
def test_killed_at_any_step_the_next_run_ends_as_if_undisturbed(machine, run, deaths, goal):
    saved = machine.root / "saved"

    def copy(source, target):
        for name in ("etc", "var", "proc", "sys"):
            shutil.rmtree(str(target / name), ignore_errors=True)
            shutil.copytree(str(source / name), str(target / name), symlinks=True)

    run([pool(0, 2), pool(1, 1), pool(1, 8, "2M", persist="unit")])
    copy(machine.root, saved)
    run(**goal)
    undisturbed = (machine.files(), machine.state(), sorted((machine.root / "proc/mounts").read_text().splitlines()))
    copy(saved, machine.root)
    for _death in deaths(lambda: run(**goal), COUNTED):
        run(**goal)
        mounts = sorted((machine.root / "proc/mounts").read_text().splitlines())
        assert (machine.files(), machine.state(), mounts) == undisturbed
        assert not run(**goal)["changed"]
        copy(saved, machine.root)


def test_killed_at_any_step_and_given_back_at_once_all_is_as_before(machine, run, deaths):
    def world():
        counts = [machine.count(node, size) for node in (0, 1) for size in (2048, GIB)]
        return machine.files(), counts, (machine.root / "proc/mounts").read_text()

    machine.pool(0, GIB, 1)
    virgin = world()
    for earlier in ([], [pool(0, 2)]):
        run(earlier)
        for _death in deaths(lambda: run([pool(0, 3), pool(1, 1), pool(1, 8, "2M", persist="unit")]), COUNTED):
            result = run(state="absent")
            assert (result["failed"], result["left"]) == (False, [])
            assert world() == virgin and machine.state() in ({}, {"version": 1})
            run(earlier)
        run(state="absent")
