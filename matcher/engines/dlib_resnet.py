"""The default engine: the networks of face_recognition_models as ONNX graphs, landmarks and chips by dlib."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.alignment import Aligner, UprightCrop, disagreement, upright_crop, window
from matcher.engines.base import EngineSpec
from matcher.engines.chips import chip
from matcher.engines.detection import Detection, detect, detect_turned
from matcher.engines.graphs import DIMENSION
from matcher.engines.networks import Precision, open_detector, open_face_network
from matcher.faces import Box, Face
from matcher.large_pages import AsWorkGoesOn
from matcher.photo import Photo

_TRUST = 0.05
"""Share of the landmarks in a face's box; with it fewer boxes are far from dlib's."""

_SURELY_UPRIGHT = 0.025
"""Landmark models that lie no further apart see an upright face. On 274 lying faces they lay 0.031 apart and more, and
on three of four upright ones less than this."""


@dataclass(frozen=True, slots=True)
class _Recipe:
    """How a template is made. shaped: chips are cut by 68 landmarks, else by five. cuts: the padding of each chip (0.25
    is dlib's own), and whether its mirror image is taken; others were tried in docs/engines.md."""

    spec: EngineSpec
    shaped: bool
    cuts: tuple[tuple[float, bool], ...]


_SHAPED = _Recipe(
    EngineSpec(
        id="dlib-resnet",
        version="2",
        dimension=DIMENSION,
        description="dlib's MMOD detector and 29-layer face network on ONNX Runtime, mean over chips by 68 landmarks",
    ),
    shaped=True,
    cuts=((0.2, True), (0.3, False)),
)
_OF_FIVE = _Recipe(
    EngineSpec(
        id="dlib-resnet-5",
        version="1",
        dimension=DIMENSION,
        description="the same with chips by five landmarks, for those whom the licence of the 68 shuts out",
    ),
    shaped=False,
    cuts=((0.2, False), (0.3, False), (0.25, True)),
)
SPEC, SPEC_OF_FIVE = _SHAPED.spec, _OF_FIVE.spec


class DlibResnetEngine:
    """dlib's networks at the speed of ONNX Runtime.

    Float and 8-bit vectors of one chip differ by 0.03 in the mean, where different people are about 0.8 apart, so
    they are templates of the same engine and version.
    """

    def __init__(
        self,
        *,
        cache: Path | None = None,
        precision: Precision = Precision.AUTO,
        threads: int = 1,
        of_five: bool = False,
    ) -> None:
        """of_five: never load the model of 68 landmarks; another engine, with templates of its own."""
        self.precision = precision.resolved()
        self._recipe = _OF_FIVE if of_five else _SHAPED
        self._detector = open_detector(cache, precision=self.precision, threads=threads)
        self._network = open_face_network(cache, precision=self.precision, threads=threads)
        self._aligner = Aligner()
        self._memory = AsWorkGoesOn()

    @property
    def spec(self) -> EngineSpec:
        return self._recipe.spec

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """Every face found, the largest first, with five landmarks; the largest also with its shape, if need be."""
        faces = self._found(photo)
        self._memory.worked()
        return faces

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The faces' vectors, float32 (len(faces), 128): the mean over each face's chips."""
        if not faces:
            return np.zeros((0, DIMENSION), np.float32)
        vectors = self._network(np.stack([cut for face in faces for cut in self._chips(photo, face)]))
        parts = vectors.reshape(len(faces), -1, DIMENSION)
        return np.ascontiguousarray(parts.mean(axis=1, dtype=np.float64).astype(np.float32))

    def _found(self, photo: Photo) -> tuple[Face, ...]:
        found = detect(self._detector, photo.pixels)
        if not found:
            return ()
        crop = upright_crop(photo.pixels, found[0].box, found[0].turn)
        face = self._face(photo, found[0], crop)
        # The network answers to lying faces too; then the photo is turned and looked at again.
        turn = self._turn_of(photo, found[0], face, crop)
        if turn != face.turn and (turned := detect_turned(self._detector, photo.pixels, turn)):
            found = turned
            face = self._face(photo, found[0], upright_crop(photo.pixels, found[0].box, turn))
        others = (_face(other, self._aligner.five(photo.pixels, other.box, other.turn)) for other in found[1:])
        return (face, *others)

    def _face(self, photo: Photo, found: Detection, crop: UprightCrop) -> Face:
        face = _face(found, self._aligner.five_of(crop))
        return replace(face, shape=self._aligner.shape(photo.pixels, face)) if self._recipe.shaped else face

    def _turn_of(self, photo: Photo, found: Detection, face: Face, crop: UprightCrop) -> int:
        if len(face.shape) and disagreement(face.landmarks, face.shape) < _SURELY_UPRIGHT:
            return found.turn
        return self._aligner.turn_of(photo.pixels, found.box, found.turn, crop)

    def _chips(self, photo: Photo, face: Face) -> list[NDArray[np.uint8]]:
        """The chips that make a template, uint8 (150, 150, 3) each."""
        points = self._aligner.shape(photo.pixels, face) if self._recipe.shaped else face.landmarks
        cut = [(chip(photo.pixels, points, padding), mirrored) for padding, mirrored in self._recipe.cuts]
        return [one[:, ::-1] if mirrored else one for one, mirrored in cut]


def _face(found: Detection, five: NDArray[np.float32]) -> Face:
    return Face(_between(found.box, window(five)), five, found.score, found.turn)


def _between(detected: Box, aligned: Box) -> Box:
    """The detector's box, drawn a little towards where the landmarks would have it."""
    (x, y), (to_x, to_y) = detected.centre, aligned.centre
    x, y = x + _TRUST * (to_x - x), y + _TRUST * (to_y - y)
    half = detected.width ** (1 - _TRUST) * aligned.width**_TRUST / 2
    return Box(x - half, y - half, x + half, y + half)
