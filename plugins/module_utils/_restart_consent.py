# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""May ovs-vswitchd be restarted? What module vswitch_config has answered, beside what the operator has said.

Pure. Private to the collection. Python 3.6+, standard library only.
"""

GO, ASK, LATER = "go", "ask", "later"
COLUMNS = ("other_config:", "external_ids:")
NO_DPDK = "the running ovs-vswitchd has no DPDK"
SWITCH = "openvswitch-switch"
UPGRADE = "the missing packages come with an upgrade of openvswitch-switch, which restarts it"
UNFINISHED = "an interrupted installation of openvswitch-switch is going to be finished, which restarts it"


def judge(config, said, rebooted=False, takeover=(), selected=False, upgraded=(), unfinished=(), drained=False):
    """The verdict on the answer *config*, and what it rests on.

    *said* is "yes", "no" or "unset"; *rebooted*: the host loses its ports in this very run anyway; *drained*: it has
    been rebooted already; *takeover*: keys of somebody else that may be replaced; *selected*: the build with DPDK is
    going to be; *upgraded* and *unfinished*: packages.
    """
    packages = [UPGRADE] if SWITCH in upgraded else []
    packages += [UNFINISHED] if SWITCH in unfinished and config["running"] else []
    reasons = list(config["restart_reasons"])
    if selected and config["running"] and not config["dpdk_version"] and not reasons:
        reasons.append(NO_DPDK)
    reasons += packages
    traffic = [row["text"] for row in config["restart_interrupts"]]
    # Packages come before the reboot, when nobody has moved the guests away.
    answer = verdict(said, drained or (rebooted and not packages), reasons, traffic)
    return {
        "verdict": answer,
        "stops": answer == ASK or (answer == LATER and bool(packages)),  # packages restart the switch, whoever minds
        "reasons": reasons,
        "traffic": traffic,
        "foreign": foreign(config["conflicts"], takeover),
        "settled": config["running"] and config["dpdk_initialized"] and not reasons and not config["actions"],
    }


def verdict(said, rebooted, reasons, traffic):
    """Whether to go on, with the restart if there are *reasons* for one, to ask first, or to do without it."""
    if not reasons or said == "yes":
        return GO
    if said == "no":
        return LATER
    return ASK if traffic and not rebooted else GO


def foreign(conflicts, takeover):
    """Those of *conflicts* that *takeover* does not name; a key without its column is one of other_config."""
    named = [word if word.startswith(COLUMNS) else COLUMNS[0] + word for word in takeover]
    return [row["text"] for row in conflicts if row["entry"] not in named]
