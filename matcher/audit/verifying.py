"""Is the chain whole? Read from its first entry to its last in bounded memory, and held against checkpoints.

An entry that was altered no longer has its hash; one that was removed leaves a gap; one that was inserted or moved
does not name the entry before it; where the last ones were removed, the head or a checkpoint knows of more. Whoever
rewrites every entry from some place on, hashes and head included, is found by a checkpoint that was taken after it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, cast, func, select
from sqlalchemy.exc import DatabaseError, NoResultFound, OperationalError

from matcher.audit.chain import Head, head
from matcher.audit.links import Broken, Fault, Finding, Links, Stored
from matcher.audit.signing import Checkpoint
from matcher.records import tables

AT_ONCE = 500
"""Entries in memory at a time."""

Progress = Callable[[int, int], None]
_TELL = 5_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """entries: how many are sound, from the first on. last: the hash of the last of them. finding: None if all are."""

    entries: int
    last: bytes
    finding: Finding | None


def verify(
    connection: Connection,
    checkpoints: Sequence[Checkpoint] = (),
    *,
    progress: Progress = lambda _done, _total: None,
) -> Verdict:
    """Verify the chain in the records, in a reading transaction. checkpoints: with signatures verified before."""
    links: Links | None = None
    try:
        claimed = _head(connection)
        links = Links(claimed.chain, checkpoints)
        subjects = 0
        for stored in stored_entries(connection):
            links.follow(stored)
            subjects += len(stored.subjects)
            if links.sequence % _TELL == 0:
                progress(links.sequence, claimed.sequence)
        links.end(claimed)
        _check_subjects(connection, subjects, links)
    except Broken as broken:
        return _verdict(links, broken.finding)
    except (DatabaseError, TypeError, ValueError) as exc:
        if isinstance(exc, OperationalError):
            # Nothing is said about the chain by a database that is away or busy.
            raise
        # Bytes of the file itself were changed, so that the database can't make sense of them.
        number = (links.sequence if links else 0) + 1
        message = f"entry {number} or what is beside it can't be read: {str(exc).splitlines()[0]}"
        return _verdict(links, Finding(number, Fault.UNREADABLE, message))
    return _verdict(links, None)


def verify_lines(lines: Iterable[bytes], checkpoints: Sequence[Checkpoint] = ()) -> Verdict:
    """Verify an export of the whole chain, a body a line, without any records.

    Which chain it is comes from the checkpoints; without one, the first entry is believed.
    """
    links: Links | None = None
    try:
        links = Links(checkpoints[0].chain if checkpoints else None, checkpoints)
        for line in lines:
            links.follow_body(line.rstrip(b"\r\n").decode("utf-8", "surrogateescape"))
        links.end(None)
    except Broken as broken:
        return _verdict(links, broken.finding)
    return _verdict(links, None)


def stored_entries(connection: Connection) -> Iterator[Stored]:
    """Every entry with its subjects, in order, AT_ONCE in memory."""
    entry, subject = tables.audit_entry, tables.audit_subject
    columns = (entry.c.sequence, entry.c.at, entry.c.hash)
    texts = [_raw(connection, entry.c[name]) for name in ("actor", "action", "body")]
    query = select(*columns, *texts).order_by(entry.c.sequence).limit(AT_ONCE)
    last = -(2**63)
    while rows := connection.execute(query.where(entry.c.sequence > last)).all():
        first, last = rows[0].sequence, rows[-1].sequence
        found = select(subject.c.sequence, _raw(connection, subject.c.subject))
        found = found.where(subject.c.sequence.between(first, last)).order_by(subject.c.sequence)
        kept = connection.execute(found).all()
        named = {number: tuple(_text(raw) for _, raw in group) for number, group in groupby(kept, key=itemgetter(0))}
        for sequence, at, hash_, actor, action, body in rows:
            about = named.get(sequence, ())
            yield Stored(sequence, at, _text(actor), _text(action), _text(body), bytes(hash_), about)


def _raw(connection: Connection, column: ColumnElement[str]) -> ColumnElement[Any]:
    """A text as SQLite has it on disk: bytes that are no text must fail for their own entry, not for all around it."""
    return cast(column, LargeBinary) if connection.dialect.name == "sqlite" else column


def _text(raw: str | bytes) -> str:
    return raw if isinstance(raw, str) else raw.decode("utf-8", "surrogateescape")


def _head(connection: Connection) -> Head:
    try:
        return head(connection)
    except NoResultFound as exc:
        raise Broken(0, Fault.TRUNCATED, "the head of the chain was removed") from exc


def _check_subjects(connection: Connection, expected: int, links: Links) -> None:
    count = connection.execute(select(func.count()).select_from(tables.audit_subject)).scalar_one()
    if count != expected:
        number = links.sequence + 1
        raise Broken(number, Fault.OUT_OF_PLACE, f"{count - expected} subjects were inserted that belong to no entry")


def _verdict(links: Links | None, finding: Finding | None) -> Verdict:
    return Verdict(links.sequence, links.last, finding) if links else Verdict(0, b"", finding)
