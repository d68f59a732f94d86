"""All records of one database into another one, of whatever kind: each row as it is, encrypted or not."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, delete, func, select

from matcher.records import account_tables as _account_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import case_tables as _case_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import document_tables as _document_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import job_tables as _job_tables  # noqa: F401 - so that the metadata is whole
from matcher.records import tables
from matcher.records import training_tables as _training_tables  # noqa: F401 - so that the metadata is whole
from matcher.records.bulk import insert_rows

_AT_ONCE = 2_000


def is_unused(connection: Connection) -> bool:
    """Whether nothing was ever recorded here but what a new database holds."""
    sequence = connection.execute(select(tables.audit_head.c.sequence)).scalar_one()
    people = connection.execute(select(func.count()).select_from(tables.person)).scalar_one()
    return sequence == 0 and people == 0


def copy_records(source: Connection, target: Connection) -> None:
    """Put the rows that one transaction sees in the place of all that are in another's tables.

    Both databases are of this program's version. What the rules of the target say of new rows does not hold for these,
    which are old ones: they hold again when this ends. The caller undoes the transaction where this raises.
    """
    with without_rules(target):
        everything = tables.metadata.sorted_tables
        for table in reversed(everything):
            target.execute(delete(table))
        for table in everything:
            rows = source.execute(select(table), execution_options={"yield_per": _AT_ONCE})
            for part in rows.partitions():
                insert_rows(target, table, [tuple(row) for row in part])


@contextmanager
def without_rules(connection: Connection) -> Iterator[None]:
    """Without triggers, for this transaction alone; references are checked all the same."""
    if connection.dialect.name == "postgresql":
        for table in tables.metadata.sorted_tables:
            connection.exec_driver_sql(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
        yield
        for table in tables.metadata.sorted_tables:
            connection.exec_driver_sql(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
        return
    rules = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
    for name, _ in rules:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, sql in rules:
        connection.exec_driver_sql(sql)
