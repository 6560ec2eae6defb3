# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two ways to say no: Refused before the first change, Failed when the world did not do as told.

Private to the collection. Python 3.6+, standard library only.
"""


class OvsDpdkError(Exception):
    """What, where, found, expected, cure: the five parts that every message of this collection has.

    *cure* names the option or variable that changes the outcome.
    """

    def __init__(self, what, where=None, found=None, expected=None, cure=None):
        self.parts = {"what": what, "where": where, "found": found, "expected": expected, "cure": cure}
        super().__init__(_sentence(**self.parts))


class Refused(OvsDpdkError):
    """The request is wrong or dangerous; nothing has been changed."""


class Failed(OvsDpdkError):
    """A command or a file did not do what it was told; the message says what was left how."""


def _sentence(what, where, found, expected, cure):
    text = what if where is None else "{0} ({1})".format(what, where)
    facts = [
        "{0} {1}".format(word, value)
        for word, value in (("found", found), ("expected", expected))
        if value is not None
    ]
    if facts:
        text += ": " + ", ".join(facts)
    return text + "." + (" {0}".format(cure) if cure else "")
