"""What another engine than the serving one makes of the photos: which it has not tried, and what it made, recorded."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, insert, literal, select

from matcher.errors import EngineMismatch
from matcher.faces import EngineKey, Face
from matcher.records import coding, feed, serving, tables
from matcher.records.bulk import in_parts, insert_rows
from matcher.records.enrolling import forget_refusal, template_row
from matcher.records.ledger import Ledger
from matcher.records.values import NO_BYTES, Made
from matcher.records.vault import open_content, open_landmarks, sealed_templates

_NO_BYTES_REASON = "the photo's bytes were not kept; enroll the photo again"


@dataclass(frozen=True, slots=True, repr=False)
class Waiting:
    """A photo to make a template of. face: where the serving engine found it; None where that was not kept."""

    photo_id: int
    content: bytes
    face: Face | None


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
