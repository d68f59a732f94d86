"""Jobs as those who ask for them know them: created, listed, cancelled, given priority, asked again, removed."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from secrets import randbits

from sqlalchemy import Connection

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.casework.numbers import number_of
from matcher.errors import AlreadyThere, BadField, BadManifest, NotFound
from matcher.jobs.job import (
    MOST_ITEMS,
    MOST_PRIORITY,
    UNKNOWN,
    Item,
    Job,
    JobKind,
    JobOptions,
    JobState,
    Mandate,
    Progress,
)
from matcher.manifest import Case
from matcher.person import shown
from matcher.places import all_inside
from matcher.records import job_leases, job_rows
from matcher.records.bulk import in_parts
from matcher.records.database import Database

FOLDER = "jobs"
"""Below the home: a folder for each upload."""
RESUMABLE_SECONDS = 7 * 86_400
"""So long after a job was cancelled or has failed it can go on; then the photos that were sent for it go."""
_AT_ONCE = 5_000
_JOB_BITS = 39


class Jobs:
    """The jobs of one database. home: where uploads lie; who: acts, as the audit names them, where no door has said."""

    def __init__(self, database: Database, home: Path, *, new_number: Callable[[], int] = lambda: randbits(39) or 1):
        self._database = database
        self.home = home
        self._new_number = new_number

    def begin(
        self, name: str, options: JobOptions, *, made_by: str, source: str, kind: JobKind = JobKind.PHOTOS,
        priority: int = 0, uploads: bool = False, mandate: Mandate = UNKNOWN,
    ) -> Job:  # fmt: skip
        """A job without photos yet; nobody works on it. uploads: its photos will be sent; mandate: of whoever makes it.
        Raises BadField."""
        if kind is JobKind.CASES and not options.among.gallery:
            raise BadField("gallery", "a job in cases is searched in one gallery that they were put to; name it")
        number = self._new_number()
        made = Job(
            number, _checked_name(name), kind, JobState.UPLOADING, options, source, made_by, 0,
            priority=_checked_priority(priority), folder=f"{number:x}" if uploads else "",
            mandate=mandate,
        )  # fmt: skip
        with self._database.writing() as connection:
            made = replace(made, made_at=job_leases.now_of(connection))
            job_rows.add(connection, made)
            append(connection, _entry(made, "begun", kind=made.kind.value, options=made.options.text()))
        return made

    def fill(self, number: int, cases: Iterable[Case], *, by: Mandate | None = None) -> Job:
        """Give a job its photos, in their order; from now on it is worked on. Raises NotFound, AlreadyThere.

        by: of whoever sends them, if that need not be who made it.
        """
        with self._database.writing() as connection:
            made = _narrowed(self._found(connection, number), by)
            if made.state is not JobState.UPLOADING:
                raise AlreadyThere(f"job {made.id} has its photos already; create another one")
            # What a killed attempt had written is written anew.
            job_rows.remove(connection, number)
            job_rows.add(connection, made)
            total = 0
            for part in in_parts(_items(cases), _AT_ONCE):
                if not self.holds(made, part):
                    raise BadManifest(f"job {made.id} names photos outside the upload that came for it; send it again")
                total += len(part)
                if total >= MOST_ITEMS:
                    raise BadManifest(f"a job takes less than {MOST_ITEMS:,} photos; make several")
                job_rows.add_items(connection, number, part)
            job_rows.change(connection, number, total=total, state=JobState.QUEUED.value)
            append(connection, _entry(made, "queued", photos=total))
            return self._found(connection, number)

    def create(
        self, name: str, cases: Iterable[Case], options: JobOptions, *, made_by: str, source: str,
        kind: JobKind = JobKind.PHOTOS, priority: int = 0,
    ) -> Job:  # fmt: skip
        """Both together, for photos that stay where they are."""
        made = self.begin(name, options, made_by=made_by, source=source, kind=kind, priority=priority)
        return self.fill(made.number, cases)

    def get(self, number: int) -> Job:
        """A job; raises NotFound."""
        with self._database.reading() as connection:
            return self._found(connection, number)

    def progress(self, number: int) -> Progress:
        """How far a job has come; raises NotFound."""
        with self._database.reading() as connection:
            return job_rows.progress(connection, self._found(connection, number))

    def every(self, *, limit: int = 100) -> tuple[tuple[Job, Progress], ...]:
        """The latest jobs with their progress: those that are worked on first."""
        with self._database.reading() as connection:
            return tuple((job, job_rows.progress(connection, job)) for job in job_rows.every(connection, limit=limit))

    def listed(self) -> tuple[Job, ...]:
        """All jobs in the same order, without their progress."""
        with self._database.reading() as connection:
            return job_rows.every(connection)

    def cancel(self, number: int) -> Job:
        """Let nobody work on a job any more; what was found stays, and `resume` goes on from there."""
        with self._changing(number, "cancelled") as (connection, job):
            if not job.state.is_open and job.state is not JobState.UPLOADING:
                raise BadField("state", f"job {job.id} is {job.state.value}; only one that is open can be cancelled")
            values = {"state": JobState.CANCELLED.value, "ended_at": job_leases.now_of(connection)}
            job_rows.change(connection, number, **values)
        return self.get(number)

    def resume(self, number: int, *, by: Mandate | None = None) -> Job:
        """Go on with a job that was cancelled or has failed, while its photos are kept. by: of whoever lets it."""
        with self._changing(number, "resumed") as (connection, job):
            if job.state not in (JobState.CANCELLED, JobState.FAILED) or not job.total:
                raise BadField("state", f"job {job.id} is {job.state.value}; there is nothing to resume")
            now = job_leases.now_of(connection)
            if job.folder and now >= job.ended_at + RESUMABLE_SECONDS:
                raise BadField(
                    "state",
                    f"job {job.id} ended more than {RESUMABLE_SECONDS // 86_400} days ago, and the photos that were "
                    "sent for it are gone; make another one",
                )
            values = {"state": JobState.QUEUED.value, "reason": "", "ended_at": 0, "started_at": now}
            job_rows.change(connection, number, **values, **job_rows.mandate_values(_narrowed(job, by).mandate))
        return self.get(number)

    def again(self, number: int) -> Job:
        """Search anew what the records' changes may have made out of date; what is still right is kept."""
        with self._changing(number, "asked again") as (connection, job):
            if job.state is not JobState.DONE:
                raise BadField("state", f"job {job.id} is {job.state.value}; only one that is done can be asked again")
            if job.folder:
                raise BadField("state", f"the photos of job {job.id} were uploaded and are gone; create another one")
            job_leases.ask_again(connection, number, keep_answers=True)
            job_rows.change(connection, number, state=JobState.QUEUED.value, ended_at=0)
        return self.get(number)

    def prioritise(self, number: int, priority: int) -> Job:
        """Which job is worked on first: the higher one; workers heed it at their next photos."""
        priority = _checked_priority(priority)
        with self._changing(number, "priority", priority=priority) as (connection, _):
            job_rows.change(connection, number, priority=priority)
        return self.get(number)

    def remove(self, number: int) -> None:
        """Forget a job with everything that it found, and its upload."""
        with self._changing(number, "removed") as (connection, job):
            if job.state.is_open:
                raise BadField("state", f"job {job.id} is {job.state.value}; cancel it first")
            job_rows.remove(connection, number)
        self.drop_upload(job)

    def is_here(self, job: Job) -> bool:
        """Whether this home has the photos of a job: an upload lies in the home that took it."""
        return not job.folder or self.upload_place(job).exists()

    def holds(self, job: Job, items: Sequence[Item]) -> bool:
        """Whether all of these photos are in the upload of their job, if it has one"""
        return not job.folder or all_inside((item.place for item in items), self.upload_place(job))

    def upload_place(self, job: Job) -> Path:
        """Where the photos of an upload lie."""
        return self.home / FOLDER / job.folder / "photos"

    def drop_upload(self, job: Job) -> None:
        """Remove the photos of an upload; harmless where there are none."""
        if job.folder:
            shutil.rmtree(self.home / FOLDER / job.folder, ignore_errors=True)

    def _found(self, connection: Connection, number: int) -> Job:
        job = job_rows.find(connection, number)
        if job is None:
            raise NotFound("there is no such job; matcher jobs list names them")
        return job

    @contextmanager
    def _changing(self, number: int, what: str, **details: object) -> Iterator[tuple[Connection, Job]]:
        with self._database.writing() as connection:
            job = self._found(connection, number)
            yield connection, job
            append(connection, _entry(job, what, **details))


def job_number(text: str) -> int:
    """The number of a job's id; of one that can't be there for what is no id."""
    number = number_of("J", text)
    return number if number < 1 << _JOB_BITS else 0


def _narrowed(job: Job, by: Mandate | None) -> Job:
    return job if by is None else replace(job, mandate=job.mandate.narrowed(by))


def _items(cases: Iterable[Case]) -> Iterator[Item]:
    for number, case in enumerate(cases):
        place = case.path
        if place and not place.startswith("["):
            place = str(Path(place).absolute())
        yield Item(number, case.case_id, case.photo, place, case.deadline, case.code, case.reason)


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > 128 or not name.isprintable():
        raise BadField("name", f"name {shown(name)} is not a printable text of 1 to 128 characters")
    return name


def _checked_priority(priority: int) -> int:
    if not -MOST_PRIORITY <= priority <= MOST_PRIORITY:
        raise BadField("priority", f"priority {priority} is not from {-MOST_PRIORITY} to {MOST_PRIORITY}")
    return priority


def _entry(job: Job, what: str, **details: object) -> Entry:
    return Entry(Action.JOB_CHANGED, (), {"job": job.id, "what": what, **details})
