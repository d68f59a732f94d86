"""People and photos into the records: one plan for all entries of a call, then a few statements for many rows."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from matcher.errors import BadField, NotFound, PersonDiffers
from matcher.faces import EngineKey, Face, Template
from matcher.person import FIELDS, Person, shown
from matcher.records import coding, tables
from matcher.records.bulk import in_parts, insert_rows
from matcher.records.ledger import Ledger, gallery_ids
from matcher.records.removing import remove_photos
from matcher.records.retaining import refuse_held
from matcher.records.values import (
    NO_BYTES,
    Enrolment,
    EnrolResult,
    Made,
    PersonOutcome,
    PhotoOutcome,
    ReferencePhoto,
)
from matcher.records.vault import sealed_contents, sealed_templates

NewLinks = Callable[[int], list[int]]
"""n random numbers of 63 bits."""

_Row = tuple[Any, ...]
_DETAILS = FIELDS[2:]
_details: Callable[[Person], tuple[str, ...]] = attrgetter(*_DETAILS)


def random_links(count: int) -> list[int]:
    """Numbers that can't be foreseen, so that nothing but the photo table leads from a template to a person."""
    numbers = np.frombuffer(os.urandom(8 * count), dtype="<i8") & np.int64(2**63 - 1)
    links: list[int] = numbers.tolist()
    return links


def enroll(
    connection: Connection,
    entries: Sequence[Enrolment],
    *,
    now: int,
    update: bool = True,
    new_links: NewLinks = random_links,
) -> tuple[EnrolResult, ...]:
    """Add what is new and update what differs. A field that an entry leaves empty keeps its recorded value.

    now: seconds since 1970. update: whether a recorded value may be replaced by another one; where not, PersonDiffers
    is raised for the first that would be. Raises BadField where a merged person would contradict itself, or a photo
    its digest.
    """
    plan = _Plan(connection, entries, now)
    results = tuple([plan.enroll(entry, update=update) for entry in entries])
    plan.write(new_links)
    return results


def replace(connection: Connection, entry: Enrolment, *, now: int, new_links: NewLinks = random_links) -> EnrolResult:
    """Make the recorded person exactly this: these fields, empty ones too, and these photos only.

    Raises NotFound where there is no such person, OnHold where a photo would go that is kept for the law's sake.
    """
    plan = _Plan(connection, [entry], now)
    known = plan.known(entry.person)
    if known is None:
        raise NotFound(f"no person {shown(entry.person.person_id)} in gallery {shown(entry.person.gallery)}; enroll it")
    kept = {coding.digest_bytes(photo.sha256) for photo in entry.photos}
    gone = [digest for digest in known.photos if digest not in kept]
    if gone:
        refuse_held(connection, known.gallery_id, entry.person.gallery, entry.person.person_id)
    removed = remove_photos(connection, plan.ledger, known.gallery_id, [known.photos.pop(digest).id for digest in gone])
    known.set_person(entry.person, plan)
    unstated = dict.fromkeys((photo.sha256 for photo in entry.photos), "")
    result = plan.enroll(dataclasses.replace(entry, taken_on={**unstated, **entry.taken_on}), update=True)
    plan.write(new_links)
    if (known.changed or removed or result.dated) and result.person is PersonOutcome.UNCHANGED:
        result = dataclasses.replace(result, person=PersonOutcome.UPDATED)
    return result


@dataclass(slots=True)
class _Photo:
    """A photo while the plan is made. link is None until the plan is written, for a new one."""

    id: int
    has_content: bool
    engines: set[str]
    link: int | None = None
    taken_on: str = ""


@dataclass(slots=True)
class _Known:
    """A person while the plan is made."""

    id: int
    gallery_id: int
    person: Person
    is_new: bool
    photos: dict[bytes, _Photo] = field(default_factory=dict)
    changed: bool = False
    moved: bool = False

    def set_person(self, person: Person, plan: "_Plan") -> None:
        if person == self.person:
            return
        before = coding.attributes(0, self.person.nationality, self.person.sex, self.person.date_of_birth)
        after = coding.attributes(0, person.nationality, person.sex, person.date_of_birth)
        self.moved = self.moved or (before != after and not self.is_new)
        self.person = person
        self.changed = True
        plan.touched[self.id] = self


