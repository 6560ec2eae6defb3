"""A host for any module: a tree with a boot menu, tools that only answer, and nothing of this machine.

    stage = Stage(place, run_module, monkeypatch, nics=[{"name": "ens4"}], files={"/etc/x": "text"})
    result = stage.run("hugepages", {"pools": []}, check=True)

Besides the machine of machines.builder, *files* {path: text or bytes} and *links* {path: target} are put into its tree.
The tree stays for the next Stage at the same place.
"""

import errno
import functools
import importlib
import os
import pathlib
import shutil

import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _binding, _state, _vswitch
from machines import builder
from machines.tree import Tree
from pci_kernel import Kernel
from plugins.conftest import GrubTree

MODULES = "ansible_collections.nfv.ovs_dpdk.plugins.modules."
DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "plugins", "modules")
NAMES = sorted(name[:-3] for name in os.listdir(DIRECTORY) if name.endswith(".py") and name[0] != "_")

# Found nowhere but in PATH, so that it runs only where a shell reads a value.
CANARY = "nfv-canary"

TOOLS = {
    CANARY: "echo alive >> {place}/canary",
    "systemctl": 'test "$1" = is-enabled || exit 0; shift; for unit; do echo disabled; done',
    "modprobe": 'echo "modprobe: FATAL: Module not found" >&2; exit 1',
    "dmesg": "",
    "update-alternatives": (
        'test "$1 $2" = "--query ovs-vswitchd" || exit 2\n'
        'printf "Name: ovs-vswitchd\\nStatus: auto\\nValue: /usr/lib/ovs/plain\\n'
        'Alternative: /usr/lib/ovs/plain\\nPriority: 100\\n"'
    ),
}


def module_of(name):
    return importlib.import_module(MODULES + name)


@functools.lru_cache(maxsize=None)
def options_of(name):
    """The options as documented, those of fragments that say where the switch is among them."""
    documented = yaml.safe_load(module_of(name).DOCUMENTATION)
    options = dict(documented["options"])
    if "nfv.ovs_dpdk.switch" in documented["extends_documentation_fragment"]:
        options["ovs_rundir"] = {"type": "path"}
    return options


def snapshot(directory):
    """{path: what tells a change} of everything below, but for the lock that every changing module takes."""
    found = {}
    for above, directories, files in os.walk(directory):
        if above.endswith("/" + _state.STATE_DIR):
            files = [name for name in files if name != "lock"]
        for name in files + [name for name in directories if os.path.islink(os.path.join(above, name))]:
            status = os.lstat(os.path.join(above, name))
            found[os.path.join(above, name)] = (status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _only_what_is_there(real):
    """run_command that does not fork for a program that is not in PATH; the answer is the same, a thousand times."""

    def run_command(module, argv, **more):
        if shutil.which(argv[0]) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
        return real(module, argv, **more)

    return run_command


class Stage:
    """One pretended host below *place*; everything else below *place* must stay as it is."""

    def __init__(self, place, run_module, monkeypatch, **machine):
        self.place, self.run_module, self.monkeypatch, self.machine = str(place), run_module, monkeypatch, machine
        self.root, self.canary = os.path.join(self.place, "root"), os.path.join(self.place, "canary")
        tools = os.path.join(self.place, "bin")
        if not os.path.isdir(tools):
            self._write_tools(tools)
        monkeypatch.setenv("PATH", tools)
        for name in ("OVS_RUNDIR", "NFV_OVS_DPDK_JOB"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(_vswitch, "PROGRAMS", ("ovs-vswitchd",))
        monkeypatch.setattr(AnsibleModule, "run_command", _only_what_is_there(AnsibleModule.run_command))
        monkeypatch.chdir(self.place)
        monkeypatch.setattr(_state.State.__init__, "__defaults__", (self.root,))
        if not os.path.isdir(self.root):
            self.rebuild()

    def _write_tools(self, directory):
        os.mkdir(directory)
        for name in ("cat", "rm", "sed", "sh", "tail"):  # what GRUB's programs take
            os.symlink(shutil.which(name), os.path.join(directory, name))
        for name, text in TOOLS.items():
            path = os.path.join(directory, name)
            with open(path, "w") as handle:
                handle.write("#!/bin/sh\n{0}\n".format(text.replace("{place}", self.place)))
            os.chmod(path, 0o755)

    def rebuild(self):
        shutil.rmtree(self.root, ignore_errors=True)
        machine = dict(self.machine)
        files, links = machine.pop("files", {}), machine.pop("links", {})
        builder.build(self.root, **machine)
        self.grub = GrubTree(pathlib.Path(self.root))
        tree = Tree(self.root)
        for path, text in files.items():
            tree.write(path, text, newline="")
        for path, target in links.items():
            tree.directory(os.path.dirname(path))
            os.symlink(target, tree.path(path))

    def run(self, name, arguments, check=False):
        """The result of a module on this host; *arguments* go before what says where the host is."""
        module, options = module_of(name), options_of(name)
        if hasattr(module, "ROOT"):
            self.monkeypatch.setattr(module, "ROOT", self.root)
        if hasattr(module, "Bus"):
            self.monkeypatch.setattr(module, "Bus", self._bus)
        here = {"root": self.root, "ovs_rundir": os.path.join(self.root, "run/openvswitch")}
        place = {key: here[key] for key in here if key in options}
        return self.run_module(name, dict(place, **arguments), check=check)

    def _bus(self, root):
        return _binding.Bus(root, write=Kernel(root).write) if root == self.root else _binding.Bus(root)
