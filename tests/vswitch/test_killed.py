"""Modules killed at each of their steps, on real switches: the next run ends as if undisturbed, and all goes back."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _state
from rxq_load import Loaded

RESTORED = {"state": "restored"}


def pmd(name, **more):
    return dict({"name": name, "type": "dummy-pmd"}, **more)


def pin(queue, core):
    return {"port": "p0", "queue_id": queue, "core_id": core}


# {what is done: (module, its arguments, those that take it back)}
CALLS = {
    "keys": (
        "vswitch_config",
        {"other_config": {"max-idle": 8000, "smc-enable": True}, "external_ids": {"site": "lab"}},
        {"state": "absent"},
    ),
    "a bridge of ours": (
        "vswitch_bridge",
        {
            "bridge": "ours",
            "fail_mode": "secure",
            "ports": [
                {"name": "new", "tag": 5, "interfaces": [pmd("new")]},
                {"name": "bond", "bond_mode": "balance-slb", "interfaces": [pmd("m0"), pmd("m1")]},
            ],
        },
        {"bridge": "ours", "state": "absent"},
    ),
    "a bridge of somebody else": (
        "vswitch_bridge",
        {
            "bridge": "br0",
            "fail_mode": "secure",
            "other_config": {"mac-aging-time": 60},
            "ports": [
                {"name": "new", "interfaces": [pmd("new")]},
                {"name": "p0", "tag": 3, "interfaces": [pmd("p0", options={"n_rxq": 3})]},
            ],
        },
        {"state": "restored"},
    ),
    "pins": (
        "pmd_rxq_pin",
        {"pins": [pin(0, 2), pin(1, 1)], "other_config": {"pmd-auto-lb": True}},
        {"state": "absent"},
    ),
}


@pytest.fixture
def operated(switch):
    """A switch on which somebody has set something already, wherever the calls set something else."""
    made = Loaded(switch("0,0,0,0"), {"p0": (0, 2)}, [1, 2]).switch
    made.vsctl("set", "Open_vSwitch", ".", "other_config:max-idle=10000", "external_ids:site=home")
    made.vsctl("set", "Bridge", "br0", "fail_mode=standalone", "--", "set", "Port", "p0", "tag=9")
    return made


@pytest.mark.parametrize("name", sorted(CALLS))
def test_the_next_run_ends_as_if_undisturbed(operated, on, survives, name):
    module, forth, back = CALLS[name]
    survives(
        lambda: on(operated, module, forth),
        lambda: on(operated, module, back),
        lambda: (operated.configuration(), _state.State().load()),
    )
