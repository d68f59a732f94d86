"""A job's photos in the order of review, a page at a time."""

from dataclasses import dataclass

from matcher.backlog_table import review_key, review_order
from matcher.jobs.job import Job
from matcher.records import job_pairs
from matcher.records.database import Database
from matcher.records.job_pairs import Found


@dataclass(frozen=True, slots=True, repr=False)
class ToReview:
    """One photo. order: its place, from 1. same_faces: earlier cases that show the same face."""

    order: int
    found: Found
    same_faces: tuple[str, ...]


def to_review(database: Database, job: Job, *, after: int = 0, limit: int = 50) -> tuple[ToReview, ...]:
    """The photos behind place `after` in the order of review: nearest deadlines first, then the strongest candidates,
    then the best photos."""
    with database.reading() as connection:
        facts = job_pairs.facts(connection, job.number)
        order = review_order([review_key(row.deadline, row.strength, row.quality) for row in facts])
        wanted = sorted((place, number) for number, place in enumerate(order))[after : after + limit]
        pairs = job_pairs.same_faces(connection, job.number)
        found = {one.number: one for one in job_pairs.chosen(connection, job.number, [number for _, number in wanted])}
    return tuple(
        ToReview(place, found[number], tuple(dict.fromkeys(facts[other].case_id for other in pairs.get(number, ()))))
        for place, number in wanted
        if number in found
    )
