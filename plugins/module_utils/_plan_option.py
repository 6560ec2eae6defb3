# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The option plan: something else under that name is refused before anything is judged by it.

Private to the collection. Python 3.6+, standard library only.
"""

from ._errors import Refused


def check_plan(plan, keys, cure="Give it nfv_ovs_dpdk_plan."):
    """Refuse a *plan* that lacks one of the *keys* that are going to be read."""
    missing = [key for key in keys if key not in plan]
    if missing:
        raise Refused(
            "not a plan",
            "plan",
            found="no {0} in it".format(", ".join(missing)),
            expected="the plan that host_plan_info returned for this host",
            cure=cure,
        )
