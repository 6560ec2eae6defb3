"""Two hosts are alike only if nothing about their files differs."""

import subprocess

import pytest
import witness

LOOKS = ("files", "links", "rights")


@pytest.fixture
def testify(tmp_path):
    """testify() -> what a host says of a tree of its own."""
    script = "".join("echo '{0}{1}'; {2}\n".format(witness.HEAD, name, witness.LOOKS[name]) for name in LOOKS)

    def call():
        return witness.testimony(
            subprocess.check_output(["sh", "-c", script.replace(witness.PLACES, str(tmp_path))], text=True)
        )

    (tmp_path / "places").mkdir(mode=0o755)
    (tmp_path / "places/file").write_text("a\n")
    (tmp_path / "places/file").chmod(0o644)
    (tmp_path / "places/link").symlink_to("file")
    return call


def write(places):
    (places / "file").write_text("b\n")


def link(places):
    (places / "link").unlink()
    (places / "link").symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        (lambda places: None, []),
        (write, ["files"]),
        (link, ["links"]),
        (lambda places: (places / "file").chmod(0o600), ["rights"]),
        (lambda places: places.chmod(0o700), ["rights"]),
        (lambda places: (places / "new").mkdir(), ["rights"]),
        (lambda places: (places / "new").write_text(""), ["files", "rights"]),
    ],
)
def test_a_change_is_told(testify, tmp_path, change, differing):
    before = testify()
    change(tmp_path / "places")
    found = witness.differences(testify(), before)
    assert sorted({line.partition(":")[0] for line in found}) == differing


def test_an_owner_is_told(testify, tmp_path):
    said = testify()["rights"]
    (line,) = [line for line in said if line.endswith("/places/file")]
    status = (tmp_path / "places/file").stat()
    assert line == "644 {0.st_uid}:{0.st_gid} {1}/places/file".format(status, tmp_path)
    assert [row.split(" ")[0] for row in said if row.endswith("/places")] == ["755"]


def test_what_is_passed_over_is_so_in_every_look():
    text = "".join(
        "{0}{1}\n644 0:0 /etc/resolv.conf\nx  /etc/resolv.conf\n".format(witness.HEAD, name) for name in LOOKS
    )
    assert witness.testimony(text) == dict.fromkeys(LOOKS, [])


def test_the_script_is_one_that_a_shell_reads():
    subprocess.run(["sh", "-n"], input=witness.SCRIPT, text=True, check=True)
