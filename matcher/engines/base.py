"""What every engine promises: a photo in, faces and their vectors out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matcher.faces import EngineKey, Face
from matcher.photo import Photo


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """What an engine is; `key` marks every template that it makes."""

    id: str
    version: str
    dimension: int
    description: str

    @property
    def key(self) -> EngineKey:
        return EngineKey(f"{self.id}@{self.version}")


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
