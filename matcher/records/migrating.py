"""Brings the tables to the version of this program, one process at a time."""

import re

from sqlalchemy import Connection, inspect, text

from matcher.errors import RecordsTooNew, RecordsUnavailable

LATEST = "0022"
"""The newest step in migrations/versions."""

_MIGRATIONS = "matcher.records:migrations"
# Any number will do, as long as nothing else takes an advisory lock of the same number in this database.
_POSTGRESQL_LOCK = 4_930_127_611


def version(connection: Connection) -> str:
    """The step that the tables stand at; empty for a database without tables.

    Raises RecordsUnavailable where another program's tables are there.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return ""
    if "alembic_version" not in tables or "change" not in tables:
        raise RecordsUnavailable("the database holds tables of another program; choose another home or database")
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def upgrade(connection: Connection) -> None:
    """Run the steps that are missing, in the writing transaction of this connection; all or none of them.

    Raises RecordsTooNew where a later version of this program has been here.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _POSTGRESQL_LOCK})
    found = version(connection)
    refuse_newer(found)
    if found != LATEST:
        _run(connection)


def refuse_newer(found: str) -> None:
    """Raises RecordsTooNew for a version that this program doesn't know."""
    if found > LATEST or (found and not re.fullmatch(r"\d{4}", found)):
        raise RecordsTooNew(
            f"the records are of version {found[:20]}, this program knows up to {LATEST}; use the newer program"
        )


def _run(connection: Connection) -> None:
    # Alembic takes long to load, and most openings have nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, LATEST)
