"""How long ended cases are kept, by how they ended; and cases that nobody may remove."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, or_, select
from sqlalchemy.sql.elements import ColumnElement

from matcher.errors import AlreadyThere, NotFound, OnHold
from matcher.records.case_tables import NOBODYS, case_file, case_hold, case_retention

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class CaseHold:
    """Why a case is kept, by whom and since when (seconds since 1970)."""

    case: int
    reason: str
    held_by: str
    held_at: int


def set_rule(connection: Connection, status: str, days: int | None) -> int | None:
    """Cases that ended so are due after so many days, with None never; the days of the rule before."""
    table = case_retention
    here = table.c.status == status
    before: int | None = connection.execute(select(table.c.days).where(here)).scalar_one_or_none()
    connection.execute(delete(table).where(here))
    if days is not None:
        connection.execute(insert(table), {"status": status, "days": days})
    return before


def rules(connection: Connection) -> dict[str, int]:
    """The days of each status that has a rule, by status."""
    table = case_retention
    return {row.status: row.days for row in connection.execute(select(table).order_by(table.c.status))}


def due(connection: Connection, *, now: int) -> tuple[int, ...]:
    """The cases that stand at a status of a rule for longer than it says, and are not held."""
    over = [_stood(status, now - days * _DAY) for status, days in rules(connection).items()]
    if not over:
        return ()
    query = select(case_file.c.id).where(case_file.c.id != NOBODYS, or_(*over), ~is_held())
    return tuple(connection.execute(query.order_by(case_file.c.id)).scalars())


def is_held() -> ColumnElement[bool]:
    """Of a row of case_file: whether the case is held."""
    return select(case_hold.c.case_id).where(case_hold.c.case_id == case_file.c.id).exists()


def hold(connection: Connection, one: CaseHold) -> None:
    """Keep a case until released; raises AlreadyThere."""
    if _held(connection, one.case) is not None:
        raise AlreadyThere("the case is held already; release it first")
    row = {"case_id": one.case, "reason": one.reason, "held_by": one.held_by, "held_at": one.held_at}
    connection.execute(insert(case_hold), row)


def release(connection: Connection, case: int) -> None:
    """End a hold; raises NotFound."""
    if not connection.execute(delete(case_hold).where(case_hold.c.case_id == case)).rowcount:
        raise NotFound("the case is not held")


def refuse_held(connection: Connection, case: int) -> None:
    """Raises OnHold for a case that is kept."""
    if (found := _held(connection, case)) is not None:
        raise OnHold(f"the case is under a legal hold ({found}); end it first with matcher cases release")


def _held(connection: Connection, case: int) -> str | None:
    found: str | None = connection.execute(
        select(case_hold.c.reason).where(case_hold.c.case_id == case)
    ).scalar_one_or_none()
    return found


def _stood(status: str, before: int) -> ColumnElement[bool]:
    return (case_file.c.status == status) & (case_file.c.status_at < before)
