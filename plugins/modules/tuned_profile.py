#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: tuned_profile
short_description: Isolate CPUs with TuneD's profile cpu-partitioning
version_added: "1.0.0"
author: [nfv.ovs_dpdk contributors (@nfv)]
description:
  - Writes C(/etc/tuned/cpu-partitioning-variables.conf), activates the profile C(cpu-partitioning) and makes sure that
    what it asks of the kernel is on the line of the next boot.
  - The profile is applied again where TuneD has not applied what its file says. Where all is as wanted, TuneD is
    neither restarted nor told anything.
  - What was there before (the text of the file, the active profile and its mode, whether TuneD was running and enabled)
    is recorded, and comes back with O(state=absent).
  - TuneD itself adds lines to C(/etc/default/grub) and edits C(/boot/grub/grub.cfg), C(/etc/systemd/system.conf) and,
    where its plug-in works, C(/etc/default/irqbalance).
  - Whether a reboot is needed follows from C(/proc/cmdline), never from what this run has changed.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  isolated_cpus:
    description:
      - The CPUs to isolate, as a kernel CPU list such as V(2-5,8-11). They must be online, and one CPU must remain.
      - Required with O(state=present).
    type: str
  state:
    description:
      - V(absent) gives the file back and activates the profile of before. What somebody has changed since is left as it
        is, and named in RV(left).
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: nfv.ovs_dpdk.kernel_cmdline
  - name: tuned-profiles-cpu-partitioning(7)
    description: What the profile does.
    link: https://github.com/redhat-performance/tuned/tree/master/profiles/cpu-partitioning
"""

EXAMPLES = r"""
- name: Isolate CPUs as planned
  nfv.ovs_dpdk.tuned_profile:
    isolated_cpus: "{{ nfv_ovs_dpdk_plan.cpus.isolated }}"
  register: profile

- name: Back to the profile of before
  nfv.ovs_dpdk.tuned_profile:
    state: absent
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "activate", "target": "TuneD", "before": "virtual-guest", "after": "cpu-partitioning"}]
profile:
  description: The active profile when the module has run; empty where there is none.
  returned: success
  type: str
  sample: cpu-partitioning
boot_tokens:
  description: What the active profile asks of the kernel at the next boot.
  returned: success
  type: list
  elements: str
  sample: [skew_tick=1, nohz=on, "nohz_full=2-5,8-11", "rcu_nocbs=2-5,8-11"]
missing_plugins:
  description:
    - Plug-ins of the profile that do not work on this host, because Python's module C(perf) is not there, as on Debian.
      Without V(irqbalance) nobody bans interrupts, without V(scheduler) tasks that run already are not moved.
  returned: success
  type: list
  elements: str
  sample: [irqbalance, scheduler]
reboot_required:
  description: Whether the running kernel line lacks what the profile asks for, or still has what it asked for once.
  returned: success
  type: bool
reasons:
  description: Why, in sentences.
  returned: success
  type: list
  elements: str
left:
  description: What was not given back, and why; a warning each.
  returned: success
  type: list
  elements: dict
  sample: [{"target": "TuneD's profile", "reason": "was changed by somebody else after us"}]
differences:
  description:
    - What C(tuned-adm verify) finds to differ from the profile; each is a warning of the task too.
    - Not asked, and empty, while a reboot is due or changes are only simulated.
  returned: success
  type: list
  elements: str
