#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: vswitch_bridge
short_description: One bridge of Open vSwitch with its ports, in Open vSwitch's own words
version_added: "1.0.0"
description:
  - Creates a bridge and its ports, and brings existing ones to what is wanted, entry by entry. The bridge is one
    transaction, each port another one with everything that belongs to it, so that a port starts once.
  - Ports that are not listed are never touched. Rows that this module created carry
    C(external_ids:nfv-ovs-dpdk-owner), and only they are ever removed. C(external_ids:nfv-ovs-dpdk-keys) of each row
    names the entries that this module set; what a listed port no longer asks for goes back to what it was before.
  - Waits until each listed interface works. A set C(error) column fails the module (check C(ports.error)) with the
    reason found in the log of C(ovs-vswitchd). A port that failed on an earlier run is tried again.
  - Should C(ovs-vswitchd) end on one of these transactions, that one is taken back at once, unless it only removes
    something, and the module fails with what the log said.
  - Columns and keys are described in the manual page C(ovs-vswitchd.conf.db).
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
  - nfv.ovs_dpdk.switch
options:
  bridge:
    description: Name of the bridge. Required unless O(state=restored), which means all bridges then.
    type: str
  state:
    description: What becomes of the bridge.
    type: str
    choices:
      present: It is there, as described.
      absent: It goes, if this module created it. One that has ports of somebody else is refused.
      restored: Everything is as it was before this module. Bridges, ports and members of bonds that it created go,
        entries that it set go back. What belongs to somebody else stays, and so does a bridge as long as it has ports
        of somebody else, see RV(left). Nothing else of the options is read.
    default: present
  datapath_type:
    description:
      - Datapath of the bridge. A new bridge gets V(netdev), the userspace datapath, unless something else is asked for.
      - Asking for another one than an existing bridge has moves its ports between datapaths, which interrupts them. A
        bridge of somebody else is refused then, see O(takeover).
    type: str
  takeover:
    description:
      - Whether a bridge of somebody else may be moved to another datapath. Addresses on its own interface are gone
        then.
      - Whether queues, descriptors and MTU that somebody else has given to a port become those of the plan. Without it
        they stay, unless O(ports) names the value itself.
    type: bool
    default: false
  gone:
    description:
      - Names of bridges and ports that an earlier task of the same play takes away.
      - Check mode judges the rest as if they were gone; without it, they are.
    type: list
    elements: str
    default: []
  fail_mode:
    description: What the bridge does without its controller.
    type: str
    choices: [standalone, secure]
  other_config:
    description: Keys of C(other_config) of the bridge. Without this option they are left alone.
    type: dict
  external_ids:
    description: Keys of C(external_ids) of the bridge. Without this option they are left alone.
    type: dict
  ports:
    description: Ports of the bridge. A port is described as a whole.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the port.
        type: str
        required: true
      state:
        description: V(absent) removes a port that this module created.
        type: str
        choices: [present, absent]
        default: present
      tag:
        description: VLAN of an access port.
        type: int
      trunks:
        description: VLANs of a trunk port.
        type: list
        elements: int
      vlan_mode:
        description: How the port treats VLAN tags.
        type: str
        choices: [access, dot1q-tunnel, native-tagged, native-untagged, trunk]
      bond_mode:
        description: How a port with several interfaces spreads its traffic.
        type: str
        choices: [active-backup, balance-slb, balance-tcp]
      lacp:
        description: Whether a bond speaks LACP.
        type: str
        choices: [active, passive, 'off']
      other_config:
        description: Keys of C(other_config) of the port.
        type: dict
      external_ids:
        description: Keys of C(external_ids) of the port.
        type: dict
      interfaces:
        description: Interfaces of the port; two or more make a bond. Without them the port is one interface of its own
          name.
        type: list
        elements: dict
        suboptions:
          name:
            description: Name of the interface; that of the port, if it is the only one.
            type: str
            required: true
          type:
            description: Type of the interface, such as V(dpdk), V(dpdkvhostuserclient), V(internal) or V(patch);
              V(dpdk) where O(ports[].interfaces[].nic) is given.
            type: str
          nic:
            description:
              - A planned NIC, by the C(id), PCI address, MAC address or interface name of its row in O(devices).
              - Sets C(options:dpdk-devargs), and what the row says of queues (C(n_rxq)), descriptors (C(n_rxq_desc),
                C(n_txq_desc)) and MTU (C(mtu_request)), unless the interface itself says otherwise.
            type: str
          options:
            description: Keys of C(options) of the interface.
            type: dict
          mtu_request:
            description: MTU in bytes.
            type: int
          other_config:
            description: Keys of C(other_config) of the interface, such as C(pmd-rxq-affinity).
            type: dict
          external_ids:
            description: Keys of C(external_ids) of the interface.
            type: dict
  devices:
    description: The planned devices, RV(nfv.ovs_dpdk.host_plan_info#module:plan.devices); needed where a NIC is named.
    type: list
    elements: dict
    default: []
  timeout:
    description: Seconds to wait for each answer of the database or of C(ovs-vswitchd), and for the ports to work.
    type: int
    default: 60
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.vswitch_config
  - module: nfv.ovs_dpdk.host_plan_info
"""

EXAMPLES = r"""
- name: Two NICs on one bridge
  nfv.ovs_dpdk.vswitch_bridge:
    bridge: br0
    fail_mode: standalone
    devices: "{{ nfv_ovs_dpdk_plan.devices }}"
    ports:
      - name: dpdk0
        interfaces: [{name: dpdk0, nic: "0000:40:00.0"}]
      - name: dpdk1
        tag: 100
        interfaces: [{name: dpdk1, nic: ens5, options: {n_rxq: 2}, mtu_request: 9000}]

- name: A bond with LACP, and a port for a guest
  nfv.ovs_dpdk.vswitch_bridge:
    bridge: br1
    devices: "{{ nfv_ovs_dpdk_plan.devices }}"
    ports:
      - name: bond0
        bond_mode: balance-tcp
        lacp: active
        interfaces: [{name: dpdk2, nic: ens6}, {name: dpdk3, nic: ens7}]
      - name: vhost0
        interfaces:
          - {name: vhost0, type: dpdkvhostuserclient, options: {vhost-server-path: /var/lib/vhost_sockets/vhost0}}

- name: Take one port away
  nfv.ovs_dpdk.vswitch_bridge:
    bridge: br1
    ports: [{name: vhost0, state: absent}]

- name: Give everything back
  nfv.ovs_dpdk.vswitch_bridge:
    state: restored
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {action: change, target: "Interface dpdk0 options:n_rxq", before: "1", after: "2"}
interfaces:
  description:
    - The listed interfaces as they are now, C(ofport) being their OpenFlow port number and C(error) what Open vSwitch
      says against them. Both are V(null) for an interface that is not there yet.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: dpdk0, ofport: 1, error: null}
