#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: pmd_rxq_plan_info
short_description: Which PMD thread should poll which rx queue, and what to do about it
version_added: "1.0.0"
description:
  - Compares the placement of rx queues as it is with what each algorithm of C(pmd-rxq-assign) would make of the same
    loads, and with the best that is possible; then advises what to do, the least intrusive cure first.
  - Reads loads and threads from the running switch, or takes them as O(loads) and O(pmds). Changes nothing.
  - Pins that M(nfv.ovs_dpdk.pmd_rxq_pin) wrote do not count as pins, so that the answer says what would be without
    them; pins of others stay where they are.
  - A load is the share of a PMD thread's cycles in whole percent, as the switch prints it. Where V(0) is printed for
    queues that have a little traffic, they count as idle.
  - Two orders come from a hash table inside the switch and cannot be read. Where several ports share a NUMA node,
    V(roundrobin) takes them here by their number in the datapath; where queues without a thread on their own node may
    go to two or more other nodes, these are taken by their number. RV(cycles) and RV(group) do not depend on the first.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.info
  - nfv.ovs_dpdk.switch
options:
  loads:
    description: The rx queues, in the order of their ports in the datapath. Without them the switch is read.
    type: list
    elements: dict
    suboptions:
      port:
        description: Name of the port.
        type: str
        required: true
      queue_id:
        description: Number of the queue.
        type: int
        required: true
      numa_id:
        description: NUMA node of the port.
        type: int
        required: true
      load:
        description: Percent of a PMD thread.
        type: float
        required: true
      enabled:
        description: Whether the guest has enabled the queue. Open vSwitch places queues that are not, too.
        type: bool
        default: true
      pinned_core:
        description: Core that the queue is pinned to.
        type: int
      core_id:
        description: Core that polls the queue now; needed for RV(current) and RV(advice).
        type: int
  pmds:
    description: The PMD threads; needed with O(loads).
    type: list
    elements: dict
    suboptions:
      core_id:
        description: CPU of the thread.
        type: int
        required: true
      numa_id:
        description: NUMA node of that CPU.
        type: int
        required: true
      isolated:
        description:
          - Whether the thread takes only queues that are pinned to it. A thread with pinned queues that is not isolated
            (C(pmd-rxq-isolate=false)) still takes others with V(group) only.
        type: bool
        default: false
  version:
    description: Version of Open vSwitch that O(loads) were measured on; by default a recent one.
    type: str
  other_config:
    description: C(other_config) of the switch that O(loads) were measured on.
    type: dict
    default: {}
  interval:
    description:
      - V(0) reads the load of the last minute at once. After a change of ports, threads or pins it is too low until
        that minute is over.
      - Otherwise seconds to wait first, up to 60; the load is then that of this time (Open vSwitch 3.1 and later keep
        it in steps of 5 seconds; earlier versions know only the last minute).
    type: int
    default: 0
  load_threshold:
    description: Percent of a PMD thread below which the busiest thread needs no relief.
    type: int
    default: 80
  improvement_threshold:
    description: Percent by which a change must relieve the busiest thread to be worth it.
    type: int
    default: 10
author:
  - nfv.ovs_dpdk contributors (@nfv)
seealso:
  - module: nfv.ovs_dpdk.pmd_rxq_pin
  - module: nfv.ovs_dpdk.pmd_stats_info
  - name: PMD Threads
    description: The algorithms and auto load balance.
    link: https://docs.openvswitch.org/en/stable/topics/dpdk/pmd/
"""

EXAMPLES = r"""
- name: Look at half a minute of load
  nfv.ovs_dpdk.pmd_rxq_plan_info:
    interval: 30
  register: rxq

- name: Show placements and advice
  ansible.builtin.debug:
    msg: "{{ (rxq | nfv.ovs_dpdk.rebalance_table).splitlines() }}"

- name: What if?
  nfv.ovs_dpdk.pmd_rxq_plan_info:
    loads:
      - {port: dpdk0, queue_id: 0, numa_id: 0, load: 60, core_id: 2}
      - {port: dpdk0, queue_id: 1, numa_id: 0, load: 30, core_id: 2}
    pmds: [{core_id: 2, numa_id: 0}, {core_id: 3, numa_id: 0}]
