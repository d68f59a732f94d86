"""Pairs of cases that may be one person's: kept by the same statements whatever is found, told to who may see both."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select, text, union_all

from matcher.records import case_files
from matcher.records import case_tables as tables

# A row that is not to be kept costs the statement too: from how long it takes nobody can tell how many there are.
_KEEP = text("""
INSERT INTO case_duplicate (case_id, other_id, engine, scores, state, at)
SELECT CAST(:case_id AS BIGINT), CAST(:other_id AS BIGINT), CAST(:engine AS VARCHAR(128)), CAST(:scores AS TEXT),
       'suspected', CAST(:at AS BIGINT)
WHERE CAST(:wanted AS INTEGER) = 1
ON CONFLICT (case_id, other_id) DO UPDATE SET engine = excluded.engine, scores = excluded.scores, at = excluded.at
""")


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two cases are. fmr: the chance that a stranger's case is as much; None where nothing is calibrated."""

    score: float
    distance: float
    fmr: float | None


@dataclass(frozen=True, slots=True)
class SuspectedPair:
    """A pair, seen from one of its cases. fpir_before: of pairs that were kept before they held an FMR."""

    case: int
    other: int
    likeness: Likeness
    fpir_before: float | None
    state: str


def keep(
    connection: Connection, number: int, found: Mapping[int, Likeness], engine: str, *, rows: int, now: int
) -> None:
    """Keep up to `rows` pairs of a case. What somebody has decided of a pair stays decided."""
    chosen = list(found.items())[:rows]
    nothing = [(0, Likeness(0.0, 0.0, None))] * (rows - len(chosen))
    connection.execute(
        _KEEP,
        [
            {"case_id": min(number, other), "other_id": max(number, other), "engine": engine, "at": now,
             "scores": json.dumps({"score": one.score, "distance": one.distance, "fmr": one.fmr}),
             "wanted": int(place < len(chosen))}
            for place, (other, one) in enumerate([*chosen, *nothing])
        ],
    )  # fmt: skip


def of_cases(
    connection: Connection, numbers: Collection[int], *, account: str, sees_all: bool
) -> tuple[SuspectedPair, ...]:
    """The pairs of these cases whose other case this account may see."""
    table, file = tables.case_duplicate, tables.case_file
    ends = (table.c.case_id, table.c.other_id)
    both = union_all(
        *(
            select(one.label("one"), other.label("other"), table.c.scores, table.c.state).where(one.in_(numbers))
            for one, other in (ends, ends[::-1])
        )
    ).subquery()
    query = select(both).join(file, file.c.id == both.c.other)
    rows = connection.execute(query.where(case_files.may_see(account=account, sees_all=sees_all)))
    found = []
    for row in rows:
        said = json.loads(row.scores)
        likeness = Likeness(said["score"], said["distance"], said.get("fmr"))
        found.append(SuspectedPair(row.one, row.other, likeness, said.get("fpir"), row.state))
    return tuple(found)


def is_pair(number: int, other: int) -> ColumnElement[bool]:
    table = tables.case_duplicate
    return (table.c.case_id == min(number, other)) & (table.c.other_id == max(number, other))
