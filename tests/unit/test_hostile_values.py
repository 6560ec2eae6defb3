"""Hostile values in every option of every module: refused in words or carried literally.

The options come from the documentation, so that a new one is tried by itself. Whatever happens there is no traceback,
no shell reads a value (the canary stays silent), nothing outside the host's tree changes, and nothing at all in a dry
run and on a refusal.
"""

import os
import re
import subprocess
import tempfile

import pytest

yaml = pytest.importorskip("yaml")
from stage import CANARY, NAMES, Stage, options_of, snapshot

TEXTS = [
    "",
    "$({0})".format(CANARY),
    "`{0}`".format(CANARY),
    ";{0};".format(CANARY),
    "a\n{0}\n".format(CANARY),
    "'; {0}; '".format(CANARY),
    '"; {0}; "'.format(CANARY),
    "../../../../../../tmp/x",
    "/etc/../../outside",
    "-rf",
    "*",
    "%n%s{0}{x}{{ 1 }}",
    "a\0b",
    "\u202e\u0663\x1b[2J",
    "x" * 100000,
    "9" * 400,
]
OTHERS = [{"a": "b"}, ["a"], -1, 10**30, True]

MACHINE = {"nodes": 1, "cores": 2, "threads": 1, "nics": [{"name": "ens4", "address": "0000:40:00.0", "virtio": True}]}
PLAN = {"cpus": {}, "devices": [], "hugepages": [], "kernel_args_tokens": []}
PORT = {"name": "p0", "interfaces": [{"name": "p0", "nic": "ens4"}]}
# What a module needs besides the hostile value; one row for each option that is a list of mappings.
GIVEN = {
    "alternative": {"name": "ovs-vswitchd", "path": "/usr/lib/ovs/plain"},
    "host_guard_info": {"plan": PLAN},
    "host_verify_info": {"interval": 0},
    "hugepages": {"pools": [{"node": 0, "size": "2M", "count": 1}]},
    "owned_files": {"files": [{"path": "/etc/nfv/x.conf", "content": "x\n"}]},
    "package_record": {"packages": ["x"]},
    "pci_driver": {"devices": [{"address": "0000:40:00.0", "driver": "vfio-pci"}]},
    "vswitch_bridge": {
        "bridge": "br0",
        "timeout": 1,
        "devices": [{"id": "ens4", "address": "0000:40:00.0"}],
        "ports": [PORT],
    },
    "vswitch_config": {"timeout": 1},
}
# Rows whose keys are described in words only.
ROWS = {("pci_driver", "devices"): ("address", "driver"), ("vswitch_bridge", "devices"): ("id", "address", "devargs")}

# For real these do nothing before they have asked the database, see tests/vswitch; what only reads has but one mode.
MODES = {"vswitch_bridge": (True,), "vswitch_config": (True,)}


def options():
    """(module, path of the option, its documented type), suboptions included."""
    for module in NAMES:
        for name, option in sorted(options_of(module).items()):
            for path, kind in below((name,), option):
                yield module, path, kind
            for key in ROWS.get((module, name), ()):
                yield module, (name, key), "raw"


def below(path, option):
    yield path, option.get("type", "str")
    for name, suboption in sorted(option.get("suboptions", {}).items()):
        yield from below(path + (name,), suboption)


def shapes(kind):
    """Every hostile value in the shapes that an option of this type takes."""
    for text in TEXTS:
        if kind not in ("list", "dict"):
            yield text
        if kind in ("list", "raw"):
            yield [text]
        if kind in ("dict", "raw"):
            yield {"key": text}
        if kind == "dict":
            yield {text: "1"}
    yield from OTHERS


def sample(option):
    """What a required option may be, where GIVEN does not say it."""
    if option.get("type") == "list":
        return [needed(option["suboptions"])] if "suboptions" in option else []
    return {"dict": {}, "int": 0, "float": 0, "bool": False}.get(option.get("type"), option.get("choices", ["x"])[0])


def needed(described):
    return {name: sample(option) for name, option in described.items() if option.get("required")}