class _Plan:
    """What the records hold of these people, and the rows that the entries add to it."""

    def __init__(self, connection: Connection, entries: Sequence[Enrolment], now: int) -> None:
        self._connection = connection
        self._now = now
        self.ledger = Ledger(connection)
        self._galleries = gallery_ids(connection, {entry.person.gallery for entry in entries}, self.ledger)
        self._people: dict[tuple[int, str], _Known] = {}
        self.touched: dict[int, _Known] = {}
        self._new_photos: list[tuple[_Known, bytes, ReferencePhoto, _Photo]] = []
        self._contents: list[_Row] = []
        self._templates: list[tuple[_Known, Template, Face | None, _Photo]] = []
        self._refusals: list[_Row] = []
        self._answered: list[int] = []
        self._dated: dict[int, str] = {}
        self._load(entries)

    def known(self, person: Person) -> _Known | None:
        return self._people.get((self._galleries[person.gallery], person.person_id))

    def enroll(self, entry: Enrolment, *, update: bool) -> EnrolResult:
        person = entry.person
        known = self.known(person)
        if known is None:
            known = self._new(person)
            outcome = PersonOutcome.NEW
        else:
            if not update:
                _must_not_differ(known.person, person)
            merged = _merged(known.person, person)
            outcome = PersonOutcome.UNCHANGED if merged == known.person else PersonOutcome.UPDATED
            known.set_person(merged, self)
        photos = tuple([self._add_photo(known, photo) for photo in entry.photos])
        dated = sum([self._date(known, *stated, update=update) for stated in entry.taken_on.items()])
        return EnrolResult(person.gallery, person.person_id, outcome, photos, dated)

    def write(self, new_links: NewLinks) -> None:
        self._write_people()
        self._write_dates()
        for (_, _, _, photo), link in zip(self._new_photos, new_links(len(self._new_photos)), strict=True):
            photo.link = link
        insert_rows(self._connection, tables.photo, [self._photo_row(*new) for new in self._new_photos])
        insert_rows(self._connection, tables.photo_content, sealed_contents(self._connection, self._contents))
        templates = [self._template_row(*new) for new in self._templates]
        insert_rows(self._connection, tables.template, sealed_templates(self._connection, templates))
        self._write_refusals()
        self.ledger.write()

    def _new(self, person: Person) -> _Known:
        gallery_id = self._galleries[person.gallery]
        known = _Known(self.ledger.number("person"), gallery_id, person, is_new=True)
        self._people[gallery_id, person.person_id] = known
        self.touched[known.id] = known
        self.ledger.person(gallery_id, 1)
        return known

    def _add_photo(self, known: _Known, photo: ReferencePhoto) -> PhotoOutcome:
        digest = coding.digest_bytes(photo.sha256)
        there = known.photos.get(digest)
        outcome = PhotoOutcome.ALREADY_THERE
        if there is None:
            there = known.photos[digest] = _Photo(self.ledger.number("photo"), has_content=False, engines=set())
            self._new_photos.append((known, digest, photo, there))
            self.ledger.photo(known.gallery_id, 1)
            outcome = PhotoOutcome.NEW
        if photo.content is not None and not there.has_content:
            self._contents.append((there.id, _checked_content(photo, digest)))
            there.has_content = True
            # What could not be made of it for want of its bytes can be made now.
            self._answer(there)
            outcome = outcome if outcome is PhotoOutcome.NEW else PhotoOutcome.COMPLETED
        for made in (Made(photo.template.engine, photo.template, photo.face), *photo.also):
            if made.engine in there.engines:
                continue
            if made.template is None:
                self._refusals.append((there.id, made.engine, made.code, made.reason))
                continue
            self._templates.append((known, made.template, made.face, there))
            there.engines.add(made.engine)
            self._answer(there)
            outcome = outcome if outcome is PhotoOutcome.NEW else PhotoOutcome.COMPLETED
        return outcome

    def _date(self, known: _Known, sha256: str, day: str, *, update: bool) -> bool:
        """Whether a recorded photo gets another date of taking; a new one just has it."""
        photo = known.photos.get(coding.digest_bytes(sha256))
        if photo is None or photo.taken_on == day:
            return False
        if photo.taken_on and not update:
            person = known.person
            raise PersonDiffers(
                "taken_on",
                f"photo {sha256[:12]}... of person {shown(person.person_id)} in gallery {shown(person.gallery)} is "
                f"recorded as taken on {photo.taken_on}, not {day}; say update where that is to be replaced",
            )
        photo.taken_on = day
        if photo.link is None:
            return False
        self._dated[photo.id] = day
        return True

    def _answer(self, photo: _Photo) -> None:
        # A new photo has no link yet, and nobody has refused it.
        if photo.link is not None:
            self._answered.append(photo.id)

    def _load(self, entries: Sequence[Enrolment]) -> None:
        wanted: dict[str, set[str]] = {}
        for entry in entries:
            wanted.setdefault(entry.person.gallery, set()).add(entry.person.person_id)
        by_id: dict[int, _Known] = {}
        for gallery, person_ids in wanted.items():
            for part in in_parts(sorted(person_ids)):
                for known in _read_people(self._connection, gallery, self._galleries[gallery], part):
                    by_id[known.id] = known
                    self._people[known.gallery_id, known.person.person_id] = known
        for ids in in_parts(by_id):
            _read_photos(self._connection, ids, by_id)

    def _write_people(self) -> None:
        new = [known for known in self.touched.values() if known.is_new]
        changed = [known for known in self.touched.values() if not known.is_new]
        insert_rows(self._connection, tables.person, [self._person_row(known) for known in new])
        if changed:
            table = tables.person
            fields: dict[str, Any] = {name: bindparam(name) for name in (*_DETAILS, "changed_at")}
            statement = update(table).where(table.c.id == bindparam("row")).values(fields)
            rows = [dict(zip(_DETAILS, _details(known.person), strict=True)) for known in changed]
            ids = [{"changed_at": self._now, "row": known.id} for known in changed]
            self._connection.execute(statement, [{**row, **key} for row, key in zip(rows, ids, strict=True)])
        # Before the new templates are written, which have the new attributes from the start.
        for part in in_parts(known.id for known in changed if known.moved):
            for template_id in _template_ids(self._connection, part):
                self.ledger.template_moved(template_id)

    def _write_dates(self) -> None:
        if self._dated:
            table = tables.photo
            statement = update(table).where(table.c.id == bindparam("row")).values(taken_on=bindparam("day"))
            self._connection.execute(statement, [{"row": number, "day": day} for number, day in self._dated.items()])

    def _person_row(self, known: _Known) -> _Row:
        person = known.person
        return (known.id, known.gallery_id, person.person_id, *_details(person), self._now, self._now)

    def _photo_row(self, known: _Known, digest: bytes, photo: ReferencePhoto, new: _Photo) -> _Row:
        return (new.id, known.id, new.link, digest, photo.format, photo.width, photo.height, self._now,
                new.taken_on)  # fmt: skip

    def _write_refusals(self) -> None:
        """Photos that were answered or refused once more lose their older refusals of the engines concerned."""
        refusal = tables.refusal
        engines_now = {photo.id: photo.engines for *_, photo in self._templates}
        for part in in_parts(dict.fromkeys(self._answered)):
            query = select(refusal.c.photo_id, refusal.c.engine, refusal.c.code).where(refusal.c.photo_id.in_(part))
            for photo_id, engine, code in self._connection.execute(query).all():
                if code == NO_BYTES or engine in engines_now.get(photo_id, ()):
                    forget_refusal(self._connection, photo_id, engine)
        for photo_id, engine, code, reason in self._refusals:
            forget_refusal(self._connection, photo_id, engine)
            self._connection.execute(
                insert(refusal), {"photo_id": photo_id, "engine": engine, "code": code, "reason": reason}
            )

    def _template_row(self, known: _Known, template: Template, face: Face | None, there: _Photo) -> _Row:
        if there.link is None:
            raise ValueError("photos are written before their templates")
        template_id = self.ledger.number("template")
        self.ledger.template_added(template_id, known.gallery_id, template.engine)
        return template_row(template_id, there.link, template, face)


