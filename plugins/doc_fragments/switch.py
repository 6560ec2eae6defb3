# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """Where the switch is found."""

    DOCUMENTATION = r"""
options:
  ovs_rundir:
    description:
      - Directory with the sockets and pid files of Open vSwitch. By default that of the environment variable
        E(OVS_RUNDIR), else C(/var/run/openvswitch).
    type: path
"""
