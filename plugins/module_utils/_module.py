# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame around every module: errors become messages, actions become results.

Private to the collection. Python 3.6+, standard library only.
"""

from ._errors import OvsDpdkError


def runner(module):
    """run(argv) -> (rc, out, err) in the C locale, without a shell, for the doors that need commands.

    Arguments arrive literally: no "~" and no "$NAME" in a value is expanded. A missing program is rc 127.
    """

    def run(argv, data=None):
        environment = {"LC_ALL": "C", "LANGUAGE": "C"}
        try:
            return module.run_command(
                list(argv), data=data, environ_update=environment, expand_user_and_vars=False, handle_exceptions=False
            )
        except (IOError, OSError) as exc:
            return 127, "", str(exc)

    return run


def conduct(module, work):
    """Run ``work(module)``, which returns the result as a dict, and leave the module with it.

    A result with ``actions`` is a change: ``changed`` follows from them.
    ``diff`` is dropped unless it was asked for.
    """
    try:
        result = work(module)
    except OvsDpdkError as exc:
        module.fail_json(msg=str(exc), error=exc.parts)
    if "actions" in result:
        result.setdefault("changed", bool(result["actions"]))
    if not getattr(module, "_diff", False):
        result.pop("diff", None)
    module.exit_json(**result)
