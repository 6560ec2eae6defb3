"""The module's real main() on trees: it tells, and neither fails nor writes."""

import os
import time

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _live_links
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._plan import make_plan
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._request import parse_request
from machines import builder

NIC = "0000:41:00.0"


def plan_of(root):
    return make_plan(read_host(root), parse_request({"nics": [NIC]}))


def run(tmp_path, run_module, options=None, **machine):
    """The result for the machine's own plan with one NIC."""
    machine.setdefault("nics", [{"name": "ens4", "virtio": True}])
    root = builder.build(str(tmp_path), **machine)
    return run_module("host_guard_info", dict(options or {}, root=root, plan=plan_of(root)))


def test_a_free_nic_on_a_new_host_needs_a_reboot_and_nothing_else(tmp_path, run_module):
    result = run(tmp_path, run_module)
    assert (result["failed"], result["changed"], result["refusals"], result["allowed"]) == (False, False, [], [])
    assert result["reboot_required"]
    assert result["reasons"][0].startswith("not on the running kernel line: intel_iommu=on iommu=pt ")
    assert set(result) >= {"refusals", "allowed", "reboot_required", "reasons"}
    assert not os.path.exists(str(tmp_path / "var"))


def test_a_host_whose_kernel_line_is_in_force_needs_no_reboot(tmp_path, run_module):
    first = builder.build(str(tmp_path / "first"), nics=[{"name": "ens4", "virtio": True}])
    line = "ro " + plan_of(first)["kernel_args"]
    result = run(tmp_path / "second", run_module, cmdline=line)
    assert (result["refusals"], result["reasons"], result["reboot_required"]) == ([], [], False)


def test_a_machine_whose_firmware_has_no_iommu_is_refused_before_it_is_rebooted_in_vain(tmp_path, run_module):
    tables = tmp_path / "sys/firmware/acpi/tables"
    root = builder.build(str(tmp_path), nics=[{"name": "ens4", "group": None}], iommu=False)
    tables.mkdir(parents=True)
    (tables / "APIC").write_text("")
    arguments = {"root": root, "plan": plan_of(root)}
    assert [row["id"].split(":")[0] for row in run_module("host_guard_info", arguments)["refusals"]] == ["no_iommu"]
    (tables / "DMAR").write_text("")
    assert run_module("host_guard_info", arguments)["refusals"] == [], "intel_iommu=on may bring it"


def test_a_nic_in_use_is_told_and_can_be_overridden(tmp_path, run_module):
    nics = [{"name": "ens4", "addresses4": ["192.0.2.10/24"]}]
    name = "nic_in_use:" + NIC
    result = run(tmp_path / "first", run_module, nics=nics)
    assert [row["id"] for row in result["refusals"]] == [name]
    assert result["failed"] is False
    result = run(tmp_path / "second", run_module, {"allow": [name]}, nics=nics)
    assert (result["refusals"], [row["id"] for row in result["allowed"]]) == ([], [name])


def test_foreign_tokens_are_told_and_can_be_taken_over(tmp_path, run_module):
    line = "ro isolcpus=1"
    result = run(tmp_path / "first", run_module, cmdline=line)
    assert [row["id"] for row in result["refusals"]] == ["kernel_token:isolcpus"]
    result = run(tmp_path / "second", run_module, {"takeover": ["isolcpus"]}, cmdline=line)
    assert result["refusals"] == []
    assert any("isolcpus=1 contradicts" in reason for reason in result["reasons"])


def test_what_somebody_else_has_set_is_told_whether_it_fits_or_not(tmp_path, run_module):
    plan = plan_of(builder.build(str(tmp_path / "first"), nics=[{"name": "ens4", "virtio": True}]))
    tokens = plan["kernel_args_tokens"]
    result = run(tmp_path / "second", run_module, {"plan": plan}, cmdline="ro isolcpus=1 " + tokens[0])
    assert [(row["where"], row["found"], row["fits"]) for row in result["owners"]] == [
        ("kernel line", "isolcpus=1", False),
        ("kernel line", tokens[0], True),
    ]


