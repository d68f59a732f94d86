"""The database's own errors become this program's, each with its remedy."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from matcher.errors import RecordsError, RecordsUnavailable

_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again, nothing was changed",
    sqlite3.SQLITE_READONLY: "they are not writable; check the rights of the folder and its files",
    sqlite3.SQLITE_PERM: "they are not accessible; check the rights of the folder and its files",
    sqlite3.SQLITE_CANTOPEN: "they can't be opened; check that the folder exists and is writable",
    sqlite3.SQLITE_BUSY: "another process holds them; wait until it is done and try again",
    sqlite3.SQLITE_LOCKED: "another process holds them; wait until it is done and try again",
    sqlite3.SQLITE_NOTADB: "the file is not a database; restore it from a backup or choose another home",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a backup",
    sqlite3.SQLITE_IOERR: "the disk reports an error or is full; check it and try again",
    sqlite3.SQLITE_TOOBIG: "a value is too large for the database",
    sqlite3.SQLITE_NOMEM: "the memory is exhausted",
}
# PostgreSQL's error classes, by the first two characters of SQLSTATE.
_POSTGRESQL = {
    "08": "the database server can't be reached; check the URL and the network",
    "25": "the database is read-only; connect to the server that takes writes",
    "28": "the database server refused the sign-in; check user and password",
    "3D": "the database does not exist; create it first",
    "40": "another writer was in the way; try again",
    "42": "the tables are not as expected, or this user has no right to them",
    "53": "the database server is out of disk, memory or connections",
    "55": "another process holds them; wait until it is done and try again",
    "57": "the database server is shutting down or cancelled the work; try again",
    "58": "the database server reports a system error; check its log",
}


@contextmanager
def mapped(place: str) -> Iterator[None]:
    """Raise what the driver reports inside as RecordsError; place: the database, as people know it."""
    try:
        yield
    except IntegrityError as exc:
        raise RecordsError(f"records {place}: a rule of the database was violated; nothing was changed") from exc
    except DBAPIError as exc:
        raise unavailable(place, exc.orig or exc) from exc
    except PoolTimeout as exc:
        raise RecordsUnavailable(f"records {place}: all connections are in use; lower the load or try again") from exc
    except sqlite3.Error as exc:
        raise unavailable(place, exc) from exc


def unavailable(place: str, fault: BaseException) -> RecordsUnavailable:
    """The error for one fault of a driver or of the operating system."""
    return RecordsUnavailable(f"records {place}: {_remedy(fault)}")


def _remedy(fault: BaseException) -> str:
    if isinstance(fault, OSError):
        return f"{fault.strerror or 'the system reports an error'}; check that the folder exists and is writable"
    if isinstance(fault, sqlite3.Error):
        code = getattr(fault, "sqlite_errorcode", None)
        known = _SQLITE.get(code & 0xFF) if code is not None else None
        return known or str(fault).splitlines()[0]
    state = str(getattr(fault, "sqlstate", None) or "")
    # A connection that never came about has no SQLSTATE.
    return _POSTGRESQL.get(state[:2], _POSTGRESQL["08"] if not state else f"the database reports error {state}")
