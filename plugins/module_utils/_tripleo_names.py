# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of TripleO, RHOSP and EDPM that describe an OVS-DPDK compute node, and what each of them means.

One meaning has had several names: "neutron" is how the first releases wrote it (up to Queens), "ovs" how later ones do,
and the roles of tripleo-ansible and edpm-ansible have variables of their own for it.

Private to the collection. Python 3.6+, standard library only.
Sources: tripleo-heat-templates (deployment/openvswitch, deployment/kernel, deployment/nova), the roles tripleo_ovs_dpdk
of tripleo-ansible and edpm_ovs_dpdk, edpm_kernel and edpm_tuned of edpm-ansible.
"""

import collections
import re

from ._errors import Refused

# *option* is what the value becomes for host_plan_info ("checked": held against the plan; "carried": handed on as it
# is), *plan* where the value is found in a plan. Both are what docs/tripleo.md says.
Meaning = collections.namedtuple("Meaning", "key kind neutron ovs others option plan")
# One parameter of an environment; *role* is the role in whose block it stands, or None.
Entry = collections.namedtuple("Entry", "name value role")

FAMILIES = ("ovs", "neutron")


def _same(key, kind, name, others, option, plan):
    """A meaning that both families call alike."""
    return Meaning(key, kind, name, name, others, option, plan)


def _switch(key, kind, name, variable, plan=None):
    """A key of Open vSwitch's other_config that the plan takes over as it is."""
    there = "other_config:" + key
    return _same(key, kind, name, ("edpm_ovs_dpdk_" + variable, "tripleo_ovs_dpdk_" + variable), "other_config", there)


MEANINGS = (
    Meaning(
        "pmd_cpus",
        "cpus",
        "NeutronDpdkCoreList",
        "OvsPmdCoreList",
        ("edpm_ovs_dpdk_pmd_core_list", "tripleo_ovs_dpdk_pmd_core_list"),
        "pmd_cpus",
        "cpus.pmd",
    ),
    Meaning(
        "vm_cpus",
        "nova_cpus",
        "NovaVcpuPinSet",
        "NovaComputeCpuDedicatedSet",
        ("NovaCpuPinSet",),
        "vm_cpus",
        "nova.cpu_dedicated_set",
    ),
    Meaning(
        "host_cpus",
        "cpus",
        "HostCpusList",
        "OvsDpdkCoreList",
        ("edpm_ovs_dpdk_lcore_list", "tripleo_ovs_dpdk_lcore_list"),
        "housekeeping_cpus, lcore_mask",
        "masks.lcore",
    ),
    _same("shared_cpus", "nova_cpus", "NovaComputeCpuSharedSet", (), "housekeeping_cpus", "nova.cpu_shared_set"),
    Meaning(
        "isolated_cpus",
        "cpus",
        "HostIsolatedCoreList",
        "IsolCpusList",
        ("edpm_tuned_isolated_cores", "tuned_isolated_cores"),
        "isolation, isolate_guests",
        "cpus.isolated",
    ),
    _same(
        "tuned_profile",
        "text",
        "TunedProfileName",
        ("edpm_tuned_profile", "tuned_profile"),
        "isolation",
        "isolation.mechanism",
    ),
    Meaning(
        "kernel_args",
        "args",
        "ComputeKernelArgs",
        "KernelArgs",
        ("edpm_kernel_args", "tripleo_kernel_args"),
        "page_size, vm_memory, isolation",
        "kernel_args",
    ),
    _same(
        "hugepages",
        "pools",
        "Hugepages",
        ("edpm_kernel_hugepages", "tripleo_kernel_hugepages"),
        "page_size, vm_memory",
        None,
    ),
    Meaning(
        "socket_memory",
        "amounts",
        "NeutronDpdkSocketMemory",
        "OvsDpdkSocketMemory",
        ("edpm_ovs_dpdk_socket_memory", "tripleo_ovs_dpdk_socket_memory"),
        "checked",
        "socket_memory",
    ),
    _same(
        "reserved_memory",
        "text",
        "NovaReservedHostMemory",
        (),
        "reserved_memory",
        "nova.reserved_host_memory_mb",
    ),
    _same("reserved_pages", "rows", "NovaReservedHugePages", (), "checked", "nova.reserved_huge_pages"),
    Meaning(
        "memory_channels",
        "text",
        "NeutronDpdkMemoryChannels",
        "OvsDpdkMemoryChannels",
        ("edpm_ovs_dpdk_memory_channels", "tripleo_ovs_dpdk_memory_channels"),
        "memory_channels",
        "other_config:dpdk-extra",
    ),
    _same(
        "dpdk_extra",
        "text",
        "OvsDpdkExtra",
        ("edpm_ovs_dpdk_extra", "tripleo_ovs_dpdk_extra"),
        "dpdk_extra",
        "other_config:dpdk-extra",
    ),
    Meaning("driver", "text", "NeutronDpdkDriverType", "OvsDpdkDriverType", (), "nics", "devices[].driver"),
    _same(
        "datapath", "text", "NeutronDatapathType", ("NeutronDpdkType", "edpm_ovn_datapath_type"), "checked", "netdev"
    ),
    _same("enabled", "bool", "OvsEnableDpdk", (), "checked", "other_config:dpdk-init"),
    _same("vhost_directory", "text", "NeutronVhostuserSocketDir", (), "carried", None),
    Meaning(
        "filters",
        "words",
        "NovaSchedulerDefaultFilters",
        "NovaSchedulerEnabledFilters",
        (),
        "carried",
        None,
    ),
    Meaning(
        "shared-mempool-config",
        "text",
        None,
        None,
        ("edpm_ovs_dpdk_shared_mem_pool",),
        "shared_mempool_mtus",
        None,
    ),
    _same("emc_off", "bool", "OvsDisableEMC", (), "other_config", "other_config:emc-insert-inv-prob"),
    Meaning(
        "emc-insert-inv-prob",
        "text",
        None,
        None,
        ("edpm_ovs_dpdk_emc_insertion_probablity", "tripleo_ovs_dpdk_emc_insertion_probablity"),
        "other_config",
        None,
    ),
    _switch("n-handler-threads", "text", "OvsHandlerCores", "handler_cores"),
    _switch("n-revalidator-threads", "text", "OvsRevalidatorCores", "revalidator_cores"),
    _switch("userspace-tso-enable", "bool", "OvsDpdkEnableTSO", "enable_tso"),
    _switch("pmd-auto-lb", "bool", "OvsPmdAutoLb", "pmd_auto_lb"),
    _switch("pmd-auto-lb-load-threshold", "text", "OvsPmdLoadThreshold", "pmd_load_threshold"),
    _switch("pmd-auto-lb-improvement-threshold", "text", "OvsPmdImprovementThreshold", "pmd_improvement_threshold"),
    _switch("pmd-auto-lb-rebal-interval", "text", "OvsPmdRebalInterval", "pmd_rebal_interval"),
    _switch("pmd-sleep-max", "text", "OvsPmdSleepMax", "pmd_sleep_max"),
    _switch("vhost-postcopy-support", "bool", "NovaLiveMigrationPermitPostCopy", "vhost_postcopy_support"),
)

