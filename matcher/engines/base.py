"""What every engine promises: a photo in, faces and their vectors out."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.faces import EngineKey, Face
from matcher.photo import Photo


class Points(StrEnum):
    """Which five points an engine's faces carry as landmarks."""

    CORNERS = "corners"
    """dlib's: outer and inner corner of the eye on the right of the picture, of the left one, and base of the nose."""
    CENTRES = "centres"
    """ArcFace's: the centres of the eyes, the tip of the nose, the corners of the mouth; left of the picture first."""


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What an engine is; `key` marks every template that it makes. parts: of a joined engine, else empty."""

    id: str
    version: str
    dimension: int
    description: str
    points: Points = Points.CORNERS
    parts: tuple["EnginePart", ...] = ()

    @property
    def key(self) -> EngineKey:
        return EngineKey(f"{self.id}@{self.version}")


@dataclass(frozen=True, slots=True)
class EnginePart:
    """One engine of a joined one, whose template starts with the first part's `dimension` numbers, and so on."""

    key: EngineKey
    dimension: int


class Engine(Protocol):
    """A face detector and an embedding network behind one door. Every method may be called from any thread."""

    @property
    def spec(self) -> EngineSpec: ...

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        """Every face found, the surest first; empty where there is none."""
        ...

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        """The faces' vectors, float32 (len(faces), dimension), not normalised; Euclidean distance compares them."""
        ...
