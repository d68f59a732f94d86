"""OpenCV's face detector YuNet, run by ONNX Runtime: faces with five points, whatever their size and turn.

It sees faces of about 10 to 300 pixels, so a photo is first shown at a small size, then turned, framed and larger
where nothing sure was found. Turned faces it sees too, with wrong points; but upright ones it is surer of. Its points
are the better the larger it sees the face: each face found is cut out upright at one size, and looked at again. That
is as good as showing it the photo at twice the size, in half the time.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Points
from matcher.engines.brought.frame import Map, aligned, frame_of, inverse_of, moved, turn_of
from matcher.engines.brought.inspecting import loaded
from matcher.engines.brought.network import open_session, run
from matcher.errors import BadEngine
from matcher.faces import Box, Face

_STRIDES = (8, 16, 32)
_KINDS = ("cls", "obj", "bbox", "kps")
_STEP = 32
"""The network takes sizes that are multiples of this."""
_SCORE = 0.6
"""OpenCV's own default for a face."""
_SURE = 0.8
"""Every face of 2,843 photos scores 0.84 or more."""
_UPRIGHT = 0.92
"""Nearly all upright faces score as much, and no turned one did; 0.86 in the median those upside down."""
_SAME_FACE = 0.3
_MOST = 20
"""Faces of one photo that are placed exactly."""
_SIDES = (320, 640, 1280, 1920)
_LARGEST_ENLARGEMENT = 4.0
_CLOSE_UP = 320
_FACE_IN_CLOSE_UP = 200 / 95
"""Scale of the close-up against the frame of 112 pixels, in which YuNet's box of a face is about 95 pixels wide."""


Look = Callable[[NDArray[np.uint8], int], tuple[NDArray[np.uint8], Map]]
"""A photo and a number of clockwise quarter turns to a picture, and the map from there back to the photo."""


@dataclass(frozen=True, slots=True)
class Found:
    """A face. box, points (5, 2), of the kind CENTRES: in pixels of what was looked at. score: 0 to 1."""

    box: Box
    points: NDArray[np.float32]
    score: float


