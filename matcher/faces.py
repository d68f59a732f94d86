"""The values that pass between the steps: a face in a photo, and its template."""

from dataclasses import dataclass, field
from typing import NewType

import numpy as np
from numpy.typing import NDArray

EngineKey = NewType("EngineKey", str)
"""An engine's id and version, as in ``dlib-resnet@2``; only templates with equal keys are ever compared."""

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the upright photo; right and bottom are outside. May reach over the photo's edge."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def area(self) -> float:
        return max(0.0, self.width) * max(0.0, self.height)

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def overlap(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        shared = max(0.0, width) * max(0.0, height)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0


def _no_shape() -> NDArray[np.float32]:
    return np.zeros((0, 2), np.float32)


@dataclass(frozen=True, slots=True)
class Face:
    """One face in a photo.

    landmarks: float32 (5, 2), x and y in pixels of the photo: the outer and inner corner of the eye on the right of
    the picture, the same of the one on the left, and the base of the nose.
    detection_score: the detector's, higher is surer; its scale is the engine's.
    turn: degrees (0, 90, 180, 270) by which the photo must be turned clockwise for the face to stand upright.
    shape: float32 (68, 2), the landmarks in the iBUG order, where the engine found them on its way; else (0, 2).
    """

    box: Box
    landmarks: NDArray[np.float32]
    detection_score: float
    turn: int = 0
    shape: NDArray[np.float32] = field(default_factory=_no_shape)

    def __repr__(self) -> str:
        # Landmarks are biometric data: they never reach a log by way of repr.
        return f"Face(box={self.box}, landmarks=<masked>, turn={self.turn})"


@dataclass(frozen=True, slots=True)
class Template:
    """What one face became under one engine. vector: float32 (dimension,), not normalised."""

    engine: EngineKey
    vector: Vector

    def __repr__(self) -> str:
        return f"Template(engine={self.engine!r}, vector=<masked>)"
