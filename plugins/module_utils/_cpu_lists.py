# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Explicit CPU lists of the operator, held against the machine: online, whole cores, disjoint.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _cpuset
from ._errors import Refused
from ._machine import cpus_of, first, hosts_dpdk, incapable
from ._notes import option


def check_lists(given, nodes):
    """*given* maps a role (its option is ROLE_cpus) to a set of CPUs or None."""
    cores = [core for node in nodes for core in node.cores]
    for role in given:
        if given[role]:
            _check_online(role, given[role], cpus_of(cores))
            _check_siblings(role, given[role], cores)
    _check_disjoint(given)


def check_able(pmd, nodes):
    """Refuse PMD threads where Open vSwitch cannot have them."""
    for node in nodes:
        mine = cpus_of(node.cores) & pmd
        if mine and not hosts_dpdk(node):
            raise Refused(
                "NUMA node {0} cannot have PMD threads".format(node.id),
                where="CPUs {0}".format(_cpuset.render(mine)),
                found=incapable(node),
                cure="Name CPUs of other nodes in {0}, or leave out one of the other lists.".format(option("pmd_cpus")),
            )


def _check_online(role, cpus, online):
    if cpus - online:
        raise Refused(
            "{0}_cpus names CPUs that are not online".format(role),
            found=_cpuset.render(cpus - online),
            expected="CPUs out of {0}".format(_cpuset.render(online)),
            cure="Correct {0}.".format(option(role + "_cpus")),
        )


def _check_siblings(role, cpus, cores):
    for core in cores:
        if core.cpus & cpus and not core.cpus <= cpus:
            raise Refused(
                "{0}_cpus splits SMT siblings".format(role),
                where="core of CPU {0}".format(first(core)),
                found=_cpuset.render(core.cpus & cpus),
                expected=_cpuset.render(core.cpus),
                cure="Give all siblings of the core to {0}, or none.".format(option(role + "_cpus")),
            )


def _check_disjoint(given):
    roles = sorted(role for role in given if given[role])
    for role, other in ((role, other) for role in roles for other in roles if role < other):
        if given[role] & given[other]:
            raise Refused(
                "{0}_cpus and {1}_cpus overlap".format(role, other),
                found=_cpuset.render(given[role] & given[other]),
                expected="disjoint lists",
                cure="Correct {0} or {1}.".format(option(role + "_cpus"), option(other + "_cpus")),
            )
