"""May the switch be restarted, and whose keys would go: each verdict as a case."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._restart_consent import NO_DPDK, UPGRADE, foreign, judge

GUEST = {"text": "vm1 on br0 (dpdkvhostuserclient, a guest is connected)"}
CALM = {
    "running": True,
    "dpdk_initialized": True,
    "dpdk_version": "DPDK 22.11.11",
    "restart_reasons": [],
    "restart_interrupts": [],
    "conflicts": [],
    "actions": [],
}
BUSY = dict(CALM, restart_interrupts=[GUEST])
DUE = dict(CALM, restart_reasons=["dpdk-extra is set"])
BUSY_AND_DUE = dict(DUE, restart_interrupts=[GUEST])
STOPPED = dict(CALM, running=False, dpdk_initialized=False, dpdk_version=None)
KERNEL_ONLY = dict(BUSY, dpdk_initialized=False, dpdk_version=None)
SWITCH = ["openvswitch-common", "openvswitch-switch"]


@pytest.mark.parametrize(
    "config, said, more, verdict",
    [
        (BUSY, "unset", {}, "go"),
        (BUSY, "no", {}, "go"),
        (DUE, "unset", {}, "go"),
        (DUE, "no", {}, "later"),
        (BUSY_AND_DUE, "unset", {}, "ask"),
        (BUSY_AND_DUE, "yes", {}, "go"),
        (BUSY_AND_DUE, "no", {}, "later"),
        # A reboot is an answer where there is none, and does not overrule one.
        (BUSY_AND_DUE, "unset", {"rebooted": True}, "go"),
        (BUSY_AND_DUE, "no", {"rebooted": True}, "later"),
        # To start it needs no consent.
        (STOPPED, "no", {"selected": True}, "go"),
        (KERNEL_ONLY, "unset", {}, "go"),
        (KERNEL_ONLY, "unset", {"selected": True}, "ask"),
        (BUSY, "unset", {"selected": True}, "go"),
        (BUSY, "unset", {"upgraded": SWITCH}, "ask"),
        (BUSY, "no", {"upgraded": SWITCH}, "later"),
        (BUSY, "unset", {"upgraded": ["openvswitch-common"]}, "go"),
    ],
)
def test_verdict(config, said, more, verdict):
    assert judge(config, said, **more)["verdict"] == verdict


@pytest.mark.parametrize(
    "config, more, reasons",
    [
        (BUSY, {}, []),
        (BUSY_AND_DUE, {"selected": True}, ["dpdk-extra is set"]),
        (KERNEL_ONLY, {"selected": True}, [NO_DPDK]),
        (dict(KERNEL_ONLY, restart_reasons=["x"]), {"selected": True, "upgraded": SWITCH}, ["x", UPGRADE]),
        (KERNEL_ONLY, {"selected": True, "upgraded": SWITCH}, [NO_DPDK, UPGRADE]),
    ],
)
def test_reasons_are_named_once(config, more, reasons):
    answer = judge(config, "unset", **more)
    assert (answer["reasons"], answer["traffic"], answer["upgrade"]) == (reasons, [GUEST["text"]], UPGRADE in reasons)
    assert judge(config, "unset", **more) == answer, "what was given is left as it was"


@pytest.mark.parametrize(
    "config, upgraded, settled",
    [
        (CALM, [], True),
        (BUSY, [], True),
        (DUE, [], False),
        (STOPPED, [], False),
        (KERNEL_ONLY, [], False),
        (dict(CALM, actions=[{"action": "set"}]), [], False),
        (CALM, SWITCH, False),  # another process will run by then
    ],
)
def test_settled(config, upgraded, settled):
    assert judge(config, "yes", upgraded=upgraded)["settled"] is settled


CONFLICTS = [{"entry": entry, "text": entry + " differs"} for entry in ("other_config:max-idle", "external_ids:site")]


@pytest.mark.parametrize(
    "takeover, refused",
    [
        ([], ["other_config:max-idle", "external_ids:site"]),
        (["max-idle"], ["external_ids:site"]),
        (["other_config:max-idle"], ["external_ids:site"]),
        (["external_ids:site"], ["other_config:max-idle"]),
        (["max-idle", "external_ids:site"], []),
        (["site"], ["other_config:max-idle", "external_ids:site"]),
    ],
)
def test_every_key_of_somebody_else_can_be_taken_over(takeover, refused):
    assert foreign(CONFLICTS, takeover) == [entry + " differs" for entry in refused]
