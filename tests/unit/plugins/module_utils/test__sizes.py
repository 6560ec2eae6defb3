import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _sizes
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


@pytest.mark.parametrize(
    ("text", "kb"),
    [
        ("1G", 1048576),
        ("1GB", 1048576),
        ("1GiB", 1048576),
        (" 2m ", 2048),
        ("64K", 64),
        ("1T", 1024**3),
        ("512kb", 512),
    ],
)
def test_to_kb(text, kb):
    assert _sizes.to_kb(text, "a size") == kb


@pytest.mark.parametrize("text", ["", "G", "1", "1.5G", "-1G", "1X", "1GiBs", "0x10M", "²G", True, None])
def test_an_amount_needs_a_number_and_a_unit(text):
    with pytest.raises(Refused, match="not a size"):
        _sizes.to_kb(text, "a size")


@pytest.mark.parametrize(
    ("text", "mb"), [("4096", 4096), (4096, 4096), ("4G", 4096), ("1", 1), ("1K", 1), ("1025K", 2)]
)
def test_to_mb_takes_bare_numbers_where_told_and_rounds_up(text, mb):
    assert _sizes.to_mb(text, "memory", "M") == mb


@pytest.mark.parametrize(
    ("kb", "text"), [(1048576, "1G"), (2048, "2M"), (64, "64K"), (16384, "16M"), (524288, "512M"), (16777216, "16G")]
)
def test_render_is_what_the_kernel_writes(kb, text):
    assert _sizes.render_kb(kb) == text
    assert _sizes.to_kb(text, "a size") == kb
