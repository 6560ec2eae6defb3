#!/usr/bin/python
# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


DOCUMENTATION = r"""
module: pci_driver
short_description: Binds NICs to their DPDK driver, now and at every boot, and gives them back
version_added: "1.0.0"
description:
  - The whole set of devices is judged first; if one of them is refused, nothing is changed.
    Refused are a NIC that is in use (an address, a route, a bond, bridge, VLAN or Open vSwitch port on it or above
    it) or whose interface is in another network namespace, an IOMMU group shared with a device that somebody else
    uses, a host without an IOMMU, a locked-down kernel where the driver needs raw access, virtual functions that
    would be lost, and a device that a running process holds.
  - A device is moved by C(driver_override), C(unbind) and C(drivers_probe); only the driver that is read back
    afterwards counts. If the device does not arrive there, it is given back to the driver that it had.
  - A device that is on its driver already is not written to.
  - What was there before is kept in C(/var/lib/nfv_ovs_dpdk/state.json).
  - With O(persist=true) the unit C(nfv-ovs-dpdk-devices.service) binds the recorded devices at boot, before the network
    and before C(ovs-vswitchd). A device whose vendor, device or subsystem id has changed, or that has got an address, a
    route or a master, is left alone there; the journal says so and the unit fails.
author:
  - nfv.ovs_dpdk contributors (@nfv)
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  devices:
    description:
      - Devices as mappings with the keys C(address) (such as V(0000:81:00.0)) and C(driver), one of V(vfio-pci),
        V(uio_pci_generic) and V(igb_uio). Other keys are not looked at, so that the rows of
        RV(nfv.ovs_dpdk.host_plan_info#module:plan.devices) fit as they are.
      - A device with C(driver=null) keeps its kernel driver (bifurcated drivers such as C(mlx5_core)) and is never
        touched, but refused as well where it is in use. A row without an address is not looked at.
      - Devices that are not named are left alone. Required with O(state=present); O(state=absent) without it means all
        devices that this module has bound.
    type: list
    elements: dict
  state:
    description: Whether the devices are bound or given back.
    type: str
    choices:
      present: Bind each device to its C(driver).
      absent: Give each device back to the driver that it had before this module bound it; C(driver) is not looked at.
        One that somebody has moved since stays where it is, see RV(left).
    default: present
  allow:
    description:
      - Ids of refusals to override, such as V(nic_in_use:0000:81:00.0). Each message names the id.
      - V(no_iommu) asks for vfio-pci's no-IOMMU mode, which the kernel must have and somebody must have switched on.
    type: list
    elements: str
    default: []
  persist:
    description: Whether the devices are bound again at every boot.
    type: bool
    default: true
  reboot_pending:
    description:
      - In check mode, that a reboot will come first. An IOMMU that is not there yet is then not refused.
    type: bool
    default: false
  restart_pending:
    description:
      - In check mode with O(state=absent), that C(ovs-vswitchd) will be restarted first, without DPDK. A device that it
        holds is then not refused.
    type: bool
    default: false
seealso:
  - module: nfv.ovs_dpdk.host_guard_info
  - module: nfv.ovs_dpdk.host_plan_info
  - name: VFIO
    description: The kernel's document about IOMMU groups and their viability.
    link: https://docs.kernel.org/driver-api/vfio.html
"""

EXAMPLES = r"""
- name: Bind the planned NICs
  nfv.ovs_dpdk.pci_driver:
    devices: "{{ nfv_ovs_dpdk_plan.devices }}"

- name: Bind two NICs although the first one still has an address
  nfv.ovs_dpdk.pci_driver:
    devices:
      - address: "0000:81:00.0"
        driver: vfio-pci
      - address: "0000:81:00.1"
        driver: vfio-pci
    allow: ["nic_in_use:0000:81:00.0"]

- name: Give a NIC back to its kernel driver
  nfv.ovs_dpdk.pci_driver:
    devices:
      - address: "0000:81:00.0"
    state: absent

- name: Give all NICs back
  nfv.ovs_dpdk.pci_driver:
    state: absent
"""

