"""Moving the records from one engine to another: what is still to be made, what was made, who serves, and what goes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, delete, func, insert, literal, select

from matcher.errors import AlreadyThere, EngineMismatch, NotFound
from matcher.faces import EngineKey, Face
from matcher.records import coding, feed, serving, tables
from matcher.records.bulk import in_parts, insert_rows
from matcher.records.enrolling import forget_refusal, template_row
from matcher.records.ledger import Ledger
from matcher.records.serving import Engines, Role
from matcher.records.values import NO_BYTES, Made
from matcher.records.vault import open_content, open_landmarks, sealed_templates

_NO_BYTES_REASON = "the photo's bytes were not kept; enroll the photo again"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a move is. photos: of all galleries. made: templates of the engine beside. refused: photos by code."""

    engines: Engines
    photos: int
    made: int
    refused: Mapping[str, int]

    @property
    def lacking(self) -> int:
        """Photos that searches with the engine beside can't find, for whatever reason."""
        return self.photos - self.made

    @property
    def waiting(self) -> int:
        """Photos that nobody has tried yet."""
        return self.lacking - sum(self.refused.values())


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """A photo to make a template of. face: where the serving engine found it; None where that was not kept."""

    photo_id: int
    content: bytes
    face: Face | None


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

    unless_recorded: who serves where nothing is recorded, as in homes with several engines of earlier versions.
    Raises AlreadyThere, NotFound or EngineMismatch.
    """
    Ledger(connection)
    found = serving.engines(connection)
    if not found.serving:
        if not feed.count(connection, unless_recorded):
            raise NotFound(f"there is nothing to move: no photo was enrolled with {unless_recorded} yet")
        found = Engines(unless_recorded)
    if found.serving == to:
        raise AlreadyThere(f"{to} serves already; there is nothing to move")
    if found.beside and (found.beside != to or found.role is Role.DISCARDING):
        raise EngineMismatch(f"templates of {found.beside} are still kept; first run matcher reembed --discard")
    if not found.beside:
        found = Engines(found.serving, to, Role.INCOMING)
        serving.set_engines(connection, found)
    return found


def waiting(connection: Connection, to: EngineKey, *, after: int, gallery: str | None, limit: int) -> list[int]:
    """The next photos, in the order of their numbers, whose bytes are kept and that this engine has not tried."""
    photo, content = tables.photo, tables.photo_content
    query = feed.unmade(to).join(content, content.c.photo_id == photo.c.id).where(photo.c.id > after)
    if gallery is not None:
        query = query.where(photo.c.owner_id.in_(_people_of(gallery)))
    return list(connection.execute(query.order_by(photo.c.id).limit(limit)).scalars())


def last_photo(connection: Connection) -> int:
    """The highest number of a photo; 0 without any."""
    return int(connection.execute(select(func.coalesce(func.max(tables.photo.c.id), 0))).scalar_one())


def load(connection: Connection, photo_ids: Sequence[int], found_by: EngineKey) -> list[Waiting]:
    """A few photos with their bytes, in the order of their numbers; those removed meanwhile are left out."""
    photo, content, template = tables.photo, tables.photo_content, tables.template
    of_serving = (template.c.photo_link == photo.c.link) & (template.c.engine == found_by)
    query = (
        select(photo.c.id, content.c.content, template.c.id.label("template_id"), template.c.face, template.c.landmarks)
        .select_from(photo)
        .join(content, content.c.photo_id == photo.c.id)
        .outerjoin(template, of_serving)
        .where(photo.c.id.in_(photo_ids))
        .order_by(photo.c.id)
    )
    found = []
    for row in connection.execute(query):
        face = None
        if row.face:
            face = coding.face_of(row.face, open_landmarks(connection, row.template_id, bytes(row.landmarks)))
        found.append(Waiting(row.id, open_content(connection, row.id, bytes(row.content)), face))
    return found


def keep(connection: Connection, to: EngineKey, made: Sequence[tuple[int, Made]]) -> int:
    """Record what was made of photos; those removed meanwhile, and what others recorded before, are left out.

    Returns how many templates came to be. Raises EngineMismatch where the move was ended meanwhile.
    """
    ledger = Ledger(connection)
    found = serving.engines(connection)
    if to not in {found.made_at_enrolment, found.serving}:
        raise EngineMismatch(f"the move to {to} was ended by another process")
    there = _there(connection, to, [photo_id for photo_id, _ in made])
    rows, refusals = [], []
    for photo_id, one in made:
        if photo_id not in there:
            continue
        link, gallery_id = there.pop(photo_id)
        if one.template is None:
            refusals.append((photo_id, to, one.code, one.reason))
            continue
        number = ledger.number("template")
        ledger.template_added(number, gallery_id, to)
        rows.append(template_row(number, link, one.template, one.face))
        forget_refusal(connection, photo_id, to)
    insert_rows(connection, tables.template, sealed_templates(connection, rows))
    for refusal in refusals:
        forget_refusal(connection, refusal[0], to)
    insert_rows(connection, tables.refusal, refusals)
    ledger.write()
    return len(rows)


def refuse_without_bytes(connection: Connection, to: EngineKey, *, gallery: str | None) -> int:
    """Record a refusal for every photo that nothing can be made of, since its bytes were not kept; how many."""
    photo, content = tables.photo, tables.photo_content
    kept = select(content.c.photo_id).where(content.c.photo_id == photo.c.id)
    query = feed.unmade(to).where(~kept.exists())
    if gallery is not None:
        query = query.where(photo.c.owner_id.in_(_people_of(gallery)))
    rows = query.add_columns(literal(str(to)), literal(NO_BYTES), literal(_NO_BYTES_REASON))
    columns = ["photo_id", "engine", "code", "reason"]
    inserted = insert(tables.refusal).from_select(columns, rows).execution_options(preserve_rowcount=True)
    return connection.execute(inserted).rowcount


def progress(connection: Connection) -> Progress:
    """How far the move is, from the kept counts."""
    refusal, sizes, galleries = tables.refusal, tables.gallery_engine, tables.gallery
    found = serving.engines(connection)
    photos = connection.execute(select(func.coalesce(func.sum(galleries.c.photos), 0))).scalar_one()
    made = select(func.coalesce(func.sum(sizes.c.templates), 0)).where(sizes.c.engine == found.beside)
    refused = (
        select(refusal.c.code, func.count())
        .where(refusal.c.engine == found.beside)
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


def _people_of(gallery: str) -> Select[int]:
    person, galleries = tables.person, tables.gallery
    joined = select(person.c.id).join(galleries, galleries.c.id == person.c.gallery_id)
    return joined.where(galleries.c.name == gallery)


def _there(connection: Connection, to: EngineKey, photo_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """photo -> (link, gallery) of those photos that are there and have no template of this engine."""
    photo, person, template = tables.photo, tables.person, tables.template
    made = select(template.c.id).where(template.c.photo_link == photo.c.link, template.c.engine == to)
    query = select(photo.c.id, photo.c.link, person.c.gallery_id).join(person, person.c.id == photo.c.owner_id)
    found = {}
    for part in in_parts(photo_ids):
        for number, link, gallery_id in connection.execute(query.where(photo.c.id.in_(part), ~made.exists())):
            found[number] = (link, gallery_id)
    return found
