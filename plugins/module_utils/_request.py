# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's request: what was written as text, list or mapping, as plain data that needs no more parsing.

Everything here is known without a machine: whether a node or NIC exists is for those who decide.
Blank text and an empty list mean what null means: the option was not given (an AWX survey cannot say null).

Per-node amounts become {"all": value or None, "nodes": {node: value}}.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _cpuset, _nic_words, _sizes
from ._errors import Refused
from ._nic_words import MTU_RANGE
from ._notes import option

CHOICES = {
    "isolation": ("kernel", "tuned", "none"),
    "memory_model": ("shared", "per-port"),
    "lcore_mask": ("housekeeping", "first", "none"),
}
# Keys of Open_vSwitch other_config that belong to the plan, and the option that steers each (none for dpdk-init).
PLANNED_KEYS = {
    "dpdk-init": None,
    "dpdk-lcore-mask": "lcore_mask",
    "pmd-cpu-mask": "pmd_cpus",
    "dpdk-socket-mem": "memory_model",
    "dpdk-socket-limit": "memory_model",
    "dpdk-alloc-mem": "memory_model",
    "dpdk-extra": "dpdk_extra",
    "per-port-memory": "memory_model",
    "shared-mempool-config": "shared_mempool_mtus",
}

_PERCENT = re.compile(r"^([0-9]{1,3})%\Z")


def parse_request(options):
    """The request in *options* (a dict of the options of host_plan_info) as data, or Refused."""

    def given(name):
        value = options.get(name)
        return None if value in ("", [], {}) or (isinstance(value, str) and not value.strip()) else value

    request = {
        "nics": _nic_words.parse(given("nics")),
        "isolation": _choice("isolation", given("isolation")),
        "isolate_guests": given("isolate_guests") is not False,
        "page_size_kb": _page_size(given("page_size")),
        "vm_memory": _per_node("vm_memory", given("vm_memory"), _guest_memory),
        "reserved_memory": _per_node("reserved_memory", given("reserved_memory"), _reserved),
        "memory_model": _choice("memory_model", given("memory_model")),
        "shared_mempool_mtus": _mempool_mtus(given("shared_mempool_mtus")),
        "vhost_ports": _whole("vhost_ports", given("vhost_ports"), (0, 4096), 0),
        "vhost_mtu": _whole("vhost_mtu", given("vhost_mtu"), MTU_RANGE, 1500),
        "memory_channels": _whole("memory_channels", given("memory_channels"), (1, 32), None),
        "lcore_mask": _lcore_mask(given("lcore_mask")),
        "dpdk_extra": " ".join(str(given("dpdk_extra") or "").split("\n")).strip(),
        "other_config": _other_config(given("other_config")),
    }
    for name in ("pmd_cores", "pmd_cores_no_nic", "housekeeping_cores"):
        request[name] = _per_node(name, given(name), _count)
    for name in ("pmd_cpus", "housekeeping_cpus", "vm_cpus"):
        request[name] = _cpus(name, given(name))
    _check_together(request)
    return request


def _whole(name, value, bounds, default):
    if value is None:
        return default
    return _sizes.whole(value, bounds, "not a valid {0}".format(name), "Correct {0}.".format(option(name)))


def _choice(name, value):
    words = CHOICES[name]
    if value is None:
        return words[0]
    if str(value) not in words:
        raise Refused(
            "not a valid {0}".format(name),
            found=repr(value),
            expected="one of {0}".format(", ".join(words)),
            cure="Correct {0}.".format(option(name)),
        )
    return str(value)


def _count(name, text):
    return _whole(name, text, (0, 4096), 0)


def _reserved(name, text):
    return _sizes.to_mb(text, "an amount of memory", "M", name, "Correct {0}.".format(option(name)))


def _guest_memory(name, text):
    percent = _PERCENT.match(str(text).strip())
    if percent and int(percent.group(1)) <= 100:
        return {"percent": int(percent.group(1))}
    cure = "Write {0} with a unit: 80%, 16G, or 0:16G,1:8G.".format(option(name))
    return {"mb": _sizes.to_mb(text, "an amount of memory or a percentage", None, name, cure)}


