"""Who may change an index that several processes and machines share: one at a time, and nobody after dying."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, text

from index.compressed.files import locked
from matcher.errors import RecordsUnavailable
from matcher.records.database import Database

_PAUSE = 0.02


class Turn(Protocol):
    """The right to change; ends with the block that took it."""

    def must_last(self) -> None:
        """Raises RecordsUnavailable where the right was lost meanwhile."""
        ...


class FileTurn:
    """A turn that a lock of a file gives: it lasts as long as this process."""

    def must_last(self) -> None:
        return


class ServerTurn:
    """A turn that a session of PostgreSQL holds: it is lost with the connection."""

    def __init__(self, connection: Connection, number: int, place: str) -> None:
        self._connection = connection
        self._number = number
        self._place = place

    def must_last(self) -> None:
        held = text(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid() "
            "AND objsubid = 1 AND ((classid::bigint << 32) | objid::bigint) = :number"
        )
        if not self._connection.execute(held, {"number": self._number}).scalar_one():
            raise RecordsUnavailable(f"records {self._place}: the connection that held the turn was lost; try again")


@contextmanager
def turn(database: Database, what: str) -> Iterator[Turn]:
    """Wait for the turn to change what is named so, among all processes that use these records."""
    if database.engine.dialect.name == "postgresql":
        with _server_turn(database, what) as held:
            yield held
        return
    with locked(Path(f"{database.place}.turn")):
        yield FileTurn()


@contextmanager
def _server_turn(database: Database, what: str) -> Iterator[Turn]:
    # Held by a session and not by a transaction: a rebuilding takes longer than a transaction may.
    # 63 bits, so that it is never negative; other locks of this program are small numbers.
    number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big") >> 1
    with database.session() as connection:
        while not connection.execute(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}).scalar_one():
            time.sleep(_PAUSE)
        try:
            yield ServerTurn(connection, number, database.place)
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