left:
  description: What was not taken back, and why. An entry that somebody changed is no longer ours.
  returned: success
  type: list
  elements: dict
  sample: [{target: bridge br0, reason: has ports of somebody else (tap0)}]
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _bridge_restore, _bridges, _interfaces, _startup
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._bridge_request import interfaces
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import NoDatabase, NotInstalled, Switch

COLUMNS = {
    "Bridge": ["_uuid", "name", "ports", "datapath_type", "fail_mode", "other_config", "external_ids"],
    "Port": ["_uuid", "name", "interfaces"] + list(_bridges.PORT),
    "Interface": ["_uuid", "name", "ofport", "error"] + list(_bridges.INTERFACE),
}


def argument_spec():
    maps = {"other_config": {"type": "dict"}, "external_ids": {"type": "dict"}}
    state = {"type": "str", "choices": ["present", "absent"], "default": "present"}
    interface = {
        "name": {"type": "str", "required": True},
        "type": {"type": "str"},
        "nic": {"type": "str"},
        "options": {"type": "dict"},
        "mtu_request": {"type": "int"},
    }
    vlan_modes = ["access", "dot1q-tunnel", "native-tagged", "native-untagged", "trunk"]
    port = {
        "name": {"type": "str", "required": True},
        "state": state,
        "tag": {"type": "int"},
        "trunks": {"type": "list", "elements": "int"},
        "vlan_mode": {"type": "str", "choices": vlan_modes},
        "bond_mode": {"type": "str", "choices": ["active-backup", "balance-slb", "balance-tcp"]},
        "lacp": {"type": "str", "choices": ["active", "passive", "off"]},
        "interfaces": {"type": "list", "elements": "dict", "options": dict(interface, **maps)},
    }
    return dict(
        maps,
        bridge={"type": "str"},
        state=dict(state, choices=["present", "absent", "restored"]),
        datapath_type={"type": "str"},
        takeover={"type": "bool", "default": False},
        gone={"type": "list", "elements": "str", "default": []},
        fail_mode={"type": "str", "choices": ["standalone", "secure"]},
        ports={"type": "list", "elements": "dict", "default": [], "options": dict(port, **maps)},
        devices={"type": "list", "elements": "dict", "default": []},
        timeout={"type": "int", "default": 60},
        ovs_rundir={"type": "path"},
    )


