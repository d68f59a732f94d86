"""The default engine: the networks of face_recognition_models as ONNX graphs, landmarks and chips by dlib."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import Aligner, chip, chip_by_outline, disagreement, window
from matcher.engines.base import EngineSpec
from matcher.engines.detection import Detection, detect, detect_turned
from matcher.engines.graphs import DIMENSION
from matcher.engines.networks import Precision, open_detector, open_face_network
from matcher.faces import Box, Face
from matcher.photo import Photo

PADDING = 0.25
"""Of both chips: one cut by the five landmarks, the other by the 68 and mirrored (measured: docs/engines.md)."""

_TRUST = 0.15
"""Share of the landmarks in a face's box; it halves the cases in which the box is far from dlib's."""

_LANDMARKS_AGREE = 0.035
"""On upright faces the landmark models agree within this in 85 of 100 photos, on lying ones in none of 1,700. Only
where they don't is it worth the time to ask dlib's frontal detector which way up the face is."""

SPEC = EngineSpec(
    id="dlib-resnet",
    version="1",
    dimension=DIMENSION,
    description="dlib's MMOD detector and 29-layer face network on ONNX Runtime, mean over two chips",
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
        """Every face found, the largest first, with five landmarks and the outline of 68."""
        found = [self._face(photo, face) for face in detect(self._detector, photo.pixels)]
        return tuple(self._stood_upright(photo, found)) if found else ()

    def _stood_upright(self, photo: Photo, found: list[Face]) -> list[Face]:
        """The same, or found again with the photo turned where the largest face lies on its side or its head."""
        largest = found[0]
        if largest.outline is not None and disagreement(largest.landmarks, largest.outline) < _LANDMARKS_AGREE:
            return found
        turn = self._aligner.turn_of(photo.pixels, largest.box, largest.turn)
        if turn == largest.turn:
            return found
        return [self._face(photo, face) for face in detect_turned(self._detector, photo.pixels, turn)] or found

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The faces' vectors, float32 (len(faces), 128): the mean over each face's chips."""
        if not faces:
            return np.zeros((0, DIMENSION), np.float32)
        cut = np.concatenate([self._chips(photo, face) for face in faces])
        vectors = self._network(cut).reshape(len(faces), -1, DIMENSION)
        return np.ascontiguousarray(vectors.mean(axis=1, dtype=np.float64).astype(np.float32))

    def _face(self, photo: Photo, found: Detection) -> Face:
        five = self._aligner.five(photo.pixels, found.box, found.turn)
        outline = self._aligner.sixty_eight(photo.pixels, five)
        return Face(_between(found.box, window(five)), five, found.score, found.turn, outline)

    def _chips(self, photo: Photo, face: Face) -> NDArray[np.uint8]:
        """The chips that make a template, uint8 (2, 150, 150, 3)."""
        outline = face.outline
        if outline is None:
            outline = self._aligner.sixty_eight(photo.pixels, face.landmarks)
        plain = chip(photo.pixels, face.landmarks, PADDING)
        mirrored = chip_by_outline(photo.pixels, outline, PADDING)[:, ::-1]
        return np.stack([plain, mirrored])


def _between(detected: Box, aligned: Box) -> Box:
    """The detector's box, drawn a little towards where the landmarks would have it."""
    (x, y), (to_x, to_y) = detected.centre, aligned.centre
    x, y = x + _TRUST * (to_x - x), y + _TRUST * (to_y - y)
    half = detected.width ** (1 - _TRUST) * aligned.width**_TRUST / 2
    return Box(x - half, y - half, x + half, y + half)
