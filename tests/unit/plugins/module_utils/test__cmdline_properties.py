import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _cmdline, _cpuset

pytest.importorskip("hypothesis")
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

CPUS = st.sets(st.integers(0, 200), min_size=1)
PLAIN = st.from_regex(r"[a-z][a-z_.-]{0,8}(=[a-zA-Z0-9,:.]{0,8})?", fullmatch=True)
QUOTED = st.from_regex(r'[a-z]{1,8}="[a-z =]{0,8}"', fullmatch=True)
LISTS = st.builds("{0}={1}".format, st.sampled_from(sorted(_cmdline.CPU_LISTS)), CPUS.map(_cpuset.render))
PAGES = st.builds(
    "{0}={1}".format,
    st.sampled_from(sorted(_cmdline.PAGE_NAMES)),
    st.sampled_from(["1G", "2M", "4", "0:2,1:2", "x", ""]),
)
TOKENS = st.lists(st.one_of(PLAIN, QUOTED, LISTS, PAGES))


@given(TOKENS)
def test_split_takes_apart_what_blanks_join(tokens):
    assert _cmdline.split("  ".join(tokens)) == tokens


@given(st.text())
def test_any_text_is_read_without_an_error(text):
    line = _cmdline.split(text)
    assert _cmdline.split(" ".join(line)) == line
    _cmdline.compare(text, line)


@given(TOKENS)
def test_a_line_does_not_differ_from_itself(tokens):
    assert not any(_cmdline.compare(tokens, tokens).values())


@given(TOKENS)
def test_settings_hold_every_token_once(tokens):
    assert sorted(_cmdline.words(_cmdline.settings(tokens))) == sorted(tokens)


@given(TOKENS, TOKENS)
def test_every_running_token_is_wanted_superfluous_or_foreign(running, wanted):
    result = _cmdline.compare(running, wanted, owned=running)
    assert result["foreign"] == [] and result["conflicts"] == []
    strangers = _cmdline.compare(running, wanted)
    assert strangers["superfluous"] == [] and strangers["foreign"] == result["superfluous"]


@given(TOKENS, TOKENS)
def test_what_is_missing_is_no_longer_missing_when_it_stands_first(running, wanted):
    missing = _cmdline.lacking(running, wanted)
    assert _cmdline.lacking(_cmdline.settings(running) + missing, wanted) == []


@given(st.lists(PLAIN), st.randoms())
def test_the_order_of_unrelated_tokens_means_nothing(tokens, random):
    shuffled = list(tokens)
    random.shuffle(shuffled)
    assert not any(_cmdline.compare(shuffled, tokens).values())


@given(CPUS, st.sampled_from(sorted(_cmdline.CPU_LISTS)))
def test_cpu_lists_are_sets(cpus, name):
    folded, listed = _cpuset.render(cpus), ",".join(str(cpu) for cpu in sorted(cpus, reverse=True))
    assert not any(_cmdline.compare("{0}={1}".format(name, listed), ["{0}={1}".format(name, folded)]).values())
