"""Jobs: worked by any number of workers, each photo answered once, whoever dies, stops or changes their mind."""

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from api.metrics import Metrics
from matcher.accounts.passwords import Passwords
from matcher.accounts.register import Register
from matcher.accounts.roles import Role
from matcher.backlog_table import Listed, write_candidates
from matcher.errors import AlreadyThere, BadField, NotFound
from matcher.jobs.job import Job, JobOptions, JobState, item_id, job_id
from matcher.jobs.register import Jobs, job_number
from matcher.jobs.results import listing_of
from matcher.pipeline import Matcher
from matcher.protection import keys
from matcher.protection.master import FILE_VARIABLE, make_key_file, master_key
from matcher.records import job_leases, job_rows, job_tallies
from matcher.records.database import Database
from tests.audit.parts import verified
from tests.matcher.job_parts import Here, cases, create, started, worker
from tests.matcher.live_parts import opened
from tests.matcher.scoring_people import ENGINE

PHOTOS = 150
KILLS = int(os.environ.get("MATCHER_JOB_KILLS", "3"))
SEED = int(os.environ.get("MATCHER_KILL_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Matcher, Jobs]]:
    with started(tmp_path / "home") as parts:
        yield parts


def _searches(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute(text("SELECT count(*) FROM audit_entry WHERE action = 'search'")).scalar_one())


def _table(matcher: Matcher, job: Job, path: Path) -> bytes:
    write_candidates(path, listing_of(matcher.gallery.database, job), matcher.gallery)
    return path.read_bytes()


def _all(matcher: Matcher, job: Job) -> list[Listed]:
    return list(listing_of(matcher.gallery.database, job)())


def test_every_photo_is_answered_once_in_its_order(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    job = create(jobs, PHOTOS)
    assert worker(matcher, tmp_path, Here()).run() == PHOTOS
    job, far = jobs.get(job.number), jobs.progress(job.number)
    assert (job.state, far.done, far.total) == (JobState.DONE, PHOTOS, PHOTOS)
    assert sum(far.outcomes.values()) == PHOTOS
    assert _searches(matcher.gallery.database) == PHOTOS
    found = _all(matcher, job)
    assert [item.case.case_id for item in found] == [f"case-{number}" for number in range(PHOTOS)]
    for number in (0, 1, 30, 59):
        if number % 7 != 6 and number % 10 != 9:
            assert found[number].answer.leads[0].person_id == f"p{number}"
            assert found[number].answer.picture == b"jpeg" + str(number).encode()
    # The same bytes are the same photo; and both show the same face.
    assert found[19].same_photo_as == "case-18"
    assert found[19].same_face_as == ("case-18",)
    assert found[18].same_face_as == ()
    assert sorted(item.review_order for item in found) == list(range(1, PHOTOS + 1))
    ordered = sorted(found, key=lambda item: item.review_order)
    deadlines = [item.case.deadline or "9999" for item in ordered]
    assert deadlines == sorted(deadlines)
    assert verified(matcher.gallery.database).finding is None


@pytest.mark.long
def test_workers_share_a_job_and_its_result_is_that_of_one(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    alone, shared = create(jobs, PHOTOS, name="alone"), None
    worker(matcher, tmp_path, Here()).run()
    shared = create(jobs, PHOTOS, name="shared")
    several = [worker(matcher, tmp_path, Here(0.001)) for _ in range(3)]
    threads = [threading.Thread(target=one.run) for one in several]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jobs.get(shared.number).state is JobState.DONE
    assert _searches(matcher.gallery.database) == 2 * PHOTOS
    assert _table(matcher, alone, tmp_path / "a.csv") == _table(matcher, shared, tmp_path / "b.csv")


def test_a_worker_that_slept_too_long_writes_nothing_twice(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    job = create(jobs, 20)

    def meanwhile() -> None:
        # It is taken for dead while it prepares its first photo; another one does the whole job.
        with matcher.gallery.database.writing() as connection:
            held = connection.execute(text("SELECT DISTINCT worker FROM job_item WHERE worker > 0")).scalars().all()
            assert job_leases.end(connection, [int(one) for one in held]) == 20
        assert worker(matcher, tmp_path, Here()).run() == 20

    worker(matcher, tmp_path, Here(first=meanwhile)).run()
    assert _searches(matcher.gallery.database) == 20
    assert jobs.get(job.number).state is JobState.DONE


def test_jobs_of_priority_go_first_and_a_cancelled_one_not_at_all(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    first, urgent, unwanted = create(jobs, 70), create(jobs, 70, name="urgent", priority=3), create(jobs, 70)
    jobs.cancel(unwanted.number)
    order: list[str] = []
    worker(matcher, tmp_path, Here(), told=lambda job, _far: order.append(job.id)).run()
    assert list(dict.fromkeys(order)) == [urgent.id, first.id]
    assert jobs.progress(unwanted.number).done == 0
    assert all(item.answer.outcome == "not_searched" for item in _all(matcher, unwanted))
    jobs.resume(unwanted.number)
    worker(matcher, tmp_path, Here(), only=unwanted.number).run()
    assert jobs.get(unwanted.number).state is JobState.DONE


def test_asked_again_only_what_changed_is_searched(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    job = create(jobs, 30)
    worker(matcher, tmp_path, Here()).run()
    before, searched = _table(matcher, job, tmp_path / "a.csv"), _searches(matcher.gallery.database)
    jobs.again(job.number)
    assert worker(matcher, tmp_path, Here()).run() == 0
    assert _searches(matcher.gallery.database) == searched
    assert _table(matcher, job, tmp_path / "b.csv") == before
    matcher.gallery.remove_person("main", "p1")
    jobs.again(job.number)
    assert worker(matcher, tmp_path, Here()).run() == 30
    assert all(lead.person_id != "p1" for item in _all(matcher, job) for lead in item.answer.leads)


def test_what_can_not_be_is_refused(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    job = create(jobs, 3)
    with pytest.raises(AlreadyThere, match="has its photos"):
        jobs.fill(job.number, [])
    with pytest.raises(BadField, match="cancel it first"):
        jobs.remove(job.number)
    with pytest.raises(BadField, match="priority 10"):
        jobs.prioritise(job.number, 10)
    with pytest.raises(NotFound):
        jobs.get(job.number ^ 1)
    assert job_number(job.id.lower()) == job.number
    assert job_number("J-ZZZZZ-ZZZZZ") == 0
    assert job_id(job.number) == job.id
    assert item_id((1 << 39) - 1, (1 << 24) - 1) < 1 << 63
    jobs.cancel(job.number)
    with pytest.raises(BadField, match="only one that is open"):
        jobs.cancel(job.number)
    jobs.remove(job.number)
    with matcher.gallery.database.reading() as connection:
        left = Counter({table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
                        for table in ("job", "job_item", "job_pair")})  # fmt: skip
    assert not +left


def test_what_a_job_found_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "key"))
    make_key_file(tmp_path / "key")
    key = master_key()
    with started(tmp_path / "home") as (matcher, jobs):
        database = matcher.gallery.database
        plain = create(jobs, 20)
        worker(matcher, tmp_path, Here()).run()
        before = _table(matcher, plain, tmp_path / "a.csv")
        assert key is not None
        keys.begin(database, key)
        assert keys.encrypt(database) > 0
        sealed = create(jobs, 20)
        worker(matcher, tmp_path, Here()).run()
        with database.reading() as connection:
            blobs = connection.execute(text("SELECT answer, vector FROM job_item")).all()
        assert len(blobs) == 40
        assert all(bytes(blob).startswith(bytes(blobs[0][0])[:4]) for row in blobs for blob in row if blob)
        assert _table(matcher, plain, tmp_path / "b.csv") == before
        assert _table(matcher, sealed, tmp_path / "c.csv") == before


@pytest.mark.long
def test_killed_again_and_again_it_ends_as_if_undisturbed(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    home = tmp_path / "home"
    with started(home) as (matcher, jobs):
        undisturbed = create(jobs, 2 * PHOTOS, name="undisturbed")
        worker(matcher, home, Here()).run()
        job = create(jobs, 2 * PHOTOS, name="disturbed")
        searched = _searches(matcher.gallery.database)
    for kill in range(KILLS):
        # Two workers at a time, of which one is killed while both work; the other one at the next round.
        with _process(home) as one, _process(home) as other:
            time.sleep(chance.uniform(0, 0.5))
            one.kill()
            time.sleep(chance.uniform(0, 0.2))
            other.kill()
        with closing(Database.in_home(home)) as database:
            far = Jobs(database, home).progress(job.number)
            assert far.done < far.total, f"kill {kill} of seed {SEED} came too late"
    with opened(home) as matcher:
        worker(matcher, home, Here()).run()
        jobs = Jobs(matcher.gallery.database, home)
        assert jobs.get(job.number).state is JobState.DONE
        assert _searches(matcher.gallery.database) == searched + 2 * PHOTOS
        ours = _table(matcher, job, tmp_path / "a.csv")
        assert ours == _table(matcher, undisturbed, tmp_path / "b.csv"), f"seed {SEED}"
        assert verified(matcher.gallery.database).finding is None


def _process(home: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.matcher.job_parts", str(home), "0.05"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_photo_outside_its_upload_stops_the_job_and_is_not_read(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    job = create(jobs, 3)
    # As an earlier version could have let it in.
    with matcher.gallery.database.writing() as connection:
        job_rows.change(connection, job.number, folder="f")
    upload = jobs.upload_place(jobs.get(job.number))
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"")
    assert worker(matcher, tmp_path / "home", Here()).run() == 0
    stopped = jobs.get(job.number)
    assert (stopped.state, "outside the upload" in stopped.reason) == (JobState.FAILED, True)
    assert jobs.progress(job.number).done == 0


def test_a_job_searches_where_its_maker_may(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    """A gallery of which nothing is stated may be another country's: outside cases an officer may not search it."""
    matcher, jobs = place
    register = Register(matcher.gallery.database, Passwords(memory_kib=19_456))
    register.add("anna", frozenset({Role.OFFICER}), "a long enough secret 9")
    job = jobs.create("x", cases(3), JobOptions(ENGINE, top=5), made_by="account:anna", source="a test")
    worker(matcher, tmp_path, Here()).run()
    failed = jobs.get(job.number)
    assert (failed.state, "stated to be your own" in failed.reason) == (JobState.FAILED, True)
    register.set_roles("anna", frozenset({Role.SUPERVISOR}))
    jobs.resume(job.number)
    worker(matcher, tmp_path, Here()).run()
    assert jobs.get(job.number).state is JobState.DONE


def test_what_workers_searched_is_told_to_prometheus(place: tuple[Matcher, Jobs], tmp_path: Path) -> None:
    matcher, jobs = place
    job = create(jobs, 30)
    worker(matcher, tmp_path, Here()).run()
    jobs.remove(job.number)
    with matcher.gallery.database.reading() as connection:
        found = job_tallies.tallies(connection)
    assert sum(one.count for one in found if one.name == job_tallies.SEARCHES) == 30
    metrics = Metrics()
    metrics.worked(found)
    lines = metrics.text()[0].decode().splitlines()
    assert any(line.startswith('matcher_job_searches_total{outcome="no_face"} 4') for line in lines)
    assert any(line.startswith('matcher_job_step_seconds_count{step="search"} 26') for line in lines)
