"""Many rows and many keys in few statements."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table

AT_ONCE = 5_000
"""How many keys one query asks for; every database takes that many."""

_T = TypeVar("_T")


def in_parts(values: Iterable[_T], size: int = AT_ONCE) -> Iterator[list[_T]]:
    """The values in lists of at most size."""
    values = iter(values)
    while part := list(islice(values, size)):
        yield part


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows whose values stand in the order of the table's columns, as the driver takes them.

    SQLAlchemy's own executemany turns every row into a dictionary and back, which takes half of a large import.
    """
    if not rows:
        return
    sign = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    columns = ", ".join(column.name for column in table.columns)
    signs = ", ".join([sign] * len(table.columns))
    # The names come from tables.py, the values go as parameters.
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({signs})", list(rows))  # noqa: S608
