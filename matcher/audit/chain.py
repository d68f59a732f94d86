"""The chain itself: appended to inside the transaction of what it records, one writer at a time.

The head's row is locked before anything is appended, so that sequence numbers have no gaps and every entry names the
one before it, whatever number of processes write. Append last in a transaction: then no two transactions can wait for
each other, since all take the head's lock after their own.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, Update, bindparam, select, update

from matcher.audit.entry import Entry, body_of, hash_of, micros_of
from matcher.records import tables
from matcher.records.bulk import insert_rows

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain ends. chain: 16 random bytes that tell this chain from every other; sequence: 0 if empty."""

    chain: bytes
    sequence: int
    hash: bytes


def genesis(chain: bytes) -> bytes:
    """What the first entry of a chain names as the hash before it."""
    return hashlib.sha256(b"identity-matcher audit chain 1\n" + chain).digest()


def head(connection: Connection) -> Head:
    """Where the chain ends, as its own row says it."""
    row = connection.execute(select(tables.audit_head)).one()
    return Head(bytes(row.chain), row.sequence, bytes(row.hash))


def append(connection: Connection, *entries: Entry, clock: Clock = utc_now) -> Head:
    """Add entries in the writing transaction of this connection: they are kept if it is. The new end of the chain.

    Call it after everything else of the transaction.
    """
    row = connection.execute(_locked_head()).one()
    before = Head(bytes(row.chain), row.sequence, bytes(row.hash))
    if not entries:
        return before
    sequence, previous = before.sequence, before.hash
    rows, subjects = [], []
    for entry in entries:
        sequence += 1
        at = clock()
        body = body_of(entry, at=at, sequence=sequence, previous=previous)
        previous = hash_of(body)
        rows.append((sequence, micros_of(at), entry.actor, entry.action.value, body, previous))
        subjects += [(subject, sequence) for subject in entry.subjects]
    insert_rows(connection, tables.audit_entry, rows)
    insert_rows(connection, tables.audit_subject, subjects)
    connection.execute(_new_head(), {"at": sequence, "is": previous})
    return Head(before.chain, sequence, previous)


# Built once: building them anew took as long as carrying them out.
@cache
def _locked_head() -> Select[*tuple[Any, ...]]:
    return select(tables.audit_head).with_for_update()


@cache
def _new_head() -> Update:
    return update(tables.audit_head).values(sequence=bindparam("at"), hash=bindparam("is"))
