# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send Ethernet frames into one data NIC of a machine and count what comes out of the other.

    frames.py MACHINE --count 500

The wire of a NIC is a pair of Unix datagram sockets, one frame a datagram. It never drops: who writes faster than
the other reads has to wait. A NIC model may drop when its ring is full, so only a window of frames is under way at
any time. What is missing then was lost by the switch, and counts can be compared exactly.

A stream is sent at a fixed rate instead, whatever becomes of it: what a wire does not take in time is lost as well.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import socket
import struct
import threading
import time

from hardware import nic_socket
from tools import directory_of

# Locally administered addresses; nobody owns the destination, so a learning bridge floods the frame.
DESTINATION, SOURCE = bytes.fromhex("020000000002"), bytes.fromhex("020000000001")
EXPERIMENTAL = 0x88B5  # EtherType that IEEE leaves to local experiments
MARK_SIZE = 8


def frame(mark, number, size):
    """Build one frame that can be told from all others: the mark of this run and a number."""
    head = DESTINATION + SOURCE + struct.pack("!H", EXPERIMENTAL) + mark + struct.pack("!I", number)
    return head.ljust(size, b"\0")


def number_of(data, mark):
    """Return the number of a frame of this run, None for any other frame."""
    head = DESTINATION + SOURCE + struct.pack("!H", EXPERIMENTAL) + mark
    if not data.startswith(head) or len(data) < len(head) + 4:
        return None
    return struct.unpack_from("!I", data, len(head))[0]


@contextlib.contextmanager
def wire(directory, node):
    """Open our end of the wire to the data NIC of a NUMA node."""
    mine, peer = (str(nic_socket(directory, node, side)) for side in ("test", "guest"))
    with contextlib.suppress(FileNotFoundError):
        os.unlink(mine)  # left by a run that was killed
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(mine)
        try:
            end.connect(peer)
            yield end
        finally:
            os.unlink(mine)


class Reader(threading.Thread):
    """Collects frames while others are being sent."""

    def __init__(self, end, mark):
        super().__init__(daemon=True)
        self.end, self.mark = end, mark
        self.arrived, self.duplicates, self.foreign = {}, 0, 0  # number: when
        self.arrival = threading.Condition()
        self.stopped = False

    def run(self):
        self.end.settimeout(0.2)
        while not self.stopped:
            with contextlib.suppress(socket.timeout):
                self.take(self.end.recv(65536))

    def take(self, data):
        number = number_of(data, self.mark)
        with self.arrival:
            if number is None:
                self.foreign += 1
            else:
                self.duplicates += number in self.arrived
                self.arrived.setdefault(number, time.monotonic())
                self.arrival.notify()

    def wait_for(self, count, patience):
        """Wait until so many frames are there; give up when no other has come for `patience` seconds."""
        with self.arrival:
            while len(self.arrived) < count:
                if not self.arrival.wait(patience):
                    return False
            return True


def exchange(directory, count=500, size=128, into=0, out_of=1, patience=15, window=64):
    """Send frames into one NIC and return how many went in and how many came out of the other.

    Ends when all have come out, or none has for `patience` seconds.
    """
    mark, sent = os.urandom(MARK_SIZE), 0
    with wire(directory, into) as sender, wire(directory, out_of) as receiver:
        reader = Reader(receiver, mark)
        reader.start()
        sender.settimeout(patience)  # a NIC that nobody reads blocks its wire in the end
        with contextlib.suppress(socket.timeout):
            while sent < count and reader.wait_for(sent - window, patience):
                sender.send(frame(mark, sent, size))
                sent += 1
        reader.wait_for(sent, patience)
        reader.stopped = True
        reader.join()
    return {"sent": sent, "received": len(reader.arrived), "duplicates": reader.duplicates, "foreign": reader.foreign}


def stream(directory, action, rate, size=128, into=0, out_of=1, patience=15, hold=1.0):
    """Send frames at a rate while `action` is under way; return what it returned, and what became of the frames."""
    mark, done = os.urandom(MARK_SIZE), threading.Event()
    with wire(directory, into) as sender, wire(directory, out_of) as receiver:
        reader = Reader(receiver, mark)
        reader.start()
        began = time.monotonic()
        try:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                sending = pool.submit(pour, sender, mark, rate, size, hold, done)
                try:
                    answer = action()
                finally:
                    done.set()
            ended = time.monotonic()
            sent, refused = sending.result()
            reader.wait_for(sent - refused, patience)
        finally:
            reader.stopped = True
            reader.join()
    received = len(reader.arrived)
    frames, seconds = longest_gaps(sent, reader.arrived, began, ended)
    return answer, {
        "seconds": round(ended - began, 1), "sent": sent, "received": received, "lost": sent - received,
        "refused": refused, "duplicates": reader.duplicates, "foreign": reader.foreign,
        "longest_gap_frames": frames, "longest_gap_seconds": round(seconds, 2),
    }  # fmt: skip


def pour(end, mark, rate, size, hold, done):
    """Send frames until `done`; return how many were due, and how many of them the wire has not taken.

    The wire may take each up to `hold` seconds late: it holds ten frames, and an emulator pauses now and then.
    """
    sent = refused = 0
    began = time.monotonic()
    while not done.wait(max(0, began + sent / rate - time.monotonic())):
        end.settimeout(max(0, began + sent / rate + hold - time.monotonic()))
        try:
            end.send(frame(mark, sent, size))
        except (socket.timeout, BlockingIOError):
            refused += 1
        sent += 1
    return sent, refused


def longest_gaps(sent, arrived, began, ended):
    """Return the longest row of frames that never came, and the longest time in which none came."""
    numbers = [-1, *sorted(arrived), sent]
    times = sorted([began, ended, *arrived.values()])
    return (
        max(later - earlier - 1 for earlier, later in zip(numbers, numbers[1:])),
        max(later - earlier for earlier, later in zip(times, times[1:])),
    )


def main():
    """Run one exchange and print its counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("machine", help="a name, or a directory (anything with a slash), as for lab.py")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--size", type=int, default=128, help="bytes of a frame, without checksum")
    options = parser.parse_args()
    print(json.dumps(exchange(directory_of(options.machine), options.count, options.size)))


if __name__ == "__main__":
    main()
