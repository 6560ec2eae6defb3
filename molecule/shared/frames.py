# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send Ethernet frames into one data NIC of a machine and count what comes out of the other.

    frames.py MACHINE --count 500

The wire of a NIC is a pair of Unix datagram sockets, one frame a datagram. It never drops: who writes faster than
the other reads has to wait. A NIC model may drop when its ring is full, so only a window of frames is under way at
any time. What is missing then was lost by the switch, and counts can be compared exactly.
"""

import argparse
import contextlib
import json
import os
import socket
import struct
import threading

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
        self.numbers, self.duplicates, self.foreign = set(), 0, 0
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
                self.duplicates += number in self.numbers
                self.numbers.add(number)
                self.arrival.notify()

    def wait_for(self, count, patience):
        """Wait until so many frames are there; give up when no other has come for `patience` seconds."""
        with self.arrival:
            while len(self.numbers) < count:
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
    return {"sent": sent, "received": len(reader.numbers), "duplicates": reader.duplicates, "foreign": reader.foreign}


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
