"""One database with its connections: opened, migrated, and used in transactions that either happen or don't."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from matcher.errors import BadSetting
from matcher.records import account_tables as _account_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import case_tables as _case_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import document_tables as _document_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import job_tables as _job_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import migrating, postgresql, sqlite, vault
from matcher.records import training_tables as _training_tables  # noqa: F401 - so that the metadata is whole
from matcher.records.faults import mapped, unavailable

_CONNECTIONS = 8
_MORE_CONNECTIONS = 56
SERVER_CONNECTIONS = 16
"""How many connections to a server one process opens at most; servers allow 100 in all where nothing else is set."""


class Database:
    """The records' database. Every method may be called from any thread; make it after forking, not before."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        engine.update_execution_options(**{vault.OPTION: vault.Vault()})
        self._place = place

    @classmethod
    def open(cls, url: str, *, busy_seconds: float = 30.0, connections: int = SERVER_CONNECTIONS) -> Self:
        """Open the database of a URL, making an SQLite file where there is none, and bring it up to date.

        busy_seconds: how long to wait for other processes that write. connections: at most so many to a server.
        Raises RecordsUnavailable, RecordsTooNew or BadSetting.
        """
        target = _target(url)
        place = _shown(target)
        with mapped(place):
            if target.drivername == "sqlite":
                _prepare(Path(place), busy_seconds)
            database = cls(_engine(target, busy_seconds, connections), place)
        try:
            database._bring_up_to_date()
        except BaseException:
            database.close()
            raise
        return database

    @classmethod
    def in_home(cls, home: Path, *, busy_seconds: float = 30.0) -> Self:
        """Open the SQLite database of a home folder, making both where there are none."""
        return cls.open(sqlite.url_in(home), busy_seconds=busy_seconds)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for tests and maintenance."""
        return self._engine

    @property
    def place(self) -> str:
        """The database as people know it: a path, or a URL without its password."""
        return self._place

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, and sees one state throughout."""
        with mapped(self._place), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def writing(self, *, flushed: bool = True) -> Iterator[Connection]:
        """A transaction that is kept as a whole when the block ends, and undone as a whole when it raises.

        One at a time among all processes, on either database: it sees all that was written before it.

        flushed: it survives a loss of power from its end on; otherwise any death of this process, and a loss of power
        after the next `flush` or flushed transaction.
        """
        with mapped(self._place), self._engine.connect() as connection:
            connection.execution_options(**{sqlite.WRITING: True, sqlite.FLUSHED: flushed})
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    postgresql.take_turn(connection)
                if not flushed and connection.dialect.name == "postgresql":
                    # The server writes it to disk within a second by itself.
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                yield connection

    @contextmanager
    def session(self) -> Iterator[Connection]:
        """A connection without transactions, for what lasts longer than one may."""
        with mapped(self._place), self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    def flush(self) -> None:
        """Let what was written survive a loss of power; readers and writers go on."""
        if self._engine.dialect.name == "sqlite":
            with mapped(self._place):
                sqlite.flush(Path(self._engine.url.database or ""))

    def problems(self) -> tuple[str, ...]:
        """What the database itself reports as damaged, a line each; empty where it is sound."""
        if self._engine.dialect.name != "sqlite":
            return ()
        with self.reading() as connection:
            return tuple(sqlite.problems(connection))

    def sweep(self) -> None:
        """Let nothing of what was removed stay in the write-ahead log."""
        if self._engine.dialect.name == "sqlite":
            with mapped(self._place):
                sqlite.sweep(self._engine)

    def release(self) -> None:
        """Close the connections that nobody uses; the next question opens new ones.

        Before files of the database are read as files: closing them drops this process's locks on them.
        """
        self._engine.dispose()

    def close(self) -> None:
        self._engine.dispose()

    def _bring_up_to_date(self) -> None:
        with self.reading() as connection:
            found = migrating.version(connection)
        migrating.refuse_newer(found)
        if found != migrating.LATEST:
            with self.writing() as connection:
                migrating.upgrade(connection)


def _prepare(path: Path, busy_seconds: float) -> None:
    try:
        sqlite.prepare(path, busy_seconds=busy_seconds)
    except OSError as exc:
        raise unavailable(str(path), exc) from exc


def _target(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError as exc:
        raise BadSetting("the database URL can't be read; write it as in sqlite:////path/to/records.sqlite3") from exc
    if target.drivername == "postgresql":
        return target.set(drivername=postgresql.DRIVER)
    if target.drivername not in ("sqlite", postgresql.DRIVER):
        raise BadSetting(
            f"databases of the kind {target.drivername[:40]} are not supported; use sqlite or {postgresql.DRIVER}"
        )
    if target.drivername == "sqlite" and target.database in (None, "", ":memory:"):
        raise BadSetting("records need a file; write the URL as in sqlite:////path/to/records.sqlite3")
    return target


def _shown(target: URL) -> str:
    """A path, or a URL with nothing secret in it."""
    if target.drivername == "sqlite":
        return target.database or ""
    return target.difference_update_query(["password", "sslpassword"]).render_as_string(hide_password=True)


def _engine(target: URL, busy_seconds: float, connections: int) -> Engine:
    # Parameters are people's data: they stay out of error messages and logs.
    if target.drivername == "sqlite":
        engine = create_engine(
            target,
            hide_parameters=True,
            pool_size=_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_timeout=busy_seconds,
        )
        sqlite.listen(engine, busy_seconds=busy_seconds)
        return engine
    kept = min(_CONNECTIONS, connections)
    return create_engine(
        target,
        hide_parameters=True,
        pool_size=kept,
        max_overflow=connections - kept,
        pool_timeout=busy_seconds,
        # A server that was started anew meanwhile is noticed before a question, not by it.
        pool_pre_ping=True,
        connect_args=postgresql.connect_args(target, busy_seconds=busy_seconds),
    )
