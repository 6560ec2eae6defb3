"""May the switch be restarted, and whose keys would go: each verdict as a case."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._restart_consent import (
    NO_DPDK,
    UNFINISHED,
    UPGRADE,
    foreign,
    judge,
)

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
    "config, said, more, verdict, stops",
    [
        (BUSY, "unset", {}, "go", False),
        (BUSY, "no", {}, "go", False),
        (DUE, "unset", {}, "go", False),
        (DUE, "no", {}, "later", False),
        (BUSY_AND_DUE, "unset", {}, "ask", True),
        (BUSY_AND_DUE, "yes", {}, "go", False),
        (BUSY_AND_DUE, "no", {}, "later", False),
        # A reboot is an answer where there is none, and does not overrule one.
        (BUSY_AND_DUE, "unset", {"rebooted": True}, "go", False),
        (BUSY_AND_DUE, "no", {"rebooted": True}, "later", False),
        # To start it needs no consent.
        (STOPPED, "no", {"selected": True}, "go", False),
        (KERNEL_ONLY, "unset", {}, "go", False),
        (KERNEL_ONLY, "unset", {"selected": True}, "ask", True),
        (BUSY, "unset", {"selected": True}, "go", False),
        (BUSY, "unset", {"upgraded": SWITCH}, "ask", True),
        # Packages come with their own restart: there is no doing without it.
        (BUSY, "no", {"upgraded": SWITCH}, "later", True),
        (BUSY, "yes", {"upgraded": SWITCH}, "go", False),
        (BUSY, "unset", {"upgraded": ["openvswitch-common"]}, "go", False),
        # They come before the reboot, and before the host has been drained for it.
        (BUSY, "unset", {"upgraded": SWITCH, "rebooted": True}, "ask", True),
        (BUSY, "unset", {"unfinished": SWITCH, "rebooted": True}, "ask", True),
        (BUSY, "unset", {"upgraded": SWITCH, "rebooted": True, "drained": True}, "go", False),
        (BUSY, "yes", {"upgraded": SWITCH, "rebooted": True}, "go", False),
        (BUSY, "unset", {"unfinished": SWITCH}, "ask", True),
        (BUSY, "no", {"unfinished": SWITCH}, "later", True),
        (BUSY, "yes", {"unfinished": SWITCH}, "go", False),
        (CALM, "unset", {"unfinished": SWITCH}, "go", False),
        (STOPPED, "no", {"unfinished": SWITCH}, "go", False),
        (BUSY, "unset", {"unfinished": ["openvswitch-switch-dpdk"]}, "go", False),
    ],
)
def test_verdict(config, said, more, verdict, stops):
    answer = judge(config, said, **more)
    assert (answer["verdict"], answer["stops"]) == (verdict, stops)


@pytest.mark.parametrize(
    "config, more, reasons",
    [
        (BUSY, {}, []),
        (BUSY_AND_DUE, {"selected": True}, ["dpdk-extra is set"]),
        (KERNEL_ONLY, {"selected": True}, [NO_DPDK]),
        (dict(KERNEL_ONLY, restart_reasons=["x"]), {"selected": True, "upgraded": SWITCH}, ["x", UPGRADE]),
        (KERNEL_ONLY, {"selected": True, "upgraded": SWITCH}, [NO_DPDK, UPGRADE]),
        (BUSY, {"unfinished": SWITCH}, [UNFINISHED]),
    ],
)
def test_reasons_are_named_once(config, more, reasons):
    answer = judge(config, "unset", **more)
    assert (answer["reasons"], answer["traffic"]) == (reasons, [GUEST["text"]])
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
