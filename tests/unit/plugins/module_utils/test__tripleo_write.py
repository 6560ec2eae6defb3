"""A plan in TripleO's names: what each value looks like."""

import hosts
import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_names import MEANING_OF
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tripleo_write import write

NICS = [hosts.nic("0000:41:00.0", 0, "p0"), hosts.nic("0000:81:00.0", 1, "p1", number=2)]


def plan(host=None, **options):
    return hosts.plan(host or hosts.make(nics=NICS), **dict({"nics": "p0;p1"}, **options))


VALUES = {
    "NeutronDatapathType": "netdev",
    "NovaComputeCpuSharedSet": "0-1,6-7",
    "NovaReservedHostMemory": 4096,
    "NovaReservedHugePages": ["node:0,size:1048576,count:2", "node:1,size:1048576,count:2"],
    "OvsEnableDpdk": True,
}


def test_names_of_later_releases():
    found = write(plan(memory_channels=4, dpdk_extra="--iova-mode=va"))
    assert found.pop("KernelArgs").startswith(
        "intel_iommu=on iommu=pt default_hugepagesz=1G hugepagesz=1G hugepages=0:3,1:3 "
    )
    assert found == dict(
        VALUES,
        OvsPmdCoreList="2,3,8,9",
        OvsDpdkCoreList="0,1,6,7",
        NovaComputeCpuDedicatedSet="4-5,10-11",
        IsolCpusList="2-5,8-11",
        OvsDpdkSocketMemory="2048,2048",
        OvsDpdkMemoryChannels="4",
        OvsDpdkExtra="--iova-mode=va",
        OvsDpdkDriverType="vfio-pci",
    )


def test_names_of_the_first_releases():
    found = write(plan(memory_channels=4), "neutron")
    assert found.pop("ComputeKernelArgs")
    assert found == dict(
        VALUES,
        NeutronDpdkCoreList="'2,3,8,9'",
        HostCpusList="0,1,6,7",
        NovaVcpuPinSet="4-5,10-11",
        HostIsolatedCoreList="2-5,8-11",
        NeutronDpdkSocketMemory="2048,2048",
        NeutronDpdkMemoryChannels="4",
        NeutronDpdkDriverType="vfio-pci",
    )


def test_names_are_sorted_and_known():
    for names in ("ovs", "neutron"):
        found = list(write(plan(), names))
        assert found == sorted(found) and set(found) <= set(MEANING_OF)


def test_no_other_family():
    with pytest.raises(Refused, match="no such family of names: found 'edpm', expected ovs or neutron"):
        write(plan(), "edpm")


def test_amd_gets_no_word_that_the_kernel_does_not_know():
    host = hosts.make(nics=NICS, cpu={"vendor": "AuthenticAMD", "model": None, "flags": []})
    assert "amd_iommu" not in write(plan(host))["KernelArgs"]


def test_pages_that_a_unit_makes_are_counted_for_the_machine():
    found = write(plan(hosts.make(nics=NICS, kernel="4.18.0")))
    assert " hugepagesz=1G hugepages=6 " in found["KernelArgs"]


def test_tuned_is_a_profile():
    found = write(plan(isolation="tuned"))
    assert (found["TunedProfileName"], found["IsolCpusList"]) == ("cpu-partitioning", "2-5,8-11")
    assert "isolcpus" not in found["KernelArgs"]


def test_what_is_empty_on_purpose_is_said():
    found = write(plan(isolation="none", lcore_mask="none"))
    assert (found["IsolCpusList"], found["OvsDpdkCoreList"]) == ("", "")


def test_the_allow_list_of_the_plan_is_the_plans_own():
    assert "OvsDpdkExtra" not in write(plan())
    assert write(plan(dpdk_extra="-a 0000:41:00.0"))["OvsDpdkExtra"] == "-a 0000:41:00.0"


def test_ports_with_different_drivers_have_no_common_one():
    assert "OvsDpdkDriverType" not in write(plan(nics="p0; p1 driver=igb_uio"))
    assert write(plan(nics="p0 driver=igb_uio; p1 driver=keep"))["OvsDpdkDriverType"] == "igb_uio"


def test_keys_of_the_switch_that_have_a_name():
    keys = {"pmd-auto-lb": "true", "pmd-sleep-max": "50", "emc-insert-inv-prob": "0", "smc-enable": "true"}
    found = write(plan(other_config=keys))
    assert (found["OvsPmdAutoLb"], found["OvsPmdSleepMax"], found["OvsDisableEMC"]) == (True, "50", True)
    assert set(found) - set(write(plan())) == {"OvsPmdAutoLb", "OvsPmdSleepMax", "OvsDisableEMC"}
