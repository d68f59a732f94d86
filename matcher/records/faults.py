"""The database's own errors become this program's, each with its remedy."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from matcher.errors import RecordsError, RecordsUnavailable
from matcher.wording import why

_MAKE_WRITABLE = "change the rights, or copy the data folder to a place that can be written"
_SQLITE = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and try again, nothing was changed",
    sqlite3.SQLITE_READONLY: f"they are not writable; {_MAKE_WRITABLE}",
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
_UNREACHABLE = "the database server can't be reached; check that it runs, the URL and the network"
_SIGN_IN = "the database server refused the sign-in; check user and password in the URL"
_NO_DATABASE = "the database does not exist; create it first"
_FULL = "the database server is out of disk, memory or connections"
_STOPPING = "the database server is starting, shutting down or cancelled the work; try again"
# PostgreSQL's SQLSTATE, or its first two characters.
_POSTGRESQL = {
    "08": _UNREACHABLE,
    "25": "the database is read-only; connect to the server that takes writes",
    "25P03": "the work stood still for too long and was undone; try again",
    "28": _SIGN_IN,
    "3D": _NO_DATABASE,
    "40": "another writer was in the way; try again",
    "42": "the tables are not as expected, or this user has no right to them",
    "53": _FULL,
    "55": "another process holds them; wait until it is done and try again",
    "57": _STOPPING,
    "57014": "a question took too long and was cancelled; try again, or allow more with options in the URL",
    "58": "the database server reports a system error; check its log",
    "XX": "the database server reports damage; check its log, and restore from a backup",
}
# A connection that never came about has no SQLSTATE, only words.
_REFUSED = (
    ("authentication failed", _SIGN_IN),
    ("no password supplied", _SIGN_IN),
    ("pg_hba.conf", _SIGN_IN),
    ("role", _SIGN_IN),
    ("database", _NO_DATABASE),
    ("too many", _FULL),
    ("remaining connection slots", _FULL),
    ("starting up", _STOPPING),
    ("shutting down", _STOPPING),
)


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
        reason, remedy = why(fault)
        if fault.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            # Said because a search looks like reading only.
            remedy = f"searches are recorded beside them, so they need to be writable for these too; {_MAKE_WRITABLE}"
        return f"{reason}; {remedy}"
    if isinstance(fault, sqlite3.Error):
        code = getattr(fault, "sqlite_errorcode", None)
        known = _SQLITE.get(code & 0xFF) if code is not None else None
        return known or str(fault).splitlines()[0]
    state = str(getattr(fault, "sqlstate", None) or "")
    if not state:
        return _not_connected(str(fault))
    return _POSTGRESQL.get(state) or _POSTGRESQL.get(state[:2]) or f"the database reports error {state}"


def _not_connected(message: str) -> str:
    """The remedy for the words of a server that let nobody in; they are never repeated, since they name the user."""
    _, fatal, said = message.partition("FATAL:")
    if fatal:
        for words, remedy in _REFUSED:
            if words in said:
                return remedy
    return _UNREACHABLE
