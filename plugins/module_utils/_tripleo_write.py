# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in the words of TripleO: the values that its heat templates want, under the names of one family.

What TripleO has no name for is not there: NICs (they belong to the network configuration), and the allow list of
devices that the plan puts into dpdk-extra.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _cmdline, _cpuset
from ._errors import Refused
from ._tripleo_names import BY_KEY, FAMILIES, SWITCH_KEYS, name_in

TUNED_PROFILE = "cpu-partitioning"


def write(plan, names="ovs"):
    """{parameter: value} of *plan* in the family *names*."""
    if names not in FAMILIES:
        raise Refused(
            "no such family of names",
            found=repr(names),
            expected=" or ".join(FAMILIES),
            cure="Correct names.",
        )
    values = _cpus(plan, names)
    values.update(_memory(plan))
    values.update(_switch(plan))
    drivers = {device["driver"] for device in plan["devices"] if device["driver"]}
    if len(drivers) == 1:
        values["driver"] = drivers.pop()
    values.update(datapath="netdev", enabled=True, kernel_args=_kernel_args(plan))
    found = {name_in(names, key): value for key, value in values.items() if value is not None}
    return {name: found[name] for name in sorted(found)}


def _cpus(plan, names):
    cpus, isolation = plan["cpus"], plan["isolation"]["mechanism"]
    polling = _numbers(_cpuset.parse(cpus["pmd"]))
    # The first releases wanted this one list in quotes of its own.
    quoted = "'{0}'".format(polling) if polling and names == "neutron" else polling
    lcores = _cpuset.from_mask(plan["masks"]["lcore"]) if plan["masks"]["lcore"] else ()
    return {
        "pmd_cpus": quoted or None,
        "vm_cpus": cpus["vm"] or None,
        "shared_cpus": cpus["housekeeping"] or None,
        # Said though it is empty: no list at all would leave the choice to whoever reads this.
        "host_cpus": _numbers(lcores),
        "isolated_cpus": cpus["isolated"] or ("" if isolation == "none" or cpus["vm"] else None),
        "tuned_profile": TUNED_PROFILE if isolation == "tuned" else None,
    }


def _numbers(cpus):
    """Every CPU by itself: the form that each release accepts."""
    return ",".join(str(cpu) for cpu in sorted(cpus))


def _memory(plan):
    nova = plan["nova"]
    rows = ["node:{node},size:{size},count:{count}".format(**row) for row in nova["reserved_huge_pages"]]
    return {
        "socket_memory": plan["socket_memory"] or None,
        "reserved_memory": nova["reserved_host_memory_mb"],
        "reserved_pages": rows or None,
    }


def _switch(plan):
    keys = plan["other_config"]
    extra, channels = _extra(keys.get("dpdk-extra", "").split(), {device["address"] for device in plan["devices"]})
    values = {"dpdk_extra": extra, "memory_channels": channels}
    values["emc_off"] = True if keys.get("emc-insert-inv-prob") == "0" else None
    for key in SWITCH_KEYS:
        if BY_KEY[key].ovs and key in keys:
            values[key] = keys[key] == "true" if BY_KEY[key].kind == "bool" else keys[key]
    return values


def _extra(words, addresses):
    """(the operator's words, the memory channels): what the plan itself put at the end is taken off."""
    allowed = [word for address in sorted(addresses) for word in ("-a", address)]
    if allowed and words[-len(allowed) :] == allowed:
        words = words[: -len(allowed)]
    channels = None
    if len(words) > 1 and words[-2] == "-n" and re.match(r"^[0-9]+\Z", words[-1]):
        words, channels = words[:-2], words[-1]
    return " ".join(words) or None, channels


def _kernel_args(plan):
    """The kernel line; where a unit makes the pages, their number in all, since TripleO has no such unit."""
    tokens = list(plan["kernel_args_tokens"])
    total = sum(row["count"] for row in plan["hugepages"])
    sizes = [position for position, token in enumerate(tokens) if _cmdline.name(token) == "hugepagesz"]
    if sizes and not any(_cmdline.name(token) == "hugepages" for token in tokens):
        tokens.insert(sizes[0] + 1, "hugepages={0}".format(total))
    return " ".join(tokens) or None
