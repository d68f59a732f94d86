"""The end of a job: photos of the same face are linked, then it is done, once, whoever comes first."""

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.jobs.job import Job, JobState
from matcher.jobs.register import Jobs
from matcher.pipeline import Matcher
from matcher.records import job_leases, job_pairs, job_rows
from matcher.records.job_pairs import Pair
from matcher.records.turns import turn
from matcher.same_faces import same_faces


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
        found = same_faces(matcher, job.options.among, ids.tolist(), vectors)
        pairs = [Pair(one.number, one.other, one.score, one.false_alarm_probability) for one in found]
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
