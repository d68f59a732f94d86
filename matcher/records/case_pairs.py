"""Pairs of photos whose label is certain, because a consulate said so: what calibration can learn from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, select

from matcher.faces import EngineKey
from matcher.records import case_tables as tables
from matcher.records.case_photos import VECTOR
from matcher.records.coding import digest_bytes, vectors_of
from matcher.records.values import PersonKey
from matcher.records.vault import vault_of


@dataclass(frozen=True, slots=True, repr=False)
class CertainPair:
    """A case's template and the person it was compared with. probe: float32 (dimension,), as the engine made it.

    reference: SHA-256 of the person's photo that was nearest. mated: whether both are one person. at: seconds since
    1970, when the answer was checked.
    """

    probe: NDArray[np.float32]
    key: PersonKey
    reference: str
    mated: bool
    at: int

    def __repr__(self) -> str:
        return f"CertainPair(key={self.key!r}, mated={self.mated}, <masked>)"


def add(
    connection: Connection,
    answer: int,
    case: int,
    *,
    probe: str,
    key: PersonKey,
    reference: str,
    mated: bool,
    now: int,
) -> None:
    """Keep the pair that an answer is about. probe, reference: SHA-256 of the two photos."""
    photo = tables.case_photo
    here = (photo.c.case_id == case) & (photo.c.sha256 == digest_bytes(probe))
    link = connection.execute(select(photo.c.link).where(here)).scalar_one_or_none()
    if link is None:
        # The photo was removed since; there is nothing left to learn from.
        return
    row = {"answer_id": answer, "photo_link": link, "gallery": key[0], "person_id": key[1],
           "photo_sha256": reference, "mated": int(mated), "at": now}  # fmt: skip
    connection.execute(insert(tables.case_pair), row)


def certain_pairs(connection: Connection, engine: EngineKey, dimension: int) -> Iterator[CertainPair]:
    """Every pair whose case has a template of this engine, the oldest first."""
    pair, template = tables.case_pair, tables.case_template
    query = (
        select(pair, template.c.id, template.c.vector)
        .join(template, template.c.photo_link == pair.c.photo_link)
        .where(template.c.engine == engine)
        .order_by(pair.c.at, pair.c.answer_id)
    )
    for row in connection.execute(query).all():
        blobs = vault_of(connection).open(connection, VECTOR, [row.id], [bytes(row.vector)])
        probe = vectors_of(blobs, dimension)[0]
        yield CertainPair(probe, (row.gallery, row.person_id), row.photo_sha256, bool(row.mated), row.at)
