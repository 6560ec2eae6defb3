"""The capture command: what it takes of a machine reads and plans like the machine, and nothing else is taken."""

import importlib.util
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import captures
import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state, _tree
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._pci_nics import SYS_PCI
from machines import builder

SCRIPT = Path(__file__).resolve().parents[2] / "roles/host_capture/files/capture.py"
_SPEC = importlib.util.spec_from_file_location("capture", str(SCRIPT))
capture = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(capture)

STATE = {
    "kernel_cmdline": {"tokens": ["iommu=pt"], "taken_over": []},
    "devices": {"0000:45:00.0": {"name": "ens9", "mac": "52:54:00:00:00:99", "vendor": "8086", "numa_node": 1}},
}
NICS = [
    {"address": "0000:41:00.0", "name": "ens1", "addresses4": ["192.0.2.10/24"], "default_route": True, "numvfs": 1},
    {"address": "0000:41:02.0", "name": "ens1v0", "physfn": "0000:41:00.0", "vf_index": 0},
    {"address": "0000:43:00.0", "node": 1, "name": "ens2", "virtio": True, "addresses6": ["2001:db8::10/64"]},
    {"address": "0000:45:00.0", "node": 1, "driver": "vfio-pci", "group": 7},
    {"address": "0000:45:00.1", "node": 1, "class": "010000", "driver": "ahci", "group": 7},
    {"address": "0000:47:00.0", "name": "ens3", "master": "bond0", "vlan_above": "ens3.100"},
    {"address": "0000:49:00.0", "name": "ens4", "master": "ovs-system", "node": -1},
    {"address": "0000:4b:00.0", "name": None, "class": "030000", "driver": "ast"},
]
MACHINES = {
    "rich": {"nics": NICS, "state": STATE, "lockdown": "integrity", "secure_boot": True, "noiommu": False},
    "old": {},
    "offline": {"offline": [5, 11], "isolated": "2-3", "nohz_full": "2-3", "layout": "split"},
    "applied": {"hugepages": {(0, 1048576): (3, 1), (1, 1048576): (3, 0)}, "state": STATE, "nics": NICS},
    "hybrid": {"nodes": 1, "cores": 4, "capacities": dict.fromkeys(range(4), 1024)},
    "arm": {"architecture": "aarch64", "kernel": "5.10.0-1", "nics": [{"name": "eth0"}]},
    "without numa": {"numa": False, "nodes": 1, "nics": [{"name": "eth0"}]},
    "without iommu": {"iommu": False, "noiommu": True, "nics": NICS[:1]},
    "sparse": {"node_ids": [0, 4], "memory_only_nodes": [8]},
    "wide": {"nodes": 4, "cores": 9, "threads": 2, "l3_cores": 3},
}


def build(place, name):
    """A built machine, with the odd files that some kernels and drivers show."""
    root = Path(builder.build(str(place), **MACHINES[name]))
    if name == "rich":
        add_oddities(root)
    if name == "old":
        make_old(root)
    return str(root)


def make_old(root):
    """Masks instead of lists, and frequencies behind a link."""
    for path in list(root.rglob("*_list")) + list(root.rglob("*cpulist")):
        path.unlink()
    (root / "usr/lib").mkdir(parents=True)
    (root / "etc/os-release").rename(root / "usr/lib/os-release")
    policy = root / "sys/devices/system/cpu/cpufreq/policy0"
    policy.mkdir(parents=True)
    (policy / "cpuinfo_max_freq").write_text("3000000\n")
    for cpu in range(12):
        (root / "sys/devices/system/cpu/cpu{0}/cpufreq".format(cpu)).symlink_to("../cpufreq/policy0")


def add_oddities(root):
    for pmu in ("cpu_atom", "cpu_lowpower"):
        (root / "sys/devices" / pmu).mkdir()
        (root / "sys/devices" / pmu / "cpus").write_text("8-11\n" if pmu == "cpu_atom" else "\n")
    device = root / "sys/class/net/ens1"
    (device / "phys_port_name").write_text("p0\n")
    (device / "dev_port").write_text("0\n")
    below = os.path.dirname(os.path.realpath(str(device)))
    os.mkdir(below + "/ens1_0")
    Path(below, "ens1_0", "phys_port_name").write_text("pf0vf0\n")
    (root / "sys/class/net/ens1_0").symlink_to(os.path.relpath(below + "/ens1_0", str(root / "sys/class/net")))
    for number in (10, 11):
        (root / "sys/kernel/iommu_groups/{0}/name".format(number)).write_text("vfio-noiommu\n")
    (root / "sys/firmware/acpi/tables").mkdir(parents=True)
    (root / "sys/firmware/acpi/tables/DMAR").write_text("what is in the table")


