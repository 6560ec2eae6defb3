# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan tells Open vSwitch: the other_config keys that start DPDK, in the words that every version reads.

Source: Open vSwitch's vswitchd/vswitch.xml and lib/dpdk.c; DPDK's EAL parameters.

Private to the collection. Python 3.6+, standard library only.
"""

import re

from . import _cpuset
from ._errors import Refused
from ._notes import option

# RTE_MAX_LCORE of DPDK's x86 builds: Open vSwitch up to 3.6 passes the mask as -c, and EAL refuses to start with more.
EAL_CPUS = 128

# Short options may have their value glued on; none of them combine. DPDK 25.11 gave all of them long names.
_CORES = re.compile(r"^(-[cl]|--(coremask|lcores)(=|$))")
_MEMORY = re.compile(r"^(-m|--(memory-size|(numa|socket)-(mem|limit)|no-huge)(=|$))")
_CHANNELS = re.compile(r"^(-n|--memory-channels(=|$))")
_DEVICES = re.compile(r"^(-[abw]|--(allow|block|pci-whitelist|pci-blacklist|no-pci)(=|$))")


def lcore_cpus(partition, request, notes):
    """CPUs of dpdk-lcore-mask, or None to leave the key out."""
    wish, words = request["lcore_mask"], request["dpdk_extra"].split()
    if any(_CORES.match(word) for word in words):
        if not isinstance(wish, str):
            raise Refused(
                "two lists of EAL cores",
                where="dpdk_extra",
                found=repr(request["dpdk_extra"]),
                cure="Leave out {0}, or the core option in {1}.".format(option("lcore_mask"), option("dpdk_extra")),
            )
        notes.because("dpdk-lcore-mask is left out: dpdk_extra names the EAL's cores.")
        return None
    if wish == "none":
        notes.because("dpdk-lcore-mask is left out: lcore_mask is none.")
        return None
    if not isinstance(wish, str):
        return _written(wish, partition, notes)
    cpus = partition.housekeeping if wish == "housekeeping" else {min(partition.housekeeping)}
    usable = {cpu for cpu in cpus if cpu < EAL_CPUS}
    if usable != set(cpus):
        notes.warn(
            "lcore-beyond-eal",
            "CPUs {0} are left out of dpdk-lcore-mask: with CPU {1} or above in it, the EAL of Open vSwitch up to 3.6 "
            "does not start.",
            _cpuset.render(set(cpus) - usable),
            EAL_CPUS,
        )
    if not usable:
        return None
    _explain(usable, notes)
    return usable


def _written(cpus, partition, notes):
    online = partition.housekeeping | partition.pmd | partition.vm
    for wrong, what, expected in (
        (cpus - online, "CPUs that are not online", "CPUs out of " + _cpuset.render(online)),
        ({cpu for cpu in cpus if cpu >= EAL_CPUS}, "CPUs that the EAL refuses", "CPUs below {0}".format(EAL_CPUS)),
        (cpus & partition.pmd, "CPUs of PMD threads", "CPUs out of " + _cpuset.render(partition.housekeeping)),
    ):
        if wrong:
            raise Refused(
                "lcore_mask names {0}".format(what),
                found=_cpuset.render(wrong),
                expected=expected,
                cure="Correct {0}, or leave it out.".format(option("lcore_mask")),
            )
    if cpus & partition.vm:
        notes.warn("lcore-on-guest-cpu", "lcore_mask takes CPUs {0} of guests.", _cpuset.render(cpus & partition.vm))
    _explain(cpus, notes)
    return set(cpus)


def _explain(cpus, notes):
    notes.because(
        "dpdk-lcore-mask is CPUs {0}: the main, handler and revalidator threads of Open vSwitch stay on CPU {1}.",
        _cpuset.render(cpus),
        min(cpus),
    )


def socket_lists(nodes, memory, notes):
    """(socket-mem, socket-limit) as EAL's lists: positional by node id, up to the last node that gets memory."""
    given = {node: size for node, size in memory.socket_mb.items() if size}
    if not given:
        return "", None
    text = ",".join(str(given.get(node, 0)) for node in range(max(given) + 1))
    unlimited = sorted(node for node, (ovs, guests) in memory.pages.items() if guests and not ovs)
    if unlimited:
        notes.because(
            "dpdk-socket-limit is left out: node {0} has hugepages for guests only, and 0 in the list means no limit.",
            _cpuset.render(unlimited),
        )
        return text, None
    reason = "dpdk-socket-limit equals dpdk-socket-mem, so that Open vSwitch never takes the guests' hugepages"
    absent = [node for node in range(max(given)) if node not in given]
    if absent:
        reason += "; 0 means no limit and stands for node {0}, which has none".format(_cpuset.render(absent))
    notes.because("{0}.", reason)
    return text, text


def extra_words(devices, request, notes):
    """dpdk-extra: the operator's words, the memory channels, and an allow list of the planned PCI devices."""
    text, words = request["dpdk_extra"], request["dpdk_extra"].split()
    wrong = [word for word in words if _MEMORY.match(word)]
    if wrong:
        raise Refused(
            "dpdk_extra sets memory that the plan computes",
            found=repr(wrong[0]),
            cure="Leave it out of {0} and use {1}, {2} or {3}.".format(
                option("dpdk_extra"), option("memory_model"), option("page_size"), option("reserved_memory")
            ),
        )
    parts = [text] if text else []
    if request["memory_channels"] is not None:
        if any(_CHANNELS.match(word) for word in words):
            raise Refused(
                "two numbers of memory channels",
                where="dpdk_extra",
                found=repr(text),
                cure="Leave out {0}, or -n in {1}.".format(option("memory_channels"), option("dpdk_extra")),
            )
        parts.append("-n {0}".format(request["memory_channels"]))
    if any(_DEVICES.match(word) for word in words):
        notes.because("dpdk-extra holds the operator's own choice of devices.")
    elif devices:
        addresses = sorted({device["address"] for device in devices})
        parts += ["-a " + address for address in addresses]
        notes.because("dpdk-extra allows the planned devices only: otherwise the EAL probes every NIC of the host.")
    return " ".join(parts)


def other_config(partition, lcores, sockets, extra, request):
    """The whole map, sorted by key; texts only."""
    keys = {"dpdk-init": "try"}
    if lcores:
        keys["dpdk-lcore-mask"] = _cpuset.to_mask(lcores)
    if partition.pmd:
        keys["pmd-cpu-mask"] = _cpuset.to_mask(partition.pmd)
    socket_mem, socket_limit = sockets
    if socket_mem:
        keys["dpdk-socket-mem"] = socket_mem
    if socket_limit:
        keys["dpdk-socket-limit"] = socket_limit
    if extra:
        keys["dpdk-extra"] = extra
    if request["memory_model"] == "per-port":
        keys["per-port-memory"] = "true"
    if request["shared_mempool_mtus"]:
        keys["shared-mempool-config"] = ",".join(
            "{mtu}".format(**entry) if entry["node"] is None else "{mtu}:{node}".format(**entry)
            for entry in request["shared_mempool_mtus"]
        )
    keys.update(request["other_config"])
    return {key: keys[key] for key in sorted(keys)}
