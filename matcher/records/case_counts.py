"""Counts of many cases at once, each one question that the database answers with a few rows.

A case's first sending and first document come from its events. Days are whole days since 1970, UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, Subquery, case, cast, func, or_, select, type_coerce

from matcher.records import case_tables as tables
from matcher.records.case_tables import NO_DEADLINE, NOBODYS

DAY = 86_400
SENT, ISSUED = "sent_to_consulate", "travel_document_issued"


@dataclass(frozen=True, slots=True)
class Cohort:
    """Which cases are counted: those opened from since on and before until, seconds since 1970. country: empty for all.

    with_confidential: also those whose protection is not lifted. account: where it is given, exactly the cases that
    this account may see; control cases are among them, or their absence would tell which they are. Elsewhere control
    cases are never counted.
    """

    since: int
    until: int
    country: str = ""
    with_confidential: bool = False
    account: str = ""

    def holds(self) -> ColumnElement[bool]:
        """The condition on case_file."""
        table, control, access = tables.case_file, tables.case_control, tables.case_access
        wanted = (table.c.id != NOBODYS) & (table.c.opened_at >= self.since) & (table.c.opened_at < self.until)
        if self.country:
            wanted &= table.c.country == self.country
        if self.account:
            granted = select(access.c.case_id).where(access.c.account == self.account)
            return wanted & or_(table.c.protection == "none", table.c.id.in_(granted))
        if not self.with_confidential:
            wanted &= table.c.protection == "none"
        return wanted & table.c.id.not_in(select(control.c.case_id))


@dataclass(frozen=True, slots=True)
class Opened:
    """How many cases of one country were opened on one day."""

    country: str
    day: int
    cases: int


@dataclass(frozen=True, slots=True)
class Sent:
    """One case that was ever sent to a consulate. day: on which it was opened. days: from the first sending to the
    first document; None where none was issued."""

    country: str
    day: int
    days: float | None


def standing(connection: Connection, cohort: Cohort) -> list[tuple[str, str, int]]:
    """How many cases of each country stand at each status now."""
    table = tables.case_file
    query = select(table.c.country, table.c.status, func.count()).where(cohort.holds())
    rows = connection.execute(query.group_by(table.c.country, table.c.status).order_by(table.c.country))
    return [(country, status, count) for country, status, count in rows]


def due(connection: Connection, cohort: Cohort, edges: Sequence[str], *, ended: Sequence[str]) -> list[int]:
    """How many cases that have not ended have their deadline before the first of these ISO dates, from it on and before
    the second, and so on; then from the last on, and last of all those without a deadline."""
    table = tables.case_file
    last = len(edges) + 1
    steps = [(table.c.deadline == NO_DEADLINE, last)]
    steps += [(table.c.deadline < edge, place) for place, edge in enumerate(edges)]
    place = case(*steps, else_=len(edges))
    query = select(place, func.count()).where(cohort.holds(), table.c.status.not_in(list(ended))).group_by(place)
    found: dict[int, int] = dict(connection.execute(query).all())
    return [found.get(number, 0) for number in range(last + 1)]


def opened(connection: Connection, cohort: Cohort) -> list[Opened]:
    """How many cases were opened on each day, by country."""
    table = tables.case_file
    day = table.c.opened_at.op("/")(DAY)
    query = select(table.c.country, day, func.count()).where(cohort.holds()).group_by(table.c.country, day)
    return [Opened(*row) for row in connection.execute(query)]


def sent(connection: Connection, cohort: Cohort) -> list[Sent]:
    """The cases that were ever sent to a consulate."""
    table = tables.case_file
    first, issued = _first(SENT, "sent"), _first(ISSUED, "issued")
    query = (
        select(table.c.country, table.c.opened_at.op("/")(DAY), issued.c.at - first.c.at)
        .select_from(first)
        .join(table, table.c.id == first.c.case_id)
        .outerjoin(issued, issued.c.case_id == first.c.case_id)
        .where(cohort.holds())
    )
    rows = connection.execute(query)
    return [Sent(country, day, None if took is None else took / DAY) for country, day, took in rows]


def answers(connection: Connection, cohort: Cohort) -> list[tuple[str, str, int]]:
    """How often consulates gave each kind of answer, by country; checked answers alone."""
    table, answer = tables.case_file, tables.case_answer
    query = select(table.c.country, answer.c.kind, func.count()).join(table, table.c.id == answer.c.case_id)
    query = query.where(cohort.holds(), answer.c.checked_by.is_not(None))
    rows = connection.execute(query.group_by(table.c.country, answer.c.kind).order_by(answer.c.kind))
    return [(country, kind, count) for country, kind, count in rows]


MOST_SEARCHES = 5_000
"""So many of the latest searches tell a rate of 1 % to within a third of it."""


def strongest(
    connection: Connection, cohort: Cohort, gallery: str, levels: Sequence[float]
) -> tuple[int, int, list[int]]:
    """Of the latest settled searches of a gallery in these cases in which reviewers found nobody, at most
    `MOST_SEARCHES`: how many there are, how many of them have calibrated candidates or none at all, and of how many of
    these the first candidate has a false-alarm probability of at most each level."""
    search, one, known = tables.case_search, tables.case_candidate, tables.case_identification
    latest = (
        select(search.c.id)
        .join(tables.case_file, tables.case_file.c.id == search.c.case_id)
        .where(cohort.holds(), search.c.gallery == gallery, search.c.stage == "settled")
        .where(search.c.outcome.in_(("candidates", "nobody", "several_faces")))
        .where(search.c.id.not_in(select(known.c.search_id)))
        .order_by(search.c.at.desc(), search.c.id)
        .limit(MOST_SEARCHES)
        .subquery("latest")
    )
    found = (
        select(_false_alarm(connection, one).label("alarm"), one.c.id.is_(None).label("is_empty"))
        .select_from(latest)
        .outerjoin(one, (one.c.search_id == latest.c.id) & (one.c.rank == 1))
        # Each text is to be read once, not once for every level.
        .cte("found")
        .prefix_with("MATERIALIZED")
    )
    judged = func.sum(case((found.c.is_empty | found.c.alarm.is_not(None), 1), else_=0))
    counts = [func.sum(case((found.c.alarm <= level, 1), else_=0)) for level in levels]
    total, calibrated, *alarms = connection.execute(select(func.count(), judged, *counts).select_from(found)).one()
    return total, calibrated or 0, [count or 0 for count in alarms]


def galleries(connection: Connection, cohort: Cohort) -> list[tuple[str, int]]:
    """The galleries in which these cases were searched, with how many searches; most first."""
    search, table = tables.case_search, tables.case_file
    query = select(search.c.gallery, func.count()).join(table, table.c.id == search.c.case_id).where(cohort.holds())
    query = query.group_by(search.c.gallery).order_by(func.count().desc(), search.c.gallery)
    return [(gallery, count) for gallery, count in connection.execute(query)]


def _false_alarm(connection: Connection, candidate: Any) -> Any:
    # SQLite would make a number of a text that is cast to JSON; PostgreSQL has no operators for a text.
    scores = candidate.c.scores
    found = type_coerce(scores, JSON) if connection.dialect.name == "sqlite" else cast(scores, JSON)
    return found["false_alarm_probability"].as_float()


def _first(status: str, name: str) -> Subquery[Any]:
    """When each case first came to a status."""
    event = tables.case_event
    query = select(event.c.case_id, func.min(event.c.at).label("at"))
    return query.where(event.c.kind == "status", event.c.after == status).group_by(event.c.case_id).subquery(name)
