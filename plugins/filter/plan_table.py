# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for people: each NUMA node with its groups of CPUs, then the ports, what to watch, the settings and why."""

import itertools
import re

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cpuset
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._layout import aligned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._notes import counted

DOCUMENTATION = r"""
name: plan_table
author: nfv.ovs_dpdk contributors (@nfv)
version_added: 1.0.0
short_description: Prints a plan as a table
description:
  - Each NUMA node has a heading, and a line for each group of its CPUs that says what runs there.
  - DPDK ports, warnings, the kernel line, the keys of the switch and of nova, and the reasons follow.
options:
  _input:
    description: The RV(nfv.ovs_dpdk.host_plan_info#module:plan) of P(nfv.ovs_dpdk.host_plan_info#module).
    type: dict
    required: true
  width:
    description: Columns to fold the text at, 80 or more. A kernel argument is only broken if it is longer than a line.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ (nfv_ovs_dpdk_plan | nfv.ovs_dpdk.plan_table).splitlines() }}"
"""

RETURN = r"""
_value:
  description: Aligned text of several lines.
  type: string
"""

NARROWEST = 80
INDENT = " " * len("  - ")
# Machines that number their CPUs by turns over the nodes have lists of more than a line.
LONGEST_LIST = 36


def plan_table(plan, width=100):
    """The plan as aligned text; reasons come last, because they are the longest and the least urgent."""
    width = max(width, NARROWEST)
    parts = [_nodes(plan, width), _ports(plan), _warnings(plan, width), _settings(plan, width)]
    parts.append(["Reasons:"] + _items("  - ", plan["reasons"], width))
    return "\n\n".join("\n".join(part) for part in parts if part)


def _nodes(plan, width):
    """A heading for each node, and below it a line for each group of its CPUs."""
    groups = {node["id"]: list(_groups(node, plan)) for node in plan["nodes"]}
    lists = [len(cpus) for rows in groups.values() for _name, cpus, _what in rows]
    column = min(max(lists, default=0), LONGEST_LIST)
    lines = []
    for node in plan["nodes"]:
        lines += _entry("NUMA node {0}: ".format(node["id"]), ", ".join(_heading(node, plan)), width)
        for group in groups[node["id"]]:
            lines += _group_lines(group, column, width)
    offline = plan["cpus"]["offline"]
    return lines + (_entry("Offline CPUs: ", offline, width) if offline else [])


def _heading(node, plan):
    """What the node has: "5888 MiB", "3 cores (6 CPUs)", "2 hugepages of 1G", and so on."""
    yield "memory unknown" if node["memory_mb"] is None else "{0} MiB".format(node["memory_mb"])
    yield "{0} ({1})".format(counted(node["cores"], "core"), _count(node["cpus"])) if node["cores"] else "no CPUs"
    pools = [_pages(row, "count") for row in plan["hugepages"] if row["node"] == node["id"]]
    yield ", ".join(pools) or ("hugepages unknown" if node["hugepages"] is None else "no hugepages")
    yield "OVS memory {0} MiB".format(node["socket_memory_mb"])
    names = [device["interface"] or device["address"] or device["id"] for device in _devices(node, plan)]
    yield "DPDK ports " + " ".join(names) if names else "no DPDK ports"


def _groups(node, plan):
    """(name, CPU list, what runs there) of each group of CPUs; nothing for a node with memory only."""
    kinds = (("housekeeping", "housekeeping", _host), ("PMD threads", "pmd", _pmd), ("guests", "vm", _vm))
    for name, key, runs in kinds if node["cpus"] else ():
        cpus = _cpuset.parse(node[key])
        yield name, node[key], ", ".join(runs(node, plan, cpus)) if cpus else ""


def _host(_node, plan, cpus):
    yield "the host"
    if cpus & _cpuset.parse(plan["isolation"]["irq_cpus"]):
        yield "interrupts"
    lcores = _cpuset.from_mask(plan["masks"]["lcore"] or "0x0")
    if lcores and min(lcores) in cpus:
        yield "other threads of Open vSwitch on CPU {0}".format(min(lcores))