def test_running_guests_and_holders_are_found_in_proc(tmp_path, run_module):
    guest = tmp_path / "proc/977"
    guest.mkdir(parents=True)
    (guest / "cmdline").write_text("qemu-system-x86_64\0-name\0guest=web1\0-netdev\0vhost-user,chardev=c0\0")
    result = run(tmp_path, run_module)
    assert [row["id"] for row in result["refusals"]] == ["guests_running"]
    assert result["refusals"][0]["found"] == "guest web1 (PID 977)"
    assert "would interrupt the vhost-user ports of guest web1 (PID 977)" in str(result["warnings"])


def test_guests_are_a_warning_where_nobody_reboots(tmp_path, run_module):
    guest = tmp_path / "proc/977"
    guest.mkdir(parents=True)
    (guest / "cmdline").write_text("qemu-system-x86_64\0-name\0guest=web1\0")
    result = run(tmp_path, run_module, {"reboots": False})
    assert (result["refusals"], result["allowed"], result["reboot_required"]) == ([], [], True)
    text = "guests are running and a reboot is due: found guest web1 (PID 977), expected none. Move them away or shut "
    assert text + "them down first." in str(result["warnings"])


def test_a_number_of_pages_that_sysctl_sets_is_found_in_its_file(tmp_path, run_module):
    (tmp_path / "etc/sysctl.d").mkdir(parents=True)
    (tmp_path / "etc/sysctl.d/80-pages.conf").write_text("# mine\nvm.nr_hugepages=1024\nvm.nr_overcommit_hugepages=9\n")
    (tmp_path / "etc/sysctl.d/90-nfv-ovs-dpdk.conf").write_text("vm.nr_hugepages=1024\n")
    result = run(tmp_path, run_module)
    assert [(row["id"], row["where"], row["found"]) for row in result["refusals"]] == [
        ("hugepages_owner:etc_sysctl.d_80-pages.conf", "/etc/sysctl.d/80-pages.conf, line 2", "vm.nr_hugepages = 1024")
    ]


@pytest.mark.parametrize("pages, ids", [(0, ["hugepages:0"]), (1048576, [])])
def test_a_pool_that_is_full_before_the_switch_has_its_pages_is_told(tmp_path, run_module, pages, ids):
    first = builder.build(str(tmp_path / "first"), nics=[{"name": "ens4", "virtio": True}])
    plan = plan_of(first)
    switch = tmp_path / "second/proc/812"
    switch.mkdir(parents=True)
    (switch / "comm").write_text("ovs-vswitchd\n")
    (switch / "status").write_text("Name:\tovs-vswitchd\nHugetlbPages:\t{0:>8} kB\n".format(pages))
    pools = {(row["node"], row["size_kb"]): (row["count"], row["ovs"] - 1) for row in plan["hugepages"]}
    result = run(tmp_path / "second", run_module, cmdline="ro " + plan["kernel_args"], hugepages=pools)
    assert result["reasons"] == [] and [row["id"] for row in result["refusals"] if row["where"] == "NUMA node 0"] == ids


def test_a_program_that_holds_pmd_cpus_is_found_in_proc(tmp_path, run_module):
    for pid, name, cpus in ((1, "systemd", "0-11"), (70, "l2fwd", "2")):
        for directory in ("proc/{0}".format(pid), "proc/{0}/task/{0}".format(pid)):
            (tmp_path / directory).mkdir(parents=True)
            status = "Name:\t{0}\nPPid:\t0\nCpus_allowed_list:\t{1}\n".format(name, cpus)
            (tmp_path / directory / "status").write_text(status)
    result = run(tmp_path, run_module)
    assert [(row["id"], row["where"]) for row in result["refusals"]] == [("cpus_pinned:l2fwd", "CPUs 2")]


