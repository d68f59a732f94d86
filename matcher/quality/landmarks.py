"""The landmarks that quality is measured on, for a face that any engine found."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import Aligner, window
from matcher.faces import Box, Face
from matcher.photo import Photo

Floats = NDArray[np.float64]

# Where the points of five lie in one frame, dlib's for an aligned face: the corners of both eyes and the base of the
# nose, in dlib's order; and the centres of the eyes, the tip of the nose and the corners of the mouth, in ArcFace's.
# Medians over 2,843 photos.
_CORNERS = ((0.8575, 0.2182), (0.6497, 0.2251), (0.1236, 0.2189), (0.3301, 0.2257), (0.4903, 0.6258))
_CENTRES = ((0.2270, 0.2172), (0.7548, 0.2172), (0.4874, 0.5182), (0.2438, 0.7786), (0.7394, 0.7786))
# In distances between the eyes, of the worst point: further from a face's than any of those photos' were ...
_FAR = 0.7
# ... and nearer to the mean face than any that a model found: such points were made from others.
_MADE = 0.005


class Landmarks:
    """dlib's models of 5 and of 68 landmarks, loaded when first used, once for all threads."""

    def __init__(self, aligner: Aligner | None = None) -> None:
        self._aligner = aligner or Aligner()

    def of(self, photo: Photo, face: Face) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """dlib's five and its 68 landmarks, float32 (5, 2) and (68, 2), pixels of the photo.

        Those of a face that carries all are taken from it. Five points that dlib's model found are taken as they are.
        Those of other kinds say where to look, whatever engine they are from; where they are no five points of a face,
        its box does.
        """
        if len(face.shape):
            return face.landmarks, face.shape
        corners, found = corners_of(face.landmarks)
        five = corners
        if five is None or not found:
            box = _with_area(face.box, photo) if five is None else window(five)
            five = self._aligner.five(photo.pixels, box, face.turn)
        return five, self._aligner.sixty_eight(photo.pixels, five)


def corners_of(points: NDArray[np.floating]) -> tuple[NDArray[np.float32] | None, bool]:
    """About where dlib's five points lie, float32 (5, 2), told by those of an engine, and whether they are these.

    None where the points are not five of a face.
    """
    if points.shape != (5, 2) or not np.isfinite(points).all():
        return None, False
    factor, shift, away = _fit(_CORNERS, points)
    if away <= _FAR and away <= _fit(_CENTRES, points)[2]:
        return np.asarray(points, np.float32), away > _MADE
    factor, shift, away = _fit(_CENTRES, points)
    if away > _FAR:
        return None, False
    placed = factor * _plane(_CORNERS) + shift
    return np.stack([placed.real, placed.imag], axis=1).astype(np.float32), False


def _with_area(box: Box, photo: Photo) -> Box:
    """The box; the whole photo for one of less than a pixel or of no numbers, so that the photo is measured, badly."""
    if min(box.width, box.height) >= 1 and np.isfinite((*box.centre, box.width)).all():
        return box
    side = float(max(photo.width, photo.height))
    return Box(0.0, 0.0, side, side)


def _fit(kind: tuple[tuple[float, float], ...], points: NDArray[np.floating]) -> tuple[complex, complex, float]:
    """The similarity from the frame to the points (Umeyama 1991), and how far the worst point is, in eye distances."""
    source, target = _plane(kind), _plane(points.tolist())
    middle, to = source.mean(), target.mean()
    factor = complex(np.vdot(source - middle, target - to) / np.vdot(source - middle, source - middle))
    if abs(factor) < 1e-6:
        return 0j, complex(to), np.inf
    shift = complex(to - factor * middle)
    apart = 0.525 * abs(factor)
    return factor, shift, float(np.abs(factor * source + shift - target).max()) / apart


def _plane(points: Sequence[Sequence[float]]) -> NDArray[np.complex128]:
    return np.array([complex(x, y) for x, y in points])


@lru_cache(maxsize=1)
def shared_landmarks() -> Landmarks:
    """One for the whole process: the model takes 100 MB and a second to load."""
    return Landmarks()
