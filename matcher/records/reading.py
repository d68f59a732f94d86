"""Questions to the records about people, photos and sizes; each takes the connection of a transaction."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, bindparam, func, select

from matcher.errors import NotFound
from matcher.faces import EngineKey, Face
from matcher.person import FIELDS, Person, shown
from matcher.records import coding, tables
from matcher.records.bulk import in_parts
from matcher.records.values import GallerySize, Origin, PersonKey, PersonRecord, PhotoRecord
from matcher.records.vault import open_content, open_landmarks, open_vectors

_DETAILS = FIELDS[2:]
Query = Select[*tuple[Any, ...]]


def gallery_number(connection: Connection, name: str) -> int:
    """The number of a gallery; raises NotFound, naming those that are there."""
    gallery = tables.gallery
    found = connection.execute(select(gallery.c.id).where(gallery.c.name == name)).scalar_one_or_none()
    if found is None:
        names = connection.execute(select(gallery.c.name).order_by(gallery.c.name).limit(20)).scalars()
        raise NotFound(f"no gallery {shown(name)}; there are: {', '.join(names)}")
    return int(found)


def sizes(connection: Connection) -> dict[str, GallerySize]:
    """The size of every gallery by name, from the counts that each writing transaction keeps."""
    templates: dict[int, dict[EngineKey, int]] = {}
    of_galleries, of_engines = _sizes()
    for gallery_id, engine, count in connection.execute(of_engines):
        templates.setdefault(gallery_id, {})[EngineKey(engine)] = count
    rows = connection.execute(of_galleries)
    return {row.name: GallerySize(row.people, row.photos, templates.get(row.id, {})) for row in rows}


# Built once: each search asks both.
@cache
def _sizes() -> tuple[Query, Query]:
    gallery, engines = tables.gallery, tables.gallery_engine
    of_engines = select(engines.c.gallery_id, engines.c.engine, engines.c.templates).where(engines.c.templates > 0)
    return select(gallery).order_by(gallery.c.name), of_engines


def counted_sizes(connection: Connection) -> dict[str, GallerySize]:
    """The same as `sizes`, counted row by row: what the kept counts are checked against."""
    person, photo, template = tables.person, tables.photo, tables.template
    people = select(person.c.gallery_id, func.count()).group_by(person.c.gallery_id)
    owned = person.join(photo, photo.c.owner_id == person.c.id)
    photos = select(person.c.gallery_id, func.count()).select_from(owned).group_by(person.c.gallery_id)
    templates = (
        select(person.c.gallery_id, template.c.engine, func.count())
        .select_from(owned.join(template, template.c.photo_link == photo.c.link))
        .group_by(person.c.gallery_id, template.c.engine)
    )
    people_in: dict[int, int] = dict(connection.execute(people).all())
    photos_in: dict[int, int] = dict(connection.execute(photos).all())
    engines_in: dict[int, dict[EngineKey, int]] = {}
    for gallery_id, engine, count in connection.execute(templates).all():
        engines_in.setdefault(gallery_id, {})[EngineKey(engine)] = count
    names = connection.execute(select(tables.gallery.c.id, tables.gallery.c.name)).all()
    return {
        name: GallerySize(people_in.get(number, 0), photos_in.get(number, 0), engines_in.get(number, {}))
        for number, name in names
    }


def origins(connection: Connection, template_ids: Iterable[int]) -> dict[int, Origin]:
    """Whose photos these templates were made of; an id that is no longer there is left out."""
    gallery, person, photo, template = tables.gallery, tables.person, tables.photo, tables.template
    query = (
        select(template.c.id, gallery.c.name, person.c.person_id, photo.c.sha256)
        .select_from(template)
        .join(photo, photo.c.link == template.c.photo_link)
        .join(person, person.c.id == photo.c.owner_id)
        .join(gallery, gallery.c.id == person.c.gallery_id)
    )
    found = {}
    for part in in_parts(template_ids):
        for number, gallery_name, person_id, digest in connection.execute(query.where(template.c.id.in_(part))).all():
            found[number] = Origin(gallery_name, person_id, digest.hex())
    return found


def persons(connection: Connection, keys: Iterable[PersonKey]) -> dict[PersonKey, Person]:
    """The fields of these people; those that are not there are left out."""
    found, wanted = {}, defaultdict[str, dict[str, None]](dict)
    for gallery, person_id in keys:
        wanted[gallery][person_id] = None
    for gallery, person_ids in wanted.items():
        for part in in_parts(person_ids):
            for person_id, *values in connection.execute(_persons(), {"gallery": gallery, "ids": part}).all():
                found[gallery, person_id] = Person.stored(person_id, gallery, *values)
    return found


# Built once: each search asks it.
@cache
def _persons() -> Query:
    person, gallery = tables.person, tables.gallery
    columns = [person.c[name] for name in ("person_id", *_DETAILS)]
    joined = select(*columns).join(gallery, gallery.c.id == person.c.gallery_id)
    here = gallery.c.name == bindparam("gallery")
    return joined.where(here, person.c.person_id.in_(bindparam("ids", expanding=True)))


def person_record(connection: Connection, gallery: str, person_id: str) -> PersonRecord:
    """A person with what is kept of the photos; raises NotFound."""
    person = tables.person
    query = (
        select(person)
        .join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
        .where(tables.gallery.c.name == gallery, person.c.person_id == person_id)
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"no person {shown(person_id)} in gallery {shown(gallery)}")
    values = [getattr(row, name) for name in _DETAILS]
    return PersonRecord(
        person=Person.stored(row.person_id, gallery, *values),
        photos=_photo_records(connection, row.id),
        added_at=row.added_at,
        changed_at=row.changed_at,
    )


def photo_content(connection: Connection, gallery: str, person_id: str, sha256: str) -> bytes:
    """The original bytes of a person's photo; raises NotFound, also where the bytes were not kept."""
    content = tables.photo_content
    query = _photos_of(select(content.c.photo_id, content.c.content), gallery, person_id, sha256)
    found = connection.execute(query.join(content, content.c.photo_id == tables.photo.c.id)).one_or_none()
    if found is None:
        raise NotFound(f"person {shown(person_id)} in gallery {shown(gallery)} has no bytes of photo {sha256[:12]}...")
    return open_content(connection, found.photo_id, bytes(found.content))


