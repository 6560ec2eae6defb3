"""The module's real main() on trees whose kernel answers: what it does, what it leaves, what it refuses."""

import functools
import importlib
import inspect
import json
import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _binding
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._binding import Bus
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._moves import SCRIPT_PATH, UNIT, UNIT_LINK, UNIT_PATH
from machines import builder
from pci_kernel import Kernel

NIC, OTHER = "0000:41:00.0", "0000:43:00.0"
IDENTITY = {"vendor": "8086", "device": "1572", "subsystem_vendor": "8086", "subsystem_device": "0001"}
RECORD = dict(
    IDENTITY,
    name="ens4",
    mac="52:54:00:00:00:01",
    numa_node=0,
    driver="vfio-pci",
    driver_before="i40e",
    override_before=None,
    persist=True,
)


class Host:
    """A machine, its kernel, and the module run on it."""

    def __init__(self, root, run_module, monkeypatch, refuses=(), **machine):
        machine.setdefault("nics", [{"name": "ens4"}])
        self.root = builder.build(root, cores=1, threads=1, **machine)
        self.kernel = Kernel(self.root, refuses)
        self.bus = Bus(self.root, write=self.kernel.write)
        self.commands = []
        self.run_module = run_module
        module = importlib.import_module("ansible_collections.nfv.ovs_dpdk.plugins.modules.pci_driver")
        monkeypatch.setattr(module, "ROOT", self.root)
        monkeypatch.setattr(module, "Bus", lambda root: self.bus)
        monkeypatch.setattr(module, "runner", lambda module: self.command)

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def command(self, argv):
        """modprobe and systemctl as far as they leave traces."""
        self.commands.append(" ".join(argv))
        if argv[0] == "modprobe" and argv[1] != "igb_uio":
            self.kernel.load(argv[1])
        elif argv[0] == "modprobe":
            return 1, "", "modprobe: FATAL: Module igb_uio not found.\n"
        elif argv[1] == "enable":
            os.makedirs(os.path.dirname(self.path(UNIT_LINK)), exist_ok=True)
            os.symlink(UNIT_PATH, self.path(UNIT_LINK))
        elif argv[1] == "disable":
            os.unlink(self.path(UNIT_LINK))
        return 0, "", ""

    def run(self, devices=None, check=False, diff=False, **options):
        rows = [{"address": NIC, "driver": "vfio-pci"}] if devices is None else devices
        return self.run_module("pci_driver", dict(options, devices=rows), check=check, diff=diff)

    def state(self):
        with open(self.path("/var/lib/nfv_ovs_dpdk/state.json")) as handle:
            return json.load(handle)

    def record(self, **changes):
        """Leave a state file behind, as an earlier run did."""
        os.makedirs(self.path("/var/lib/nfv_ovs_dpdk"), exist_ok=True)
        with open(self.path("/var/lib/nfv_ovs_dpdk/state.json"), "w") as handle:
            json.dump({"version": 1, "devices": {NIC: dict(RECORD, **changes)}}, handle)

    def where(self, address=NIC):
        return self.bus.driver(address), self.bus.override(address)

    def everything(self):
        """Every file and link below the root, but for the lock."""
        found = {}
        for directory, directories, files in os.walk(self.root):
            for name in files + directories:
                path = os.path.join(directory, name)
                if os.path.islink(path):
                    found[path] = os.readlink(path)
                elif name in files and name != "lock":
                    with open(path, "rb") as handle:
                        found[path] = handle.read()
        return found


@pytest.fixture
def host(tmp_path, run_module, monkeypatch):
    def make(below="machine", **machine):
        return Host(str(tmp_path / below), run_module, monkeypatch, **machine)

    return make


def verbs(result):
    return [(step["action"], step["target"]) for step in result["actions"]]


def test_a_nic_is_bound_recorded_and_bound_again_at_boot(host):
    machine = host()
    result = machine.run()
    assert result["changed"]
    assert verbs(result) == [
        ("bind", NIC),
        ("write", SCRIPT_PATH),
        ("write", UNIT_PATH),
        ("reload", "systemd"),
        ("enable", UNIT),
    ]
    assert result["actions"][0] == {"action": "bind", "target": NIC, "before": "i40e", "after": "vfio-pci"}
    assert result["devices"] == [
        {
            "address": NIC,
            "driver": "vfio-pci",
            "driver_before": "i40e",
            "name": "ens4",
            "mac": "52:54:00:00:00:01",
            "bound": True,
        }
    ]
    assert machine.where() == ("vfio-pci", "vfio-pci")
    assert machine.state()["devices"] == {NIC: RECORD}
    assert machine.commands == ["systemctl daemon-reload", "systemctl enable --now " + UNIT]


