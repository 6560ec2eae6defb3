"""From a plan to TripleO's names and back: the same plan, everywhere, in both families. And nonsense is no crash."""

import json

import captures
import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _tripleo, _tripleo_names, _tripleo_write
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

# Reasons and warnings say where a number came from, and here it comes from somewhere else.
WORDS = ("reasons", "warnings")
FAMILIES = ("ovs", "neutron")


def told(plan):
    return {key: value for key, value in plan.items() if key not in WORDS}


def check_round_trip(host, plan, nics, names):
    parameters = _tripleo_write.write(plan, names)
    result = _tripleo.examine(host, {"parameter_defaults": {"ComputeParameters": parameters}}, nics)
    assert [row for row in result["findings"] if row["status"] == "fail"] == []
    assert told(result["plan"]) == told(plan)
    assert result["parameters"] == parameters
    return result


@pytest.mark.skipif(not captures.NAMES, reason="no captured machines in ../shared/topologies")
@pytest.mark.parametrize("names", FAMILIES)
@pytest.mark.parametrize("name", captures.NAMES)
def test_every_captured_machine_comes_back_without_a_complaint(name, names):
    host = captures.host(name)
    findings = check_round_trip(host, hosts.plan(host), None, names)["findings"]
    assert [row for row in findings if row["status"] != "info"] == []


@st.composite
def machines(draw):
    ids = sorted(draw(st.sets(st.integers(0, 9), min_size=1, max_size=4)))
    nics = [
        hosts.nic("0000:{0:02x}:00.0".format(bus), draw(st.sampled_from(ids)), "eth{0}".format(bus), number=bus)
        for bus in range(1, 1 + draw(st.integers(0, 3)))
    ]
    return hosts.make(
        ids=ids,
        cores=draw(st.sampled_from([1, 2, 4, 40])),
        threads=draw(st.sampled_from([1, 2, 4])),
        layout=draw(st.sampled_from(["adjacent", "split", "interleaved"])),
        memory_mb=draw(st.sampled_from([None, 900, 6144, 65536])),
        nics=nics,
        architecture=draw(st.sampled_from(["x86_64", "aarch64", "ppc64"])),
        cpu={"vendor": draw(st.sampled_from(["GenuineIntel", "AuthenticAMD"])), "model": None, "flags": []},
        kernel=draw(st.sampled_from(["6.1.0-18-amd64", "4.18.0"])),
        page_sizes_kb=draw(st.sampled_from([[2048], [2048, 1048576], [64, 2048, 524288], []])),
    )


# What TripleO has no word for is not asked of it: numbers per node, ports of guests, other models of memory.
REQUESTS = st.fixed_dictionaries(
    {
        "pmd_cores": st.sampled_from([None, 0, 1, 2]),
        "pmd_cores_no_nic": st.sampled_from([None, 0, 1]),
        "housekeeping_cores": st.sampled_from([None, 1, 2]),
        "isolation": st.sampled_from(["kernel", "tuned", "none"]),
        "isolate_guests": st.booleans(),
        "reserved_memory": st.sampled_from([None, 0, "1G", 2000]),
        "memory_channels": st.sampled_from([None, 4]),
        "lcore_mask": st.sampled_from([None, "first", "none"]),
        "dpdk_extra": st.sampled_from([None, "--iova-mode=va", "-n 2 --no-telemetry", "-a 0000:01:00.0", "-l 0"]),
        "other_config": st.sampled_from(
            [None, {"pmd-auto-lb": "true", "pmd-auto-lb-load-threshold": "70"}, {"emc-insert-inv-prob": "0"}]
        ),
    }
)


@hypothesis.given(machines(), REQUESTS, st.sampled_from(["100%", "50%"]), st.sampled_from(FAMILIES))
def test_a_plan_comes_back_from_the_names(host, request, vm_memory, names):
    # A total says nothing about nodes: where the kernel has no count for each, only all or nothing comes back.
    amount = vm_memory if host["kernel"].startswith("6") and host["architecture"] != "ppc64" else "100%"
    nics = ["{0} rxq=auto".format(nic["address"]) for nic in host["nics"]]
    try:
        plan = hosts.plan(host, nics=nics, vm_memory=amount, **request)
    except Refused:
        hypothesis.reject()
    # Nobody isolated is nobody's mechanism: TripleO has one word for both.
    hypothesis.assume(plan["cpus"]["isolated"] or plan["isolation"]["mechanism"] == "none" or not plan["cpus"]["vm"])
    check_round_trip(host, plan, nics, names)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 300),
    st.floats(),
    st.text(max_size=12),
    st.text("0123456789,-^:= GMhugepagsz", max_size=30),
    st.sampled_from(
        ["isolcpus=1-3", "hugepages=9 hugepagesz=1G hugepages=0:3,1:9", "default_hugepagesz=x", "1,21", "0-9"]
    ),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.text(max_size=5), SCALARS, max_size=2))


@hypothesis.given(
    st.dictionaries(st.sampled_from(sorted(_tripleo_names.MEANING_OF)), VALUES, max_size=6),
    st.sampled_from([None, "p0", ["p0 node=9"], 5]),
)
def test_nonsense_is_said_and_never_a_crash(parameters, nics):
    host = hosts.make(cores=10, layout="split", memory_mb=65536, nics=[hosts.nic("0000:41:00.0", 0, "p0")])
    result = _tripleo.examine(host, parameters, nics)
    assert json.loads(json.dumps(result)) == result
    for row in result["findings"]:
        assert sorted(row) == ["cure", "expected", "found", "parameter", "status"]
        assert all(isinstance(text, str) for text in row.values())
    if result["plan"] is None:
        assert "plan" in [row["parameter"] for row in result["findings"]]
