"""What may be handed to apt and dpkg as the name of a package."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._packages import check_patterns


def test_names_and_patterns_pass():
    check_patterns(["openvswitch-switch-dpdk", "librte-*", "librte-net-virtio[0-9]*", "libc6:amd64", "*", "g++"])


@pytest.mark.parametrize("text", ["", "-y", "--force", "a b", "a\n", "A", "../x", "$(id)", "a;b", "/etc/passwd"])
def test_anything_else_is_refused(text):
    with pytest.raises(Refused) as refused:
        check_patterns(["tuned", text])
    assert refused.value.parts["found"] == repr(text)
