"""Finds faces with dlib's detector network, from coarse to fine.

The network finds faces of about 80 pixels, so a photo is shown to it at several sizes. An identity photo holds one
large face; at small sizes it costs a fraction of a millisecond to find. So the sizes rise, by two as a face answers at
two or three, and the search stops at the first face, once the sizes on both sides of the one that fits it best were
seen: what is smaller than about two thirds of that face is background. Photos that seem empty are tried turned by
quarters, then at ever larger sizes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.engines.graphs import BLOCK, STRIDE
from matcher.engines.levels import Halves, Level, framed, levels
from matcher.engines.networks import Network
from matcher.faces import Box

WINDOW = 80.0
"""Width and height, at the size shown to the network, of the face that it looks for."""

_FIRST_CENTRE = 14
_SMALLEST_FACE = 24.0
"""Pixels of the photo: faces smaller than this hold too little to compare."""
_SMALLEST_LYING = 48.0
"""The same for faces that lie in a photo, which is rare: three more turns at every size take as long as all else."""
_LONGEST_SIDE = 1800
"""Larger photos are not searched at full size: a face there would be under a twentieth of the photo."""
_COARSE_SIDE = 320
"""Sizes up to this longer side are tried in every turn before the larger ones."""
_SURE = 0.5
"""Faces score 0.7 to 1.1, and nearly everything else below 0 (measured on 2,843 photos)."""
_CONTEXT = 56
"""Pixels around a face that the network's answer depends on noticeably."""
_SAME_FACE = 0.3
# The score is flat around the right size and place, so one face answers in several cells and sizes. Weighting them
# by exp(score / softness) places the box within dlib's own rounding in 99 % of photos.
_SIZE_SOFTNESS = 0.02
_PLACE_SOFTNESS = 0.02


@dataclass(frozen=True, slots=True)
class Detection:
    """One face: its box in the photo, the network's score, and the clockwise turn that stands it upright."""

    box: Box
    score: float
    turn: int


def detect(network: Network, pixels: NDArray[np.uint8]) -> tuple[Detection, ...]:
    """The faces in a photo, the largest first. pixels: uint8 (height, width, 3), RGB.

    The network answers to lying faces too, so a face's turn is only what the photo was turned by when it was found.
    """
    height, width = pixels.shape[:2]
    return _in_photo(_found(network, pixels), width, height)


def detect_turned(network: Network, pixels: NDArray[np.uint8], turn: int) -> tuple[Detection, ...]:
    """The faces that are surely there when the photo is turned clockwise by `turn`, in pixels of the photo itself."""
    height, width = pixels.shape[:2]
    turned = _turned(pixels, turn)
    sizes = _searched(levels(turned.shape[1], turned.shape[0], most_enlarged=WINDOW / _SMALLEST_FACE))
    return _in_photo(_sure(_climb(network, turned, sizes, turn, enough=len(sizes))), width, height)


def _found(network: Network, pixels: NDArray[np.uint8]) -> list[Detection]:
    """The sure faces of the first pass that has any; else the likeliest, if there is one."""
    height, width = pixels.shape[:2]
    unsure: list[Detection] = []
    for turn, sizes, enough in _passes(width, height):
        found = _climb(network, _turned(pixels, turn), sizes, turn, enough=enough)
        if sure := _sure(found):
            return sure
        unsure += found
    return sorted(unsure, key=lambda face: face.score, reverse=True)[:1]


def _sure(found: Sequence[Detection]) -> list[Detection]:
    return [face for face in found if face.score >= _SURE]


def _passes(width: int, height: int) -> Iterator[tuple[int, Sequence[Level], int]]:
    """The order of the search: (turn, sizes, how many of them are enough where nothing is found)."""
    enlarged = WINDOW / _SMALLEST_FACE
    upright = _searched(levels(width, height, most_enlarged=enlarged))
    lying = _searched(levels(height, width, most_enlarged=enlarged))
    coarse = sum(max(size.width, size.height) <= _COARSE_SIDE for size in upright)
    turns = ((90, lying), (270, lying), (180, upright))
    frames = framed(width, height)
    yield 0, upright, coarse
    yield 0, frames, len(frames)
    for turn, sizes in turns:
        yield turn, sizes, coarse
    yield 0, upright[coarse:], len(upright)
    for turn, sizes in turns:
        rest = [size for size in sizes[coarse:] if size.factor >= _SMALLEST_LYING / WINDOW]
        yield turn, rest, len(rest)


def _searched(sizes: Sequence[Level]) -> list[Level]:
    return [size for size in sizes if max(size.width, size.height) <= _LONGEST_SIDE]


