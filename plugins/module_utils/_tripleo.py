# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TripleO environment as a request for a plan, checked against the machine that it is for.

A pure function of the host's data, the parameters and the NICs. What fits becomes an option of host_plan_info; what
contradicts the machine, the plan or itself is left out with a finding. All findings come at once.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _devices, _eal, _nic_words, _tripleo_kernel, _tripleo_memory
from ._errors import Refused
from ._machine import read_nodes
from ._notes import Notes
from ._plan import make_plan
from ._request import parse_request
from ._sizes import render_kb
from ._tripleo_cpus import check_isolated, machine_of, request_cpus, request_isolation
from ._tripleo_findings import Findings
from ._tripleo_names import SWITCH_KEYS, family_of, read
from ._tripleo_values import collect, instead_of, shown
from ._tripleo_write import write

# Meanings whose text is the option's: the planner judges it. What it has to be, where the planner says it in words of
# its own options.
_PLAIN = ("reserved_memory", "memory_channels", "dpdk_extra")
_EXPECTED = {"reserved_memory": "MiB, such as 4096", "memory_channels": "a number from 1 to 32"}
NUMA_FILTER = "NUMATopologyFilter"


def examine(host, parameters, nics):
    """{"request", "findings", "plan" or None, "parameters" or None} of an environment for a machine."""
    findings = Findings()
    entries, unknown = read(parameters)
    given, blank = collect(entries, findings)
    machine = machine_of(host, read_nodes(host, Notes()))
    request = request_cpus(given, blank, machine, findings)
    request.update(request_isolation(given, blank, findings))
    request.update(_plain_options(given, findings))
    request.update(_nics(given, host, nics, findings))
    name, tokens = _tripleo_memory.tokens_of(given, findings)
    pool = _tripleo_memory.pool_of(name, tokens, host, findings)
    request.update({"page_size": render_kb(pool.size_kb)} if pool else {})
    plan = _plan(host, request, findings)
    amount = _tripleo_memory.guest_memory(pool, plan, findings) if pool and plan else None
    if amount is not None:
        request["vm_memory"] = amount
        plan = _plan(host, request, findings)
    _check_plan(given, host, plan, findings)
    carried = _carried(given, findings)
    for other in unknown:
        findings.info(other, "not used here", "a name that docs/tripleo.md lists", "Nothing: the plan needs none.")
    written = dict(write(plan, family_of(entry.name for entry in entries)), **carried) if plan else None
    return {"request": request, "findings": findings.finished(plan), "plan": plan, "parameters": written}


def _plan(host, request, findings):
    """The plan, or None with its refusal as a finding."""
    try:
        return make_plan(host, parse_request(request))
    except Refused as exc:
        parts = exc.parts
        found = " ".join(filter(None, [parts["what"], "({0})".format(parts["where"]) if parts["where"] else None]))
        found += ": {0}".format(parts["found"]) if parts["found"] else ""
        findings.refused(found, parts["expected"] or "", parts["cure"] or "")
        return None


def _check_plan(given, host, plan, findings):
    """What can be judged only when it is known what the machine becomes."""
    check_isolated(given, plan, findings)
    _tripleo_memory.check_sockets(given, plan, findings)
    _tripleo_memory.check_reserved_pages(given, plan, findings)
    _tripleo_kernel.check_line(given, host, plan, findings)
    unpolled = [node for node in plan["nodes"] if node["nics"] and not node["pmd"]] if plan else []
    for node in unpolled if "pmd_cpus" in given else []:
        findings.warn(
            given["pmd_cpus"].name,
            "no PMD thread on node {0}, which has DPDK NIC {1}".format(node["id"], ", ".join(node["nics"])),
            "CPUs out of {0}".format(node["cpus"]),
            "Name a core of that node too: others poll its NICs across the interconnect.",
        )


def _plain_options(given, findings):
    """Options that take the text as it is; each is tried by itself, and then together with those before it."""
    options = {}
    for key in _PLAIN + ("shared-mempool-config",):
        if key in given:
            name = key if key in _PLAIN else "shared_mempool_mtus"
            options.update(_tried(given[key], key, {name: given[key].value}, options, findings))
    other = {key: _text(given[key].value) for key in SWITCH_KEYS if key in given}
    if "emc_off" in given and given["emc_off"].value:
        other["emc-insert-inv-prob"] = "0"
    _checks(given, findings)
    return dict(options, other_config=other) if other else options


def _text(value):
    return str(value).lower() if isinstance(value, bool) else value


def _tried(source, key, wish, options, findings):
    """*wish* if the planner takes it beside *options*, else nothing."""
    try:
        _eal.extra_words((), parse_request(dict(options, **wish)), Notes())
    except Refused as exc:
        parts = exc.parts
        cure = "Correct {0}.".format(source.name)
        expected = _EXPECTED.get(key) or parts["expected"] or parts["what"]
        findings.fail(source.name, shown(source.value), expected, cure, instead_of(key))
        return {}
    return wish


def _checks(given, findings):
    """Parameters that can only agree with what a plan is anyway."""
    for key, value in (("datapath", "netdev"), ("enabled", True)):
        if key in given and given[key].value != value:
            source = given[key]
            cure = "Set {0} to {1}.".format(source.name, _text(value))
            findings.fail(source.name, _text(source.value), _text(value), cure, instead_of(key))


def _nics(given, host, nics, findings):
    """Option nics; the driver of the environment is added where a NIC names none and does not keep the kernel's."""
    if not nics:
        return {}
    if "driver" not in given or given["driver"].value == "vfio-pci":
        return {"nics": nics}
    source = given["driver"]
    if source.value not in _nic_words.DRIVERS:
        cure = "Correct {0}.".format(source.name)
        expected = "one of {0}".format(", ".join(_nic_words.DRIVERS))
        findings.fail(source.name, source.value, expected, cure, "the plan binds ports to vfio-pci, or as nics says")
        return {"nics": nics}
    try:
        wishes = parse_request({"nics": nics})
        devices = _devices.plan_devices(host, read_nodes(host, Notes()), wishes, Notes())
    except Refused:
        return {"nics": nics}  # the plan will say why
    entries = nics if isinstance(nics, list) else re.split(r"[\n;]", nics)
    words = [entry.strip() for entry in entries if entry.strip()]
    word = " driver={0}".format(source.value)
    silent = [wish["driver"] is None and not device["bifurcated"] for wish, device in zip(wishes["nics"], devices)]
    return {"nics": [text + word if add else text for text, add in zip(words, silent)]}


def _carried(given, findings):
    """Parameters for others, which go from the environment to the plan's parameters as they are."""
    carried = {}
    if "vhost_directory" in given:
        name, value = given["vhost_directory"]
        carried[name] = value
        expected = "a directory of QEMU, which makes the sockets of client ports there"
        findings.info(name, value, expected, "Nothing: it is carried on, and is never vhost-sock-dir of Open vSwitch.")
    if "filters" in given:
        name, value = given["filters"]
        carried[name] = ",".join(value)
        if NUMA_FILTER in value:
            findings.info(name, carried[name], NUMA_FILTER, "Nothing: it is carried on to the scheduler's host.")
        else:
            cure = "Add {0}: without it nova does not see NUMA nodes when it places guests.".format(NUMA_FILTER)
            findings.warn(name, carried[name], "{0} among them".format(NUMA_FILTER), cure)
    return carried
