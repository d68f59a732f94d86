"""A photo before it is made worse, with where the face's parts are, and what all kinds of damage share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Random = np.random.Generator

_EYES = slice(36, 42), slice(42, 48)
_SKIN = (1, 15, 30, 31, 35)


@dataclass(frozen=True, slots=True, repr=False)
class Scene:
    """A photo before it is made worse. pixels: uint8 (h, w, 3), RGB. points: float64 (68, 2), landmarks in it."""

    pixels: Pixels
    points: Floats

    @property
    def apart(self) -> float:
        """Pixels between the eyes, 1 at least."""
        left, right = (self.points[eye].mean(axis=0) for eye in _EYES)
        return max(1.0, float(np.hypot(*(right - left))))

    @property
    def axes(self) -> tuple[Floats, Floats, Floats]:
        """The middle of the eyes, and the steps of one distance between the eyes across and down the face."""
        left, right = (self.points[eye].mean(axis=0) for eye in _EYES)
        across = right - left
        return (left + right) / 2, across, np.array([-across[1], across[0]])

    @property
    def skin(self) -> Floats:
        """The median colour around nose and cheeks, float64 (3,)."""
        height, width = self.pixels.shape[:2]
        places = np.clip(np.rint(self.points[list(_SKIN)]), 0, (width - 1, height - 1)).astype(int)
        return np.asarray(np.median(self.pixels[places[:, 1], places[:, 0]].astype(np.float64), axis=0))

    def at(self, shape: list[tuple[float, float]]) -> NDArray[np.int32]:
        """Points of the face (across, down, in distances between the eyes) as pixels with 4 bits of fraction."""
        middle, across, down = self.axes
        placed = middle + np.array([(x, y) for x, y in shape]) @ np.stack([across, down])
        return np.asarray(np.rint(placed.clip(-1e4, 1e4) * 16), np.int32)


def rounded(levels: Floats) -> Pixels:
    """Levels as whole numbers from 0 to 255."""
    return np.asarray(np.rint(levels).clip(0, 255), np.uint8)


def as_pixels(pixels: NDArray[np.generic]) -> Pixels:
    """The same as uint8, in one piece."""
    return np.ascontiguousarray(pixels, np.uint8)
