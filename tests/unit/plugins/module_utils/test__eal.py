import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused


def lab(**changes):
    changes.setdefault("memory_mb", 65536)
    nics = [hosts.nic("0000:40:00.0", 0, number=1), hosts.nic("0000:80:00.0", 1, number=2)]
    return hosts.make(nics=nics, **changes)


def keys(host=None, **options):
    options.setdefault("nics", "40:00.0;80:00.0")
    return hosts.plan(host or lab(), **options)["other_config"]


def test_all_keys_are_texts_and_sorted():
    found = keys(memory_channels=4, other_config={"pmd-sleep-max": 100})
    assert list(found.items()) == [
        ("dpdk-extra", "-n 4 -a 0000:40:00.0 -a 0000:80:00.0"),
        ("dpdk-init", "try"),
        ("dpdk-lcore-mask", "0xc3"),
        ("dpdk-socket-limit", "2048,2048"),
        ("dpdk-socket-mem", "2048,2048"),
        ("pmd-cpu-mask", "0x30c"),
        ("pmd-sleep-max", "100"),
    ]


@pytest.mark.parametrize(
    ("option", "mask"),
    [("housekeeping", "0xc3"), ("first", "0x1"), ("none", None), ("6-7", "0xc0"), ("1,6", "0x42"), (0, "0x1")],
)
def test_lcore_mask(option, mask):
    plan = hosts.plan(lab(), nics="40:00.0;80:00.0", lcore_mask=option)
    assert plan["masks"]["lcore"] == mask
    assert plan["other_config"].get("dpdk-lcore-mask") == mask
    assert bool([text for text in plan["reasons"] if "main, handler and revalidator threads" in text]) == bool(mask)


@pytest.mark.parametrize(
    ("option", "message", "found"),
    [
        ("2-3", "names CPUs of PMD threads", "2-3"),
        ("0,12", "names CPUs that are not online", "12"),
    ],
)
def test_lcore_masks_that_cannot_be(option, message, found):
    with pytest.raises(Refused, match=message) as caught:
        keys(lcore_mask=option)
    assert "found " + found in str(caught.value)
    assert "(option lcore_mask)" in str(caught.value)


def test_an_lcore_mask_on_guest_cpus_is_said():
    warnings = hosts.plan(lab(), lcore_mask="4-5")["warnings"]
    assert [row["id"] for row in warnings] == ["lcore-on-guest-cpu"]


def large(**options):
    return hosts.plan(hosts.make(nodes=2, cores=64, layout="split", memory_mb=65536), **options)


def test_the_eal_refuses_cpu_128_and_above():
    plan = large()
    assert plan["cpus"]["housekeeping"] == "0,64,128,192"
    assert plan["masks"]["lcore"] == hex(1 | 1 << 64)
    assert [row["id"] for row in plan["warnings"]] == ["lcore-beyond-eal"]


def test_explicit_cpus_beyond_are_refused():
    with pytest.raises(Refused, match="names CPUs that the EAL refuses"):
        large(lcore_mask="0,128")


@pytest.mark.parametrize("option", ["housekeeping", "first"])
def test_no_mask_is_left_if_all_cpus_are_beyond(option):
    plan = large(housekeeping_cpus="65,193", lcore_mask=option)
    assert plan["masks"]["lcore"] == hex(1 << 65)
    host = hosts.make(nodes=1, cores=256, threads=1, memory_mb=65536)
    plan = hosts.plan(host, housekeeping_cpus="200-255", lcore_mask=option)
    assert plan["masks"]["lcore"] is None
    assert "dpdk-lcore-mask" not in plan["other_config"]
    assert "lcore-beyond-eal" in [row["id"] for row in plan["warnings"]]


@pytest.mark.parametrize("words", ["-c 0x3", "-c0x3", "--coremask=3", "-l 0-1", "--lcores 0@1", "--lcores=0@(1-2)"])
def test_operators_own_cores_leave_the_mask_out(words):
    assert "dpdk-lcore-mask" not in keys(dpdk_extra=words)
    assert keys(dpdk_extra=words)["dpdk-extra"].startswith(words)
    with pytest.raises(Refused, match="two lists of EAL cores"):
        keys(dpdk_extra=words, lcore_mask="0")


