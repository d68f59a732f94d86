"""Moving the records from one engine to another: what is still to be made, what was made, who serves, and what goes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from matcher.errors import AlreadyThere, EngineMismatch, NotFound
from matcher.faces import EngineKey
from matcher.records import feed, serving, tables
from matcher.records.bulk import in_parts
from matcher.records.ledger import Ledger
from matcher.records.serving import Engines, Role


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an engine is. photos: of all galleries. made: its templates. refused: photos by code."""

    engines: Engines
    photos: int
    made: int
    refused: Mapping[str, int]

    @property
    def lacking(self) -> int:
        """Photos that searches with this engine can't find, for whatever reason."""
        return self.photos - self.made

    @property
    def waiting(self) -> int:
        """Photos that nobody has tried yet."""
        return self.lacking - sum(self.refused.values())


@dataclass(frozen=True, slots=True)
class RefusedPhoto:
    """A photo that an engine made no template of, and why: a code for programs, a reason for people."""

    gallery: str
    person_id: str
    sha256: str
    code: str
    reason: str


def begin(connection: Connection, to: EngineKey, *, unless_recorded: EngineKey) -> Engines:
    """Let an engine's templates be made beside the serving one's, or go on with that.

    The serving engine itself may be named where it has not tried every photo, as after a way back. unless_recorded: who
    serves where nothing is recorded, as in homes with several engines of earlier versions.
    Raises AlreadyThere, NotFound or EngineMismatch.
    """
    Ledger(connection)
    found = serving.engines(connection)
    if not found.serving:
        if not feed.count(connection, unless_recorded):
            raise NotFound(f"there is nothing to move: no photo was enrolled with {unless_recorded} yet")
        found = Engines(unless_recorded)
    if found.serving == to:
        if not progress(connection, to).waiting:
            raise AlreadyThere(f"{to} serves already, and has tried every photo; there is nothing to do")
        return found
    if found.beside and (found.beside != to or found.role is Role.DISCARDING):
        raise EngineMismatch(f"templates of {found.beside} are still kept; first run matcher reembed --discard")
    if not found.beside:
        found = Engines(found.serving, to, Role.INCOMING)
        serving.set_engines(connection, found)
    return found


def progress(connection: Connection, of: EngineKey | None = None) -> Progress:
    """How far an engine is, from the kept counts; of: the one beside if not given."""
    refusal, sizes, galleries = tables.refusal, tables.gallery_engine, tables.gallery
    found = serving.engines(connection)
    engine = found.beside if of is None else of
    photos = connection.execute(select(func.coalesce(func.sum(galleries.c.photos), 0))).scalar_one()
    made = select(func.coalesce(func.sum(sizes.c.templates), 0)).where(sizes.c.engine == engine)
    refused = (
        select(refusal.c.code, func.count())
        .where(refusal.c.engine == engine)
        .group_by(refusal.c.code)
        .order_by(refusal.c.code)
    )
    return Progress(
        found, int(photos), int(connection.execute(made).scalar_one()), dict(connection.execute(refused).all())
    )


def refused_photos(connection: Connection, engine: EngineKey) -> Iterator[RefusedPhoto]:
    """Every photo that the engine made no template of, in the order of adding."""
    refusal, photo, person, galleries = tables.refusal, tables.photo, tables.person, tables.gallery
    query = (
        select(galleries.c.name, person.c.person_id, photo.c.sha256, refusal.c.code, refusal.c.reason, photo.c.id)
        .select_from(refusal)
        .join(photo, photo.c.id == refusal.c.photo_id)
        .join(person, person.c.id == photo.c.owner_id)
        .join(galleries, galleries.c.id == person.c.gallery_id)
        .where(refusal.c.engine == engine)
        .order_by(photo.c.id)
        .limit(5_000)
    )
    last = -1
    while rows := connection.execute(query.where(photo.c.id > last)).all():
        last = rows[-1][-1]
        for gallery, person_id, digest, code, reason, _ in rows:
            yield RefusedPhoto(gallery, person_id, bytes(digest).hex(), code, reason)


def switch(connection: Connection, to: EngineKey) -> Progress:
    """Let the engine beside serve; how things stood before. The caller has looked whether that is wise.

    Raises EngineMismatch where another process has changed the engines, or photos came that nobody has tried.
    """
    Ledger(connection)
    before = progress(connection)
    found = before.engines
    if found.beside != to or found.role is not Role.INCOMING:
        raise EngineMismatch(f"{to} is not being prepared any more: another process ended the move or switched")
    if before.waiting:
        raise EngineMismatch(f"{before.waiting} photos were not tried with {to} yet; run matcher reembed --to again")
    serving.set_engines(connection, Engines(to, found.serving, Role.PREVIOUS))
    return before


def roll_back(connection: Connection) -> Progress:
    """Let the engine serve that did before; how things stand now: `lacking` counts what was of this engine only.

    Raises NotFound where none is kept.
    """
    Ledger(connection)
    found = serving.engines(connection)
    if found.role is not Role.PREVIOUS:
        raise NotFound("there was no switch that could be undone, or its templates were discarded")
    before = progress(connection)
    serving.set_engines(connection, Engines(found.beside, found.serving, Role.INCOMING))
    return before


def begin_discarding(connection: Connection) -> EngineKey:
    """From now on the engine beside gets no more templates; raises NotFound where there is none."""
    Ledger(connection)
    found = serving.engines(connection)
    if not found.beside:
        raise NotFound(f"there is no engine beside {found.serving or 'the serving one'} to discard")
    serving.set_engines(connection, Engines(found.serving, found.beside, Role.DISCARDING))
    return found.beside


def discard_some(connection: Connection, engine: EngineKey, *, after: int, limit: int) -> int | None:
    """Remove the next templates of an engine that is being discarded; the last number removed, None at the end.

    With the last of them the engine is forgotten.
    """
    ledger = Ledger(connection)
    found = serving.engines(connection)
    if found.beside != engine or found.role is not Role.DISCARDING:
        return None
    template, photo, person = tables.template, tables.photo, tables.person
    query = (
        select(template.c.id, person.c.gallery_id)
        .join(photo, photo.c.link == template.c.photo_link)
        .join(person, person.c.id == photo.c.owner_id)
        .where(template.c.engine == engine, template.c.id > after)
        .order_by(template.c.id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    for template_id, gallery_id in rows:
        ledger.template_removed(template_id, gallery_id, engine)
    for part in in_parts(row[0] for row in rows):
        connection.execute(delete(template).where(template.c.id.in_(part)))
    if not rows:
        connection.execute(delete(tables.refusal).where(tables.refusal.c.engine == engine))
        serving.set_engines(connection, Engines(found.serving))
    ledger.write()
    return rows[-1][0] if rows else None
