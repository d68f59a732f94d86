"""Where the head is turned to, from landmarks: weak perspective on a mean head."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from matcher.quality.scale import hundred
from matcher.quality.values import Component, Measure
from matcher.quality.view import Floats

# Brow ends, eye corners, nostrils, mouth corners, lower lip and chin.
_USED = [17, 21, 22, 26, 36, 39, 42, 45, 31, 35, 48, 54, 57, 8]
# The same points of a mean head, about centimetres: x to the right of the picture, y up, z towards the camera. One
# half; the other is its mirror image. Our own, from the landmarks of 2,843 photos and their mirror images, by
# factorisation under weak perspective (Tomasi and Kanade 1992); only the mean over all of them is kept.
_HALF = {
    17: (-6.4, 4.09, -1.64),
    21: (-1.3, 4.73, 1.66),
    36: (-4.77, 2.84, -0.71),
    39: (-2.08, 2.74, -0.12),
    31: (-1.63, -1.76, 1.64),
    48: (-3.25, -4.46, -1.11),
    57: (0.0, -6.11, 1.15),
    8: (0.0, -10.26, -0.59),
}
_MIRRORED = {22: 21, 26: 17, 42: 39, 45: 36, 35: 31, 54: 48}
# The median over 674 official portraits.
FRONTAL_PITCH = -2.6


@dataclass(frozen=True, slots=True)
class Pose:
    """Degrees. yaw: turned to the picture's right; pitch: looking up; roll: tilted clockwise in the picture."""

    yaw: float
    pitch: float
    roll: float


def head_pose(points: Floats) -> Pose:
    """The pose of the head with these 68 landmarks, float64 (68, 2), in pixels, y down. Never fails."""
    flat = points[_USED] * (1, -1)
    flat = flat - flat.mean(axis=0)
    across, upwards = (_fit() @ flat).T
    # Rows of the rotation from head to camera, as long as the scale; the nearest pair at right angles is between them.
    across, upwards = _unit(across, (1.0, 0.0, 0.0)), _unit(upwards, (0.0, 1.0, 0.0))
    both = _unit(across + upwards, (1.0, 1.0, 0.0))
    apart = across - upwards
    apart = _unit(apart - (apart @ both) * both, (1.0, -1.0, 0.0))
    x, y = (both + apart) / math.sqrt(2), (both - apart) / math.sqrt(2)
    forward = x[2], y[2], np.cross(x, y)[2]
    yaw = math.degrees(math.atan2(forward[0], forward[2]))
    pitch = math.degrees(math.asin(max(-1.0, min(1.0, float(forward[1])))))
    roll = math.degrees(math.atan2(x[1], y[1]))
    return Pose(yaw, pitch - FRONTAL_PITCH, roll)


def posing(pose: Pose) -> dict[Measure, Component]:
    """The components of pose: 100 max(0, cos)^2."""
    angles = {Measure.YAW: pose.yaw, Measure.PITCH: pose.pitch, Measure.ROLL: pose.roll}
    return {
        measure: Component(angle, "degrees", hundred(100 * max(0.0, math.cos(math.radians(angle))) ** 2))
        for measure, angle in angles.items()
    }


def _unit(vector: Floats, otherwise: tuple[float, float, float]) -> Floats:
    length = float(np.linalg.norm(vector))
    direction = vector / length if length > 1e-9 else np.asarray(otherwise) / np.linalg.norm(otherwise)
    return np.asarray(direction)


def mean_head() -> tuple[list[int], Floats]:
    """Which of the 68 landmarks pose is taken from, and where they lie on the mean head, float64 (points, 3)."""
    model = [_HALF[i] if i in _HALF else np.array(_HALF[_MIRRORED[i]]) * (-1, 1, 1) for i in _USED]
    return list(_USED), np.array(model, np.float64)


@lru_cache(maxsize=1)
def _fit() -> Floats:
    """Least squares from centred flat points to the picture's axes in the head's frame, float64 (3, points)."""
    _, model = mean_head()
    return np.asarray(np.linalg.pinv(model - model.mean(axis=0)))
