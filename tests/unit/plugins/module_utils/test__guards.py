"""What is refused of a whole plan, how refusals are overridden and said, and why a host has to be rebooted."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._guards import judge_devices, judge_host, refuse
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host_guards import GUARDS
from machines import builder

NIC, OTHER = "0000:41:00.0", "0000:43:00.0"
LINE = "ro intel_iommu=on iommu=pt"
BIG_LINE = LINE + " default_hugepagesz=1G"
TUNED_LINE = LINE + " nohz_full=1 rcu_nocbs=1 tuned.non_isolcpus=00000001"
TOKENS = ("intel_iommu=on", "iommu=pt")
BIG_TOKENS = TOKENS + ("default_hugepagesz=1G",)
OWN = "/etc/sysctl.d/90-nfv-ovs-dpdk.conf"
STRANGE_MENU = {
    "what": "the boot menu is strange",
    "where": "/boot/grub/grub.cfg",
    "found": "another origin",
    "expected": "that of grub-mkconfig",
    "cure": "Ask its owner.",
}
GUEST = {"pid": 977, "name": "qemu-system-x86", "guest": "web1", "vhost_user": False, "files": []}


def nic(**changes):
    return dict({"name": "ens4"}, **changes)


def pool(**changes):
    return dict({"node": 0, "size": "1G", "size_kb": 1048576, "count": 2, "persist": "cmdline"}, **changes)


def host_of(tmp_path, **machine):
    machine.setdefault("nics", [nic()])
    machine.setdefault("cmdline", LINE)
    machine.update(cores=1, threads=1)
    return read_host(builder.build(str(tmp_path), **machine))


def plan_of(driver="vfio-pci", tokens=TOKENS, pools=(), devices=None, pmd="1", isolation=("none", ""), reserved_mb=0):
    return {
        "nova": {"reserved_host_memory_mb": reserved_mb},
        "devices": [{"address": NIC, "driver": driver}] if devices is None else devices,
        "kernel_args_tokens": list(tokens),
        "hugepages": list(pools),
        "cpus": {"pmd": pmd},
        "isolation": dict(zip(("mechanism", "nohz_full"), isolation)),
    }


def task(pid, name, *cpus):
    return {"pid": pid, "name": name, "cpus": list(cpus)}


def setting(**changes):
    return dict(
        {"file": "/etc/sysctl.d/80-pages.conf", "line": 1, "name": "vm.nr_hugepages", "value": "1024"}, **changes
    )


def override(name):
    return " To do it all the same, add '{0}' to host_guard_allow.".format(name)


# machine, plan, what else the judge gets, id, message (the words on overriding are added where it is possible)
REFUSALS = {
    "isolcpus of somebody else": (
        {"cmdline": LINE + " isolcpus=4"},
        {"tokens": [*TOKENS, "isolcpus=2-3"]},
        {"takeover": ["nohz_full"]},
        "kernel_token:isolcpus",
        "somebody else has set isolcpus on the kernel line (/proc/cmdline): found isolcpus=4, expected "
        "isolcpus=2-3. Add 'isolcpus' to kernel_args_takeover to replace it, or remove it.",
    ),
    "hugepages of somebody else": (
        {"cmdline": LINE + " hugepagesz=1G hugepages=3"},
        {"tokens": [*TOKENS, "hugepagesz=1G", "hugepages=0:2"]},
        {},
        "kernel_token:hugepages",
        "somebody else has set hugepages on the kernel line (/proc/cmdline): found hugepagesz=1G hugepages=3, "
        "expected hugepagesz=1G hugepages=0:2. Add 'hugepages' to kernel_args_takeover to replace it, or remove "
        "it.",
    ),
    "guests while a reboot is due": (
        {"cmdline": "ro"},
        {},
        {"processes": [GUEST, dict(GUEST, pid=978, guest="db")]},
        "guests_running",
        "guests are running and a reboot is due: found guest web1 (PID 977), guest db (PID 978), expected none. "
        "Move them away or shut them down first.",
    ),
    "pool of somebody else": (
        {"hugepages": {(0, 2048): (1024, 1024)}},
        {"pools": [pool(count=5)]},
        {},
        "hugepages:0",
        "the planned hugepages do not fit beside a pool of somebody else (NUMA node 0): found 1024 pages of "
        "2048 kB and a plan of 5242880 kB, expected 6291456 kB in all and 0 kB for the host. Lower "
        "host_plan_vm_memory or give the other pool up.",
    ),
}
REFUSALS["boot menu of somebody else"] = (
    {"cmdline": "ro"},
    {},
    {"boot_problems": [STRANGE_MENU]},
    "boot",
    "the boot menu is strange (/boot/grub/grub.cfg): found another origin, expected that of grub-mkconfig. Ask its "
    "owner.",
)
REFUSALS["token of somebody else in the settings of a host that runs as planned"] = (
    {},
    {},
    {"boot_problems": [dict(STRANGE_MENU, what="iommu= is in the way", where="/etc/default/grub", cure="Remove it.")]},
    "boot",
    "iommu= is in the way (/etc/default/grub): found another origin, expected that of grub-mkconfig. Remove it.",
)
REFUSALS["number of pages that somebody else sets at every boot"] = (
    {},
    {"tokens": BIG_TOKENS, "pools": [pool(), pool(node=1)]},
    {"settings": [setting(line=3), setting(line=4), setting(line=9, value="4"), setting(file=OWN, line=1)]},
    "hugepages_owner:etc_sysctl.d_80-pages.conf",
    "somebody else sets the number of hugepages at every boot (/etc/sysctl.d/80-pages.conf, line 3, 4): found "
    "vm.nr_hugepages = 1024; vm.nr_hugepages = 1024, expected no such line: with default_hugepagesz=1G it counts pages "
    "of 1G, and the plan has 4 of them. Remove it.",
)
REFUSALS["pool whose pages somebody else has"] = (
    {"hugepages": {(0, 1048576): (4, 1)}},
    {"pools": [pool(count=4, ovs=2)]},
    {"switch_has_pages": False},
    "hugepages:0",
    "Open vSwitch would not get its hugepages (NUMA node 0): found 1 of 4 pages of 1G free, expected 2 free ones. Stop "
    "the program that has them (grep HugetlbPages /proc/[0-9]*/status), or reboot.",
)
REFUSALS["program whose name has a blank and more"] = (
    {},
    {},
    {"tasks": [task(1, "systemd", 0, 1), task(70, "tmux: server, 1", 1)]},
    "cpus_pinned:tmux:_server__1",
    "CPUs that are planned for PMD threads belong to another program (CPUs 1): found tmux: server, 1 pinned to them "
    "(PID 70), expected PMD threads alone. Move that program, or plan other CPUs (host_plan_pmd_cpus).",
)
REFUSALS["pool of somebody else that leaves the host too little"] = (
    {"hugepages": {(0, 2048): (1024, 1024)}},
    {"pools": [pool(count=3), pool(node=1, count=5)], "reserved_mb": 4096},
    {},
    "hugepages:0",
    "the planned hugepages do not fit beside a pool of somebody else (NUMA node 0): found 1024 pages of 2048 kB and a "
    "plan of 3145728 kB, expected 3145728 kB in all and 3145728 kB for the host. Lower host_plan_vm_memory or give the "
    "other pool up.",
)
REFUSALS["program pinned to PMD CPUs"] = (
    {},
    {},
    {"tasks": [task(1, "systemd", 0, 1), task(70, "l2fwd", 1), task(70, "l2fwd", 0), task(71, "l2fwd", 1)]},
    "cpus_pinned:l2fwd",
    "CPUs that are planned for PMD threads belong to another program (CPUs 1): found l2fwd pinned to them (PID 70, "
    "71), expected PMD threads alone. Move that program, or plan other CPUs (host_plan_pmd_cpus).",
)
REFUSALS["isolcpus of somebody else beside TuneD"] = (
    {"cmdline": LINE + " isolcpus=1"},
    {"isolation": ("tuned", "1")},
    {"profile": "cpu-partitioning"},
    "isolation_owner:isolcpus",
    "somebody else isolates CPUs too (/proc/cmdline): found isolcpus=1, expected host_plan_isolation=tuned alone. Add "
    "'isolcpus' to kernel_args_takeover to take it off the line, or remove it.",
)
REFUSALS["profile of somebody else beside the kernel line"] = (
    {},
    {"isolation": ("kernel", "1")},
    {"profile": "my-sysctls realtime-virtual-host"},
    "isolation_owner:tuned",
    "somebody else isolates CPUs too (TuneD): found profile my-sysctls realtime-virtual-host, expected "
    "host_plan_isolation=kernel alone. Activate another profile (tuned-adm profile), or plan with "
    "host_plan_isolation=tuned.",
)
OVERRIDABLE = {prefix for prefix, possible, _guard in GUARDS if possible}


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_a_refusal_says_exactly_this(tmp_path, row):
    machine, plan, judge, name, message = row
    verdict = judge_host(host_of(tmp_path, **machine), plan_of(**plan), **judge)
    message += override(name) if name.split(":")[0] in OVERRIDABLE else ""
    assert [(refusal["id"], refusal["text"]) for refusal in verdict["refusals"]] == [(name, message)]
    assert set(verdict["refusals"][0]) == {"id", "what", "where", "found", "expected", "cure", "text"}
    assert all(verdict["refusals"][0][part] for part in ("what", "found", "expected", "cure"))
    assert verdict["refusals"][0]["where"] or name == "guests_running", "only the host as a whole has no place"


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_a_refusal_is_overridden_by_its_id_where_that_is_possible(tmp_path, row):
    machine, plan, judge, name, _text = row
    verdict = judge_host(host_of(tmp_path, **machine), plan_of(**plan), allow=[name, "of:nothing"], **judge)
    refused, allowed = ([refusal["id"] for refusal in verdict[key]] for key in ("refusals", "allowed"))
    assert (refused, allowed) == (([], [name]) if name.split(":")[0] in OVERRIDABLE else ([name], []))


@pytest.mark.parametrize("row", REFUSALS.values(), ids=list(REFUSALS))
def test_an_id_can_be_given_as_text(row):
    """A survey has no lists: what is between the words of its text must be in none of them."""
    pytest.importorskip("ansible.errors")
    from ansible_collections.nfv.ovs_dpdk.plugins.filter.inputs import words

    name = row[3]
    for text in (name, "nic_in_use:{0} {1}\n".format(NIC, name), "{0}; {0},{0}".format(name)):
        assert set(words(text)) - {"nic_in_use:" + NIC} == {name}


def test_every_guard_has_a_row():
    assert {row[3].split(":")[0] for row in REFUSALS.values()} == {guard[0] for guard in GUARDS}


HARMLESS = {
    "guests, and no reboot": ({}, {}, {"processes": [GUEST]}),
    "own earlier tokens": (
        {"cmdline": LINE + " isolcpus=4", "state": {"kernel_cmdline": {"tokens": ["isolcpus=4"]}}},
        {"tokens": [*TOKENS, "isolcpus=2-3"]},
        {},
    ),
    "own retired tokens": (
        {"cmdline": LINE + " isolcpus=4", "state": {"kernel_cmdline": {"retired": [["isolcpus=4"]]}}},
        {"tokens": [*TOKENS, "isolcpus=2-3"]},
        {},
    ),
    "tokens to be taken over": (
        {"cmdline": LINE + " isolcpus=4"},
        {"tokens": [*TOKENS, "isolcpus=2-3"]},
        {"takeover": ["isolcpus"]},
    ),
    "an IOMMU that comes with what is taken over": (
        {"cmdline": LINE + " iommu=off", "iommu": False},
        {"tokens": [*TOKENS, "iommu=pt"]},
        {"takeover": ["iommu"]},
    ),
    "pages to be taken over by another of their names": (
        {"cmdline": LINE + " hugepagesz=1G hugepages=3"},
        {"tokens": [*TOKENS, "hugepagesz=1G", "hugepages=2"]},
        {"takeover": ["hugepagesz"]},
    ),
    "pools that fit beside each other": (
        {"hugepages": {(0, 2048): (512, 0)}},
        {"pools": [pool(count=3), pool(node=1, count=4)], "reserved_mb": 4096},
        {},
    ),
    "pools that leave the host its memory on the other node": (
        {"hugepages": {(0, 2048): (512, 0)}},
        {"pools": [pool(count=5)], "reserved_mb": 4096},
        {},
    ),
    "pools beside each other in a plan that says nothing of the host": (
        {"hugepages": {(0, 2048): (512, 0)}},
        {"pools": [pool(count=5)]},
        {},
    ),
    "number of pages in a plan without any": ({}, {}, {"settings": [setting()]}),
    "number of pages that is that of the plan": (
        {"cmdline": BIG_LINE},
        {"tokens": BIG_TOKENS, "pools": [pool(count=2)]},
        {"settings": [setting(value="2")]},
    ),
    "number of pages that we set": (
        {"cmdline": BIG_LINE},
        {"tokens": BIG_TOKENS, "pools": [pool(count=2)]},
        {"settings": [setting(file=OWN)]},
    ),
    "pool that Open vSwitch has": ({"hugepages": {(0, 1048576): (4, 0)}}, {"pools": [pool(count=4, ovs=4)]}, {}),
    "pool with pages for Open vSwitch": (
        {"hugepages": {(0, 1048576): (4, 2)}},
        {"pools": [pool(count=4, ovs=2)]},
        {"switch_has_pages": False},
    ),
    "pool whose pages a switch of ours that died has left": (
        {"hugepages": {(0, 1048576): (4, 0)}, "state": {"vswitch": {"values": {}}}},
        {"pools": [pool(count=4, ovs=2)]},
        {"switch_has_pages": False},
    ),
    "pool that goes with its token": (
        {"cmdline": LINE + " hugepagesz=2M hugepages=2000", "hugepages": {(0, 2048): (2000, 0), (1, 2048): (2000, 0)}},
        {"tokens": (*BIG_TOKENS, "hugepages=0:3,1:3"), "pools": [pool(count=3), pool(node=1, count=3)]},
        {"takeover": ["hugepages"]},
    ),
    "pool that grows": (
        {"hugepages": {(0, 1048576): (2, 0)}},
        {"pools": [pool(count=4, ovs=2, persist="unit")]},
        {"switch_has_pages": False},
    ),
    "full pool before a reboot": (
        {"cmdline": "ro", "hugepages": {(0, 1048576): (4, 0)}},
        {"pools": [pool(count=4, ovs=2)]},
        {"switch_has_pages": False},
    ),
    "page size that the next boot brings": (
        {"cmdline": "ro", "page_sizes_kb": (2048,)},
        {"pools": [pool(ovs=2)]},
        {"switch_has_pages": False},
    ),
    "own pool": (
        {"hugepages": {(0, 2048): (1024, 0)}, "state": {"hugepages": {"0:2048": {"before": 0}}}},
        {"pools": [pool(count=5)]},
        {},
    ),
    "pool of a node without a plan": ({"hugepages": {(1, 2048): (3072, 0)}}, {"pools": [pool(count=5)]}, {}),
    "a strange boot menu that need not be changed": (
        {},
        {},
        {"boot_problems": [STRANGE_MENU]},
    ),
    "isolcpus beside TuneD that is to be taken over": (
        {"cmdline": LINE + " isolcpus=1"},
        {"isolation": ("tuned", "1")},
        {"takeover": ["isolcpus"]},
    ),
    "the profile that the plan wants": ({}, {"isolation": ("tuned", "1")}, {"profile": "cpu-partitioning"}),
    "a profile that isolates beside a plan without CPUs": (
        {},
        {"isolation": ("kernel", "")},
        {"profile": "cpu-partitioning"},
    ),
    "a profile that isolates beside a plan that does not": ({}, {}, {"profile": "cpu-partitioning"}),
    "a profile that isolates nothing": ({}, {"isolation": ("kernel", "1")}, {"profile": "virtual-host"}),
    "our own profile, on the way to the kernel line": (
        {"state": {"tuned": {"before": {}}}},
        {"isolation": ("kernel", "1")},
        {"profile": "cpu-partitioning"},
    ),
    "programs that chose no CPUs, or others": (
        {},
        {},
        {"tasks": [task(1, "systemd", 0, 1), task(60, "cron", 0, 1), task(61, "nova", 0)]},
    ),
    "a program let loose on all CPUs, beside a first process that is kept somewhere": (
        {},
        {},
        {"tasks": [task(1, "systemd", 0), task(61, "qemu-system-x86", 0, 1)]},
    ),
    "programs kept where the first process is": (
        {},
        {"pmd": "1-2"},
        {"tasks": [task(1, "systemd", 0, 1), task(60, "cron", 0, 1)]},
    ),
    "the switch itself": ({}, {}, {"tasks": [task(1, "systemd", 0, 1), task(80, "ovs-vswitchd", 1)]}),
    "port that is no PCI device": ({}, {"devices": [{"address": None, "driver": None}]}, {}),
}


@pytest.mark.parametrize("row", HARMLESS.values(), ids=list(HARMLESS))
def test_what_does_no_harm_is_not_refused(tmp_path, row):
    machine, plan, judge = row
    verdict = judge_host(host_of(tmp_path, **machine), plan_of(**plan), **judge)
    assert [refusal["text"] for refusal in verdict["refusals"]] == []


def test_all_refusals_are_there_at_once(tmp_path):
    host = host_of(
        tmp_path,
        nics=[nic(addresses4=["192.0.2.10/24"], numvfs=2), {"address": OTHER, "group": 10}],
        cmdline=LINE + " isolcpus=4",
    )
    verdict = judge_host(host, plan_of(tokens=[*TOKENS, "isolcpus=2-3"]), processes=[GUEST], takeover=[])
    assert [refusal["id"] for refusal in verdict["refusals"]] == [
        "nic_in_use:" + NIC,
        "nic_has_vfs:" + NIC,
        "iommu_group:" + NIC,
        "kernel_token:isolcpus",
        "guests_running",
    ]


# -- reasons to reboot ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "machine, plan, reasons",
    [
        ({}, {}, []),
        ({"cmdline": "ro"}, {}, ["not on the running kernel line: intel_iommu=on iommu=pt"]),
        (
            {"cmdline": "ro iommu=pt", "iommu": False},
            {},
            ["not on the running kernel line: intel_iommu=on", "no IOMMU is active, and intel_iommu=on may bring it"],
        ),
        (
            {"cmdline": LINE + " isolcpus=4"},
            {"tokens": [*TOKENS, "isolcpus=2-3"]},
            [
                "not on the running kernel line: isolcpus=2-3",
                "on the running kernel line, isolcpus=4 contradicts isolcpus=2-3: of two different isolcpus= "
                "the kernel keeps the first",
            ],
        ),
        (
            {"cmdline": LINE + " isolcpus=4", "state": {"kernel_cmdline": {"tokens": ["isolcpus=4"]}}},
            {},
            ["ours on the running kernel line, no longer wanted: isolcpus=4"],
        ),
        (
            {"hugepages": {(0, 1048576): (2, 2), (1, 1048576): (1, 1)}},
            {
                "tokens": [*TOKENS, "hugepagesz=1G", "hugepages=0:2,1:2"],
                "pools": [pool(), pool(node=1), pool(node=1, size="2M", size_kb=2048, persist="unit")],
            },
            [
                "not on the running kernel line: hugepagesz=1G hugepages=0:2,1:2",
                "NUMA node 1 has 1 of 2 pages of 1G, the kernel line brings them",
            ],
        ),
        (  # the kernel line is in force and brought too few: another boot brings no more
            {"cmdline": LINE + " hugepagesz=1G hugepages=2"},
            {"tokens": [*TOKENS, "hugepagesz=1G", "hugepages=2"], "pools": [pool()]},
            [],
        ),
        ({"nics": []}, {"devices": []}, []),
        (
            {},
            {"isolation": ("tuned", "1")},
            ["not on the running kernel line: nohz_full=1 rcu_nocbs=1"],
        ),
        ({"cmdline": TUNED_LINE}, {"isolation": ("tuned", "1")}, []),
        (
            {"cmdline": TUNED_LINE, "state": {"tuned": {"line": {"tokens": ["nohz_full=1", "rcu_nocbs=1"]}}}},
            {},
            ["ours on the running kernel line, no longer wanted: nohz_full=1 rcu_nocbs=1"],
        ),
        ({"cmdline": TUNED_LINE}, {}, []),  # an operator's own profile
    ],
)
def test_reasons_to_reboot(tmp_path, machine, plan, reasons):
    assert judge_host(host_of(tmp_path, **machine), plan_of(**plan))["reasons"] == reasons


def test_an_iommu_that_a_reboot_may_bring_is_not_refused(tmp_path):
    host = host_of(tmp_path, cmdline="ro", iommu=False)
    assert judge_host(host, plan_of())["refusals"] == []
    assert [row["id"] for row in judge_devices(host, {NIC: "vfio-pci"})] == ["no_iommu"]
    assert judge_devices(host, {NIC: "vfio-pci"}, iommu_pending=True) == []


def test_guests_do_not_mind_a_reboot_that_others_make(tmp_path):
    """Without consent, or with a drain before it, the words are the same and nothing is refused."""
    machine, plan, judge, _name, message = REFUSALS["guests while a reboot is due"]
    host = host_of(tmp_path, **machine)
    verdict = judge_host(host, plan_of(**plan), reboots=False, **judge)
    assert verdict["refusals"] == verdict["allowed"] == []
    assert verdict["warnings"] == [{"id": "guests_running", "text": message}]
    assert judge_host(host, plan_of(**plan), reboots=True, **judge)["warnings"] == []
    assert judge_host(host_of(tmp_path / "done"), plan_of(), processes=[GUEST], reboots=False)["warnings"] == []


def test_guests_mind_a_reboot_whose_reason_only_the_caller_knows(tmp_path):
    verdict = judge_host(host_of(tmp_path), plan_of(), processes=[GUEST], reasons=["TuneD has told"])
    assert [row["id"] for row in verdict["refusals"]] == ["guests_running"]
    assert verdict["reasons"] == ["TuneD has told"]


# -- warnings -------------------------------------------------------------------------------------------------------


def test_ports_of_the_kernel_datapath_and_vhost_user_guests_are_warnings(tmp_path):
    host = host_of(tmp_path, nics=[nic(), nic(name="ens5", address=OTHER, master="ovs-system")])
    assert judge_host(host, plan_of(), processes=[dict(GUEST, vhost_user=True)])["warnings"] == [
        {
            "id": "kernel_datapath:" + OTHER,
            "text": "ens5 at 0000:43:00.0 carries traffic of Open vSwitch in the kernel (ovs-system on ens5): a "
            "restart of Open vSwitch may interrupt it",
        },
        {
            "id": "guests_vhost_user",
            "text": "a restart of Open vSwitch would interrupt the vhost-user ports of guest web1 (PID 977)",
        },
    ]
    assert judge_host(host_of(tmp_path / "quiet"), plan_of(), processes=[GUEST])["warnings"] == []
    kept = judge_host(host, plan_of(devices=[{"address": NIC}, {"address": OTHER, "driver": None}]))
    assert [row["id"] for row in kept["refusals"]] == ["nic_in_use:" + OTHER], "planned: more than a warning"
    assert kept["warnings"] == []


# -- refusing ------------------------------------------------------------------------------------------------------


def test_refusing_says_all_of_them(tmp_path):
    refuse([])
    host = host_of(tmp_path, nics=[nic(addresses4=["192.0.2.10/24"]), nic(address=OTHER, name="ens5", numvfs=1)])
    refusals = judge_devices(host, {NIC: "vfio-pci", OTHER: "vfio-pci"})
    with pytest.raises(Refused) as one:
        refuse(refusals[:1])
    assert (str(one.value), one.value.parts["where"]) == (refusals[0]["text"], "ens4 at 0000:41:00.0")
    with pytest.raises(Refused) as both:
        refuse(refusals)
    assert str(both.value) == " ".join(refusal["text"] for refusal in refusals)
