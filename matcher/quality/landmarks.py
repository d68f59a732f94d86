"""The 68 landmarks that quality is measured on, for a face that any engine found."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import Aligner
from matcher.faces import Face
from matcher.photo import Photo

Floats = NDArray[np.float64]

# Where the points of five lie in one frame, dlib's for an aligned face: the corners of both eyes and the base of the
# nose, in dlib's order; and the centres of the eyes, the tip of the nose and the corners of the mouth, in ArcFace's.
# Medians over 1,500 photos of the second in the frame of the first.
_CORNERS = ((0.8596, 0.2135), (0.6461, 0.2290), (0.1206, 0.2137), (0.3341, 0.2291), (0.4901, 0.6278))
_CENTRES = ((0.2270, 0.2180), (0.7520, 0.2170), (0.4900, 0.5450), (0.2700, 0.8300), (0.7160, 0.8290))
_FAR = 0.35
"""Points that lie further than this from where a face has them, in distances between the eyes, are no such five."""


class Landmarks:
    """dlib's model of 68 landmarks, loaded when first used, once for all threads."""

    def __init__(self, aligner: Aligner | None = None) -> None:
        self._aligner = aligner or Aligner()

    def of(self, photo: Photo, face: Face) -> NDArray[np.float32]:
        """float32 (68, 2), pixels of the photo, in the iBUG order.

        The face's five points say where to look if they are one of the two kinds above, whatever the engine; else its
        box does.
        """
        five = corners_of(face.landmarks)
        if five is None:
            five = self._aligner.five(photo.pixels, face.box, face.turn)
        return self._aligner.sixty_eight(photo.pixels, five)


def corners_of(points: NDArray[np.floating]) -> NDArray[np.float32] | None:
    """dlib's five points, float32 (5, 2), from those of an engine; None where these are not five points of a face.

    dlib's own are returned as they are; from ArcFace's it is told where dlib's would lie.
    """
    if points.shape != (5, 2) or not np.isfinite(points).all():
        return None
    fits = [(_fit(kind, points), kind) for kind in (_CORNERS, _CENTRES)]
    (factor, shift, away), kind = min(fits, key=lambda fit: fit[0][2])
    if away > _FAR:
        return None
    if kind is _CORNERS:
        return np.asarray(points, np.float32)
    placed = factor * (_plane(_CORNERS)) + shift
    return np.stack([placed.real, placed.imag], axis=1).astype(np.float32)


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
