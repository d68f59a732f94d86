"""A worker: takes photos of open jobs, has them prepared and searches them, until there are none or it is stopped.

Whatever happens to a worker, each photo has one answer and one entry of the audit: both are written in one transaction,
and only while the photo is still leased to the worker that writes.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from matcher.audit.acting import acting
from matcher.batches import in_batches
from matcher.errors import RecordsError
from matcher.jobs import alive
from matcher.jobs.ahead import tasks_of
from matcher.jobs.answering import Answering, Refused
from matcher.jobs.expiring import Expiry
from matcher.jobs.finishing import finish
from matcher.jobs.job import Item, Job, JobState, Progress, item_id
from matcher.jobs.register import Jobs
from matcher.photo_work import Known, PhotoTask, PhotoWorkforce, Worked
from matcher.pipeline import Matcher
from matcher.places import SOURCE_GONE
from matcher.records import job_leases, job_rows

LEASED_AT_ONCE = 32
_POLL_SECONDS = 1.0
_log = logging.getLogger(__name__)

Turn = tuple[Job, Item]
"""A photo, and the job that it is of as it stood when the photo was leased."""
Told = Callable[[Job, Progress], None]


class Worker:
    """One worker over an open matcher and a workforce that prepares photos.

    only: the number of the one job to work on; None for all. stays: wait for more when nothing is left. told: after
    every batch of photos, how far the job is.
    """

    def __init__(
        self,
        matcher: Matcher,
        workforce: PhotoWorkforce,
        jobs: Jobs,
        answering: Answering,
        *,
        only: int | None = None,
        stays: bool = False,
        lease_seconds: float = alive.LEASE_SECONDS,
        told: Told = lambda _job, _progress: None,
    ) -> None:
        self._matcher = matcher
        self._database = matcher.gallery.database
        self._workforce = workforce
        self._jobs = jobs
        self._expiry = Expiry(self._database, jobs.home)
        self._answering = answering
        self._only = only
        self._stays = stays
        self._lease_seconds = lease_seconds
        self._told = told
        self._stop = threading.Event()
        self._number = secrets.randbits(62)
        self._searched = 0

    def stop(self) -> None:
        """End after what is under way; from any thread or a signal's handler."""
        self._stop.set()

    def run(self) -> int:
        """Work until nothing is left, or until stopped; how many photos were searched.

        Photos that another worker holds are waited for, and taken over if it dies. Raises WorkersUnavailable,
        RecordsError and IndexFault; what was done is kept then, and what was not waits for the next worker.
        """
        with self._introduced():
            while not self._stop.is_set():
                self._expiry.look()
                in_batches(self._turns(), self._workforce, self._answer, together=lambda turn: turn[0].number)
                for job in self._open_jobs():
                    finish(self._matcher, self._jobs, job)
                if not self._open_jobs() and not self._stays:
                    break
                self._stop.wait(_POLL_SECONDS)
        return self._searched

    @contextmanager
    def _introduced(self) -> Iterator[None]:
        """Known as a worker, with a heart that beats, while the block runs."""
        with self._database.writing() as connection:
            alive.introduce(connection, self._number)
        over = threading.Event()
        heart = threading.Thread(target=self._beat, args=(over,), daemon=True)
        heart.start()
        try:
            yield
        finally:
            over.set()
            heart.join()
            with suppress(RecordsError), self._database.writing() as connection:
                job_leases.end(connection, [self._number])

    def _beat(self, over: threading.Event) -> None:
        while not over.wait(min(alive.BEAT_SECONDS, self._lease_seconds / 4)):
            # Records that can't be written for a moment are the main thread's to report.
            with suppress(RecordsError), self._database.writing(flushed=False) as connection:
                if not job_leases.beat(connection, self._number):
                    # Taken for dead, as after a long sleep: what was held is others' now.
                    alive.introduce(connection, self._number)
                alive.bury(connection, lease_seconds=self._lease_seconds)

    def _open_jobs(self) -> list[Job]:
        """Those that this worker may work on: by priority, then the oldest."""
        with self._database.reading() as connection:
            found = list(job_rows.next_open(connection))
        return [job for job in found if self._only in (None, job.number) and self._jobs.is_here(job)]

    def _turns(self) -> Iterator[tuple[Turn, PhotoTask]]:
        """Photos to prepare, as long as there are any; read from the workforce's threads."""
        while not self._stop.is_set():
            job, items = self._leased()
            if job is None:
                return
            tasks = tasks_of(items, limits=self._answering.limits, keep=self._answering.keeps(job))
            for item, task in zip(items, tasks, strict=True):
                yield (job, item), task

    def _leased(self) -> tuple[Job | None, Sequence[Item]]:
        """The next photos of the first job that has any."""
        for job in self._open_jobs():
            # Before the transaction: it may have to learn about a whole gallery.
            with acting(job.named):
                conditions = self._answering.conditions(job)
            if isinstance(conditions, Refused):
                self._fail(job, conditions.reason)
                continue
            with self._database.writing(flushed=False) as connection:
                alive.bury(connection, lease_seconds=self._lease_seconds)
                now = job_rows.find(connection, job.number)
                if now is None or not now.state.is_open:
                    continue
                now = job_rows.started(connection, now, conditions.lasting)
                items = job_leases.lease(
                    connection, now.number, self._number, LEASED_AT_ONCE, version=conditions.version
                )
            if not self._jobs.holds(job, items):
                self._fail(job, "it names photos outside the upload that came for it; create it anew")
                continue
            if items:
                return now, items
        return None, ()

    def _answer(self, batch: Sequence[tuple[Turn, Worked | Known]]) -> None:
        """Search a batch of one job's photos and keep what was found."""
        job = batch[0][0][0]
        gone = [done.prepared.reason for _, done in batch if isinstance(done, Worked) and _is_gone(done)]
        if gone:
            self._fail(job, gone[0])
        known = [item_id(job.number, item.number) for (_, item), done in batch if isinstance(done, Known)]
        if known:
            with self._database.writing() as connection:
                job_leases.confirm(connection, sorted(job_leases.still_mine(connection, self._number, known)))
        ready = [(item, done) for (_, item), done in batch if isinstance(done, Worked) and not _is_gone(done)]
        if ready:
            with acting(job.named):
                refusal = self._answering.answer(job, ready, self._number)
            if refusal is not None:
                self._fail(job, refusal.reason)
                return
            self._searched += len(ready)
        with self._database.reading() as connection:
            self._told(job, job_rows.progress(connection, job))

    def _fail(self, job: Job, reason: str) -> None:
        """Nobody can go on with this job as things are; what was found stays, and what this worker holds waits."""
        _log.warning("job %s can't go on: %s", job.id, reason)
        with self._database.writing() as connection:
            job_leases.give_back(connection, self._number, job.number)
            job_rows.change(
                connection,
                job.number,
                state=JobState.FAILED.value,
                reason=reason,
                ended_at=job_leases.now_of(connection),
            )


def _is_gone(done: Worked) -> bool:
    return done.prepared.code == SOURCE_GONE
