#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: pmd_stats_info
short_description: Statistics of PMD threads and their ports as data
version_added: "1.0.0"
description:
  - Reads C(dpif-netdev/pmd-rxq-show), C(pmd-stats-show), C(pmd-perf-show) and C(pmd-sleep-show) of the running
    C(ovs-vswitchd) with C(ovs-appctl), and the counters of the ports from its database. Open vSwitch 2.11 and later.
  - Reads only. It never clears statistics, and never asks for the mempool of one port, which crashes some versions.
  - What cannot be known is V(null), such as what the version at hand does not print, C(NOT AVAIL), C(nan), a division
    by zero, and a difference over a restart. Counters are exact integers of any size.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
  - nfv.ovs_dpdk.switch
options:
  interval:
    description:
      - V(0) returns totals since each thread started or since somebody cleared its statistics.
      - Otherwise two samples are taken at least so many seconds apart, and what happened in between is returned.
      - Open vSwitch refreshes the counters of ports only every 5 seconds by default
        (C(other_config:stats-update-interval)), so that shorter intervals may show nothing for ports.
    type: float
    default: 0
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.host_verify_info
  - name: PMD Threads
    description: What the figures mean.
    link: https://docs.openvswitch.org/en/stable/topics/dpdk/pmd/
"""

EXAMPLES = r"""
- name: What happens within ten seconds
  nfv.ovs_dpdk.pmd_stats_info:
    interval: 10
  register: stats

- name: Show the threads that are busy
  ansible.builtin.debug:
    msg: "core {{ item.core_id }}: {{ item.busy_percent }} %, {{ item.cycles_per_packet }} cycles per packet"
  loop: "{{ stats.pmds | selectattr('busy_percent', 'gt', 50) }}"
"""

RETURN = r"""
version:
  description: What the daemon says of itself.
  returned: success
  type: str
  sample: ovs-vswitchd (Open vSwitch) 3.1.0
interval_seconds:
  description: Seconds between the two samples on the monotonic clock of the host; V(0) for totals.
  returned: success
  type: float
  sample: 10.004
restarted:
  description: Whether the daemon was restarted between the samples. All differences are V(null) then.
  returned: success
  type: bool
  sample: false
pmds:
  description: One row for each PMD thread, sorted by core.
  returned: success
  type: list
  elements: dict
  contains:
    core_id:
      description: CPU of the thread.
      type: int
    numa_id:
      description: NUMA node of that CPU.
      type: int
    isolated:
      description: Whether the thread polls only queues that are pinned to it.
      type: bool
    rxqs:
      description: The rx queues that the thread polls.
      type: list
      elements: dict
      contains:
        port:
          description: Name of the port.
          type: str
        queue_id:
          description: Number of the queue.
          type: int
        enabled:
          description: V(false) for a queue that a guest does not use.
          type: bool
        usage_percent:
          description: Share of the thread's cycles within RV(pmds[].usage_window_seconds); V(null) after a change.
          type: int
    usage_window_seconds:
      description: Seconds that the usage was measured over, at most 60; V(null) before Open vSwitch 3.1.
      type: int
    overhead_percent:
      description: Share of busy cycles that belong to no queue.
      type: int
    max_sleep_us:
      description: Longest sleep that the thread may take without traffic, in microseconds (3.2 and later).
      type: int
    packets:
      description: Packets received, as C(pmd-stats-show) counts them.
      type: int
    recirculations:
      description: Packets that went through the datapath once more.
      type: int
    passes_per_packet:
      description: Datapath passes per packet.
      type: float
    phwol_hits:
      description: Passes matched by partial hardware offload.
      type: int
    mfex_hits:
      description: Passes with an optimised miniflow extraction; no part of the sum of hits.
      type: int
    simple_match_hits:
      description: Passes matched by the simple match cache.
      type: int
    emc_hits:
      description: Passes matched by the exact match cache.
      type: int
    smc_hits:
      description: Passes matched by the signature match cache.
      type: int
    megaflow_hits:
      description: Passes matched by the megaflow classifier.
      type: int
    subtable_lookups_per_hit:
      description: Average number of subtables looked through per megaflow hit.
      type: float
    upcalls:
      description: Passes without a match that were handled.
      type: int
    upcalls_lost:
      description: Passes without a match whose packets were lost.
      type: int
    packets_per_batch:
      description: Average number of packets sent at a time.
      type: float
    idle_cycles:
      description: TSC cycles of iterations without packets.
      type: int
    processing_cycles:
      description: TSC cycles of iterations with packets.
      type: int
    busy_percent:
      description: Processing cycles as a share of all cycles that the thread used.
      type: float
    cycles_per_packet:
      description: Processing cycles per packet.
      type: float
    iterations:
      description: Rounds over all queues.
      type: int
    sleep_percent:
      description: Share of time that the thread slept (3.1 and later).
      type: float
    rx_packets:
      description: Packets received, as C(pmd-perf-show) counts them.
      type: int
    tx_packets:
      description: Packets handed to ports, those included that a port then dropped.
      type: int
main_thread:
  description: The same figures for the main thread, which polls ports that are not for PMD threads.
  returned: success
  type: dict
ports:
  description: One row for each port that PMD threads poll, sorted by name.
  returned: success
  type: list
  elements: dict
  contains:
    port:
      description: Name of the interface.
      type: str
    type:
      description: Its type.
      type: str
      sample: dpdk
    error:
      description: Why it does not work.
      type: str
    link_state:
      description: V(up) or V(down).
      type: str
    mtu:
      description: MTU in force.
      type: int
    numa_id:
      description: NUMA node; V(null) for a vhost-user port without a guest.
      type: int
    status:
      description: Column C(status) of the interface.
      type: dict
    statistics:
      description: Column C(statistics), as totals or as what happened within the interval.
      type: dict
unparsed:
  description: Lines of the daemon's answers that were not understood.
  returned: success
  type: list
  elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pmd_stats, _port_stats
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._daemon import SECONDS, Daemon
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch

INTERFACE = ["name", "type", "error", "link_state", "mtu", "status", "statistics", "options"]


def argument_spec():
    return {"interval": {"type": "float", "default": 0}, "ovs_rundir": {"type": "path"}}


def read(switch, window):
    """One sample of threads and ports."""
    daemon = Daemon(switch)
    sample = _pmd_stats.sample(daemon, window)
    return sample, switch.tables({"Interface": INTERFACE})["Interface"]


def version(switch):
    """The first question, asked so that a silent switch is one sentence."""
    try:
        return Daemon(switch).ask("version").strip()
    except Failed as exc:
        raise Failed(
            "the switch does not answer",
            where=switch.rundir,
            found=exc.parts["found"],
            expected="a running ovs-vswitchd",
            cure="Start it, or name its run directory in ovs_rundir.",
        )


def work(module):
    interval = module.params["interval"]
    if not 0 <= interval <= 3600:
        raise Refused("not an interval", "interval", found=str(interval), expected="0 to 3600 seconds")
    switch = Switch.of(runner(module), dict(module.params, timeout=SECONDS))
    result = {"version": version(switch)}
    window = _pmd_stats.usage_window(interval)
    samples = [read(switch, window)]
    if interval:
        wait = samples[0][0]["taken"] + interval - time.monotonic()
        time.sleep(max(0, wait))
        samples.append(read(switch, window))
    result.update(_pmd_stats.publish(*[sample for sample, _ports in samples]))
    result["ports"] = _port_stats.publish(*[ports for _sample, ports in samples], restarted=result["restarted"])
    return result


def main():
    conduct(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
