"""The default engine: the networks of face_recognition_models as ONNX graphs, landmarks and chips by dlib."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import Aligner, chip, upright_crop, window
from matcher.engines.base import EngineSpec
from matcher.engines.detection import Detection, detect, detect_turned
from matcher.engines.graphs import DIMENSION
from matcher.engines.networks import Precision, open_detector, open_face_network
from matcher.faces import Box, Face
from matcher.photo import Photo

_CLOSE, _OWN, _WIDE = 0.2, 0.25, 0.3
"""Paddings of the chips; dlib's own is 0.25, and of that the mirror image is taken (others: docs/engines.md)."""

_TRUST = 0.05
"""Share of the landmarks in a face's box; with it fewer boxes are far from dlib's."""

SPEC = EngineSpec(
    id="dlib-resnet",
    version="1",
    dimension=DIMENSION,
    description="dlib's MMOD detector and 29-layer face network on ONNX Runtime, mean over three chips",
)


class DlibResnetEngine:
    """dlib's networks at the speed of ONNX Runtime.

    Float and 8-bit vectors of one chip differ by 0.03 in the mean, where different people are about 0.8 apart, so
    they are templates of the same engine and version.
    """

    def __init__(self, *, cache: Path | None = None, precision: Precision = Precision.AUTO, threads: int = 1) -> None:
        self.precision = precision.resolved()
        self._detector = open_detector(cache, precision=self.precision, threads=threads)
        self._network = open_face_network(cache, precision=self.precision, threads=threads)
        self._aligner = Aligner()

    @property
    def spec(self) -> EngineSpec:
        return SPEC

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """Every face found, the largest first, with five landmarks."""
        found = detect(self._detector, photo.pixels)
        if not found:
            return ()
        largest = found[0]
        crop = upright_crop(photo.pixels, largest.box, largest.turn)
        # The network answers to lying faces too; then the photo is turned and looked at again.
        turn = self._aligner.turn_of(photo.pixels, largest.box, largest.turn, crop)
        if turn != largest.turn and (turned := detect_turned(self._detector, photo.pixels, turn)):
            return tuple(self._face(photo, face) for face in turned)
        others = (self._face(photo, face) for face in found[1:])
        return (_face(largest, self._aligner.five_of(crop)), *others)

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The faces' vectors, float32 (len(faces), 128): the mean over each face's chips."""
        if not faces:
            return np.zeros((0, DIMENSION), np.float32)
        cut = np.concatenate([_chips(photo, face) for face in faces])
        vectors = self._network(cut).reshape(len(faces), -1, DIMENSION)
        return np.ascontiguousarray(vectors.mean(axis=1, dtype=np.float64).astype(np.float32))

    def _face(self, photo: Photo, found: Detection) -> Face:
        return _face(found, self._aligner.five(photo.pixels, found.box, found.turn))


def _face(found: Detection, five: NDArray[np.float32]) -> Face:
    return Face(_between(found.box, window(five)), five, found.score, found.turn)


def _chips(photo: Photo, face: Face) -> NDArray[np.uint8]:
    """The chips that make a template, uint8 (3, 150, 150, 3)."""
    close, own, wide = (chip(photo.pixels, face.landmarks, padding) for padding in (_CLOSE, _OWN, _WIDE))
    return np.stack([close, wide, own[:, ::-1]])


def _between(detected: Box, aligned: Box) -> Box:
    """The detector's box, drawn a little towards where the landmarks would have it."""
    (x, y), (to_x, to_y) = detected.centre, aligned.centre
    x, y = x + _TRUST * (to_x - x), y + _TRUST * (to_y - y)
    half = detected.width ** (1 - _TRUST) * aligned.width**_TRUST / 2
    return Box(x - half, y - half, x + half, y + half)
