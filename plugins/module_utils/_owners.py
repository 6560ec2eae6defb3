# Copyright: Contributors to the nfv.ovs_dpdk collection
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else has set of all that a plan wants to set: on the kernel line, in Open vSwitch, at the NICs.

Pure. What is as planned stays his and nothing has to be done about it; all else has to be named before it is replaced.

Private to the collection. Python 3.6+, standard library only.
"""

from . import _cmdline, _keys, _rows, _tuned

SAID = {"kernel line": "kernel line: {1}", "Open vSwitch": "Open vSwitch: {0} is {1}", "NIC": "NIC: {0} on {1}"}
TAKEOVER = {"kernel line": "kernel_args_takeover", "Open vSwitch": "openvswitch_takeover"}


def own_tokens(state, line):
    """The settings on a kernel line that are ours, and those that were and may still run."""
    record = state.get("kernel_cmdline", {})
    lists = [record.get("tokens", [])] + record.get("retired", []) + [_tuned.own_tokens(state, line)]
    return [setting for tokens in lists for setting in _cmdline.settings(tokens)]


def owners(host, plan, switch):
    """[{"where", "name", "found", "planned", "fits", "text"}]; *switch* is the row of table Open_vSwitch, or {}."""
    line = host["cmdline"] or ""
    found = _tokens(line, plan["kernel_args_tokens"], own_tokens(host["state"], line))
    found += _switch_keys(switch, plan.get("other_config", {}))
    return found + _nics(host, plan["devices"])


def _tokens(line, wanted, own):
    ours, asked = ({(setting.key, setting.value) for setting in _cmdline.settings(some)} for some in (own, wanted))
    wishes = {wish.key: wish for wish in reversed(_cmdline.settings(wanted))}
    rows = []
    for setting in _cmdline.settings(line):
        identity = (setting.key, setting.value)
        if setting.key in wishes and identity not in ours:
            there, planned = " ".join(setting.tokens), " ".join(wishes[setting.key].tokens)
            rows.append(_row("kernel line", setting.key[0], there, planned, identity in asked))
    return rows


def _switch_keys(columns, planned):
    row = _rows.found({column: columns.get(column, {}) for column in ("other_config", "external_ids")})
    wanted = _keys.translate(planned, _keys.parse_version(columns.get("ovs_version") or None))
    keys = _rows.flat({"other_config": wanted})
    foreign = sorted(entry for entry in set(keys) & set(row) - _rows.owned(row))
    names = {entry: entry.partition(":")[2] for entry in foreign}
    return [
        _row("Open vSwitch", names[entry], row[entry], keys[entry], _keys.fits(names[entry], row[entry], keys[entry]))
        for entry in foreign
    ]


def _nics(host, devices):
    drivers = {row["address"]: row["driver"] for row in devices if row["driver"]}
    return [
        _row("NIC", nic["address"], nic["driver"], nic["driver"], True)
        for nic in host["nics"]
        if nic["present"] and nic["driver"] == drivers.get(nic["address"], "") and not nic["recorded"]
    ]


def _row(where, name, found, planned, fits):
    text = SAID[where].format(name, found)
    text += ", as planned, stays" if fits else "; {0} is planned: add {1} to {2}".format(planned, name, TAKEOVER[where])
    return {"where": where, "name": name, "found": found, "planned": planned, "fits": fits, "text": text}
