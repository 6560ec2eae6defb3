import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pages
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed

MOUNTS = """\
hugetlbfs /dev/hugepages hugetlbfs rw,nosuid,nodev,relatime,pagesize=2M 0 0
hugetlbfs /dev/hugepages-1G hugetlbfs rw,nosuid,nodev,relatime,gid=106,mode=770,pagesize=1024M 0 0
none /mnt/old hugetlbfs rw 0 0
/dev/vda1 / ext4 rw,relatime 0 0
tmpfs /run tmpfs rw,size=1k,mode=755,gid= 0 0
broken
"""


def test_mounts_are_read_as_the_kernel_shows_them(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text(MOUNTS)
    found = _pages.mounts(str(tmp_path))
    assert found["/dev/hugepages"] == _pages.Mount("hugetlbfs", 2048, 0, 0o755)
    assert found["/dev/hugepages-1G"] == _pages.Mount("hugetlbfs", 1048576, 106, 0o770)
    assert found["/mnt/old"] == _pages.Mount("hugetlbfs", None, 0, 0o755)
    assert found["/"].type == "ext4" and len(found) == 5


def test_the_last_mount_on_a_path_is_the_one_that_is_seen(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/mounts").write_text("a /x ext4 rw 0 0\nb /x hugetlbfs rw,pagesize=2M 0 0\n")
    assert _pages.mounts(str(tmp_path))["/x"].type == "hugetlbfs"


def test_a_tree_that_lacks_everything_has_no_pools_and_no_mounts(tmp_path):
    assert _pages.mounts(str(tmp_path)) == {}
    assert _pages.nodes(str(tmp_path)) == {0: _pages.Node(0, None, None, {})}


def test_a_number_that_the_kernel_does_not_take_is_said_in_words(tmp_path):
    with pytest.raises(Failed, match="does not take the number of pages .*nr_hugepages.*expected 4"):
        _pages.set_count(str(tmp_path), "/sys/nr_hugepages", 4)


@pytest.mark.parametrize(("size_kb", "path"), [(1048576, "1G"), (2048, "2M"), (524288, "512M"), (64, "64K")])
def test_each_page_size_has_its_own_place(size_kb, path):
    assert _pages.mount_path(size_kb) == "/dev/hugepages-" + path
    assert _pages.mount_unit(size_kb) == "dev-hugepages\\x2d{0}.mount".format(path)
