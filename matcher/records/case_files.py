"""Cases in the records: found by who may see them, changed one version at a time, their events kept in order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypedDict

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    tuple_,
    update,
)

from matcher.casework.case import CaseFile, CaseQuery, Claim, Event, Protection
from matcher.casework.statuses import ENDED, Status
from matcher.records import case_tables as tables
from matcher.records.case_tables import NO_DEADLINE, NOBODYS
from matcher.records.vault import vault_of

CLAIM = b"case_file.claim"
DOCUMENT = b"case_consent.document"

# The same work whether the case is there, is there and may not be seen, or is not there: one row is sought downwards
# from the number and always found (nobody's case is the last), one grant is looked for, and then both are judged. The
# CASE keeps the planner from judging the number first.
_FIND = """
SELECT f.* FROM case_file f LEFT JOIN case_access a ON a.case_id = f.id AND a.account = :account
WHERE f.id = (SELECT max(g.id) FROM case_file g WHERE g.id <= :number)
AND (f.protection = 'none' OR a.account IS NOT NULL OR :all = 1)
AND CASE WHEN a.account IS NULL THEN f.id ELSE f.id + 0 END = :number AND f.id + 0 <> 0
"""


class Sight(TypedDict):
    """Whose sight of the cases is asked for. sees_all: protected ones too."""

    account: str
    sees_all: bool


def find(connection: Connection, number: int, *, account: str, sees_all: bool) -> CaseFile | None:
    """A case that this account may see; None where it may not, or where there is none, at the same cost."""
    asked = {"number": number, "account": account, "all": int(sees_all)}
    row = connection.execute(text(_FIND), asked).one_or_none()
    return None if row is None else _case(connection, row)


def add(connection: Connection, case: CaseFile) -> None:
    """Write a new case; whoever opened it may see it."""
    row = {
        "id": case.number,
        "country": case.country,
        "claim": sealed_claim(connection, case.number, case.claim),
        "status": case.status.value,
        "status_at": case.status_at,
        "protection": case.protection.value,
        "epoch": case.epoch,
        "custody_date": case.custody_date,
        "deadline": case.deadline or NO_DEADLINE,
        "assignee": case.assignee,
        "opened_by": case.opened_by,
        "opened_at": case.opened_at,
        "version": case.version,
    }
    connection.execute(insert(tables.case_file), row)
    grant(connection, case.number, case.opened_by, by=case.opened_by, now=case.opened_at)


def change(connection: Connection, case: CaseFile, values: Mapping[str, Any]) -> bool:
    """Write new values of columns and the next version; whether the case still had the version it was read with."""
    table = tables.case_file
    here = (table.c.id == case.number) & (table.c.version == case.version)
    done = connection.execute(update(table).where(here).values(**values, version=case.version + 1))
    return done.rowcount == 1


def grant(connection: Connection, number: int, account: str, *, by: str, now: int) -> bool:
    """Let an account see a case; whether it could not before."""
    table = tables.case_access
    known = select(table.c.at).where(table.c.case_id == number, table.c.account == account)
    if connection.execute(known).one_or_none() is not None:
        return False
    connection.execute(insert(table), {"case_id": number, "account": account, "granted_by": by, "at": now})
    return True


def add_events(connection: Connection, number: int, events: Sequence[tuple[int, Event]]) -> None:
    """Write events behind those that are there; each with the random id of its row."""
    table = tables.case_event
    last = connection.execute(
        select(func.coalesce(func.max(table.c.number), 0)).where(table.c.case_id == number)
    ).scalar_one()
    rows = [
        {"id": row, "case_id": number, "number": last + place, **asdict(event)}
        for place, (row, event) in enumerate(events, 1)
    ]
    if rows:
        connection.execute(insert(table), rows)


def events(connection: Connection, number: int) -> tuple[Event, ...]:
    """What happened to a case, the oldest first."""
    table = tables.case_event
    columns = (table.c.at, table.c.actor, table.c.kind, table.c.before, table.c.after, table.c.reason)
    rows = connection.execute(select(*columns).where(table.c.case_id == number).order_by(table.c.number))
    return tuple(Event(*row) for row in rows)


def page(
    connection: Connection, wanted: CaseQuery, *, account: str, sees_all: bool, after: tuple[str, int], limit: int
) -> tuple[CaseFile, ...]:
    """The cases that an account may see, by deadline and number; after: those of the last one before."""
    table = tables.case_file
    query = select(table).where(table.c.id != NOBODYS, may_see(account=account, sees_all=sees_all))
    if after != ("", 0):
        # As one comparison of rows, which both databases follow along the index; an OR would make them sort.
        query = query.where(tuple_(table.c.deadline, table.c.id) > tuple_(literal(after[0]), literal(after[1])))
    if wanted.status is not None:
        query = query.where(table.c.status == wanted.status.value)
    if wanted.country:
        query = query.where(table.c.country == wanted.country)
    if wanted.assignee is not None:
        query = query.where(table.c.assignee == wanted.assignee)
    if wanted.due_by:
        query = query.where(table.c.deadline <= wanted.due_by)
    if wanted.unended:
        query = query.where(table.c.status.not_in([status.value for status in ENDED]))
    rows = connection.execute(query.order_by(table.c.deadline, table.c.id).limit(bindparam("n", limit)))
    return tuple(_case(connection, row) for row in rows.all())


def may_see(*, account: str, sees_all: bool) -> ColumnElement[bool]:
    """Which cases an account may see, as a condition on their table."""
    table, access = tables.case_file, tables.case_access
    granted = select(access.c.case_id).where(access.c.account == account)
    return true() if sees_all else or_(table.c.protection == Protection.NONE.value, table.c.id.in_(granted))


def count_visible(connection: Connection, *, account: str, sees_all: bool) -> int:
    """How many cases an account may see."""
    table = tables.case_file
    query = select(func.count()).select_from(table).where(may_see(account=account, sees_all=sees_all))
    return int(connection.execute(query.where(table.c.id != NOBODYS)).scalar_one())


def visible(connection: Connection, *, account: str, sees_all: bool) -> list[int]:
    """The numbers of the cases that an account may see."""
    query = select(tables.case_file.c.id).where(may_see(account=account, sees_all=sees_all))
    return list(connection.execute(query).scalars())


def sealed_claim(connection: Connection, number: int, claim: Claim) -> bytes:
    """A claim as its row holds it: sealed where the home has a key."""
    plain = json.dumps(asdict(claim), ensure_ascii=False, separators=(",", ":")).encode()
    return vault_of(connection).seal(connection, CLAIM, [number], [plain])[0]


def _case(connection: Connection, row: Row[Any]) -> CaseFile:
    (plain,) = vault_of(connection).open(connection, CLAIM, [row.id], [bytes(row.claim)])
    return CaseFile(
        number=row.id,
        country=row.country,
        claim=Claim.stored(json.loads(plain)),
        status=Status(row.status),
        status_at=row.status_at,
        protection=Protection(row.protection),
        epoch=row.epoch,
        custody_date=row.custody_date,
        deadline="" if row.deadline == NO_DEADLINE else row.deadline,
        assignee=row.assignee,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        version=row.version,
    )