"""

RETURN = r"""
current:
  description: The placement as it is; V(null) where O(loads) do not say who polls the queues.
  returned: success
  type: dict
  contains: &placement
    assignment:
      description: The core of each queue, V(null) where nobody would poll it.
      returned: success
      type: list
      elements: dict
      sample: [{port: dpdk0, queue_id: 0, core_id: 2}]
    max_load:
      description: Load of the busiest thread, in percent.
      returned: success
      type: float
      sample: 90
    variance:
      description:
        - Variance of the loads of the threads of a NUMA node that are not isolated, of the node where it is highest, in
          the whole numbers of Open vSwitch's auto load balance.
      returned: success
      type: int
      sample: 2025
roundrobin:
  description: What C(pmd-rxq-assign=roundrobin) would make of these loads.
  returned: success
  type: dict
  contains: *placement
cycles:
  description: What C(pmd-rxq-assign=cycles) would make of these loads.
  returned: success
  type: dict
  contains: *placement
group:
  description: What C(pmd-rxq-assign=group) would make of these loads (Open vSwitch 2.16 and later).
  returned: success
  type: dict
  contains: *placement
best:
  description: The placement with the least busy busiest thread on each NUMA node.
  returned: success
  type: dict
  contains:
    <<: *placement
    exact:
      description:
        - Whether it is proven to be the best. Up to 16 loaded queues on each node it always is; up to 16 in all where a
          queue has no thread on its own node and may go anywhere.
      returned: success
      type: bool
      sample: true
    bound:
      description: What the busiest thread cannot go below, proven.
      returned: success
      type: float
      sample: 60
    gap:
      description: By which share of RV(best.bound) the placement lies above it; V(0.01) is one percent.
      returned: success
      type: float
      sample: 0
advice:
  description: What to do, the least intrusive cure first; empty where nobody said who polls the queues now.
  returned: success
  type: list
  elements: dict
  contains:
    cure:
      description:
        - V(nothing), V(assign) (another C(pmd-rxq-assign)), V(auto_lb) (auto load balance), V(queues) (more of them on
          a port), V(pmd_core) (one more PMD thread on a node) or V(pins).
      returned: success
      type: str
    reason:
      description: Why, in a sentence or two.
      returned: success
      type: str
    subject:
      description: The port, node or queues that it is about; V(null) is the whole switch.
      returned: success
      type: str
    other_config:
      description: Keys of the switch that belong to it.
      returned: success
      type: dict
    pins:
      description: Pins that belong to it, each with C(port), C(queue_id) and C(core_id).
      returned: success
      type: list
      elements: dict
    others_pins:
      description: Pins that would help, on interfaces that others manage.
      returned: success
      type: list
      elements: dict
    max_load:
      description: Load of the busiest thread afterwards, as far as it is known beforehand.
      returned: success
      type: float
    writable:
      description: Whether M(nfv.ovs_dpdk.pmd_rxq_pin) can do it.
      returned: success
      type: bool
  sample:
    - cure: assign
      reason: The busiest thread has 90 %. With pmd-rxq-assign=group it would have 60 %.
      subject: null
      other_config: {pmd-rxq-assign: group}
      pins: []
      others_pins: []
      max_load: 60
      writable: true
loads:
  description: The queues, as read or as given.
  returned: success
  type: list
  elements: dict
  sample: [{port: dpdk0, queue_id: 0, numa_id: 0, load: 60, enabled: true, pinned_core: null, core_id: 2}]
pmds:
  description: The threads, as read or as given.
  returned: success
  type: list
  elements: dict
  sample: [{core_id: 2, numa_id: 0, isolated: false}]
owners:
  description: Interfaces that others manage, with how that was seen.
  returned: success
  type: dict
  sample: {vhu01: "an instance (vm-uuid=6f0c)"}
