"""Photos that were sent for a job are kept no longer than somebody may still need them: they are of people in custody.

Those of a job that is done go at once (finishing.py); here go those of jobs that ended otherwise, were never begun, or
were left behind by a process that was killed.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection

from matcher.audit.acting import acting
from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.jobs.job import Job, JobState
from matcher.jobs.register import FOLDER, RESUMABLE_SECONDS
from matcher.records import job_rows
from matcher.records.database import Database

_DAY = 86_400
UNTOUCHED_SECONDS = 30 * _DAY
"""After so long without a worker a job has failed."""
HALF_SECONDS = _DAY
"""What was not sent whole goes when nothing more of it has come for so long."""
_EVERY_SECONDS = 3_600.0
_SELF = "matcher:expiry"


class Expiry:
    """Looks after the uploads of one home, at most once an hour. now: seconds since 1970."""

    def __init__(self, database: Database, home: Path, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._folder = home / FOLDER
        self._now = now
        self._next = 0.0

    def look(self) -> None:
        """Remove what is due, if it was not looked at a while ago. Raises RecordsError."""
        if self._now() >= self._next:
            self._next = self._now() + _EVERY_SECONDS
            self.remove()

    def remove(self) -> int:
        """Remove the uploads that are due; how many. Raises RecordsError."""
        removed = 0
        for folder in sorted(self._folder.glob("*")) if self._folder.is_dir() else ():
            with acting(_SELF), self._database.writing() as connection:
                job = _job_of(connection, folder.name)
                if job is not None and job.state.is_open:
                    job = self._given_up(connection, job)
                if not self._is_due(folder, job):
                    continue
                if job is not None:
                    details = {"job": job.id, "what": "photos expired"}
                    append(connection, Entry(Action.JOB_CHANGED, (), details))
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
        return removed

    def _is_due(self, folder: Path, job: Job | None) -> bool:
        if job is not None and job.state.is_open:
            return False
        if job is not None and job.total:
            return self._now() >= job.ended_at + RESUMABLE_SECONDS
        return self._now() >= _changed_at(folder) + HALF_SECONDS

    def _given_up(self, connection: Connection, job: Job) -> Job:
        if self._now() < job_rows.touched_at(connection, job) + UNTOUCHED_SECONDS:
            return job
        reason = f"nobody worked on it for {UNTOUCHED_SECONDS // _DAY} days; let it go on, or make it anew"
        values = {"state": JobState.FAILED.value, "reason": reason, "ended_at": int(self._now())}
        job_rows.change(connection, job.number, **values)
        append(connection, Entry(Action.JOB_CHANGED, (), {"job": job.id, "what": "given up"}))
        return job_rows.find(connection, job.number) or job


def _job_of(connection: Connection, name: str) -> Job | None:
    try:
        number = int(name, 16)
    except ValueError:
        return None
    job = job_rows.find(connection, number) if 0 < number < 1 << 63 else None
    return job if job is not None and job.folder == name else None


def _changed_at(folder: Path) -> float:
    """When something in it was last written."""
    latest = 0.0
    for path in (folder, *folder.rglob("*")):
        # A photo that is just being received may get its last name in this moment.
        with suppress(FileNotFoundError):
            latest = max(latest, path.lstat().st_mtime)
    return latest