def test_the_address_of_the_card_itself_is_recorded(host):
    machine = host()
    for name, text in (("addr_assign_type", "0"), ("address", "3c:fd:fe:00:00:01")):
        with open(machine.path("/sys/class/net/ens4/" + name), "w") as handle:
            handle.write(text + "\n")
    machine.run()
    assert machine.state()["devices"][NIC]["burned_in"] == "3c:fd:fe:00:00:01"
    assert not machine.run()["changed"], "on vfio-pci nobody shows it, and it stays"


def test_the_unit_runs_the_very_code_that_bound_the_nic(host):
    machine = host()
    machine.run()
    with open(machine.path(SCRIPT_PATH)) as handle:
        assert handle.read() == inspect.getsource(_binding)
    assert os.stat(machine.path(SCRIPT_PATH)).st_mode & 0o777 == 0o755
    with open(machine.path(UNIT_PATH)) as handle:
        unit = handle.read()
    assert "\nBefore=network-pre.target ovs-vswitchd.service\n" in unit
    assert unit.count("ExecStart=") == 1
    assert " -I {0}\n".format(SCRIPT_PATH) in unit


@pytest.mark.parametrize("interpreter", ["/usr/bin/python3", "/usr/libexec/platform-python"])
def test_the_unit_uses_the_systems_own_python(host, interpreter):
    machine = host()
    os.makedirs(os.path.dirname(machine.path(interpreter)))
    open(machine.path(interpreter), "w").close()
    machine.run()
    with open(machine.path(UNIT_PATH)) as handle:
        assert "\nExecStart={0} -I ".format(interpreter) in handle.read()


def test_bound_with_a_second_one_and_given_back(host, settles):
    machine = host(nics=[{"name": "ens4"}, {"name": "ens5", "address": OTHER}])

    def world():
        return machine.everything(), (list(machine.kernel.writes), list(machine.commands))

    virgin = world()[0]
    for count in (1, 2):
        rows = [{"address": address, "driver": "vfio-pci"} for address in (NIC, OTHER)[:count]]
        result = settles(functools.partial(machine.run, rows), world)
        assert [(row["before"], row["after"]) for row in result["actions"] if row["action"] == "bind"] == [
            ("i40e", "vfio-pci")
        ]
    assert settles(functools.partial(machine.run, rows, state="absent"), world)["changed"]
    remaining = {path for path in world()[0] if path not in virgin}
    assert remaining == {machine.path("/var/lib/nfv_ovs_dpdk/state.json")}


def test_a_second_run_writes_nothing_at_all(host):
    machine = host()
    machine.run()
    machine.kernel.writes.clear()
    before = machine.everything()
    again = machine.run()
    assert (again["changed"], again["actions"]) == (False, [])
    assert (machine.everything(), machine.kernel.writes) == (before, [])
    assert again["devices"][0]["driver_before"] == "i40e"
    assert machine.run(check=True)["actions"] == []


def test_the_difference_is_shown_by_address_and_file(host):
    machine = host()
    diffs = machine.run(check=True, diff=True)["diff"]
    assert [part["before_header"] for part in diffs] == ["PCI drivers", SCRIPT_PATH, UNIT_PATH]
    assert (diffs[0]["before"], diffs[0]["after"]) == ({NIC: "i40e"}, {NIC: "vfio-pci"})
    assert "diff" not in machine.run(check=True)


def test_a_missing_driver_is_loaded_first(host):
    machine = host(lockdown="none")
    result = machine.run([{"address": NIC, "driver": "uio_pci_generic"}])
    assert verbs(result)[:2] == [("load", "uio_pci_generic"), ("bind", NIC)]
    assert machine.commands[0] == "modprobe uio_pci_generic"
    assert machine.where() == ("uio_pci_generic", "uio_pci_generic")


def test_a_driver_that_the_kernel_lacks_changes_nothing(host):
    machine = host(lockdown="none")
    result = machine.run([{"address": NIC, "driver": "igb_uio"}])
    assert result["failed"]
    assert result["msg"] == (
        "the driver could not be loaded (igb_uio): found modprobe: FATAL: Module igb_uio not found., expected a driver "
        "that the running kernel has. Install the kernel's module package, or name another driver in host_plan_nics."
    )
    assert machine.kernel.writes == []
    assert not os.path.exists(machine.path("/var/lib/nfv_ovs_dpdk/state.json"))


