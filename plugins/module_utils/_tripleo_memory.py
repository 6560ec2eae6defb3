# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The memory of an environment: hugepages of its kernel line, and the amounts for Open vSwitch, held against the plan.

The environment counts all pages of a machine or of a node; the plan wants the guests' share. So the plan is made once
without it, which tells what Open vSwitch takes and what a node can give, and then again.

Private to the collection. Python 3.6+, standard library only.
"""

import collections

from . import _cmdline, _cpuset, _sizes
from ._notes import counted
from ._tripleo_values import instead_of

# One pool of the environment: count is a number for the machine, a set of (node, number), or None.
Pool = collections.namedtuple("Pool", "name size_kb count text")


def tokens_of(given, findings):
    """(name, kernel tokens) with the pages of Hugepages, which wins over those of the kernel line."""
    line, pools = given.get("kernel_args"), given.get("hugepages")
    if not pools:
        return (line.name, line.value) if line else (None, [])
    rest = [token for token in (line.value if line else []) if _cmdline.name(token) not in _cmdline.PAGE_NAMES]
    if line and len(rest) != len(line.value):
        found = "hugepages in {0} and in {1}".format(line.name, pools.name)
        findings.warn(line.name, found, "one place", "Take them out of {0}: {1} wins.".format(line.name, pools.name))
    return pools.name, pools.value + rest


def pool_of(name, tokens, host, findings):
    """The pool that counts, or None: of several sizes the default one."""
    settings = _cmdline.settings(tokens)
    counts = collections.OrderedDict((s.key[1], s) for s in settings if s.key[0] == "hugepages")
    default = next((s for s in settings if s.key == ("default_hugepagesz",)), None)
    if not counts and default is None:
        return None
    size = default.value if default and (default.value in counts or not counts) else next(iter(counts))
    _say_sizes(name, settings, findings)
    chosen = counts.get(size, default)
    size_kb = _size_kb(name, size, chosen, host, findings)
    if size_kb is None:
        return None
    for other in [counts[key] for key in counts if key != size]:
        findings.fail(
            name,
            " ".join(other.tokens),
            "pools of one size",
            "Keep the {0} pages only.".format(_sizes.render_kb(size_kb)),
            "the plan makes {pages}",
        )
    return Pool(name, size_kb, chosen.value if chosen is not default else None, " ".join(chosen.tokens))


def _say_sizes(name, settings, findings):
    for token in [token for setting in settings for token in setting.tokens if "hugepagesz" in token]:
        size = _cmdline.size_bytes(token.partition("=")[2])
        if token[-1:] in "bB" and size:
            same = "{0}={1}".format(token.partition("=")[0], _sizes.render_kb(size // 1024))
            findings.info(name, token, same, "Nothing: the kernel reads both alike.")


def _size_kb(name, size, setting, host, findings):
    """KiB of a page size that this machine has, or None."""
    known = sorted(host["page_sizes_kb"])
    token = next((token for token in setting.tokens if "hugepagesz" in token), "no hugepagesz=") if setting else ""
    if isinstance(size, int) and size >= 1024 and (not known or size // 1024 in known):
        return size // 1024
    found = token if not isinstance(size, int) or size >= 1048576 else "{0}, which is {1} bytes".format(token, size)
    sizes = " or ".join("hugepagesz=" + _sizes.render_kb(kb) for kb in known) or "a size with unit"
    cure = "Write the size with its unit, and one that the CPU has."
    findings.fail(name, found, sizes, cure, "the plan makes {pages}")
    return None


def guest_memory(pool, plan, findings):
    """Option vm_memory of a pool's count, given the *plan* in which guests get all that is left; None to leave it."""
    if pool.count is None or any(node["hugepages"] is None for node in plan["nodes"]):
        return None
    rows = {node["id"]: {"ovs": 0, "count": 0} for node in plan["nodes"]}
    rows.update((row["node"], row) for row in plan["hugepages"])
    if not isinstance(pool.count, (int, frozenset)):
        expected = "a number, or node:number pairs"
        findings.fail(pool.name, pool.text, expected, "Correct the count.", instead_of("hugepages"))
        return None
    if isinstance(pool.count, int):
        return _for_all(pool, rows, findings)
    return _for_each(pool, rows, findings)


