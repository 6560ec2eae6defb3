# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Must ovs-vswitchd be restarted, and whom would that hurt? What the process uses against what the database says.

Nobody can ask the process what it uses. But a value that was in the database before the first change of its life is
the one it started with: that is remembered, together with the identity of the process, when a key is changed.
So the verdict is the same on every run until the process is another one, whoever restarted it.
A port that carries traffic at this moment is one whose link is up; that of a vhost-user port is up while a guest is
connected. Where DPDK goes, ports of somebody else that need it are lost whatever their link.

Pure. Private to the collection. Python 3.6+, standard library only.
Sources: lib/dpdk.c (what is read when DPDK is initialised, once in a process), lib/netdev-offload.c (the same for
offload), vswitchd/bridge.c of Open vSwitch;
ovs-vswitchd.conf.db(5), column link_state of table Interface.
"""

from ._keys import EAL, KEYS, LIVE, OFFLOAD, ONCE, START, dpdk_wanted, meaning, same
from ._rows import OWNER, listed

# Columns that say what a restart would interrupt.
TRAFFIC = {
    "Bridge": ["name", "ports"],
    "Port": ["_uuid", "name", "interfaces", "external_ids"],
    "Interface": ["_uuid", "name", "type", "link_state", "external_ids"],
}
# What these carry comes from other ports.
INNER = ("internal", "patch")
_OWNER = OWNER.partition(":")[2]


class Running:
    """The running ovs-vswitchd (*process* is None if there is none), as the database row *columns* shows it."""

    def __init__(self, process, columns, installed_dpdk):
        self.id = process["id"] if process else None
        # The database keeps these two when the daemon is gone. A build without DPDK writes the word "none".
        self.initialized = bool(process and columns.get("dpdk_initialized"))
        version = columns.get("dpdk_version") if process else None
        self.dpdk = version if version and version != "none" else None
        self.installed_dpdk = installed_dpdk

    def tried(self, other_config, entry=None):
        """Whether this process has tried to initialise DPDK: it does so at once when it is told to, and only once.

        *entry* is what memory() has said of an earlier call.
        """
        told = dpdk_wanted(other_config.get("dpdk-init")) or self._own(entry).get("tried")
        return self.initialized or bool(self.dpdk and told)

    def in_force(self, entry, before, after):
        """What the process still uses where the database says otherwise, once *before* has become *after*.

        *entry* is what memory() has said of an earlier call; it counts only if it is of the same process. Where none
        runs, it is what the last one has worked with.
        """
        if self.id is None:
            return dict(entry["in_force"]) if entry else {}
        result = dict(self._own(entry).get("in_force", {}))
        uses = {
            LIVE: False,
            START: True,
            EAL: self.initialized,
            OFFLOAD: any(meaning("hw-offload", keys.get("hw-offload")) for keys in (before, result)),
        }
        for key in sorted((set(before) | set(after)) & set(KEYS)):
            takes, old = KEYS[key].takes, before.get(key)
            kept = meaning(key, old) if takes == ONCE else uses[takes]
            if kept and key != "dpdk-init" and old != after.get(key):
                # The oldest value of this process is the one that it uses.
                result.setdefault(key, old)
        return result

    def memory(self, in_force, tried):
        """What to remember for a later call, None if that is nothing: what this process uses, and a try in vain."""
        entry = {"id": self.id, "in_force": in_force}
        if tried and not self.initialized:
            entry["tried"] = True
        return entry if in_force or "tried" in entry else None

    def _own(self, entry):
        return entry if entry and entry["id"] == self.id else {}

    def restart_reasons(self, in_force, now, hope=False):
        """Why it must be restarted before *now* (other_config) is in force, in sentences; [] if it need not.

        *hope*: this is a dry run, and DPDK, where it would be tried for the first time, is expected to start.
        """
        if self.id is None:
            return []
        return [
            "{0} is {1}, the running process uses {2}".format(key, _shown(now.get(key)), _shown(value))
            for key, value in sorted(in_force.items())
            if not same(key, value, now.get(key))
        ] + self._dpdk_reasons(now.get("dpdk-init"), hope)

    def loses_dpdk(self, now):
        """Whether DPDK is up, and *now* (other_config) does not want it."""
        return self.initialized and not dpdk_wanted(now.get("dpdk-init"))

    def _dpdk_reasons(self, init, hope):
        if not dpdk_wanted(init):
            uses = "dpdk-init is {0}, the running process uses DPDK".format(_shown(init))
            return [uses] if self.initialized else []
        if self.initialized:
            return []
        if self.dpdk:
            return [] if hope else ["DPDK is not initialized, and a process tries only once"]
        if self.installed_dpdk:
            return ["the running process has no DPDK, the installed program has {0}".format(self.installed_dpdk)]
        return []


def unseen(state):
    """The reason that is left where a run was interrupted before it saw whether what it had started works."""
    return ["a restart was interrupted before its outcome was seen"] if "earlier" in state else []


def needs_dpdk(interface):
    return interface["type"].startswith("dpdk")


def interrupts(tables, dpdk_goes=False):
    """The interfaces that carry traffic now, as {"bridge", "port", "interface", "type", "text"}, sorted.

    Those of somebody else that need DPDK are among them if *dpdk_goes*.
    """
    interfaces = {row["_uuid"]: row for row in tables["Interface"]}
    ports = {row["_uuid"]: row for row in tables["Port"]}
    rows = []
    for bridge in tables["Bridge"]:
        for port in [ports[uuid] for uuid in listed(bridge["ports"])]:
            for interface in [interfaces[uuid] for uuid in listed(port["interfaces"])]:
                ours = _OWNER in port["external_ids"] or _OWNER in interface["external_ids"]
                lost = dpdk_goes and needs_dpdk(interface) and not ours
                if lost or (interface["type"] not in INNER and interface["link_state"] == "up"):
                    rows.append(_interrupt(bridge["name"], port["name"], interface, lost))
    return sorted(rows, key=lambda row: (row["bridge"], row["port"], row["interface"]))


def _interrupt(bridge, port, interface, lost):
    kind = interface["type"] or "system"
    why = "a guest is connected" if kind.startswith("dpdkvhostuser") else "link up"
    if lost:
        why = "does not work without DPDK"
    text = "{0} on {1} ({2}, {3})".format(interface["name"], bridge, kind, why)
    return {"bridge": bridge, "port": port, "interface": interface["name"], "type": kind, "text": text}


def _shown(value):
    return "unset" if value is None else "'{0}'".format(value)
