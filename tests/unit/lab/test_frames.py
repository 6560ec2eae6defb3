"""The frame counter of the virtual lab, against a wire that does what it is told."""

import socket
import threading

import frames
import pytest

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
        for number in range(COUNT):
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
