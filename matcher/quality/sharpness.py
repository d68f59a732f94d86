"""Sharpness and grain of the face, from Laplacian, blur and blur difference on the crop.

Both are shares, so that neither a dark photo nor a dark skin counts as blurred; light that falls off to one side (a
plane through the pixels) is no contrast of the face. With P the power at spatial frequency
f, sharpness squared is the mean of f^4 over P seen through a fixed Gaussian; blurring weighs P down the more the higher
f is, so it can only lower that mean. The fixed Gaussian keeps noise from passing for detail.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.quality.scale import hundred, rising
from matcher.quality.values import Component, Measure
from matcher.quality.view import FaceView

# Of 698 photos that nothing was done to, 1 in 100 lies below the middle.
_MIDDLE, _WIDTH = -2.95, 0.27
_LEAST_CONTRAST = 0.5
_LEAST_PIXELS = 16
# Answers noise, not edges (Immerkaer 1996): the difference of two Laplacians; its gain for white noise is 6.
_NOISE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def detail(face: FaceView) -> dict[Measure, Component]:
    """Sharpness: Laplacian of the blurred crop by its contrast. Grain: noise by the detail of middling size."""
    grey = cv2.cvtColor(face.crop, cv2.COLOR_RGB2GRAY).astype(np.float32)
    mask = face.mask.view(np.uint8)
    sharpness, grain = 0.0, 0.0
    if cv2.countNonZero(mask) >= _LEAST_PIXELS:
        fine, smooth = cv2.GaussianBlur(grey, (0, 0), 1), cv2.GaussianBlur(grey, (0, 0), 2)
        contrast = max(_LEAST_CONTRAST, _contrast(np.asarray(smooth, np.float32), face.mask))
        sharpness = _rms(np.asarray(cv2.Laplacian(smooth, cv2.CV_32F), np.float32), mask) / contrast
        noise = math.sqrt(math.pi / 2) / 6 * float(cv2.mean(np.abs(cv2.filter2D(grey, -1, _NOISE)), mask)[0])
        grain = noise / max(_LEAST_CONTRAST, _rms(fine - smooth, mask))
    return {
        Measure.SHARPNESS: Component(sharpness, "share of contrast", _score(sharpness, _MIDDLE, _WIDTH)),
        Measure.GRAIN: Component(grain, "share of detail", hundred(100 - _score(grain, 0.0, 0.3))),
    }


def _score(share: float, middle: float, width: float) -> float:
    return hundred(100 * rising(math.log(share), middle, width)) if share > 0 else 0.0


def _contrast(grey: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """The deviation of the grey levels from the plane that fits them best."""
    # Every second pixel of every second row: a deviation of thousands needs no more.
    levels, (y, x) = grey[::2, ::2][mask[::2, ::2]], np.nonzero(mask[::2, ::2])
    if len(levels) < 4:
        return 0.0
    spread = np.cov(np.stack([x, y, levels]))
    along = spread[:2, 2]
    explained = float(along @ np.linalg.solve(spread[:2, :2] + 1e-6 * np.eye(2), along))
    return math.sqrt(max(0.0, float(spread[2, 2]) - explained))


def _rms(values: NDArray[np.float32], mask: NDArray[np.uint8]) -> float:
    return math.sqrt(float(cv2.mean(values * values, mask)[0]))
