"""Who works on which photo of a job: leased by a worker that is heard of, taken over when it is not."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from matcher.jobs.job import MOST_ITEMS, Item, ItemState
from matcher.records.bulk import in_parts
from matcher.records.job_tables import job_item, job_worker
from matcher.records.vault import vault_of

ANSWER = b"job_item.answer"
VECTOR = b"job_item.vector"


@dataclass(frozen=True, slots=True, repr=False)
class Kept:
    """What was found of a photo, as it is kept. item: its id. answer, vector: sealed here; vector: float32 as bytes,
    empty without a face. strength: log10 likelihood ratio or score of the first candidate, None without any."""

    item: int
    sha256: str
    outcome: str
    strength: float | None
    quality: float | None
    version: int
    answer: bytes
    vector: bytes


def now_of(connection: Connection) -> int:
    """Seconds since 1970 by the clock that all processes of these records share."""
    if connection.dialect.name == "postgresql":
        return int(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
    return int(time.time())


def begin(connection: Connection, worker: int, *, host: str, process: int, born: str) -> None:
    """Note a worker that begins now."""
    now = now_of(connection)
    values = {"id": worker, "host": host, "process": process, "born": born, "started_at": now, "seen_at": now}
    connection.execute(insert(job_worker), values)


def beat(connection: Connection, worker: int) -> bool:
    """Note that a worker is alive; False where others took it for dead and have taken its photos over."""
    mine = update(job_worker).where(job_worker.c.id == worker).values(seen_at=now_of(connection))
    return bool(connection.execute(mine).rowcount)


def end(connection: Connection, workers: Sequence[int]) -> int:
    """Forget workers; what they held waits again. How many photos that were."""
    if not workers:
        return 0
    held = (job_item.c.worker.in_(workers)) & (job_item.c.state == ItemState.LEASED)
    freed = connection.execute(update(job_item).where(held).values(state=ItemState.WAITING, worker=0)).rowcount
    connection.execute(delete(job_worker).where(job_worker.c.id.in_(workers)))
    return int(freed)


def give_back(connection: Connection, worker: int, job: int) -> None:
    """What a worker holds of one job waits again."""
    held = (job_item.c.worker == worker) & (job_item.c.state == ItemState.LEASED) & (job_item.c.job_id == job)
    connection.execute(update(job_item).where(held).values(state=ItemState.WAITING, worker=0))


def lease(connection: Connection, job: int, worker: int, count: int, *, version: int) -> list[Item]:
    """Take the next photos of a job, nearest deadlines first. version: of the records; an answer of it still holds."""
    waiting = (job_item.c.job_id == job) & (job_item.c.state == ItemState.WAITING)
    columns = (
        job_item.c.id, job_item.c.case_id, job_item.c.photo, job_item.c.place, job_item.c.deadline,
        job_item.c.sha256, job_item.c.version,
    )  # fmt: skip
    rows = connection.execute(
        select(*columns).where(waiting).order_by(job_item.c.deadline, job_item.c.id).limit(count)
    ).all()
    ids = [row.id for row in rows]
    for part in in_parts(ids, 500):
        taken = update(job_item).where(job_item.c.id.in_(part))
        connection.execute(taken.values(state=ItemState.LEASED, worker=worker))
    return [
        Item(
            row.id % MOST_ITEMS,
            row.case_id,
            row.photo,
            row.place,
            row.deadline,
            known=row.sha256 if row.version == version else "",
        )
        for row in rows
    ]


def counts(connection: Connection, job: int) -> tuple[int, int]:
    """How many photos wait, and how many somebody works on."""
    query = select(job_item.c.state, func.count()).where(job_item.c.job_id == job, job_item.c.state != ItemState.DONE)
    found = {int(state): int(count) for state, count in connection.execute(query.group_by(job_item.c.state))}
    return found.get(ItemState.WAITING, 0), found.get(ItemState.LEASED, 0)


def still_mine(connection: Connection, worker: int, items: Iterable[int]) -> set[int]:
    """Which of these photos this worker still holds."""
    found: set[int] = set()
    for part in in_parts(items, 500):
        held = (job_item.c.worker == worker) & (job_item.c.state == ItemState.LEASED)
        found.update(connection.execute(select(job_item.c.id).where(job_item.c.id.in_(part), held)).scalars())
    return found


def keep(connection: Connection, results: Sequence[Kept]) -> None:
    """Write what was found of photos that this worker holds; they are done."""
    if not results:
        return
    vault, ids = vault_of(connection), [one.item for one in results]
    answers = vault.seal(connection, ANSWER, ids, [one.answer for one in results])
    marked = [(one.item, one.vector) for one in results if one.vector]
    sealed = vault.seal(connection, VECTOR, [item for item, _ in marked], [vector for _, vector in marked])
    vectors = dict(zip((item for item, _ in marked), sealed, strict=True))
    now = now_of(connection)
    values = [
        {
            "item": one.item, "sha256": one.sha256, "outcome": one.outcome, "strength": one.strength,
            "quality": one.quality, "version": one.version, "answer": answer, "vector": vectors.get(one.item, b""),
            "done_at": now,
        }
        for one, answer in zip(results, answers, strict=True)
    ]  # fmt: skip
    names = ("sha256", "outcome", "strength", "quality", "version", "answer", "vector", "done_at")
    done = update(job_item).where(job_item.c.id == bindparam("item"))
    connection.execute(done.values(state=ItemState.DONE, worker=0, **{name: bindparam(name) for name in names}), values)


def confirm(connection: Connection, items: Sequence[int]) -> None:
    """Photos that were looked at again and have not changed: their answers hold."""
    for part in in_parts(items, 500):
        done = update(job_item).where(job_item.c.id.in_(part))
        connection.execute(done.values(state=ItemState.DONE, worker=0, done_at=now_of(connection)))


def ask_again(connection: Connection, job: int, *, keep_answers: bool) -> int:
    """Let every photo of a job wait again; how many. keep_answers: an answer to unchanged bytes may still hold."""
    every = (job_item.c.job_id == job) & (job_item.c.state == ItemState.DONE) & (job_item.c.code == "")
    values: dict[str, object] = {"state": ItemState.WAITING, "worker": 0, "done_at": 0}
    if not keep_answers:
        values |= {"version": -1}
    return int(connection.execute(update(job_item).where(every).values(**values)).rowcount)
