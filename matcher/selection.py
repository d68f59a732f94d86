"""Which face of a photo is meant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.faces import Face

SIMILAR_SIZE = 0.5
"""Faces with at least this share of the chosen one's area are of similar size."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The face that is meant, the others by falling size, and whether one of those might be meant as well."""

    face: Face
    others: tuple[Face, ...]
    ambiguous: bool


def select(faces: Sequence[Face], width: int, height: int) -> Selection:
    """The largest and most central of one face or more; width and height of the photo in pixels."""

    def weight(face: Face) -> float:
        x, y = face.box.centre
        away = math.hypot(x - width / 2, y - height / 2) / (math.hypot(width, height) / 2)
        return face.box.area * math.exp(-2 * away * away)

    chosen = max(faces, key=weight)
    others = tuple(sorted((face for face in faces if face is not chosen), key=lambda face: -face.box.area))
    ambiguous = any(face.box.area >= SIMILAR_SIZE * chosen.box.area for face in others)
    return Selection(chosen, others, ambiguous)
