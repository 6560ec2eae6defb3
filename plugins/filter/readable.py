# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read: the plan at a glance, and one line per host at the end of a play."""


def plan_table(plan):
    """The plan as aligned text: a table of NUMA nodes, ports, memory, kernel line, reasons and warnings."""
    parts = [_nodes(plan), _ports(plan), _settings(plan)]
    parts.append(["Reasons:"] + ["  - " + reason for reason in plan["reasons"]])
    if plan["warnings"]:
        parts.append(["Warnings:"] + ["  ! {id}: {text}".format(**warning) for warning in plan["warnings"]])
    return "\n\n".join("\n".join(part) for part in parts if part)


def _nodes(plan):
    rows = [("NUMA node", "memory", "housekeeping", "PMD threads", "guests", "OVS memory", "hugepages")]
    for node in plan["nodes"]:
        pools = [row for row in plan["hugepages"] if row["node"] == node["id"]]
        pages = ["{count} x {size} ({ovs} OVS, {guests} guests)".format(**row) for row in pools]
        rows.append(
            (
                str(node["id"]),
                _mib(node["memory_mb"]),
                node["housekeeping"] or "-",
                node["pmd"] or "-",
                node["vm"] or "-",
                _mib(node["socket_memory_mb"]),
                ", ".join(pages) or "-",
            )
        )
    return _aligned(rows)


def _ports(plan):
    if not plan["devices"]:
        return ["No DPDK ports are planned."]
    rows = [("DPDK port", "NUMA node", "interface", "driver", "rx queues", "descriptors", "MTU")]
    for device in plan["devices"]:
        driver = device["driver"] or "{0} (kept)".format(device["kernel_driver"] or "kernel driver")
        values = (device["address"] or device["id"], device["numa_node"], device["interface"] or "-", driver)
        rows.append(tuple(str(value) for value in values + (device["rxq"], device["desc"] or "default", device["mtu"])))
    return _aligned(rows)


def _settings(plan):
    lines = ["Kernel line: " + (plan["kernel_args"] or "nothing to add")]
    for key, value in sorted(plan["other_config"].items()):
        lines.append("other_config:{0} = {1}".format(key, value))
    nova = plan["nova"]
    lines.append("nova: cpu_dedicated_set = {cpu_dedicated_set}, cpu_shared_set = {cpu_shared_set}".format(**nova))
    return lines


def _mib(value):
    return "?" if value is None else "{0} MiB".format(value)


def _aligned(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def summary_line(artifact):
    """One line that says how a host ended, from the artifact of role host_summary."""
    cpus, verify = artifact["plan"].get("cpus", {}), artifact["verify"]
    facts = []
    if cpus:
        facts.append("PMD threads on CPUs {0}".format(cpus["pmd"] or "none"))
        facts.append("{0} DPDK ports".format(len(artifact["plan"]["devices"])))
    if artifact["reboot_required"]:
        facts.append("REBOOT REQUIRED: " + _first(artifact["reboot_reasons"]))
    if artifact["restart_required"]:
        facts.append("RESTART of ovs-vswitchd REQUIRED")
    if verify and not artifact["check_mode"]:
        counts = "{pass} checks pass, {warn} warn, {fail} fail, {skip} skip".format(**verify)
        facts.append("{0}: {1}".format("NOT PROVEN" if verify["fail"] else "proven", counts))
        facts.extend(["failed: " + ", ".join(artifact["failed_checks"])] if verify["fail"] else [])
    if artifact["unfinished"]:
        facts.append("stopped before the proof")
    if artifact["check_mode"]:
        facts.append("check mode, nothing was changed")
    return ", ".join(facts)


def _first(reasons):
    more = len(reasons) - 1
    return "; ".join(reasons[:1]) + (" and {0} more reasons".format(more) if more > 0 else "")


class FilterModule:
    """Filters for people's eyes."""

    def filters(self):
        return {"plan_table": plan_table, "summary_line": summary_line}