def template_row(template_id: int, link: int, template: Template, face: Face | None) -> _Row:
    """A row of the table of templates."""
    vector = coding.vector_bytes(template.vector)
    return template_id, link, template.engine, vector, coding.face_text(face), coding.landmarks_bytes(face)


def forget_refusal(connection: Connection, photo_id: int, engine: str) -> None:
    """This engine's refusal of a photo, if there is one, holds no longer."""
    refusal = tables.refusal
    connection.execute(delete(refusal).where(refusal.c.photo_id == photo_id, refusal.c.engine == engine))


def _merged(recorded: Person, given: Person) -> Person:
    """The recorded person with the fields that are given; raises BadField where they contradict each other."""
    if given == recorded:
        return recorded
    stated = {name: value for name in _DETAILS if (value := getattr(given, name))}
    return dataclasses.replace(recorded, **stated)


def _must_not_differ(recorded: Person, given: Person) -> None:
    for name in _DETAILS:
        said, there = getattr(given, name), getattr(recorded, name)
        if said and there and said != there:
            raise PersonDiffers(
                name,
                f"person {shown(given.person_id)} is in gallery {shown(given.gallery)} with another {name}; use "
                "another person_id, or say update where the recorded one is to be replaced",
            )


def _checked_content(photo: ReferencePhoto, digest: bytes) -> bytes:
    content = photo.content or b""
    if hashlib.sha256(content).digest() != digest:
        raise BadField("sha256", f"sha256 {photo.sha256[:12]}... is not the digest of the photo's bytes")
    return content


