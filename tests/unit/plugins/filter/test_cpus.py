import pytest

pytest.importorskip("ansible.errors")
from ansible.errors import AnsibleFilterError
from ansible_collections.nfv.ovs_dpdk.plugins.filter.cpus import FilterModule, cpu_count, cpu_list, cpu_mask


@pytest.mark.parametrize(
    ("value", "text", "mask", "count"),
    [
        ("", "", "0x0", 0),
        (None, "", "0x0", 0),
        ([], "", "0x0", 0),
        (3, "3", "0x8", 1),
        ("0-3,8", "0-3,8", "0x10f", 5),
        ([8, "0-3"], "0-3,8", "0x10f", 5),
        ("0x10f", "0-3,8", "0x10f", 5),
        ("0X10F", "0-3,8", "0x10f", 5),
        ("24-27,^25,60,65-67", "24,26-27,60,65-67", "0xe100000000d000000", 7),
        ("0,22,23,24,25,60,65,66,67", "0,22-25,60,65-67", "0xe1000000003c00001", 9),
        ("12-15,^17", "12-15", "0xf000", 4),
        ("'1,13-15'", "1,13-15", "0xe002", 4),
        ("1,13", "1,13", "0x2002", 2),
        ("2,3,26,27,64,65,128,127", "2-3,26-27,64-65,127-128", "0x18000000000000003000000000c00000c", 8),
    ],
)
def test_lists_masks_and_counts(value, text, mask, count):
    assert (cpu_list(value), cpu_mask(value), cpu_count(value)) == (text, mask, count)


@pytest.mark.parametrize("value", ["3-1", "^", ",d", "0xg", "0x", {"a": 1}, 1.5, True])
@pytest.mark.parametrize("name", ["cpu_list", "cpu_mask", "cpu_count"])
def test_nonsense_is_refused_in_words(name, value):
    with pytest.raises(AnsibleFilterError, match="CPU"):
        FilterModule().filters()[name](value)
