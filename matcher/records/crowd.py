"""Questions about all people at once: who they are, page by page, and how many of them a search may find."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, func, select

from matcher.among import Among
from matcher.faces import EngineKey
from matcher.person import FIELDS, Person
from matcher.records import tables
from matcher.records.bulk import in_parts
from matcher.records.reading import sizes
from matcher.records.values import ListedPerson, PersonKey
from matcher.records.vault import open_vectors


def person_keys(connection: Connection, gallery: str | None) -> Iterator[PersonKey]:
    """Everyone's key, of one gallery or of all, in no order; one row at a time."""
    person, galleries = tables.person, tables.gallery
    query = select(galleries.c.name, person.c.person_id).join(galleries, galleries.c.id == person.c.gallery_id)
    if gallery is not None:
        query = query.where(galleries.c.name == gallery)
    yield from ((name, person_id) for name, person_id in connection.execute(query))


def people_page(connection: Connection, gallery: str, *, after: str, limit: int) -> tuple[ListedPerson, ...]:
    """The next people of a gallery in the order of their ids, at most limit; after: the last id before, or empty."""
    person, photo = tables.person, tables.photo
    photos = select(func.count()).where(photo.c.owner_id == person.c.id).scalar_subquery()
    columns = [person.c[name] for name in ("person_id", *FIELDS[2:])]
    query = select(photos, *columns).join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
    query = query.where(tables.gallery.c.name == gallery, person.c.person_id > after)
    rows = connection.execute(query.order_by(person.c.person_id).limit(limit)).all()
    return tuple(
        ListedPerson(Person.stored(person_id, gallery, *values), photos) for photos, person_id, *values in rows
    )


def numbered_keys(connection: Connection, gallery: str | None) -> Iterator[tuple[int, PersonKey]]:
    """The same with everyone's number."""
    person, galleries = tables.person, tables.gallery
    query = select(person.c.id, galleries.c.name, person.c.person_id).join(
        galleries, galleries.c.id == person.c.gallery_id
    )
    if gallery is not None:
        query = query.where(galleries.c.name == gallery)
    yield from ((number, (name, person_id)) for number, name, person_id in connection.execute(query))


def numbers_after(connection: Connection, gallery: str | None, after: int, count: int) -> list[int]:
    """The next people's numbers, ascending."""
    person = tables.person
    query = select(person.c.id).where(person.c.id > after).order_by(person.c.id).limit(count)
    if gallery is not None:
        query = query.join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
        query = query.where(tables.gallery.c.name == gallery)
    return [int(number) for number in connection.execute(query).scalars()]


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """Somebody's templates of one engine. ids: their numbers, ascending. vectors: float32 (photos, dimension)."""

    key: PersonKey
    ids: Sequence[int]
    vectors: NDArray[np.float32]


def templates_by_number(
    connection: Connection, numbers: Iterable[int], engine: EngineKey, dimension: int
) -> dict[int, Held]:
    """The templates of each of these people; those without one are left out."""
    galleries, person, photo, template = tables.gallery, tables.person, tables.photo, tables.template
    query = (
        select(person.c.id, galleries.c.name, person.c.person_id, template.c.id, template.c.vector)
        .join(galleries, galleries.c.id == person.c.gallery_id)
        .join(photo, photo.c.owner_id == person.c.id)
        .join(template, template.c.photo_link == photo.c.link)
        .where(template.c.engine == engine)
        .order_by(person.c.id, template.c.id)
    )
    found: dict[int, tuple[PersonKey, list[int]]] = {}
    ids: list[int] = []
    blobs: list[bytes] = []
    for part in in_parts(numbers):
        for number, name, person_id, template_id, blob in connection.execute(query.where(person.c.id.in_(part))):
            found.setdefault(number, ((name, person_id), []))[1].append(len(ids))
            ids.append(template_id)
            blobs.append(blob)
    vectors = open_vectors(connection, ids, blobs, dimension)
    return {number: Held(key, [ids[row] for row in rows], vectors[rows]) for number, (key, rows) in found.items()}


def siblings(connection: Connection, engine: EngineKey, *, after: int, to: int) -> list[int]:
    """Every template of an engine of people who were given one between two positions of the change log."""
    change, template, photo = tables.change, tables.template, tables.photo
    theirs, others = photo.alias(), template.alias()
    query = (
        select(others.c.id)
        .distinct()
        .select_from(change)
        .join(template, template.c.id == change.c.template_id)
        .join(photo, photo.c.link == template.c.photo_link)
        .join(theirs, theirs.c.owner_id == photo.c.owner_id)
        .join(others, others.c.photo_link == theirs.c.link)
        .where(change.c.position > after, change.c.position <= to, others.c.engine == engine)
    )
    return [int(number) for number in connection.execute(query).scalars()]


def matching(connection: Connection, numbers: Iterable[int], among: Among) -> frozenset[int]:
    """Those of these people whom a search may find."""
    found: set[int] = set()
    for part in in_parts(numbers):
        query = _narrowed(select(tables.person.c.id).where(tables.person.c.id.in_(part)), among)
        found.update(connection.execute(query).scalars())
    return frozenset(found)


def count_people(connection: Connection, engine: EngineKey, among: Among) -> int:
    """How many people with a template of this engine a search may find.

    Where the kept counts leave nobody without one, people are counted and not their templates: at a million that is
    the difference between 40 milliseconds and 3 seconds. Who was recorded without a photo is then counted too.
    """
    person, photo, template = tables.person, tables.photo, tables.template
    query = select(func.count()).select_from(person)
    if not _all_have_one(connection, engine, among.gallery):
        made = select(1).join(template, template.c.photo_link == photo.c.link)
        query = query.where(made.where(photo.c.owner_id == person.c.id, template.c.engine == engine).exists())
    return int(connection.execute(_narrowed(query, among)).scalar_one())


def _all_have_one(connection: Connection, engine: EngineKey, gallery: str | None) -> bool:
    """Whether each gallery has as many templates of the engine as people."""
    held = sizes(connection).items()
    searched = [size for name, size in held if gallery is None or name == gallery]
    return all(size.templates.get(engine, 0) >= size.people for size in searched)


def _narrowed(query: Select[*tuple[Any, ...]], among: Among) -> Select[*tuple[Any, ...]]:
    """A query about people, narrowed to those whom a search may find."""
    person = tables.person
    if among.gallery is not None:
        query = query.join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
        query = query.where(tables.gallery.c.name == among.gallery)
    if among.nationalities:
        query = query.where(person.c.nationality.in_(among.nationalities))
    if among.sexes:
        query = query.where(person.c.sex.in_(among.sexes))
    if among.birth_years is not None:
        year = func.substr(person.c.date_of_birth, 1, 4)
        first, last = among.birth_years
        query = query.where(year.between(f"{first:04d}", f"{last:04d}"))
    return query
