"""Who has a case open in a browser window, as the windows say of themselves every few seconds."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from matcher.records import case_tables as tables

LASTS = 15
"""Seconds after which a window that says nothing more is taken for closed."""


def note(connection: Connection, case: int, window: str, account: str, *, now: int) -> None:
    """A window has a case open; those that have long said nothing are forgotten."""
    table = tables.case_presence
    connection.execute(delete(table).where(table.c.seen_at < now - LASTS))
    here = (table.c.window == window) & (table.c.account == account)
    if not connection.execute(update(table).where(here).values(case_id=case, seen_at=now)).rowcount:
        connection.execute(insert(table), {"window": window, "case_id": case, "account": account, "seen_at": now})


def forget(connection: Connection, window: str, account: str) -> None:
    table = tables.case_presence
    connection.execute(delete(table).where(table.c.window == window, table.c.account == account))


def present(connection: Connection, cases: Sequence[int], *, now: int) -> dict[int, tuple[str, ...]]:
    """The accounts that have each of these cases open now."""
    table = tables.case_presence
    query = select(table.c.case_id, table.c.account).where(table.c.case_id.in_(cases), table.c.seen_at >= now - LASTS)
    found: dict[int, set[str]] = {}
    for case, account in connection.execute(query):
        found.setdefault(case, set()).add(account)
    return {case: tuple(sorted(accounts)) for case, accounts in found.items()}
