"""Templates with their people out of the records, in streams."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from index.base import Vectors
from matcher.faces import EngineKey
from matcher.person import FIELDS
from matcher.records import tables
from matcher.records.vault import open_vectors

_DETAILS = FIELDS[2:]


@dataclass(frozen=True, slots=True, repr=False)
class Exported:
    """Templates as the engine made them. vectors: float32 (n, dimension); columns: FIELDS, sha256 and
    taken_on, n texts each. last: the number of the last one."""

    columns: dict[str, tuple[str, ...]]
    vectors: Vectors
    last: int


def count_templates(connection: Connection, engine: EngineKey, gallery: str | None) -> int:
    """How many rows `exported` will give."""
    sizes, galleries = tables.gallery_engine, tables.gallery
    query = select(func.coalesce(func.sum(sizes.c.templates), 0)).where(sizes.c.engine == engine)
    if gallery is not None:
        query = query.join(galleries, galleries.c.id == sizes.c.gallery_id).where(galleries.c.name == gallery)
    return int(connection.execute(query).scalar_one())


def last_template(connection: Connection) -> int:
    """The number of the template that was added last; -1 where there is none."""
    return int(connection.execute(select(func.coalesce(func.max(tables.template.c.id), -1))).scalar_one())


def exported(
    connection: Connection, engine: EngineKey, dimension: int, gallery: str | None, *, at_once: int
) -> Iterator[Exported]:
    """Every template of this engine, of one gallery or of all, in the order of adding."""
    last, until = -1, last_template(connection)
    while part := exported_after(connection, engine, dimension, gallery, last, until=until, at_once=at_once):
        yield part
        last = part.last


def exported_after(
    connection: Connection,
    engine: EngineKey,
    dimension: int,
    gallery: str | None,
    after: int,
    *,
    until: int,
    at_once: int,
) -> Exported | None:
    """The next of them after the one of this number, up to that of another; None where there are no more."""
    template, photo, person, galleries = tables.template, tables.photo, tables.person, tables.gallery
    details = [person.c[name] for name in _DETAILS]
    joined = (
        template.join(photo, photo.c.link == template.c.photo_link)
        .join(person, person.c.id == photo.c.owner_id)
        .join(galleries, galleries.c.id == person.c.gallery_id)
    )
    query = (
        select(
            template.c.id,
            template.c.vector,
            photo.c.sha256,
            photo.c.taken_on,
            person.c.person_id,
            galleries.c.name,
            *details,
        )
        .select_from(joined)
        .where(template.c.engine == engine, template.c.id > after, template.c.id <= until)
        .order_by(template.c.id)
        .limit(at_once)
    )
    if gallery is not None:
        query = query.where(galleries.c.name == gallery)
    rows = connection.execute(query).all()
    if not rows:
        return None
    ids, vectors, digests, days, *fields = zip(*rows, strict=True)
    columns = dict(zip(FIELDS, fields, strict=True))
    columns["sha256"] = tuple(bytes(digest).hex() for digest in digests)
    columns["taken_on"] = days
    return Exported(columns, open_vectors(connection, ids, vectors, dimension), ids[-1])