def content_of_digest(connection: Connection, sha256: str) -> bytes | None:
    """The bytes of a photo of this digest, whoever's it is; None where none is kept. Reads photo by photo."""
    content, photo = tables.photo_content, tables.photo
    query = select(content.c.photo_id, content.c.content).join(photo, photo.c.id == content.c.photo_id)
    query = query.where(photo.c.sha256 == coding.digest_bytes(sha256)).order_by(photo.c.id).limit(1)
    found = connection.execute(query).one_or_none()
    return None if found is None else open_content(connection, found.photo_id, bytes(found.content))


def photo_face(connection: Connection, gallery: str, person_id: str, sha256: str, engine: EngineKey) -> Face | None:
    """Where the engine found the face in a person's photo, None if that was not kept; raises NotFound."""
    template = tables.template
    query = _photos_of(select(template.c.id, template.c.face, template.c.landmarks), gallery, person_id, sha256)
    query = query.join(template, template.c.photo_link == tables.photo.c.link).where(template.c.engine == engine)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise NotFound(
            f"person {shown(person_id)} in gallery {shown(gallery)} has no template of {engine} for {sha256[:12]}..."
        )
    return coding.face_of(found.face, open_landmarks(connection, found.id, bytes(found.landmarks)))


def photo_dates(connection: Connection, photos: Iterable[tuple[PersonKey, str]]) -> dict[tuple[PersonKey, str], str]:
    """The days on which these photos (person, SHA-256) were taken, ISO; those not known or not there are left out."""
    wanted = set(photos)
    photo, person = tables.photo, tables.person
    dated = select(person.c.person_id, photo.c.sha256, photo.c.taken_on)
    found = {}
    for gallery, people in _by_gallery(dated, [key for key, _ in wanted]):
        query = people.join(photo, photo.c.owner_id == person.c.id).where(photo.c.taken_on != "")
        for person_id, digest, day in connection.execute(query).all():
            found[(gallery, person_id), digest.hex()] = day
    return {one: day for one, day in found.items() if one in wanted}


