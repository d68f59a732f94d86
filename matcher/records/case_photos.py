"""Photos of cases in the records: kept and sealed as reference photos are, and apart from them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select, update

from matcher.casework.case import CasePhoto
from matcher.faces import EngineKey
from matcher.preparing import PreparedPhoto
from matcher.records import case_tables as tables
from matcher.records import coding
from matcher.records.case_tables import NOBODYS
from matcher.records.vault import vault_of

CONTENT = b"case_photo_content.content"
VECTOR = b"case_template.vector"
LANDMARKS = b"case_template.landmarks"


def known(connection: Connection, case: int, sha256: str) -> bool:
    """Whether a case has this photo already."""
    table = tables.case_photo
    query = select(table.c.id).where(table.c.case_id == case, table.c.sha256 == coding.digest_bytes(sha256))
    return connection.execute(query).one_or_none() is not None


def add(
    connection: Connection,
    case: int,
    prepared: PreparedPhoto,
    content: bytes,
    *,
    ids: tuple[int, int, int],
    taken_on: str,
    by: str,
    now: int,
) -> None:
    """Keep a photo with its bytes and template. ids: of the photo and the template, random, and the link of both.

    Raises ValueError for a photo without a template.
    """
    if prepared.template is None:
        raise ValueError("a photo without a template can't be searched with")
    photo_id, template_id, link = ids
    row = {
        "id": photo_id,
        "case_id": case,
        "link": link,
        "sha256": coding.digest_bytes(prepared.sha256),
        "format": prepared.format,
        "width": prepared.width,
        "height": prepared.height,
        "taken_on": taken_on,
        "added_by": by,
        "added_at": now,
        "compared": "",
    }
    connection.execute(insert(tables.case_photo), row)
    (sealed,) = _seal(connection, CONTENT, photo_id, content)
    connection.execute(insert(tables.case_photo_content), {"photo_id": photo_id, "content": sealed})
    marks = coding.landmarks_bytes(prepared.face)
    template: dict[str, Any] = {
        "id": template_id,
        "photo_link": link,
        "engine": prepared.template.engine,
        "vector": _seal(connection, VECTOR, template_id, coding.vector_bytes(prepared.template.vector))[0],
        "face": coding.face_text(prepared.face),
        "landmarks": _seal(connection, LANDMARKS, template_id, marks)[0] if marks else b"",
    }
    connection.execute(insert(tables.case_template), template)


def photos(connection: Connection, case: int) -> tuple[CasePhoto, ...]:
    """A case's photos in the order of adding."""
    photo, template = tables.case_photo, tables.case_template
    made: dict[int, list[str]] = {}
    joined = select(template.c.photo_link, template.c.engine).join(photo, photo.c.link == template.c.photo_link)
    for link, engine in connection.execute(joined.where(photo.c.case_id == case).order_by(template.c.engine)):
        made.setdefault(link, []).append(engine)
    rows = connection.execute(select(photo).where(photo.c.case_id == case).order_by(photo.c.added_at, photo.c.id))
    return tuple(
        CasePhoto(
            row.sha256.hex(), row.format, row.width, row.height, row.taken_on, row.added_by, row.added_at,
            tuple(made.get(row.link, ())),
        )
        for row in rows
    )  # fmt: skip


def content(connection: Connection, case: int, sha256: str) -> tuple[bytes, str] | None:
    """The bytes and the format of a photo; None where the case has no such photo."""
    photo, kept = tables.case_photo, tables.case_photo_content
    query = select(photo.c.id, photo.c.format, kept.c.content).join(kept, kept.c.photo_id == photo.c.id)
    here = (photo.c.case_id == case) & (photo.c.sha256 == coding.digest_bytes(sha256))
    row = connection.execute(query.where(here)).one_or_none()
    if row is None:
        return None
    return vault_of(connection).open(connection, CONTENT, [row.id], [bytes(row.content)])[0], row.format


def of_digest(connection: Connection, sha256: str) -> tuple[tuple[int, bytes], ...]:
    """The cases that have a photo of this digest, with its bytes; read photo by photo."""
    photo, kept = tables.case_photo, tables.case_photo_content
    query = select(photo.c.case_id, photo.c.id, kept.c.content).join(kept, kept.c.photo_id == photo.c.id)
    rows = connection.execute(query.where(photo.c.sha256 == coding.digest_bytes(sha256)).order_by(photo.c.id)).all()
    contents = vault_of(connection).open(
        connection, CONTENT, [row.id for row in rows], [bytes(row.content) for row in rows]
    )
    return tuple((row.case_id, content) for row, content in zip(rows, contents, strict=True))


def templates(
    connection: Connection, engine: EngineKey, dimension: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Every case's templates of an engine: the cases' numbers int64 (n,), and float32 (n, dimension).

    Control cases show nobody, and are left out.
    """
    photo, template, control = tables.case_photo, tables.case_template, tables.case_control
    query = (
        select(photo.c.case_id, template.c.id, template.c.vector)
        .join(template, template.c.photo_link == photo.c.link)
        .where(template.c.engine == engine, photo.c.case_id != NOBODYS)
        .where(photo.c.case_id.not_in(select(control.c.case_id)))
        .order_by(template.c.id)
    )
    rows = connection.execute(query).all()
    blobs = vault_of(connection).open(connection, VECTOR, [row.id for row in rows], [bytes(row.vector) for row in rows])
    return np.array([row.case_id for row in rows], dtype=np.int64), coding.vectors_of(blobs, dimension)


def ids(connection: Connection, cases: Collection[int], engine: EngineKey) -> Mapping[int, Sequence[int]]:
    """The photos of each of these cases that have a template of an engine."""
    photo, template = tables.case_photo, tables.case_template
    query = select(photo.c.case_id, photo.c.id).join(template, template.c.photo_link == photo.c.link)
    found: dict[int, list[int]] = {case: [] for case in cases}
    for case, number in connection.execute(query.where(photo.c.case_id.in_(cases), template.c.engine == engine)):
        found[case].append(number)
    return found


def not_compared(connection: Connection, cases: Collection[int], engine: EngineKey) -> frozenset[int]:
    """Which of these cases have a photo that was not compared with the other cases by this engine yet."""
    photo, template = tables.case_photo, tables.case_template
    query = select(photo.c.case_id).join(template, template.c.photo_link == photo.c.link)
    query = query.where(photo.c.case_id.in_(cases), template.c.engine == engine, photo.c.compared != engine)
    return frozenset(connection.execute(query).scalars())


def note_compared(connection: Connection, photos: Collection[int], engine: EngineKey) -> None:
    """Note that these photos were compared with the other cases."""
    table = tables.case_photo
    connection.execute(update(table).where(table.c.id.in_(photos)).values(compared=engine))


def vectors(connection: Connection, case: int, engine: EngineKey, dimension: int) -> NDArray[np.float32]:
    """One case's templates of an engine, float32 (n, dimension)."""
    photo, template = tables.case_photo, tables.case_template
    query = select(template.c.id, template.c.vector).join(photo, template.c.photo_link == photo.c.link)
    rows = connection.execute(query.where(photo.c.case_id == case, template.c.engine == engine)).all()
    blobs = vault_of(connection).open(connection, VECTOR, [row.id for row in rows], [bytes(row.vector) for row in rows])
    return coding.vectors_of(blobs, dimension)


def _seal(connection: Connection, place: bytes, row: int, blob: bytes) -> Sequence[bytes]:
    return vault_of(connection).seal(connection, place, [row], [blob])
