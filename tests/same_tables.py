"""New SQLite databases of the tests get what the migrations made in the first one, without running them each time.

Running all of them takes 80 ms and this 12, for hundreds of databases. Here is written what they wrote in this
process; only the audit chain begins with a number of its own, as it does there. Databases that are not empty, that stop
at an older version, or that other processes open are migrated as ever.
"""

import secrets
from collections.abc import Callable, Iterator

from sqlalchemy import Connection

from matcher.audit.chain import genesis
from matcher.records import migrating

# SQLite keeps its own tables in step with the others.
_MASTER = (
    "SELECT name, sql FROM sqlite_master WHERE type {} AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
)


class SameTables:
    """Stands for the running of all migrations."""

    def __init__(self, run: Callable[[Connection], None]) -> None:
        self._run = run
        self._newest = migrating.LATEST
        self._statements: list[tuple[str, tuple[object, ...]]] = []

    def __call__(self, connection: Connection) -> None:
        empty = connection.dialect.name == "sqlite" and not migrating.version(connection)
        if not empty or self._newest != migrating.LATEST:
            self._run(connection)
        elif self._statements:
            for statement, values in self._statements:
                connection.exec_driver_sql(statement, _of_its_own(statement, values))
        else:
            self._run(connection)
            self._statements = list(_written(connection))


def _written(connection: Connection) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Tables and indexes, the rows in them, and last the triggers, which would refuse some of the rows."""
    made = connection.exec_driver_sql(_MASTER.format("IN ('table', 'index')")).all()
    yield from ((sql, ()) for _, sql in made)
    for (name,) in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").all():
        for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"').all():
            yield f'INSERT INTO "{name}" VALUES ({", ".join("?" * len(row))})', tuple(row)
    yield from ((sql, ()) for _, sql in connection.exec_driver_sql(_MASTER.format("= 'trigger'")).all())


def _of_its_own(statement: str, values: tuple[object, ...]) -> tuple[object, ...]:
    """Every chain has its own number: where the chains of two databases were one, no test could tell them apart."""
    if not statement.startswith('INSERT INTO "audit_head"'):
        return values
    chain = secrets.token_bytes(16)
    number, _, sequence, _ = values
    return number, chain, sequence, genesis(chain)
