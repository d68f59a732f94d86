"""The sizes at which the detector looks at a photo: those of dlib's image pyramid, and where each lay in it.

dlib shrinks a photo by 5/6 again and again, tiles all sizes into one picture and runs the network over that. Here each
size is shown alone, so that the search can stop early; but the network answers on a grid of 8 pixels, and only when
a size starts at the same offset from that grid as in dlib's tiling are the answers dlib's. Between its tiles dlib
leaves the mean colour, and what lies beside a size counts: with black there, boxes are further from dlib's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.engines.graphs import BLOCK, MEAN_COLOUR, STRIDE

SHRINK = 5 / 6
_TILE_PADDING = 10
_TILE_BORDER = 11
_SMALLEST_LEVEL = 115
"""Longer side: the network's window is two thirds of it; larger faces are found in a frame, see `framed`."""
_SMALLEST_SIDE = 64
_SMALLEST_TILE = 5
_MARGIN = STRIDE
"""Pixels of mean colour put before a size, besides its offset; more of them change next to no box."""


@dataclass(frozen=True, slots=True)
class Level:
    """One size of a photo. factor: photo pixels per pixel of this size. left, top: columns and rows put before it.

    framed: whether those, and as many behind, repeat the photo's edge; else they have the mean colour, as dlib's have.
    """

    width: int
    height: int
    factor: float
    left: int
    top: int
    framed: bool = False

    def shown(self, halves: "Halves") -> NDArray[np.uint8]:
        """The photo at this size with its border, ready for the network: uint8 (1, height, width, 3)."""
        small = halves.at_least(self.width, self.height)
        if (self.height, self.width) != small.shape[:2]:
            small = np.asarray(cv2.resize(small, (self.width, self.height)), dtype=np.uint8)
        if self.framed:
            kind, after = cv2.BORDER_REPLICATE, min(self.left, self.top)
        else:
            kind, after = cv2.BORDER_CONSTANT, 2 * STRIDE
        bottom, right = _missing(self.top + self.height, after), _missing(self.left + self.width, after)
        return np.asarray(
            cv2.copyMakeBorder(small, self.top, bottom, self.left, right, kind, value=MEAN_COLOUR), dtype=np.uint8
        )[None]


def _missing(length: int, after: int) -> int:
    """How many pixels to put behind: `after` or a little more, so that the network can take the whole."""
    whole = max(length + after, _SMALLEST_SIDE)
    return -(-whole // BLOCK) * BLOCK - length


class Halves:
    """A photo, and its halves, quarters and so on as they are asked for: the sources of all its sizes.

    Halving exactly is fast, and from less than twice the size bilinear sampling skips no pixel.
    """

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._made = [pixels]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """The photo itself, uint8 (height, width, 3)."""
        return self._made[0]

    def at_least(self, width: int, height: int) -> NDArray[np.uint8]:
        """The smallest of them that has this size or more; the photo itself where none has."""
        step = 0
        while min(self._made[0].shape[1] >> step + 1, width) == width and self._made[0].shape[0] >> step + 1 >= height:
            step += 1
            if step == len(self._made):
                self._made.append(_half(self._made[-1]))
        return self._made[step]


def _half(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = pixels.shape[0] // 2, pixels.shape[1] // 2
    even = pixels[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def levels(width: int, height: int, *, most_enlarged: float) -> tuple[Level, ...]:
    """The sizes from coarse to fine; the last ones larger than the photo, up to `most_enlarged` times."""
    sizes = _sizes(width, height)
    offsets = _offsets(sizes)
    shrunk = [
        Level(w, h, SHRINK**-step, left % STRIDE + _MARGIN, top % STRIDE + _MARGIN)
        for step, ((w, h), (left, top)) in enumerate(zip(sizes, offsets, strict=True))
        if max(w, h) >= _SMALLEST_LEVEL or step == 0
    ]
    enlarged: list[Level] = []
    while SHRINK ** -(len(enlarged) + 1) <= most_enlarged:
        factor = SHRINK ** (len(enlarged) + 1)
        start = _TILE_BORDER % STRIDE + _MARGIN
        enlarged.append(Level(round(width / factor), round(height / factor), factor, start, start))
    return (*reversed(shrunk), *enlarged)


def framed(width: int, height: int) -> tuple[Level, ...]:
    """Two small sizes in a frame, for a face that fills the photo to its edges (found in all of 90 such cuts)."""
    frame = max(3 * STRIDE, _SMALLEST_SIDE // 2)
    return tuple(
        Level(max(1, round(width / factor)), max(1, round(height / factor)), factor, frame, frame, framed=True)
        for factor in (max(width, height) / side for side in (80, 96))
    )


def _sizes(width: int, height: int) -> list[tuple[int, int]]:
    sizes = [(width, height)]
    while min(width, height) > 0 and height >= _SMALLEST_TILE:
        width, height = int(SHRINK * width), int(SHRINK * height)
        if width > 0 and height >= _SMALLEST_TILE:
            sizes.append((width, height))
    return sizes


def _offsets(sizes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where each size lies in dlib's tiling (image_pyramid.h): down a first column, then up a second one."""
    full_width = sizes[0][0]
    column = _first_column(sizes)
    offsets = []
    top = _TILE_BORDER
    for _, height in sizes[:column]:
        offsets.append((_TILE_BORDER, top))
        top += height + _TILE_PADDING
    bottom = top - _TILE_PADDING
    for width, height in sizes[column:]:
        offsets.append((_TILE_BORDER + full_width - width, bottom - height))
        bottom -= height + _TILE_PADDING
    return offsets


def _first_column(sizes: Sequence[tuple[int, int]]) -> int:
    """How many sizes go into the first column: until the next fits beside and half the rest would go down."""
    full_width, full_height = sizes[0]
    total = sum(height + _TILE_PADDING for _, height in sizes) - 2 * _TILE_PADDING
    filled, last_width = 0, 0
    for count, (width, height) in enumerate(sizes):
        fits = width <= full_width - last_width - _TILE_PADDING
        if fits and (filled - full_height) * 2 >= total - full_height:
            return count
        filled += height + _TILE_PADDING
        last_width = width
    return len(sizes)