unparsed:
  description: Lines of C(pmd-rxq-show) that were not understood.
  returned: success
  type: list
  elements: str
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _keys, _pmd_stats, _rxq, _rxq_advice, _rxq_picture
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._daemon import SECONDS, Daemon
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._vswitch import Switch, wait_until

# After a change the load is not known for up to two samples, of ten seconds in versions before 3.1.
PATIENCE = 30


def argument_spec():
    integer, number = {"type": "int"}, {"type": "int", "required": True}
    queue = {
        "port": {"type": "str", "required": True},
        "queue_id": number,
        "numa_id": number,
        "load": {"type": "float", "required": True},
        "enabled": {"type": "bool", "default": True},
        "pinned_core": integer,
        "core_id": integer,
    }
    thread = {"core_id": number, "numa_id": number, "isolated": {"type": "bool", "default": False}}
    return {
        "loads": {"type": "list", "elements": "dict", "options": queue},
        "pmds": {"type": "list", "elements": "dict", "options": thread},
        "version": {"type": "str"},
        "other_config": {"type": "dict", "default": {}},
        "interval": {"type": "int", "default": 0},
        "load_threshold": {"type": "int", "default": 80},
        "improvement_threshold": {"type": "int", "default": 10},
        "ovs_rundir": {"type": "path"},
    }


def check(params):
    """Refuse numbers that mean nothing."""
    for name, lowest, highest in (("interval", 0, 60), ("load_threshold", 1, 100), ("improvement_threshold", 1, 100)):
        if not lowest <= params[name] <= highest:
            expected = "{0} to {1}".format(lowest, highest)
            raise Refused("out of range", where=name, found=str(params[name]), expected=expected)
    if (params["loads"] is None) != (params["pmds"] is None):
        raise Refused("one without the other", where="loads, pmds", expected="both or none")


def read(module):
    """What the running switch says, as soon as it knows its loads."""
    options = dict(module.params, timeout=SECONDS)
    switch = Switch.of(runner(module), options)
    window = _pmd_stats.usage_window(module.params["interval"])
    daemon = Daemon(switch)
    daemon.ask("version")
    time.sleep(module.params["interval"])
    answers = {}

    def known():
        answers.update(_rxq_picture.read(switch, daemon, window))
        return _rxq_picture.known(answers)

    if not wait_until(known, PATIENCE, pause=1):
        raise Failed(
            "the switch does not know the load of its queues",
            where="dpif-netdev/pmd-rxq-show",
            found="NOT AVAIL after {0} s".format(PATIENCE),
            expected="a percentage for each queue",
            cure="Something places the queues anew all the time; the log of ovs-vswitchd names it.",
        )
    return {
        "loads": _rxq_picture.queues(answers),
        "pmds": _rxq_picture.pmds(answers),
        "version": answers["version"],
        "other_config": answers["root"]["other_config"],
        "owners": _rxq_picture.owners(answers),
        "unparsed": answers["rxqs"]["unparsed"],
    }


def given(params):
    """The same from the options."""
    try:
        version = _keys.parse_version(params["version"])
    except ValueError:
        raise Refused("not a version", "version", params["version"], "one such as 3.1.0")
    config = {key: str(value) for key, value in params["other_config"].items() if value is not None}
    picture = {"version": version, "other_config": config, "owners": {}, "unparsed": []}
    return dict(picture, loads=params["loads"], pmds=params["pmds"])


def work(module):
    params = module.params
    check(params)
    picture = read(module) if params["loads"] is None else given(params)
    queues, pmds, version = picture["loads"], picture["pmds"], picture["version"]
    _rxq.check(queues, pmds)
    placements = _rxq.place(queues, pmds, version)
    case = _rxq.Case(
        queues,
        pmds,
        placements,
        version,
        picture["other_config"],
        picture["owners"],
        params["load_threshold"],
        params["improvement_threshold"],
    )
    result = _rxq.publish(queues, pmds, placements)
    result["advice"] = _rxq_advice.advise(case)
    result.update((key, picture[key]) for key in ("loads", "pmds", "owners", "unparsed"))
    return result


def main():
    conduct(AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
