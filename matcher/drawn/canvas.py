"""A small painter: smooth curves in millimetres become anti-aliased, softly blended paint."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
"""Places on the picture, float64 (n, 2): x to the right and y down, in mm from the midpoint between the eyes."""

Colour = tuple[float, float, float]
"""Red, green and blue, 0 to 255."""

Alpha = NDArray[np.uint8]

FINE = 16
"""OpenCV's drawing takes coordinates in 1/16 pixel; its edges are then smooth."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Where paint goes and how densely: alpha uint8 (height, width), its upper left pixel at (left, top)."""

    left: int
    top: int
    alpha: Alpha

    @property
    def rows(self) -> slice:
        return slice(self.top, self.top + self.alpha.shape[0])

    @property
    def columns(self) -> slice:
        return slice(self.left, self.left + self.alpha.shape[1])


class Canvas:
    """A picture being painted: colours, and beside them how much light each pixel gets.

    colour: uint8 (3, height, width), RGB; planes, since they blend faster.
    light: uint8 (height, width), 128 is neutral.
    """

    def __init__(self, width: int, height: int, *, scale: float, middle: tuple[float, float]) -> None:
        """scale: pixels per mm. middle: the pixel where the midpoint between the eyes lies."""
        self.width, self.height, self.scale, self.middle = width, height, scale, middle
        self.colour: NDArray[np.uint8] = np.zeros((3, height, width), np.uint8)
        self.light: Alpha = np.full((height, width), 128, np.uint8)

    def patch(self, points: Points, *, soft: float = 0.0, within: Patch | None = None) -> Patch:
        """The inside of a closed curve; soft: standard deviation of its edge in mm; within: nothing outside it."""
        return self._drawn([points], soft, within, filled=True)

    def strands(
        self, lines: Sequence[Points], *, width: float, soft: float = 0.0, within: Patch | None = None
    ) -> Patch:
        """Open lines of one width in mm."""
        return self._drawn(lines, soft, within, filled=False, width=width)

    def _drawn(
        self, lines: Sequence[Points], soft: float, within: Patch | None, *, filled: bool, width: float = 0.0
    ) -> Patch:
        pixels = [line * self.scale + self.middle for line in lines]
        sigma = soft * self.scale
        left, top, right, bottom = self._frame(pixels, 2 + 3 * sigma + width * self.scale, within)
        if right <= left or bottom <= top:
            return Patch(0, 0, np.zeros((0, 0), np.uint8))
        # What gets a wide blur needs no fine pixels: it is drawn small and enlarged.
        coarse = 1 if sigma < 3 else 2 if sigma < 6 else 4
        size = -(-(bottom - top) // coarse), -(-(right - left) // coarse)
        alpha = np.zeros(size, np.uint8)
        fine = [np.rint((p - (left, top)) * (FINE / coarse)).astype(np.int32) for p in pixels]
        if filled:
            cv2.fillPoly(alpha, fine, (255,), cv2.LINE_AA, 4)
        else:
            cv2.polylines(alpha, fine, False, (255,), max(1, round(width * self.scale / coarse)), cv2.LINE_AA, 4)
        if sigma > 0.3:
            alpha = _bytes(cv2.GaussianBlur(alpha, (0, 0), sigma / coarse))
        if coarse > 1:
            whole = (size[1] * coarse, size[0] * coarse)
            alpha = _bytes(cv2.resize(alpha, whole, interpolation=cv2.INTER_LINEAR))[: bottom - top, : right - left]
        if within is not None:
            rows = slice(top - within.top, bottom - within.top)
            columns = slice(left - within.left, right - within.left)
            alpha = _bytes(cv2.multiply(alpha, within.alpha[rows, columns], scale=1 / 255))
        return Patch(left, top, alpha)

    def _frame(self, pixels: Sequence[Points], margin: float, within: Patch | None) -> tuple[int, int, int, int]:
        """The part of the picture that the lines and their margin touch: left, top, right, bottom."""
        every = pixels[0] if len(pixels) == 1 else np.concatenate(pixels)
        low, high = every.min(axis=0) - margin, every.max(axis=0) + margin
        left, top, right, bottom = 0, 0, self.width, self.height
        if within is not None:
            left, top = within.left, within.top
            right, bottom = left + within.alpha.shape[1], top + within.alpha.shape[0]
        return (
            max(left, int(np.floor(low[0]))),
            max(top, int(np.floor(low[1]))),
            min(right, int(np.ceil(high[0]))),
            min(bottom, int(np.ceil(high[1]))),
        )

    def paint(self, patch: Patch, colour: Colour, opacity: float = 1.0) -> None:
        """Blend one colour in; whole-number arithmetic, so every platform gets the same pixels."""
        if patch.alpha.size == 0:
            return
        density = density_of(patch, opacity)
        for plane, value in zip(self.colour, colour, strict=True):
            _blend(plane[patch.rows, patch.columns], np.int16(round(value)), density)

    def lit(self, patch: Patch, light: Alpha) -> None:
        """Give the patch its light; light: uint8 of the whole picture."""
        if patch.alpha.size == 0:
            return
        under = self.light[patch.rows, patch.columns]
        _blend(under, light[patch.rows, patch.columns].astype(np.int16), density_of(patch, 1.0))

    def fill(self, points: Points, colour: Colour, opacity: float = 1.0, *, soft: float = 0.0) -> None:
        """Paint the inside of a closed curve."""
        self.paint(self.patch(points, soft=soft), colour, opacity)

    def whole(self, patch: Patch) -> Alpha:
        """The patch as uint8 of the whole picture."""
        alpha = np.zeros((self.height, self.width), np.uint8)
        alpha[patch.rows, patch.columns] = patch.alpha
        return alpha


def _bytes(result: object) -> Alpha:
    """What OpenCV made of bytes, typed as bytes; no copy."""
    return np.asarray(result, np.uint8)


def density_of(patch: Patch, opacity: float) -> NDArray[np.int16]:
    """Alpha times opacity as int16, 0 to 128: products with differences of bytes stay inside 16 bits."""
    return np.asarray(cv2.LUT(patch.alpha, _densities(round(opacity * 1000))), np.int16)


@lru_cache(maxsize=1024)
def _densities(thousandths: int) -> NDArray[np.int16]:
    return ((np.arange(256) * thousandths * 128 + 127500) // 255000).astype(np.int16)


def _blend(under: NDArray[np.uint8], over: NDArray[np.int16] | np.int16, density: NDArray[np.int16]) -> None:
    change = over - under.astype(np.int16)
    change *= density
    change += 64
    change >>= 7
    change += under
    under[:] = change


def points(*pairs: tuple[float, float]) -> Points:
    return np.array(pairs, np.float64)


def curve(through: Points, *, closed: bool = False, steps: int = 8) -> Points:
    """A smooth line through the given places (Catmull-Rom); float64 (about n * steps, 2)."""
    if closed:
        padded = np.concatenate([through[-1:], through, through[:2]])
    else:
        padded = np.concatenate([2 * through[:1] - through[1:2], through, 2 * through[-1:] - through[-2:-1]])
    corners = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)
    line = (_catmull_rom(steps) @ corners).reshape(-1, 2)
    return line if closed else np.concatenate([line, through[-1:]])


@lru_cache(maxsize=8)
def _catmull_rom(steps: int) -> NDArray[np.float64]:
    """Weights of four neighbouring places at each step between the middle two; float64 (steps, 4)."""
    t = np.arange(steps) / steps
    weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3)
    return np.stack(weights, axis=1) / 2


