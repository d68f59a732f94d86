"""Two photos compared with each other: a distance, which by itself does not say whether they show one person."""

from dataclasses import dataclass

import numpy as np

from matcher.errors import PhotoUnreadable
from matcher.faces import EngineKey
from matcher.preparing import PhotoState, PreparedPhoto, why_refused

MEANING = (
    "A distance by itself does not say whether it is one person: what is near for some groups of people is far for "
    "others, and photos of one person drift apart with the years. Search the gallery, and let a person compare."
)


@dataclass(frozen=True, slots=True)
class Compared:
    """distance: Euclidean, in the engine's unit; 0 is the same picture."""

    distance: float
    engine: EngineKey


class CanNotCompare(PhotoUnreadable):
    """A photo of which it is not clear whose face is meant."""

    code = "no_single_face"


def compared(first: PreparedPhoto, second: PreparedPhoto, *, names: tuple[str, str]) -> Compared:
    """The distance between the faces of two photos; raises CanNotCompare, naming the photo."""
    vectors = []
    for prepared, name in zip((first, second), names, strict=True):
        if prepared.template is None:
            raise CanNotCompare(f"{name}: {why_refused(prepared)[1]}")
        if prepared.state is PhotoState.SEVERAL_FACES:
            raise CanNotCompare(f"{name}: several faces of similar size; cut the photo to the one that is meant")
        vectors.append(prepared.template)
    one, other = vectors
    distance = float(np.linalg.norm(one.vector.astype(np.float64) - other.vector.astype(np.float64)))
    return Compared(distance, one.engine)
