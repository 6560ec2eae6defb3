# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about the switch as a whole: does it live, and does it use the settings that it was given?

Private to the collection. Python 3.6+, standard library only.
Source: ovs-vswitchd.conf.db(5).
"""

import difflib

from . import _cpuset, _keys
from ._errors import Refused
from ._verdicts import fail, ok, quoted, skip, warn

# The options of EAL that OVS makes of a key; it leaves the key aside where dpdk-extra has one of them. The first one
# of those with a single form can be compared with what EAL was started with.
EAL_OPTIONS = {
    "dpdk-alloc-mem": ("-m",),
    "dpdk-hugepage-dir": ("--huge-dir",),
    "dpdk-lcore-mask": ("-c", "-l", "--lcores"),
    "dpdk-socket-limit": ("--socket-limit",),
    "dpdk-socket-mem": ("--socket-mem",),
}


def daemon(evidence):
    """ovs-vswitchd runs and answers. If not, nothing else can be said about the switch."""
    if evidence["silent"]:
        cure = "systemctl status ovs-vswitchd; its log says why."
        yield fail(None, evidence["silent"], "a running ovs-vswitchd that answers", cure)
    else:
        yield ok("Open vSwitch {0}, process {1}".format(evidence["version"], evidence["pid"]))


def in_sync(evidence):
    """The daemon has carried out what the database says."""
    row = evidence["open_vswitch"]
    if row["cur_cfg"] != row["next_cfg"]:
        yield fail(
            None,
            "the daemon is at configuration {0} of {1}".format(row["cur_cfg"], row["next_cfg"]),
            "the same number",
            "The daemon is busy or stuck: look into its log, then run again.",
        )
    yield ok("configuration {0}".format(row["cur_cfg"]))


def dpdk_initialized(evidence):
    """DPDK came up."""
    if not evidence["plan"] and not evidence["dpdk_wanted"]:
        yield skip("no DPDK is asked for")
    elif not evidence["open_vswitch"]["dpdk_initialized"]:
        asked = evidence["open_vswitch"]["other_config"].get("dpdk-init")
        yield fail(
            None,
            "dpdk_initialized is false, dpdk-init is {0}{1}".format(
                asked or "unset", quoted(evidence, "switch.dpdk_initialized")
            ),
            "true",
            "A process tries only once: cure what the log says, then restart ovs-vswitchd.",
        )
    yield ok("initialised, {0}".format(evidence["open_vswitch"]["dpdk_version"]))


def keys(evidence):
    """other_config says what the plan says."""
    found = evidence["open_vswitch"]["other_config"]
    wanted = _keys.translate(evidence["plan"]["other_config"], _keys.parse_version(evidence["version"]))
    for key, value in sorted(wanted.items()):
        if key not in found or not _keys.fits(key, found[key], str(value)):
            yield fail(
                "other_config:" + key,
                repr(found[key]) if key in found else "unset",
                repr(str(value)),
                "Role openvswitch sets it (module vswitch_config).",
            )
    yield ok("{0} keys as planned".format(len(wanted)))


def deprecated(evidence):
    """Nothing that a later version drops is in use."""
    version = _keys.parse_version(evidence["version"])
    for old, new, since in _keys.RENAMED:
        if old in evidence["open_vswitch"]["other_config"] and version and version >= since:
            found = "set" + quoted(evidence, "switch.deprecated_keys")
            yield warn("other_config:" + old, found, "the new name " + new, "Set {0} and remove {1}.".format(new, old))
    for row in evidence["interfaces"]:
        if row["type"] == "dpdkvhostuser":
            yield warn(
                row["name"],
                "type dpdkvhostuser: a restart of the switch cuts the guest off",
                "dpdkvhostuserclient",
                "Let the guest's QEMU make the socket (server=on) and use a client port.",
            )
    yield ok("nothing deprecated is in use")


def unknown(evidence):
    """Every key of other_config is one that this version knows: others are ignored without a word."""
    version = _keys.parse_version(evidence["version"])
    for key in sorted(evidence["open_vswitch"]["other_config"]):
        known = _keys.KEYS.get(key)
        if known is None:
            close = difflib.get_close_matches(key, _keys.KEYS, 1)
            hint = "Did you mean {0}?".format(close[0]) if close else "Remove it if nobody else needs it."
            yield warn("other_config:" + key, "not a key of Open vSwitch", "a known key", hint)
        elif version and version < known.since:
            found = "known since Open vSwitch " + ".".join(str(part) for part in known.since)
            yield warn("other_config:" + key, found, evidence["version"], "Upgrade, or drop the key.")
    yield ok("{0} keys, all known".format(len(evidence["open_vswitch"]["other_config"])))


def values(evidence):
    """Values mean what they look like: the switch replaces what it cannot read by a default, or worse."""
    config = evidence["open_vswitch"]["other_config"]
    for key, value in sorted(config.items()):
        kind = _keys.KEYS[key].kind if key in _keys.KEYS else None
        problem, expected = _READERS.get(kind or key, _anything)(value, evidence)
        if problem:
            found = "{0!r}: {1}{2}".format(value, problem, quoted(evidence, "switch.values"))
            yield fail("other_config:" + key, found, expected, "Write it anew (role openvswitch).")
    if config.get("pmd-rxq-isolate", "").lower() == "false" and config.get("pmd-rxq-assign") != "group":
        yield _without_effect("pmd-rxq-isolate", "pins isolate all the same", "with pmd-rxq-assign=group")
    if "dpdk-alloc-mem" in config and "dpdk-socket-mem" in config:
        yield _without_effect("dpdk-alloc-mem", "dpdk-socket-mem is used", "one of them")
    words = {word.split("=")[0] for word in config.get("dpdk-extra", "").split()}
    for key, options in sorted(EAL_OPTIONS.items()):
        if key in config and words & set(options):
            yield _without_effect(key, "dpdk-extra has its option already", "one of them")
    yield ok("all values can be read")


def _without_effect(key, found, expected):
    return warn("other_config:" + key, "no effect: " + found, expected, "Remove one of the two (role openvswitch).")


def _anything(_value, _evidence):
    return None, None


def _boolean(value, _evidence):
    return None if value.lower() in ("true", "false") else "counts as false", "true or false"


def _isolation(value, _evidence):
    # Its default is true, so that only "false" is false.
    return None if value.lower() in ("true", "false") else "counts as true", "true or false"


def _init(value, _evidence):
    return None if value.lower() in ("true", "false", "try") else "counts as false", "try"


def _assignment(value, _evidence):
    known = ("cycles", "roundrobin", "group")
    return None if value in known else "counts as cycles", " or ".join(known)


def _mask(value, evidence):
    expected = "hexadecimal digits, no commas, online CPUs"
    if "," in value:
        return "every character counts four CPUs, the comma too: the CPUs are shifted", expected
    try:
        cpus = _cpuset.from_mask(value) if value else set()
    except Refused:
        return "has characters that are not hexadecimal", expected
    missing = cpus - set(evidence["host"]["cpus"]["online"])
    if missing and evidence["system_switch"]:
        return "CPUs {0} are not online, no thread comes for them".format(_cpuset.render(missing)), expected
    return None, expected


_READERS = {
    "bool": _boolean,
    "init": _init,
    "mask": _mask,
    "pmd-rxq-assign": _assignment,
    "pmd-rxq-isolate": _isolation,
}


def restart_pending(evidence):
    """What only a start brings into force is in force."""
    row = evidence["open_vswitch"]
    reasons = list(evidence["restart_reasons"])
    words = evidence["eal_arguments"]
    if words is not None and row["dpdk_initialized"]:
        reasons += [reason for reason in _eal_differences(row["other_config"], words) if reason not in reasons]
    for reason in reasons:
        yield warn(None, reason, "what the database says", "Restart ovs-vswitchd when the guests can bear it.")
    yield ok("the running process uses what the database says")


def _eal_differences(config, words):
    extra = config.get("dpdk-extra", "").split()
    if words[: len(extra)] != extra:
        yield "dpdk-extra is '{0}', EAL was started with '{1}'".format(" ".join(extra), " ".join(words))
    for key, (option, *others) in sorted(EAL_OPTIONS.items()):
        if key in config and option not in extra and not others:
            given = words[words.index(option) + 1] if option in words[:-1] else "unset"
            if given != config[key]:
                yield "{0} is '{1}', EAL was started with '{2}'".format(key, config[key], given)


def datapath_drops(evidence):
    """The datapath itself drops nothing."""
    grown, seconds = evidence["growth"]["coverage"], evidence["growth"]["seconds"]
    for name in sorted(grown):
        # A flow may drop on purpose (drop_action_of_pipeline): only drops of the datapath are faults.
        if (name.startswith("datapath_drop_") or name == "vhost_tx_contention") and grown[name]:
            yield warn(
                name,
                "{0} within {1:.1f} s".format(grown[name], seconds),
                "none",
                "The name says why (upcall_error: more new flows than can be handled); see ovs-appctl coverage/show.",
            )
    yield ok("no drops of the datapath itself within {0:.1f} s".format(seconds))