def _per_node(name, value, parse):
    """One value for all nodes, or pairs: "0:2,1:1", ["0:2", "1:1"], {0: 2, 1: 1}."""
    amount = {"all": None, "nodes": {}}
    if value is None:
        return amount
    if isinstance(value, dict):
        pairs = [(str(node), text) for node, text in value.items()]
    else:
        items = value if isinstance(value, (list, tuple)) else re.split(r"[,;\s]+", str(value).strip())
        if len(items) == 1 and ":" not in str(items[0]):
            amount["all"] = parse(name, items[0])
            return amount
        pairs = [str(item).partition(":")[::2] for item in items if str(item).strip()]
    for node, text in pairs or [("", None)]:  # nothing but commas is no way to leave an option out
        if not re.match(r"^[0-9]{1,5}\Z", node.strip()) or text is None or str(text).strip() == "":
            raise Refused(
                "not a valid {0}".format(name),
                found=repr(value),
                expected="one value, or node:value pairs such as 0:2,1:1",
                cure="Correct {0}, and put quotes around pairs in YAML.".format(option(name)),
            )
        if int(node) in amount["nodes"]:
            raise Refused(
                "{0} names NUMA node {1} twice".format(name, int(node)),
                found=repr(value),
                cure="Correct {0}.".format(option(name)),
            )
        amount["nodes"][int(node)] = parse(name, text)
    return amount


def _cpus(name, value):
    if value is None:
        return None
    try:
        cpus = frozenset(_cpuset.parse(value, exclusions=True))
    except Refused as exc:
        raise Refused(**dict(exc.parts, where=name, cure="Correct {0}.".format(option(name))))
    if not cpus:
        raise Refused(
            "{0} names no CPU".format(name),
            found=repr(value),
            expected="a list like 0-3,8",
            cure="Correct {0}, or leave it out.".format(option(name)),
        )
    return cpus


def _page_size(value):
    if value is None:
        return None
    cure = "Write {0} as 1G, 2M or a page size of this architecture.".format(option("page_size"))
    return _sizes.to_kb(value, "a page size", None, "page_size", cure)


def _mempool_mtus(value):
    """Entries such as {"mtu": 1500, "node": 1}, which is 1500:1 in shared-mempool-config; no node means all."""
    if value is None:
        return []
    items = value if isinstance(value, (list, tuple)) else re.split(r"[,;\s]+", str(value).strip())
    found = []
    for item in items:
        words = (item, "", "") if isinstance(item, (dict, list)) else str(item).strip().partition(":")
        mtu, colon, node = words
        mtu = _whole("shared_mempool_mtus", mtu, MTU_RANGE, None)
        found.append({"mtu": mtu, "node": _whole("shared_mempool_mtus", node, (0, 65535), None) if colon else None})
    return found


def _lcore_mask(value):
    """One of the words, or a CPU list."""
    if value is None or str(value) in CHOICES["lcore_mask"]:
        return str(value or "housekeeping")
    return _cpus("lcore_mask", value)


def _other_config(value):
    """{"key": "text"} of a mapping, of "key=value" lines or of a list of them; truth values as OVS writes them."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        lines = value if isinstance(value, (list, tuple)) else re.split(r"[\n;]", str(value))
        pairs = [str(line).strip().partition("=") for line in lines if str(line).strip()]
        value = {key.strip(): text.strip() if equals else None for key, equals, text in pairs}
    found = {}
    for key in sorted(value, key=str):
        text = value[key]
        if text is None or isinstance(text, (dict, list)) or not re.match(r"^[A-Za-z0-9_.:-]+\Z", str(key)):
            raise Refused(
                "not a valid other_config entry",
                found=repr(str(key)) if text is None else "{0}={1!r}".format(key, text),
                expected="key=value, or a mapping of keys to texts",
                cure="Correct {0}.".format(option("other_config")),
            )
        found[str(key)] = str(text).lower() if isinstance(text, bool) else str(text)
    return found


def _check_together(request):
    """What contradicts itself whatever the machine is."""
    cores, no_nic = request["pmd_cores"]["nodes"], request["pmd_cores_no_nic"]["nodes"]
    for node in sorted(set(cores) & set(no_nic)):
        if cores[node] != no_nic[node]:
            raise Refused(
                "two different numbers of PMD cores for NUMA node {0}".format(node),
                found="{0} and {1}".format(cores[node], no_nic[node]),
                cure="Name the node in {0} or in {1} only.".format(option("pmd_cores"), option("pmd_cores_no_nic")),
            )
    if request["memory_model"] == "per-port" and request["shared_mempool_mtus"]:
        raise Refused(
            "per-port memory has no shared mempools to configure",
            found="shared_mempool_mtus with memory_model per-port",
            cure="Leave out {0}, or set {1} to shared.".format(option("shared_mempool_mtus"), option("memory_model")),
        )
    for key in sorted(set(request["other_config"]) & set(PLANNED_KEYS)):
        steering = PLANNED_KEYS[key]
        raise Refused(
            "other_config sets a key that the plan computes",
            where=key,
            found=repr(request["other_config"][key]),
            cure="Leave it out of {0}{1}.".format(
                option("other_config"), " and use {0}".format(option(steering)) if steering else ""
            ),
        )
