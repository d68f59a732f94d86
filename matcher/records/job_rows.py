"""Jobs in the records: rows in, values out. Which process works on what is in job_leases.py."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from matcher.accounts.roles import Right
from matcher.jobs.job import Item, ItemState, Job, JobKind, JobOptions, JobState, Mandate, Progress, item_id
from matcher.records import job_leases
from matcher.records.bulk import insert_rows
from matcher.records.case_tables import NO_DEADLINE
from matcher.records.job_leases import now_of
from matcher.records.job_tables import job, job_item, job_pair, job_worker

RECENT_SECONDS = 30
"""Over so long the speed of a job is taken."""


def add(connection: Connection, made: Job) -> None:
    """Write a new job, without its items."""
    values = {
        "id": made.number,
        "name": made.name,
        "kind": made.kind.value,
        "state": made.state.value,
        "reason": made.reason,
        "priority": made.priority,
        "options": made.options.text(),
        "conditions": made.conditions,
        "source": made.source,
        "folder": made.folder,
        "made_by": made.made_by,
        "made_at": made.made_at,
        "started_at": made.started_at,
        "ended_at": made.ended_at,
        "total": made.total,
        **mandate_values(made.mandate),
    }
    connection.execute(insert(job), values)


def mandate_values(mandate: Mandate) -> dict[str, str]:
    """A mandate as columns of a job."""
    return {"rights": ",".join(sorted(mandate.rights)), "tokens": ",".join(mandate.tokens)}


def add_items(connection: Connection, number: int, items: Sequence[Item]) -> None:
    """Write photos of a job, in their order. Those with a code have nothing to search with and are done."""
    now = now_of(connection)
    rows = []
    for one in items:
        done = bool(one.code)
        rows.append(
            (
                item_id(number, one.number), number, one.case_id, one.photo, one.place, one.deadline or NO_DEADLINE,
                one.code, one.reason, ItemState.DONE if done else ItemState.WAITING, 0, now if done else 0, "",
                "photo_unusable" if done else "", None, None, 0, b"", b"",
            )
        )  # fmt: skip
    insert_rows(connection, job_item, rows)


def change(connection: Connection, number: int, **values: object) -> None:
    """Write these columns of a job."""
    connection.execute(update(job).where(job.c.id == number).values(**values))


def find(connection: Connection, number: int) -> Job | None:
    """A job by its number."""
    row = connection.execute(select(job).where(job.c.id == number)).one_or_none()
    return None if row is None else _job(row)


def every(connection: Connection, *, limit: int | None = None) -> tuple[Job, ...]:
    """The latest jobs, or all: those that are worked on first, by priority, then the others, the newest first."""
    is_open = job.c.state.in_([state.value for state in JobState if state.is_open])
    query = select(job).order_by(is_open.desc(), job.c.priority.desc(), job.c.made_at.desc(), job.c.id).limit(limit)
    return tuple(_job(row) for row in connection.execute(query))


def next_open(connection: Connection) -> Iterator[Job]:
    """Jobs that workers may take photos of: by priority, then the oldest."""
    states = [state.value for state in JobState if state.is_open]
    query = select(job).where(job.c.state.in_(states)).order_by(job.c.priority.desc(), job.c.made_at, job.c.id)
    for row in connection.execute(query).all():
        yield _job(row)


@dataclass(frozen=True, slots=True)
class Queue:
    """What workers have before them: jobs that nobody has begun and that are worked on, and photos of both that wait
    and that somebody works on."""

    queued: int
    running: int
    waiting: int
    leased: int


def queue(connection: Connection) -> Queue:
    """How much there is to do in all jobs that workers may take photos of."""
    states = [state.value for state in JobState if state.is_open]
    jobs = select(job.c.state, func.count()).where(job.c.state.in_(states)).group_by(job.c.state)
    count = {str(state): int(number) for state, number in connection.execute(jobs)}
    mine = job_item.c.job_id.in_(select(job.c.id).where(job.c.state.in_(states))) & (job_item.c.state != ItemState.DONE)
    items = select(job_item.c.state, func.count()).where(mine).group_by(job_item.c.state)
    left = {int(state): int(number) for state, number in connection.execute(items)}
    return Queue(
        count.get(JobState.QUEUED.value, 0),
        count.get(JobState.RUNNING.value, 0),
        left.get(ItemState.WAITING, 0),
        left.get(ItemState.LEASED, 0),
    )


def started(connection: Connection, of: Job, conditions: str) -> Job:
    """A job that a worker begins with under these conditions; answers of other conditions have to be found anew."""
    if of.state is JobState.RUNNING and of.conditions == conditions:
        return of
    values: dict[str, Any] = {"state": JobState.RUNNING.value, "conditions": conditions}
    if not of.started_at:
        values["started_at"] = now_of(connection)
    change(connection, of.number, **values)
    if of.conditions not in ("", conditions):
        job_leases.ask_again(connection, of.number, keep_answers=False)
    return replace(of, **{**values, "state": JobState.RUNNING})


def progress(connection: Connection, of: Job) -> Progress:
    """How far a job has come, and how fast it goes."""
    now, done_at = now_of(connection), job_item.c.done_at
    mine = job_item.c.job_id == of.number
    counts = select(job_item.c.outcome, func.count()).where(mine, done_at > 0).group_by(job_item.c.outcome)
    outcomes = {str(outcome): int(count) for outcome, count in connection.execute(counts)}
    recent = select(func.count()).where(mine, done_at > now - RECENT_SECONDS, job_item.c.code == "")
    lately = int(connection.execute(recent).scalar_one())
    done, running = sum(outcomes.values()), of.state is JobState.RUNNING
    speed = lately / min(RECENT_SECONDS, max(1, now - of.started_at)) if running else 0.0
    held = select(func.count(func.distinct(job_item.c.worker))).where(mine, job_item.c.state == ItemState.LEASED)
    workers = int(connection.execute(held).scalar_one())
    left = (of.total - done) / speed if speed else None
    return Progress(of.total, done, workers, speed, left, outcomes)


def touched_at(connection: Connection, of: Job) -> int:
    """When somebody last did something about a job: made it, began with it, or answered one of its photos."""
    last = select(func.max(job_item.c.done_at)).where(job_item.c.job_id == of.number)
    return max(of.made_at, of.started_at, int(connection.execute(last).scalar_one() or 0))


def remove(connection: Connection, number: int) -> None:
    """Forget a job with everything that it found."""
    ids = select(job_item.c.id).where(job_item.c.job_id == number)
    connection.execute(delete(job_pair).where(job_pair.c.item_id.in_(ids)))
    connection.execute(delete(job_item).where(job_item.c.job_id == number))
    connection.execute(delete(job).where(job.c.id == number))


def workers(connection: Connection) -> Sequence[Row[Any]]:
    """Every process that works on jobs, dead or alive."""
    return connection.execute(select(job_worker).order_by(job_worker.c.id)).all()


def _job(row: Row[Any]) -> Job:
    return Job(
        number=row.id, name=row.name, kind=JobKind(row.kind), state=JobState(row.state), reason=row.reason,
        priority=row.priority, options=JobOptions.of(row.options), conditions=row.conditions, source=row.source,
        folder=row.folder, made_by=row.made_by, made_at=row.made_at, started_at=row.started_at,
        ended_at=row.ended_at, total=row.total,
        mandate=_mandate(row.rights, row.tokens),
    )  # fmt: skip


def _mandate(rights: str, tokens: str) -> Mandate:
    return Mandate(frozenset(map(Right, filter(None, rights.split(",")))), tuple(filter(None, tokens.split(","))))
