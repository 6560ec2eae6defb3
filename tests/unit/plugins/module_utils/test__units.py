import shutil
import subprocess

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _pages, _units
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed

ESCAPE, ANALYZE = shutil.which("systemd-escape"), shutil.which("systemd-analyze")


@pytest.mark.skipif(ESCAPE is None, reason="needs systemd-escape")
@pytest.mark.parametrize("path", ["/dev/hugepages-1G", "/dev/hugepages-2M", "/a.b/c_d:e", "/x y/é\\"])
def test_names_are_what_systemd_makes_of_a_path(path):
    assert _units.escape_path(path) == subprocess.check_output([ESCAPE, "--path", path]).decode().strip()


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_our_units_are_what_systemd_understands(tmp_path):
    texts = {_pages.POOLS_UNIT: _pages.pools_unit_text([("/sys/devices/system/node/node1/x", 4), ("/sys/y", 2)])}
    texts.update((_pages.mount_unit(size), _pages.mount_unit_text(size, 64055, 0o770)) for size in (2048, 1048576))
    for name, text in texts.items():
        path = tmp_path / name
        path.write_text(text)
        done = subprocess.Popen([ANALYZE, "verify", str(path)], stderr=subprocess.PIPE)
        said = done.communicate()[1].decode()
        assert (done.returncode, [line for line in said.splitlines() if str(tmp_path) in line]) == (0, [])


def answer(rc, out="", err=""):
    return _units.Systemd(lambda argv: (rc, out, err))


def test_enabled_is_read_in_the_order_of_the_names():
    assert answer(1, "enabled\ndisabled\nenabled-runtime\n").enabled(["a", "b", "c"]) == {"a"}
    assert answer(1, "").enabled([]) == set()


@pytest.mark.parametrize("out", ["", "enabled\n", "enabled\nenabled\nenabled\n"])
def test_an_answer_that_does_not_fit_is_no_guess(out):
    with pytest.raises(Failed, match="does not say which units are enabled: found Failed to connect"):
        answer(1, out, "Failed to connect" if not out else "Failed to connect to bus").enabled(["a", "b"])


def test_a_refusal_of_systemctl_is_passed_on():
    with pytest.raises(Failed, match="systemctl could not start a b: found no such unit"):
        answer(5, err="no such unit\n").call("start", ["a", "b"])


@pytest.mark.parametrize(
    "words, load, enabled, running",
    [
        ("loaded active enabled", "loaded", True, True),
        ("loaded activating disabled", "loaded", False, True),
        ("loaded failed static", "loaded", True, False),
        ("masked inactive masked", "masked", False, False),
    ],
)
def test_how_a_unit_is(words, load, enabled, running):
    out = "LoadState={0}\nActiveState={1}\nUnitFileState={2}\n".format(*words.split())
    assert answer(0, out).standing("a") == (load, {"enabled": enabled, "running": running})


def test_a_unit_that_is_not_there_is_nothing():
    assert answer(0, "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n").standing("a") == (None, None)


def test_without_systemd_nothing_is_guessed():
    with pytest.raises(Failed, match="does not say how a unit is .a.: found System has not been booted"):
        answer(1, "", "System has not been booted with systemd").standing("a")
