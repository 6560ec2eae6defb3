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
      - Where the tokens go. V(default) is the entries that boot without being chosen.
      - V(trial), an entry that boots once, is refused until the backend can make one.
    type: str
    choices: [default, trial]
    default: default
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
    description: The boot loader's configuration. V(auto) finds out which one it is.
    type: str
    choices: [auto, grub]
    default: auto
  state:
    description: V(absent) takes back all own tokens and gives taken-over words back; O(tokens) is ignored then.
    type: str
    choices: [present, absent]
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

import collections
import contextlib

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cmdline, _grub, _owned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, OvsDpdkError, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import State, read_text, under
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner

ROOT = "/"
SECTION = "kernel_cmdline"

BACKENDS = {"auto": _grub.Grub, "grub": _grub.Grub}

# *line* is what the next boot will have, *gone* our former settings that are no part of it.
Decision = collections.namedtuple("Decision", "wanted line gone file generate record")


def wanted_tokens(raw):
    """The option as a list of tokens that survive the shell, GRUB and the kernel unchanged."""
    if not isinstance(raw, (str, list)):
        raise Refused("tokens must be a list or a string", found=type(raw).__name__)
    tokens = _cmdline.split(raw) if isinstance(raw, str) else [str(token).strip() for token in raw]
    for token in tokens:
        if not _grub.TOKEN.match(token):
            raise Refused(
                "a token cannot be carried through GRUB unchanged",
                found=repr(token),
                expected="letters, digits and _.,:=/@%+!-",
                cure="Change it in tokens.",
            )
    _refuse(_cmdline.contradictions(tokens), "tokens contradict each other", "Keep one of them in tokens.")
    return tokens


def takeover_names(names):
    """Canonical names, the three hugepage parameters always together: a size without its count would stop ours."""
    for name in names:
        if not _grub.NAME.match(name):
            raise Refused("not the name of a kernel parameter", found=repr(name), cure="Change it in takeover.")
    wanted = {_cmdline.name(name) for name in names}
    return sorted(wanted | _cmdline.PAGE_NAMES if wanted & _cmdline.PAGE_NAMES else wanted)


def _refuse(conflicts, what, cure, where=None):
    if conflicts:
        raise Refused(what, where=where, found="; ".join(item["text"] for item in conflicts), cure=cure)


def differs(tokens, wanted, gone):
    """Whether a line lacks a wanted token, contradicts one, or still has one of ours that is *gone*."""
    result = _cmdline.compare(tokens, wanted, gone)
    return bool(result["missing"] or result["superfluous"] or result["conflicts"])


def decide(grub, state, wanted, names, running):
    """What has to change so that every entry boots *wanted*; refuses what cannot become true."""
    recorded = state.section(SECTION)
    lists = [recorded.get("tokens", [])] + recorded.get("retired", [])
    former = [setting for tokens in lists for setting in _cmdline.settings(tokens)]
    present = grub.entries()
    text = _grub.dropin(wanted, names) if wanted or names else None
    file = _owned.decide(state, ROOT, _grub.DROPIN, text)
    line = present[0]["tokens"] if present else []
    generate, taken = False, recorded.get("taken_over", [])
    if file or not present or any(differs(entry["tokens"], wanted, former) for entry in present):
        grub.check_writable()
        line = grub.words(text)
        _check_line(grub, line, wanted)
        taken = [token for token in grub.words(None) if _cmdline.name(token) in names]
        gone = _cmdline.lacking(line, former)
        generate = bool(file) or not present or any(differs(entry["tokens"], wanted, gone) for entry in present)
    # Earlier tokens stay ours as long as the running line or the menu has one of them.
    around = _cmdline.settings(running) + [s for entry in present for s in _cmdline.settings(entry["tokens"])]
    retired = [tokens for tokens in lists if _cmdline.compare(around, wanted, tokens)["superfluous"]]
    retired = [tokens for number, tokens in enumerate(retired) if tokens not in retired[:number]]
    record = {"tokens": wanted, "taken_over": taken, "retired": retired, "entry": "default" if text else None}
    record = {key: value for key, value in record.items() if value}
    return Decision(wanted, line, _cmdline.lacking(line, former), file, generate, record)


