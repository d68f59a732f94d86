"""Chains to tamper with: a database with entries of many kinds, and SQL that no trigger stops."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, text

from matcher.audit.chain import append, head
from matcher.audit.entry import Action, Entry, time_text
from matcher.audit.signing import Checkpoint
from matcher.audit.verifying import Verdict, verify
from matcher.records.database import Database

START = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class Ticking:
    """A clock that goes on by a bit more than a second whenever it is read."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1, microseconds=17)
        return self.now


def entry(number: int) -> Entry:
    """Entry number `number`, of changing kinds, sizes and subjects."""
    kinds = list(Action)
    people = [f"person:main/p{number + place}" for place in range(number % 4)]
    details = {"top": number, "scores": [number / 7, -0.25], "note": "é 王" if number % 3 else ""}
    return Entry(kinds[number % len(kinds)], people, details, actor=f"os:user{number % 3}")


def fill(database: Database, count: int, *, start: int = 0) -> None:
    clock = Ticking()
    clock.now += timedelta(days=start)
    with database.writing() as connection:
        append(connection, *(entry(number) for number in range(start, start + count)), clock=clock)


@contextmanager
def chain(home: Path, count: int) -> Iterator[Database]:
    """A new home's database with a chain of `count` entries."""
    with closing(Database.in_home(home)) as database:
        fill(database, count)
        yield database


def verified(database: Database, *checkpoints: Checkpoint) -> Verdict:
    with database.reading() as connection:
        return verify(connection, checkpoints)


def checkpoint(database: Database) -> Checkpoint:
    """A checkpoint as verification takes it, its signature being verified already."""
    with database.reading() as connection:
        end = head(connection)
    return Checkpoint(end.chain, end.sequence, end.hash, time_text(START), "00")


@contextmanager
def unguarded(database: Database) -> Iterator[Connection]:
    """A transaction in which the triggers are gone: somebody with every right to the database."""
    with database.writing() as connection:
        drop_triggers(connection)
        yield connection


def drop_triggers(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        for table in ("audit_entry", "audit_subject", "audit_head"):
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    named = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
    for name in connection.execute(text(named)).scalars().all():
        connection.execute(text(f"DROP TRIGGER {name}"))


@contextmanager
def undone(database: Database) -> Iterator[Connection]:
    """A transaction without triggers that is undone at its end: tamper, verify, and nothing has happened."""
    with database.engine.connect() as connection, connection.begin() as change:
        drop_triggers(connection)
        yield connection
        change.rollback()
