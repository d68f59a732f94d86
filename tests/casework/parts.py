"""Casework over a real gallery and index, with an engine for pictures of one colour: each colour is somebody's face."""

import io
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from matcher.accounts.roles import Role
from matcher.casework.case import CaseFile, Claim
from matcher.casework.document.stationery import Stationery
from matcher.casework.features import Opinion
from matcher.casework.galleries import GalleryKind
from matcher.casework.office import Office, SearchDesk, open_desk, open_office
from matcher.casework.officer import Officer, officer
from matcher.engines.base import Engine, EngineSpec
from matcher.faces import Box, Face
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.photo import Photo
from matcher.pipeline import Matcher
from matcher.records.database import Database
from matcher.scoring.opening import open_scorer

ANNA, BORIS, CHEN = (officer(f"account:{name}", Role.OFFICER) for name in ("anna", "boris", "chen"))
DORA, EMIL = (officer(f"account:{name}", Role.SUPERVISOR) for name in ("dora", "emil"))
FRIDA, GUSTAV = (officer(f"account:{name}", Role.ADMINISTRATOR) for name in ("frida", "gustav"))
AUDITOR = officer("account:hanna", Role.AUDITOR)
CLAIM = Claim("Lan Ruoming", "岚若明", "1980-05-17", "画省绘山市荷塘区")
SIMILAR = ("ears:similar", "nose:similar")
DIFFERENT = ("ears:different",)
_PLAIN = Stationery()


class Colours:
    """An engine whose faces are colours: red is the person, green and blue vary from photo to photo."""

    spec = EngineSpec(id="colours", version="1", dimension=16, description="colours as faces")

    def detect(self, photo: Photo) -> tuple[Face, ...]:
        box = Box(0, 0, photo.width, photo.height)
        # A black picture shows nobody.
        return (Face(box, np.zeros((5, 2), dtype=np.float32), 1.0),) if photo.pixels.any() else ()

    def embed(self, photo: Photo, faces: Sequence[Face]) -> NDArray[np.float32]:
        red, green, blue = (int(value) for value in photo.pixels[0, 0])
        vector = np.random.default_rng(red).normal(size=16)
        vector += 0.05 * np.random.default_rng(1000 + 256 * green + blue).normal(size=16)
        return np.stack([vector.astype(np.float32)] * len(faces))


COLOURS = Colours()


class Ticking:
    """A clock that is set by the test, and goes on by a second whenever it is read."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def picture(person: int, shot: int = 0) -> bytes:
    """A PNG of one colour: photo `shot` of person 1 to 255."""
    stream = io.BytesIO()
    Image.new("RGB", (64, 64), (person, shot, 7)).save(stream, "PNG")
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class Bureau:
    """Everything that a test of casework needs."""

    database: Database
    matcher: Matcher
    office: Office
    desk: SearchDesk
    clock: Ticking

    def enroll(self, gallery: str, *people: int, **fields: str) -> None:
        """People of a register, unless the fields say otherwise."""
        known = {"national_id": "", "household_registration": "画省绘山市荷塘区", **fields}
        for person in people:
            self.matcher.enroll(Person(f"p{person}", gallery=gallery, **known), [picture(person)])

    def date(self, gallery: str, person: int, taken_on: str) -> None:
        """Say when the photo of a register's person was taken."""
        self.matcher.enroll(Person(f"p{person}", gallery=gallery), [picture(person)], taken_on=[taken_on])

    def register(self, gallery: str, *people: int, is_foreign: bool = False) -> None:
        """A register with these people, whose terms are stated."""
        self.enroll(gallery, *people)
        self.office.galleries.state(
            FRIDA, gallery, kind=GalleryKind.REGISTER, supplier="a ministry", country="CHN", is_foreign=is_foreign,
            legal_basis="agreement 7",
        )  # fmt: skip

    def case(self, who: Officer = ANNA, *, person: int = 0, gallery: str = "", country: str = "CHN") -> CaseFile:
        """A case, with a photo of this person and put to this gallery where they are given."""
        case = self.office.cases.open(who, country=country, claim=CLAIM, custody_date="2026-02-01")
        if person:
            self.photo(who, case.number, person)
        if gallery:
            self.office.cases.put_to(who, case.number, gallery, country="CHN", basis="article 3")
        return self.now_is(who, case.number)

    def photo(self, who: Officer, number: int, person: int, shot: int = 9) -> None:
        data = picture(person, shot)
        self.office.cases.add_photo(who, number, self.matcher.prepare(data), data, taken_on="2026-02-02")

    def now_is(self, who: Officer, number: int) -> CaseFile:
        return self.office.cases.get(who, number).case

    def lift(self, number: int) -> None:
        """Let two people lift a case's protection, which is unknown."""
        gate = self.office.confidentiality
        gate.ask_to_lift(ANNA, number, reason="no such matter on file", version=self.now_is(DORA, number).version)
        gate.agree_to_lift(DORA, number, version=self.now_is(DORA, number).version)

    def review(self, who: Officer, search: int, *same: int, close: bool = True) -> int:
        """A whole review in which this officer finds these people (by number) to be the same; its number."""
        reviews = self.office.reviews
        review = reviews.begin(who, search)
        for shown in reviews.view(who, review.number).candidates:
            one = shown.candidate
            reviews.open(who, review.number, one.id)
            is_same = one.key[1] in {f"p{person}" for person in same}
            opinion = Opinion.SAME_PERSON if is_same else Opinion.DIFFERENT_PERSON
            reasons = SIMILAR if is_same else DIFFERENT
            reviews.judge(who, review.number, one.id, opinion=opinion, confidence=80, reasons=reasons)
        if close:
            reviews.reveal(who, review.number)
            reviews.close(who, review.number)
        return review.number


@contextmanager
def bureau(
    url: str, stationery: Stationery = _PLAIN, *, engine: Engine = COLOURS, home: Path | None = None
) -> Iterator[Bureau]:
    """Casework over the records of this URL. stationery: of its documents. home: scores are calibrated, where given."""
    clock = Ticking()
    with closing(Database.open(url)) as database:
        spec = engine.spec
        source = InMemory(spec.dimension)
        with Gallery(database, source, engine=spec.key, dimension=spec.dimension, clock=clock) as gallery:
            scorer = open_scorer(gallery, home, prior=0.5) if home else None
            matcher = Matcher(engine, gallery, scorer=scorer)
            office = open_office(database, clock=clock, stationery=stationery)
            yield Bureau(database, matcher, office, open_desk(office, matcher), clock)
