"""Who sets what at every boot: the files of sysctl.d, from a tree."""

import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._sysctl import assignments, read_settings
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree

NAME = "vm.nr_hugepages"


@pytest.mark.parametrize(
    "line, expected",
    [
        ("vm.nr_hugepages=1024", (NAME, "1024")),
        ("  vm.nr_hugepages  =  1024  ", (NAME, "1024")),
        ("vm/nr_hugepages = 1024", (NAME, "1024")),
        ("-vm.nr_hugepages = 1024", (NAME, "1024")),
        ("- vm.nr_hugepages = 1024\r", (NAME, "1024")),
        ("net/ipv4/conf/enp3s0.200/forwarding = 1", ("net.ipv4.conf.enp3s0/200.forwarding", "1")),
        ("net.ipv4.conf.enp3s0/200.forwarding = 1", ("net.ipv4.conf.enp3s0/200.forwarding", "1")),
        ("kernel.core_pattern = |/bin/x %p = y", ("kernel.core_pattern", "|/bin/x %p = y")),
        ("vm.nr_hugepages =", (NAME, "")),
        ("# vm.nr_hugepages=1024", None),
        (" ; vm.nr_hugepages=1024", None),
        ("-vm.nr_hugepages", None),
        ("", None),
    ],
)
def test_a_line_is_read_as_the_kernels_settings_are(line, expected):
    found = assignments("\n{0}\n".format(line))
    assert found == ([(2,) + expected] if expected else [])


@pytest.fixture
def settings(tmp_path):
    """settings({path: text or target of a link}) -> [(file, line, value)] of the number of hugepages."""

    def read(files):
        for path, text in files.items():
            target = str(tmp_path) + path
            os.makedirs(os.path.dirname(target), exist_ok=True)
            if text.startswith(("/", "..")):
                os.symlink(text, target)
            else:
                with open(target, "w") as handle:
                    handle.write(text)
        rows = read_settings(Tree(str(tmp_path)), [NAME])
        assert {row["name"] for row in rows} <= {NAME}
        return [(row["file"], row["line"], row["value"]) for row in rows]

    return read


def test_every_place_is_looked_at_in_the_order_of_names(settings):
    assert settings({"/etc/other/x.conf": "vm.nr_hugepages=9\n"}) == []
    files = {
        "/etc/sysctl.conf": "# mine\nvm.swappiness=1\nvm.nr_hugepages=1\n",
        "/run/sysctl.d/20-b.conf": "vm.nr_hugepages=3\nvm.nr_hugepages=4\n",
        "/usr/lib/sysctl.d/10-a.conf": "\n\nvm/nr_hugepages=2\n",
        "/etc/sysctl.d/30-c.conf": "vm.nr_hugepages_mempolicy=5\n-vm.nr_hugepages=6",
        "/etc/sysctl.d/30-c.conf.rpmsave": "vm.nr_hugepages=7\n",
    }
    assert settings(files) == [
        ("/etc/sysctl.conf", 3, "1"),
        ("/usr/lib/sysctl.d/10-a.conf", 3, "2"),
        ("/run/sysctl.d/20-b.conf", 1, "3"),
        ("/run/sysctl.d/20-b.conf", 2, "4"),
        ("/etc/sysctl.d/30-c.conf", 2, "6"),
    ]


def test_a_file_hides_those_of_its_name_in_the_places_behind_it(settings):
    files = {
        "/etc/sysctl.d/50-pages.conf": "/dev/null",
        "/run/sysctl.d/50-pages.conf": "vm.nr_hugepages=1\n",
        "/run/sysctl.d/60-pages.conf": "vm.nr_hugepages=2\n",
        "/usr/lib/sysctl.d/60-pages.conf": "vm.nr_hugepages=3\n",
    }
    assert settings(files) == [("/run/sysctl.d/60-pages.conf", 1, "2")]


def test_one_file_with_two_names_is_told_once(settings):
    """Debian 12 reads /etc/sysctl.conf through a link."""
    files = {"/etc/sysctl.conf": "vm.nr_hugepages=1\n", "/etc/sysctl.d/99-sysctl.conf": "../sysctl.conf"}
    assert settings(files) == [("/etc/sysctl.conf", 1, "1")]
