"""Head pose: known turns of the mean head are found again, mirrored faces are turned the other way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.quality.pose import FRONTAL_PITCH, head_pose, mean_head
from tests.matcher.quality_parts import drawn_face

_HALVES = [  # each landmark on one side with its mirror image on the other
    *zip(range(8), range(16, 8, -1), strict=True),
    *zip(range(17, 22), range(26, 21, -1), strict=True),
    *[(31, 35), (32, 34), (36, 45), (37, 44), (38, 43), (39, 42), (40, 47), (41, 46)],
    *[(48, 54), (49, 53), (50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)],
]
_MIRROR = np.arange(68)
for _one, _other in _HALVES:
    _MIRROR[[_one, _other]] = _other, _one


def _about(axis: int, degrees: float) -> NDArray[np.float64]:
    """A rotation; positive turns the second of the other two axes towards the third."""
    turn = np.radians(degrees)
    matrix = np.eye(3)
    one, other = [i for i in range(3) if i != axis]
    matrix[one, one] = matrix[other, other] = np.cos(turn)
    matrix[one, other], matrix[other, one] = -np.sin(turn), np.sin(turn)
    return matrix


def _pictured(yaw: float, pitch: float, roll: float, scale: float = 8.0) -> NDArray[np.float64]:
    """The 68 landmarks (those that pose needs) of the mean head: first nodded, then turned, then tilted."""
    used, model = mean_head()
    # x right, y up, z to the camera: nodding up carries z to y, turning right carries z to x.
    nod = _about(0, -pitch)
    turn = _about(1, -yaw)
    tilt = _about(2, -roll)
    points = np.zeros((68, 2))
    points[used] = (model @ (tilt @ turn @ nod).T)[:, :2] * (scale, -scale) + (200, 150)
    return points


@given(yaw=st.floats(-60, 60), pitch=st.floats(-40, 40))
def test_where_the_face_looks_is_found(yaw: float, pitch: float) -> None:
    found = head_pose(_pictured(yaw, pitch, 0))
    forward = np.radians(found.yaw), np.radians(found.pitch + FRONTAL_PITCH)
    looks = np.array(
        [np.sin(forward[0]) * np.cos(forward[1]), np.sin(forward[1]), np.cos(forward[0]) * np.cos(forward[1])]
    )
    truth = _about(1, -yaw) @ _about(0, -pitch) @ (0, 0, 1)
    assert np.degrees(np.arccos(min(1.0, float(looks @ truth)))) < 0.5


@given(roll=st.floats(-80, 80), scale=st.floats(0.1, 100))
def test_tilt_is_found_at_any_size(roll: float, scale: float) -> None:
    found = head_pose(_pictured(0, 0, roll, scale))
    assert found.roll == pytest.approx(roll, abs=0.5)
    assert found.yaw == pytest.approx(0, abs=0.5)


def test_turned_to_the_right_is_positive_and_so_is_up() -> None:
    assert head_pose(_pictured(25, 0, 0)).yaw == pytest.approx(25, abs=0.5)
    assert head_pose(_pictured(0, 15, 0)).pitch + FRONTAL_PITCH == pytest.approx(15, abs=0.5)
    assert head_pose(_pictured(0, 0, 20)).roll == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize("person", [0, 3, 7])
def test_a_mirrored_face_is_turned_the_other_way(person: int) -> None:
    points = drawn_face(person).landmarks.astype(np.float64)
    mirrored = (points * (-1, 1) + (479, 0))[_MIRROR]
    one, other = head_pose(points), head_pose(mirrored)
    assert other.yaw == pytest.approx(-one.yaw, abs=1e-6)
    assert other.roll == pytest.approx(-one.roll, abs=1e-6)
    assert other.pitch == pytest.approx(one.pitch, abs=1e-6)


def test_a_drawn_face_looks_ahead() -> None:
    pose = head_pose(drawn_face(0).landmarks.astype(np.float64))
    assert max(abs(pose.yaw), abs(pose.roll)) < 12


@pytest.mark.parametrize("points", [np.zeros((68, 2)), np.full((68, 2), 1e5), np.arange(136.0).reshape(68, 2)])
def test_no_face_has_a_finite_pose_too(points: NDArray[np.float64]) -> None:
    pose = head_pose(points)
    assert np.isfinite([pose.yaw, pose.pitch, pose.roll]).all()
