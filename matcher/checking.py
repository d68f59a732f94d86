"""Do the records agree with themselves, and the index with the records?"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from sqlalchemy import Connection

from index.base import VectorIndex
from matcher.errors import RecordsUnavailable
from matcher.following import AT_ONCE, Follower
from matcher.records import feed, reading
from matcher.records.database import Database
from matcher.records.serving import name_of
from matcher.wording import counted

# Vectors that went through half precision or a rotation come back with about 1e-3 of their length in error.
_SAME_VECTOR = 1e-2
_TRIES = 50
_REBUILD = "rebuild it with matcher index rebuild"


class ProblemKind(StrEnum):
    DAMAGED = "damaged"
    """The database reports damage, or a rule between its rows does not hold."""
    MISCOUNTED = "miscounted"
    CONTENT_ALTERED = "content_altered"
    MISSING_IN_INDEX = "missing_in_index"
    MISSING_IN_RECORDS = "missing_in_records"
    OTHER_VECTOR = "other_vector"
    WITHOUT_TEMPLATE = "without_template"
    """Photos that searches with this engine can't find."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be: what it is and the remedy, in one line."""

    kind: ProblemKind
    message: str


def problems(database: Database, follower: Follower, *, contents: bool) -> Iterator[Problem]:
    """Everything found wrong. contents: also read every photo's bytes and compare their digests."""
    damage = database.problems()
    for line in damage:
        yield Problem(ProblemKind.DAMAGED, f"{line}; restore the records from a backup")
    if damage:
        # Whatever else is asked of a damaged file may fail.
        return
    with database.reading() as connection:
        yield from _in_records(connection, follower)
        if contents:
            yield from _altered(connection)
    yield from _between(database, follower)


def _in_records(connection: Connection, follower: Follower) -> Iterator[Problem]:
    if count := feed.orphans(connection):
        yield Problem(
            ProblemKind.DAMAGED,
            f"{counted(count, 'template leads', 'templates lead')} to no photo; restore the records from a backup",
        )
    if reading.sizes(connection) != reading.counted_sizes(connection):
        yield Problem(ProblemKind.MISCOUNTED, "the kept counts are not those of the rows; restore from a backup")
    if count := feed.photos_without(connection, follower.engine):
        lacking = counted(count, "photo has", "photos have")
        remedy = f"run matcher reembed --to {name_of(follower.engine)}, or enroll again with this engine"
        message = f"{lacking} no template of {follower.engine}; {remedy}"
        yield Problem(ProblemKind.WITHOUT_TEMPLATE, message)


def _altered(connection: Connection) -> Iterator[Problem]:
    for number, digest, content in reading.digests(connection):
        if hashlib.sha256(content).digest() != digest:
            message = f"the bytes of photo {number} are not those that were enrolled; restore from a backup"
            yield Problem(ProblemKind.CONTENT_ALTERED, message)


def _between(database: Database, follower: Follower) -> list[Problem]:
    for _ in range(_TRIES):
        with follower.held() as (index, position), database.reading() as connection:
            # Another process may have written in between; then it's two different moments that would be compared.
            if feed.log_range(connection).latest == position:
                return _compared(connection, follower, index)
    raise RecordsUnavailable(f"records {database.place}: they change too fast to be checked; pause the writers")


def _compared(connection: Connection, follower: Follower, index: VectorIndex) -> list[Problem]:
    found = []
    recorded, indexed = feed.template_ids(connection, follower.engine), index.ids()
    if missing := len(np.setdiff1d(recorded, indexed, assume_unique=True)):
        message = f"the index lacks {counted(missing, 'template')} of the records; {_REBUILD}"
        found.append(Problem(ProblemKind.MISSING_IN_INDEX, message))
    if extra := len(np.setdiff1d(indexed, recorded, assume_unique=True)):
        message = f"the index holds {counted(extra, 'template')} that the records don't; {_REBUILD}"
        found.append(Problem(ProblemKind.MISSING_IN_RECORDS, message))
    if not found and (differing := _differing(connection, follower, index)):
        message = f"{counted(differing, 'vector')} of the index differ from the records; {_REBUILD}"
        found.append(Problem(ProblemKind.OTHER_VECTOR, message))
    return found


def _differing(connection: Connection, follower: Follower, index: VectorIndex) -> int:
    count = 0
    for part in feed.all_entries(connection, follower.engine, follower.dimension, at_once=AT_ONCE):
        away = np.linalg.norm(index.vectors(part.ids) - part.vectors, axis=1)
        count += int(np.count_nonzero(away > _SAME_VECTOR * np.linalg.norm(part.vectors, axis=1)))
    return count
