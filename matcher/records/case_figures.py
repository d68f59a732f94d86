"""What statistics need of each case, in three questions for a whole cohort."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, func, select

from matcher.records import case_tables as tables
from matcher.records.case_tables import NOBODYS


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """One case of a cohort. first_sent, issued: seconds since 1970, None where it never was. answers: kinds of checked
    answers."""

    country: str
    status: str
    first_sent: int | None
    issued: int | None
    answers: tuple[str, ...]


def cohort(
    connection: Connection, since: int, until: int, *, country: str, with_confidential: bool
) -> tuple[CaseFigures, ...]:
    """The cases opened from since on and before until, seconds since 1970; country: empty for all."""
    case, control = tables.case_file, tables.case_control
    wanted = (case.c.id != NOBODYS) & (case.c.opened_at >= since) & (case.c.opened_at < until)
    wanted &= case.c.id.not_in(select(control.c.case_id))
    if country:
        wanted &= case.c.country == country
    if not with_confidential:
        wanted &= case.c.protection == "none"
    sent = _first(connection, wanted, "sent_to_consulate")
    issued = _first(connection, wanted, "travel_document_issued")
    answers: dict[int, list[str]] = {}
    for number, kind in _answers(connection, wanted):
        answers.setdefault(number, []).append(kind)
    rows = connection.execute(select(case.c.id, case.c.country, case.c.status).where(wanted).order_by(case.c.id))
    return tuple(
        CaseFigures(country, status, sent.get(number), issued.get(number), tuple(answers.get(number, ())))
        for number, country, status in rows
    )


def _first(connection: Connection, wanted: ColumnElement[bool], status: str) -> dict[int, int]:
    """When each case first came to a status."""
    case, event = tables.case_file, tables.case_event
    query = (
        select(event.c.case_id, func.min(event.c.at))
        .join(case, case.c.id == event.c.case_id)
        .where(wanted, event.c.kind == "status", event.c.after == status)
        .group_by(event.c.case_id)
    )
    return dict(connection.execute(query).all())


def _answers(connection: Connection, wanted: ColumnElement[bool]) -> Iterator[Row[int, str]]:
    case, answer = tables.case_file, tables.case_answer
    query = select(answer.c.case_id, answer.c.kind).join(case, case.c.id == answer.c.case_id)
    query = query.where(wanted, answer.c.checked_by.is_not(None)).order_by(answer.c.recorded_at, answer.c.id)
    yield from connection.execute(query).all()
