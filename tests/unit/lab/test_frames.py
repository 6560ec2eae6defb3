"""The frame counter of the virtual lab, against a wire that does what it is told."""

import itertools
import socket
import sys
import threading

import frames
import pytest
from tools import await_condition

MARK = b"12345678"
COUNT = 1000  # far more than a socket holds


def test_a_frame_is_known_by_its_mark_and_number():
    data = frames.frame(MARK, 7, 128)
    assert len(data) == 128
    assert frames.number_of(data, MARK) == 7


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff" * 14, frames.frame(b"another.", 7, 128), frames.frame(MARK, 7, 0)[:-1]],
    ids=["empty", "foreign protocol", "another run", "cut short"],
)
def test_other_frames_have_no_number(data):
    assert frames.number_of(data, MARK) is None


class Switch(threading.Thread):
    """A machine that forwards from NIC 0 to NIC 1 what `fate` makes of each frame."""

    def __init__(self, directory, fate):
        super().__init__(daemon=True)
        self.directory, self.fate = directory, fate
        self.ends = []
        for node in (0, 1):
            end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            end.bind(str(directory / f"nic{node}.guest.sock"))
            self.ends.append(end)

    def run(self):
        for number in itertools.count():
            data = self.ends[0].recv(65536)
            for out in self.fate(number, data):
                self.ends[1].sendto(out, str(self.directory / "nic1.test.sock"))


@pytest.mark.parametrize(
    "fate, expected",
    [
        (lambda number, data: [data], (COUNT, 0, 0)),
        (lambda number, data: [data] if number != 3 else [], (COUNT - 1, 0, 0)),
        (lambda number, data: [data] * (2 if number == 3 else 1), (COUNT, 1, 0)),
        (lambda number, data: [b"noise", data] if number == 3 else [data], (COUNT, 0, 1)),
    ],
    ids=["all", "one lost", "one doubled", "one of another"],
)
def test_exchange_counts_exactly(tmp_path, fate, expected):
    Switch(tmp_path, fate).start()
    counted = frames.exchange(tmp_path, COUNT, patience=1)
    assert (counted["received"], counted["duplicates"], counted["foreign"]) == expected
    assert counted["sent"] == COUNT
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nic0.guest.sock", "nic1.guest.sock"]


def test_a_nic_that_nobody_reads_ends_the_exchange(tmp_path):
    idle = Switch(tmp_path, lambda number, data: [data])  # its sockets are there, but it never starts
    counted = frames.exchange(tmp_path, COUNT, patience=0.5)
    assert 0 < counted["sent"] < COUNT
    assert counted["received"] == 0
    assert not idle.is_alive()


def test_a_machine_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        frames.exchange(tmp_path, COUNT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("sent", "arrived", "gaps"),
    [
        (3, {0: 1.0, 1: 3.0, 2: 4.5}, (0, 2.0)),
        (9, {1: 1.0, 5: 3.5, 4: 3.0, 7: 4.0}, (2, 2.0)),
        (9, {5: 1.0}, (5, 4.0)),
        (9, {2: 1.0}, (6, 4.0)),
        (1, {0: 9.0}, (0, 5.0)),
        (4, {}, (4, 5.0)),
        (0, {}, (0, 5.0)),
    ],
    ids=["none", "between", "at the beginning", "at the end", "late", "nothing came", "nothing sent"],
)
def test_the_longest_gaps(sent, arrived, gaps):
    assert frames.longest_gaps(sent, arrived, 0.0, 5.0) == gaps


@pytest.mark.parametrize(
    ("dropped", "longest"), [((), 0), ((3, 4, 5, 40, 60, 61), 3), (range(9), 9)], ids=["none", "some", "the first"]
)
def test_a_stream_counts_what_is_lost_meanwhile(tmp_path, dropped, longest):
    enough = threading.Event()

    def fate(number, data):
        if number == COUNT:
            enough.set()
        return [] if number in dropped else [data]

    Switch(tmp_path, fate).start()
    answer, counted = frames.stream(tmp_path, lambda: enough.wait(60), rate=5000, patience=1)
    assert answer is True
    assert counted["sent"] > COUNT
    assert (counted["lost"], counted["sent"] - counted["received"]) == (len(dropped), len(dropped))
    assert counted["longest_gap_frames"] == longest
    assert (counted["refused"], counted["duplicates"], counted["foreign"]) == (0, 0, 0)


def test_a_stream_goes_on_over_a_nic_that_nobody_reads_for_a_while(tmp_path, monkeypatch):
    made, last, build = [], threading.Event(), frames.frame
    monkeypatch.setattr(frames, "frame", lambda mark, number, size: made.append(number) or build(mark, number, size))

    def fate(_number, data):
        if frames.number_of(data, data[14:22]) > COUNT:
            last.set()
        return [data]

    switch = Switch(tmp_path, fate)

    def outage():
        assert await_condition(lambda: made and made[-1] > COUNT, 60, pause=0.01)
        switch.start()
        return last.wait(60)

    answer, counted = frames.stream(tmp_path, outage, rate=5000, patience=1, hold=0.01)
    assert answer is True
    assert 0 < counted["longest_gap_frames"] <= counted["lost"] == counted["refused"] < counted["sent"]
    assert counted["longest_gap_seconds"] > 0


def test_a_stream_ends_with_the_action_that_fails(tmp_path):
    Switch(tmp_path, lambda number, data: [data]).start()
    with pytest.raises(SystemExit):
        frames.stream(tmp_path, lambda: sys.exit("no play"), rate=50, patience=1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nic0.guest.sock", "nic1.guest.sock"]
