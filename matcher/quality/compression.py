"""Traces of strong compression: steps between the 8x8 blocks of a JPEG, seen in the photo's own pixels.

A photo that was resized after it was compressed has lost the grid, and its damage is not seen here. Our own measure:
the standard's component for compression needs a network.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.quality.scale import hundred, rising
from matcher.quality.values import Component

_BLOCK = 8
_MIDDLE, _WIDTH = 0.7, 0.2
# The middle of a larger face tells as much.
_REACH = 128.0
# Blocks of a face larger than the network's chips are averaged away in part.
_CHIP_INTER_EYE = 60.0
_LEAST_STEP = 0.5


def blocks(pixels: NDArray[np.uint8], landmarks: NDArray[np.floating], inter_eye: float) -> Component:
    """How much larger steps between neighbours are at every eighth line than elsewhere, across or down, the lesser.

    pixels: the photo, not turned. landmarks: (68, 2) in it. inter_eye: pixels between the eyes.
    """
    part = _middle(pixels, landmarks)
    ratio = 1.0
    if min(part.shape[:2]) > 2 * _BLOCK:
        grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
        across, down = cv2.absdiff(grey[:, 1:], grey[:, :-1]), cv2.absdiff(grey[1:], grey[:-1])
        ratio = min(
            _ratio(cv2.reduce(across, 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)),
            _ratio(cv2.reduce(down, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)),
        )
    excess = math.log(ratio) * min(1.0, _CHIP_INTER_EYE / inter_eye)
    return Component(
        ratio, "step at blocks' edges by step within", hundred(100 - 100 * rising(excess, _MIDDLE, _WIDTH))
    )


def _middle(pixels: NDArray[np.uint8], landmarks: NDArray[np.floating]) -> NDArray[np.uint8]:
    points = np.nan_to_num(np.asarray(landmarks, np.float64)).clip(-1e5, 1e5)
    size, centre = (pixels.shape[1], pixels.shape[0]), points.mean(axis=0)
    left, top = np.clip(np.maximum(points.min(axis=0), centre - _REACH), 0, size).astype(int)
    right, bottom = np.clip(np.minimum(points.max(axis=0), centre + _REACH), 0, size).astype(int)
    return pixels[top:bottom, left:right]


def _ratio(steps: NDArray[np.generic]) -> float:
    """The largest of the eight phases by the mean of the others; at least 1."""
    flat = np.asarray(steps, np.float64).ravel()
    phases = flat[: len(flat) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).mean(axis=0)
    largest = float(phases.max())
    others = (float(phases.sum()) - largest) / (_BLOCK - 1)
    return (largest + _LEAST_STEP) / (others + _LEAST_STEP)
