"""What the bench of frames calls reached, not reached, and void."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("yaml")
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import bench_frames  # noqa: E402

GOALS = {name: goal for name, _command, _changes, *goal in bench_frames.ACTIONS}


def verdict(action, lost, restarts, control=0):
    return bench_frames.verdict({"lost": control}, {"lost": lost, "restarts": restarts}, *GOALS[action])


@pytest.mark.parametrize("action", GOALS)
@pytest.mark.parametrize(("lost", "restarts"), [(0, 0), (0, 1), (9, 1)])
def test_a_control_that_loses_a_frame_voids_whatever_was_measured_beside_it(action, lost, restarts):
    assert verdict(action, lost, restarts, control=1).startswith("void")


@pytest.mark.parametrize(
    ("action", "lost", "restarts", "goal"),
    [
        ("no-op run", 0, 0, "reached"),
        ("no-op run", 1, 0, "not reached"),
        ("no-op run", 0, 1, "not reached"),
        ("live key change", 0, 0, "reached"),
        ("live key change", 1, 0, "not reached"),
        ("live key change", 0, 1, "not reached"),
        ("restart key change", 0, 1, "reached"),
        ("restart key change", 500, 1, "reached"),  # a restart takes its time
        ("restart key change", 0, 0, "not reached"),
        ("restart key change", 500, 2, "not reached"),
    ],
)
def test_each_action_has_its_goal(action, lost, restarts, goal):
    assert verdict(action, lost, restarts) == goal
