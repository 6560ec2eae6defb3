# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Are new kernel arguments booted on trial? What the host can, beside what the operator has said.

Pure. Private to the collection. Python 3.6+, standard library only.
"""

NOT_ASKED = "kernel_args_trial=never"
NOBODY = "nobody would confirm it, as this run may not reboot the host (host_reboot_allowed=false)"
TUNED = "TuneD puts its own arguments on the default entries, whatever is tried"
UNKNOWN = "nobody has looked whether one can be had"


def why_not(trial, asked="auto", consent="yes", mechanism="kernel"):
    """Why they are not, in words; "" if they are.

    *trial* are the facts of module kernel_cmdline, {} where nobody has asked for them; *asked* is kernel_args_trial,
    *consent* that to the reboot ("yes", "no" or "unset"), *mechanism* what isolates CPUs.
    """
    if asked == "never":
        return NOT_ASKED
    if consent == "no":
        return NOBODY
    return TUNED if mechanism == "tuned" else trial.get("why", UNKNOWN)