def given(module, path, value):
    """The options of a run, with *value* at *path*."""
    described = options_of(module)
    inner = arguments = dict(needed(described), **GIVEN.get(module, {}))
    for name in path[:-1]:
        described = described.get(name, {}).get("suboptions", {})
        inner[name] = [dict(needed(described), **(inner.get(name) or [{}])[0])]
        inner = inner[name][0]
    inner[path[-1]] = value
    return arguments


@pytest.fixture(scope="module")
def place():
    with tempfile.TemporaryDirectory() as directory:
        yield directory


@pytest.mark.parametrize("case", list(options()), ids=lambda case: "{0}-{1}".format(case[0], ".".join(case[1])))
def test_refused_in_words_or_carried_literally(case, place, run_module, monkeypatch):
    module, path, kind = case
    stage = Stage(place, run_module, monkeypatch, **MACHINE)
    before = snapshot(place)
    accepted = list(shapes(kind))
    for check in MODES.get(module, (False,) if module.endswith("_info") else (True, False)):
        for value in list(accepted):
            result = stage.run(module, given(module, path, value), check=check)
            assert not os.path.exists(stage.canary), "a shell has read {0!r:.80}".format(value)
            if result["failed"]:
                assert result["msg"] and "Traceback" not in str(result)
                accepted.remove(value)
            elif not check and snapshot(place) != before:
                changed = {name for name, _facts in set(snapshot(place).items()) ^ set(before.items())}
                assert [name for name in changed if not name.startswith(stage.root + os.sep)] == []
                stage.rebuild()
                before = snapshot(place)
        assert snapshot(place) == before, "a dry run or a refusal has changed something"


@pytest.mark.parametrize("module", NAMES)
def test_nothing_but_the_hostile_value_is_wrong(module, place, run_module, monkeypatch):
    stage = Stage(place, run_module, monkeypatch, **MACHINE)
    for path in [path for name, path, _kind in options() if name == module]:
        message = stage.run(module, given(module, path, "x"), check=True).get("msg", "")
        lacking = re.match(r"missing required arguments: (.*?)( found in .*)?$|(.*) are missing: (.*)", message)
        assert lacking is None, message


def test_the_canary_sings_where_a_shell_reads_a_value(tmp_path, run_module, monkeypatch):
    stage = Stage(tmp_path, run_module, monkeypatch, **MACHINE)
    for text in (text for text in TEXTS if CANARY in text):
        quote = text[0] if text[0] in "'\"" else ""
        subprocess.call(["sh", "-c", "true {0}{1}{0}".format(quote, text)])
        assert os.path.exists(stage.canary)
        os.unlink(stage.canary)


CARRIED = [text for text in TEXTS if text.strip() and "\0" not in text]


@pytest.mark.parametrize("text", CARRIED, ids=lambda text: repr(text)[:30].encode("ascii", "replace").decode())
def test_texts_arrive_as_they_are(text, place, run_module, monkeypatch):
    stage = Stage(place, run_module, monkeypatch, **MACHINE)
    config = stage.run("vswitch_config", {"other_config": {"x": text}, "external_ids": {"y": text}}, check=True)
    assert (config["after"]["other_config"]["x"], config["after"]["external_ids"]["y"]) == (text, text)
    interface = dict(PORT["interfaces"][0], options={"x": text})
    bridge = dict(GIVEN["vswitch_bridge"], ports=[dict(PORT, interfaces=[interface])])
    (port,) = [
        row for row in stage.run("vswitch_bridge", bridge, check=True)["actions"] if row["target"].endswith("p0")
    ]
    assert port["after"]["Interface p0"]["options:x"] == text
    plan = stage.run("host_plan_info", {"other_config": {"x": text}, "dpdk_extra": text})["plan"]["other_config"]
    assert (plan["x"], plan["dpdk-extra"]) == (text, text.replace("\n", " ").strip())
    name = "/etc/nfv/" + re.sub(r"[/\n\x1b]", "_", text)[:200]
    stage.run("owned_files", {"files": [{"path": name, "content": text}]})
    with open(stage.root + name, encoding="utf-8") as handle:
        assert handle.read() == text
    assert not os.path.exists(stage.canary)
    stage.rebuild()
