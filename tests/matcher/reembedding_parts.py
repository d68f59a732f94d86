"""What the tests of moving to another engine share: an engine whose vectors are made of the photo's bytes."""

import hashlib
from collections.abc import Generator, Iterable
from pathlib import Path

import numpy as np

from matcher.faces import EngineKey, Template, Vector
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.records.database import Database
from matcher.records.making import Waiting
from matcher.records.values import Made
from tests.matcher.gallery_parts import DIMENSION, ENGINE, content

TO = EngineKey("next@2")
TO_DIMENSION = 4
FACELESS = frozenset(content(number) for number in range(1000) if number % 10 == 9)
"""Photos in which the next engine finds no face: those whose numbers end in 9."""


def next_vector(data: bytes) -> Vector:
    """What the next engine makes of a photo: float32 (4,), the same for the same bytes."""
    seed = int.from_bytes(hashlib.sha256(data).digest()[:4], "little")
    return np.random.default_rng(seed).normal(size=TO_DIMENSION).astype(np.float32)


def make(photo: Waiting) -> Made:
    """What the next engine makes of a photo."""
    if photo.content in FACELESS:
        return Made(TO, None, code="no_face", reason="no face")
    return Made(TO, Template(TO, next_vector(photo.content)))


class Here:
    """Works in this process, one photo after the other."""

    def run(self, tasks: Iterable[Waiting], /) -> Generator[Made, None, None]:
        yield from map(make, tasks)


def opened(database: Database, engine: EngineKey = ENGINE) -> Gallery:
    """The gallery of one of the two engines."""
    dimension = DIMENSION if engine == ENGINE else TO_DIMENSION
    return Gallery(database, InMemory(dimension), engine=engine, dimension=dimension)


def root() -> Path:
    """Where the project is, for processes that import it."""
    return Path(__file__).parents[2]
