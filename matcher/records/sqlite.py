"""Everything that is said to SQLite alone: how its connections are set up, prepared, checked and swept."""

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DatabaseError, OperationalError

FILE_NAME = "records.sqlite3"
WRITING = "matcher_writing"
FLUSHED = "matcher_flushed"

_CACHE_KIB = 16_384
# Searches read some thousand pages all over the file: through the kernel's own cache, without copying each.
_MAPPED_BYTES = 2**31
_making = threading.Lock()


def url_in(home: Path) -> str:
    """The URL of the records in a home folder."""
    return f"sqlite:///{home / FILE_NAME}"


def listen(engine: Engine, *, busy_seconds: float) -> None:
    """Set up every connection of the pool, and let transactions begin as `WRITING` says."""

    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver would begin transactions late and end them before DDL; SQLAlchemy's begin says it instead.
        connection.isolation_level = None
        for pragma in _pragmas(busy_seconds):
            connection.execute(pragma).close()

    def begun(connection: Connection) -> None:
        # A writer takes the lock at once: a reader that turned into one could fail halfway.
        options = connection.get_execution_options()
        writing = options.get(WRITING, False)
        if writing:
            raw: Any = connection.connection.driver_connection
            raw.execute(f"PRAGMA synchronous = {'FULL' if options.get(FLUSHED, True) else 'NORMAL'}").close()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _pragmas(busy_seconds: float) -> tuple[str, ...]:
    return (
        f"PRAGMA busy_timeout = {int(busy_seconds * 1000)}",
        "PRAGMA foreign_keys = ON",
        "PRAGMA synchronous = FULL",  # an acknowledged write survives loss of power
        "PRAGMA secure_delete = ON",  # what is removed is overwritten
        f"PRAGMA cache_size = -{_CACHE_KIB}",
        f"PRAGMA mmap_size = {_MAPPED_BYTES}",
        "PRAGMA temp_store = MEMORY",  # nothing of a person reaches a temporary file
    )


def prepare(path: Path, *, busy_seconds: float) -> None:
    """Make the file, readable by its owner alone, and switch it to write-ahead logging; it stays so.

    Raises sqlite3.Error or OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _making:
        _make(path)
    deadline = time.monotonic() + busy_seconds
    with closing(sqlite3.connect(path, timeout=busy_seconds, isolation_level=None)) as connection:
        while True:
            try:
                (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
                break
            except sqlite3.OperationalError as exc:
                # Two processes that open a new file at once: this switch doesn't wait for a lock by itself.
                if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
    if mode != "wal":
        raise sqlite3.OperationalError("the file system doesn't allow write-ahead logging; use a local disk")


def _make(path: Path) -> None:
    """Make the file where there is none. One that is there is never opened but by SQLite: closing it would drop every
    lock that this process has on it, and the next process to leave would take the log away from under it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from None


def problems(connection: Connection) -> Iterator[str]:
    """What SQLite itself finds wrong with the file: damage, and references that lead nowhere."""
    try:
        found = connection.exec_driver_sql("PRAGMA integrity_check(20)").scalars().all()
    except OperationalError:
        raise
    except DatabaseError as exc:
        # Damage may be such that the check itself can't go on.
        yield str(exc.orig).splitlines()[0]
        return
    if found != ["ok"]:
        yield from (str(line).splitlines()[0] for line in found)
        return
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"row {row[1]} of {row[0]} refers to a missing row of {row[2]}"


def flush(path: Path) -> None:
    """Let the operating system write the write-ahead log to the disk. SQLite has no lock on that file to be lost."""
    try:
        handle = os.open(f"{path}-wal", os.O_RDONLY)
    except FileNotFoundError:
        # The last connection was closed, which has written everything.
        return
    try:
        os.fsync(handle)
    except OSError as exc:
        raise sqlite3.OperationalError(f"the disk reports an error: {exc.strerror}") from exc
    finally:
        os.close(handle)


def sweep(engine: Engine) -> None:
    """Carry the write-ahead log into the file and empty it, so that removed rows don't stay readable there.

    Where readers keep it busy, a later sweep or the last close does it.
    """
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        raw.execute("PRAGMA busy_timeout = 200").close()
        try:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
        finally:
            connection.invalidate()
