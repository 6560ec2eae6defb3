#!/usr/bin/python

# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

DOCUMENTATION = r"""
module: owned_files
short_description: Keep own configuration files, and give their places back
version_added: "1.0.0"
author: [nfv.ovs_dpdk contributors (@nfv)]
description:
  - Writes small text files such as unit drop-ins, whole or not at all, and records in the state file what was there
    before.
  - A file that somebody else has written is refused unless it is named in O(takeover).
  - With O(state=absent) what was there before is there again. Files that are not recorded as ours are never touched,
    and one that somebody has changed since stays as it is. What somebody has made of a file between two runs with
    O(state=present) counts as what was there before, unless its name says that it is ours (C(nfv-ovs-dpdk)).
extends_documentation_fragment:
  - nfv.ovs_dpdk.attributes
  - nfv.ovs_dpdk.attributes.changing
options:
  files:
    description: The files. Required with O(state=present); O(state=absent) without it means all that this module keeps.
    type: list
    elements: dict
    suboptions:
      path:
        description:
          - Absolute path below C(/etc) or C(/usr/local), without C(..). No symbolic link may lead it elsewhere.
        type: str
        required: true
      content:
        description: The whole text. Required with O(state=present).
        type: str
      mode:
        description: Permissions in octal. World-writable files are refused.
        type: str
        default: "0644"
  takeover:
    description: Paths whose present text may be replaced. It is kept in the state file.
    type: list
    elements: str
    default: []
  daemon_reload:
    description:
      - V(auto) lets systemd read its units again, once, if a file below C(/etc/systemd/system) has changed, or if an
        earlier run was interrupted before it could.
    type: str
    choices: [auto, never]
    default: auto
  restart:
    description:
      - Services that read their settings only when they start, such as V(irqbalance.service). One that runs is started
        anew once a drop-in of it among the files has changed, or if an earlier run was interrupted before it could.
      - The kernel loads what was written below C(/etc/sysctl.d) in any case.
    type: list
    elements: str
    default: []
  state:
    description:
      - V(absent) gives the places back. What a file below C(/etc/sysctl.d) has set stays in the running kernel until
        its next boot.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Load the VFIO driver at boot
  nfv.ovs_dpdk.owned_files:
    files:
      - path: /etc/modules-load.d/nfv-ovs-dpdk.conf
        content: |
          vfio-pci

- name: Keep interrupts away from CPUs
  nfv.ovs_dpdk.owned_files:
    files:
      - path: /etc/systemd/system/irqbalance.service.d/90-nfv-ovs-dpdk.conf
        content: |
          [Service]
          Environment=IRQBALANCE_BANNED_CPULIST=2-5
    restart: [irqbalance.service]

- name: Give the place back
  nfv.ovs_dpdk.owned_files:
    files:
      - path: /etc/modules-load.d/nfv-ovs-dpdk.conf
    state: absent

- name: Give all places back
  nfv.ovs_dpdk.owned_files:
    state: absent
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode; V(null) is a file that does not exist.
  returned: success
  type: list
  elements: dict
  sample: [{"action": "write", "target": "/etc/modules-load.d/nfv-ovs-dpdk.conf", "before": null, "after": "vfio-pci"}]
changed_files:
  description: Paths of the files that were changed, for handlers that want to know.
  returned: success
  type: list
  elements: str
left:
  description: Files that were not given back because somebody has changed them after us; they are no longer ours.
  returned: success
  type: list
  elements: dict
  sample: [{"target": "/etc/sysctl.d/90-nfv-ovs-dpdk.conf", "reason": "was changed by somebody else after us"}]
"""

import contextlib
import os
import re

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _owned, _units
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._action import action
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._files import under
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._module import conduct, runner
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

ROOT = "/"
US = "owned_files"
# Who has not been told of a change yet: {service: "restart"}, {file of settings: "load"}.
DUE = "due"
SERVICE = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,200}\.service\Z")
SETTINGS = "/etc/sysctl.d/"