def ellipse(centre: tuple[float, float], radii: tuple[float, float], *, steps: int = 40) -> Points:
    return _circle(steps) * radii + centre


@lru_cache(maxsize=8)
def _circle(steps: int) -> Points:
    angle = np.arange(steps) * (2 * np.pi / steps)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def ribbon(line: Points, widths: Sequence[float]) -> Points:
    """A stroke whose width in mm changes along an open line, as a closed curve; widths are spread evenly."""
    ahead = np.empty_like(line)
    ahead[1:-1] = line[2:] - line[:-2]
    ahead[0], ahead[-1] = line[1] - line[0], line[-1] - line[-2]
    length = np.maximum(np.hypot(ahead[:, 0], ahead[:, 1]), 1e-9)
    half = np.interp(np.arange(len(line)) / (len(line) - 1), np.arange(len(widths)) / (len(widths) - 1), widths) / 2
    across = ahead[:, ::-1] * (-1.0, 1.0) * (half / length)[:, None]
    return np.concatenate([line + across, (line - across)[::-1]])


def moved(line: Points, right: float, down: float) -> Points:
    """The same line elsewhere."""
    return line + np.array((right, down), np.float64)


def mirrored(line: Points) -> Points:
    """The same on the other side of the face."""
    return line * (-1.0, 1.0)


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """`share` of the other colour in the one."""
    r, g, b = (a + (z - a) * share for a, z in zip(one, other, strict=True))
    return r, g, b
