import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _interfaces
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Failed


class Switch:
    """A switch whose table Interface says something else at every look; the last one stays."""

    timeout = 0

    def __init__(self, *looks):
        self.looks = list(looks)
        self.asked_log_for = None

    def tables(self, columns):
        rows = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        return {"Interface": rows}

    def complaints(self, process, words):
        self.asked_log_for = words
        return ["line"]


def row(name, ofport=(), error=(), devargs=None):
    options = {"dpdk-devargs": devargs} if devargs else {}
    # OVSDB shows an optional value that is not there as an empty set.
    return {"name": name, "ofport": ofport or [], "error": error or [], "options": options}


def test_condition_in_the_order_of_the_names():
    rows = [row("a", 1), row("b", -1, "broken"), row("c")]
    assert _interfaces.condition(rows, ["c", "b", "gone", "a"]) == [
        {"name": "c", "ofport": None, "error": None},
        {"name": "b", "ofport": -1, "error": "broken"},
        {"name": "gone", "ofport": None, "error": None},
        {"name": "a", "ofport": 1, "error": None},
    ]


def test_settle_waits_for_all():
    switch = Switch([row("a"), row("b", 2)], [row("a", 1), row("b", 2)])
    switch.timeout = 60
    assert [each["ofport"] for each in _interfaces.settle(switch, None, ["a", "b"], "bridge br0")] == [1, 2]


def test_nothing_to_settle():
    assert _interfaces.settle(Switch([]), None, [], "bridge br0") == []


@pytest.mark.parametrize(
    "interface, words, asked",
    [
        (row("a", -1, "broken", "0000:40:00.0"), "found broken. The log says:\nline", ["a", "0000:40:00.0"]),
        (row("a", 3, "broken later"), "found broken later", ["a"]),
        (row("a"), "found no OpenFlow port number after 0 s", ["a"]),
        (row("a", -1), "found no OpenFlow port number", ["a"]),
        (row("b", 1), "found no OpenFlow port number", ["a"]),
    ],
)
def test_an_error_fails_with_its_reason(interface, words, asked):
    switch = Switch([interface])
    with pytest.raises(Failed) as caught:
        _interfaces.settle(switch, None, ["a"], "bridge br0")
    assert str(caught.value).startswith("ports.error: interface a does not work (bridge br0): ")
    assert words in str(caught.value)
    assert switch.asked_log_for == asked
