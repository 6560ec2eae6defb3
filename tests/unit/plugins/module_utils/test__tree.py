"""Reading below a root: what is not there has a harmless answer, and the order of a directory does not matter."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "sys").mkdir()
    return Tree(str(tmp_path))


def put(tree, name, content):
    with open(os.path.join(tree.root, name), "wb") as handle:
        handle.write(content)


@pytest.mark.parametrize(
    "content, text, number",
    [
        (b"42\n", "42", 42),
        (b"-1\n", "-1", -1),
        (b"7\n\0\0\0\0", "7", 7),
        (b"\0" * 4096, "", None),
        (b"  (null)\n", "(null)", None),
        (b"\xff\n", "\ufffd", None),
        (b"", "", None),
    ],
)
def test_files(tree, content, text, number):
    put(tree, "sys/value", content)
    assert tree.text("/sys/value") == text
    assert tree.number("/sys/value") == number


def test_what_is_not_there(tree):
    assert tree.text("/sys/none") is None
    assert tree.number("/sys/none") is None
    assert tree.head("/sys/none", 10) is None
    assert tree.names("/sys/none") == []
    assert tree.numbered("/sys/none", "cpu") == []
    assert tree.link("/sys/none") is None
    assert tree.link_name("/sys/none") is None
    assert tree.cpus("/sys/none", "/sys/neither") is None


def test_a_file_is_no_directory_and_no_link(tree):
    put(tree, "sys/value", b"1\n")
    assert tree.names("/sys/value") == []
    assert tree.link("/sys/value") is None
    assert tree.text("/sys") is None


def test_head_stops(tree):
    put(tree, "sys/long", b"processor\t: 0\n" * 1000)
    assert tree.head("/sys/long", 9) == "processor"


def test_numbered_takes_whole_names_in_the_order_of_numbers(tree):
    for name in ("cpu10", "cpu2", "cpu0", "cpufreq", "cpuidle", "cpu1x", "xcpu1"):
        put(tree, "sys/" + name, b"")
    assert tree.numbered("/sys", "cpu") == [0, 2, 10]


def test_links_are_read_as_they_are_written(tree):
    os.symlink("../../bus/pci/drivers/vfio-pci", os.path.join(tree.root, "sys/driver"))
    os.symlink("../../devices/pci10000:00/10000:00:00.0/", os.path.join(tree.root, "sys/device"))
    assert tree.link("/sys/driver") == "../../bus/pci/drivers/vfio-pci"
    assert tree.link_name("/sys/driver") == "vfio-pci"
    assert tree.link_name("/sys/device") == "10000:00:00.0"


@pytest.mark.parametrize(
    "listed, mask, expected",
    [
        (b"0-2,8\n", b"ff\n", {0, 1, 2, 8}),
        (b"\n", b"ff\n", set()),
        (None, b"00000001,00000003\n", {0, 1, 32}),
        (b"(null)\n", None, None),
        (b"(null)\n", b"3\n", {0, 1}),
        (None, b"zz\n", None),
    ],
)
def test_cpus_from_list_or_mask(tree, listed, mask, expected):
    for name, content in (("sys/list", listed), ("sys/mask", mask)):
        if content is not None:
            put(tree, name, content)
    assert tree.cpus("/sys/list", "/sys/mask") == expected


def test_a_trailing_slash_of_the_root_does_not_matter(tree):
    put(tree, "sys/value", b"1\n")
    assert Tree(tree.root + "/").text("/sys/value") == "1"


def test_the_live_root():
    assert Tree("/").text("/proc/version").startswith("Linux version")