@pytest.mark.parametrize(
    "devices",
    [
        [],
        [{"address": NIC, "driver": None}],
        [{"address": NIC}],
        [{"address": None, "driver": None, "kind": "vdev", "devargs": "net_null0"}],
    ],
)
def test_what_keeps_its_kernel_driver_is_not_touched(host, devices):
    machine = host()
    before = machine.everything()
    result = machine.run(devices)
    assert (result["changed"], result["actions"]) == (False, [])
    assert (machine.everything(), machine.kernel.writes) == (before, [])
    named = [row["address"] for row in devices if row["address"]]
    assert [(row["address"], row["driver"], row["bound"]) for row in result["devices"]] == [
        (address, "i40e", False) for address in named
    ]


def test_what_keeps_its_kernel_driver_and_is_in_use_is_refused_as_well(host):
    machine = host(nics=[{"name": "ens4", "addresses4": ["192.0.2.10/24"]}])
    before, devices = machine.everything(), [{"address": NIC, "driver": None}]
    assert machine.run(devices)["msg"].startswith("the NIC is in use, perhaps by this very connection (ens4 at ")
    assert machine.run(devices, allow=["nic_in_use:" + NIC])["devices"][0]["driver"] == "i40e"
    assert (machine.everything(), machine.kernel.writes) == (before, [])


def test_rows_of_a_plan_are_taken_as_they_are(host):
    machine = host()
    row = {"id": "dpdk0", "kind": "pf", "address": "41:00.0", "driver": "vfio-pci", "rxq": 2, "mtu": 9000}
    assert machine.run([row])["devices"][0]["address"] == NIC


# -- judged as a whole ----------------------------------------------------------------------------------------------


def test_one_refused_nic_leaves_the_others_alone(host):
    machine = host(nics=[{"name": "ens4"}, {"name": "ens5", "addresses6": ["2001:db8::1/64"]}])
    before = machine.everything()
    rows = [{"address": NIC, "driver": "vfio-pci"}, {"address": OTHER, "driver": "vfio-pci"}]
    result = machine.run(rows)
    assert result["failed"]
    assert result["msg"].startswith("the NIC is in use, perhaps by this very connection (ens5 at 0000:43:00.0)")
    assert result["error"]["found"] == "2001:db8::1/64 on ens5"
    assert (machine.everything(), machine.kernel.writes) == (before, [])
    assert machine.run(rows, check=True)["msg"] == result["msg"]
    assert machine.run(rows, allow=["nic_in_use:" + OTHER])["changed"]
    assert (machine.where(), machine.where(OTHER)) == (("vfio-pci", "vfio-pci"),) * 2


@pytest.mark.parametrize(
    "devices, message",
    [
        (
            [{"address": "../../../etc/passwd", "driver": "vfio-pci"}],
            "not a PCI address (devices): found '../../../etc/passwd', expected domain:bus:device.function like "
            "0000:81:00.0.",
        ),
        (
            [{"address": "0000:41:00.0\n; reboot", "driver": "vfio-pci"}],
            "not a PCI address (devices): found '0000:41:00.0\\n; reboot', expected domain:bus:device.function like "
            "0000:81:00.0.",
        ),
        (
            [{"driver": "vfio-pci"}],
            "not a PCI address (devices): found None, expected domain:bus:device.function like 0000:81:00.0.",
        ),
        (
            [{"address": NIC, "driver": "vfio_pci"}],
            "not a driver for DPDK (0000:41:00.0): found 'vfio_pci', expected igb_uio or uio_pci_generic or vfio-pci.",
        ),
        (
            [{"address": NIC, "driver": "$(reboot)"}],
            "not a driver for DPDK (0000:41:00.0): found '$(reboot)', expected igb_uio or uio_pci_generic or vfio-pci.",
        ),
        (
            [{"address": NIC, "driver": "vfio-pci"}, {"address": "41:00.0", "driver": "igb_uio"}],
            "one device, two drivers (0000:41:00.0): found vfio-pci and igb_uio, expected each device once.",
        ),
    ],
)
def test_what_is_no_device_or_driver_is_refused(host, devices, message):
    machine = host()
    result = machine.run(devices)
    assert (result["failed"], result["msg"]) == (True, message)
    assert (machine.kernel.writes, machine.commands) == ([], [])