"""

import collections
import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cmdline, _cpuset, _owned, _tuned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action, left
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import read_text, under
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._tree import Tree
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._units import Systemd

ROOT = "/"

# *file* is a change of the variables file or None; *profile* is (name, whether TuneD chooses) to activate or None;
# *verbs* are for systemctl; *kept* is a profile that is no longer ours to give back.
Decision = collections.namedtuple("Decision", "file profile verbs kept")


def isolated_cpus(text):
    """The option as TuneD reads it; refuses CPUs that the profile would refuse, and a host without any for itself."""
    wanted, online = _cpuset.parse(text), Tree(ROOT).cpus("/sys/devices/system/cpu/online") or set()
    if not wanted or not wanted < online:
        raise Refused(
            "these CPUs cannot be isolated",
            where="isolated_cpus",
            found=_cpuset.render(wanted) or "none",
            expected="some of the online CPUs {0}, but not all".format(_cpuset.render(online)),
            cure="Plan again (host_plan_pmd_cpus, host_plan_vm_cpus).",
        )
    return _cpuset.render(wanted)


def decide(tuned, systemd, state, isolated):
    """What has to change so that the profile isolates these CPUs, now and at the next boot; "" gives all back."""
    now = tuned.profile()
    active = _tuned.PROFILE in now.split()
    if not isolated:
        return decide_back(tuned, state, now)
    in_force = tuned.in_force(_tuned.tokens(isolated))
    file = None
    # What fits already stays whose it is, with all else that he says there.
    if not in_force or not _tuned.asks_for(read_text(under(ROOT, _tuned.VARIABLES)), isolated):
        file = _owned.decide(state, ROOT, _tuned.VARIABLES, _tuned.variables(isolated), takeover=True)
    # Others may have put a profile of theirs beside it.
    profile = (now if active else _tuned.PROFILE, False)
    verbs = [] if not tuned.installed() or systemd.enabled([_tuned.UNIT]) else ["enable"]
    return Decision(file, profile if file or not in_force else None, verbs, None)


def decide_back(tuned, state, now):
    """What has to change so that all is as before us; a profile that somebody has chosen since stays."""
    file = _owned.release(state, ROOT, _tuned.VARIABLES)
    before = state.section(_tuned.SECTION).get("before")
    if before is None or not tuned.installed():
        return Decision(file, None, [], None)
    if chosen_since(before, now):
        return Decision(file, None, [], now)
    verbs = [verb for verb, was in (("disable", before["enabled"]), ("stop", before["running"])) if not was]
    return Decision(file, (before["profile"], before["automatic"]), verbs, None)


def chosen_since(before, profile):
    """Whether somebody has chosen a profile that is neither ours nor that of before us."""
    return _tuned.PROFILE not in profile.split() and profile != before["profile"]


def actions_of(decision, tuned):
    """The decision as data, and the difference as --diff shows it."""
    actions, diffs = _owned.described([decision.file] if decision.file else [])
    if decision.profile:
        actions.append(action("activate", "TuneD", before=tuned.profile(), after=decision.profile[0]))
        header = {"before_header": "TuneD's profile", "after_header": "TuneD's profile"}
        diffs.append(dict(header, before=tuned.profile() + "\n", after=decision.profile[0] + "\n"))
    if decision.kept is not None:
        actions.append(action("forget", "TuneD", before=decision.kept, after=decision.kept))
    return actions + [action(verb, _tuned.UNIT) for verb in decision.verbs], diffs


def left_alone(decision):
    """What is not given back, because somebody has changed it since."""
    return _owned.left_alone([decision.file] if decision.file else []) + (
        [left("TuneD's profile")] if decision.kept is not None else []
    )


def carry_out(tuned, systemd, state, decision):
    """The file first: a profile reads it while it is activated."""
    if decision.file:
        _owned.carry_out(state, ROOT, decision.file)
    if decision.profile:
        tuned.switch(*decision.profile)
    for verb in decision.verbs:
        systemd.call(verb, [_tuned.UNIT])


def activate(tuned, systemd, state, decision, wanted, line):
    """Record, carry out, and see whether the next boot will really have it."""
    if not decision.profile and not decision.verbs:
        return
    before = state.section(_tuned.SECTION).get("before")
    if before is None or chosen_since(before, tuned.profile()):
        state.record(_tuned.SECTION, "before", as_it_is(tuned, systemd))
    state.record(_tuned.SECTION, "line", {"tokens": brought(state, line, wanted)})
    carry_out(tuned, systemd, state, decision)
    if not tuned.in_force(wanted):
        raise Failed(
            "TuneD did not put its arguments on the line of the next boot",
            where="/etc/tuned/bootcmdline, /boot/grub/grub.cfg",
            found=" ".join(tuned.menu_tokens()) or "none",
            expected=" ".join(wanted),
            cure="{0} says why; the next run tries again.".format(_tuned.LOG),
        )


def give_back(tuned, systemd, state, decision, line):
    carry_out(tuned, systemd, state, decision)
    state.forget(_tuned.SECTION, "before")
    if not _tuned.on_line(line):
        state.forget(_tuned.SECTION, "line")


def as_it_is(tuned, systemd):
    return {
        "profile": tuned.profile(),
        "automatic": tuned.automatic(),
        "enabled": bool(systemd.enabled([_tuned.UNIT])),
        "running": tuned.running(),
    }


def brought(state, line, wanted=()):
    """The arguments that are TuneD's because of us: those wanted, and earlier ones that the running line still has."""
    earlier = _tuned.own_tokens(state.load(), line)
    return [token for token in earlier if token not in wanted and not _cmdline.lacking(line, [token])] + list(wanted)


def compared(tuned, state, line, wanted):
    """How the running line differs from what the profile brings, and why that needs a reboot."""
    reasons = _cmdline.reasons(_cmdline.compare(line, wanted, brought(state, line)))
    return {"reboot_required": bool(reasons), "reasons": reasons, "boot_tokens": tuned.boot_tokens()}


def differences(module, tuned):
    """What TuneD itself finds to differ; a warning each."""
    found = tuned.verify()
    for text in found:
        module.warn("tuned-adm verify: " + text)
    return found


def work(module):
    run, state, dry = runner(module), State(ROOT), module.check_mode
    tuned, systemd = _tuned.Tuned(ROOT, run), Systemd(run)
    isolated = isolated_cpus(module.params["isolated_cpus"]) if module.params["state"] == "present" else ""
    wanted, line = _tuned.tokens(isolated), read_text(under(ROOT, "/proc/cmdline")) or ""
    if isolated and not dry:
        _tuned.check_installed(tuned)
    with contextlib.ExitStack() as held:
        if not dry:
            held.enter_context(state.locked())
        decision = decide(tuned, systemd, state, isolated)
        actions, diffs = actions_of(decision, tuned)
        if not dry and isolated:
            activate(tuned, systemd, state, decision, wanted, line)
        elif not dry:
            give_back(tuned, systemd, state, decision, line)
        result = compared(tuned, state, line, wanted)
    judged = isolated and not result["reboot_required"] and not (dry and actions)
    return dict(
        result,
        actions=actions,
        diff=diffs,
        left=left_alone(decision) if not isolated else [],
        profile=decision.profile[0] if dry and decision.profile else tuned.profile(),
        missing_plugins=tuned.missing_plugins(),
        differences=differences(module, tuned) if judged else [],
    )


def main():
    module = AnsibleModule(
        argument_spec={
            "isolated_cpus": {"type": "str"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["isolated_cpus"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
