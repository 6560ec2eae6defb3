#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: kernel_cmdline
short_description: Keep own tokens on the kernel command line
version_added: "1.0.0"
author: [nfv.ovs_dpdk contributors (@nfv)]
description:
  - Adds tokens to the kernel command line of the next boot and says whether a reboot is needed for them.
  - Tokens are compared by what they mean to the kernel. CPU lists are sets, V(1GB) is V(1G), V(hugepages=) belongs to
    the size named before it, and C(-) equals C(_) in names.
  - Whether a reboot is needed follows from C(/proc/cmdline), never from what this run has changed.
  - On the Debian family the tokens live in the own file C(/etc/default/grub.d/90-nfv-ovs-dpdk.cfg), which appends to
    C(GRUB_CMDLINE_LINUX_DEFAULT), so the recovery entry boots without them. The operator's files are never edited.
  - The new menu is generated beside C(/boot/grub/grub.cfg), read back, and renamed into place only if every
    non-recovery entry has the tokens. Otherwise everything is left as it was.
  - With O(entry=trial) a line boots once before it becomes the default one. Its entry is that of the running kernel.
    The other entries and C(GRUB_DEFAULT) stay as they are, so the boot after it is an ordinary one, whatever became
    of it. It boots only after O(state=armed).
  - A host is refused whose menu boots another entry by default than one of C(/etc/grub.d/10_linux) (C(GRUB_DEFAULT)),
    unless that has the tokens, and one on which somebody else has named the entry that boots next. Neither is
    where nothing has to be changed and no reboot is due, or the tokens are taken back.
  - A boot loader of another kind is left alone where the running line has all tokens and nothing of ours is recorded;
    otherwise it is refused.
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  tokens:
    description:
      - The tokens in their order, as a list of strings or as one string that is split as the kernel does it.
      - Letters, digits and C(_.,:=/@%+!-) pass through the shell and GRUB unchanged; anything else is refused.
      - These are all the tokens that shall be ours. Tokens of an earlier run that are not among them are taken back.
    type: raw
    default: []
  entry:
    description:
      - Where the tokens go. V(default) is the entries that boot without being chosen; a trial ends with it.
      - V(trial) is an own entry that GRUB boots once by C(next_entry) of its environment block. The line is the
        one that V(default) would make, and C(panic=30 softlockup_panic=1 nfv_ovs_dpdk.trial=1), so that a kernel that
        panics or no longer schedules restarts by itself, and units can tell the boot. Run the module again with
        V(default) to keep the line; the running kernel then loses these two settings.
      - V(trial) writes the entry and nothing else; O(state=armed) lets it boot. An entry of another request that
        was to boot next no longer does.
      - V(trial) is refused where GRUB cannot write its environment block or does not follow it, see RV(trial).
    type: str
    choices: [default, trial]
    default: default
  retry:
    description:
      - Whether a line may be tried, or with O(entry=default) be written untried, that has been tried and was not kept.
        Without it, that is refused until the request changes.
    type: bool
    default: false
  trial_seconds:
    description:
      - Seconds after its boot until the caller's timer reboots a host on trial that nobody has confirmed. Fewer than
        V(180) are refused.
    type: str
  takeover:
    description:
      - Names of parameters, such as V(isolcpus), whose tokens may be taken over from the operator's GRUB settings.
      - The own file filters these words out when the menu is generated. The operator's files stay as they are, so
        removing the own file gives the words back.
      - V(hugepages), V(hugepagesz) and V(default_hugepagesz) are taken over together.
      - The words also leave the recovery entry where they are in C(GRUB_CMDLINE_LINUX).
    type: list
    elements: str
    default: []
  backend:
    description:
      - Whose business the boot loader's configuration is. V(auto) finds out which one it is.
      - V(operator) leaves it alone, for hosts that boot from a network or an image, whose boot partition cannot be
        written, or whose boot loader is not known. The running line must then have all tokens; if it lacks one, the
        module fails and names it.
    type: str
    choices: [auto, grub, operator]
    default: auto
  state:
    description:
      - V(absent) takes back all own tokens and gives taken-over words back; O(tokens) is ignored then.
      - "V(armed): the entry that O(entry=trial) has written boots next, once; to be called right before the reboot. It
        is refused where no such entry of this request is written, or the entry has booted already. A dry run shows
        the same, whether the entry is written or not."
      - "V(disarmed): the entry on trial does not boot next, as after a reboot that did not come. It stays written."
      - For V(armed) and V(disarmed) O(tokens) and O(takeover) are those of the trial; O(entry) and O(retry) are
        ignored.
    type: str
    choices: [present, absent, armed, disarmed]
    default: present
seealso:
  - module: nfv.ovs_dpdk.hugepages
  - name: The kernel's command-line parameters
    description: Names and values that the kernel documents.
    link: https://docs.kernel.org/admin-guide/kernel-parameters.html
"""

EXAMPLES = r"""
- name: Reserve pages and CPUs as planned
  nfv.ovs_dpdk.kernel_cmdline:
    tokens: "{{ nfv_ovs_dpdk_plan.kernel_args_tokens }}"
  register: line