def _read_people(connection: Connection, gallery: str, gallery_id: int, person_ids: list[str]) -> Iterator[_Known]:
    table = tables.person
    columns = [table.c[name] for name in _DETAILS]
    query = select(table.c.id, table.c.person_id, *columns).where(
        table.c.gallery_id == gallery_id, table.c.person_id.in_(person_ids)
    )
    for number, person_id, *values in connection.execute(query).all():
        yield _Known(number, gallery_id, Person.stored(person_id, gallery, *values), is_new=False)


def _read_photos(connection: Connection, owners: list[int], by_id: dict[int, _Known]) -> None:
    photo, content, template = tables.photo, tables.photo_content, tables.template
    query = (
        select(
            photo.c.owner_id,
            photo.c.sha256,
            photo.c.id,
            photo.c.link,
            content.c.photo_id,
            template.c.engine,
            photo.c.taken_on,
        )
        .outerjoin(content, content.c.photo_id == photo.c.id)
        .outerjoin(template, template.c.photo_link == photo.c.link)
        .where(photo.c.owner_id.in_(owners))
    )
    for owner, digest, number, link, content_of, engine, taken_on in connection.execute(query).all():
        photos = by_id[owner].photos
        known = photos.setdefault(digest, _Photo(number, content_of is not None, set(), link, taken_on))
        if engine is not None:
            known.engines.add(EngineKey(engine))


def _template_ids(connection: Connection, owners: list[int]) -> list[int]:
    template, photo = tables.template, tables.photo
    query = select(template.c.id).join(photo, photo.c.link == template.c.photo_link).where(photo.c.owner_id.in_(owners))
    return list(connection.execute(query.order_by(template.c.id)).scalars())