def _for_all(pool, rows, findings):
    taken, most = sum(row["ovs"] for row in rows.values()), sum(row["count"] for row in rows.values())
    if not taken <= pool.count <= most:
        has = ["{0} on node {1}".format(rows[node]["count"], node) for node in sorted(rows)]
        limit = "at least the {0} of Open vSwitch".format(taken) if pool.count < taken else "at most {0} ({1})"
        _wrong_count(pool, pool.text, limit.format(most, ", ".join(has)), findings)
        return None
    able = [row for row in rows.values() if row["count"]]
    if len(able) > 1:
        found = "{0}, for {1} together".format(pool.text, counted(len(able), "NUMA node"))
        cure = "Nothing: the plan counts per node, so that each gets what it is to have."
        findings.info(pool.name, found, "a count for each node", cure)
    return _sizes.render_kb((pool.count - taken) * pool.size_kb)


def _for_each(pool, rows, findings):
    counts = dict(pool.count)
    wrong = False
    for node in sorted(set(counts) | set(rows)):
        count, row = counts.get(node, 0), rows.get(node, {"ovs": 0, "count": 0})
        if not row["ovs"] <= count <= row["count"]:
            found = "{0} on node {1}".format(counted(count, "page"), node)
            expected = "at least the {ovs} of Open vSwitch" if count < row["ovs"] else "at most {count}"
            _wrong_count(pool, found, expected.format(**row), findings)
            wrong = True
    if wrong:
        return None
    able = [node for node in sorted(rows) if rows[node]["count"]]
    guests = [(node, (counts.get(node, 0) - rows[node]["ovs"]) * pool.size_kb) for node in able]
    return ",".join("{0}:{1}".format(node, _sizes.render_kb(size)) for node, size in guests) or None


def _wrong_count(pool, found, expected, findings):
    expected = "{0} of {1}".format(expected, _sizes.render_kb(pool.size_kb)) if "(" not in expected else expected
    findings.fail(pool.name, found, expected, "Correct the count.", instead_of("hugepages"))


def check_sockets(given, plan, findings):
    """Hold the amounts for Open vSwitch, which are listed by node id, against what the plan needs."""
    if "socket_memory" not in given or plan is None:
        return
    name, amounts = given["socket_memory"]
    nodes = {node["id"]: node for node in plan["nodes"]}
    cure, instead = "Write {0}.".format(plan["socket_memory"] or "no list"), instead_of("socket_memory")
    for node in range(len(amounts)):
        if node not in nodes and (amounts[node] or node > max(nodes)):
            found = "entry {0} is {1} MiB, for node {2}".format(node + 1, amounts[node], node)
            expected = "entries by node id; this machine has {0}".format(_named(nodes))
            findings.fail(name, found, expected, cure, instead)
    for number in sorted(nodes):
        node, amount = nodes[number], amounts[number] if number < len(amounts) else None
        _check_socket(name, node, amount, (cure, instead), findings)


def _named(nodes):
    return "node{0} {1}".format("" if len(nodes) == 1 else "s", _cpuset.render(nodes))


def _check_socket(name, node, amount, words, findings):
    needed = node["socket_memory_mb"]
    found = "no entry" if amount is None else "{0} MiB".format(amount)
    found = "{0} for node {1}".format(found, node["id"])
    if node["nics"]:
        found += ", which has DPDK NIC {0}".format(", ".join(node["nics"]))
    expected = "{0} MiB".format(needed)
    if (amount or 0) > needed:
        if needed:
            findings.info(name, found, expected, "Nothing: the plan takes less, and guests get the rest.")
        else:
            findings.fail(name, found, "nothing: Open vSwitch does not work there", *words)
    elif (amount or 0) < needed:
        if node["nics"] or amount is None:
            findings.fail(name, found, expected, *words)
        else:
            cure = "Guests' ports there may find no packet buffers. The plan gives {0} MiB.".format(needed)
            findings.warn(name, found, expected, cure)


def check_reserved_pages(given, plan, findings):
    """nova is to leave alone the pages that Open vSwitch gets, no more and no less."""
    if "reserved_pages" not in given or plan is None:
        return
    planned = {(row["node"], row["size"], row["count"]) for row in plan["nova"]["reserved_huge_pages"]}
    if given["reserved_pages"].value != planned:
        found, expected = (_in_words(rows) for rows in (given["reserved_pages"].value, planned))
        findings.warn(given["reserved_pages"].name, found, expected, "Reserve what Open vSwitch gets in the plan.")


def _in_words(rows):
    return (
        ", ".join("{2} x {3} on node {0}".format(*(row + (_sizes.render_kb(row[1]),))) for row in sorted(rows))
        or "none"
    )