- name: Take over an isolcpus= that somebody wrote into /etc/default/grub
  nfv.ovs_dpdk.kernel_cmdline:
    tokens: intel_iommu=on iommu=pt isolcpus=2-5
    takeover: [isolcpus]

- name: Try the line once
  nfv.ovs_dpdk.kernel_cmdline:
    tokens: "{{ nfv_ovs_dpdk_plan.kernel_args_tokens }}"
    entry: trial
  register: line

- name: Let it boot next
  nfv.ovs_dpdk.kernel_cmdline:
    tokens: "{{ nfv_ovs_dpdk_plan.kernel_args_tokens }}"
    state: armed
  when: line.trial.pending

- name: Take everything back
  nfv.ovs_dpdk.kernel_cmdline:
    state: absent
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "generate", "target": "/boot/grub/grub.cfg", "before": [], "after": ["iommu=pt"]}]
running:
  description: Tokens of the running kernel's line (C(/proc/cmdline)).
  returned: success
  type: list
  elements: str
configured:
  description: What each non-recovery entry of the generated menu boots.
  returned: success
  type: list
  elements: dict
  contains:
    title:
      description: Title of the entry.
      type: str
    tokens:
      description: Its kernel command line.
      type: list
      elements: str
owned:
  description: The tokens that are ours when the module has run.
  returned: success
  type: list
  elements: str
taken_over:
  description: The operator's tokens that the own file filters out.
  returned: success
  type: list
  elements: str
foreign:
  description: Tokens of the running line that are neither wanted nor ours.
  returned: success
  type: list
  elements: str
missing:
  description: Wanted tokens that the running line does not have.
  returned: success
  type: list
  elements: str
superfluous:
  description: Tokens of the running line that were ours and are no longer wanted.
  returned: success
  type: list
  elements: str
conflicts:
  description: Foreign tokens of the running line that set a wanted parameter to something else.
  returned: success
  type: list
  elements: dict
  sample: [{"name": "isolcpus", "running": "isolcpus=1", "wanted": "isolcpus=2-5", "text": "…"}]
trial:
  description: How a trial stands.
  returned: success
  type: dict
  contains:
    possible:
      description: Whether O(entry=trial) can be had for these tokens on this host.
      type: bool
    why:
      description: Why not; empty if it can.
      type: str
      sample: GRUB cannot write to /boot/grub on lvm
    pending:
      description:
        - Whether a trial of this request is written, or would be, and waits for its boot, armed or not.
        - Always false with O(entry=default) and O(state=absent), which take a trial back or keep it.
      type: bool
    armed:
      description: Whether the next boot is that of the trial entry, after this run.
      type: bool
    booted:
      description: Whether the host runs a line on trial that has not been kept yet.
      type: bool
reboot_required:
  description: Whether the running line differs from what is wanted.
  returned: success
  type: bool
reasons:
  description: Why, in sentences.
  returned: success
  type: list
  elements: str
"""

import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _boot_change, _boot_line, _boot_trial, _grub
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import read_text, under
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._trial import Trial

ROOT = "/"


def wish_of(parameters):
    """What is asked for, checked; to take everything back is a matter of the default entries."""
    if parameters["state"] == "absent":
        return _boot_line.wish([], [])
    tokens, takeover, retry, seconds = (parameters[name] for name in ("tokens", "takeover", "retry", "trial_seconds"))
    entry = parameters["entry"] if parameters["state"] == "present" else parameters["state"]
    return _boot_line.wish(tokens, takeover, entry, retry, seconds)


def work(module):
    wish, real = wish_of(module.params), not module.check_mode
    grub, state = _grub.Grub(ROOT, runner(module)), State(ROOT)
    trial = Trial(grub)
    running = read_text(under(ROOT, "/proc/cmdline")) or ""
    with contextlib.ExitStack() as held:
        if real:
            held.enter_context(state.locked())
        present = _boot_line.read(grub, trial, state, wish, running, module.params["backend"])
        if real and _boot_trial.ignored(wish, present):
            present = _boot_change.take_back(trial, state, present)
        decision = _boot_line.decide(grub, trial, state, wish, present)
        if real and wish.entry == "armed":
            _boot_trial.check_written(wish, present, decision)
        if real:
            _boot_change.carry_out(grub, trial, state, wish, present, decision)
        configured = grub.entries() if present.menu is not None else []
    return dict(
        _boot_line.verdict(decision, running),
        actions=_boot_change.actions_of(wish, present, decision),
        configured=configured,
        owned=wish.tokens,
        taken_over=decision.taken,
        trial=_boot_trial.facts(wish, present, decision, real),
        diff=_boot_change.difference(wish, present, decision),
    )


def main():
    module = AnsibleModule(
        argument_spec={
            "tokens": {"type": "raw", "default": [], "no_log": False},
            "entry": {"type": "str", "choices": ["default", "trial"], "default": "default"},
            "retry": {"type": "bool", "default": False},
            "trial_seconds": {"type": "str"},
            "takeover": {"type": "list", "elements": "str", "default": []},
            "backend": {"type": "str", "choices": ["auto", "grub", "operator"], "default": "auto"},
            "state": {"type": "str", "choices": ["present", "absent", "armed", "disarmed"], "default": "present"},
        },
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
