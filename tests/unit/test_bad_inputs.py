"""Bad inputs and what the operator is told: bad_inputs.yml, through the real main() of each module.

Dry and for real the message is the same, and nothing is changed. Modules that ask the database of Open vSwitch are run
dry only: for real they ask it first, see tests/vswitch.
"""

import os
import tempfile

import pytest

yaml = pytest.importorskip("yaml")
from stage import Stage, snapshot

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "bad_inputs.yml"), encoding="utf-8") as table:
    TABLE = yaml.safe_load(table)
ROWS = [dict(row, module=module) for module, rows in TABLE["modules"].items() for row in rows]
DRY_ONLY = ("vswitch_bridge", "vswitch_config")


def name_of(row):
    return "{0} {1}".format(row["module"], row["options"])[:100].encode("ascii", "backslashreplace").decode()


@pytest.fixture(scope="module")
def places():
    """A directory for each machine: the tree is built once, since nothing may change it."""
    with tempfile.TemporaryDirectory() as above:
        yield lambda machine: os.path.join(above, machine)


def filled(value, root):
    """*value* with {root} replaced in each text."""
    if isinstance(value, dict):
        return {key: filled(item, root) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, root) for item in value]
    return value.replace("{root}", root) if isinstance(value, str) else value


def sentence(what, where, found, expected, cure):
    """The one line that Ansible shows."""
    facts = ["{0} {1}".format(*fact) for fact in (("found", found), ("expected", expected)) if fact[1] is not None]
    text = what if where is None else "{0} ({1})".format(what, where)
    return text + (": " if facts else "") + ", ".join(facts) + "." + (" " + cure if cure else "")


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_bad_input_is_refused_in_these_words(row, places, run_module, monkeypatch):
    machine = row.get("machine", "lab")
    os.makedirs(places(machine), exist_ok=True)
    stage = Stage(places(machine), run_module, monkeypatch, **TABLE["machines"][machine])
    before = snapshot(stage.place)
    for check in [False] * (row["module"] not in DRY_ONLY) + [True] * ("only" not in row):
        result = stage.run(row["module"], filled(row["options"], stage.root), check=check)
        assert (result["failed"], result["msg"]) == (True, filled(row["says"], stage.root))
        assert result["msg"] == sentence(**result["error"])
        assert result["error"]["expected"] or result["error"]["cure"], "neither what would be right nor what to do"
    assert snapshot(stage.place) == before


def test_the_table_is_large_and_says_nothing_twice():
    assert len(ROWS) >= 150
    asked = [(row["module"], row.get("machine"), repr(row["options"])) for row in ROWS]
    assert len(set(asked)) == len(asked)
    assert not [row for row in ROWS for word in ("None", "<class", "Traceback", "object at") if word in row["says"]]
