# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """Attributes that the modules of this collection share."""

    DOCUMENTATION = r"""
options: {}
attributes:
  platform:
    description: Linux hosts with C(/proc) and C(/sys).
    support: full
    platforms: linux
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and changes nothing in any mode.
    support: full
  diff_mode:
    description: There is nothing to show a difference of.
    support: N/A
  idempotent:
    description: Reading twice gives the same answer while nobody else changes the host.
    support: full
"""

    CHANGING = r"""
options: {}
attributes:
  check_mode:
    description: Says in RV(actions) exactly what a real run would do, and does nothing.
    support: full
  diff_mode:
    description: Shows what changes by key, before and after.
    support: full
  idempotent:
    description: A second run with the same options changes nothing.
    support: full
  lease:
    description:
      - Refuses while another play holds the host, see M(nfv.ovs_dpdk.host_lease). Takes the host itself if the play has
        a name in the environment variable E(NFV_OVS_DPDK_JOB).
    support: full
"""
