"""The virtual machine as far as it can be judged without booting one."""

import os
import subprocess
import sys

import hardware
import image
import machine
import pytest
from tools import LabError, await_condition, directory_of, run


@pytest.fixture
def directory(tmp_path):
    made = tmp_path / "node"
    made.mkdir()
    for name in (*machine.MADE, "console.log", "notes"):
        (made / name).touch()
    return made


@pytest.fixture
def work():
    """What the process does that looks like our QEMU."""
    return "import time; time.sleep(600)"


@pytest.fixture
def qemu(directory, work):
    """A process that looks like our QEMU: its name and its -pidfile."""
    arguments = [hardware.QEMU, "-c", work, "-pidfile", str(directory / "qemu.pid")]
    process = subprocess.Popen(arguments, executable=sys.executable)
    assert await_condition(lambda: machine.Machine(directory).pid() == process.pid, 10)
    yield process
    process.kill()
    process.wait()


def test_down_stops_our_process_and_leaves_what_it_did_not_make(directory, qemu):
    machine.Machine(directory).down()
    assert await_condition(lambda: qemu.poll() is not None, 10)
    assert sorted(path.name for path in directory.iterdir()) == ["console.log", "notes"]


def test_down_leaves_the_machine_of_another_directory_alone(tmp_path, qemu):
    machine.Machine(tmp_path / "other").down()
    assert qemu.poll() is None


@pytest.mark.parametrize("work", ["while True: pass"])
def test_time_is_what_the_machine_has_had_of_the_cpus(directory, qemu, work):
    assert await_condition(lambda: machine.Machine(directory).cpu_seconds() >= 1, 60)
    qemu.kill()
    qemu.wait()
    assert machine.Machine(directory).cpu_seconds() == 0


def test_down_can_be_repeated(directory):
    for _time in range(2):
        machine.Machine(directory).down()
    assert machine.Machine(directory).facts()["running"] is False


def test_a_stale_pid_file_names_nobody(directory):
    (directory / "qemu.pid").write_text(str(os.getpid()))
    assert machine.Machine(directory).pid() is None


def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_made(tmp_path):
    directory = tmp_path / ("x" * 100)
    with pytest.raises(LabError, match="bytes too long"):
        machine.Machine(directory).up(image="unused")
    assert not directory.exists()


def test_the_monitor_of_no_machine(directory):
    with pytest.raises(LabError, match="no machine runs"):
        machine.Machine(directory).snapshot("save", "virgin")


def test_a_name_is_a_directory_below_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert directory_of("dev") == tmp_path / "nfv-ovs-dpdk/machines/dev"
    assert str(directory_of("./dev")) == "dev"


def test_an_own_image_is_taken_as_it_is(monkeypatch, tmp_path):
    own = tmp_path / "own.qcow2"
    monkeypatch.setenv("NFV_LAB_IMAGE", str(own))
    with pytest.raises(LabError, match="not a file"):
        image.image("bookworm")
    own.touch()
    assert image.image("bookworm") == own


def test_an_unknown_release_is_refused(monkeypatch):
    monkeypatch.delenv("NFV_LAB_IMAGE", raising=False)
    with pytest.raises(LabError, match="expected one of bookworm, trixie"):
        image.image("sid")


def test_a_failing_program_tells_its_last_words():
    with pytest.raises(LabError, match="sh failed with code 3:\nno space"):
        run(["sh", "-c", "echo no space >&2; exit 3"])
    with pytest.raises(LabError, match="mmdebstrap-missing is not installed"):
        run(["mmdebstrap-missing"])