def known_photos(connection: Connection, gallery: str, engine: EngineKey) -> frozenset[tuple[str, str]]:
    """(person_id, sha256) of every photo in a gallery that has a template of this engine."""
    person, photo, template = tables.person, tables.photo, tables.template
    query = (
        select(person.c.person_id, photo.c.sha256)
        .select_from(template)
        .join(photo, photo.c.link == template.c.photo_link)
        .join(person, person.c.id == photo.c.owner_id)
        .join(tables.gallery, tables.gallery.c.id == person.c.gallery_id)
        .where(tables.gallery.c.name == gallery, template.c.engine == engine)
    )
    return frozenset((person_id, digest.hex()) for person_id, digest in connection.execute(query))


def vectors_by_person(
    connection: Connection, keys: Iterable[PersonKey], engine: EngineKey, dimension: int
) -> dict[PersonKey, NDArray[np.float32]]:
    """Every vector of each person, float32 (photos, dimension), oldest first; people without one are left out."""
    person, photo, template = tables.person, tables.photo, tables.template
    places: dict[PersonKey, list[int]] = {}
    ids: list[int] = []
    blobs: list[bytes] = []
    for gallery, people in _by_gallery(select(person.c.person_id, template.c.id, template.c.vector), keys):
        query = people.join(photo, photo.c.owner_id == person.c.id)
        query = query.join(template, template.c.photo_link == photo.c.link).where(template.c.engine == engine)
        for person_id, number, blob in connection.execute(query.order_by(template.c.id)).all():
            places.setdefault((gallery, person_id), []).append(len(ids))
            ids.append(number)
            blobs.append(blob)
    vectors = open_vectors(connection, ids, blobs, dimension)
    return {key: vectors[rows] for key, rows in places.items()}


def digests(connection: Connection) -> Iterator[tuple[int, bytes, bytes]]:
    """(photo's number, recorded digest, bytes) of every photo whose bytes are kept, one at a time."""
    photo, content = tables.photo, tables.photo_content
    last = -1
    while True:
        query = select(photo.c.id, photo.c.sha256, content.c.content).join(content, content.c.photo_id == photo.c.id)
        row = connection.execute(query.where(photo.c.id > last).order_by(photo.c.id).limit(1)).one_or_none()
        if row is None:
            return
        last = row.id
        yield row.id, bytes(row.sha256), open_content(connection, row.id, bytes(row.content))


def _by_gallery(query: Query, keys: Iterable[PersonKey]) -> Iterator[tuple[str, Query]]:
    """The query about people, narrowed to the keys: one for each gallery and each part of its ids."""
    wanted: dict[str, dict[str, None]] = {}
    for gallery, person_id in keys:
        wanted.setdefault(gallery, {})[person_id] = None
    person, galleries = tables.person, tables.gallery
    joined = query.join(galleries, galleries.c.id == person.c.gallery_id)
    for gallery, person_ids in wanted.items():
        for part in in_parts(person_ids):
            yield gallery, joined.where(galleries.c.name == gallery, person.c.person_id.in_(part))


def _photos_of(query: Query, gallery: str, person_id: str, sha256: str) -> Query:
    person, photo, galleries = tables.person, tables.photo, tables.gallery
    return (
        query.select_from(photo)
        .join(person, person.c.id == photo.c.owner_id)
        .join(galleries, galleries.c.id == person.c.gallery_id)
        .where(
            galleries.c.name == gallery,
            person.c.person_id == person_id,
            photo.c.sha256 == coding.digest_bytes(sha256),
        )
    )


def _photo_records(connection: Connection, owner: int) -> tuple[PhotoRecord, ...]:
    photo, content, template = tables.photo, tables.photo_content, tables.template
    engines: dict[int, list[EngineKey]] = {}
    made = select(template.c.photo_link, template.c.engine).join(photo, photo.c.link == template.c.photo_link)
    for link, engine in connection.execute(made.where(photo.c.owner_id == owner).order_by(template.c.engine)).all():
        engines.setdefault(link, []).append(EngineKey(engine))
    query = (
        select(photo, content.c.photo_id.is_not(None).label("has_content"))
        .outerjoin(content, content.c.photo_id == photo.c.id)
        .where(photo.c.owner_id == owner)
        .order_by(photo.c.id)
    )
    return tuple(
        PhotoRecord(
            sha256=row.sha256.hex(),
            format=row.format,
            width=row.width,
            height=row.height,
            added_at=row.added_at,
            has_content=bool(row.has_content),
            engines=tuple(engines.get(row.link, ())),
            taken_on=row.taken_on,
        )
        for row in connection.execute(query)
    )
