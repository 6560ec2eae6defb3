# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kernel arguments of an environment, held against those of the plan.

Private to the collection. Python 3.6+, standard library only.
Source: the kernel's "Documentation/admin-guide/kernel-parameters.txt" (amd_iommu= knows no value "on").
"""

from . import _cmdline

IOMMU = ("iommu", "intel_iommu", "amd_iommu", "iommu.passthrough")
# Compared elsewhere, by what they mean: pages with the nodes' memory, isolcpus with the lists of CPUs.
_ELSEWHERE = _cmdline.PAGE_NAMES | {"isolcpus"}


def check_line(given, host, plan, findings):
    """Say what is wrong on the line, what it lacks, and what of it is none of the plan's business."""
    if "kernel_args" not in given or plan is None:
        return
    name, tokens = given["kernel_args"]
    tokens = [token for token in tokens if token != "amd_iommu=on" or _bad_amd_iommu(name, findings)]
    difference = _cmdline.compare(tokens, plan["kernel_args_tokens"])
    for conflict in difference["conflicts"]:
        if conflict["name"] not in _ELSEWHERE:
            cure = "Correct {0}. The plan writes {1}.".format(conflict["running"], conflict["wanted"])
            findings.warn(name, conflict["text"], conflict["wanted"], cure)
    contradicted = {conflict["running"] for conflict in difference["conflicts"]}
    _missing(name, difference, findings)
    _foreign(name, [token for token in difference["foreign"] if token not in contradicted], host, findings)


def _bad_amd_iommu(name, findings):
    cure = "Take it out: the IOMMU of AMD is on by itself, and the plan does not write it."
    findings.warn(name, "amd_iommu=on", "no such token: the kernel knows no value on", cure)
    return False


def _missing(name, difference, findings):
    """What the plan adds; without the IOMMU's words vfio-pci does not work, or everything else is slow."""
    contradicted = {conflict["wanted"] for conflict in difference["conflicts"]}
    missing = [token for token in difference["missing"] if token not in contradicted]
    for token in missing:
        if _cmdline.name(token) in IOMMU:
            findings.warn(name, "no {0}".format(token), token, "Add it. The plan does.")
    others = [token for token in missing if _cmdline.name(token) not in _ELSEWHERE.union(IOMMU)]
    if others:
        found = "no {0}".format(" ".join(others))
        findings.info(name, found, " ".join(others), "Nothing: the plan adds what isolated CPUs need besides.")


def _foreign(name, tokens, host, findings):
    """Tokens that are not the plan's stay the operator's."""
    tokens = [token for token in tokens if _cmdline.name(token) not in _ELSEWHERE]
    for token in [token for token in tokens if _cmdline.name(token) in IOMMU]:
        machine = host["cpu"]["vendor"] or host["architecture"] or "this machine"
        cure = "Nothing: it does no harm, the plan does not write it, and nobody takes it off the host."
        findings.info(name, token, "no such token for {0}".format(machine), cure)
    others = [token for token in tokens if _cmdline.name(token) not in IOMMU]
    if others:
        cure = "Keep them on a kernel line of your own: the plan neither writes nor removes them."
        findings.info(name, " ".join(others), "arguments that the plan knows", cure)
