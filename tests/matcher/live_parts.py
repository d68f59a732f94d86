"""A matcher over templates of nobody: everything of a search but the photo."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.engines.base import Engine, EngineSpec
from matcher.faces import EngineKey, Face, Template, Vector
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.photo import Photo
from matcher.pipeline import Matcher
from matcher.preparing import PhotoState, PreparedPhoto
from matcher.records.database import Database
from matcher.records.values import Enrolment, ReferencePhoto
from matcher.scoring.live import Scorer
from matcher.scoring.opening import open_scorer
from tests.matcher.scoring_people import ENGINE

DIMENSION = 128
# The engine's vectors are not of length 1; nothing may depend on it.
LENGTH = np.float32(1.3)


class NoPhotos:
    """An engine for searches with templates that are there already."""

    def __init__(self, key: str) -> None:
        identity, _, version = key.partition("@")
        self._spec = EngineSpec(id=identity, version=version, dimension=DIMENSION, description="none")

    @property
    def spec(self) -> EngineSpec:
        return self._spec

    def detect(self, _photo: Photo) -> tuple[Face, ...]:
        return ()

    def embed(self, _photo: Photo, _faces: Sequence[Face]) -> NDArray[np.float32]:
        return np.zeros((0, DIMENSION), dtype=np.float32)


@contextmanager
def opened(home: Path, *, key: str = ENGINE, prior: float = 0.5) -> Iterator[Matcher]:
    home.mkdir(parents=True, exist_ok=True)
    database = Database.in_home(home)
    engine: Engine = NoPhotos(key)
    with Gallery(database, InMemory(DIMENSION), engine=EngineKey(key), dimension=DIMENSION) as gallery:
        scorer: Scorer = open_scorer(gallery, home, prior=prior)
        yield Matcher(engine, gallery, scorer=scorer)
    database.close()


def reference(matcher: Matcher, vector: Vector) -> ReferencePhoto:
    scaled = (vector * LENGTH).astype(np.float32)
    return ReferencePhoto(hashlib.sha256(scaled.tobytes()).hexdigest(), Template(matcher.engine.spec.key, scaled))


def enroll(matcher: Matcher, photos: dict[str, list[Vector]], **fields: str) -> None:
    matcher.gallery.enroll(
        [Enrolment(Person(name, **fields), [reference(matcher, one) for one in some]) for name, some in photos.items()]
    )


def probe(matcher: Matcher, vector: Vector) -> PreparedPhoto:
    return PreparedPhoto(PhotoState.READY, sha256="0" * 64, template=Template(matcher.engine.spec.key, vector * LENGTH))
