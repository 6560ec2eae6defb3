#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: hugepages
short_description: Keep hugepages on each NUMA node, now and after every boot
version_added: "1.0.0"
author: [nfv.ovs_dpdk contributors (@nfv)]
description:
  - Asks the kernel for the pages of each pool (a page size on a NUMA node) and reads back what it gave.
  - After a boot the pages come from exactly one mechanism per pool, the kernel command line or an own early unit.
  - Mounts hugetlbfs for each page size at C(/dev/hugepages-1G), C(/dev/hugepages-2M) and so on. C(/dev/hugepages),
    which systemd mounts, stays as it is, and so does a mount of somebody else that is there already.
  - Pages that this module did not ask for are left alone, and no pool shrinks below what is in use.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  pools:
    description:
      - The pools, as RV(nfv.ovs_dpdk.host_plan_info#module:plan) has them in C(plan.hugepages).
      - These are all pools that shall be ours. Pools of an earlier run that are not among them go back.
    type: list
    elements: dict
    default: []
    suboptions:
      node:
        description: Id of the NUMA node; 0 on a machine without NUMA.
        type: int
        required: true
      size:
        description: Page size with unit, such as V(1G) or V(2M). One of it and O(pools[].size_kb) is needed.
        type: str
      size_kb:
        description: Page size in KiB.
        type: int
      count:
        description: Pages of the pool.
        type: int
        required: true
      persist:
        description:
          - What makes the pages after a boot. V(cmdline) is the kernel line (see M(nfv.ovs_dpdk.kernel_cmdline)).
          - V(unit) is the own unit C(nfv-ovs-dpdk-hugepages.service), for kernels without counts per node.
        type: str
        choices: [cmdline, unit]
        default: cmdline
      ovs:
        description: Pages of them that the plan means for Open vSwitch. Taken so that a row of the plan fits.
        type: int
      guests:
        description: Pages of them that the plan means for guests. Taken so that a row of the plan fits.
        type: int
  mounts:
    description: Whether each page size with pages gets an own mount.
    type: bool
    default: true
  group:
    description: Group that the own mounts belong to; it must exist. V(null) is root.
    type: str
  mode:
    description: Permissions of the own mounts in octal. World-writable ones are refused.
    type: str
    default: "0770"
  reboot_pending:
    description:
      - Whether a reboot is going to come. Then pools with V(cmdline) are left to it, and fewer pages than wanted are no
        failure.
      - Pages and mounts that leave stay until then as well, so that a guest that stops meanwhile can start again. See
        RV(left).
    type: bool
    default: false
  state:
    description:
      - V(absent) gives everything back. Pools return to the pages they had before, unless more are in use, or somebody
        else has changed them since. A mount that is in use stays until a later run. See RV(left).
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: nfv.ovs_dpdk.kernel_cmdline
  - name: HugeTLB Pages
    description: How the kernel manages pools.
    link: https://docs.kernel.org/admin-guide/mm/hugetlbpage.html
"""

EXAMPLES = r"""
- name: Pages as planned
  nfv.ovs_dpdk.hugepages:
    pools: "{{ nfv_ovs_dpdk_plan.hugepages }}"
    group: hugetlbfs
    reboot_pending: "{{ line.reboot_required }}"

- name: Small pages on node 0 by an own unit
  nfv.ovs_dpdk.hugepages:
    pools:
      - {node: 0, size: 2M, count: 512, persist: unit}
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - action: set
      target: /sys/devices/system/node/node0/hugepages/hugepages-1048576kB/nr_hugepages
      before: 0
      after: 2
pools:
  description: The wanted pools as the kernel shows them when the module has run.
  returned: success
  type: list
  elements: dict
  sample: [{"node": 0, "size": "1G", "size_kb": 1048576, "wanted": 2, "found": 2, "free": 2}]
mounts:
  description: Where the wanted page sizes are mounted.
  returned: success
  type: list
  elements: dict
  sample: [{"path": "/dev/hugepages-1G", "size": "1G", "size_kb": 1048576, "mounted": true}]
left:
  description:
    - Pools and mounts of ours that do not go back now, and why. What is in use stays ours until a later run, a pool
      that somebody else has changed does not.
  returned: success
  type: list
  elements: dict
  sample: [{"target": "the pool of 1G on node 0", "reason": "has 1 pages in use"}]
"""

import collections
import contextlib
import grp
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _owned, _pages, _pools, _units
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action, left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import under
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._sizes import render_kb
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

ROOT = "/"
POOLS = "hugepages"
MOUNTS = "mounts"

# What systemd has to be told: unit names, and the changes of their files. *stop* is {unit: path of the mount or None}.
Units = collections.namedtuple("Units", "changes disable stop enable start restart mounts")


def decide_units(state, systemd, nodes, rows, gid, mode, pending):
    """Own units: one for pools without the kernel line, one for each page size to mount (*gid* None: no mounts)."""
    by_unit = [row for row in rows if row.persist == "unit" and row.count]
    early = [(nodes[row.node].pools[row.size_kb].path, row.count) for row in by_unit]
    texts = {_pages.POOLS_UNIT: _pages.pools_unit_text(early) if early else None}
    live, ours, restart, start = _pages.mounts(ROOT), state.section(MOUNTS), [], []
    sizes = sorted({row.size_kb for row in rows if row.count}) if gid is not None else []
    known = {size for node in nodes.values() for size in node.pools}
    mounts = {}
    for size in sizes:
        path, unit, wish = _pages.mount_path(size), _pages.mount_unit(size), _pages.Mount("hugetlbfs", size, gid, mode)
        if path in live and path not in ours:
            _check_foreign(path, live[path], size)
            continue
        texts[unit], mounts[path] = _pages.mount_unit_text(size, gid, mode), {"unit": unit}
        if path in live and live[path] != wish:
            restart.append(unit)
        elif path not in live and size in known:
            start.append(unit)
    if pending:  # the line of today may boot once more, and guests start on its pages
        mounts.update((path, entry) for path, entry in ours.items() if path not in mounts)
    texts.update((entry["unit"], None) for path, entry in ours.items() if path not in mounts)
    files = [(unit, "{0}/{1}".format(_units.DIRECTORY, unit), text) for unit, text in sorted(texts.items())]
    changes = [_owned.decide(state, ROOT, path, text) for _unit, path, text in files]
    there = [unit for unit, path, _text in files if os.path.exists(under(ROOT, path))]
    gone = [unit for unit in there if not texts[unit]]
    enabled = systemd.enabled([unit for unit in there if texts[unit]])
    # A mount that was in use has outlived its unit file.
    running = {entry["unit"]: path for path, entry in ours.items() if path in live and path not in mounts}
    running.update((unit, None) for unit in gone if unit == _pages.POOLS_UNIT)
    return Units(
        [change for change in changes if change],
        gone,
        running,
        [unit for unit in sorted(texts) if texts[unit] and unit not in enabled],
        start,
        restart,
        mounts,
    )


def _check_foreign(path, mount, size_kb):
    if (mount.type, mount.size_kb) != ("hugetlbfs", size_kb):
        raise Refused(
            "something else is mounted where hugepages go",
            where=path,
            found="{0} {1}".format(mount.type, render_kb(mount.size_kb) if mount.size_kb else "").strip(),
            expected="hugetlbfs {0}".format(render_kb(size_kb)),
            cure="Unmount it, or give mounts=false.",
        )


def actions_of(state, units, counts):
    changes, diffs = _owned.described(units.changes)
    actions = [action("disable", unit) for unit in units.disable]
    actions += [action("stop", unit) for unit in sorted(units.stop)] + changes
    if _owned.reload_due(state, units.changes):
        actions.append(action("reload", "systemd"))
    for verb in ("enable", "start", "restart"):
        actions += [action(verb, unit) for unit in getattr(units, verb)]
    actions += [action("set", count.pool.path, before=count.before, after=count.after) for count in counts]
    return actions, diffs


def stop(systemd, units):
    """Stop each by itself; those that stay, because they are mounts in use."""
    busy = {}
    for unit, path in sorted(units.items()):
        try:
            systemd.call("stop", [unit])
        except Failed:
            if path not in _pages.mounts(ROOT):
                raise
            busy[unit] = path
    return busy


def carry_out_units(state, systemd, units):
    """Tell systemd everything; the mounts in use, {unit: path}, stay ours until a later run."""
    recorded = state.section(MOUNTS)
    for path, entry in units.mounts.items():
        if recorded.get(path) != entry:
            state.record(MOUNTS, path, entry)
    if units.disable:
        systemd.call("disable", units.disable)
    busy = stop(systemd, units.stop)
    _owned.carry_out_all(state, ROOT, units.changes, systemd)
    for verb in ("enable", "start", "restart"):
        if getattr(units, verb):
            systemd.call(verb, getattr(units, verb))
    for path in set(recorded) - set(units.mounts) - set(busy.values()):
        state.forget(MOUNTS, path)
    return busy


def carry_out_counts(state, nodes, rows, counts, pending):
    """Ask for the pages, and read back what the kernel gave."""
    state.update(POOLS, _pools.announced(nodes, rows, counts, state.section(POOLS), pending))
    for count in counts:
        _pages.set_count(ROOT, count.pool.path, count.after)
    state.update(POOLS, _pools.settled(_pages.nodes(ROOT), rows, state.section(POOLS), pending))


def report(rows):
    """The wanted pools as they are."""
    nodes, shown = _pages.nodes(ROOT), []
    for row in rows:
        pool = nodes[row.node].pools.get(row.size_kb)
        pages = {"found": _pools.kept(pool) if pool else 0, "free": pool.free if pool else 0}
        shown.append(dict(pages, node=row.node, size=render_kb(row.size_kb), size_kb=row.size_kb, wanted=row.count))
    return shown


def kernel_words(run):
    """What the kernel said of hugepages that it could not give, "" if nothing."""
    lines = run(["dmesg"])[1].splitlines()
    return "; ".join(line for line in lines if re.search(r"huge.*(fail|only|not allocat)", line, re.IGNORECASE))


def check_given(pools, run):
    """Refuse to go on with less than was asked for; the verdict has the same name as the check that proves it."""
    short = [pool for pool in pools if pool["found"] < pool["wanted"]]
    if short:
        nodes, shape = _pages.nodes(ROOT), "{found} of {wanted} pages of {size} on node {node} ({room} MiB free there)"
        room = {pool["node"]: (nodes[pool["node"]].free_kb or 0) // 1024 for pool in short}
        found = [shape.format(room=room[pool["node"]], **pool) for pool in short]
        raise Failed(
            "memory.hugepages: the kernel gives fewer hugepages than wanted",
            found="; ".join(found + [words for words in [kernel_words(run)] if words]),
            cure="Memory is in use or in pieces: reboot, so that the pages are made early, or lower count in pools.",
        )


def owner(module):
    """Group id of the mounts; None if there shall be none."""
    name = module.params["group"]
    if not module.params["mounts"]:
        return None
    try:
        return grp.getgrnam(name).gr_gid if name else 0
    except KeyError:
        if module.check_mode:
            # The package that brings the group may be installed by an earlier task of the real run.
            module.warn("There is no group {0} yet; the mount units are shown with its name.".format(name))
            return name
        raise Refused("no such group", where="group", found=repr(name), cure="Install the package that brings it.")


def work(module):
    run = runner(module)
    parameters, state, systemd = module.params, State(ROOT), _units.Systemd(run)
    absent = parameters["state"] == "absent"
    pending = parameters["reboot_pending"] and not absent
    rows = [] if absent else _pools.requested(parameters["pools"])
    gid, mode = owner(module), _owned.mode_bits(parameters["mode"], "mode")
    with contextlib.ExitStack() as held:
        if not module.check_mode:
            held.enter_context(state.locked())
        nodes = _pages.nodes(ROOT)
        recorded = state.section(POOLS)
        counts, kept = _pools.decide(nodes, rows, recorded, pending), _pools.left_alone(nodes, rows, recorded)
        leaving = _pools.leaving(nodes, rows, recorded) if pending else []
        returned = [(pool, entry) for pool, entry in leaving if not _pools.foreign(pool, entry)]
        _pools.check_memory(nodes, rows, counts, pending, returned)
        units = decide_units(state, systemd, nodes, rows, gid, mode, pending)
        if pending:
            counts, more = until_the_reboot(counts, rows, units)
            kept += more
        actions, diffs = actions_of(state, units, counts)
        if not module.check_mode:
            busy = carry_out_units(state, systemd, units)
            actions = [item for item in actions if item["action"] != "stop" or item["target"] not in busy]
            kept += [left(path, "is in use") for path in sorted(busy.values())]
            carry_out_counts(state, nodes, rows, counts, pending)
        pools = report(rows)
        if not (module.check_mode or pending):
            check_given(pools, run)
    return {"actions": actions, "pools": pools, "mounts": mounts_of(rows), "left": kept, "diff": diffs}


def until_the_reboot(counts, rows, units):
    """What changes before it, and what is told of the rest. While pages leave there may be no room for new ones."""
    waiting = _pools.waiting(counts, rows)
    target, reason = "the pool of {0} on node {1}", "keeps its {0} pages until the reboot"
    told = [
        left(target.format(render_kb(count.pool.size_kb), count.pool.node), reason.format(count.before))
        for count in waiting
    ]
    wanted = {_pages.mount_path(row.size_kb) for row in rows if row.count}
    told += [left(path, "stays until the reboot") for path in sorted(set(units.mounts) - wanted)]
    return [] if waiting else counts, told


def mounts_of(rows):
    live = _pages.mounts(ROOT)
    paths = [(_pages.mount_path(size), size) for size in sorted({row.size_kb for row in rows if row.count})]
    return [{"path": path, "size": render_kb(s), "size_kb": s, "mounted": path in live} for path, s in paths]


def main():
    pool = {
        "node": {"type": "int", "required": True},
        "size": {"type": "str"},
        "size_kb": {"type": "int"},
        "count": {"type": "int", "required": True},
        "persist": {"type": "str", "choices": ["cmdline", "unit"], "default": "cmdline"},
        "ovs": {"type": "int"},
        "guests": {"type": "int"},
    }
    module = AnsibleModule(
        argument_spec={
            "pools": {"type": "list", "elements": "dict", "default": [], "options": pool},
            "mounts": {"type": "bool", "default": True},
            "group": {"type": "str"},
            "mode": {"type": "str", "default": "0770"},
            "reboot_pending": {"type": "bool", "default": False},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
