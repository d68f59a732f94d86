"""Which face of a photo is meant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.faces import Face

SIMILAR_SIZE = 0.5
"""Faces with at least this share of the chosen one's area are of similar size."""
_RIVAL = 0.7
"""With this share of the chosen one's size and centrality together, another face may as well be the one that is meant.

Of 2,169 press photos that are centred on the person meant, 82 show another face of similar size, and 9 a rival.
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """The face that is meant, and the others by falling size.

    ambiguous: whether another is of similar size. contested: whether such a one is nearly as central too, so that
    nothing tells which is meant.
    """

    face: Face
    others: tuple[Face, ...]
    ambiguous: bool
    contested: bool = False


def select(faces: Sequence[Face], width: int, height: int) -> Selection:
    """The largest and most central of one face or more; width and height of the photo in pixels."""

    def weight(face: Face) -> float:
        x, y = face.box.centre
        away = math.hypot(x - width / 2, y - height / 2) / (math.hypot(width, height) / 2)
        return face.box.area * math.exp(-2 * away * away)

    chosen = max(faces, key=weight)
    others = tuple(sorted((face for face in faces if face is not chosen), key=lambda face: -face.box.area))
    similar = [face for face in others if face.box.area >= SIMILAR_SIZE * chosen.box.area]
    contested = any(weight(face) >= _RIVAL * weight(chosen) for face in similar)
    return Selection(chosen, others, bool(similar), contested)
