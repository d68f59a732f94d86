"""What stands beside a case in the records: galleries it is put to, notices, consulates' answers, who sees it."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, exists, or_, select

from matcher.casework.statuses import Status
from matcher.records import case_tables as tables


@dataclass(frozen=True, slots=True)
class Request:
    """A gallery that a case is put to, of which country, on which basis. at: seconds since 1970."""

    gallery: str
    country: str
    basis: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Notice:
    """An official notice. sent_on: ISO date."""

    country: str
    kind: str
    reference: str
    sent_on: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What a consulate said. kind, reason: see `answers`. checked_by: the second person, empty where none has."""

    number: int
    kind: str
    country: str
    reason: str
    reference: str
    received_on: str
    identification: int | None
    recorded_by: str
    recorded_at: int
    checked_by: str


def requests(connection: Connection, case: int) -> tuple[Request, ...]:
    """The galleries that a case is put to, in the order of asking."""
    table = tables.case_request
    columns = (table.c.gallery, table.c.country, table.c.basis, table.c.by, table.c.at)
    rows = connection.execute(select(*columns).where(table.c.case_id == case).order_by(table.c.at, table.c.gallery))
    return tuple(Request(*row) for row in rows)


def notices(connection: Connection, case: int) -> tuple[Notice, ...]:
    """The notices of a case, by date."""
    table = tables.case_notice
    columns = (table.c.country, table.c.kind, table.c.reference, table.c.sent_on, table.c.by, table.c.at)
    rows = connection.execute(select(*columns).where(table.c.case_id == case).order_by(table.c.sent_on, table.c.id))
    return tuple(Notice(*row) for row in rows)


def answers(connection: Connection, case: int) -> tuple[Answer, ...]:
    """What consulates said of a case, in the order of recording."""
    table = tables.case_answer
    rows = connection.execute(select(table).where(table.c.case_id == case).order_by(table.c.recorded_at, table.c.id))
    return tuple(_answer(row) for row in rows)


def seen_by(connection: Connection, case: int) -> tuple[str, ...]:
    """Who may see a case because of what they do with it, beside those who see all."""
    table = tables.case_access
    rows = connection.execute(select(table.c.account).where(table.c.case_id == case).order_by(table.c.account))
    return tuple(rows.scalars())


def confirmed_by_two(connection: Connection, case: int) -> bool:
    """Whether two people stand behind this case's identity: what the database's own rule asks."""
    found, said = tables.case_identification, tables.case_answer
    identified = exists().where(found.c.case_id == case)
    checked = exists().where(said.c.case_id == case, said.c.kind == "confirmed", said.c.checked_by.is_not(None))
    return bool(connection.execute(select(or_(identified, checked))).scalar_one())


def was_sent(connection: Connection, case: int) -> bool:
    """Whether a case was ever sent to a consulate."""
    table = tables.case_event
    sent = exists().where(
        table.c.case_id == case, table.c.kind == "status", table.c.after == Status.SENT_TO_CONSULATE.value
    )
    return bool(connection.execute(select(sent)).scalar_one())


def _answer(row: Any) -> Answer:
    return Answer(
        row.id, row.kind, row.country, row.reason, row.reference, row.received_on, row.identification_id,
        row.recorded_by, row.recorded_at, row.checked_by or "",
    )  # fmt: skip
