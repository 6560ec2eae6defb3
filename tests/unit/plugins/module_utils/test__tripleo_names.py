"""Names: one meaning each, found in an environment wherever TripleO lets them stand."""

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _request, _tripleo_names
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

# What the operators' handbooks name, first releases and later ones.
HANDBOOK = [
    "NeutronDpdkCoreList",
    "NovaVcpuPinSet",
    "NovaCpuPinSet",
    "HostCpusList",
    "HostIsolatedCoreList",
    "NeutronDpdkSocketMemory",
    "NovaReservedHostMemory",
    "NeutronDpdkMemoryChannels",
    "ComputeKernelArgs",
    "NeutronDpdkDriverType",
    "NeutronDpdkType",
    "NeutronDatapathType",
    "NeutronVhostuserSocketDir",
    "NovaSchedulerDefaultFilters",
    "OvsPmdCoreList",
    "OvsDpdkCoreList",
    "OvsDpdkSocketMemory",
    "OvsDpdkMemoryChannels",
    "OvsDpdkDriverType",
    "OvsDpdkExtra",
    "OvsEnableDpdk",
    "NovaComputeCpuDedicatedSet",
    "NovaComputeCpuSharedSet",
    "NovaReservedHugePages",
    "IsolCpusList",
    "KernelArgs",
    "TunedProfileName",
    "NovaSchedulerEnabledFilters",
]


@pytest.mark.parametrize("name", HANDBOOK)
def test_every_name_of_the_handbooks_has_a_meaning(name):
    entries, unknown = _tripleo_names.read({name: 1})
    assert ([entry.name for entry in entries], unknown) == ([name], [])


def test_no_name_has_two_meanings():
    names = [name for meaning in _tripleo_names.MEANINGS for name in _tripleo_names.names_of(meaning)]
    assert len(names) == len(set(names)) == len(_tripleo_names.MEANING_OF)


def test_what_a_meaning_becomes_is_an_option_of_the_planner():
    known = set(_request.parse_request({})) | {"page_size", "checked", "carried"}
    options = {option for meaning in _tripleo_names.MEANINGS for option in meaning.option.split(", ")}
    assert options <= known


@pytest.mark.parametrize(
    "parameters",
    [
        {"OvsPmdCoreList": "1"},
        {"parameter_defaults": {"OvsPmdCoreList": "1"}, "resource_registry": {"OvsX": "y"}},
        {"parameter_defaults": {"ComputeOvsDpdkParameters": {"OvsPmdCoreList": "1"}, "OvsPmdCoreList": "2"}},
        {"ComputeParameters": {"OvsPmdCoreList": "1"}, "ControllerParameters": {"KernelArgs": "quiet", "OvsNew": 1}},
    ],
)
def test_where_a_value_may_stand(parameters):
    entries, unknown = _tripleo_names.read(parameters)
    assert [(entry.name, entry.value) for entry in entries] == [("OvsPmdCoreList", "1")]
    assert unknown == []


def test_all_roles_count_where_none_names_pmd_cpus():
    entries, _unknown = _tripleo_names.read({"AParameters": {"KernelArgs": "a"}, "BParameters": {"KernelArgs": "b"}})
    assert [(entry.role, entry.value) for entry in entries] == [("A", "a"), ("B", "b")]


@pytest.mark.parametrize("parameters", [{}, {"parameter_defaults": None}, {"parameter_defaults": {}}])
def test_an_empty_environment(parameters):
    assert _tripleo_names.read(parameters) == ([], [])


@pytest.mark.parametrize("value", ["OvsPmdCoreList", ["x"], 3])
def test_no_mapping_is_refused(value):
    with pytest.raises(Refused, match="not the parameters of an environment"):
        _tripleo_names.read({"parameter_defaults": value})


def test_only_names_that_are_near_are_kept():
    parameters = {"OvsNew": 1, "NovaNew": 1, "ComputeHugepages": 1, "MyDpdk": 1, "NtpServer": 1, "CephPools": 1, 5: 1}
    assert _tripleo_names.read(parameters)[1] == ["ComputeHugepages", "MyDpdk", "NovaNew", "OvsNew"]


def test_what_is_used_holds_no_value_of_others():
    role = {"OvsPmdCoreList": "1", "NovaPassword": "geheim", "ExtraConfig": {"x::password": "geheim"}}
    others = {"KernelArgs": "quiet", "NeutronMetadataProxySharedSecret": "geheim", "CephKey": "geheim", 5: "geheim"}
    whole = {"parameter_defaults": dict(others, ComputeOvsDpdkParameters=role, ControllerParameters={"CephKey": "x"})}
    used = _tripleo_names.used(whole)
    assert used == {
        "KernelArgs": "quiet",
        "NeutronMetadataProxySharedSecret": None,
        "ComputeOvsDpdkParameters": {"OvsPmdCoreList": "1", "NovaPassword": None},
        "ControllerParameters": {},  # a later file's block replaces an earlier one as a whole
    }
    assert _tripleo_names.read(used) == _tripleo_names.read(whole)


@pytest.mark.parametrize("nothing", [None, {}, {"parameter_defaults": None}])
def test_nothing_is_used_of_nothing(nothing):
    assert _tripleo_names.used(nothing) == {}


@pytest.mark.parametrize(
    ("names", "family"),
    [
        (["NeutronDpdkCoreList", "NovaReservedHostMemory"], "neutron"),
        (["NeutronDpdkCoreList", "OvsDpdkCoreList"], "ovs"),
        (["NovaReservedHostMemory"], "ovs"),
        ([], "ovs"),
    ],
)
def test_the_family_of_an_environment(names, family):
    assert _tripleo_names.family_of(names) == family
