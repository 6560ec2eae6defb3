"""For all tests: a module's real main() with JSON arguments, what changing modules must stand, a watch over us."""

import importlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

try:
    import hypothesis
except ImportError:  # on the oldest Python of a target
    pass
else:  # The same examples at every run, few enough that the whole stays quick.
    hypothesis.settings.register_profile(
        "all",
        max_examples=40,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("all")


# Hundreds of trees of small files cost a fraction in memory. Scripts must be able to run there, as in /tmp.
MEMORY = "/dev/shm"
if os.access(MEMORY, os.W_OK) and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC:
    tempfile.tempdir = MEMORY


@pytest.fixture
def tmp_path():
    """As pytest's own, but gone with the test: nothing piles up in memory."""
    with tempfile.TemporaryDirectory() as place:
        yield pathlib.Path(place)


def traces():
    """What the collection would leave on a host: names and times of change in its state directory."""
    try:
        return {entry.name: entry.stat().st_mtime_ns for entry in os.scandir("/var/lib/nfv_ovs_dpdk")}
    except OSError:
        return None


@pytest.fixture(autouse=True)
def this_machine_is_left_alone():
    before = traces()
    yield
    assert traces() == before


@pytest.fixture
def run_module(monkeypatch, capsys):
    """run_module("host_info", {"root": tree}, check=False, diff=False) -> the result as a dict."""
    pytest.importorskip("ansible.module_utils.basic")

    def run(name, arguments, check=False, diff=False):
        from ansible.module_utils import basic
        from ansible.module_utils.common import warnings

        parameters = dict(arguments, _ansible_check_mode=check, _ansible_diff=diff)
        payload = json.dumps({"ANSIBLE_MODULE_ARGS": parameters}).encode()
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", payload)
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        # A host has a new process for each run, and nothing of the controller in it.
        monkeypatch.setattr(warnings, "_global_warnings", type(warnings._global_warnings)())
        if hasattr(warnings, "_internal"):
            monkeypatch.setattr(warnings._internal, "is_controller", False)
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        module = importlib.import_module("ansible_collections.nfv.ovs_dpdk.plugins.modules." + name)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            module.main()
        result = json.loads(capsys.readouterr().out)
        result["failed"] = result.get("failed", False)
        assert (ended.value.code not in (0, None)) == result["failed"]
        return result

    return run


# --- what every changing module must stand ------------------------------------------------------------------------
# *world*() tells all that it may change, as (the host, what is recorded about it).


@pytest.fixture
def settles():
    """settles(run, world) -> result of run(check=False, diff=True), of which a dry run said all and changed nothing.

    Nothing is left to do afterwards, neither for a dry run nor for a real one.
    """

    def each(run, world):
        before = world()
        dry = run(check=True, diff=True)
        assert not dry["failed"], dry["msg"]
        assert world() == before
        real = run(check=False, diff=True)
        assert not real["failed"], real["msg"]
        assert [dry[key] for key in ("actions", "changed", "diff")] == [
            real[key] for key in ("actions", "changed", "diff")
        ]
        assert real["changed"] == bool(real["actions"]) == (world()[0] != before[0])
        done = world()
        for check in (True, False):
            again = run(check=check, diff=True)
            assert (again["failed"], again["changed"], again["actions"]) == (False, False, [])
        assert world() == done
        return real

    return each


LOST, UNSYNCED, BROKEN, DEAD = 6, 7, 8, 9


def place_of(path):
    """The directory of a name, as the kernel tells directories apart."""
    status = os.stat(os.path.dirname(path) or ".")
    return status.st_dev, status.st_ino


def temporary(path):
    """Whether a name is one that we write to first: should it come back after a power cut, the next run uses it up."""
    return ".nfv-ovs-dpdk" in os.path.basename(path)


def dies_at(number, call, *more):
    """Run call() in a child that dies without a word before its *number*-th change of a name or command, if any.

    *more* are (module, name of its function) that change something besides.
    Before each of them, and at the end, all names that were changed so far must be on the disk: a record that a power
    cut takes back while the change that it describes stays is as good as none.
    """
    child = os.fork()
    if not child:
        steps, synced, pending, fsync, rename = [0], set(), {}, os.fsync, os.rename

        def durable(descriptor):
            status = os.fstat(descriptor)
            fsync(descriptor)
            synced.add(status.st_ino)
            pending.pop((status.st_dev, status.st_ino), None)

        def put(source, target):
            if os.stat(source).st_ino not in synced:
                os._exit(UNSYNCED)
            rename(source, target)

        def settled():
            if pending:
                os.write(2, "not on the disk: {0}\n".format(", ".join(map(str, pending.values()))).encode())
                os._exit(LOST)

        def deadly(real):
            def step(*arguments, **more):
                settled()
                steps[0] += 1
                if steps[0] == number:
                    os._exit(DEAD)
                return real(*arguments, **more)

            return step

        def naming(real, position=0):
            def change(*arguments):
                real(*arguments)
                if not temporary(arguments[position]):
                    pending[place_of(arguments[position])] = arguments[position]

            return change

        os.fsync, os.rename, code = durable, put, BROKEN
        os.rename, subprocess.Popen = deadly(naming(os.rename, 1)), deadly(subprocess.Popen)
        for name in ("unlink", "mkdir", "rmdir"):
            setattr(os, name, deadly(naming(getattr(os, name))))
        for module, name in more:
            setattr(module, name, deadly(getattr(module, name)))
        try:
            code = BROKEN if call()["failed"] else 0
            settled()
        finally:
            os._exit(code)
    code = os.WEXITSTATUS(os.waitpid(child, 0)[1])
    assert code != LOST, "a name was changed, and the next step came before its directory was on the disk"
    assert code != UNSYNCED, "a file took its place before it was on the disk"
    assert code in (0, DEAD), "failed without being disturbed"
    return code == DEAD


@pytest.fixture
def deaths():
    """deaths(call, *more): call() dies before its first step, its second …; yields after each, until it gets through"""

    def each(call, *more):
        number = 1
        while dies_at(number, call, *more):
            yield number
            number += 1
        assert number > 1, "nothing was there to interrupt"

    return each


@pytest.fixture
def survives(deaths):
    """survives(forth, back, world): either call, killed at any step, ends at its next run as if undisturbed.

    So what is remembered of the time before is right as well: it is given back.
    """

    def done(call):
        result = call()
        assert not result["failed"], result["msg"]

    def ends(call, world, expected):
        done(call)
        assert world() == expected

    def each(forth, back, world):
        virgin = world()
        done(forth)
        full = world()
        done(back)
        empty = world()
        assert full != empty and empty[0] == virgin[0]
        for goal, there, other, here in ((forth, full, back, empty), (back, empty, forth, full)):
            ends(other, world, here)
            for _death in deaths(goal):
                ends(goal, world, there)
                assert not goal()["changed"]
                ends(other, world, here)

    return each