PRINTED = """\
case "$*" in
(*address*) echo '[{"ifname": "ens4", "addr_info": [{"local": "192.0.2.9", "prefixlen": 32}]}]' ;;
(*-6*) echo '[{"dst": "default", "nexthops": [{"gateway": "fe80::1", "dev": "ens4"}]}]' ;;
(*) echo '[]' ;;
esac
"""


def test_the_live_host_is_asked_for_what_proc_does_not_show(stage, monkeypatch):
    """By both modules that judge NICs, in their real way of running a command."""
    tool = os.path.join(stage.place, "bin/ip")
    with open(tool, "w") as handle:
        handle.write("#!/bin/sh\n" + PRINTED)
    os.chmod(tool, 0o755)
    plan = plan_of(stage.root)
    assert stage.run("host_guard_info", {"plan": plan})["refusals"] == [], "a captured tree"
    monkeypatch.setattr(_live_links, "LIVE", stage.root)
    (row,) = stage.run("host_guard_info", {"plan": plan})["refusals"]
    assert (row["id"], row["found"]) == ("nic_in_use:" + NIC, "192.0.2.9/32 on ens4; default via fe80::1 on ens4")
    assert stage.run("pci_driver", {"devices": plan["devices"]})["msg"] == row["text"]


# -- what kernel_cmdline would refuse --------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path, run_module, monkeypatch):
    pytest.importorskip("yaml")
    from stage import Stage

    return Stage(tmp_path, run_module, monkeypatch, nics=[{"name": "ens4", "virtio": True}])


def foreseen(stage, **options):
    """The refusals of the plan, after kernel_cmdline was seen to say the same."""
    plan = plan_of(stage.root)
    told = stage.run("host_guard_info", dict(options, plan=plan))["refusals"]
    refused = stage.run("kernel_cmdline", dict(options, tokens=plan["kernel_args_tokens"]), check=True)
    assert [row["text"] for row in told if row["id"] == "boot"] == [refused.get("msg")] * refused["failed"]
    return [(row["id"], row["where"], row["found"]) for row in told]


def settings(stage, words):
    path = os.path.join(stage.root, "etc/default/grub")
    with open(path, "w") as handle:
        handle.write('GRUB_CMDLINE_LINUX_DEFAULT="{0}"\n'.format(words))


def test_a_boot_menu_of_another_tool_is_told_before_anything_is_changed(stage):
    with open(os.path.join(stage.root, "boot/grub/grub.cfg"), "w") as menu:
        menu.write("menuentry 'mine' {}")
    assert foreseen(stage) == [("boot", "/boot/grub/grub.cfg", "another origin")]


def test_a_boot_loader_that_is_the_operators_is_not_looked_at(stage):
    found = "; ".join("no " + token for token in plan_of(stage.root)["kernel_args_tokens"])
    assert foreseen(stage, backend="operator") == [("boot", "/proc/cmdline", found)]
    with open(os.path.join(stage.root, "boot/grub/grub.cfg"), "w") as menu:
        menu.write("menuentry 'mine' {}")
    with open(os.path.join(stage.root, "proc/cmdline"), "a") as line:
        line.write(" " + " ".join(plan_of(stage.root)["kernel_args_tokens"]))
    assert foreseen(stage, backend="operator") == []


def test_a_foreign_token_that_has_not_booted_yet_is_told_and_can_be_taken_over(stage):
    assert foreseen(stage) == []
    settings(stage, "iommu=nopt")
    text = "iommu=nopt contradicts iommu=pt: only one can be in force"
    assert foreseen(stage) == [("boot", "/etc/default/grub", text)]
    assert foreseen(stage, takeover=["iommu"]) == []


def test_a_foreign_token_that_runs_and_is_configured_is_told_once(stage):
    settings(stage, "iommu=nopt isolcpus=1")
    with open(os.path.join(stage.root, "proc/cmdline"), "a") as line:
        line.write("iommu=nopt isolcpus=1\n")
    plan = plan_of(stage.root)
    told = stage.run("host_guard_info", {"plan": plan})["refusals"]
    assert [row["id"] for row in told] == ["kernel_token:iommu", "kernel_token:isolcpus"]


