"""A job's photos in the order of review, a page at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from matcher.backlog_table import review_key, review_order
from matcher.errors import BadField
from matcher.jobs.job import Job, JobKind
from matcher.records import job_pairs
from matcher.records.database import Database
from matcher.records.job_pairs import Found


class Sorting(StrEnum):
    """What photos are listed by first. deadline: the order of review itself."""

    DEADLINE = "deadline"
    STRENGTH = "strength"
    QUALITY = "quality"


_KEYS: Mapping[Sorting, Callable[[Any], tuple[object, ...]]] = {
    Sorting.DEADLINE: lambda _row: (),
    Sorting.STRENGTH: lambda row: (row.strength is None, 0.0 if row.strength is None else -row.strength),
    Sorting.QUALITY: lambda row: (row.quality is None, 0.0 if row.quality is None else -row.quality),
}


@dataclass(frozen=True, slots=True, repr=False)
class ToReview:
    """One photo. order: its place, from 1. same_faces: earlier cases that show the same face."""

    order: int
    found: Found
    same_faces: tuple[str, ...]


def to_review(
    database: Database, job: Job, *, by: Sorting = Sorting.DEADLINE, after: int = 0, limit: int = 50
) -> tuple[ToReview, ...]:
    """The photos behind place `after` in the order of review: nearest deadlines first, then the strongest candidates,
    then the best photos. by: strength or quality: the strongest candidates or the best photos first, then that order.

    Raises BadField for photos of cases by strength: their reviewers begin without knowing it.
    """
    if by is Sorting.STRENGTH and job.kind is JobKind.CASES:
        raise BadField(
            "sort", "photos of cases are not sorted by strength, which reviewers must not know; use deadline"
        )
    with database.reading() as connection:
        facts = job_pairs.facts(connection, job.number)
        order = review_order([review_key(row.deadline, row.strength, row.quality) for row in facts])
        listed = sorted((_KEYS[by](row), order[number], number) for number, row in enumerate(facts))
        wanted = [(place, number) for _, place, number in listed[after : after + limit]]
        pairs = job_pairs.same_faces(connection, job.number)
        found = {one.number: one for one in job_pairs.chosen(connection, job.number, [number for _, number in wanted])}
    return tuple(
        ToReview(place, found[number], tuple(dict.fromkeys(facts[other].case_id for other in pairs.get(number, ()))))
        for place, number in wanted
        if number in found
    )
