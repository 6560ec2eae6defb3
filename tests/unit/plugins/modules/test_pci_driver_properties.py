"""Whatever happens to a NIC between two runs, binding binds it and giving back leaves it as it once was."""

import importlib
import os
import shutil
import tempfile

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _binding, _moves
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._binding import Bus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import OvsDpdkError
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from machines import builder
from pci_kernel import Kernel

hypothesis = pytest.importorskip("hypothesis")
pytest.importorskip("ansible.module_utils.basic")
from hypothesis import strategies as st  # noqa: E402

NIC = "0000:41:00.0"
EVENTS = st.sampled_from(
    ["bind", "bind once", "uio", "back", "reboot", "unbind", "refuse vfio-pci", "refuse i40e", "agree"]
)


class Machine:
    """One NIC, a kernel with moods, and the module's own decide() and Hands."""

    def __init__(self, module, root):
        self.module, self.root = module, root
        builder.build(root, cores=1, threads=1, nics=[{"name": "ens4"}], lockdown="none")
        self.kernel = Kernel(root)
        self.kernel.load("uio_pci_generic")
        self.bus = Bus(root, write=self.kernel.write)
        self.before = None  # the driver that our binding took the NIC from

    def run(self, driver="vfio-pci", state="present", persist=True):
        """The actions of one run of the module."""
        options = {"state": state, "persist": persist, "allow": [], "reboot_pending": False}
        options["devices"] = [{"address": NIC, "driver": driver}]
        file = State(self.root)
        if state == "present" and (NIC not in file.section("devices") or self.bus.driver(NIC) == "i40e"):
            self.before = self.bus.driver(NIC)
        job = self.module.decide(options, read_host(self.root), self.bus, file, False)
        self.module.Hands(self.command, self.bus, file, job).carry_out()
        return job.actions

    def command(self, argv):
        link = os.path.join(self.root, _moves.UNIT_LINK.lstrip("/"))
        if argv[1] == "enable":
            os.makedirs(os.path.dirname(link), exist_ok=True)
            os.symlink(_moves.UNIT_PATH, link)
        elif argv[1] == "disable":
            os.unlink(link)
        return 0, "", ""

    def reboot(self):
        """The kernel's driver takes the NIC, then the unit binds what is recorded."""
        refuses, self.kernel.refuses = self.kernel.refuses, set()
        self.bus.move(NIC, "i40e", None)
        self.kernel.refuses = refuses
        if os.path.islink(os.path.join(self.root, _moves.UNIT_LINK.lstrip("/"))):
            for address, entry in _binding.recorded(self.root).items():
                _binding.bind_recorded(self.bus, address, entry)
        if self.bus.driver(NIC) == "i40e":  # nothing of ours is left to take back
            self.before = "i40e"

    def happen(self, event):
        if event in ("bind", "bind once", "uio"):
            self.run("uio_pci_generic" if event == "uio" else "vfio-pci", persist=event != "bind once")
        elif event == "back":
            self.run(state="absent")
        elif event == "reboot":
            self.reboot()
        elif event == "unbind":
            self.bus.move(NIC, None, self.bus.override(NIC))
        elif event == "agree":
            self.kernel.refuses.clear()
        else:
            self.kernel.refuses.add(event.split()[1])


@pytest.fixture(scope="module")
def module():
    return importlib.import_module("ansible_collections.nfv.ovs_dpdk.plugins.modules.pci_driver")


@hypothesis.given(events=st.lists(EVENTS, max_size=6), give_back_first=st.booleans())
def test_binding_and_giving_back_always_converge(module, events, give_back_first):
    root = tempfile.mkdtemp()
    original, module.ROOT = module.ROOT, root
    try:
        machine = Machine(module, root)
        for event in events:
            try:
                machine.happen(event)
            except OvsDpdkError:
                assert machine.kernel.refuses  # a willing kernel never makes a run fail
        machine.kernel.refuses.clear()
        if give_back_first and NIC in State(root).section("devices"):
            machine.run(state="absent")
            assert (machine.bus.driver(NIC), machine.bus.override(NIC)) == (machine.before, None)
        machine.run()
        assert (machine.bus.driver(NIC), machine.bus.override(NIC)) == ("vfio-pci", "vfio-pci")
        assert machine.run() == []
        machine.reboot()
        assert machine.bus.driver(NIC) == "vfio-pci"
        machine.run(state="absent")
        machine.reboot()
        assert (machine.bus.driver(NIC), machine.bus.override(NIC)) == ("i40e", None)
        assert State(root).load() == {"version": 1}
    finally:
        module.ROOT = original
        shutil.rmtree(root)
