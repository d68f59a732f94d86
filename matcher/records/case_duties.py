"""What waits for a supervisor, asked of all cases at once. Control cases wait for nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, select

from matcher.accounts.account import roles_of
from matcher.accounts.roles import Right, rights_of
from matcher.records import case_tables as tables
from matcher.records.account_tables import account
from matcher.records.case_tables import NO_DEADLINE, NOBODYS

CLOSED, REOPENED = "closed", "open"


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list. deadline: ISO date, empty for none. version: as it is now, for a change that is made there."""

    number: int
    country: str
    status: str
    protection: str
    deadline: str
    assignee: str
    version: int


@dataclass(frozen=True, slots=True)
class WaitingLift:
    """A request to take a case's protection away that waits for a second person. scope: of its consent, or empty."""

    case: CaseLine
    reason: str
    scope: str
    asked_by: str
    asked_at: int


@dataclass(frozen=True, slots=True)
class WaitingAnswer:
    """What one person wrote down of a consulate's answer, and nobody has checked. number: its own."""

    case: CaseLine
    number: int
    kind: str
    reason: str
    reference: str
    received_on: str
    recorded_by: str
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Reopening:
    """A closed case that was opened again."""

    case: CaseLine
    reason: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class Load:
    """One account's cases that have not ended: all, those overdue, those due soon; and its reviews under way.

    account: empty for cases that are nobody's.
    """

    account: str
    cases: int
    overdue: int
    soon: int
    reviews: int = 0


def disagreeing(connection: Connection, *, account: str) -> int:
    """How many searches wait for a supervisor who is neither of their reviewers."""
    search, review = tables.case_search, tables.case_review
    mine = select(review.c.search_id).where(review.c.reviewer == account)
    query = select(func.count()).select_from(search).where(search.c.stage == "supervisor", search.c.id.not_in(mine))
    return int(connection.execute(query).scalar_one())


def lifts(connection: Connection, *, limit: int) -> tuple[WaitingLift, ...]:
    """The oldest first."""
    lift, table, consent = tables.case_lift, tables.case_file, tables.case_consent
    query = (
        select(*_line(), lift.c.reason, func.coalesce(consent.c.scope, ""), lift.c.asked_by, lift.c.asked_at)
        .select_from(lift)
        .join(table, and_(table.c.id == lift.c.case_id, table.c.epoch == lift.c.epoch))
        .outerjoin(consent, consent.c.id == lift.c.consent_id)
        .where(lift.c.agreed_by.is_(None), table.c.protection != "none")
        .order_by(lift.c.asked_at, lift.c.case_id)
        .limit(limit)
    )
    return tuple(WaitingLift(_case(row), *row[_WIDTH:]) for row in connection.execute(query).all())


def answers(connection: Connection, *, limit: int) -> tuple[WaitingAnswer, ...]:
    """The oldest first."""
    answer, table = tables.case_answer, tables.case_file
    columns = ("id", "kind", "reason", "reference", "received_on", "recorded_by", "recorded_at")
    query = (
        select(*_line(), *(answer.c[name] for name in columns))
        .select_from(answer)
        .join(table, table.c.id == answer.c.case_id)
        .where(answer.c.checked_by.is_(None))
        .order_by(answer.c.recorded_at, answer.c.id)
        .limit(limit)
    )
    return tuple(WaitingAnswer(_case(row), *row[_WIDTH:]) for row in connection.execute(query).all())


def reopened(connection: Connection, *, since: int, limit: int) -> tuple[Reopening, ...]:
    """Closed cases that were opened again since then and are open still, the latest first."""
    event, table = tables.case_event, tables.case_file
    query = (
        select(*_line(), event.c.reason, event.c.actor, event.c.at)
        .select_from(event)
        .join(table, table.c.id == event.c.case_id)
        .where(event.c.kind == "status", event.c.after == REOPENED, event.c.before == CLOSED, event.c.at >= since)
        .where(table.c.status != CLOSED)
        .order_by(event.c.at.desc(), event.c.id)
        .limit(limit)
    )
    return tuple(Reopening(_case(row), *row[_WIDTH:]) for row in connection.execute(query).all())


def unassigned(connection: Connection, *, ended: Sequence[str], limit: int) -> tuple[CaseLine, ...]:
    """Nobody's cases, the nearest deadlines first."""
    table = tables.case_file
    query = select(*_line()).where(_open(ended), table.c.assignee == "").order_by(table.c.deadline, table.c.id)
    return tuple(map(_case, connection.execute(query.limit(limit)).all()))


def overdue(connection: Connection, *, today: str, ended: Sequence[str], limit: int) -> tuple[CaseLine, ...]:
    """Somebody's cases whose deadline has passed, the oldest first."""
    table = tables.case_file
    query = select(*_line()).where(_open(ended), table.c.deadline < today, table.c.assignee != "")
    query = query.order_by(table.c.deadline, table.c.id).limit(limit)
    return tuple(map(_case, connection.execute(query).all()))


def loads(connection: Connection, *, today: str, soon: str, ended: Sequence[str]) -> tuple[Load, ...]:
    """How much everybody has, by account; nobody's first. soon: the day up to which a case is due soon."""
    table, review = tables.case_file, tables.case_review
    late = func.sum(case((table.c.deadline < today, 1), else_=0))
    near = func.sum(case((table.c.deadline.between(today, soon), 1), else_=0))
    query = select(table.c.assignee, func.count(), late, near).where(_open(ended)).group_by(table.c.assignee)
    counts = {name: (cases, overdue, soon) for name, cases, overdue, soon in connection.execute(query)}
    under_way = select(review.c.reviewer, func.count()).where(review.c.state != "closed").group_by(review.c.reviewer)
    reviews: dict[str, int] = dict(connection.execute(under_way).all())
    names = sorted({*counts, *reviews, *(f"account:{name}" for name in officers(connection))})
    return tuple(Load(name, *counts.get(name, (0, 0, 0)), reviews.get(name, 0)) for name in names)


def officers(connection: Connection) -> tuple[str, ...]:
    """The names of accounts that work on cases and are not disabled."""
    query = select(account.c.name, account.c.roles).where(account.c.is_disabled.is_(False)).order_by(account.c.name)
    return tuple(name for name, roles in connection.execute(query)
                 if Right.WORK_CASES in rights_of(roles_of(roles)))  # fmt: skip


def controls(connection: Connection) -> tuple[int, int]:
    """How many control cases there are, and how many reviews of them are closed."""
    control, search, review = tables.case_control, tables.case_search, tables.case_review
    made = connection.execute(select(func.count()).select_from(control)).scalar_one()
    query = select(func.count()).select_from(review).join(search, search.c.id == review.c.search_id)
    query = query.where(review.c.state == "closed", search.c.case_id.in_(select(control.c.case_id)))
    return made, connection.execute(query).scalar_one()


def _line() -> list[Any]:
    table = tables.case_file
    return [table.c[name] for name in
            ("id", "country", "status", "protection", "deadline", "assignee", "version")]  # fmt: skip


_WIDTH = 7


def _case(row: Any) -> CaseLine:
    number, country, status, protection, deadline, assignee, version = row[:_WIDTH]
    shown = "" if deadline == NO_DEADLINE else deadline
    return CaseLine(number, country, status, protection, shown, assignee, version)


def _open(ended: Sequence[str]) -> ColumnElement[bool]:
    table, control = tables.case_file, tables.case_control
    here = (table.c.id != NOBODYS) & table.c.status.not_in(list(ended))
    return here & table.c.id.not_in(select(control.c.case_id))
