"""Who may change a host while another play is at work: by the clock and by the boot."""


import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _lease
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils._errors import Refused

NOW = 1772359200  # 2026-03-01T10:00:00Z
MINE = {"job": "17", "host": "awx"}
OTHER = {"job": "4711", "host": "ctl"}


@pytest.fixture(autouse=True)
def no_news():
    del _lease.news[:]


def lease(holder=None, boot_id="boot", until="2026-03-01T10:15:00Z", **more):
    return dict(holder or OTHER, boot_id=boot_id, since="2026-03-01T09:50:00Z", until=until, **more)


@pytest.mark.parametrize(
    "name, holder",
    [
        ("", None),
        ("17@awx", MINE),
        ("17", {"job": "17", "host": None}),
        ("me@home@ctl", {"job": "me@home", "host": "ctl"}),
    ],
)
def test_the_name_of_a_play(name, holder):
    assert _lease.holder({_lease.VARIABLE: name}) == holder
    if holder:
        assert _lease.named(holder) == name


@pytest.mark.parametrize("name", [" ", "a b", "a\nb", "a'b", 'a"b', "a\0", "x" * 201])
def test_a_name_that_could_not_be_shown(name):
    with pytest.raises(Refused, match="not a name for a job"):
        _lease.holder({_lease.VARIABLE: name})


def test_a_free_host_is_taken_for_fifteen_minutes():
    taken = {"boot_id": "boot", "since": "2026-03-01T10:00:00Z", "until": "2026-03-01T10:15:00Z"}
    assert _lease.renewed(None, MINE, "boot", NOW) == dict(MINE, **taken)
    assert _lease.renewed(None, None, "boot", NOW) is None


def test_renewing_keeps_the_beginning_and_says_nothing():
    for boot in ("boot", "earlier"):  # the play rebooted the host itself
        found = lease(MINE, boot, until="2026-03-01T09:59:00Z")
        renewed = _lease.renewed(found, MINE, "boot", NOW)
        assert renewed == dict(found, boot_id="boot", until="2026-03-01T10:15:00Z")
    assert _lease.news == []


@pytest.mark.parametrize("mine", [MINE, None, {"job": "4711", "host": "elsewhere"}])
def test_another_play_is_refused_in_words(mine):
    with pytest.raises(Refused) as refusal:
        _lease.renewed(lease(), mine, "boot", NOW)
    assert str(refusal.value) == (
        "another play is at work on this host: found job 4711@ctl, since 2026-03-01T09:50:00Z, until "
        "2026-03-01T10:15:00Z, expected one play at a time. Wait for its end; if it is dead, its lease ends by itself. "
        "nfv_ovs_dpdk_job=4711@ctl goes on in its place at once."
    )


@pytest.mark.parametrize(
    "found, words",
    [
        (lease(until="2026-03-01T10:00:00Z"), "has run out"),
        (lease(until="2026-03-01T10:15:01Z"), "has run out"),  # the clock was set back: nobody was given as much
        (lease(until="tomorrow"), "has run out"),
        (lease(until=None), "has run out"),
        (lease(boot_id="earlier"), "is of an earlier boot"),
    ],
)
def test_a_lease_that_holds_no_more_is_taken_over(found, words):
    assert _lease.renewed(found, MINE, "boot", NOW)["job"] == "17"
    assert _lease.news == ["The lease of job 4711@ctl {0}; this play takes over.".format(words)]
    assert _lease.renewed(found, None, "boot", NOW) is None


# -- the clock of the wall may be set, that of the boot may not ------------------------------------------------------

UPTIME = 5000


@pytest.mark.parametrize("step", [-7200, -30, -0.5, 0, 3600])
def test_setting_the_clock_does_not_end_a_lease(step):
    taken = _lease.renewed(None, OTHER, "boot", NOW, UPTIME)
    assert (taken["until"], taken["until_uptime"]) == ("2026-03-01T10:15:00Z", UPTIME + 900)
    for passed in (0, 10, 899):
        with pytest.raises(Refused, match="another play is at work"):
            _lease.renewed(taken, MINE, "boot", NOW + step + passed, UPTIME + passed)


@pytest.mark.parametrize("step", [-3600, 0, 3600])
def test_a_lease_runs_out_by_the_clock_of_the_boot(step):
    taken = _lease.renewed(None, OTHER, "boot", NOW, UPTIME)
    renewed = _lease.renewed(taken, MINE, "boot", NOW + step + 900, UPTIME + 900)
    assert (renewed["job"], renewed["until_uptime"]) == ("17", UPTIME + 1800)
    assert _lease.news == ["The lease of job 4711@ctl has run out; this play takes over."]


@pytest.mark.parametrize("limit, active", [(5900, True), (5901, False), (5000, False), ("5900", False), (None, False)])
def test_a_limit_that_nobody_was_given_holds_nobody_up(limit, active):
    found = lease(until="2026-03-01T10:15:00Z", until_uptime=limit)
    if active:
        with pytest.raises(Refused):
            _lease.renewed(found, MINE, "boot", NOW, UPTIME)
    else:
        assert _lease.renewed(found, MINE, "boot", NOW, UPTIME)["job"] == "17"


def test_without_the_clock_of_the_boot_that_of_the_wall_counts():
    with pytest.raises(Refused):
        _lease.renewed(lease(), MINE, "boot", NOW, UPTIME)  # taken by an earlier version
    with pytest.raises(Refused):
        _lease.renewed(lease(until_uptime=1), MINE, "boot", NOW)
    assert "until_uptime" not in _lease.renewed(lease(MINE, until_uptime=1), MINE, "boot", NOW)