class YuNet:
    """The detector. Any number of threads may share it."""

    def __init__(self, content: bytes, *, threads: int) -> None:
        """content: the ONNX file; raises BadEngine where it is no YuNet, EngineUnavailable where it can't be run."""
        self._session = open_session(_any_size(content), threads=threads, changing_sizes=True)
        self._input = self._session.get_inputs()[0].name
        self._names = [f"{kind}_{stride}" for stride in _STRIDES for kind in _KINDS]

    def look(self, pixels: NDArray[np.uint8]) -> list[Found]:
        """One look at a picture as it is, uint8 (height, width, 3), RGB; the surest face first."""
        height, width = pixels.shape[:2]
        rows, columns = (-(-side // _STEP) * _STEP for side in (height, width))
        canvas = np.zeros((1, 3, rows, columns), np.float32)
        canvas[0, :, :height, :width] = pixels[..., ::-1].transpose(2, 0, 1)
        values = dict(zip(self._names, run(self._session, self._input, canvas, self._names), strict=True))
        found = [face for stride in _STRIDES for face in _decoded(values, stride, columns // stride)]
        kept: list[Found] = []
        for face in sorted(found, key=lambda face: -face.score):
            if all(face.box.overlap(other.box) < _SAME_FACE for other in kept):
                kept.append(face)
        return kept

    def detect(self, pixels: NDArray[np.uint8]) -> tuple[Face, ...]:
        """Every face in a photo, the largest first."""
        faces = [self._face(pixels, seen) for seen in self._found(pixels)[:_MOST]]
        return tuple(sorted(faces, key=lambda face: -face.box.area))

    def close_up(self, pixels: NDArray[np.uint8], frame: Map) -> Found | None:
        """The face that a frame roughly shows, its points and box in pixels of the photo; None where none is seen."""
        larger = frame * _FACE_IN_CLOSE_UP
        middle = (_CLOSE_UP - 112 * _FACE_IN_CLOSE_UP) / 2
        larger[:, 2] += middle
        seen = self.look(aligned(pixels, larger, _CLOSE_UP))
        central = [face for face in seen if _holds(face.box, _CLOSE_UP / 2, _CLOSE_UP / 2)]
        if not central:
            return None
        # Of faces that touch, not the surest but the one that is meant.
        return _in_photo(min(central, key=lambda face: _away(face.box)), inverse_of(larger))

    def _face(self, pixels: NDArray[np.uint8], seen: Found) -> Face:
        """A face that was seen, placed exactly; as it was seen where the close-up shows none."""
        close = self.close_up(pixels, frame_of(seen.points, Points.CENTRES)) or seen
        turn = turn_of(frame_of(close.points, Points.CENTRES))
        return Face(close.box, close.points, max(seen.score, close.score), turn)

    def _found(self, pixels: NDArray[np.uint8]) -> list[Found]:
        """The sure faces at the first size that has any, else the surest of all looks, if there is one."""
        unsure: list[Found] = []
        for look in _sizes(pixels):
            seen = self._best_turn(pixels, look)
            if sure := [face for face in seen if face.score >= _SURE]:
                return sure
            unsure += seen
        return sorted(unsure, key=lambda face: -face.score)[:1]

    def _best_turn(self, pixels: NDArray[np.uint8], look: Look) -> list[Found]:
        """What is seen at one size; in all turns, unless an upright face is seen at once, and in the best of them."""
        best: list[Found] = []
        for turns in (0, 1, 3, 2):
            picture, back = look(pixels, turns)
            seen = [_in_photo(face, back) for face in self.look(picture)]
            if seen and (not best or seen[0].score > best[0].score):
                best = seen
            if turns == 0 and best and best[0].score >= _UPRIGHT:
                break
        return best


def _sizes(pixels: NDArray[np.uint8]) -> Iterator[Look]:
    """How a photo is looked at: small, then in a frame, then larger."""
    longer = max(pixels.shape[:2])
    sides = [side for side in _SIDES if side < _LARGEST_ENLARGEMENT * longer]
    sides = [side for place, side in enumerate(sides) if place == 0 or sides[place - 1] < longer] or [_SIDES[0]]
    yield partial(_sized, side=sides[0])
    yield _framed
    for side in sides[1:]:
        yield partial(_sized, side=side)


def _sized(pixels: NDArray[np.uint8], turns: int, *, side: int) -> tuple[NDArray[np.uint8], Map]:
    """The photo turned clockwise by quarters, its longer side `side` pixels or at most four times its own."""
    height, width = pixels.shape[:2]
    scale = min(side / max(height, width), _LARGEST_ENLARGEMENT)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Scaled by exactly what the map says: by area where it shrinks, so that no pixel is skipped.
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = np.asarray(cv2.resize(pixels, size, interpolation=how), dtype=np.uint8)
    wide, high = width / size[0], height / size[1]
    shift = np.array([(wide - 1) / 2, (high - 1) / 2])
    back = np.array([[wide, 0.0, shift[0]], [0.0, high, shift[1]]])
    return np.ascontiguousarray(np.rot90(small, -turns)), _after(_unturn(turns, *size), back)


def _framed(pixels: NDArray[np.uint8], turns: int) -> tuple[NDArray[np.uint8], Map]:
    """The photo small and in a frame of its edges, for a face that fills it."""
    small, back = _sized(pixels, turns, side=160)
    edge = 80
    picture = cv2.copyMakeBorder(small, edge, edge, edge, edge, cv2.BORDER_REPLICATE)
    moving = np.array([[1.0, 0.0, -edge], [0.0, 1.0, -edge]])
    return np.asarray(picture, dtype=np.uint8), _after(moving, back)


def _unturn(turns: int, width: int, height: int) -> Map:
    """From a picture of this size turned clockwise back to itself."""
    if turns == 1:
        return np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, height - 1.0]])
    if turns == 2:
        return np.array([[-1.0, 0.0, width - 1.0], [0.0, -1.0, height - 1.0]])
    if turns == 3:
        return np.array([[0.0, -1.0, width - 1.0], [1.0, 0.0, 0.0]])
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def _after(first: Map, then: Map) -> Map:
    return np.hstack([then[:, :2] @ first[:, :2], (then[:, :2] @ first[:, 2] + then[:, 2])[:, None]])


def _box_of(box: Box, by: Map) -> Box:
    """The upright box around a moved one's centre, as large as it."""
    (x, y) = moved(np.array([box.centre]), by)[0].tolist()
    scale = float(np.sqrt(abs(np.linalg.det(by[:, :2]))))
    half = scale * float(np.sqrt(box.area)) / 2
    return Box(x - half, y - half, x + half, y + half)


def _in_photo(face: Found, back: Map) -> Found:
    return Found(_box_of(face.box, back), moved(face.points, back).astype(np.float32), face.score)


def _away(box: Box) -> float:
    """How far a box's centre is from that of the close-up, in pixels."""
    x, y = box.centre
    return float(np.hypot(x - _CLOSE_UP / 2, y - _CLOSE_UP / 2))


def _holds(box: Box, x: float, y: float) -> bool:
    return box.left < x < box.right and box.top < y < box.bottom


def _decoded(values: dict[str, NDArray[np.float32]], stride: int, columns: int) -> Iterator[Found]:
    """The faces in one level's outputs (OpenCV, face_detect.cpp)."""
    raw = values[f"cls_{stride}"].ravel().clip(0, 1) * values[f"obj_{stride}"].ravel().clip(0, 1)
    scores = np.sqrt(raw)
    boxes, points = values[f"bbox_{stride}"].reshape(-1, 4), values[f"kps_{stride}"].reshape(-1, 5, 2)
    for cell in np.flatnonzero(scores > _SCORE).tolist():
        corner = np.array([cell % columns, cell // columns])
        x, y = ((boxes[cell, :2] + corner) * stride).tolist()
        half_width, half_height = (np.exp(boxes[cell, 2:]) * stride / 2).tolist()
        box = Box(x - half_width, y - half_height, x + half_width, y + half_height)
        yield Found(box, (points[cell] + corner).astype(np.float32) * stride, float(scores[cell]))


def _any_size(content: bytes) -> bytes:
    """The model with its input's and outputs' sizes open; raises BadEngine where it is no YuNet of 2023."""
    model = loaded(content)
    outputs = {value.name: value for value in model.graph.output}
    wanted = {f"{kind}_{stride}" for kind in _KINDS for stride in _STRIDES}
    shape = model.graph.input[0].type.tensor_type.shape.dim
    if outputs.keys() != wanted or len(shape) != 4 or shape[1].dim_value != 3:
        raise BadEngine(
            "the detector is no YuNet: its outputs are not cls, obj, bbox and kps at strides 8, 16 and 32; give "
            "OpenCV's face_detection_yunet_2023mar.onnx"
        )
    shape[2].dim_param, shape[3].dim_param = "height", "width"
    for value in outputs.values():
        value.type.tensor_type.shape.dim[1].dim_param = "cells"
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())