BY_KEY = {meaning.key: meaning for meaning in MEANINGS}
# Values of other_config that are taken over as they are, by key.
SWITCH_KEYS = tuple(meaning.key for meaning in MEANINGS if meaning.option == "other_config" and "-" in meaning.key)

_ROLE = re.compile(r"^([A-Z][A-Za-z0-9]*)Parameters\Z")
# What is worth a word if it is not used: an environment has hundreds of parameters.
_RELATED = re.compile(
    r"^(Ovs|Nova|Neutron|Vhostuser|Kernel|Tuned|Isol|Libvirt|(edpm|tripleo)_(ovs|ovn|kernel|tuned|nova))|Dpdk|Hugepage"
)


def names_of(meaning):
    """Every name of a meaning, each once."""
    return tuple(collections.OrderedDict.fromkeys(filter(None, (meaning.neutron, meaning.ovs) + meaning.others)))


MEANING_OF = {name: meaning for meaning in MEANINGS for name in names_of(meaning)}


def name_in(family, key):
    """How a family calls a meaning."""
    return getattr(BY_KEY[key], family)


def family_of(names):
    """The family that an environment is written in: the first releases' only if nothing later is there."""
    old = {meaning.neutron for meaning in MEANINGS if meaning.neutron != meaning.ovs}
    new = {meaning.ovs for meaning in MEANINGS if meaning.neutron != meaning.ovs}
    return "neutron" if old & set(names) and not new & set(names) else "ovs"


def read(parameters):
    """(entries with a meaning, related names without one) of an environment, of its parameter_defaults or of less.

    A value in the block of a role stands in front of the same name outside it. Of several roles those count that name
    PMD CPUs, or else all that say anything here.
    """
    top = _top(parameters)
    roles = _roles(top)
    blocks = [(role, top[role + "Parameters"]) for role in roles] + [(None, top)]
    entries = [Entry(name, block[name], role) for role, block in blocks for name in block if name in MEANING_OF]
    inside = {entry.name for entry in entries if entry.role}
    related = {str(name) for _role, block in blocks for name in block if _related(name, block[name])}
    return [entry for entry in entries if entry.role or entry.name not in inside], sorted(related)


def used(parameters):
    """What read() sees of an environment and nothing else: of related names the name alone, for there are passwords."""
    top = _top(parameters)
    kept = _kept(top)
    kept.update((name, _kept(block)) for name, block in top.items() if _is_role(name, block))
    return kept


def _kept(block):
    names = [name for name in block if name in MEANING_OF or _related(name, block[name])]
    return {name: block[name] if name in MEANING_OF else None for name in names}


def _top(parameters):
    """The mapping that holds the parameters."""
    whole = parameters or {}
    top = whole.get("parameter_defaults", whole) or {} if isinstance(whole, dict) else whole
    if not isinstance(top, dict):
        raise Refused(
            "not the parameters of an environment",
            where="parameters",
            found=repr(top)[:60],
            expected="a mapping of names to values",
            cure="Pass the content of parameter_defaults in option parameters.",
        )
    return top


def _roles(top):
    """The roles whose blocks count."""
    blocks = {}
    for name, block in top.items():
        if _is_role(name, block) and any(inner in MEANING_OF for inner in block):
            blocks[_ROLE.match(name).group(1)] = block
    polling = [role for role in blocks if set(names_of(BY_KEY["pmd_cpus"])) & set(blocks[role])]
    return sorted(polling or blocks)


def _is_role(name, value):
    """Whether a parameter is the block of a role."""
    return isinstance(value, dict) and bool(_ROLE.match(str(name)))


def _related(name, value):
    return name not in MEANING_OF and not _is_role(name, value) and bool(_RELATED.search(str(name)))