def unpacked(archive, place):
    """The tree in an archive, by its one name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(str(place), **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (top,) = os.listdir(str(place))
    return os.path.join(str(place), top)


def captured(root, place, **options):
    taken = capture.Capture(root, **options)
    taken.take_all()
    return unpacked(taken.archive("machine"), place)


@pytest.mark.parametrize("name", sorted(MACHINES))
def test_a_built_machine_and_its_capture_are_the_same(name, tmp_path):
    root = build(tmp_path / "live", name)
    host = read_host(captured(root, tmp_path / "capture"))
    assert host == read_host(root)
    assert hosts.plan(host)["cpus"]


@pytest.mark.skipif(not captures.NAMES, reason="no captured machines in ../shared/topologies")
@pytest.mark.parametrize("name", captures.NAMES)
def test_a_real_machine_and_its_capture_are_the_same(name, tmp_path):
    with tarfile.open(captures.ARCHIVES[name]) as archive:
        captures._unpack(archive, str(tmp_path / "live"))
    (top,) = os.listdir(str(tmp_path / "live"))
    root = str(tmp_path / "live" / top)
    host = read_host(captured(root, tmp_path / "capture"))
    assert host == captures.host(name)
    assert hosts.plan(host) == hosts.plan(captures.host(name))


def test_this_very_machine_and_its_capture_have_the_same_plan(tmp_path):
    host = read_host("/")
    if not host["topology"]:
        pytest.skip("no /sys here")
    assert hosts.plan(read_host(captured("/", tmp_path))) == hosts.plan(host)


@pytest.fixture
def questions(monkeypatch):
    """{(method, arguments): answer} of everything that is read through a Tree or as the state file."""
    asked = {}

    def listen(owner, name, key):
        real = getattr(owner, name)

        def heard(*arguments):
            answer = real(*arguments)
            asked[(name,) + key(*arguments)] = answer
            return answer

        monkeypatch.setattr(owner, name, heard)

    for name in ("text", "head", "link", "numbered"):
        listen(_tree.Tree, name, lambda tree, *arguments: arguments)
    listen(_state.State, "load", lambda state: ())
    return asked


def test_every_file_that_the_doors_read_is_captured(questions, tmp_path):
    answered, unanswered = set(), set()
    for name in sorted(MACHINES):
        root = build(tmp_path / name / "live", name)
        copy = captured(root, tmp_path / name / "capture")
        questions.clear()
        nics = {nic["address"] for nic in read_host(root)["nics"]}
        live = dict(questions)
        questions.clear()
        read_host(copy)
        for question, answer in live.items():
            path = question[1] if len(question) > 1 else "state"
            kind = os.path.basename(path).rstrip("0123456789")
            (unanswered if answer in (None, [], {}) else answered).add(kind)
            stranger = path.startswith(SYS_PCI) and path.endswith("/class") and path.split("/")[-2] not in nics
            assert stranger or questions[question] == answer, question
    # A file that no machine of this test has would prove nothing: add it to one of them.
    assert unanswered - answered == set()


def test_only_what_is_read_is_taken(tmp_path):
    root = build(tmp_path / "live", "rich")
    for path in ("etc/shadow", "proc/1/environ", "proc/mounts", "sys/class/net/ens1/statistics/rx_bytes"):
        Path(root, path).parent.mkdir(parents=True, exist_ok=True)
        Path(root, path).write_text("private\n")
    copy = captured(root, tmp_path / "capture")
    files = [os.path.relpath(os.path.join(top, name), copy) for top, _dirs, names in os.walk(copy) for name in names]
    assert not [path for path in files if Path(copy, path).is_file() and "private" in Path(copy, path).read_text()]
    assert not os.path.lexists(os.path.join(copy, "sys/bus/pci/devices/0000:4b:00.0"))
    assert Path(copy, "sys/firmware/acpi/tables/DMAR").read_text() == ""
    assert os.path.islink(os.path.join(copy, "sys/class/net/ens1"))


def test_the_archive_of_one_tree_is_always_the_same(tmp_path):
    archives = set()
    for number in range(2):
        taken = capture.Capture(build(tmp_path / str(number), "rich"))
        taken.take_all()
        archives.add(taken.archive("machine"))
    assert len(archives) == 1


def test_without_addresses_the_plan_is_the_same_and_no_address_is_in_it(tmp_path):
    root = build(tmp_path / "live", "rich")
    Path(root, "proc/cmdline").write_text("ro ip=192.0.2.10::192.0.2.1:255.255.255.0::ens1:none nameserver=192.0.2.3\n")
    copy = captured(root, tmp_path / "capture", addresses=False)
    assert hosts.plan(read_host(copy), nics="ens2") == hosts.plan(read_host(root), nics="ens2")
    assert read_host(copy)["cmdline"] == "ro ip=*** nameserver=***"
    kinds = {use["kind"] for nic in read_host(copy)["nics"] for use in nic["uses"]}
    assert kinds == {"bond", "vlan", "ovs"}
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.check_output(["grep", "-rE", r"192\.0\.2|C0000|2001", copy])


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("ro quiet iommu=pt", "ro quiet iommu=pt"),
        ("rd.iscsi.password=geheim ro", "rd.iscsi.password=*** ro"),
        ('ro inst.rootpw=a luks.passphrase="two words" x', "ro inst.rootpw=*** luks.passphrase=*** x"),
        ("netroot=iscsi:user:geheim@192.0.2.1::3260::iqn.x", "netroot=iscsi:***@192.0.2.1::3260::iqn.x"),
        ("url=http://me:geheim@host/x API_TOKEN=1", "url=http://***@host/x API_TOKEN=***"),
        ("netroot=iscsi:user:ge/h@eim@192.0.2.1::3260::iqn.x", "netroot=iscsi:***@192.0.2.1::3260::iqn.x"),
        ("systemd.set_credential=passwd.hashed-password.root:$6$x ro", "systemd.set_credential=*** ro"),
    ],
)
def test_passwords_on_the_kernel_line_are_blanked(line, shown, tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text(line + "\n")
    taken = capture.Capture(str(tmp_path))
    taken.take_all()
    assert taken.entries["/proc/cmdline"].decode() == shown + "\n"


@pytest.mark.parametrize("target", ["/usr/lib/os-release", "../../../../usr/lib/os-release", "../usr/lib/os-release"])
def test_links_stay_within_the_archive(target, tmp_path):
    root = tmp_path / "live"
    for directory in ("etc", "usr/lib", "proc"):
        (root / directory).mkdir(parents=True)
    (root / "usr/lib/os-release").write_text("ID=debian\n")
    (root / "etc/os-release").symlink_to(target)
    copy = captured(str(root), tmp_path / "capture")
    assert os.readlink(copy + "/etc/os-release") == "../usr/lib/os-release"
    assert Path(copy, "etc/os-release").read_text() == "ID=debian\n"


def test_links_in_a_circle_end(tmp_path):
    (tmp_path / "live/etc").mkdir(parents=True)
    (tmp_path / "live/proc").mkdir()
    (tmp_path / "live/proc/version").write_text("Linux version 6.1\n")
    (tmp_path / "live/etc/os-release").symlink_to("os-release")
    assert read_host(captured(str(tmp_path / "live"), tmp_path / "capture"))["kernel"] == "6.1"


def test_long_files_are_bounded(tmp_path, monkeypatch):
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/route").write_text("x" * 100)
    (tmp_path / "proc/cpuinfo").write_text("y" * 20000)
    monkeypatch.setattr(capture, "LIMIT", 50)
    taken = capture.Capture(str(tmp_path))
    taken.take_all()
    assert (len(taken.entries["/proc/net/route"]), len(taken.entries["/proc/cpuinfo"])) == (50, 16384)
    assert taken.cut == {"/proc/net/route"}


def run(*arguments):
    """The command as an operator runs it, fed to Python through its standard input."""
    with SCRIPT.open() as script:
        ran = subprocess.Popen(
            [sys.executable, "-"] + list(arguments),
            stdin=script,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = ran.communicate()
    return ran.returncode, out, err.decode()


def test_the_command_writes_the_archive_to_standard_output(tmp_path):
    root = build(tmp_path / "live", "rich")
    code, archive, said = run("--root", root)
    assert code == 0
    assert said.startswith("capture: live: ") and len(said.splitlines()) == 1
    copy = unpacked(archive, tmp_path / "capture")
    assert os.path.basename(copy) == "live"
    assert read_host(copy) == read_host(root)


def test_the_command_writes_a_file_and_names_the_machine(tmp_path):
    root = build(tmp_path / "live", "old")
    code, out, _said = run("--root", root, "--name", "compute7", "--output", str(tmp_path / "archive"))
    assert (code, out) == (0, b"")
    assert os.path.basename(unpacked((tmp_path / "archive").read_bytes(), tmp_path / "capture")) == "compute7"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--root", "/nowhere"], "nothing to capture below /nowhere: it has neither proc nor sys"),
        (["--name", "a/b"], "a name of letters"),
        (["--name", ".."], "a name of letters"),
    ],
)
def test_what_cannot_be_captured_is_refused(arguments, words):
    code, out, said = run(*arguments)
    assert (code != 0, out) == (True, b"")
    assert words in said


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_is_told_what_is_missing(tmp_path, capsys):
    root = build(tmp_path / "live", "rich")
    tmp_path.chmod(0o755)
    Path(root, "var/lib/nfv_ovs_dpdk").chmod(0o700)
    taken = capture.Capture(root)
    os.seteuid(65534)
    try:
        taken.take_all()
    finally:
        os.seteuid(0)
    capture._report(taken, "machine", 0)
    said = capsys.readouterr().err.splitlines()
    assert said[1:] == ["capture: 1 left out, root only: /var/lib/nfv_ovs_dpdk/state.json"]
    host = read_host(unpacked(taken.archive("machine"), tmp_path / "capture"))
    assert dict(read_host(root), nics=None, state=None) == dict(host, nics=None, state=None)