def test_an_iommu_that_comes_with_a_reboot_matters_to_the_real_run_only(host):
    machine = host(iommu=False)
    assert machine.run(check=True)["failed"]
    assert verbs(machine.run(check=True, reboot_pending=True))[0] == ("bind", NIC)
    assert machine.run(reboot_pending=True)["msg"].startswith("there is no IOMMU, which vfio-pci needs")


# -- the kernel says no ---------------------------------------------------------------------------------------------


def test_a_nic_that_is_not_taken_goes_back(host):
    machine = host(refuses={"vfio-pci"})
    result = machine.run()
    assert result["failed"]
    assert result["msg"] == (
        "the device could not be bound (0000:41:00.0): found vfio-pci did not take it (Invalid argument), it is on no "
        "driver, expected driver vfio-pci. It was given back to i40e."
    )
    assert machine.where() == ("i40e", None)
    assert "devices" not in machine.state()


def test_a_nic_that_nobody_takes_stays_recorded(host):
    machine = host(refuses={"vfio-pci", "i40e"})
    result = machine.run()
    assert result["msg"].endswith(
        "Giving it back failed too: i40e did not take it (Invalid argument), it is on no driver."
    )
    assert machine.state()["devices"][NIC]["driver_before"] == "i40e"


def test_a_change_of_driver_that_fails_leaves_the_first_one(host):
    machine = host(refuses={"uio_pci_generic"}, lockdown="none")
    machine.run()
    result = machine.run([{"address": NIC, "driver": "uio_pci_generic"}])
    assert result["msg"].endswith("It was given back to vfio-pci.")
    assert machine.where() == ("vfio-pci", "vfio-pci")
    assert machine.state()["devices"] == {NIC: RECORD}


def test_from_one_dpdk_driver_to_another_the_kernel_driver_stays_recorded(host):
    machine = host(lockdown="none")
    machine.run()
    result = machine.run([{"address": NIC, "driver": "uio_pci_generic"}])
    assert verbs(result) == [("load", "uio_pci_generic"), ("bind", NIC)]
    assert machine.state()["devices"] == {NIC: dict(RECORD, driver="uio_pci_generic")}


# -- interrupted, or done by somebody else --------------------------------------------------------------------------


@pytest.mark.parametrize("override", [None, "vfio-pci"])
@pytest.mark.parametrize("driver", ["i40e", None, "vfio-pci"])
def test_an_interrupted_run_is_finished_with_the_old_record(host, driver, override):
    """Killed after the record, the override, the unbind or the probe: what was there before stays known."""
    machine = host()
    machine.record()
    machine.bus.move(NIC, driver, override or "vfio-pci")
    if override is None and driver == "i40e":
        machine.bus.move(NIC, "i40e", None)
    assert not machine.run()["failed"]
    assert machine.where() == ("vfio-pci", "vfio-pci")
    assert machine.state()["devices"] == {NIC: RECORD}
    assert os.path.islink(machine.path(UNIT_LINK))
    assert machine.run()["changed"] is False


class Killed(BaseException):
    """The end of a process, at a place that the test chooses."""


def killed(monkeypatch, machine, number, **options):
    """Run the module and kill it before its *number*-th write of any kind; False if it was done before."""
    left = [number]

    def struck(original):
        def call(*arguments, **keywords):
            if left[0] == 0:
                raise Killed()
            left[0] -= 1
            return original(*arguments, **keywords)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(machine.bus, "_write", struck(machine.kernel.write))
        patch.setattr(machine, "command", struck(machine.command))
        patch.setattr(os, "rename", struck(os.rename))
        patch.setattr(os, "unlink", struck(os.unlink))
        try:
            machine.run(**options)
        except Killed:
            return True
    return False


def test_binding_can_be_killed_before_every_write(host, monkeypatch):
    number = 0
    machine = host("0")
    while killed(monkeypatch, machine, number):
        assert not machine.run()["failed"]
        assert machine.where() == ("vfio-pci", "vfio-pci")
        assert machine.state()["devices"] == {NIC: RECORD}
        assert os.path.islink(machine.path(UNIT_LINK))
        assert machine.run(check=True)["actions"] == []
        number += 1
        machine = host(str(number))
    assert number >= 8


