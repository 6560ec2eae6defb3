"""The host as one answer: system facts, missing parts, the same answer for the same machine."""

import json
import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from machines import builder

KEYS = {
    "architecture",
    "kernel",
    "os",
    "cpu",
    "cpus",
    "topology",
    "nodes",
    "numa",
    "memory",
    "page_sizes_kb",
    "nics",
    "iommu",
    "lockdown",
    "secure_boot",
    "cmdline",
    "state",
}


def host(tmp_path, **machine):
    machine.setdefault("nodes", 1)
    machine.setdefault("cores", 1)
    return read_host(builder.build(str(tmp_path), **machine))


def remove(root, name):
    os.unlink(os.path.join(root, name))


def test_a_whole_machine(tmp_path):
    found = host(tmp_path, nodes=2, cores=3, nics=[{"node": 0}, {"node": 1}])
    assert set(found) == KEYS
    assert found["kernel"] == "6.1.0-18-amd64"
    assert found["cpu"]["vendor"] == "GenuineIntel"
    assert found["cpu"]["model"] == "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz"
    assert found["cmdline"] == "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet"
    assert found["memory"] == {"total_kb": 12582912, "available_kb": 11324620}
    assert [row["node"] for row in found["topology"]] == [0] * 6 + [1] * 6
    assert [nic["node"] for nic in found["nics"]] == [0, 1]
    assert json.loads(json.dumps(found)) == found


