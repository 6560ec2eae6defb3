import pytest
from ansible_collections.nfv.ovs_dpdk.plugins.module_utils import _tuned

LINE = "skew_tick=1 nohz_full=2-5 rcu_nocbs=2-5 tuned.non_isolcpus=000000c3 nosoftlockup"
MENU = """\
### BEGIN /etc/grub.d/00_tuned ###
set tuned_params="{line}"
### END /etc/grub.d/00_tuned ###
### BEGIN /etc/grub.d/10_linux ###
menuentry 'Debian' --class debian $menuentry_id_option 'gnulinux-simple-1' {{
\tlinux\t/boot/vmlinuz root=/dev/vda1 ro quiet {reference}
}}
### END /etc/grub.d/10_linux ###
"""


class World:
    """Programs that say what they are told to say."""

    def __init__(self, **answers):
        self.answers, self.asked = answers, []

    def __call__(self, argv):
        self.asked.append(" ".join(argv))
        return self.answers.get(argv[0], (0, "", ""))


def tuned(root, run=None, files=()):
    for path, text in dict(files).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return _tuned.Tuned(str(root), run or World())


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("cpu-partitioning", True),
        ("cpu-partitioning-powersave", True),
        ("my-sysctls realtime-virtual-host", True),
        ("virtual-host", False),
        ("my-cpu-partitioning", False),
        ("", False),
    ],
)
def test_profiles_that_isolate(profile, expected):
    assert _tuned.isolates(profile) == expected


def test_arguments_that_a_plan_counts_on():
    isolation = {"mechanism": "tuned", "nohz_full": "2-5", "rcu_nocbs": "2-5"}
    assert _tuned.planned_tokens(isolation) == ["nohz_full=2-5", "rcu_nocbs=2-5"]
    assert _tuned.planned_tokens(dict(isolation, nohz_full="")) == []
    assert _tuned.planned_tokens(dict(isolation, mechanism="kernel")) == []
    assert _tuned.planned_tokens({}) == []


def test_arguments_are_ours_as_long_as_tuneds_own_word_is_on_the_line():
    state = {"tuned": {"line": {"tokens": ["nohz_full=2-5"]}}}
    assert _tuned.own_tokens(state, "ro " + LINE) == ["nohz_full=2-5"]
    assert _tuned.own_tokens(state, "ro nohz_full=2-5") == []
    assert _tuned.own_tokens({}, "ro " + LINE) == _tuned.own_tokens(state, None) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('# x\nTUNED_BOOT_CMDLINE="{0}"\nTUNED_BOOT_INITRD_ADD="/boot/x"\n'.format(LINE), LINE.split()),
        ("TUNED_BOOT_CMDLINE=\n", []),
        ('TUNED_BOOT_CMDLINE=""\n', []),
        ('#TUNED_BOOT_CMDLINE="isolcpus=1"\n', []),
        ("TUNED_BOOT_CMDLINE=nosoftlockup", ["nosoftlockup"]),
    ],
)
def test_what_is_asked_for_the_next_boot(tmp_path, text, expected):
    assert tuned(tmp_path, files={"etc/tuned/bootcmdline": text}).boot_tokens() == expected


@pytest.mark.parametrize(
    ("menu", "expected"),
    [
        (MENU.format(line=LINE, reference="$tuned_params"), LINE.split()),
        (MENU.format(line=LINE, reference=""), []),
        (MENU.format(line="", reference="$tuned_params"), []),
        (MENU.format(line=LINE, reference="$tuned_params").replace("set ", "# set "), []),
        ('set tuned_params="nosoftlockup"\n', []),
        ("", []),
    ],
)
def test_what_the_entry_that_boots_by_itself_gets(tmp_path, menu, expected):
    assert tuned(tmp_path, files={"boot/grub/grub.cfg": menu}).menu_tokens() == expected


def test_nothing_is_there_on_a_host_without_tuned(tmp_path):
    found = tuned(tmp_path)
    assert (found.installed(), found.profile(), found.automatic()) == (False, "", False)
    assert (found.boot_tokens(), found.menu_tokens(), found.in_force([])) == ([], [], False)


LOG = """\
2026-01-01 INFO tuned.daemon: verifying profile(s): cpu-partitioning
2026-01-01 ERROR tuned.plugins.base: verify: failed: of the last time
2026-01-02 INFO tuned.daemon: verifying profile(s): cpu-partitioning
2026-01-02 ERROR tuned.plugins.base: verify: failed: 'kernel.timer_migration' = '1', expected '0'
"""


@pytest.mark.parametrize(
    ("answer", "log", "expected"),
    [
        ((0, "Verfication succeeded", ""), LOG, []),
        ((1, "Verification failed", ""), LOG, ["'kernel.timer_migration' = '1', expected '0'"]),
        ((1, "Verification failed\nmore", ""), "", ["Verification failed"]),
        ((1, "", "Not supported in no_daemon mode."), "", ["Not supported in no_daemon mode."]),
        ((124, "", ""), LOG, ["tuned-adm verify does not answer within 60 s"]),
        ((127, "", ""), "", ["exit code 127"]),
    ],
)
def test_differences_in_tuneds_own_words(tmp_path, answer, log, expected):
    world = World(timeout=answer)
    assert tuned(tmp_path, world, {"var/log/tuned/tuned.log": log}).verify() == expected
    assert world.asked == ["timeout 60 tuned-adm verify"]


PLAN = {"isolation": {"mechanism": "tuned", "nohz_full": "2-5"}}


@pytest.mark.parametrize(
    ("profile", "plan", "captured", "asked"),
    [
        ("cpu-partitioning", PLAN, False, True),
        ("cpu-partitioning", PLAN, True, False),
        ("cpu-partitioning", None, False, False),
        ("cpu-partitioning", {"isolation": {"mechanism": "kernel", "nohz_full": "2-5"}}, False, False),
        ("balanced", PLAN, False, False),
    ],
)
def test_tuned_is_only_asked_where_the_plan_counts_on_it(tmp_path, profile, plan, captured, asked):
    tuned(tmp_path, files={"etc/tuned/active_profile": profile + "\n"})
    world = World()
    found = _tuned.collect(str(tmp_path), None if captured else world, plan)
    assert found == {"profile": profile, "boot_tokens": [], "differences": [] if asked else None}
    assert bool(world.asked) == asked