def _check_line(grub, line, wanted):
    result = _cmdline.compare(line, wanted)
    for conflict in result["conflicts"]:
        files = ", ".join(grub.mentions(conflict["name"])) or "the settings of grub-mkconfig"
        _refuse([conflict], "a token of somebody else is in the way", _takeover(conflict["name"]), where=files)
    if result["missing"]:
        raise Refused(
            "a settings file that is read later drops our tokens",
            where=", ".join(grub.later_settings()) or _grub.DROPIN,
            found="no {0}".format(" ".join(result["missing"])),
            cure="Let that file append to GRUB_CMDLINE_LINUX_DEFAULT instead of replacing it.",
        )


def _takeover(name):
    return "Remove it there, or name {0} in takeover: it is filtered out and comes back with state=absent.".format(name)


def actions_of(decision, state):
    """The decision as data, with the own tokens before and after as the difference."""
    actions = _owned.described([decision.file] if decision.file else [])[0]
    before = state.section(SECTION).get("tokens", [])
    if decision.generate:
        actions.append(action("generate", _grub.MENU, before=before, after=decision.wanted))
    return actions


def remember(state, entry):
    """Make the section of the state file hold exactly *entry*; "retired" is written before "tokens" are replaced."""
    recorded = state.section(SECTION)
    for key in sorted(set(recorded) | set(entry)):
        if key not in entry:
            state.forget(SECTION, key)
        elif recorded.get(key) != entry[key]:
            state.record(SECTION, key, entry[key])


def carry_out(grub, state, decision):
    """Write, generate, read back, and only then let the new menu boot."""
    before = state.section(SECTION)
    remember(state, decision.record)
    if not decision.generate:
        return
    if decision.file:
        _owned.carry_out(state, ROOT, decision.file)
    try:
        wrong = unlike(grub.generate(), decision)
        if wrong:
            raise Failed("the generated menu does not have the tokens as wanted", where=_grub.MENU, found=wrong)
        grub.install()
    except OvsDpdkError as exc:
        grub.discard()
        if decision.file:
            _owned.undo(state, ROOT, decision.file)
        remember(state, before)
        cure = "The settings and the menu are as they were; the scripts in /etc/grub.d decide what an entry boots."
        raise Failed(exc.parts["what"], where=exc.parts["where"], found=exc.parts["found"], cure=cure)


def unlike(entries, decision):
    """The first entry that does not boot what was decided, in words; None if all do."""
    if not entries:
        return "no entry of /etc/grub.d/10_linux"
    for entry in entries:
        if differs(entry["tokens"], decision.wanted, decision.gone):
            return "{0}: {1}".format(entry["title"], " ".join(entry["tokens"]))
    return None


def verdict(decision, running):
    """How the running line differs from what the next boot will have, and why that needs a reboot."""
    result = _cmdline.compare(running, decision.wanted, decision.gone)
    reasons = _cmdline.reasons(result)
    return dict(result, running=_cmdline.split(running), reasons=reasons, reboot_required=bool(reasons))


def work(module):
    parameters = module.params
    if parameters["entry"] == "trial":
        raise Refused("this backend cannot boot a line on trial", found="entry=trial", cure="Use entry=default.")
    present = parameters["state"] == "present"
    wanted = wanted_tokens(parameters["tokens"]) if present else []
    names = takeover_names(parameters["takeover"]) if present else []
    grub, state = BACKENDS[parameters["backend"]](ROOT, runner(module)), State(ROOT)
    running = read_text(under(ROOT, "/proc/cmdline")) or ""
    with contextlib.ExitStack() as held:
        if not module.check_mode:
            held.enter_context(state.locked())
        before = state.section(SECTION)
        decision = decide(grub, state, wanted, names, running)
        actions = actions_of(decision, state)
        if not module.check_mode:
            carry_out(grub, state, decision)
        configured = grub.entries()
    keys = ("tokens", "taken_over")
    return dict(
        verdict(decision, running),
        actions=actions,
        configured=configured,
        owned=wanted,
        taken_over=decision.record.get("taken_over", []),
        diff={
            "before": {key: before.get(key, []) for key in keys},
            "after": {key: decision.record.get(key, []) for key in keys},
        },
    )


def main():
    module = AnsibleModule(
        argument_spec={
            "tokens": {"type": "raw", "default": [], "no_log": False},
            "entry": {"type": "str", "choices": ["default", "trial"], "default": "default"},
            "takeover": {"type": "list", "elements": "str", "default": []},
            "backend": {"type": "str", "choices": ["auto", "grub"], "default": "auto"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
