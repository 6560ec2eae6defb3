# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of each other_config key: since when, under which name, and what it takes to come into force.

Private to the collection. Python 3.6+, standard library only.
Sources: vswitchd/vswitch.xml and NEWS of Open vSwitch 2.6 to 3.7; lib/dpdk.c for what is read only when EAL starts,
lib/netdev-offload.c (dpif-offload.c since 3.7) for what is read only when offload is switched on.
"""

import collections

from ._errors import Refused

# When a running ovs-vswitchd takes a new value: at once; when DPDK is initialised or hw-offload is switched on (each
# once in the life of a process); when the process starts; switching on at once, but off only at a start.
LIVE, EAL, OFFLOAD, START, ONCE = "live", "eal", "offload", "start", "once"

Key = collections.namedtuple("Key", "since takes kind")
Key.__new__.__defaults__ = (LIVE, None)

KEYS = {
    "dpdk-init": Key((2, 6), ONCE, "init"),
    "dpdk-lcore-mask": Key((2, 6), EAL, "mask"),
    "dpdk-socket-mem": Key((2, 6), EAL),
    "dpdk-alloc-mem": Key((2, 6), EAL),
    "dpdk-socket-limit": Key((2, 11), EAL),
    "dpdk-hugepage-dir": Key((2, 6), EAL),
    "dpdk-extra": Key((2, 6), EAL),
    "dpdk-probe-at-init": Key((4, 0), EAL, "bool"),
    "per-port-memory": Key((2, 10), EAL, "bool"),
    "shared-mempool-config": Key((3, 0), EAL),
    "vhost-sock-dir": Key((2, 6), EAL),
    "vhost-iommu-support": Key((2, 9), EAL, "bool"),
    "vhost-postcopy-support": Key((2, 12), EAL, "bool"),
    "userspace-tso-enable": Key((2, 13), START, "bool"),
    "hw-offload": Key((2, 8), ONCE, "bool"),
    "hw-offload-priority": Key((3, 7), START),
    "n-offload-threads": Key((2, 17), OFFLOAD),
    "offload-rebalance": Key((2, 11), OFFLOAD, "bool"),
    "offloaded-stats-delay": Key((3, 2)),
    "tc-policy": Key((2, 8), OFFLOAD),
    "pmd-cpu-mask": Key((2, 4), LIVE, "mask"),
    "pmd-rxq-assign": Key((2, 11)),
    "pmd-rxq-isolate": Key((2, 16)),
    "pmd-auto-lb": Key((2, 11), LIVE, "bool"),
    "pmd-auto-lb-rebal-interval": Key((2, 11)),
    "pmd-auto-lb-load-threshold": Key((2, 15)),
    "pmd-auto-lb-improvement-threshold": Key((2, 15)),
    "pmd-perf-metrics": Key((2, 10), LIVE, "bool"),
    "pmd-maxsleep": Key((3, 1)),
    "pmd-sleep-max": Key((3, 2)),
    "smc-enable": Key((2, 10), LIVE, "bool"),
    "emc-insert-inv-prob": Key((2, 8)),
    "tx-flush-interval": Key((2, 9)),
    "n-handler-threads": Key((2, 0)),
    "n-revalidator-threads": Key((2, 1)),
    "flow-limit": Key((2, 1)),
    "flow-restore-wait": Key((2, 0)),
    "max-idle": Key((2, 5)),
    "max-revalidator": Key((2, 13)),
    "min-revalidate-pps": Key((2, 0)),
    "stats-update-interval": Key((2, 3)),
    "explicit-sampled-drops": Key((3, 4)),
    "enable-statistics": Key((2, 0)),
    "bundle-idle-timeout": Key((2, 0)),
    "vlan-limit": Key((2, 0)),
}

# old name, new name, first version that knows the new one
RENAMED = (("pmd-maxsleep", "pmd-sleep-max", (3, 2)),)


def parse_version(text):
    """Text such as 3.1.0 as (3, 1, 0); None if nothing is known."""
    return tuple(int(part) for part in text.split(".")) if text else None


def dpdk_wanted(init):
    """Whether a value of dpdk-init asks for DPDK (any case, as OVS reads it)."""
    return (init or "").lower() in ("true", "try")


def meaning(key, value):
    """What OVS makes of a value: booleans as such, masks without their notation, everything else as it is."""
    kind = KEYS[key].kind if key in KEYS else None
    if kind == "bool":
        # OVS: everything but "true" is false for a key whose default is false.
        return (value or "").lower() == "true"
    if kind == "init":
        return dpdk_wanted(value)
    if kind == "mask" and value:
        digits = value.lower()
        digits = digits[2:] if digits.startswith("0x") else digits
        return digits.lstrip("0") or "0"
    return value


def same(key, one, other):
    """Whether two values of a key mean the same to OVS: 0x3c and 3C, false and nothing at all."""
    return one == other or meaning(key, one) == meaning(key, other)


def fits(key, found, wanted):
    """Whether *found* can stay where *wanted* is asked for; "true" is no "try": it would cost the switch."""
    return found == wanted if key == "dpdk-init" else same(key, found, wanted)


def translate(wanted, version):
    """The wanted map with the names that *version* (a tuple or None) understands."""
    result = dict(wanted)
    for old, new, since in RENAMED:
        if old in result and new in result:
            raise Refused(
                "one setting under two names",
                where="other_config",
                found="{0} and {1}".format(old, new),
                expected="one of them",
                cure="Keep {0}; older versions get their own name by themselves.".format(new),
            )
        other, name = (new, old) if version and version < since else (old, new)
        if other in result:
            result[name] = result.pop(other)
    return result


def remarks(wanted, version):
    """Sentences about keys that this version does not know, or that are dangerous."""
    result = []
    for key in sorted(wanted):
        known = KEYS.get(key)
        if known is None:
            result.append("other_config:{0} is not a key known to this collection; it is written as it is.".format(key))
        elif version and version < known.since:
            result.append(
                "other_config:{0} is known since Open vSwitch {1}; this one is {2}.".format(
                    key, _dotted(known.since), _dotted(version)
                )
            )
    if (wanted.get("dpdk-init") or "").lower() == "true":
        result.append(
            "other_config:dpdk-init is true: if DPDK cannot start, ovs-vswitchd aborts and the host loses every "
            "bridge. try starts without DPDK instead."
        )
    return result


def _dotted(version):
    return ".".join(str(part) for part in version)