@pytest.mark.parametrize("seconds, refused", [("180", False), (" 900 ", False), ("179", True), ("15m", True)])
def test_a_trial_that_nobody_could_confirm_is_told_before_anything_is_changed(stage, seconds, refused):
    found = [("boot", "kernel_args_trial_seconds", repr(seconds))]
    assert foreseen(stage, trial_seconds=seconds) == found * refused


def tries(stage, **options):
    """The refusals where a trial is due, after kernel_cmdline was seen to say the same."""
    plan = plan_of(stage.root)
    told = [row["text"] for row in stage.run("host_guard_info", dict(options, plan=plan))["refusals"]]
    options = {"tokens": plan["kernel_args_tokens"], "entry": "trial", "retry": options.get("retry", False)}
    refused = stage.run("kernel_cmdline", options, check=True)
    assert told in ([], [refused.get("msg")])
    return told


def test_a_host_that_cannot_try_a_line_is_refused_where_it_must(stage):
    assert tries(stage, trial="always") == []
    os.unlink(os.path.join(stage.root, "usr/bin/grub-editenv"))
    assert (tries(stage), tries(stage, trial="auto")) == ([], [])
    assert "cannot be tried first: found grub-editenv is missing" in tries(stage, trial="always")[0]


def test_a_line_that_was_tried_and_not_kept_is_told_before_anything_is_changed(stage):
    tokens = plan_of(stage.root)["kernel_args_tokens"]
    assert stage.run("kernel_cmdline", {"tokens": tokens, "entry": "trial"})["trial"]["pending"]
    assert tries(stage, trial="auto") == [], "it waits for its boot"
    stage.run("kernel_cmdline", {"tokens": tokens, "state": "armed"})
    stage.grub.boot()
    assert tries(stage, trial="auto") == [], "it is on trial"
    stage.grub.boot()
    assert "has been tried and was not kept" in tries(stage, trial="auto")[0]
    assert tries(stage, trial="auto", retry=True) == []
    assert "has been tried and was not kept" in tries(stage, trial="never")[0], "it would be that of every boot"
    assert tries(stage, trial="never", retry=True) == []


def test_a_host_that_is_given_back_tries_nothing(stage):
    plan = {"cpus": {"pmd": ""}, "devices": [], "hugepages": [], "kernel_args_tokens": []}
    assert stage.run("host_guard_info", {"plan": plan, "trial_seconds": "15m"})["refusals"] == []


def test_the_settings_of_a_captured_tree_are_not_run(stage, tmp_path, run_module):
    settings(stage, "$(nfv-canary)")
    run_module("host_guard_info", {"root": stage.root, "plan": plan_of(stage.root)})
    assert not os.path.exists(stage.canary)


def test_a_host_that_another_play_holds_is_refused_but_not_in_a_dry_run(tmp_path, run_module):
    boot = tmp_path / "proc/sys/kernel/random"
    boot.mkdir(parents=True)
    (boot / "boot_id").write_text("this\n")
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    lease = {"job": "17", "host": "awx", "boot_id": "this", "since": "2026-01-01T00:00:00Z", "until": until}
    root = builder.build(str(tmp_path), nics=[{"name": "ens4"}], state={"lease": lease, "devices": {}})
    arguments = {"root": root, "plan": plan_of(root)}
    assert "another play is at work on this host: found job 17@awx" in run_module("host_guard_info", arguments)["msg"]
    assert run_module("host_guard_info", arguments, check=True)["records"] == ["devices", "lease"]


def test_check_mode_tells_the_same(tmp_path, run_module):
    root = builder.build(str(tmp_path), nics=[{"name": "ens4", "numvfs": 2}])
    arguments = {"root": root, "plan": plan_of(root)}
    assert run_module("host_guard_info", arguments, check=True) == run_module("host_guard_info", arguments)
