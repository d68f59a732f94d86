"""One database with its connections: opened, migrated, and used in transactions that either happen or don't."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from matcher.errors import BadSetting
from matcher.records import migrating, sqlite
from matcher.records.faults import mapped, unavailable

_CONNECTIONS = 8
_MORE_CONNECTIONS = 56


class Database:
    """The records' database. Every method may be called from any thread; make it after forking, not before."""

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self._place = place

    @classmethod
    def open(cls, url: str, *, busy_seconds: float = 30.0) -> Self:
        """Open the database of a URL, making an SQLite file where there is none, and bring it up to date.

        busy_seconds: how long to wait for other processes that write. Raises RecordsUnavailable, RecordsTooNew
        or BadSetting.
        """
        target = _target(url)
        place = target.database or "" if target.drivername == "sqlite" else target.render_as_string(hide_password=True)
        with mapped(place):
            if target.drivername == "sqlite":
                _prepare(Path(place), busy_seconds)
            database = cls(_engine(target, busy_seconds), place)
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
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is kept as a whole when the block ends, and undone as a whole when it raises."""
        with mapped(self._place), self._engine.connect() as connection:
            connection.execution_options(**{sqlite.WRITING: True})
            with connection.begin():
                yield connection

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
    if target.get_backend_name() not in ("sqlite", "postgresql"):
        raise BadSetting(f"databases of the kind {target.drivername} are not supported; use sqlite or postgresql")
    if target.drivername == "sqlite" and target.database in (None, "", ":memory:"):
        raise BadSetting("records need a file; write the URL as in sqlite:////path/to/records.sqlite3")
    return target


def _engine(target: URL, busy_seconds: float) -> Engine:
    # Parameters are people's data: they stay out of error messages and logs.
    engine = create_engine(
        target,
        hide_parameters=True,
        pool_size=_CONNECTIONS,
        max_overflow=_MORE_CONNECTIONS,
        pool_timeout=busy_seconds,
    )
    if engine.dialect.name == "sqlite":
        sqlite.listen(engine, busy_seconds=busy_seconds)
    return engine
