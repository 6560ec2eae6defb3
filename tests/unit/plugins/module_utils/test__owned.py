import os

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _owned
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed, Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State

PATH = "/etc/modules-load.d/switch.conf"
OWN = "/etc/modules-load.d/nfv-ovs-dpdk.conf"


@pytest.fixture
def host(tmp_path):
    """hold(path, text, …) decides and carries out; .root and .state are at hand."""

    class Host:
        root, state = str(tmp_path), State(str(tmp_path))

        def hold(self, path, text, **more):
            change = _owned.decide(self.state, self.root, path, text, **more)
            if change:
                _owned.carry_out(self.state, self.root, change)
            return change

        def record(self, path):
            """What was there before, without the digests of what we wrote."""
            entry = dict(self.state.section("files")[path])
            assert 1 <= len(entry.pop("written")) <= 2
            return entry

        def text(self, path):
            target = tmp_path / path.lstrip("/")
            return target.read_text() if target.exists() else None

        def put(self, path, text):
            target = tmp_path / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text if isinstance(text, bytes) else text.encode())
            return target

    return Host()


def test_write_keep_change_and_give_back(host):
    assert host.hold(PATH, "a\n") and host.text(PATH) == "a\n"
    assert host.record(PATH) == {"before": None, "directories": ["/etc/modules-load.d", "/etc"]}
    assert host.hold(PATH, "a\n") is None
    assert host.hold(PATH, "b\n").before == "a\n"
    assert host.hold(PATH, None) and host.text(PATH) is None
    assert not os.path.exists(os.path.join(host.root, "etc/modules-load.d"))
    assert host.state.section("files") == {}
    assert host.hold(PATH, None) is None


def test_directories_go_with_the_last_file_that_they_were_made_for(host):
    paths = ["/usr/local/libexec/nfv-ovs-dpdk/" + name for name in "ab"]
    os.makedirs(os.path.join(host.root, "usr/local"))
    for path in paths:
        host.hold(path, "x\n")
    host.hold(paths[0], None)
    assert host.text(paths[1]) == "x\n"
    host.hold(paths[1], None)
    assert os.listdir(os.path.join(host.root, "usr/local")) == []


def test_a_directory_that_others_use_stays(host):
    host.hold(PATH, "a\n")
    host.put("/etc/modules-load.d/theirs.conf", "x")
    host.hold(PATH, None)
    assert os.listdir(os.path.join(host.root, "etc/modules-load.d")) == ["theirs.conf"]


def test_a_file_of_somebody_else_is_refused_until_taken_over_and_comes_back(host):
    host.put(PATH, "theirs\n").chmod(0o600)
    with pytest.raises(Refused, match="exists and is not ours .{0}.*takeover".format(PATH)):
        host.hold(PATH, "ours\n")
    host.hold(PATH, "ours\n", takeover=True)
    owner = {"uid": os.geteuid(), "gid": os.getegid()}
    assert host.record(PATH) == dict(owner, before="theirs\n", mode="0600")
    host.hold(PATH, "later\n")
    host.hold(PATH, None)
    assert host.text(PATH) == "theirs\n"
    assert os.stat(os.path.join(host.root, PATH[1:])).st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_comes_back_to_whom_it_belonged_and_is_never_seen_as_somebody_elses(host, monkeypatch):
    target, seen, rename = str(host.put(PATH, "theirs\n")), [], os.rename
    os.chown(target, 1, 2)
    host.hold(PATH, "ours\n", takeover=True)
    assert (os.stat(target).st_uid, os.stat(target).st_gid) == (0, 0)

    def watched(source, goal):
        seen.append((goal, os.stat(source).st_uid, os.stat(source).st_gid))
        rename(source, goal)

    monkeypatch.setattr(os, "rename", watched)
    host.hold(PATH, None)
    assert [row for row in seen if row[0] == target] == [(target, 1, 2)]
    assert (host.text(PATH), os.stat(target).st_uid, os.stat(target).st_gid) == ("theirs\n", 1, 2)


def test_an_older_record_without_an_owner_is_given_back(host):
    host.put(PATH, "theirs\n")
    host.hold(PATH, "ours\n", takeover=True)
    entry = host.state.section("files")[PATH]
    host.state.record("files", PATH, {key: entry[key] for key in ("before", "mode", "written")})
    host.hold(PATH, None)
    assert host.text(PATH) == "theirs\n"


@pytest.mark.parametrize("text", ["mine\n", None])
def test_what_somebody_has_made_of_a_file_between_two_runs_comes_back(host, text):
    host.put(PATH, "theirs\n")
    host.hold(PATH, "ours\n", takeover=True)
    host.put(PATH, text) if text else os.unlink(os.path.join(host.root, PATH[1:]))
    for _time in (1, 2):
        host.hold(PATH, "later\n", takeover=True)
    host.hold(PATH, None)
    assert (host.text(PATH), host.state.section("files")) == (text, {})


