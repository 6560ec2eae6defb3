"""Rules that hold for every machine and every request."""

import json
import random

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies


@st.composite
def machines(draw):
    count = draw(st.integers(1, 8))
    ids = sorted(draw(st.sets(st.one_of(st.integers(0, 9), st.integers(0, 40)), min_size=count, max_size=count)))
    cores, threads = draw(st.sampled_from([1, 2, 3, 4, 7, 16])), draw(st.sampled_from([1, 2, 4]))
    total = count * cores * threads
    amounts = st.sampled_from([None, 0, 900, 5930, 8192, 65536, 65536, 262144, 262144])
    memory = {node: draw(amounts) for node in ids}
    offline = draw(st.sets(st.integers(0, total - 1), max_size=min(4, total - 1)))
    usual = [node for node in ids if memory[node] != 0 and node < 4]
    places = st.sampled_from(usual * 5 + ids + [-1, None])
    ids_of = st.sampled_from([hosts.I40E, hosts.MLX5, hosts.VIRTIO, hosts.VMXNET3, ("10ec", "8168")])
    nics = [
        hosts.nic("0000:{0:02x}:00.0".format(bus), draw(places), "eth{0}".format(bus), draw(ids_of), number=bus)
        for bus in range(1, 1 + draw(st.integers(0, 3)))
    ]
    return hosts.make(
        ids=ids,
        cores=cores,
        threads=threads,
        layout=draw(st.sampled_from(["adjacent", "split", "interleaved"])),
        memory_mb=memory,
        offline=sorted(offline),
        l3_cores=draw(st.sampled_from([None, 2, 3])),
        slow=sorted(draw(st.sets(st.integers(0, total - 1), max_size=total))),
        nics=nics,
        architecture=draw(st.sampled_from(["x86_64", "aarch64", "ppc64", "s390x", None])),
        kernel=draw(st.sampled_from(["6.1.0-18-amd64", "5.14.0-427.el9", "4.18.0", None])),
        page_sizes_kb=draw(st.sampled_from([[2048], [2048, 1048576], [64, 2048, 524288], [1024], []])),
        cmdline=draw(st.sampled_from([None, "", "quiet", "ro isolcpus=1 hugepages=7", "iommu=pt intel_iommu=on"])),
    )


@st.composite
def requests(draw, host):
    nodes = [node["id"] for node in host["nodes"]]
    numbers = st.one_of(st.none(), st.integers(0, 3), st.dictionaries(st.sampled_from(nodes), st.integers(0, 4)))
    nics = []
    for nic in host["nics"]:
        words = [nic["address"], draw(st.sampled_from(["", "mtu=9000", "mtu=900", "rxq=auto", "rxq=4 desc=4096"]))]
        if nic["numa_node"] not in nodes:
            words.append("node={0}".format(draw(st.sampled_from(nodes))))
        nics.append(" ".join(words))
    return {
        "nics": nics,
        "pmd_cores": draw(numbers),
        "pmd_cores_no_nic": draw(st.one_of(st.none(), st.integers(0, 2))),
        "housekeeping_cores": draw(numbers),
        "isolation": draw(st.sampled_from(["kernel", "tuned", "none"])),
        "isolate_guests": draw(st.booleans()),
        "vm_memory": draw(st.sampled_from([None, "100%", "50%", "0%", "1G"])),
        "reserved_memory": draw(st.sampled_from([None, 0, "1G", "6G"])),
        "memory_model": draw(st.sampled_from(["shared", "per-port"])),
        "vhost_ports": draw(st.sampled_from([0, 1, 8])),
        "lcore_mask": draw(st.sampled_from([None, "first", "none"])),
    }


@st.composite
def cases(draw):
    host = draw(machines())
    return host, draw(requests(host))


def planned(case):
    """The plan of a case, or no plan if the request cannot be met: then in words that name an option."""
    host, options = case
    try:
        return hosts.plan(host, **options)
    except Refused as exc:
        assert "(option " in str(exc)
        return None


def cpus(plan, name):
    return _cpuset.parse(plan["cpus"][name])


def with_plan(test):
    """Runs *test*(host, options, plan) for every case that can be planned."""

    @hypothesis.given(cases())
    def run(case):
        plan = planned(case)
        if plan is not None:
            test(case[0], case[1], plan)

    run.__name__ = test.__name__
    return run


@with_plan
def test_every_online_cpu_has_one_use(host, options, plan):
    sets = [cpus(plan, name) for name in ("housekeeping", "pmd", "vm")]
    assert sorted(cpu for one in sets for cpu in one) == host["cpus"]["online"]
    assert cpus(plan, "offline") == set(host["cpus"]["offline"])


@with_plan
def test_siblings_are_never_split(host, options, plan):
    sets = [cpus(plan, name) for name in ("housekeeping", "pmd", "vm")]
    for row in host["topology"]:
        assert [one for one in sets if set(row["siblings"]) & one] == [one for one in sets if row["cpu"] in one]


@with_plan
def test_the_lowest_core_stays_with_the_host_unless_it_was_given_away(host, options, plan):
    lowest = min(row["cpu"] for row in host["topology"])
    warned = [row["id"] for row in plan["warnings"]]
    assert (lowest in cpus(plan, "housekeeping")) != ("boot-cpu" in warned)
    if options["housekeeping_cores"] is None:
        assert "boot-cpu" not in warned


