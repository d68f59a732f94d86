"""What the tests of the gallery share: vectors and photos by number, and an index that outlives its gallery."""

import hashlib

import numpy as np

from index.base import IndexDamaged, VectorIndex
from index.exact import ExactIndex
from matcher.faces import EngineKey, Template, Vector
from matcher.person import Person
from matcher.records.coding import ATTRIBUTE_NAMES
from matcher.records.values import Enrolment, ReferencePhoto

ENGINE = EngineKey("drawn@1")
OTHER_ENGINE = EngineKey("other@2")
DIMENSION = 8


def vector(number: int) -> Vector:
    """float32 (8,), the same for the same number."""
    return np.random.default_rng(number).normal(size=DIMENSION).astype(np.float32)


def content(number: int) -> bytes:
    return f"the bytes of photo {number}".encode()


def digest(number: int) -> str:
    return hashlib.sha256(content(number)).hexdigest()


def photo(number: int, *, engine: EngineKey = ENGINE) -> ReferencePhoto:
    """Photo number `number` with its bytes; the format and size are made up."""
    template = Template(engine, vector(number))
    return ReferencePhoto(digest(number), template, format="PNG", width=10, height=20, content=content(number))


def enrolment(person_id: str, *photos: int, **fields: str) -> Enrolment:
    return Enrolment(Person(person_id, **fields), [photo(number) for number in photos])


class KeptIndex(ExactIndex):
    """Keeps its entries when a gallery closes it, as an index on disk does."""

    def close(self) -> None:
        pass


class KeptSource:
    """Hands out one index again and again; `renewals` counts how often the gallery asked for an empty one."""

    def __init__(self) -> None:
        self.index = KeptIndex(DIMENSION, ATTRIBUTE_NAMES)
        self.renewals = 0
        self.damaged = False

    def open(self) -> VectorIndex:
        if self.damaged:
            raise IndexDamaged("a file is truncated")
        return self.index

    def renew(self) -> VectorIndex:
        self.renewals += 1
        self.damaged = False
        self.index = KeptIndex(DIMENSION, ATTRIBUTE_NAMES)
        return self.index
