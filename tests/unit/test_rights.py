"""Rights, read from the sources: nothing world-writable, no shell that sees a value, commands as lists of words."""

import ast
import glob
import os
import re

import pytest

yaml = pytest.importorskip("yaml")

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def sources(*patterns):
    return sorted(path for pattern in patterns for path in glob.glob(os.path.join(TOP, pattern)))


PYTHON = sources("plugins/*/*.py", "roles/*/files/*.py")
TASKS = sources("roles/*/tasks/*.yml", "roles/*/handlers/*.yml", "playbooks/*.yml")
UNITS = sources("roles/*/templates/*", "roles/*/defaults/main.yml", "roles/*/vars/main.yml")
SHELLS = ("shell", "raw", "script", "expect")
# These make a file, with the permissions of the umask unless they say otherwise.
MAKERS = ("copy", "template", "blockinfile", "lineinfile", "get_url", "assemble", "unarchive")


def short(path):
    return os.path.relpath(path, TOP)


def tasks(found):
    """Every task of a file, those of plays and blocks included, as {module without its collection: arguments}."""
    for item in found or []:
        for key in ("tasks", "pre_tasks", "post_tasks", "handlers", "block", "rescue", "always"):
            if key in item:
                yield from tasks(item[key])
        yield {key.rpartition(".")[2]: value for key, value in item.items()}


def world_writable(text):
    """Whether permissions, as octal digits or as chmod's letters, let everybody write."""
    text = str(text)
    if re.match(r"^[0-7]{3,4}\Z", text):
        return bool(int(text, 8) & 0o002)
    return bool(re.search(r"(?:^|,)[ugo]*[oa][ugoa]*[+=][rwxXst]*w|(?:^|,)[+=][rwxXst]*w", text))


@pytest.mark.parametrize(
    "mode, answer", [("0666", True), ("0664", False), ("u=rw,o=rw", True), ("a+w", True), ("+w", True), ("g+w", False)]
)
def test_permissions_are_read_as_chmod_does(mode, answer):
    assert world_writable(mode) is answer


@pytest.mark.parametrize("path", TASKS, ids=short)
def test_tasks(path):
    with open(path, encoding="utf-8") as handle:
        for task in tasks(yaml.safe_load(handle)):
            assert not set(task) & set(SHELLS), "a shell"
            if "command" in task:
                assert set(task["command"]) & {"argv"}, "not a list of words: {0}".format(task["name"])
            for name in set(task) & set(MAKERS):
                assert "mode" in task[name], "permissions left to the umask: {0}".format(task["name"])
            for arguments in task.values():
                if isinstance(arguments, dict):
                    assert not world_writable(arguments.get("mode", "")), task["name"]


@pytest.mark.parametrize("path", UNITS, ids=short)
def test_units_and_defaults_give_nothing_to_everybody_and_services_keep_their_user(path):
    with open(path, encoding="utf-8") as handle:
        text = handle.read()
    modes = re.findall(r"\b(?:\w*[Mm]ode\w*)['\"]?\s*[:=]\s*['\"]?([0-7]{3,4})\b", text)
    assert [mode for mode in modes if world_writable(mode)] == []
    assert not re.search(r"^UMask=0*(?:[0-7]?[0-7]?[0145])\s*$", text, re.MULTILINE)
    assert not re.search(r"^(?:User|Group|DynamicUser|SupplementaryGroups)=", text, re.MULTILINE)


@pytest.mark.parametrize("path", PYTHON, ids=short)
def test_python(path):
    with open(path, encoding="utf-8") as handle:
        tree = ast.parse(handle.read())
    for words in (node.elts for node in ast.walk(tree) if isinstance(node, (ast.List, ast.Tuple))):
        if len(words) > 2 and [constant(word) for word in words[:2]] == ["sh", "-c"]:
            script = words[2]  # fixed; what varies comes as arguments behind it
            assert isinstance(script, ast.Name) and script.id.isupper() or constant(script), "line %d" % script.lineno
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        assert name not in ("system", "popen", "getoutput", "getstatusoutput", "eval", "exec"), "line %d" % call.lineno
        assert not set(keywords) & {"shell", "use_unsafe_shell", "executable"}, "line %d" % call.lineno
        if name in ("chmod", "fchmod", "mkdir", "makedirs", "write_text", "open", "mknod"):
            values = [constant(value) for value in call.args[1:] + list(keywords.values())]
            assert not [value for value in values if isinstance(value, int) and value & 0o002], "line %d" % call.lineno


def constant(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None