@with_plan
def test_pmd_threads_only_where_they_can_work(host, options, plan):
    limit = 4 if host["architecture"] == "aarch64" else 32
    memory = {node["id"]: node["memory_kb"] for node in host["nodes"]}
    for row in plan["nodes"]:
        if row["id"] >= limit or memory[row["id"]] == 0 or not row["cpus"]:
            assert (row["pmd"], row["socket_memory_mb"], row["hugepages"]) == ("", 0, 0)


@with_plan
def test_the_parts_agree(host, options, plan):
    assert _cpuset.from_mask(plan["masks"]["pmd"]) == cpus(plan, "pmd")
    for name in ("housekeeping", "pmd", "vm"):
        assert set().union(*(_cpuset.parse(row[name]) for row in plan["nodes"])) == cpus(plan, name)
    isolated = cpus(plan, "pmd") | (cpus(plan, "vm") if options["isolate_guests"] else set())
    assert cpus(plan, "isolated") == (set() if options["isolation"] == "none" else isolated)
    if plan["masks"]["lcore"]:
        lcores = _cpuset.from_mask(plan["masks"]["lcore"])
        assert lcores <= cpus(plan, "housekeeping")
        assert max(lcores) < 128
    else:
        assert "dpdk-lcore-mask" not in plan["other_config"]


@with_plan
def test_no_node_gives_more_memory_than_it_has(host, options, plan):
    pools = {row["node"]: row for row in plan["hugepages"]}
    for node in plan["nodes"]:
        row = pools.get(node["id"])
        if row:
            assert row["count"] == row["ovs"] + row["guests"] == node["hugepages"] > 0
            assert min(row["ovs"], row["guests"]) >= 0
            assert row["count"] * row["size_kb"] <= node["memory_mb"] * 1024
            assert row["ovs"] * row["size_kb"] == node["socket_memory_mb"] * 1024
    total = sum(node["memory_mb"] or 0 for node in plan["nodes"])
    pages = sum(row["count"] * row["size_kb"] for row in plan["hugepages"]) // 1024
    if all(node["memory_mb"] is not None for node in plan["nodes"]):
        assert pages + plan["nova"]["reserved_host_memory_mb"] <= total


@with_plan
def test_every_nic_finds_its_buffers_and_somebody_to_poll(host, options, plan):
    for device in plan["devices"]:
        node = next(node for node in plan["nodes"] if node["id"] == device["numa_node"])
        assert node["socket_memory_mb"] >= 512
        assert device["address"] in node["nics"]
        assert device["rxq"] >= 1
    if plan["devices"]:
        assert plan["cpus"]["pmd"]


@with_plan
def test_eal_lists_are_positional(host, options, plan):
    values = [int(text) for text in plan["socket_memory"].split(",") if text]
    assert values[-1:] != [0]
    given = {node["id"]: node["socket_memory_mb"] for node in plan["nodes"] if node["socket_memory_mb"]}
    assert {node: size for node, size in enumerate(values) if size} == given
    if plan["socket_limit"]:
        assert plan["socket_limit"] == plan["socket_memory"]
        guests_only = [row for row in plan["hugepages"] if not row["ovs"]]
        assert not guests_only


@with_plan
def test_every_count_stands_behind_its_size(host, options, plan):
    tokens = plan["kernel_args_tokens"]
    for index, token in enumerate(tokens):
        if token.startswith("hugepages="):
            assert tokens[index - 1].startswith("hugepagesz=")
            assert tokens[index - 1][-1] in "KMG"
    assert {token.partition("=")[0].replace("-", "_") for token in tokens} == set(plan["kernel_args_owned"])
    if host["architecture"] != "x86_64":
        assert not {"intel_iommu", "iommu", "amd_iommu"} & set(plan["kernel_args_owned"])


@with_plan
def test_the_finished_host_has_the_same_plan(host, options, plan):
    assert hosts.plan(hosts.applied(host, plan), **options) == plan


@with_plan
def test_the_order_of_directories_does_not_matter(host, options, plan):
    shuffled = json.loads(json.dumps(host))
    dice = random.Random(len(host["topology"]))
    for rows in (shuffled["topology"], shuffled["nodes"], shuffled["nics"], shuffled["page_sizes_kb"]):
        dice.shuffle(rows)
    for row in shuffled["topology"]:
        dice.shuffle(row["siblings"])
        dice.shuffle(row["l3"])
    assert json.dumps(hosts.plan(shuffled, **options)) == json.dumps(plan)


@hypothesis.given(machines())
def test_defaults_plan_every_machine_without_devices(host):
    plan = hosts.plan(host)
    assert plan["cpus"]["housekeeping"]


TEXTS = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 300), st.text(max_size=12), st.lists(st.text(max_size=5), max_size=3)
)
NAMES = [
    "nics",
    "pmd_cores",
    "pmd_cores_no_nic",
    "housekeeping_cores",
    "pmd_cpus",
    "housekeeping_cpus",
    "vm_cpus",
    "page_size",
    "vm_memory",
    "reserved_memory",
    "shared_mempool_mtus",
    "memory_channels",
    "lcore_mask",
    "dpdk_extra",
    "other_config",
]


@hypothesis.given(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=4))
def test_nonsense_is_refused_in_words_or_planned(options):
    try:
        hosts.plan(hosts.make(), **options)
    except Refused as exc:
        assert "(option " in str(exc)
