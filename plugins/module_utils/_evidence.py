# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evidence: everything the checks look at, collected once from the kernel and from the switch.

Nothing is decided here and nothing is changed. Where the switch is silent, "silent" says why and its part is empty.
For what must not grow there are two samples; everything else is read in between, so that the waiting costs little.

Private to the collection. Python 3.6+, standard library only.
Sources: as named in the doors that are used (_host, _kernel, _vswitch, _daemon, _answers).
"""

import os
import re
import time

from . import _answers, _keys, _log, _pmd_stats, _port_stats, _tuned
from ._daemon import Daemon
from ._errors import Failed, Refused
from ._files import under
from ._grub import Grub, entries
from ._host import read_host
from ._kernel import interrupt_counts, read_kernel
from ._restart import Running
from ._tree import Tree
from ._vswitch import RUNDIR

TABLES = {
    "Open_vSwitch": ["other_config", "cur_cfg", "next_cfg", "dpdk_initialized", "dpdk_version"],
    "Interface": [
        "name",
        "type",
        "error",
        "admin_state",
        "link_state",
        "mtu",
        "mtu_request",
        "options",
        "other_config",
        "status",
        "statistics",
    ],
}
COUNTERS = {"Interface": ["name", "type", "statistics"]}

NO_SWITCH = {
    "version": None,
    "pid": None,
    "open_vswitch": {"other_config": {}, "cur_cfg": 0, "next_cfg": 0, "dpdk_initialized": False, "dpdk_version": None},
    "interfaces": [],
    "dpdk_wanted": False,
    "threads": [],
    "executable": None,
    "libraries": {},
    "stats": {"pmds": [], "unparsed": []},
    "datapath_ports": {},
    "mempools": [],
    "heaps": {},
    "bonds": {},
    "directories": {},
    "log": None,
    "eal_arguments": None,
    "restart_reasons": [],
    "growth": None,
}


def collect(switch, plan=None, limits=None, interval=0, captured=False):
    """The evidence about *switch* and the host below ``switch.root``; *captured*: there is only a tree to read."""
    evidence = dict(NO_SWITCH, plan=plan, limits=limits, captured=captured, silent="a captured tree has no switch")
    evidence["system_switch"] = os.path.realpath(switch.rundir) == os.path.realpath(RUNDIR)
    first = None
    if not captured:
        daemon = Daemon(switch)
        evidence["pid"] = daemon.process["pid"] if daemon.process else None
        try:
            first = _sample(daemon, TABLES)
            evidence.update(_read_switch(daemon, first), silent=None)
        except Failed as exc:
            evidence["silent"] = ": ".join(filter(None, (exc.parts["what"], exc.parts["found"])))
    evidence["host"] = read_host(switch.root)
    evidence["kernel"] = read_kernel(switch.root)
    evidence["tuned"] = _tuned.collect(switch.root, None if captured else switch.run, plan)
    evidence["menu"] = _menu(switch)
    if evidence["silent"] is None:
        evidence["restart_reasons"] = _restart_reasons(evidence, daemon.process)
        evidence["growth"] = _growth(switch, first, interval) if interval else None
    return evidence


def _menu(switch):
    """The entries that boot by themselves; None where the boot loader is another one."""
    try:
        return entries(Grub(switch.root, switch.run).menu())
    except Refused:
        return None


def _sample(daemon, tables):
    """What is read twice, so that growth can be seen."""
    return {
        "stats": _pmd_stats.sample(daemon),
        "tables": daemon.switch.tables(tables),
        "threads": daemon.threads(),
        "coverage": _answers.coverage(daemon.ask_if_known("coverage/show")),
        "irqs": interrupt_counts(Tree(daemon.switch.root)),
    }


def _read_switch(daemon, first):
    """What is read once."""
    row, lines = first["tables"]["Open_vSwitch"][0], daemon.log()
    lines = None if lines is None else _log.since_start(lines)
    interfaces = sorted(first["tables"]["Interface"], key=lambda interface: interface["name"])
    return {
        "version": version(daemon),
        "open_vswitch": dict(row, dpdk_version=Running(daemon.process, row, None).dpdk),
        "interfaces": interfaces,
        "dpdk_wanted": _keys.dpdk_wanted(row["other_config"].get("dpdk-init")),
        "threads": first["threads"],
        "executable": daemon.executable(),
        "libraries": daemon.libraries(),
        "stats": _pmd_stats.publish(first["stats"]),
        "datapath_ports": _answers.datapath_ports(daemon.ask_if_known("dpif/show")),
        "mempools": _answers.mempools(daemon.ask_if_known("netdev-dpdk/get-mempool-info")),
        "heaps": _answers.heaps(daemon.ask_if_known("dpdk/get-malloc-stats")),
        "bonds": _answers.bonds(daemon.ask_if_known("bond/show")),
        "directories": _directories(daemon.switch.root, interfaces),
        "log": None if lines is None else _log.findings(lines),
        "eal_arguments": None if lines is None else _log.eal_arguments(lines),
    }


def version(daemon):
    """Version of the running daemon as text, such as "3.1.0"; None if it does not say."""
    match = re.search(r"\(Open vSwitch\) (\d+(?:\.\d+)+)", daemon.ask("version"))
    return match.group(1) if match else None


def _directories(root, interfaces):
    """{directory of a guest's socket: whether it exists}."""
    paths = [row["options"].get("vhost-server-path") for row in interfaces]
    return {os.path.dirname(path): os.path.isdir(under(root, os.path.dirname(path))) for path in paths if path}


def _restart_reasons(evidence, process):
    """What the state file knows of settings that this very process does not use yet, and what DPDK says."""
    entry = evidence["host"]["state"].get("vswitch", {}).get("process") or {}
    running = Running(process, evidence["open_vswitch"], None)
    in_force = entry.get("in_force", {}) if entry.get("id") == running.id else {}
    return running.restart_reasons(in_force, evidence["open_vswitch"]["other_config"])


def _growth(switch, first, interval):
    """The second sample, at least *interval* seconds after the first, as differences."""
    time.sleep(max(0, first["stats"]["taken"] + interval - time.monotonic()))
    try:
        second = _sample(Daemon(switch), COUNTERS)
    except Failed:
        return {"restarted": True}
    stats = _pmd_stats.publish(first["stats"], second["stats"])
    before = {row["name"]: row["statistics"] for row in first["tables"]["Interface"]}
    earlier = {thread["tid"]: thread["preempted"] for thread in first["threads"]}
    return {
        "restarted": stats["restarted"],
        "seconds": stats["interval_seconds"],
        "stats": stats,
        "ports": {
            row["name"]: _port_stats.growth(row["statistics"], before.get(row["name"], {}))
            for row in second["tables"]["Interface"]
        },
        "preempted": {
            thread["pmd"]: thread["preempted"] - earlier[thread["tid"]]
            for thread in second["threads"]
            if thread["pmd"] is not None and thread["tid"] in earlier
        },
        "coverage": {name: count - first["coverage"].get(name, 0) for name, count in second["coverage"].items()},
        "irqs": {
            irq: _port_stats.growth(counts, first["irqs"].get(irq, {})) for irq, counts in second["irqs"].items()
        },
    }
