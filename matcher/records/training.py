"""Exercises in the records; verdicts are added, never changed, so that every change of mind can be told of."""

import json
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from matcher.records.training_tables import training_exercise, training_opened, training_verdict

ENDED = ("done", "left")


def add(connection: Connection, row: dict[str, Any]) -> None:
    connection.execute(insert(training_exercise), row)


def find(connection: Connection, number: int, *, account: str) -> Row[Any] | None:
    """An officer's own exercise; None for everybody else's and for none."""
    table = training_exercise
    return connection.execute(select(table).where(table.c.id == number, table.c.account == account)).one_or_none()


def under_way(connection: Connection, account: str) -> Row[Any] | None:
    """The exercise that an officer has begun and not ended."""
    table = training_exercise
    query = select(table).where(table.c.account == account, table.c.ended_at.is_(None)).order_by(table.c.begun_at)
    return connection.execute(query.limit(1)).one_or_none()


def change(connection: Connection, number: int, **values: Any) -> None:
    table = training_exercise
    connection.execute(update(table).where(table.c.id == number).values(values))


def results(connection: Connection, account: str | None, *, limit: int) -> tuple[Row[Any], ...]:
    """account, grade, state, result, ended_at of ended exercises, the latest first; account None: of everybody."""
    table = training_exercise
    query = select(table.c.id, table.c.account, table.c.grade, table.c.state, table.c.result, table.c.ended_at)
    query = query.where(table.c.state.in_(ENDED)).order_by(table.c.ended_at.desc(), table.c.id).limit(limit)
    if account is not None:
        query = query.where(table.c.account == account)
    return tuple(connection.execute(query))


def opened(connection: Connection, number: int) -> frozenset[int]:
    """The places that were looked at."""
    table = training_opened
    return frozenset(connection.execute(select(table.c.place).where(table.c.exercise_id == number)).scalars())


def note_opened(connection: Connection, number: int, place: int, *, now: int) -> None:
    if place not in opened(connection, number):
        connection.execute(insert(training_opened), {"exercise_id": number, "place": place, "at": now})


def verdicts(connection: Connection, number: int) -> tuple[Row[Any], ...]:
    """Every verdict of an exercise by place, in the order in which they were given."""
    table = training_verdict
    query = select(table).where(table.c.exercise_id == number).order_by(table.c.place, table.c.number)
    return tuple(connection.execute(query))


def add_verdict(
    connection: Connection, number: int, place: int, *, stage: str, verdict: str, confidence: int, reasons: list[str],
    now: int,
) -> None:  # fmt: skip
    """Write a verdict behind the earlier ones of its place."""
    table = training_verdict
    here = (table.c.exercise_id == number) & (table.c.place == place)
    last = connection.execute(select(func.coalesce(func.max(table.c.number), 0)).where(here)).scalar_one()
    row = {"exercise_id": number, "place": place, "number": last + 1, "stage": stage, "verdict": verdict,
           "confidence": confidence, "reasons": json.dumps(reasons), "at": now}  # fmt: skip
    connection.execute(insert(table), row)