RETURN = r"""
actions:
  description:
    - The changes made, or that would be made in check mode, in order.
    - The words are C(load) (a kernel module), C(bind), C(record) (a device that was on its driver before us),
      C(give back), C(forget), C(write) and C(remove) (files), C(reload), C(enable) and C(disable) (the unit).
  returned: success
  type: list
  elements: dict
  sample:
    - action: bind
      target: "0000:81:00.0"
      before: i40e
      after: vfio-pci
devices:
  description: The devices of O(devices) that have an address, as they are afterwards (in check mode, as they would be).
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: PCI address.
      type: str
    driver:
      description: Driver that holds it; null if none does.
      type: str
    driver_before:
      description: Driver that it had before this module bound it; null if it was not bound by this module.
      type: str
    name:
      description: Name of the network device, now or before it was bound; null if unknown.
      type: str
    mac:
      description: MAC address, now or before it was bound; null if unknown.
      type: str
    bound:
      description: Whether it is on a driver for user space.
      type: bool
  sample:
    - address: "0000:81:00.0"
      driver: vfio-pci
      driver_before: i40e
      name: ens4
      mac: "52:54:00:12:34:56"
      bound: true
left:
  description: Devices that were not given back because somebody has moved them after us; they are no longer ours.
  returned: success
  type: list
  elements: dict
  sample: [{target: "0000:81:00.0", reason: "is on uio_pci_generic, not on vfio-pci as we left it"}]
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _guards, _moves, _owned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._binding import Bus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._drivers import USER_SPACE
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._live_links import add_uses
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._processes import holders, read_processes
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._units import Systemd

ROOT = "/"
SWITCH = "ovs-vswitchd"


class Hands:
    """Carries a job out, in the order of its actions."""

    def __init__(self, run, bus, state, job):
        self.run, self.bus, self.state, self.job = run, bus, state, job

    def carry_out(self):
        for step in self.job.loads:
            self.load(step)
        if not self.job.persistent:
            self.unit()
        for step in self.job.steps:
            getattr(self, step["action"].replace(" ", "_"))(step)
        if self.job.persistent:
            self.unit()

    def load(self, step):
        rc, dummy, err = self.run(["modprobe", step["target"]])
        if rc != 0 or not self.bus.loaded(step["target"]):
            raise Failed(
                "the driver could not be loaded",
                where=step["target"],
                found=err.strip() or "no such driver after modprobe",
                expected="a driver that the running kernel has",
                cure="Install the kernel's module package, or name another driver in host_plan_nics.",
            )

    def record(self, step):
        self.state.record(_moves.SECTION, step["target"], self.job.entries[step["target"]])

    def bind(self, step):
        address, entry = step["target"], self.job.entries[step["target"]]
        earlier = self.state.section(_moves.SECTION).get(address, {})
        back, override = entry["driver_before"], entry["override_before"]
        if earlier.get("driver") == step["before"]:  # from one DPDK driver to another
            back, override = step["before"], self.bus.override(address)
        self.record(step)
        problem = self.bus.move(address, entry["driver"], entry["driver"])
        if problem is None:
            return
        left = self.bus.move(address, back, override)
        if left is None and earlier.get("driver") == step["before"]:
            self.state.record(_moves.SECTION, address, earlier)
        elif left is None:
            self.forget(step)
        given_back = "It was given back to {0}.".format(back or "no driver")
        raise Failed(
            "the device could not be bound",
            where=address,
            found=problem,
            expected="driver {0}".format(entry["driver"]),
            cure=given_back if left is None else "Giving it back failed too: {0}.".format(left),
        )

    def give_back(self, step):
        address = step["target"]
        override = self.state.section(_moves.SECTION)[address].get("override_before")
        problem = self.bus.move(address, step["after"], override)
        if problem is not None:
            raise Failed("the device could not be given back", where=address, found=problem, expected=step["after"])
        self.forget(step)

    def forget(self, step):
        self.state.forget(_moves.SECTION, step["target"])

    def unit(self):
        systemd = Systemd(self.run)
        if self.job.verb == "disable":
            systemd.call("disable", ["--now", _moves.UNIT])
        _owned.carry_out_all(self.state, ROOT, self.job.files, systemd)
        if self.job.verb == "enable":
            # Started as well: its script has then run once before a boot depends on it; it finds everything bound.
            systemd.call("enable", ["--now", _moves.UNIT])


def decide(params, host, bus, state, check_mode):
    """The Job that *params* ask for on *host*; Refused if one of its devices must not be moved."""
    recorded, held = state.section(_moves.SECTION), {}
    wanted = _moves.requested(params["devices"]) if params["devices"] is not None else dict.fromkeys(recorded)
    if any(nic["driver"] in USER_SPACE for nic in host["nics"] if nic["address"] in wanted):
        processes = read_processes(ROOT)
        held = {address: holders(processes, bus.nodes(address)) for address in wanted}
    if params["state"] == "absent":
        job = _moves.give_back(host, wanted, recorded, bus)
        if check_mode and params["restart_pending"]:
            held = {address: [who for who in held[address] if not who.startswith(SWITCH)] for address in held}
        leaving = {step["target"]: step["after"] for step in job.steps if step["action"] == "give back"}
        _guards.refuse(_guards.judge_release(host, leaving, held))
    else:
        pending = check_mode and params["reboot_pending"]
        _guards.refuse(_guards.judge_devices(host, wanted, held, params["allow"], pending))
        job = _moves.bind(host, wanted, recorded, bus, params["persist"])
    if wanted:
        job.add_unit(state, ROOT)
    return job


def work(module):
    """Read, decide, record, move, read back: under the lock, so that nobody else moves anything meanwhile."""
    bus, state, run = Bus(ROOT), State(ROOT), runner(module)
    with contextlib.ExitStack() as stack:
        if not module.check_mode:
            stack.enter_context(state.locked())
        host = read_host(ROOT)
        add_uses(host, ROOT, run)
        job = decide(module.params, host, bus, state, module.check_mode)
        if not module.check_mode:
            Hands(run, bus, state, job).carry_out()
    return {"actions": job.actions, "devices": job.rows, "left": job.left, "diff": job.diff}


def main():
    module = AnsibleModule(
        argument_spec={
            "devices": {"type": "list", "elements": "dict"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "allow": {"type": "list", "elements": "str", "default": []},
            "persist": {"type": "bool", "default": True},
            "reboot_pending": {"type": "bool", "default": False},
            "restart_pending": {"type": "bool", "default": False},
        },
        required_if=[("state", "present", ["devices"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
