"""How officers stand in training: each for themselves, all of them to supervisors."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from matcher.accounts.roles import Right
from matcher.casework.officer import Officer
from matcher.records import training as kept
from matcher.records.database import Database
from matcher.training.grades import Grade
from matcher.training.practice import Step
from matcher.training.results import Result, Standing, standing

_OWN = 400
_ALL = 20_000


def own_standings(database: Database, who: Officer) -> tuple[Standing, ...]:
    """An officer's standing in every grade, from easy to hard."""
    who.must_decide(Right.WORK_CASES)
    with database.reading() as connection:
        rows = kept.results(connection, who.account, limit=_OWN)
    return tuple(_standing(who.account, grade, rows) for grade in Grade)


def all_standings(database: Database, who: Officer) -> tuple[Standing, ...]:
    """Every officer's standing in the grades that they have tried, by account; for supervisors."""
    who.must(Right.SUPERVISE_CASES)
    with database.reading() as connection:
        rows = kept.results(connection, None, limit=_ALL)
    tried = sorted({(row.account, list(Grade).index(Grade(row.grade))) for row in rows})
    found = ((account, list(Grade)[place]) for account, place in tried)
    return tuple(_standing(account, grade, [row for row in rows if row.account == account]) for account, grade in found)


def _standing(account: str, grade: Grade, rows: Iterable[Row[Any]]) -> Standing:
    here = [row for row in rows if row.grade == grade.value]
    done = [Result.of(json.loads(row.result)) for row in here if row.state == Step.DONE.value]
    return standing(account, grade, done, left=len(here) - len(done))
