# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rx queues and PMD threads of a running switch as the picture that placements are worked out from.

Our own pins do not count as pins here: the picture says what could be without them. What others pinned stays pinned.

Private to the collection. Python 3.6+, standard library only.
Sources: ovs-vswitchd(8), ovs-vswitchd.conf.db(5); the external_ids that os-vif and OVN's integration guide name.
"""

from . import _answers, _keys, _pins, _pmd
from ._port_stats import numa_node

TABLES = {
    "Open_vSwitch": ["other_config", "external_ids"],
    "Interface": ["name", "type", "status", "options", "other_config", "external_ids"],
}

_NUMBER = _answers.whole_line(r"\s{4}(?P<port>.+) \d+/(?P<number>\d+):? \(.*")
# Who made an interface says so with the first of these that is there.
_OWNERS = (("vm-uuid", "an instance"), ("attached-mac", "a virtual machine"), ("iface-id", "OVN or OpenStack"))


def rows(switch):
    """The rows of the database that hold pins and keys."""
    tables = switch.tables(TABLES)
    return {"interfaces": {row["name"]: row for row in tables["Interface"]}, "root": tables["Open_vSwitch"][0]}


def read(switch, daemon, window=None):
    """All answers that a picture needs; *window* asks for the load of the last seconds (3.1 and later)."""
    usage = daemon.ask_if_known("dpif-netdev/pmd-rxq-show", "-secs", str(window)) if window else ""
    return dict(
        rows(switch),
        rxqs=_pmd.parse_rxq_show(usage or daemon.ask_if_known("dpif-netdev/pmd-rxq-show")),
        ports=daemon.ask_if_known("dpif/show"),
        version=_keys.parse_version(switch.running_version(daemon.process)),
    )


def owner(interface):
    """Who manages an interface, if others do: words, else None."""
    for key, words in _OWNERS:
        if interface["external_ids"].get(key):
            return "{0} ({1}={2})".format(words, key, interface["external_ids"][key])
    return None


def known(answers):
    """Whether the switch knows the load of all queues; for some seconds after each change it does not."""
    return all(rxq["usage_percent"] is not None for row in _threads(answers) for rxq in row["rxqs"])


def _threads(answers):
    return [dict({"rxqs": []}, **row) for _core, row in sorted(answers["rxqs"]["pmds"].items())]


def pmds(answers):
    """The threads; isolated are those that others have pinned queues to, unless that isolates nothing."""
    isolating = answers["root"]["other_config"].get("pmd-rxq-isolate", "").lower() != "false"
    pinned = {queue["pinned_core"] for queue in queues(answers)}
    return [
        {
            "core_id": row["core_id"],
            "numa_id": row["numa_id"],
            "isolated": isolating and row["core_id"] in pinned,
        }
        for row in _threads(answers)
    ]


def queues(answers):
    """All rx queues in the order of the ports in the datapath, those too that nobody polls."""
    found = {}
    for thread in _threads(answers):
        for rxq in thread["rxqs"]:
            found[rxq["port"], rxq["queue_id"]] = (thread, rxq)
    for port, number in counts(answers).items():
        for queue in range(number):
            found.setdefault((port, queue), (None, {"enabled": True, "usage_percent": 0}))
    numbers = _numbers(answers["ports"])
    order = sorted(found, key=lambda each: (numbers.get(each[0], len(numbers) + 1), each))
    return [_queue(answers, port, queue, *found[port, queue]) for port, queue in order if port in answers["interfaces"]]


def _queue(answers, port, queue, thread, rxq):
    interface = answers["interfaces"][port]
    node = numa_node(interface)
    if node is None:  # a vhost-user port without a guest: the switch chose a node that it does not tell
        node = thread["numa_id"] if thread else 0
    return {
        "port": port,
        "queue_id": queue,
        "numa_id": max(0, node),
        "load": rxq["usage_percent"] or 0,
        "enabled": rxq["enabled"],
        "pinned_core": _pins.others(interface).get(queue),
        "core_id": thread["core_id"] if thread else None,
    }


def counts(answers):
    """{port: number of rx queues} of the ports for threads that say so."""
    settings = _answers.datapath_ports(answers["ports"])
    result = {}
    for name, row in answers["interfaces"].items():
        text = row["status"].get("n_rxq") or settings.get(name, {}).get("configured_rx_queues", "")
        if name in settings and text.isdecimal():
            result[name] = int(text)
    return result


def _numbers(text):
    """{port: its number in the datapath} of "dpif/show"."""
    matches = filter(None, map(_NUMBER.match, text.splitlines()))
    return {match.group("port"): int(match.group("number")) for match in matches}


def owners(answers):
    """{port: who manages it} of interfaces that others manage."""
    return {name: owner(row) for name, row in sorted(answers["interfaces"].items()) if owner(row)}