def test_giving_back_can_be_killed_before_every_write(host, monkeypatch):
    number = 0
    machine = host("0")
    machine.run()
    while killed(monkeypatch, machine, number, state="absent"):
        assert not machine.run(state="absent")["failed"]
        assert machine.where() == ("i40e", None)
        assert machine.state() == {"version": 1}
        assert not any(os.path.lexists(machine.path(name)) for name in (SCRIPT_PATH, UNIT_PATH, UNIT_LINK))
        assert machine.run(state="absent", check=True)["actions"] == []
        number += 1
        machine = host(str(number))
        machine.run()
    assert number >= 8


def test_a_nic_that_somebody_bound_is_adopted_untouched(host):
    machine = host(nics=[{"driver": "vfio-pci"}])
    result = machine.run()
    assert verbs(result)[0] == ("record", NIC)
    assert machine.kernel.writes == []
    assert machine.state()["devices"][NIC]["driver_before"] == "vfio-pci"
    back = machine.run(state="absent")
    assert ("forget", NIC) in verbs(back)
    assert machine.kernel.writes == []
    assert machine.where() == ("vfio-pci", None)


def test_without_persistence_there_is_no_unit(host):
    machine = host()
    assert verbs(machine.run(persist=False)) == [("bind", NIC)]
    assert machine.state()["devices"] == {NIC: dict(RECORD, persist=False)}
    assert verbs(machine.run(persist=True))[0] == ("record", NIC)
    assert os.path.islink(machine.path(UNIT_LINK))
    assert verbs(machine.run(persist=False)) == [
        ("disable", UNIT),
        ("remove", SCRIPT_PATH),
        ("remove", UNIT_PATH),
        ("reload", "systemd"),
        ("record", NIC),
    ]


def test_another_card_in_the_slot_gets_a_record_of_its_own(host):
    machine = host()
    machine.record(device="1583", name="old0", driver_before="ixgbe")
    machine.run()
    assert machine.state()["devices"] == {NIC: RECORD}


# -- given back -----------------------------------------------------------------------------------------------------


def test_a_nic_comes_back_with_its_name_and_nothing_of_ours_is_left(host):
    machine = host()
    before = machine.everything()
    machine.run()
    assert not os.path.lexists(machine.path("/sys/class/net/ens4"))
    dry = machine.run(state="absent", check=True)
    result = machine.run(state="absent")
    assert result == dry
    assert verbs(result) == [
        ("disable", UNIT),
        ("remove", SCRIPT_PATH),
        ("remove", UNIT_PATH),
        ("reload", "systemd"),
        ("give back", NIC),
    ]
    assert result["devices"] == [
        {
            "address": NIC,
            "driver": "i40e",
            "driver_before": None,
            "name": "ens4",
            "mac": "52:54:00:00:00:01",
            "bound": False,
        }
    ]
    assert machine.where() == ("i40e", None)
    left = machine.everything()
    left.pop(machine.path("/var/lib/nfv_ovs_dpdk/state.json"))
    assert left == before
    assert machine.state() == {"version": 1}
    assert machine.run(state="absent")["changed"] is False


def test_the_unit_stays_while_another_nic_needs_it(host):
    machine = host(nics=[{"name": "ens4"}, {"name": "ens5"}])
    machine.run([{"address": NIC, "driver": "vfio-pci"}, {"address": OTHER, "driver": "vfio-pci"}])
    assert verbs(machine.run(state="absent")) == [("give back", NIC)]
    assert os.path.islink(machine.path(UNIT_LINK))
    assert machine.where(OTHER) == ("vfio-pci", "vfio-pci")


def test_an_earlier_override_comes_back_too(host):
    machine = host(nics=[{"name": "ens4", "driver_override": "i40e"}])
    machine.run()
    machine.run(state="absent")
    assert machine.where() == ("i40e", "i40e")


def test_only_recorded_devices_are_given_back(host):
    machine = host(nics=[{"driver": "vfio-pci"}])
    result = machine.run(state="absent")
    assert (result["actions"], machine.kernel.writes) == ([], [])


def test_a_nic_that_somebody_else_has_moved_is_forgotten(host):
    machine = host()
    machine.run()
    machine.bus.move(NIC, "i40e", None)
    machine.kernel.writes.clear()
    assert verbs(machine.run(state="absent"))[-1] == ("forget", NIC)
    assert (machine.where(), machine.kernel.writes) == (("i40e", None), [])


