"""Reviews and verdicts in the records; verdicts are added, never changed, so that every change of mind can be seen."""

import json
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from matcher.casework.decisions import Review, ReviewState, Verdict
from matcher.casework.features import Opinion, Reason
from matcher.records import case_tables as tables
from matcher.records.case_tables import NOBODYS


def add(connection: Connection, review: Review, *, now: int) -> None:
    row = {
        "id": review.number,
        "search_id": review.search,
        "round": review.round,
        "reviewer": review.reviewer,
        "seed": review.seed,
        "state": review.state.value,
        "begun_at": now,
    }
    connection.execute(insert(tables.case_review), row)


def case_of(connection: Connection, number: int) -> int:
    """The case of a review; nobody's where there is no such review."""
    review, search = tables.case_review, tables.case_search
    query = select(search.c.case_id).join(review, review.c.search_id == search.c.id).where(review.c.id == number)
    found = connection.execute(query).scalar_one_or_none()
    return NOBODYS if found is None else int(found)


def review(connection: Connection, number: int) -> Review:
    """One review that is there."""
    return _review(connection.execute(select(tables.case_review).where(tables.case_review.c.id == number)).one())


def reviews(connection: Connection, search: int) -> tuple[Review, ...]:
    """A search's reviews in their order."""
    table = tables.case_review
    rows = connection.execute(select(table).where(table.c.search_id == search).order_by(table.c.round))
    return tuple(_review(row) for row in rows)


def unfinished(connection: Connection, account: str) -> tuple[Review, ...]:
    """The reviews that an account has begun and not closed, the oldest first."""
    table = tables.case_review
    here = (table.c.reviewer == account) & (table.c.state != ReviewState.CLOSED.value)
    return tuple(_review(row) for row in connection.execute(select(table).where(here).order_by(table.c.begun_at)))


def set_state(connection: Connection, number: int, state: ReviewState, *, now: int) -> None:
    table = tables.case_review
    values: dict[str, Any] = {"state": state.value}
    if state is ReviewState.CLOSED:
        values["closed_at"] = now
    connection.execute(update(table).where(table.c.id == number).values(values))


def opened(connection: Connection, number: int) -> frozenset[int]:
    """The candidates that a reviewer has looked at."""
    table = tables.case_opened
    return frozenset(
        connection.execute(select(table.c.candidate_id).where(table.c.review_id == number)).scalars().all()
    )


def note_opened(connection: Connection, number: int, candidate: int, *, now: int) -> None:
    if candidate not in opened(connection, number):
        connection.execute(insert(tables.case_opened), {"review_id": number, "candidate_id": candidate, "at": now})


def add_verdict(connection: Connection, number: int, verdict: Verdict) -> None:
    """Write a verdict behind the earlier ones of its candidate."""
    table = tables.case_verdict
    here = (table.c.review_id == number) & (table.c.candidate_id == verdict.candidate)
    last = connection.execute(select(func.coalesce(func.max(table.c.number), 0)).where(here)).scalar_one()
    row = {
        "review_id": number,
        "candidate_id": verdict.candidate,
        "number": last + 1,
        "stage": verdict.stage.value,
        "verdict": verdict.opinion.value,
        "confidence": verdict.confidence,
        "reasons": json.dumps([str(reason) for reason in verdict.reasons]),
        "remark": verdict.remark,
        "at": verdict.at,
    }
    connection.execute(insert(table), row)


def verdicts(connection: Connection, number: int, *, stage: ReviewState | None = None) -> dict[int, Verdict]:
    """A review's last verdict of each candidate; stage: the last of that stage only."""
    table = tables.case_verdict
    query = select(table).where(table.c.review_id == number).order_by(table.c.candidate_id, table.c.number)
    if stage is not None:
        query = query.where(table.c.stage == stage.value)
    return {row.candidate_id: _verdict(row) for row in connection.execute(query)}


def first_verdict(connection: Connection, number: int, candidate: int) -> Verdict:
    """A review's last verdict of a candidate before scores were shown."""
    return verdicts(connection, number, stage=ReviewState.BLIND)[candidate]


def all_verdicts(connection: Connection, number: int) -> tuple[Verdict, ...]:
    """A review's verdicts, every change of mind too, in the order in which they were found."""
    table = tables.case_verdict
    rows = connection.execute(
        select(table).where(table.c.review_id == number).order_by(table.c.at, table.c.candidate_id, table.c.number)
    )
    return tuple(_verdict(row) for row in rows)


def _review(row: Row[Any]) -> Review:
    return Review(row.id, row.search_id, row.round, row.reviewer, row.seed, ReviewState(row.state))


def _verdict(row: Row[Any]) -> Verdict:
    reasons = tuple(Reason.read(text) for text in json.loads(row.reasons))
    return Verdict(
        row.candidate_id, ReviewState(row.stage), Opinion(row.verdict), row.confidence, reasons, row.remark, row.at
    )