def read(module, switch, state):
    """The three tables, or empty ones where a dry run finds no database yet, or where nothing is left to restore."""
    nothing = {table: [] for table in COLUMNS}
    try:
        return switch.tables(COLUMNS)
    except NoDatabase as exc:
        ours = any(state.get(section) for section in _bridges.SECTIONS.values())
        if module.params["state"] == "restored" and (isinstance(exc, NotInstalled) or not ours):
            return nothing
        if not module.check_mode:
            raise
        module.warn("{0} Everything is shown as new.".format(exc))
        return nothing


def running(switch):
    """The running daemon, which must answer before anything is changed."""
    process = switch.process()
    if process is None:
        raise Refused(
            "ovs-vswitchd does not run, so no port can start",
            where=switch.rundir,
            cure="Start it (role openvswitch does), then run again.",
        )
    switch.running_version(process)
    return process


def perform(switch, store, step, process):
    """One transaction, with its entries in the state file written before it and tidied up after it."""
    recorded = store.load()
    known = {key: recorded.get(key[0], {}).get(key[1]) for key in step.before}
    remember(store, step.before)
    try:
        _startup.carry_out(switch, process, step.commands, step.back, where=step.actions[0]["target"])
    except _startup.Ended:
        remember(store, known if step.back else step.after)
        raise
    remember(store, step.after)


def remember(store, rows):
    for (section, name), entry in sorted(rows.items()):
        store.update(section, {name: entry or None})


def listed_interfaces(request):
    if request["state"] != "present":
        return []
    ports = [port for port in request["ports"] if port["state"] == "present"]
    return [interface["name"] for port in ports for interface in interfaces(port)]


def decide(request, found, state):
    """The transactions, and what stays although it is ours."""
    if request["state"] != "restored":
        return _bridges.steps(request, found, request["devices"], state), []
    names = [name for name in sorted(found.bridges) if request["bridge"] in (None, name)]
    return _bridge_restore.steps(found, names, state)


def carry_out(switch, store, steps, found, request):
    """All transactions; returns the listed interfaces once they work."""
    for section, name in _bridge_restore.stale(found, store.load()):
        store.forget(section, name)
    if request["state"] == "restored":
        process = switch.process()  # taking away needs nobody who listens
        for step in steps:
            perform(switch, store, step, process)
        return []
    process = running(switch)
    for step in steps:
        perform(switch, store, step, process)
    return _interfaces.settle(switch, process, listed_interfaces(request), "bridge " + request["bridge"])


def work(module):
    request, store = module.params, State()
    switch = Switch.of(runner(module), request)
    with contextlib.ExitStack() as lock:
        if not module.check_mode:
            lock.enter_context(store.locked())
        state = store.load()
        tables = read(module, switch, state)
        found = _bridges.Found(tables).without(request["gone"] if module.check_mode else [])
        steps, kept = decide(request, found, state)
        if module.check_mode:
            rows = _interfaces.condition(tables["Interface"], listed_interfaces(request))
        else:
            rows = carry_out(switch, store, steps, found, request)
    kept += [left(each) for step in steps for each in step.left_alone]
    actions = [each for step in steps for each in step.actions]
    return {"actions": actions, "interfaces": rows, "left": kept, "diff": difference(actions)}


def difference(actions):
    return {
        side: {each["target"]: each[side] for each in actions if each[side] is not None} for side in ("before", "after")
    }


def main():
    required = [("state", "present", ["bridge"]), ("state", "absent", ["bridge"])]
    conduct(AnsibleModule(argument_spec=argument_spec(), required_if=required, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
