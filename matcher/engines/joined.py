"""Two engines as one: one photo is decoded once, its faces are found once, and both make a template of each.

The templates stand side by side, the first weighted against the second (`fusion.join`); distances, index and scores
need nothing new. Slices of the joined template are the parts' own, so the parts can still be asked one by one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Engine, EngineSpec, Points
from matcher.engines.brought.engine import BroughtEngine
from matcher.errors import EngineUnavailable
from matcher.faces import Face
from matcher.photo import Photo
from matcher.scoring.fusion import join
from matcher.scoring.likeness import unit


class JoinedEngine:
    """Two engines behind one door.

    Faces are found by the part that carries dlib's points, the first if both or neither do; the other part aligns the
    same faces in its own way.
    """

    def __init__(self, spec: EngineSpec, parts: tuple[Engine, Engine], *, weight: float) -> None:
        """spec: with the parts' keys. weight: of the first part's unit template. Raises EngineUnavailable where the
        parts are not those that were joined."""
        found = [part.spec.key for part in parts]
        wanted = [part.key for part in spec.parts]
        if found != wanted:
            raise EngineUnavailable(
                f"{spec.id} joins {' and '.join(wanted)}, but {' and '.join(found)} are here now; join them again "
                "under another name"
            )
        self._spec = spec
        self._parts = parts
        self._weight = weight
        self._finding = next((part for part in parts if part.spec.points is Points.CORNERS), parts[0])

    @property
    def spec(self) -> EngineSpec:
        return self._spec

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        return self._finding.detect(photo)

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The joined templates, float32 (len(faces), dimension), each of length 1."""
        if not faces:
            return np.zeros((0, self._spec.dimension), np.float32)
        first, second = (self._embedded(part, photo, faces) for part in self._parts)
        return join(unit(first), unit(second), weight=self._weight)

    def _embedded(self, part: Engine, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        if isinstance(part, BroughtEngine):
            return part.embed_found(photo, faces, self._finding.spec.points)
        return part.embed(photo, faces)
