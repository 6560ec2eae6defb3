"""Do frames go through, and do all counters agree to the last one?"""

import re
import time

import pytest
from frames import exchange

PORTS = ("dpdk0", "dpdk1")
COUNT = 500


def counters(host):
    """What the poll-mode threads and both ports have counted so far."""
    stats = host.check_output("ovs-appctl dpif-netdev/pmd-stats-show")
    pmd = stats.split("main thread")[0]
    result = {"pmd": sum(int(number) for number in re.findall(r"packets received: (\d+)", pmd))}
    for port in PORTS:
        text = host.check_output(f"ovs-vsctl get Interface {port} statistics")
        numbers = dict(re.findall(r"(\w+)=(\d+)", text))
        result.update({f"{port} {name}": int(numbers[name]) for name in ("rx_packets", "tx_packets")})
    return result


def growth(host, before, expected, timeout=60):
    """Return how much each counter grew; port statistics follow some seconds later."""
    deadline = time.monotonic() + timeout
    while True:
        now = counters(host)
        grown = {name: now[name] - before[name] for name in before}
        if grown == expected or time.monotonic() > deadline:
            return grown


@pytest.mark.parametrize("into, out_of", [(0, 1), (1, 0)])
def test_every_frame_is_forwarded_and_counted_once(host, machine, into, out_of):
    before = counters(host)
    assert exchange(machine, COUNT, into=into, out_of=out_of) == {
        "sent": COUNT,
        "received": COUNT,
        "duplicates": 0,
        "foreign": 0,
    }
    expected = dict.fromkeys(before, 0)
    expected.update({"pmd": COUNT, f"{PORTS[into]} rx_packets": COUNT, f"{PORTS[out_of]} tx_packets": COUNT})
    assert growth(host, before, expected) == expected