def decide(state, parameters):
    """All changes, each path once; the first refusal ends it before anything is written."""
    changes, seen, files, recorded = [], set(), parameters["files"], state.section(_owned.SECTION)
    if files is None:
        ours = [path for path, entry in sorted(recorded.items()) if entry.get("by") == US]
        files = [{"path": path, "content": None, "mode": "0644"} for path in ours]
    for item in files:
        path = item["path"]
        if path in seen:
            raise Refused("a file is named twice", found=path, cure="Keep one of the entries in files.")
        seen.add(path)
        mode, text = _owned.mode_bits(item["mode"], path), item["content"]
        if parameters["state"] == "absent":
            changes.append(_owned.release(state, ROOT, path))
            continue
        if text is None:
            raise Refused("a file without content", where=path, cure="Give content, or state=absent.")
        # A place that is ours already needs no word: whatever somebody has put there since is kept for him.
        takeover = path in parameters["takeover"] or path in recorded
        changes.append(_owned.decide(state, ROOT, path, text, mode, takeover, by=US))
    return [change for change in changes if change]


def check_services(names):
    for name in names:
        if not SERVICE.match(name):
            raise Refused("not the name of a service", where="restart", found=repr(name), expected="x.service")


def audience(state, actions, services):
    """{who has to be told of these changes, or of those of a run that was cut off before it could: how}"""
    told = state.section(DUE)
    texts = {item["target"]: item["after"] for item in actions if item["action"] != "forget"}
    for path in texts:
        if path.startswith(SETTINGS):
            told[path] = "load"
        for name in services:
            if path.startswith("{0}/{1}.d/".format(_units.DIRECTORY, name)):
                told[name] = "restart"
    return {target: verb for target, verb in told.items() if verb == "restart" or stands(target, texts)}


def stands(path, texts):
    """Whether there is a file once it holds what *texts* has for it."""
    return texts[path] is not None if path in texts else os.path.exists(under(ROOT, path))


def tell(run, target, verb):
    """Start a service anew if it runs, or let the kernel load a file of settings."""
    argv = ["systemctl", "try-restart", target]
    if verb == "load":
        argv = ["sysctl", "--ignore", "--load", under(ROOT, target)]
    rc, out, err = run(argv)
    if rc and (verb, rc) != ("restart", 5):  # 5: no such unit
        raise Failed("{0} failed".format(" ".join(argv[:2])), where=target, found=(err or out).strip() or str(rc))


def work(module):
    check_services(module.params["restart"])
    state, run = State(ROOT), runner(module)
    systemd = _units.Systemd(run) if module.params["daemon_reload"] == "auto" else None
    with contextlib.ExitStack() as held:
        if not module.check_mode:
            held.enter_context(state.locked())
        changes = decide(state, module.params)
        actions, diffs = _owned.described(changes)
        paths = [item["target"] for item in actions if item["action"] != "forget"]
        told = audience(state, actions, module.params["restart"])
        if systemd and _owned.reload_due(state, changes):
            actions.append(action("reload", "systemd"))
        actions += [action(verb, target) for target, verb in sorted(told.items())]
        if not module.check_mode:
            state.update(DUE, told)
            _owned.carry_out_all(state, ROOT, changes, systemd)
            for target, verb in sorted(told.items()):
                tell(run, target, verb)
            state.update(DUE, dict.fromkeys(state.section(DUE)))
    left = _owned.left_alone(changes) if module.params["state"] == "absent" else []
    return {"actions": actions, "changed_files": paths, "left": left, "diff": diffs}


def main():
    item = {
        "path": {"type": "str", "required": True},
        "content": {"type": "str"},
        "mode": {"type": "str", "default": "0644"},
    }
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "options": item},
            "takeover": {"type": "list", "elements": "str", "default": []},
            "daemon_reload": {"type": "str", "choices": ["auto", "never"], "default": "auto"},
            "restart": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["files"])],
        supports_check_mode=True,
    )
    conduct(module, work)


if __name__ == "__main__":
    main()
