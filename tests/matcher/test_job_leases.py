"""Leases of photos on SQLite and on a PostgreSQL server alike."""

from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from matcher.jobs import alive
from matcher.jobs.job import JobOptions, JobState, item_id
from matcher.jobs.register import Jobs
from matcher.records import job_leases, job_pairs, job_rows
from matcher.records.database import Database
from matcher.records.job_leases import Kept
from matcher.records.job_pairs import Pair
from tests.matcher.job_parts import cases
from tests.matcher.scoring_people import ENGINE


def test_a_photo_is_one_workers_until_it_is_done_or_the_worker_is_dead(url: str, tmp_path: Path) -> None:
    with closing(Database.open(url)) as database:
        jobs = Jobs(database, tmp_path)
        job = jobs.create("some", cases(10), JobOptions(ENGINE), made_by="os:anna", source="a test")
        with database.writing() as connection:
            for worker, process in ((1, 0), (2, 2**22 + 1)):
                job_leases.begin(connection, worker, host=alive.host_here(), process=process, born="1")
            first = job_leases.lease(connection, job.number, 1, 6, version=0)
            second = job_leases.lease(connection, job.number, 2, 6, version=0)
        assert (len(first), len(second)) == (6, 4)
        assert not {item.number for item in first} & {item.number for item in second}
        deadlines = [item.deadline for item in (*first, *second)]
        assert deadlines == sorted(deadlines)
        ids = [item_id(job.number, item.number) for item in first]
        with database.writing() as connection:
            assert job_leases.still_mine(connection, 1, ids) == set(ids)
            assert job_leases.still_mine(connection, 2, ids) == set()
            job_leases.keep(connection, [Kept(ids[0], "ab" * 32, "nobody", None, 50.0, 3, b"answer", b"")])
            assert job_leases.counts(connection, job.number) == (0, 9)
            # Neither process is there, which this machine knows at once.
            assert alive.bury(connection) == 9
            assert job_leases.counts(connection, job.number) == (9, 0)
            job_pairs.replace(connection, job.number, [Pair(ids[1], ids[0], 3.5, 0.001)])
        far = jobs.progress(job.number)
        assert (far.done, far.total, far.outcomes) == (1, 10, {"nobody": 1})
        with database.reading() as connection:
            assert job_pairs.same_faces(connection, job.number) == {first[1].number: [first[0].number]}
            assert len(list(job_rows.next_open(connection))) == 1
        jobs.cancel(job.number)
        jobs.resume(job.number)
        assert jobs.get(job.number).state is JobState.QUEUED
        jobs.cancel(job.number)
        jobs.remove(job.number)
        with database.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM job_item")).scalar_one() == 0
