# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes down the `actions` of all modules of a play, whether their tasks register them or not."""

import json
import os
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: actions
type: aggregate
short_description: The actions of a play as JSON, in the file that NFV_ACTIONS names
description: One host is expected. Answers that a role only asks for (changed_when=false) are left out.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "actions"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.rows = []

    def v2_runner_on_ok(self, result):
        for item in result.result.get("results", [result.result]):
            if item.get("changed"):
                name = result.task.name
                self.rows += [dict(row, task=name, step=f"{name}: {row['action']}") for row in item.get("actions", [])]

    def v2_playbook_on_stats(self, stats):
        Path(os.environ["NFV_ACTIONS"]).write_text(json.dumps(self.rows, indent=2) + "\n", encoding="utf-8")
