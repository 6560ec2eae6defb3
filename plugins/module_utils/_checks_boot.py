# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts about the boot that comes next: will the host be the same afterwards?

Private to the collection. Python 3.6+, standard library only.
Source: kernel document "admin-guide/kernel-parameters.rst".
"""

from . import _cmdline
from ._verdicts import fail, names, ok


def a_menu(evidence):
    """What a look at the next boot needs."""
    return None if evidence["menu"] is not None else "the boot configuration is not one that grub-mkconfig made"


def next_boot(evidence):
    """What is in force now is in every entry that boots by itself: a line edited since would only show after a boot."""
    running = evidence["host"]["cmdline"] or ""
    written = evidence["host"]["state"].get("kernel_cmdline", {}).get("tokens", [])
    wanted = evidence["plan"]["kernel_args_tokens"] if evidence["plan"] else written
    late = _cmdline.compare(running, wanted)["missing"]  # named by boot.kernel_args and boot.reboot_pending
    for entry in evidence["menu"]:
        missing = [token for token in _cmdline.compare(entry["tokens"], wanted)["missing"] if token not in late]
        if missing:
            yield fail(
                entry["title"],
                "missing: " + " ".join(missing),
                " ".join(wanted),
                "Role kernel_args writes them again; see first who changed the settings below /etc/default/grub.",
            )
    yield ok("{0} tokens in {1}".format(len(wanted), names(entry["title"] for entry in evidence["menu"])))
