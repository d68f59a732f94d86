"""The frame in which ArcFace-style networks expect a face: 112x112 pixels, five points at fixed places.

A frame is the map from the photo into it, float64 (2, 3): frame point = map @ (x, y, 1).
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Points
from matcher.engines.brought.manifest import SIDE

Map = NDArray[np.float64]

# The centres of the eyes, the tip of the nose and the corners of the mouth in the frame, left of the picture first.
_CENTRES = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]
)
# Where dlib's five points (outer and inner corner of the eye right in the picture, of the left one, base of the nose)
# lie when the face is aligned by those: medians over 2,843 photos, made symmetric. Faces aligned by them are
# recognised as well as by YuNet's points (docs/engines.md).
CORNERS = np.array([(80.2, 53.45), (66.3, 53.85), (30.9, 53.45), (44.8, 53.85), (55.55, 80.5)])
_TEMPLATES = {Points.CENTRES: _CENTRES, Points.CORNERS: CORNERS}

# Of the 68 landmarks: those whose means are the centres of the eyes, the tip of the nose, the corners of the mouth.
_OF_68 = (slice(36, 42), slice(42, 48), slice(30, 31), slice(48, 49), slice(54, 55))


def frame_of(points: NDArray[np.floating], kind: Points) -> Map:
    """The frame of a face from its five points, (5, 2), of either kind, in pixels of the photo."""
    return similarity(points, _TEMPLATES[kind])


def frame_of_68(points: NDArray[np.floating]) -> Map:
    """The same from 68 landmarks, (68, 2), in the iBUG order."""
    return similarity(np.stack([points[part].mean(axis=0) for part in _OF_68]), _CENTRES)


def aligned(pixels: NDArray[np.uint8], frame: Map, side: int = SIDE) -> NDArray[np.uint8]:
    """The part of a photo that a frame shows, uint8 (side, side, 3); black outside of the photo.

    pixels: uint8 (height, width, 3).
    """
    scale = float(np.hypot(frame[0, 0], frame[1, 0]))
    source, forward = pixels, frame
    if scale < 0.5:
        # Bilinear sampling of a much larger face would skip pixels: the part is shrunk first.
        source, forward = _shrunk(pixels, frame, side, int(1 / scale))
    flags = cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(source, forward, (side, side), flags=flags), dtype=np.uint8)


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> Map:
    """The turn, scale and shift that bring source nearest to target, (n, 2) each: float64 (2, 3) (Umeyama 1991).

    Without mirroring: no face is its own mirror image. Points that all lie in one place give a scale of nearly 0.
    """
    left, right = source.astype(np.float64) @ (1, 1j), target.astype(np.float64) @ (1, 1j)
    middle, to = left.mean(), right.mean()
    spread = max(float(np.vdot(left - middle, left - middle).real), 1e-9)
    factor = complex(np.vdot(left - middle, right - to)) / spread
    if abs(factor) < 1e-6:
        factor = 1e-6 + 0j
    shift = to - factor * middle
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])


def inverse_of(frame: Map) -> Map:
    """The map back from the frame to the photo."""
    factor = complex(frame[0, 0], frame[1, 0])
    back = 1 / factor
    shift = -back * complex(frame[0, 2], frame[1, 2])
    return np.array([[back.real, -back.imag, shift.real], [back.imag, back.real, shift.imag]])


def moved(points: NDArray[np.floating], by: Map) -> NDArray[np.float64]:
    """Points (n, 2) through a map."""
    return np.asarray(points.astype(np.float64) @ by[:, :2].T + by[:, 2])


def turn_of(frame: Map) -> int:
    """The clockwise quarter turn, in degrees, that brings a photo nearest to this frame's upright."""
    angle = np.degrees(np.arctan2(frame[1, 0], frame[0, 0]))
    return int(np.round(angle / 90)) % 4 * 90


def _shrunk(pixels: NDArray[np.uint8], frame: Map, side: int, step: int) -> tuple[NDArray[np.uint8], Map]:
    """The part of the photo that the frame shows, each `step` pixels made one, and the frame's map from there."""
    corners = moved(np.array([(0, 0), (side, 0), (0, side), (side, side)]), inverse_of(frame))
    height, width = pixels.shape[:2]
    left, top = (int(max(0, np.floor(v) - step)) for v in corners.min(axis=0))
    right, bottom = min(width, int(corners[:, 0].max()) + 2 * step), min(height, int(corners[:, 1].max()) + 2 * step)
    columns, rows = (right - left) // step, (bottom - top) // step
    if columns < 1 or rows < 1:
        return pixels, frame
    part = pixels[top : top + rows * step, left : left + columns * step]
    small = np.asarray(cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    # A pixel of the small picture is centred at step * x + (step - 1) / 2 of the part.
    offset = (step - 1) / 2
    forward = frame.copy()
    forward[:, 2] += frame[:, :2] @ (left + offset, top + offset)
    forward[:, :2] *= step
    return small, forward