def test_the_smallest_tree(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cmdline").write_text("quiet\n")
    found = read_host(str(tmp_path))
    assert set(found) == KEYS
    assert found["cmdline"] == "quiet"
    unknown = ("architecture", "kernel", "lockdown", "secure_boot")
    assert [found[key] for key in unknown] == [None] * 4
    assert found["os"] == {"id": None, "version_id": None, "family": None}
    assert found["cpu"] == {"vendor": None, "model": None, "flags": []}
    assert found["memory"] == {"total_kb": None, "available_kb": None}
    assert (found["topology"], found["nics"], found["page_sizes_kb"], found["state"]) == ([], [], [], {})


def test_no_machine_at_all(tmp_path):
    with pytest.raises(Refused) as refused:
        read_host(str(tmp_path))
    assert "neither proc nor sys" in str(refused.value)
    assert "Set root" in str(refused.value)


def test_the_state_file_is_part_of_the_host(tmp_path):
    state = {"devices": {"0000:41:00.0": {"name": "ens4"}}, "hugepages": {"0:1048576": {"before": 0}}}
    found = host(tmp_path, nics=[{"address": "0000:41:00.0", "driver": "vfio-pci"}], state=state)
    assert found["state"]["hugepages"] == {"0:1048576": {"before": 0}}
    assert found["nics"][0]["name"] == "ens4"


def test_a_damaged_state_file_is_refused_in_words(tmp_path):
    root = builder.build(str(tmp_path), nodes=1, cores=1, state={})
    with open(os.path.join(root, "var/lib/nfv_ovs_dpdk/state.json"), "w") as handle:
        handle.write("{")
    with pytest.raises(Refused, match="the state file cannot be understood"):
        read_host(root)


CPUINFO = {
    "x86_64": ("vendor_id\t: AuthenticAMD\nmodel name\t: EPYC\nflags\t\t: lm pse\n", "x86_64", "AuthenticAMD", "EPYC"),
    "i386": ("vendor_id\t: GenuineIntel\nmodel name\t: Xeon\nflags\t\t: fpu pse\n", "i386", "GenuineIntel", "Xeon"),
    "aarch64": (
        "BogoMIPS\t: 200.00\nFeatures\t: fp asimd\nCPU implementer\t: 0xc0\nCPU architecture: 8\n",
        "aarch64",
        "Ampere",
        None,
    ),
    "unknown ARM": ("Features\t: fp asimd\nCPU implementer\t: 0x99\nCPU architecture: 8\n", "aarch64", "0x99", None),
    "armv7": (
        "Processor\t: ARMv7 rev 4\n\nFeatures\t: swp neon\nCPU implementer\t: 0x41\nCPU architecture: 7\n",
        "arm",
        "ARM",
        "ARMv7 rev 4",
    ),
    "ppc64": ("processor\t: 0\ncpu\t\t: POWER9, altivec supported\n", "ppc64", "IBM", "POWER9, altivec supported"),
    "s390x": ("vendor_id       : IBM/S390\nfeatures\t: esan3 zarch\n", "s390x", "IBM/S390", None),
    "riscv64": ("hart\t\t: 1\nisa\t\t: rv64imafdc\nuarch\t\t: sifive,u74-mc\n", "riscv64", None, "sifive,u74-mc"),
    "unheard of": ("type\t: abacus\n", None, None, None),
}


@pytest.mark.parametrize("text, architecture, vendor, model", list(CPUINFO.values()), ids=list(CPUINFO))
def test_cpuinfo_of_every_architecture(tmp_path, text, architecture, vendor, model):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text(text)
    found = read_host(str(tmp_path))
    assert (found["architecture"], found["cpu"]["vendor"], found["cpu"]["model"]) == (architecture, vendor, model)


@pytest.mark.parametrize(
    "said, architecture",
    [("x86_64", "x86_64"), ("i686", "i386"), ("aarch64", "aarch64"), ("ppc64le", "ppc64"), ("armv7l", "arm")],
)
def test_the_kernel_says_its_architecture(tmp_path, said, architecture):
    """A 32-bit kernel on a 64-bit CPU has a cpuinfo with all the flags; only the kernel knows."""
    assert host(tmp_path, architecture=said)["architecture"] == architecture


def test_only_the_first_processor_of_many_is_read(tmp_path):
    root = builder.build(str(tmp_path), nodes=1, cores=1, flags=builder.FLAGS)
    with open(os.path.join(root, "proc/cpuinfo"), "a") as handle:
        handle.write("processor\t: 1\nvendor_id\t: Another\n" * 100000)
    assert read_host(root)["cpu"]["vendor"] == "GenuineIntel"


def test_flags_are_sorted_and_unique(tmp_path):
    assert host(tmp_path, flags="pse lm apic lm")["cpu"]["flags"] == ["apic", "lm", "pse"]


def test_arm_builder(tmp_path):
    found = host(tmp_path, architecture="aarch64", page_sizes_kb=(64, 2048, 524288))
    assert (found["architecture"], found["cpu"]["vendor"]) == ("aarch64", "ARM")
    assert found["page_sizes_kb"] == [64, 2048, 524288]


@pytest.mark.parametrize(
    "release, expected",
    [
        ({"ID": "debian", "VERSION_ID": "13"}, ("debian", "13", "debian")),
        ({"ID": "ubuntu", "VERSION_ID": "24.04", "ID_LIKE": "debian"}, ("ubuntu", "24.04", "debian")),
        ({"ID": "rocky", "VERSION_ID": "9.4", "ID_LIKE": "rhel centos fedora"}, ("rocky", "9.4", "redhat")),
        ({"ID": "rhel", "VERSION_ID": "8.10"}, ("rhel", "8.10", "redhat")),
        ({"ID": "opensuse-leap", "VERSION_ID": "15.6", "ID_LIKE": "suse opensuse"}, ("opensuse-leap", "15.6", "suse")),
        ({"ID": "arch"}, ("arch", None, None)),
        ({}, (None, None, None)),
    ],
)
def test_distribution(tmp_path, release, expected):
    found = host(tmp_path, os_release=release)["os"]
    assert (found["id"], found["version_id"], found["family"]) == expected


def test_distribution_at_its_other_place(tmp_path):
    root = builder.build(str(tmp_path), nodes=1, cores=1)
    os.makedirs(os.path.join(root, "usr/lib"))
    os.rename(os.path.join(root, "etc/os-release"), os.path.join(root, "usr/lib/os-release"))
    assert read_host(root)["os"]["id"] == "debian"


def test_kernel_release_from_the_version(tmp_path):
    root = builder.build(str(tmp_path), nodes=1, cores=1, kernel="5.10.0-28-amd64")
    remove(root, "proc/sys/kernel/osrelease")
    assert read_host(root)["kernel"] == "5.10.0-28-amd64"


@pytest.mark.parametrize("mode", ["none", "integrity", "confidentiality", None])
def test_lockdown(tmp_path, mode):
    assert host(tmp_path, lockdown=mode)["lockdown"] == mode


@pytest.mark.parametrize("secure", [True, False, None])
def test_secure_boot(tmp_path, secure):
    assert host(tmp_path, secure_boot=secure)["secure_boot"] is secure


@pytest.mark.parametrize("vendor, unit", [("GenuineIntel", "dmar0"), ("AuthenticAMD", "ivhd0")])
def test_iommu_of_both_vendors(tmp_path, vendor, unit):
    assert host(tmp_path, vendor=vendor)["iommu"]["units"] == [unit]


def test_padding_of_captured_files_does_not_show(tmp_path):
    plain = host(tmp_path / "plain", nodes=2, cores=2, nics=[{"node": 1}])
    padded = builder.build(str(tmp_path / "padded"), nodes=2, cores=2, nics=[{"node": 1}])
    for directory, _directories, names in os.walk(os.path.join(padded, "sys")):
        for name in names:
            path = os.path.join(directory, name)
            if not os.path.islink(path):
                with open(path, "ab") as handle:
                    handle.write(b"\0" * 100)
    assert read_host(padded) == plain


def test_this_very_machine():
    """The live tree of whatever kernel runs the tests."""
    found = read_host("/")
    assert len(found["cpus"]["online"]) == os.sysconf("SC_NPROCESSORS_ONLN")
    assert found["kernel"] == os.uname().release
    assert found["memory"]["total_kb"] * 1024 >= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 9 // 10
    assert sorted(cpu for node in found["nodes"] for cpu in node["cpus"]) == found["cpus"]["online"]
    assert json.loads(json.dumps(found)) == found
