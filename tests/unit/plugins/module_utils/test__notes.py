import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _notes


def test_notes_keep_their_order_and_fill_in_values():
    notes = _notes.Notes()
    notes.because("Node {0} has {1}.", 0, "CPUs")
    notes.because("100% {1} stays literal with {0}.", "values", "{x}")
    notes.warn("some-id", "Node {0} is odd.", 8)
    assert notes.reasons == ["Node 0 has CPUs.", "100% {x} stays literal with values."]
    assert notes.warnings == [{"id": "some-id", "text": "Node 8 is odd."}]


def test_options_are_called_by_their_role_variable_first():
    assert _notes.option("pmd_cores") == "host_plan_pmd_cores (option pmd_cores)"


@pytest.mark.parametrize(("number", "text"), [(0, "0 cores"), (1, "1 core"), (2, "2 cores")])
def test_counted(number, text):
    assert _notes.counted(number, "core") == text
