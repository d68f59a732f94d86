"""What an index or a replica needs to follow the records: the change log, and the templates in streams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select

from index.base import Attributes, Ids, Vectors
from matcher.faces import EngineKey
from matcher.records import coding, tables
from matcher.records.bulk import in_parts
from matcher.records.vault import open_vectors
from matcher.scoring.likeness import unit

_EntryRow = tuple[int, bytes, int, str, str, str]


@dataclass(frozen=True, slots=True)
class LogRange:
    """The change log holds the positions after `start` up to `latest`; those up to `start` are forgotten."""

    start: int
    latest: int


@dataclass(frozen=True, slots=True, repr=False)
class Entries:
    """Entries for an index. ids: int64 (n,); attributes: int32 (n, 4), see coding.

    vectors: float32 (n, dimension), scaled to length 1, so that an index ranks by the likeness that scores are made
    of; the records keep them as the engine made them.
    """

    ids: Ids
    vectors: Vectors
    attributes: Attributes

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Changes:
    """A stretch of the log, summed up; last: the last position in it.

    removed: the ids of entries that must leave. added: those that must come after that, in the order of the log;
    an id in both is an entry whose attributes changed.
    """

    removed: list[int]
    added: list[int]
    last: int

    @property
    def moved(self) -> bool:
        return not set(self.removed).isdisjoint(self.added)


def log_range(connection: Connection) -> LogRange:
    """Where the change log begins and ends."""
    values = dict(connection.execute(_ends()).all())
    return LogRange(values["change_start"], values["change"])


# Built once: each search asks this twice.
@cache
def _ends() -> Select[*tuple[Any, ...]]:
    counter = tables.counter
    return select(counter.c.name, counter.c.value).where(counter.c.name.in_(("change", "change_start")))


def changes(connection: Connection, *, after: int, limit: int) -> Changes:
    """The next changes after a position, at most limit of them."""
    change = tables.change
    query = select(change.c.position, change.c.template_id, change.c.kind)
    query = query.where(change.c.position > after).order_by(change.c.position).limit(limit)
    rows = connection.execute(query).all()
    if len(rows) == limit > 1 and rows[-1][2] == "removed":
        # It may be the first half of a move, whose second half must not come later.
        rows = rows[:-1]
    removed: dict[int, None] = {}
    added: dict[int, None] = {}
    for _, template_id, kind in rows:
        if kind == "added":
            added[template_id] = None
        else:
            added.pop(template_id, None)
            removed[template_id] = None
    return Changes(list(removed), list(added), rows[-1][0] if rows else after)


def entries(connection: Connection, engine: EngineKey, dimension: int, ids: list[int]) -> Entries:
    """The entries of those ids that are there and of this engine."""
    rows: list[_EntryRow] = []
    for part in in_parts(ids):
        query = _templates(engine).where(tables.template.c.id.in_(part)).order_by(tables.template.c.id)
        rows.extend(connection.execute(query).all())
    return _entries(connection, rows, dimension)


def all_entries(connection: Connection, engine: EngineKey, dimension: int, *, at_once: int) -> Iterator[Entries]:
    """Every entry of this engine, in the order of ids, at most at_once in memory."""
    last = -1
    while True:
        template = tables.template
        query = _templates(engine).where(template.c.id > last).order_by(template.c.id).limit(at_once)
        rows = connection.execute(query).all()
        if not rows:
            return
        last = rows[-1][0]
        yield _entries(connection, rows, dimension)


def template_ids(connection: Connection, engine: EngineKey) -> Ids:
    """The ids of every template of this engine, int64, ascending."""
    template = tables.template
    query = select(template.c.id).where(template.c.engine == engine).order_by(template.c.id)
    return np.fromiter(connection.execute(query).scalars(), dtype=np.int64)


def count(connection: Connection, engine: EngineKey) -> int:
    """How many templates of this engine there are, from the kept counts."""
    sizes = tables.gallery_engine
    query = select(func.coalesce(func.sum(sizes.c.templates), 0)).where(sizes.c.engine == engine)
    return int(connection.execute(query).scalar_one())


def orphans(connection: Connection) -> int:
    """How many templates lead to no photo; none in sound records."""
    template, photo = tables.template, tables.photo
    joined = template.outerjoin(photo, photo.c.link == template.c.photo_link)
    return int(connection.execute(select(func.count()).select_from(joined).where(photo.c.id.is_(None))).scalar_one())


def photos_without(connection: Connection, engine: EngineKey) -> int:
    """How many photos searches with this engine can't find, although it has not refused to make a template of them."""
    return int(connection.execute(select(func.count()).select_from(unmade(engine).subquery())).scalar_one())


def unmade(engine: EngineKey) -> Select[int]:
    """The numbers of the photos of which this engine has made neither a template nor a refusal."""
    photo, template, refusal = tables.photo, tables.template, tables.refusal
    made = select(template.c.id).where(template.c.photo_link == photo.c.link, template.c.engine == engine)
    refused = select(refusal.c.photo_id).where(refusal.c.photo_id == photo.c.id, refusal.c.engine == engine)
    # Looked up photo by photo, in indexes: a server without statistics yet might join whole tables for each page.
    untried = [query.limit(1).scalar_subquery().is_(None) for query in (made, refused)]
    return select(photo.c.id).where(*untried)


def _templates(engine: EngineKey) -> Select[int, bytes, int, str, str, str]:
    template, photo, person = tables.template, tables.photo, tables.person
    return (
        select(
            template.c.id,
            template.c.vector,
            person.c.gallery_id,
            person.c.nationality,
            person.c.sex,
            person.c.date_of_birth,
        )
        .select_from(template)
        .join(photo, photo.c.link == template.c.photo_link)
        .join(person, person.c.id == photo.c.owner_id)
        .where(template.c.engine == engine)
    )


def _entries(connection: Connection, rows: Sequence[_EntryRow], dimension: int) -> Entries:
    return Entries(
        ids=np.array([row[0] for row in rows], dtype=np.int64),
        vectors=unit(open_vectors(connection, [row[0] for row in rows], [row[1] for row in rows], dimension)),
        attributes=np.array([coding.attributes(*row[2:]) for row in rows], dtype=np.int32).reshape(-1, 4),
    )
