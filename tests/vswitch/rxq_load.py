"""Dummy ports with queues that are really busy: packets at will, each of them costly."""

import json
import re
import socket

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset, _pmd

FLOW = (
    "in_port({0}),eth(src=50:54:00:00:00:09,dst=50:54:00:00:00:0a),eth_type(0x0800),"
    "ipv4(src=10.0.0.1,dst=10.0.0.2,proto=17,tos=0,ttl=64,frag=no),udp(src=1,dst=2)"
)
QUEUE_LENGTH = 100  # of a dummy port


class Control:
    """The control socket of ovs-vswitchd, for thousands of commands."""

    def __init__(self, switch):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(switch.path("ovs-vswitchd.{0}.ctl".format(switch.pid)))
        self.text = ""

    def ask(self, commands):
        requests = [{"method": each[0], "params": each[1:], "id": number} for number, each in enumerate(commands)]
        self.socket.sendall("".join(map(json.dumps, requests)).encode())
        answers = []
        while len(answers) < len(commands):
            self.text += self.socket.recv(1 << 16).decode()
            answers += self._whole()
        assert [answer["error"] for answer in answers] == [None] * len(commands)

    def _whole(self):
        while self.text:
            try:
                answer, end = json.JSONDecoder().raw_decode(self.text)
            except ValueError:
                return
            self.text = self.text[end:].lstrip()
            yield answer


class Loaded:
    """A switch on a pretended machine, with dummy ports {name: (node, queues)} and threads on *cores*."""

    def __init__(self, switch, ports, cores, copies=300):
        self.switch, self.ports = switch, ports
        keys = ["pmd-maxsleep=2000", "pmd-sleep-max=2000", "pmd-cpu-mask=" + _cpuset.to_mask(cores)]
        switch.vsctl("set", "Open_vSwitch", ".", *["other_config:" + key for key in keys])
        switch.vsctl("add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=dummy", "fail_mode=secure")
        switch.vsctl("add-port", "br0", "sink", "--", "set", "Interface", "sink", "type=dummy")
        for name, (node, queues) in ports.items():
            self.add(name, node, queues)
        self.numbers = dict(re.findall(r"(\S+) \d+/(\d+): \(dummy-pmd", switch.appctl("dpif/show")))
        switch.command("ovs-ofctl", "add-flow", "br0", "actions=" + ",".join(["output:sink"] * copies))
        self.control = Control(switch)

    def add(self, name, node, queues, *more):
        options = ["type=dummy-pmd", "options:numa_id={0}".format(node), "options:n_rxq={0}".format(queues)]
        self.switch.vsctl("add-port", "br0", name, "--", "set", "Interface", name, *(options + list(more)))

    def configure(self, algorithm, pins=None, isolate=True):
        """One transaction: this algorithm, these pins ({port: {queue: core}})."""
        settings = ["pmd-rxq-assign=" + algorithm, "pmd-rxq-isolate=" + str(isolate).lower()]
        commands = ["set", "Open_vSwitch", "."] + ["other_config:" + each for each in settings]
        for port in self.ports:
            commands += ["--", "remove", "Interface", port, "other_config", "pmd-rxq-affinity"]
            if (pins or {}).get(port):
                text = ",".join("{0}:{1}".format(*pin) for pin in pins[port].items())
                commands += ["--", "set", "Interface", port, 'other_config:pmd-rxq-affinity="{0}"'.format(text)]
        self.switch.vsctl(*commands)

    def threads(self, *options):
        return _pmd.parse_rxq_show(self.switch.appctl("dpif-netdev/pmd-rxq-show", *options))["pmds"]

    def placement(self):
        """{(port, queue): core}"""
        rows = self.threads().items()
        return {(rxq["port"], rxq["queue_id"]): core for core, row in rows for rxq in row["rxqs"]}

    def received(self):
        return sum(map(int, re.findall(r"packets received: (\d+)", self.switch.appctl("dpif-netdev/pmd-stats-show"))))

    def send(self, counts, wait_for):
        """*counts*: {(port, queue): packets}; not more at once than a queue holds, so that none is lost."""
        counts = dict(counts)
        while any(counts.values()):
            sent, start = 0, self.received()
            for (port, queue), count in counts.items():
                count = min(count, QUEUE_LENGTH // 2)
                self.inject(port, queue, count)
                counts[port, queue] -= count
                sent += count
            wait_for(lambda goal=start + sent: self.received() >= goal, "the reception of all packets")

    def inject(self, port, queue, count):
        flow = FLOW.format(self.numbers[port])
        self.control.ask([["netdev-dummy/receive", port, "--qid", str(queue), flow, "--len", "64"]] * count)

    def know(self, wait_for):
        """Until every thread has finished a sample: what was counted before is remembered then."""

        def known():
            rows = [rxq for row in self.threads().values() for rxq in row["rxqs"]]
            return all(rxq["usage_percent"] is not None for rxq in rows)

        wait_for(known, "the first sample of all threads")
