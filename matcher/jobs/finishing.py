"""The end of a job: photos of the same face are linked, then it is done, once, whoever comes first."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.jobs.job import Job, JobState
from matcher.jobs.register import Jobs
from matcher.pipeline import Matcher
from matcher.records import job_leases, job_pairs, job_rows
from matcher.records.job_pairs import Pair
from matcher.records.turns import turn
from matcher.records.values import PersonKey
from matcher.scoring.likeness import unit
from matcher.scoring.rating import Asked

ALARMING = 0.01
"""Photos are linked whose likeness would come up by chance, among as many strangers, in at most so many searches."""
_NEAREST = 5
_BLOCK = 1_024


def finish(matcher: Matcher, jobs: Jobs, job: Job) -> bool:
    """Link and end a job if nothing of it waits and nobody works on it; whether this call did."""
    database = matcher.gallery.database
    if not _is_ready(matcher, job):
        return False
    with turn(database, f"end of job {job.number}"):
        if not _is_ready(matcher, job):
            return False
        with database.reading() as connection:
            ids, vectors = job_pairs.vectors(connection, job.number, matcher.gallery.dimension)
        pairs = list(_pairs(matcher, job, ids, vectors))
        with database.writing() as connection:
            now = job_rows.find(connection, job.number)
            if now is None or not now.state.is_open or any(job_leases.counts(connection, job.number)):
                return False
            job_pairs.replace(connection, job.number, pairs)
            job_rows.change(connection, job.number, state=JobState.DONE.value, ended_at=job_leases.now_of(connection))
            append(connection, Entry(Action.JOB_CHANGED, (), {"job": job.id, "what": "done", "pairs": len(pairs)}))
    jobs.drop_upload(job)
    return True


def _is_ready(matcher: Matcher, job: Job) -> bool:
    with matcher.gallery.database.reading() as connection:
        now = job_rows.find(connection, job.number)
        return now is not None and now.state.is_open and not any(job_leases.counts(connection, job.number))


def _pairs(matcher: Matcher, job: Job, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> Iterator[Pair]:
    """Photos that show the same face, each with those before it; without calibration none can be said to."""
    state = matcher.gallery.state()
    scale = matcher.scorer.scale(job.options.among, state)
    if len(ids) < 2 or scale.calibration is None:
        return
    # As many strangers can be found as there are photos, not as there are people in the galleries.
    scale = replace(scale, people=len(ids))
    units = unit(vectors)
    keys: list[PersonKey] = [("-job", str(number)) for number in ids.tolist()]
    for first in range(0, len(ids), _BLOCK):
        block = units[first : first + _BLOCK]
        likeness = block @ units[: first + len(block)].T
        for row, near in enumerate(likeness):
            place = first + row
            best = np.argsort(-near[:place], kind="stable")[:_NEAREST] if place <= _NEAREST else _largest(near[:place])
            photos = {keys[other]: vectors[other][None] for other in best.tolist()}
            if not photos:
                continue
            (rated,) = matcher.scorer.rate(vectors[place][None], [list(photos)], photos, scale, Asked(_NEAREST))
            for entry in rated.listed:
                if entry.fpir is not None and entry.fpir <= ALARMING:
                    yield Pair(int(ids[place]), int(entry.key[1]), entry.score, entry.fpir)


def _largest(near: NDArray[np.float32]) -> NDArray[np.int64]:
    found = np.argpartition(-near, _NEAREST)[:_NEAREST]
    return found[np.argsort(-near[found], kind="stable")]
