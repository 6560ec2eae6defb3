"""A boot that hangs is reset, one that goes on is not."""

import subprocess
import sys

import machine
import pytest
import watch
from tools import await_condition

HANGS = b"Loading initial ramdisk ...\n[    0.7] RETBleed\n"
DONE = HANGS + b"node login: "


@pytest.mark.parametrize(
    ("console", "began"),
    [(b"", None), (b"grub> ", None), (HANGS, 0), (DONE, None), (DONE + HANGS, len(DONE)), (DONE + DONE, None)],
)
def test_a_boot_is_unfinished_until_it_asks_for_a_login(console, began):
    assert watch.unfinished_boot(console) == began


class Guest:
    """A machine that lives for so many looks, and that a reset cures."""

    def __init__(self, console, text, looks, answers):
        self.console, self.looks, self.resets, self.answers = console, looks, 0, answers
        console.write_bytes(text)

    def pid(self):
        self.looks -= 1
        return 1 if self.looks >= 0 else None

    def cpu_seconds(self):
        return 0

    def ssh(self, command):
        return [command if self.answers else "false"]

    def reset(self):
        self.resets += 1
        with open(self.console, "ab") as log:
            log.write(DONE)


@pytest.mark.parametrize(
    ("text", "patience", "answers", "resets"),
    [(HANGS, -1, False, 1), (HANGS, -1, True, 0), (HANGS, 60, False, 0), (DONE, -1, False, 0), (b"", -1, False, 0)],
)
def test_only_a_boot_that_takes_too_long_and_does_not_answer_is_reset(tmp_path, text, patience, answers, resets):
    guest, said = Guest(tmp_path / "console.log", text, looks=5, answers=answers), []
    watch.watch(guest, patience, said.append, pause=0.0)
    assert (guest.resets, len(said)) == (resets, resets)


def test_the_watch_of_a_machine_that_is_gone_ends(tmp_path):
    with subprocess.Popen([sys.executable, watch.__file__, str(tmp_path)]) as process:
        assert await_condition(lambda: process.poll() is not None, 20)
    assert process.returncode == 0
    assert machine.Machine(tmp_path).pid() is None
