# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placements of rx queues for people: what each PMD thread has to do, now and otherwise, and what to do about it."""

import textwrap

from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._layout import aligned

DOCUMENTATION = r"""
name: rebalance_table
author: nfv.ovs_dpdk contributors (@nfv)
version_added: 1.0.0
short_description: Prints placements of rx queues and the advice as a table
description:
  - One line for each PMD thread with its load now, with each algorithm of Open vSwitch, and at best; then the queues,
    then the advice.
  - With O(before) it shows what each thread had and has instead, and says whether the busiest one was relieved.
options:
  _input:
    description: The result of M(nfv.ovs_dpdk.pmd_rxq_plan_info).
    type: dict
    required: true
  before:
    description: An earlier result to compare with.
    type: dict
  width:
    description: Columns to wrap sentences at.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Show the placements
  ansible.builtin.debug:
    msg: "{{ (rxq | nfv.ovs_dpdk.rebalance_table).splitlines() }}"
"""

RETURN = r"""
_value:
  description: Aligned text of several lines.
  type: string
"""

PLACEMENTS = ("current", "roundrobin", "cycles", "group", "best")
NOBODY = "-"


def rebalance_table(result, before=None, width=100):
    """The placements as aligned text."""
    parts = [_comparison(before, result)] if before else [_threads(result), _queues(result), _advice(result, width)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _known(result):
    return [name for name in PLACEMENTS if result[name]]


def _cores(placement):
    return {(row["port"], row["queue_id"]): row["core_id"] for row in placement["assignment"]}


def _held(result, placement):
    """{core: load}"""
    cores = _cores(placement)
    loads = {row["core_id"]: 0 for row in result["pmds"]}
    for queue in result["loads"]:
        core = cores[queue["port"], queue["queue_id"]]
        if core in loads:
            loads[core] += queue["load"]
    return loads


def _threads(result):
    """Loads of the threads, and of the busiest one; a * stands behind threads with pinned queues only."""
    if not result["pmds"]:
        return ["There is no PMD thread: no port needs one, or pmd-cpu-mask names none of the machine's CPUs."]
    names = _known(result)
    held = {name: _held(result, result[name]) for name in names}
    rows = [["PMD thread", "NUMA node"] + names]
    for row in result["pmds"]:
        core = row["core_id"]
        thread = "core {0}{1}".format(core, "*" if row["isolated"] else "")
        rows.append([thread, str(row["numa_id"])] + [_percent(held[name][core]) for name in names])
    rows.append(["busiest", ""] + [_percent(result[name]["max_load"]) for name in names])
    rows.append(["variance", ""] + [str(result[name]["variance"]) for name in names])
    return aligned(rows, left=1)


def _queues(result):
    """Who polls each queue, now and otherwise."""
    names = _known(result)
    cores = {name: _cores(result[name]) for name in names}
    rows = [["port", "queue", "NUMA node", "load"] + names + ["pinned"]]
    for queue in result["loads"]:
        key = (queue["port"], queue["queue_id"])
        places = [NOBODY if cores[name][key] is None else str(cores[name][key]) for name in names]
        pinned = "" if queue["pinned_core"] is None else str(queue["pinned_core"])
        state = "" if queue["enabled"] else " (disabled)"
        rows.append([queue["port"] + state, str(queue["queue_id"]), str(queue["numa_id"]), _percent(queue["load"])])
        rows[-1] += places + [pinned]
    return aligned(rows, left=1) if len(rows) > 1 else []


def _advice(result, width):
    lines = ["Advice:"] if result["advice"] else []
    for number, advice in enumerate(result["advice"], 1):
        by_hand = "" if advice["writable"] or advice["cure"] == "nothing" else " (by hand)"
        text = "{0}. {1}{2}: {3}".format(number, advice["cure"], by_hand, advice["reason"])
        lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="     ", break_on_hyphens=False)
        settings = ["other_config:{0} = {1}".format(*item) for item in sorted(advice["other_config"].items())]
        pins = [_pin(pin) for pin in advice["pins"]] + [_pin(pin) + " (not ours)" for pin in advice["others_pins"]]
        lines += ["     " + line for line in settings + pins]
    return lines


def _pin(pin):
    return "{port} queue {queue_id} on core {core_id}".format(**pin)


def _comparison(before, after):
    """What each thread had and has, and the verdict."""
    placements = [(each, each["current"]) for each in (before, after)]
    loads = [_held(*each) for each in placements]
    nodes = {row["core_id"]: row["numa_id"] for each in (before, after) for row in each["pmds"]}
    rows = [["PMD thread", "NUMA node", "before", "now"]]
    for core in sorted(nodes):
        rows.append(["core {0}".format(core), str(nodes[core])] + [_percent(each.get(core)) for each in loads])
    total = [sum(queue["load"] for queue in each["loads"]) for each in (before, after)]
    rows.append(["all queues", ""] + [_percent(each) for each in total])
    was, has = (placement["max_load"] for _result, placement in placements)
    verdict = "went down" if has < was else "did not go down"
    sentence = "The load of the busiest thread {0}: from {1} to {2}.".format(verdict, _percent(was), _percent(has))
    return aligned(rows, left=1) + ["", sentence]


def _percent(load):
    return NOBODY if load is None else "{0:.0f} %".format(load)


class FilterModule:
    """Filters for people's eyes."""

    def filters(self):
        return {"rebalance_table": rebalance_table}
