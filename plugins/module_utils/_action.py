# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change as data: what a dry run shows is what a real run does. What is not changed, and why, is data too.

Private to the collection. Python 3.6+, standard library only.
"""


def action(verb, target, before=None, after=None):
    """*verb* what is done, *target* to which thing, *before* and *after* as plain data (None: not there)."""
    return {"action": verb, "target": target, "before": before, "after": after}


def left(target, reason="was changed by somebody else after us"):
    """Something that is not given back; *reason* goes on where *target* ends: "eth0 is in use"."""
    return {"target": target, "reason": reason}
