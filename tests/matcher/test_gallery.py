"""The gallery: enrolment, search, replacement, removal, and the agreement of records and index."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from matcher.faces import EngineKey, Template, Vector
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.records.database import Database
from matcher.records.values import Enrolment, PersonOutcome, PhotoOutcome, ReferencePhoto

ENGINE = EngineKey("drawn@1")
DIMENSION = 8


def vector(seed: int) -> Vector:
    return np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)


def photo(seed: int, *, engine: EngineKey = ENGINE) -> ReferencePhoto:
    content = f"photo {seed}".encode()
    return ReferencePhoto(hashlib.sha256(content).hexdigest(), Template(engine, vector(seed)), content=content)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.in_home(tmp_path)
    yield database
    database.close()


@pytest.fixture
def gallery(database: Database) -> Iterator[Gallery]:
    with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
        yield gallery


def test_an_enrolled_person_is_found(gallery: Gallery) -> None:
    results = gallery.enroll([Enrolment(Person(f"p{n}"), [photo(n)]) for n in range(20)])
    assert {result.person for result in results} == {PersonOutcome.NEW}
    assert results[0].photos == (PhotoOutcome.NEW,)
    hits = gallery.search(vector(7), 3, gallery="main")
    assert hits[0].person_id == "p7"
    assert hits[0].distance == 0
    assert len(hits) == 3
    assert gallery.check(contents=True) == ()


def test_a_removed_person_is_not_found(gallery: Gallery) -> None:
    gallery.enroll([Enrolment(Person(f"p{n}"), [photo(n)]) for n in range(5)])
    gallery.remove_person("main", "p3")
    assert "p3" not in {hit.person_id for hit in gallery.search(vector(3), 10)}
    assert gallery.state().people == 4
    assert gallery.check(contents=True) == ()