def test_what_we_wrote_ourselves_is_nobodys_text(host):
    host.put(PATH, "theirs\n")
    for text in ("a\n", "b\n"):
        host.hold(PATH, text, takeover=True)
    host.put(PATH, "a\n")  # as a run that was cut off leaves it
    host.hold(PATH, "c\n", takeover=True)
    host.hold(PATH, None)
    assert host.text(PATH) == "theirs\n"


def test_an_equal_file_of_somebody_else_stays_theirs(host):
    host.put(PATH, "same\n")
    assert host.hold(PATH, "same\n") is None and host.hold(PATH, None) is None
    assert host.text(PATH) == "same\n"


def test_files_with_our_name_are_ours_even_without_the_state_file(host):
    host.put(OWN, "old\n")
    assert host.hold(OWN, "new\n")
    host.state.forget("files", OWN)
    assert host.hold(OWN, None) and host.text(OWN) is None


def test_a_file_that_the_operator_removed_or_opened_to_the_world_is_mended(host):
    host.hold(PATH, "a\n")
    os.chmod(os.path.join(host.root, PATH[1:]), 0o666)
    host.hold(PATH, "a\n")
    assert os.stat(os.path.join(host.root, PATH[1:])).st_mode & 0o777 == 0o644
    os.unlink(os.path.join(host.root, PATH[1:]))
    assert host.hold(PATH, "a\n") and host.text(PATH) == "a\n"


def test_undo_takes_a_change_back_with_its_record(host):
    for before in (None, "a\n"):
        recorded = host.state.section("files")
        change = host.hold(PATH, "b\n")
        _owned.undo(host.state, host.root, change)
        assert (host.text(PATH), host.state.section("files")) == (before, recorded)
        host.hold(PATH, "a\n")
    change = host.hold(PATH, None)
    _owned.undo(host.state, host.root, change)
    assert host.text(PATH) == "a\n" and PATH in host.state.section("files")


@pytest.mark.parametrize(
    "path",
    [
        "etc/x",
        "/etc",
        "/etc/",
        "/etc/../root/.ssh/authorized_keys",
        "/etc/./x",
        "/etc//x",
        "//etc/x",
        "/root/x",
        "/etcetera/x",
        "/usr/bin/x",
        "/usr/local/../bin/x",
        "",
        "/etc/x\n",
        "/etc/a\0b",
        "~/x",
    ],
)
def test_other_places_are_refused(host, path):
    with pytest.raises(Refused, match="not a place for an own file"):
        host.hold(path, "x")
    assert host.state.section("files") == {}


@pytest.mark.parametrize("path", ["/etc/$(id)/a;b", "/usr/local/libexec/nfv-ovs-dpdk/a b"])
def test_a_strange_name_is_taken_literally(host, path):
    host.hold(path, "$(id) `id` \\ 'x'\n")
    assert host.text(path) == "$(id) `id` \\ 'x'\n"


def test_a_link_that_leads_elsewhere_is_refused(host, tmp_path):
    (tmp_path / "root").mkdir()
    host.put("/etc/real/theirs", "x")
    os.symlink(str(tmp_path / "root"), str(tmp_path / "etc/out"))
    os.symlink(str(tmp_path / "etc/real/theirs"), str(tmp_path / "etc/link"))
    with pytest.raises(Refused, match="symbolic link leads an own file elsewhere"):
        host.hold("/etc/out/x", "x")
    with pytest.raises(Refused, match="not a regular file"):
        host.hold("/etc/link", "y", takeover=True)
    assert os.listdir(str(tmp_path / "root")) == [] and host.text("/etc/real/theirs") == "x"


def test_bytes_that_could_not_be_given_back_are_refused(host):
    host.put(PATH, b"\xff\xfe")
    with pytest.raises(Refused, match="is no text"):
        host.hold(PATH, "x", takeover=True)


def test_what_the_disk_says_is_said_in_words(host):
    host.put("/etc/file", "x")
    with pytest.raises(Failed, match="an own file cannot be written .*/etc/file/x"):
        host.hold("/etc/file/x", "x")


@pytest.mark.parametrize(("text", "mode"), [("0644", 0o644), ("755", 0o755), ("0640", 0o640)])
def test_mode_bits(text, mode):
    assert _owned.mode_bits(text, "x") == mode


@pytest.mark.parametrize("text", ["0777", "0646", "4755", "0o644", "u=rw", "644\n", "", "9"])
def test_modes_that_are_refused(text):
    with pytest.raises(Refused, match="not permissions of an own file"):
        _owned.mode_bits(text, "x")