@pytest.mark.parametrize(
    "words",
    [
        "-m 1024",
        "-m1024",
        "--memory-size=1024",
        "--socket-mem 1024",
        "--socket-limit=1",
        "--numa-mem 1024",
        "--numa-limit=1",
        "--no-huge",
    ],
)
def test_memory_words_are_the_plans(words):
    with pytest.raises(Refused, match="dpdk_extra sets memory"):
        keys(dpdk_extra=words)


@pytest.mark.parametrize(
    "words", ["--log-level=8", "--legacy-mem", "--match-allocations", "--huge-dir=/x", "--main-lcore=0"]
)
def test_other_words_stay_literal_in_front(words):
    assert keys(dpdk_extra=words)["dpdk-extra"] == words + " -a 0000:40:00.0 -a 0000:80:00.0"


@pytest.mark.parametrize(
    "words",
    [
        "-a 0000:01:00.0",
        "-a0000:01:00.0",
        "-b 0000:01:00.0",
        "-w 01:00.0",
        "--allow=0000:01:00.0",
        "--block 0000:01:00.0",
        "--pci-whitelist=01:00.0",
        "--no-pci",
    ],
)
def test_the_operators_choice_of_devices_is_the_only_one(words):
    assert keys(dpdk_extra=words)["dpdk-extra"] == words


def test_memory_channels():
    assert keys(dpdk_extra="--x", memory_channels="8")["dpdk-extra"].startswith("--x -n 8 -a ")
    with pytest.raises(Refused, match="two numbers of memory channels"):
        keys(dpdk_extra="-n4", memory_channels=4)
    with pytest.raises(Refused, match="two numbers of memory channels"):
        keys(dpdk_extra="--memory-channels=4", memory_channels=4)
    assert keys(dpdk_extra="-n 4")["dpdk-extra"].startswith("-n 4 -a ")


def test_text_of_several_lines_becomes_one():
    assert keys(dpdk_extra="--x\n--y\n")["dpdk-extra"].startswith("--x --y -a")


def test_a_plan_without_devices_allows_nothing_and_blocks_nothing():
    assert "dpdk-extra" not in keys(nics=None)


@pytest.mark.parametrize(
    ("ids", "memory", "options", "mem", "limit"),
    [
        ([0, 1], 65536, {}, "2048,2048", "2048,2048"),
        ([0, 1], 65536, {"pmd_cores": "1:0"}, "2048", None),
        ([0, 1], 65536, {"pmd_cores": "0:0"}, "0,2048", None),
        ([0, 1], 65536, {"pmd_cores": "1:0", "vm_memory": "1:0G"}, "2048", "2048"),
        ([0, 8], 65536, {}, "2048,0,0,0,0,0,0,0,2048", "2048,0,0,0,0,0,0,0,2048"),
        ([0, 1, 2], {0: 65536, 1: 0, 2: 65536}, {}, "2048,0,2048", "2048,0,2048"),
        ([0, 32], 65536, {}, "2048", "2048"),
        ([0, 1], 65536, {"pmd_cores_no_nic": 0}, "", None),
    ],
)
def test_lists_are_positional_and_end_at_the_last_node_with_memory(ids, memory, options, mem, limit):
    plan = hosts.plan(hosts.make(ids=ids, memory_mb=memory), **options)
    assert (plan["socket_memory"], plan["socket_limit"]) == (mem, limit)
    assert plan["other_config"].get("dpdk-socket-mem", "") == mem
    assert plan["other_config"].get("dpdk-socket-limit") == limit


def test_no_pmd_no_mask():
    found = hosts.plan(hosts.make(nodes=1, cores=1))
    assert "pmd-cpu-mask" not in found["other_config"]
    assert found["masks"]["pmd"] == "0x0"


def test_masks_have_any_width_and_no_commas():
    plan = hosts.plan(hosts.make(nodes=8, cores=64, threads=4, memory_mb=65536))
    assert int(plan["masks"]["pmd"], 16) == sum(0xF0 << 256 * node for node in range(8))
    assert plan["masks"]["pmd"] == plan["other_config"]["pmd-cpu-mask"]
