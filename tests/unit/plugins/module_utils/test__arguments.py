import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _arguments


def tokens(host=None, **options):
    return hosts.plan(host or hosts.make(memory_mb=8192), **options)["kernel_args_tokens"]


def named(host=None, **options):
    return [token.partition("=")[0] for token in tokens(host, **options)]


def test_all_in_order():
    assert tokens() == [
        "intel_iommu=on",
        "iommu=pt",
        "default_hugepagesz=1G",
        "hugepagesz=1G",
        "hugepages=0:5,1:5",
        "isolcpus=managed_irq,domain,2-5,8-11",
        "nohz_full=2-5,8-11",
        "rcu_nocbs=2-5,8-11",
        "irqaffinity=0-1,6-7",
    ]


def test_the_text_and_the_names_agree_with_the_tokens():
    plan = hosts.plan(hosts.make(memory_mb=8192))
    assert plan["kernel_args"].split(" ") == plan["kernel_args_tokens"]
    assert plan["kernel_args_owned"] == [token.partition("=")[0] for token in plan["kernel_args_tokens"]]


@pytest.mark.parametrize(
    ("architecture", "vendor", "expected", "warning"),
    [
        ("x86_64", "GenuineIntel", ["intel_iommu=on", "iommu=pt"], None),
        ("i386", "GenuineIntel", ["intel_iommu=on", "iommu=pt"], None),
        ("x86_64", "AuthenticAMD", ["iommu=pt"], None),
        ("x86_64", "HygonGenuine", ["iommu=pt"], None),
        ("x86_64", "CentaurHauls", ["iommu=pt"], "cpu-vendor-unknown"),
        ("x86_64", None, ["iommu=pt"], "cpu-vendor-unknown"),
        ("aarch64", "ARM", ["iommu.passthrough=1"], None),
        ("ppc64", None, [], None),
        ("s390x", "IBM/S390", [], None),
        (None, None, [], "architecture-unknown"),
    ],
)
def test_iommu_arguments(architecture, vendor, expected, warning):
    cpu = {"vendor": vendor, "model": None, "flags": []}
    plan = hosts.plan(hosts.make(memory_mb=8192, architecture=architecture, cpu=cpu))
    words = plan["kernel_args_tokens"]
    assert words[: len(expected)] == expected
    assert words[len(expected)].startswith("default_hugepagesz")
    assert [row["id"] for row in plan["warnings"]] == ([warning] if warning else [])
    if architecture not in ("x86_64", "i386"):
        assert not [word for word in words if word.startswith(("intel_iommu", "iommu=", "amd_iommu"))]


@pytest.mark.parametrize(
    ("kernel", "nodes", "architecture", "persist", "expected"),
    [
        ("6.1.0-18-amd64", 2, "x86_64", "cmdline", "hugepages=0:5,1:5"),
        ("5.16.0", 2, "x86_64", "cmdline", "hugepages=0:5,1:5"),
        ("5.15.0-105-generic", 2, "x86_64", "unit", None),
        ("5.14.0-427.el9.x86_64", 2, "x86_64", "unit", None),
        ("4.18.0-553.el8_10.x86_64", 2, "x86_64", "unit", None),
        (None, 2, "x86_64", "unit", None),
        ("what?", 2, "x86_64", "unit", None),
        ("6.1.0", 2, "ppc64", "unit", None),
        ("6.1.0", 2, "aarch64", "cmdline", "hugepages=0:5,1:5"),
        (None, 1, "x86_64", "cmdline", "hugepages=3"),
        ("6.1.0", 1, "x86_64", "cmdline", "hugepages=3"),
    ],
)
def test_who_makes_the_pools(kernel, nodes, architecture, persist, expected):
    plan = hosts.plan(hosts.make(nodes=nodes, memory_mb=8192, kernel=kernel, architecture=architecture))
    assert {row["persist"] for row in plan["hugepages"]} == {persist}
    words = plan["kernel_args_tokens"]
    size = words.index("hugepagesz=1G")
    assert words[size - 1] == "default_hugepagesz=1G"
    assert [word for word in words if word.startswith("hugepages=")] == ([expected] if expected else [])
    if expected:
        assert words[size + 1] == expected


def test_counts_for_the_whole_machine_only_where_it_has_one_node():
    host = hosts.make(nodes=1, memory_mb=8192, memory_only=[1])
    assert "hugepages=0:3" in tokens(host)


def test_nodes_without_pages_are_not_named():
    host = hosts.make(ids=[0, 1, 8], memory_mb={0: 8192, 1: 0, 8: 8192})
    assert "hugepages=0:5,8:5" in tokens(host)


def test_no_pages_no_words():
    assert "hugepagesz" not in named(hosts.make(memory_mb=2048))


@pytest.mark.parametrize(
    ("kernel", "isolcpus"),
    [
        ("6.1.0", "isolcpus=managed_irq,domain,2-5,8-11"),
        ("5.6.0", "isolcpus=managed_irq,domain,2-5,8-11"),
        ("5.5.19", "isolcpus=2-5,8-11"),
        ("4.18.0-553.el8_10.x86_64", "isolcpus=2-5,8-11"),
        (None, "isolcpus=2-5,8-11"),
    ],
)
def test_managed_irq_where_the_kernel_has_it(kernel, isolcpus):
    plan = hosts.plan(hosts.make(kernel=kernel))
    assert isolcpus in plan["kernel_args_tokens"]
    assert plan["isolation"]["managed_irq"] == ("2-5,8-11" if "managed_irq" in isolcpus else "")