def _climb(
    network: Network, pixels: NDArray[np.uint8], sizes: Sequence[Level], turn: int, *, enough: int
) -> list[Detection]:
    """Look at `enough` sizes, every second one first, until one shows a sure face; then at those that place it best."""
    halves = Halves(pixels)
    seen: dict[int, list[Detection]] = {}

    def look(place: int, known: Sequence[Detection]) -> None:
        canvas = sizes[place].shown(halves)
        part = _around(known, sizes[place], canvas.shape) if known else _WHOLE
        scores = network(np.ascontiguousarray(canvas[:, part.top : part.bottom, part.left : part.right]))[0, 0]
        seen[place] = [
            Detection(_box(row + part.top // STRIDE, column + part.left // STRIDE, sizes[place]), score, turn)
            for row, column, score in _peaks(scores)
        ]

    for place in _order(sizes[:enough]):
        look(place, ())
        if known := _sure(seen[place]):
            # Scores may dip between two sizes. The next one is looked at as a whole, for smaller faces beside.
            for finer, around in ((place + 1, ()), (place + 2, known)):
                if _says_something(sizes, finer, known[0]) and finer not in seen:
                    look(finer, around)
            while wanted := _beside_the_best(seen, sizes):
                look(wanted[0], _sure(_all(seen)))
            break
    return [_middle(group) for group in _groups(_all(seen))]


def _order(sizes: Sequence[Level]) -> list[int]:
    """Every second size, those between, and then the enlarged ones, which say less of a face than its own size."""
    own = sum(size.factor >= 1 for size in sizes)
    return [*range(0, own, 2), *range(1, own, 2), *range(own, len(sizes))]


def _all(seen: Mapping[int, Sequence[Detection]]) -> list[Detection]:
    return [face for place in sorted(seen) for face in seen[place]]


def _says_something(sizes: Sequence[Level], place: int, face: Detection) -> bool:
    """Whether there is such a size, and it isn't an enlarged photo of a face that was found at its own size."""
    return 0 <= place < len(sizes) and not sizes[place].factor < 1 <= face.box.width / WINDOW


def _beside_the_best(seen: Mapping[int, Sequence[Detection]], sizes: Sequence[Level]) -> list[int]:
    """The sizes not seen yet next to those at which a sure face scores best: a box is placed by all three."""
    where = {id(face): place for place, faces in seen.items() for face in faces}
    wanted = []
    for best, *_ in _groups(_all(seen)):
        place = where[id(best)]
        if best.score >= _SURE:
            beside = [near for near in (place + 1, place - 1) if _says_something(sizes, near, best)]
            wanted += [near for near in beside if near not in seen]
    return wanted


class _Part(NamedTuple):
    """Rows and columns of a canvas; the first ones are multiples of the network's stride."""

    top: int
    bottom: int | None
    left: int
    right: int | None


_WHOLE = _Part(0, None, 0, None)


def _around(found: Sequence[Detection], size: Level, shape: tuple[int, ...]) -> _Part:
    """The part of a canvas that holds the faces found and what the network sees around them."""
    faces = _sure(found)
    left, top = min(face.box.left for face in faces), min(face.box.top for face in faces)
    right, bottom = max(face.box.right for face in faces), max(face.box.bottom for face in faces)
    first_row, first_column = (
        max(0, int(value / size.factor + before - _CONTEXT) // STRIDE * STRIDE)
        for value, before in ((top, size.top), (left, size.left))
    )
    last_row, last_column = (
        -(-int(value / size.factor + before + _CONTEXT) // BLOCK) * BLOCK
        for value, before in ((bottom, size.top), (right, size.left))
    )
    return _Part(first_row, min(last_row, shape[1]), first_column, min(last_column, shape[2]))


def _box(row: float, column: float, size: Level) -> Box:
    x = (STRIDE * column + _FIRST_CENTRE - size.left) * size.factor
    y = (STRIDE * row + _FIRST_CENTRE - size.top) * size.factor
    half = WINDOW * size.factor / 2
    return Box(x - half, y - half, x + half, y + half)


def _peaks(scores: NDArray[np.float32]) -> list[tuple[float, float, float]]:
    """The local maxima above 0 as (row, column, score), each placed at the centre of its plateau."""
    if float(scores.max()) <= 0:
        return []
    around = cv2.dilate(scores, np.ones((5, 5), np.uint8))
    rows, columns = np.nonzero((scores >= around) & (scores > 0))
    peaks = []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        top, left, score = max(0, row - 2), max(0, column - 2), float(scores[row, column])
        patch = scores[top : row + 3, left : column + 3].astype(np.float64)
        mass = np.exp((patch - score) / _PLACE_SOFTNESS)
        mass /= mass.sum()
        middle_row = top + float(mass.sum(axis=1) @ np.arange(mass.shape[0]))
        middle_column = left + float(mass.sum(axis=0) @ np.arange(mass.shape[1]))
        peaks.append((middle_row, middle_column, score))
    return peaks


def _groups(found: Sequence[Detection]) -> list[list[Detection]]:
    """The detections of each face, the surest first: those that overlap."""
    groups: list[list[Detection]] = []
    for face in sorted(found, key=lambda face: face.score, reverse=True):
        group = next((group for group in groups if _same(group[0].box, face.box)), None)
        if group is None:
            groups.append([face])
        else:
            group.append(face)
    return groups


def _same(box: Box, other: Box) -> bool:
    x, y = other.centre
    return box.overlap(other) >= _SAME_FACE or (box.left < x < box.right and box.top < y < box.bottom)


def _middle(group: Sequence[Detection]) -> Detection:
    """One detection of those of a face, weighted by their scores."""
    best = group[0]
    weights = np.exp([(face.score - best.score) / _SIZE_SOFTNESS for face in group])
    weights /= weights.sum()
    places = np.array([(*face.box.centre, np.log(face.box.width)) for face in group])
    x, y, size = (float(value) for value in weights @ places)
    half = float(np.exp(size)) / 2
    return Detection(Box(x - half, y - half, x + half, y + half), best.score, best.turn)


def _turned(pixels: NDArray[np.uint8], turn: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(pixels, -(turn // 90))) if turn else pixels


def _in_photo(faces: Sequence[Detection], width: int, height: int) -> tuple[Detection, ...]:
    """Boxes of a turned photo as boxes of the photo itself, largest first."""
    placed = [Detection(_unturned(face.box, face.turn, width, height), face.score, face.turn) for face in faces]
    return tuple(sorted(placed, key=lambda face: face.box.area, reverse=True))


def _unturned(box: Box, turn: int, width: int, height: int) -> Box:
    if turn == 90:
        return Box(box.top, height - box.right, box.bottom, height - box.left)
    if turn == 180:
        return Box(width - box.right, height - box.bottom, width - box.left, height - box.top)
    if turn == 270:
        return Box(width - box.bottom, box.left, width - box.top, box.right)
    return box
