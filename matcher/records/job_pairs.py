"""What a job found, read again: answers in their order, templates, and photos that show the same face."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Row, delete, insert, select

from matcher.answers import Answer, answer_of
from matcher.jobs.job import MOST_ITEMS, ItemState, item_id
from matcher.records import coding
from matcher.records.case_tables import NO_DEADLINE
from matcher.records.job_leases import ANSWER, VECTOR
from matcher.records.job_tables import job_item, job_pair
from matcher.records.vault import vault_of

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Pair:
    """Two items of a job, by id, that show the same face, the later one first. false_alarm_probability: that any of as
    many strangers as the job has photos would be so alike."""

    item: int
    other: int
    score: float
    false_alarm_probability: float


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """One photo of a job with what was found. number: its place in the manifest, from 0. done: whether it was looked
    at; without it or where there was nothing to search with, answer is None. deadline: empty for none."""

    number: int
    case_id: str
    photo: str
    deadline: str
    done: bool
    code: str
    reason: str
    outcome: str
    strength: float | None
    quality: float | None
    answer: Answer | None


def found(connection: Connection, job: int, *, after: int = -1) -> Iterator[Found]:
    """Every photo of a job in the order of its manifest, read a part at a time; after: those behind this number."""
    last = item_id(job, after) if after >= 0 else item_id(job, 0) - 1
    while True:
        here = (job_item.c.job_id == job) & (job_item.c.id > last) & (job_item.c.id < item_id(job + 1, 0))
        rows = connection.execute(select(job_item).where(here).order_by(job_item.c.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield from _found(connection, rows)
        last = rows[-1].id


def chosen(connection: Connection, job: int, numbers: Sequence[int]) -> list[Found]:
    """These photos of a job, by their numbers, in the order given; those that are not there are left out."""
    ids = [item_id(job, number) for number in numbers]
    rows = connection.execute(select(job_item).where(job_item.c.id.in_(ids))).all()
    by_number = {one.number: one for one in _found(connection, rows)}
    return [by_number[number] for number in numbers if number in by_number]


def facts(connection: Connection, job: int) -> Sequence[Any]:
    """Number, deadline, strength, quality and digest of each photo, without what is sealed."""
    columns = (
        job_item.c.id, job_item.c.case_id, job_item.c.deadline, job_item.c.outcome, job_item.c.strength,
        job_item.c.quality, job_item.c.sha256,
    )  # fmt: skip
    return connection.execute(select(*columns).where(job_item.c.job_id == job).order_by(job_item.c.id)).all()


def vectors(connection: Connection, job: int, dimension: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The templates of a job's photos: the items' ids ascending, int64 (n,), and float32 (n, dimension)."""
    query = select(job_item.c.id, job_item.c.vector).where(job_item.c.job_id == job).order_by(job_item.c.id)
    ids: list[int] = []
    blobs: list[bytes] = []
    for part in connection.execute(query, execution_options={"yield_per": _AT_ONCE}).partitions():
        marked = [(row.id, bytes(row.vector)) for row in part if row.vector]
        ids += [number for number, _ in marked]
        blobs += vault_of(connection).open(
            connection, VECTOR, [number for number, _ in marked], [blob for _, blob in marked]
        )
    return np.array(ids, dtype=np.int64), coding.vectors_of(blobs, dimension)


def replace(connection: Connection, job: int, pairs: Sequence[Pair]) -> None:
    """Write a job's pairs in the place of those that were found before."""
    mine = (job_pair.c.item_id >= item_id(job, 0)) & (job_pair.c.item_id < item_id(job + 1, 0))
    connection.execute(delete(job_pair).where(mine))
    rows = [
        {
            "item_id": one.item, "other_id": one.other, "score": one.score,
            "false_alarm_probability": one.false_alarm_probability,
        }
        for one in pairs
    ]  # fmt: skip
    if rows:
        connection.execute(insert(job_pair), rows)


def same_faces(connection: Connection, job: int) -> dict[int, list[int]]:
    """For each photo, by number, the photos before it that show the same face, the likeliest first."""
    mine = (job_pair.c.item_id >= item_id(job, 0)) & (job_pair.c.item_id < item_id(job + 1, 0))
    pairs: dict[int, list[int]] = {}
    query = select(job_pair).where(mine).order_by(job_pair.c.item_id, job_pair.c.score.desc(), job_pair.c.other_id)
    for row in connection.execute(query):
        pairs.setdefault(row.item_id % MOST_ITEMS, []).append(row.other_id % MOST_ITEMS)
    return pairs


def _found(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Found]:
    sealed = [(row.id, bytes(row.answer)) for row in rows if row.answer and row.state == ItemState.DONE]
    ids, blobs = [number for number, _ in sealed], [blob for _, blob in sealed]
    opened = dict(zip(ids, vault_of(connection).open(connection, ANSWER, ids, blobs), strict=True))
    for row in rows:
        answer = opened.get(row.id)
        yield Found(
            row.id % MOST_ITEMS, row.case_id, row.photo, "" if row.deadline == NO_DEADLINE else row.deadline,
            row.state == ItemState.DONE, row.code, row.reason, row.outcome, row.strength, row.quality,
            None if answer is None else answer_of(answer),
        )  # fmt: skip
