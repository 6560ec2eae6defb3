"""Each case is the life of a host: processes and changes in turn, and the verdict at the end."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._restart import Running, interrupts

DPDK = "DPDK 24.11.4"
FAILED = "DPDK is not initialized, and a process tries only once"


class Host:
    """A model of ovs-vswitchd and its database: DPDK starts when it is switched on, unless the arguments are bad."""

    def __init__(self, dpdk=DPDK, installed=DPDK):
        self.dpdk, self.installed = dpdk, installed
        self.config, self.memory, self.starts = {}, None, 0
        self.start()

    def start(self):
        self.starts += 1
        self.tried = self.initialized = False
        self._apply()

    def stop(self):
        self.starts = -abs(self.starts)

    def _apply(self):
        if self.starts > 0 and self.dpdk and not self.tried and self.config.get("dpdk-init") in ("try", "true"):
            self.tried, self.initialized = True, "bad" not in self.config.get("dpdk-extra", "")

    def running(self):
        process = {"id": "process {0}".format(self.starts)} if self.starts > 0 else None
        columns = {"dpdk_initialized": self.initialized, "dpdk_version": self.dpdk or "none"}
        return Running(process, columns, self.installed)

    def change(self, dry=False, **keys):
        """One run of the module: None as value removes a key; returns the reasons."""
        after = dict(self.config, **{key.replace("_", "-"): value for key, value in keys.items()})
        after = {key: value for key, value in after.items() if value is not None}
        running = self.running()
        in_force = running.in_force(self.memory, self.config, after)
        tried = running.tried(self.config, self.memory)
        hope = dry and not tried
        if not dry:
            self.memory = running.memory(in_force, tried)
            self.config = after
            self._apply()
        return self.running().restart_reasons(in_force, after, hope)


def test_live_keys_never_restart():
    host = Host()
    host.change(dpdk_init="try", dpdk_socket_mem="1024")
    for mask in ("0x2", "0x22", None):
        assert host.change(pmd_cpu_mask=mask, pmd_sleep_max="100") == []


def test_keys_of_dpdk_are_free_until_it_has_started():
    host = Host()
    assert host.change(dpdk_socket_mem="1024") == []
    assert host.change(dpdk_socket_mem="2048", dpdk_init="try") == []
    assert host.initialized
    words = ["dpdk-socket-mem is '4096', the running process uses '2048'"]
    assert host.change(dpdk_socket_mem="4096", dry=True) == words
    assert host.change(dpdk_socket_mem="4096") == words
    assert host.change() == words
    assert host.change(dpdk_socket_mem="8192") == [words[0].replace("4096", "8192")]
    assert host.change(dpdk_socket_mem="2048") == []
    assert host.change(dpdk_socket_mem=None) == ["dpdk-socket-mem is unset, the running process uses '2048'"]
    host.start()
    assert host.change() == []


def test_whoever_restarts_it():
    host = Host()
    host.change(dpdk_init="try")
    assert host.change(dpdk_extra="-n 4") != []
    host.start()
    assert host.change(pmd_cpu_mask="0x2") == []
    assert host.change(dpdk_extra="-n 2") == ["dpdk-extra is '-n 2', the running process uses '-n 4'"]


def test_the_same_mask_in_other_words():
    host = Host()
    host.change(dpdk_init="try", dpdk_lcore_mask="0x3")
    assert host.change(dpdk_lcore_mask="3") == []


def test_a_failed_start_is_not_tried_again():
    host = Host()
    assert host.change(dpdk_init="try", dpdk_extra="bad", dry=True) == []
    assert host.change(dpdk_init="try", dpdk_extra="bad") == [FAILED]
    assert host.change() == [FAILED]
    assert host.change(dry=True) == [FAILED]
    assert host.change(dpdk_extra="good") == [FAILED]
    assert host.change(dpdk_init=None) == []
    # The database says nothing of it any more, but the process has tried.
    assert host.change(dpdk_init="try", dry=True) == [FAILED]
    assert host.change(dpdk_init="try") == [FAILED]
    host.start()
    assert host.change() == []


@pytest.mark.parametrize("off", [None, "false"])
def test_switching_dpdk_off(off):
    host = Host()
    host.change(dpdk_init="try")
    reasons = host.change(dpdk_init=off)
    assert reasons == ["dpdk-init is {0}, the running process uses DPDK".format("unset" if off is None else "'false'")]
    assert host.change(dpdk_init="true") == []


def test_a_running_build_without_dpdk():
    host = Host(dpdk=None, installed=DPDK)
    words = ["the running process has no DPDK, the installed program has DPDK 24.11.4"]
    assert host.change(dpdk_init="try", dry=True) == words
    assert host.change(dpdk_init="try") == words
    host.dpdk = DPDK
    host.start()
    assert host.change() == []
    assert Host(dpdk=None, installed=None).change(dpdk_init="try") == []


def test_on_at_once_but_off_only_at_a_start():
    host = Host()
    assert host.change(hw_offload="true") == []
    assert host.change(hw_offload="false") == ["hw-offload is 'false', the running process uses 'true'"]
    assert host.change(hw_offload="true") == []


def test_what_is_frozen_once_offload_is_on():
    host = Host()
    assert host.change(tc_policy="skip_hw") == []
    assert host.change(n_offload_threads="4", tc_policy="skip_sw", hw_offload="true") == []
    assert host.change(offload_rebalance="true") == ["offload-rebalance is 'true', the running process uses unset"]
    reasons = host.change(offload_rebalance=None, n_offload_threads="2")
    assert reasons == ["n-offload-threads is '2', the running process uses '4'"]
    off = "hw-offload is 'false', the running process uses 'true'"
    assert host.change(n_offload_threads="4", hw_offload="false") == [off]
    # Switched off, it is still on in this process.
    assert host.change(tc_policy="none") == [off, "tc-policy is 'none', the running process uses 'skip_sw'"]
    host.start()
    assert host.change(tc_policy="skip_hw") == []


def test_what_is_read_at_the_start():
    host = Host()
    assert host.change(userspace_tso_enable="false") == []
    reasons = host.change(userspace_tso_enable="true")
    assert reasons == ["userspace-tso-enable is 'true', the running process uses unset"]


def test_without_a_process_the_word_of_the_last_one_is_kept():
    """It is what is known to have worked, should the next one not start; for that one it does not count."""
    host = Host()
    host.change(dpdk_init="try")
    host.change(dpdk_extra="-n 4")
    host.stop()
    for extra in ("-n 2", "-n 1"):
        assert host.change(dpdk_extra=extra) == []
        assert host.memory == {"id": None, "in_force": {"dpdk-extra": None}}
    host.starts = abs(host.starts)
    host.start()
    assert host.change() == []
    assert host.memory is None


def tables(*interfaces):
    """One bridge with a port for each (name, type, link)."""
    rows = [
        {"_uuid": name, "name": name, "type": kind, "link_state": link, "external_ids": {}}
        for name, kind, link in interfaces
    ]
    ports = [dict(row, _uuid=row["name"] + "-port", interfaces=row["name"]) for row in rows]
    uuids = [port["_uuid"] for port in ports]
    # OVSDB writes a set of one as the bare value.
    bridge = {"name": "br0", "ports": uuids[0] if len(uuids) == 1 else uuids}
    return {"Bridge": [bridge], "Port": ports, "Interface": rows}


@pytest.mark.parametrize(
    "kind, link, why",
    [
        ("dpdk", "up", "dpdk, link up"),
        ("dpdk", "down", None),
        ("dpdk", [], None),
        ("", "up", "system, link up"),
        ("vxlan", "up", "vxlan, link up"),
        ("dpdkvhostuserclient", "up", "dpdkvhostuserclient, a guest is connected"),
        ("dpdkvhostuser", "up", "dpdkvhostuser, a guest is connected"),
        ("dpdkvhostuserclient", "down", None),
        ("internal", "up", None),
        ("patch", "up", None),
    ],
)
def test_who_is_interrupted(kind, link, why):
    rows = interrupts(tables(("p0", kind, link)))
    assert [row["text"] for row in rows] == (["p0 on br0 ({0})".format(why)] if why else [])


def test_interrupts_are_sorted():
    rows = interrupts(tables(("b", "dpdk", "up"), ("a", "dpdk", "up"), ("c", "dpdk", "down")))
    assert [row["interface"] for row in rows] == ["a", "b"]
    assert interrupts({"Bridge": [], "Port": [], "Interface": []}) == []
