"""Whatever a file, a daemon or an operator says: a reader returns something or refuses it in words."""

import json
import os
import tempfile

import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _kernel
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._host import read_host
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._state import State
from machines import builder
from parsers import READERS

hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

# What int(), float(), \d, isdigit(), split() and splitlines() are wrong about.
TRAPS = ["9" * 5000, "1.2.3", ".", "\u0663", "\u00b2", "\x1c", "\x85", "\u2028", "\0", "\r", "-", "-1", "=", "(null)"]
BETWEEN = st.one_of(st.sampled_from(TRAPS + [" ", "\n", ",", ":"]), st.text(max_size=3))


def texts(usual):
    """Any text, and usual ones with anything in between."""
    pieces = st.sampled_from(sorted({piece for text in usual for line in text.splitlines() for piece in cut(line)}))
    spoiled = st.lists(st.one_of(pieces, BETWEEN), max_size=12).map("".join)
    return st.one_of(st.text(), spoiled, st.builds(replaced, st.sampled_from(usual), st.integers(0), BETWEEN))


def cut(line):
    """A line and its beginnings, word by word."""
    words = line.split(" ")
    return [line + "\n"] + [" ".join(words[:count]) + " " for count in range(1, len(words))]


def replaced(text, position, by):
    position %= len(text)
    return text[:position] + by + text[position + 1 :]


@pytest.mark.parametrize("name", sorted(READERS))
def test_no_text_makes_a_reader_fail_other_than_in_words(name):
    reader = READERS[name]

    @hypothesis.given(texts(reader.usual))
    def read(text):
        try:
            reader.read(text)
        except Refused as exc:
            assert exc.parts["what"]

    read()


@pytest.mark.parametrize("name", sorted(READERS))
def test_what_a_fuzzer_starts_from_is_understood(name):
    for text in READERS[name].usual:
        READERS[name].read(text)


def write(path, content):
    with open(path, "wb") as handle:
        handle.write(content)


def files_below(directory):
    """{path: text} of all regular files."""
    paths = [os.path.join(above, name) for above, _directories, names in os.walk(directory) for name in names]
    found = {}
    for path in sorted(path for path in paths if not os.path.islink(path)):
        with open(path, "rb") as handle:
            found[path] = handle.read().decode()
    return found


@pytest.fixture(scope="module")
def machine():
    nics = [{"name": "ens4", "addresses4": ["192.0.2.10/24"], "addresses6": ["2001:db8::10/64"], "master": "bond0"}]
    with tempfile.TemporaryDirectory() as directory:
        yield builder.build(directory, cores=1, nics=nics, state={"devices": {}})


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.data())
def test_any_file_of_a_machine_may_hold_anything(machine, data):
    files = files_below(machine)
    chosen = data.draw(st.lists(st.sampled_from(sorted(files)), max_size=8, unique=True))
    contents = [data.draw(st.one_of(st.binary(max_size=30), texts([files[path]]).map(str.encode))) for path in chosen]
    try:
        for path, content in zip(chosen, contents):
            write(path, content)
        json.dumps(read_host(machine))
        _kernel.read_kernel(machine)
    except Refused as exc:
        assert exc.parts["cure"]
    finally:
        for path in chosen:
            write(path, files[path].encode())


@hypothesis.given(st.one_of(st.binary(max_size=40), st.recursive(st.none(), st.lists).map(json.dumps).map(str.encode)))
def test_a_damaged_state_file_is_refused_and_kept(content):
    with tempfile.TemporaryDirectory() as directory:
        state = State(directory)
        os.makedirs(state.directory)
        write(state.path, content)
        with pytest.raises(Refused) as caught:
            state.load()
        assert caught.value.parts["cure"]
        with open(state.path, "rb") as handle:
            assert handle.read() == content