def test_another_card_at_the_address_of_ours_is_left_alone(host):
    machine = host()
    machine.record(device="9999", driver_before="ixgbe")
    machine.kernel.load("vfio-pci")
    machine.bus.move(NIC, "vfio-pci", "vfio-pci")
    machine.kernel.writes.clear()
    result = machine.run(state="absent")
    assert result["left"] == [{"target": NIC, "reason": "is another card than the one that we have bound"}]
    assert (machine.where(), machine.kernel.writes) == (("vfio-pci", "vfio-pci"), [])
    assert "devices" not in machine.state()


def test_without_devices_all_that_are_ours_are_given_back(host):
    machine = host(nics=[{"name": "ens4"}, {"driver": "vfio-pci"}])
    machine.run()
    for check in (True, False):
        result = machine.run_module("pci_driver", {"state": "absent"}, check=check)
        assert [row["address"] for row in result["devices"]] == [NIC]
    assert machine.where() == ("i40e", None)
    assert machine.state() == {"version": 1}
    assert machine.run_module("pci_driver", {"state": "absent"})["actions"] == []
    assert "missing: devices" in machine.run_module("pci_driver", {})["msg"]


def test_a_nic_that_somebody_bound_elsewhere_stays_there_and_is_named(host):
    machine = host(lockdown="none")
    machine.run()
    machine.kernel.load("uio_pci_generic")
    machine.bus.move(NIC, "uio_pci_generic", "uio_pci_generic")
    for check in (True, False):
        result = machine.run(state="absent", check=check)
        assert result["left"] == [{"target": NIC, "reason": "is on uio_pci_generic, not on vfio-pci as we left it"}]
        assert "is on uio_pci_generic, not on vfio-pci as we left it; it is left alone." in str(result["warnings"])
    assert machine.where() == ("uio_pci_generic", "uio_pci_generic")
    assert machine.run(state="absent")["left"] == []


def test_a_nic_that_was_pulled_out_is_forgotten(host):
    machine = host(nics=[])
    machine.record()
    assert verbs(machine.run(state="absent")) == [("forget", NIC)]
    assert machine.state() == {"version": 1}


def test_a_nic_that_does_not_come_back_stays_recorded(host):
    machine = host()
    machine.run()
    machine.kernel.refuses.add("i40e")
    result = machine.run(state="absent")
    assert result["msg"] == (
        "the device could not be given back (0000:41:00.0): found i40e did not take it (Invalid argument), it is on no "
        "driver, expected i40e."
    )
    machine.kernel.refuses.clear()
    assert not machine.run(state="absent")["failed"]
    assert machine.where() == ("i40e", None)


@pytest.mark.parametrize("node", ["/dev/vfio/10", "/dev/vfio/noiommu-10"])
@pytest.mark.parametrize("state, driver", [("absent", None), ("present", "uio_pci_generic")])
def test_what_a_running_switch_holds_is_never_unbound(host, node, state, driver):
    machine = host(lockdown="none")
    machine.run()
    os.makedirs(machine.path("/proc/812/fd"))
    os.symlink(node, machine.path("/proc/812/fd/42"))
    with open(machine.path("/proc/812/comm"), "w") as handle:
        handle.write("ovs-vswitchd\n")
    machine.kernel.writes.clear()
    assert machine.run()["changed"] is False
    result = machine.run([{"address": NIC, "driver": driver}], state=state)
    assert result["failed"]
    assert "a running process holds the device" in result["msg"]
    assert "found ovs-vswitchd (PID 812)" in result["msg"]
    assert machine.kernel.writes == []
    assert machine.where() == ("vfio-pci", "vfio-pci")


def test_a_dry_run_before_a_restart_shows_what_the_switch_still_holds(host):
    machine = host()
    machine.run()
    for pid, name in ((812, "ovs-vswitchd"), (977, "testpmd")):
        os.makedirs(machine.path("/proc/{0}/fd".format(pid)))
        with open(machine.path("/proc/{0}/comm".format(pid)), "w") as handle:
            handle.write(name + "\n")
    os.symlink("/dev/vfio/10", machine.path("/proc/812/fd/42"))
    dry = machine.run(state="absent", restart_pending=True, check=True)
    assert ("give back", NIC) in verbs(dry)
    assert machine.run(state="absent", restart_pending=True)["failed"], "a real run comes after the restart"
    os.symlink("/dev/vfio/10", machine.path("/proc/977/fd/3"))
    refused = machine.run(state="absent", restart_pending=True, check=True)
    assert "found testpmd (PID 977)," in refused["msg"]
