import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", set()),
        (None, set()),
        ("0", {0}),
        (0, {0}),
        ("0-3,8", {0, 1, 2, 3, 8}),
        ("8,0-3", {0, 1, 2, 3, 8}),
        ("'4,6,5,7'", {4, 5, 6, 7}),
        ("\"'4,6,5,7'\"", {4, 5, 6, 7}),
        (" 1 , 3 ", {1, 3}),
        ("0-7:2/4", {0, 1, 4, 5}),
        ("0-6:1/2", {0, 2, 4, 6}),
        (["2-3", 9], {2, 3, 9}),
        ("1,", {1}),
    ],
)
def test_parse(text, expected):
    assert _cpuset.parse(text) == expected


@pytest.mark.parametrize("text", ["3-1", "a", "1-", "-1", "0x3", "1;2", "0-999999999", "1-4:0/2", "1-4:3/2", True, "²"])
def test_parse_refuses_in_words(text):
    with pytest.raises(Refused, match="CPU list"):
        _cpuset.parse(text)


def test_exclusions_only_where_asked_for():
    assert _cpuset.parse("0-7,^3", exclusions=True) == {0, 1, 2, 4, 5, 6, 7}
    assert _cpuset.parse("^3,1", exclusions=True) == {1}
    assert _cpuset.parse("12-15,^17", exclusions=True) == {12, 13, 14, 15}
    with pytest.raises(Refused, match="exclude"):
        _cpuset.parse("0-7,^3")


@pytest.mark.parametrize(
    ("cpus", "text", "mask"),
    [
        ([], "", "0x0"),
        ([0], "0", "0x1"),
        ([8, 0, 1, 2, 3], "0-3,8", "0x10f"),
        ([2, 3, 26, 27, 64, 65, 127, 128], "2-3,26-27,64-65,127-128", "0x18000000000000003000000000c00000c"),
    ],
)
def test_render_and_mask(cpus, text, mask):
    assert _cpuset.render(cpus) == text
    assert _cpuset.to_mask(cpus) == mask
    assert _cpuset.from_mask(mask) == set(cpus)


@pytest.mark.parametrize(
    ("mask", "cpus"),
    [("6", {1, 2}), ("0XcA", {1, 3, 6, 7}), ("00000001,00000000", {32}), ("0x10000000000000000", {64})],
)
def test_from_mask(mask, cpus):
    assert _cpuset.from_mask(mask) == cpus


@pytest.mark.parametrize("mask", ["", "0x", "xyz", "-1", "0x0x1", "3c\n,"])
def test_from_mask_refuses(mask):
    with pytest.raises(Refused, match="CPU mask"):
        _cpuset.from_mask(mask)
