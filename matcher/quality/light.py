"""Light and colour of the face: formulas of OFIQ 1.0.3 for ISO/IEC 29794-5, on the landmarks' hull.

Luminance is linearised sRGB, 0.2126 R + 0.7152 G + 0.0722 B, in 256 levels. A face of which no pixel lies in the
photo counts as black.
"""

import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.quality.scale import hundred, rising
from matcher.quality.values import Component, Measure
from matcher.quality.view import FaceView, Floats, mouth

_LEVELS = 256
_DARK, _BRIGHT = 26, 247
_CHEEK = 0.3
# A cheek has a few hundred pixels in the crop: finer levels would differ by chance alone.
_CHEEK_LEVELS = 32

Levels = NDArray[np.uint8]


def luminance(crop: NDArray[np.uint8]) -> Levels:
    """Linear luminance of RGB pixels, uint8, 255 being white."""
    linear = cv2.LUT(crop, _linear())
    return np.asarray(cv2.transform(linear, np.array([[0.2126, 0.7152, 0.0722]])).round(), np.uint8)


def lighting(face: FaceView, levels: Levels) -> dict[Measure, Component]:
    """The components of light and colour; levels: luminance of the face's crop."""
    counts = cv2.calcHist([levels], [0], face.mask.view(np.uint8), [_LEVELS], [0, _LEVELS]).ravel().astype(np.float64)
    shares = counts / counts.sum() if counts.any() else np.eye(1, _LEVELS)[0]
    return {
        Measure.ILLUMINATION_UNIFORMITY: _uniformity(face, levels),
        **_mean_and_variance(shares),
        **_exposure(shares),
        Measure.DYNAMIC_RANGE: _range(shares),
        Measure.NATURAL_COLOUR: _colour(face),
    }


@lru_cache(maxsize=1)
def _linear() -> NDArray[np.float32]:
    """sRGB level to linear light times 255, float32 (1, 256, 3), one table a channel (IEC 61966-2-1)."""
    s = np.arange(_LEVELS) / 255
    light = np.where(s <= 0.04045, s / 12.92, ((s + 0.055) / 1.055) ** 2.4) * 255
    return np.repeat(light.astype(np.float32)[None, :, None], 3, axis=2)


def _mean_and_variance(shares: Floats) -> dict[Measure, Component]:
    light = np.arange(_LEVELS) / 255
    mean = float(shares @ light)
    variance = float(shares @ (light - mean) ** 2)
    return {
        Measure.LUMINANCE_MEAN: Component(
            mean, "share of white", hundred(100 * rising(mean, 0.2, 0.05) * (1 - rising(mean, 0.8, 0.05)))
        ),
        Measure.LUMINANCE_VARIANCE: Component(
            variance, "share of white, squared", hundred(100 * math.sin(math.pi * 60 * variance / (60 * variance + 1)))
        ),
    }


def _exposure(shares: Floats) -> dict[Measure, Component]:
    dark, bright = float(shares[:_DARK].sum()), float(shares[_BRIGHT:].sum())
    return {
        Measure.UNDER_EXPOSURE: Component(
            dark, "share of dark pixels", hundred(120 * (0.832 - rising(dark, 0.92, 0.05)))
        ),
        Measure.OVER_EXPOSURE: Component(bright, "share of white pixels", hundred(1 / (bright + 0.01))),
    }


def _range(shares: Floats) -> Component:
    present = shares[shares > 0]
    entropy = max(0.0, float(-(present * np.log2(present)).sum()))
    return Component(entropy, "bits", hundred(12.5 * entropy))


def _uniformity(face: FaceView, levels: Levels) -> Component:
    """How alike the light on both cheeks is: the intersection of their histograms."""
    points = face.in_crop
    eyes = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    side = _CHEEK * float(np.hypot(*(eyes[1] - eyes[0])))
    middle = (eyes[0][1] + eyes[1][1]) / 2
    y = (middle + mouth(points)[1]) / 2
    cheeks = [_square(levels, face.mask, float(eye[0]), float(y), side) for eye in eyes]
    alike = 0.0
    if all(cheek.any() for cheek in cheeks):
        one, other = (cheek / cheek.sum() for cheek in cheeks)
        alike = min(1.0, float(np.minimum(one, other).sum()))
    return Component(alike, "overlap of both cheeks", hundred(100 * alike**0.3))


def _square(levels: Levels, mask: NDArray[np.bool_], x: float, y: float, side: float) -> Floats:
    """The histogram of a square of the crop, as far as it lies on the face."""
    half = max(1.0, side / 2)
    rows, columns = (slice(max(0, round(v - half)), max(0, round(v + half))) for v in (y, x))
    pixels = levels[rows, columns][mask[rows, columns]]
    return np.bincount(pixels // (_LEVELS // _CHEEK_LEVELS), minlength=_CHEEK_LEVELS).astype(np.float64)


def _colour(face: FaceView) -> Component:
    """How far the mean colour lies outside of a* 5 to 25 and b* 5 to 35 (CIELAB), in its units."""
    # Every second pixel of every second row: a mean of thousands needs no more. cv2 adds 128 to a* and b*.
    mask = np.ascontiguousarray(face.mask[::2, ::2]).view(np.uint8)
    if not mask.any():
        return Component(math.hypot(5, 5), "CIELAB distance", 0.0)
    lab = cv2.cvtColor(np.ascontiguousarray(face.crop[::2, ::2]), cv2.COLOR_RGB2LAB)
    _, a, b = (value - 128 for value in cv2.mean(lab, mask)[:3])
    away = math.hypot(max(0.0, 5 - a, a - 25), max(0.0, 5 - b, b - 35))
    return Component(away, "CIELAB distance", hundred(200 * (1 - rising(away, 0, 10))))