def test_isolation_by_the_kernel():
    plan = hosts.plan(hosts.make())
    assert plan["cpus"]["isolated"] == "2-5,8-11"
    assert plan["isolation"] == {
        "mechanism": "kernel",
        "domain": "2-5,8-11",
        "nohz_full": "2-5,8-11",
        "rcu_nocbs": "2-5,8-11",
        "managed_irq": "2-5,8-11",
        "irq_cpus": "0-1,6-7",
    }


def test_isolation_by_tuned_leaves_its_arguments_to_tuned():
    plan = hosts.plan(hosts.make(), isolation="tuned")
    assert plan["cpus"]["isolated"] == "2-5,8-11"
    assert plan["isolation"] == {
        "mechanism": "tuned",
        "domain": "",
        "nohz_full": "2-5,8-11",
        "rcu_nocbs": "2-5,8-11",
        "managed_irq": "",
        "irq_cpus": "0-1,6-7",
    }
    assert not set(plan["kernel_args_owned"]) & {"isolcpus", "nohz_full", "rcu_nocbs"}
    assert "irqaffinity=0-1,6-7" in plan["kernel_args_tokens"]


TUNED_LINE = "ro skew_tick=1 nohz_full=2-5,8-11 rcu_nocbs=2-5,8-11 tuned.non_isolcpus=000000c3 nosoftlockup"
BROUGHT = {"tuned": {"line": {"tokens": ["nohz_full=2-5,8-11", "rcu_nocbs=2-5,8-11"]}}}


@pytest.mark.parametrize("mechanism", ["kernel", "tuned", "none"])
def test_what_tuned_brought_for_us_is_nobody_elses(mechanism):
    """Also while a smaller isolation is planned; for an operator's own profile it is a conflict to name."""
    for state, conflicts in ((BROUGHT, 0), ({}, 2 if mechanism == "kernel" else 0)):
        host = hosts.make(cmdline=TUNED_LINE, state=state)
        plan = hosts.plan(host, isolation=mechanism, isolate_guests=False)
        assert [row["id"] for row in plan["warnings"]] == ["kernel-args-conflict"] * conflicts


@pytest.mark.parametrize(
    ("cmdline", "state"),
    [("quiet isolcpus=5", {}), ("quiet", {"kernel_cmdline": {"tokens": [], "taken_over": ["isolcpus=5"]}})],
)
def test_isolcpus_of_somebody_else_beside_tuned_is_named_before_and_after_it_is_taken_over(cmdline, state):
    plan = hosts.plan(hosts.make(cmdline=cmdline, state=state), isolation="tuned")
    assert [row["id"] for row in plan["warnings"]] == ["isolation-two-owners"]
    assert "isolcpus=5" in plan["warnings"][0]["text"]


def test_no_isolation():
    plan = hosts.plan(hosts.make(), isolation="none")
    assert plan["cpus"]["isolated"] == ""
    assert (plan["cpus"]["pmd"], plan["isolation"]["mechanism"]) == ("2-3,8-9", "none")
    assert "isolcpus" not in plan["kernel_args_owned"]


def test_guests_may_stay_schedulable():
    plan = hosts.plan(hosts.make(), isolate_guests=False)
    assert plan["cpus"]["isolated"] == plan["cpus"]["pmd"] == "2-3,8-9"
    assert "nohz_full=2-3,8-9" in plan["kernel_args_tokens"]
    assert "irqaffinity=0-1,6-7" in plan["kernel_args_tokens"]


def test_nothing_to_isolate():
    assert named(hosts.make(nodes=1, cores=1)) == ["intel_iommu", "iommu"]


@pytest.mark.parametrize(
    ("cmdline", "state", "conflicts"),
    [
        ("quiet isolcpus=5", {}, ["isolcpus=5"]),
        ("quiet isolcpus=managed_irq,domain,8-11,2-5", {}, []),
        ("quiet intel_iommu=on iommu=pt", {}, []),
        ("default_hugepagesz=1GB hugepagesz=1GB hugepages=0:5,1:5", {}, []),
        ("hugepagesz=1G hugepages=16", {}, ["hugepagesz=1G hugepages=16"]),
        ("iommu=off nohz_full=1", {}, ["iommu=off", "nohz_full=1"]),
        ("isolcpus=5", {"tokens": ["isolcpus=5"]}, []),
        ("quiet", {"tokens": [], "taken_over": ["isolcpus=5"]}, ["isolcpus=5"]),
        ("amd_iommu=on mitigations=off", {}, []),
        (None, {}, []),
    ],
)
def test_arguments_of_others_that_contradict_ours_are_named(cmdline, state, conflicts):
    host = hosts.make(memory_mb=8192, cmdline=cmdline, state={"kernel_cmdline": state} if state else {})
    warnings = hosts.plan(host)["warnings"]
    assert [row["id"] for row in warnings] == ["kernel-args-conflict"] * len(conflicts)
    for row, conflict in zip(warnings, conflicts):
        assert conflict in row["text"]


@pytest.mark.parametrize(
    ("text", "version"), [("6.1.0-18-amd64", (6, 1)), ("5.14.0-427.el9", (5, 14)), ("", (0, 0)), (None, (0, 0))]
)
def test_kernel_version(text, version):
    assert _arguments.kernel_version(text) == version
