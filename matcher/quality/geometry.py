"""Size, place and expression of the face, from landmarks: formulas of OFIQ 1.0.3 for ISO/IEC 29794-5."""

import math
from collections.abc import Sequence

from matcher.faces import Box
from matcher.quality.pose import Pose
from matcher.quality.scale import hundred, rising
from matcher.quality.values import Component, Measure
from matcher.quality.view import FaceView, Floats

# Pairs of upper and lower lid, and of the inner edges of the lips, in the iBUG order.
_LEFTMOST_LIDS, _RIGHTMOST_LIDS = ((37, 41), (38, 40)), ((43, 47), (44, 46))
_LIPS = ((61, 67), (62, 66), (63, 65))
# A face in profile shows no distance between the eyes to correct.
_LEAST_COSINE = 0.5


def framing(face: FaceView, pose: Pose) -> dict[Measure, Component]:
    """The components of resolution and of the face's place in the photo."""
    left, right = face.eyes
    middle = (left + right) / 2
    apart, tall = face.inter_eye, face.eyes_to_chin
    size = tall / face.height
    pixels = apart / max(_LEAST_COSINE, math.cos(math.radians(pose.yaw)))
    return {
        Measure.INTER_EYE_DISTANCE: Component(pixels, "pixels", hundred(100 * rising(pixels, 70, 20))),
        Measure.HEAD_SIZE: Component(
            size, "eyes to chin by photo height", hundred(200 * (1 - rising(abs(size - 0.45), 0, 0.05)))
        ),
        Measure.CROP_LEFT: _room(float(left[0]) / apart, "eye distances", 0.9),
        Measure.CROP_RIGHT: _room((face.width - float(right[0])) / apart, "eye distances", 0.9),
        Measure.CROP_ABOVE: _room(float(middle[1]) / tall, "eyes to chin", 1.4),
        Measure.CROP_BELOW: _room((face.height - float(middle[1])) / tall, "eyes to chin", 1.8),
    }


def expression(face: FaceView) -> dict[Measure, Component]:
    """How far eyes and mouth are open, as shares of the distance from the eyes to the chin."""
    tall = face.eyes_to_chin
    eyes = min(_widest(face.points, _LEFTMOST_LIDS), _widest(face.points, _RIGHTMOST_LIDS)) / tall
    lips = _widest(face.points, _LIPS) / tall
    return {
        Measure.EYES_OPEN: Component(eyes, "eyes to chin", hundred(100 * rising(eyes, 0.02, 0.01))),
        Measure.MOUTH_CLOSED: Component(lips, "eyes to chin", hundred(100 * (1 - rising(lips, 0.2, 0.06)))),
    }


def single_face(box: Box, others: Sequence[Box]) -> Component:
    """The share of the largest other face's area in the chosen one's."""
    largest = max((other.area for other in others), default=0.0)
    share = min(1.0, largest / box.area) if box.area > 0 else float(largest > 0)
    return Component(share, "second face's area by the first's", hundred(100 * (1 - share)))


def _room(distance: float, unit: str, middle: float) -> Component:
    return Component(distance, unit, hundred(100 * rising(distance, middle, 0.1)))


def _widest(points: Floats, pairs: Sequence[tuple[int, int]]) -> float:
    return max(math.dist(points[one], points[other]) for one, other in pairs)
