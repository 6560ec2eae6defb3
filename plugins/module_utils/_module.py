# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame around every module: errors become messages, actions become results.

Private to the collection. Python 3.6+, standard library only.
"""

import os

from . import _lease, _state
from ._errors import OvsDpdkError, Refused


def runner(module):
    """run(argv) -> (rc, out, err) in the C locale, without a shell, for the doors that need commands.

    Arguments arrive literally: no "~" and no "$NAME" in a value is expanded. A missing program is rc 127.
    A program shares our lock: if we are killed and it goes on, nobody else begins before its end. None of them leaves a
    daemon behind, which would then keep the lock: systemctl, tuned-adm and ovs-vsctl only ask one.
    """

    def run(argv, data=None):
        environment = {"LC_ALL": "C", "LANGUAGE": "C"}
        try:
            return module.run_command(
                list(argv),
                data=data,
                environ_update=environment,
                expand_user_and_vars=False,
                handle_exceptions=False,
                pass_fds=_state.held,
            )
        except (IOError, OSError) as exc:
            return 127, "", str(exc)

    return run


def conduct(module, work):
    """Run ``work(module)``, which returns the result as a dict, and leave the module with it.

    A result with ``actions`` is a change: ``changed`` follows from them. What is in ``left`` becomes a warning each.
    ``diff`` is dropped unless it was asked for. Whatever umask we were started with, nothing becomes writable for all.
    """
    os.umask(0o022)
    try:
        _check_texts(module.params, None)
        result = work(module)
    except OvsDpdkError as exc:
        _tell(module)
        module.fail_json(msg=str(exc), error=exc.parts)
    _tell(module, result.get("left", ()))
    if "actions" in result:
        result.setdefault("changed", bool(result["actions"]))
    if not getattr(module, "_diff", False):
        result.pop("diff", None)
    module.exit_json(**result)


def _tell(module, left=()):
    while _lease.news:
        module.warn(_lease.news.pop(0))
    for item in left:
        module.warn("{target} {reason}; it is left alone.".format(**item))


def _check_texts(value, where):
    """Refuse what no file name and no argument of a program can hold, in whatever option it is."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check_texts(str(key), where)
            _check_texts(item, "{0}.{1}".format(where, key) if where else str(key))
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check_texts(item, where)
    elif isinstance(value, str) and "\0" in value:
        raise Refused("a text that cannot be carried", where, repr(value), "text without NUL")