def _pmd(node, plan, cpus):
    queues = sum(device["rxq"] for device in _devices(node, plan))
    yield "poll {0} and vhost-user ports".format(counted(queues, "rx queue")) if queues else "poll vhost-user ports"
    yield from _isolation(plan, cpus)


def _vm(node, plan, cpus):
    pools = [_pages(row, "guests") for row in plan["hugepages"] if row["node"] == node["id"] and row["guests"]]
    yield ", ".join(pools) or ("hugepages unknown" if node["hugepages"] is None else "no hugepages")
    yield from _isolation(plan, cpus)


def _isolation(plan, cpus):
    yield "isolated" if cpus <= _cpuset.parse(plan["cpus"]["isolated"]) else "not isolated"


def _devices(node, plan):
    return [device for device in plan["devices"] if device["numa_node"] == node["id"]]


def _pages(row, key):
    return "{0} of {1}".format(counted(row[key], "hugepage"), row["size"])


def _count(cpus):
    return counted(len(_cpuset.parse(cpus)), "CPU")


def _group_lines(group, column, width):
    """The line of a group; a CPU list of several lines leaves the cells beside it empty."""
    name, cpus, what = group
    first = "  {0:<12}  ".format(name)
    count = "  {0:>8}  ".format(_count(cpus) if cpus else "none")
    lists = _folded(cpus, column)
    texts = _folded(what, width - len(first) - column - len(count))
    for number, (left, right) in enumerate(itertools.zip_longest(lists, texts, fillvalue="")):
        head, middle = (first, count) if number == 0 else (" " * len(first), " " * len(count))
        yield (head + left.ljust(column) + middle + right).rstrip()


def _ports(plan):
    if not plan["devices"]:
        return []
    rows = [("DPDK port", "NUMA node", "interface", "driver", "rx queues", "descriptors", "MTU")]
    for device in plan["devices"]:
        driver = device["driver"] or "{0} (kept)".format(device["kernel_driver"] or "kernel driver")
        values = (device["address"] or device["id"], device["numa_node"], device["interface"] or "-", driver)
        rows.append(tuple(str(value) for value in values + (device["rxq"], device["desc"] or "default", device["mtu"])))
    return aligned(rows, left=len(rows[0]))


def _warnings(plan, width):
    texts = ["{id}: {text}".format(**warning) for warning in plan["warnings"]]
    return ["Warnings:"] + _items("  ! ", texts, width) if texts else []


def _settings(plan, width):
    lines = _entry("Kernel line: ", plan["kernel_args"] or "nothing to add", width)
    for key, value in sorted(plan["other_config"].items()):
        lines += _entry("other_config:{0} = ".format(key), value, width)
    for key in ("cpu_dedicated_set", "cpu_shared_set", "reserved_host_memory_mb"):
        lines += _entry("nova: {0} = ".format(key), str(plan["nova"][key] or "none"), width)
    return lines


def _items(mark, texts, width):
    return [line for text in texts for line in _entry(mark, text, width)]


def _entry(head, text, width):
    lines = _folded(text, width - len(head), width - len(INDENT))
    return [head + lines[0]] + [INDENT + line for line in lines[1:]]


def _folded(text, first, further=None):
    """Lines of at most *first*, then *further* columns, broken at blanks; only longer words also behind commas."""
    lines, room = [""], first
    for word in text.split(" "):
        for number, piece in enumerate([word] if len(word) <= (further or first) else re.split("(?<=,)", word)):
            glue = " " if lines[-1] and number == 0 else ""
            if lines[-1] and len(lines[-1] + glue + piece) > room:
                lines.append(piece)
                room = further or first
            else:
                lines[-1] += glue + piece
    return lines


class FilterModule:
    """Filters for people's eyes."""

    def filters(self):
        return {"plan_table": plan_table}
