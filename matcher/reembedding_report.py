"""What a move to another engine has to tell: how things stand, in lines, and the photos left out, in a table."""

from collections.abc import Iterator
from pathlib import Path

from matcher.faces import EngineKey
from matcher.records import moving
from matcher.records.database import Database
from matcher.records.moving import Progress, RefusedPhoto
from matcher.records.serving import Role
from matcher.tables import cell, write_table

REFUSED_COLUMNS = ("gallery", "person_id", "photo_sha256", "code", "reason")


def standing(now: Progress) -> Iterator[str]:
    """Which engines a home has and how far a move is, in lines."""
    engines = now.engines
    if not engines.serving:
        yield "No photo was enrolled yet: the first one decides on the engine."
        return
    yield f"Searches use {engines.serving}."
    if not engines.beside:
        return
    refused = "".join(f", {count:,} {code}" for code, count in now.refused.items())
    counts = f"{now.made:,} of {now.photos:,} photos have its template{refused}, {now.waiting:,} still to try"
    meant = {
        Role.INCOMING: "is being prepared (--switch, --discard)",
        Role.PREVIOUS: "served before and is kept (--rollback, --discard)",
        Role.DISCARDING: "is being removed (--discard goes on)",
    }[engines.role]
    yield f"{engines.beside} {meant}: {counts}."


def write_refused(path: Path, database: Database, engine: EngineKey) -> int:
    """List every photo that the engine made no template of, and why; how many. The file appears as a whole."""
    count = 0

    def rows() -> Iterator[tuple[str, ...]]:
        nonlocal count
        with database.reading() as connection:
            for photo in moving.refused_photos(connection, engine):
                count += 1
                yield _cells(photo)

    write_table(path, REFUSED_COLUMNS, rows())
    return count


def _cells(photo: RefusedPhoto) -> tuple[str, ...]:
    return cell(photo.gallery), cell(photo.person_id), photo.sha256, photo.code, photo.reason
