"""Photos that were sent for jobs go after their time, and are in no backup."""

import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.backup import back_up
from matcher.errors import BadField
from matcher.jobs.expiring import HALF_SECONDS, UNTOUCHED_SECONDS, Expiry
from matcher.jobs.job import Job, JobOptions, JobState
from matcher.jobs.register import RESUMABLE_SECONDS, Jobs
from matcher.manifest import Case
from matcher.pipeline import Matcher
from matcher.places import ZipPlace, place_text
from tests.matcher.job_parts import started
from tests.matcher.scoring_people import ENGINE

MINUTE = 60


class _Clock:
    def __init__(self) -> None:
        self.at = time.time()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Matcher, Jobs, Expiry, _Clock]]:
    clock = _Clock()
    with started(tmp_path / "home") as (matcher, jobs):
        yield matcher, jobs, Expiry(matcher.gallery.database, jobs.home, now=clock), clock


def _sent(jobs: Jobs, *, filled: bool = True) -> tuple[Job, Path]:
    made = jobs.begin("x", JobOptions(ENGINE), made_by="os:anna", source="upload", uploads=True)
    upload = jobs.upload_place(made)
    upload.parent.mkdir(parents=True)
    upload.write_bytes(b"a photo of somebody in custody")
    if filled:
        made = jobs.fill(made.number, [Case(1, "c", "a.jpg", place_text(ZipPlace(str(upload), "a.jpg")))])
    return made, upload


def test_a_cancelled_job_can_go_on_for_a_week_and_keeps_its_photos_no_longer(
    place: tuple[Matcher, Jobs, Expiry, _Clock],
) -> None:
    matcher, jobs, expiry, clock = place
    job, upload = _sent(jobs)
    jobs.cancel(job.number)
    jobs.resume(job.number)
    jobs.cancel(job.number)
    clock.at += RESUMABLE_SECONDS - MINUTE
    assert expiry.remove() == 0
    assert upload.exists()
    clock.at += 2 * MINUTE
    assert expiry.remove() == 1
    assert not upload.parent.exists()
    assert expiry.remove() == 0
    with matcher.gallery.database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE job SET ended_at = ended_at - {RESUMABLE_SECONDS}")
    with pytest.raises(BadField, match="photos that were sent for it are gone"):
        jobs.resume(job.number)


def test_half_uploads_and_those_of_no_job_go_after_a_day(place: tuple[Matcher, Jobs, Expiry, _Clock]) -> None:
    _, jobs, expiry, clock = place
    _, half = _sent(jobs, filled=False)
    unknown = jobs.home / "jobs" / "nobodys" / "upload"
    unknown.parent.mkdir()
    unknown.write_bytes(b"x")
    clock.at += HALF_SECONDS - MINUTE
    assert expiry.remove() == 0
    clock.at += 2 * MINUTE
    # More of the first has just come.
    os.utime(half, (clock.at, clock.at))
    assert expiry.remove() == 1
    assert (half.exists(), unknown.exists()) == (True, False)
    clock.at += HALF_SECONDS + MINUTE
    assert expiry.remove() == 1
    assert not half.exists()


def test_a_job_that_nobody_works_on_has_failed_and_its_photos_go(
    place: tuple[Matcher, Jobs, Expiry, _Clock],
) -> None:
    _, jobs, expiry, clock = place
    job, upload = _sent(jobs)
    clock.at += UNTOUCHED_SECONDS - MINUTE
    expiry.remove()
    assert jobs.get(job.number).state is JobState.QUEUED
    clock.at += 2 * MINUTE
    assert expiry.remove() == 0
    failed = jobs.get(job.number)
    assert (failed.state, "nobody worked on it for 30 days" in failed.reason) == (JobState.FAILED, True)
    assert upload.exists()
    clock.at += RESUMABLE_SECONDS
    assert expiry.remove() == 1
    assert not upload.exists()


def test_what_was_sent_for_jobs_is_in_no_backup(place: tuple[Matcher, Jobs, Expiry, _Clock], tmp_path: Path) -> None:
    matcher, jobs, _, _ = place
    _sent(jobs)
    made = back_up(jobs.home, matcher.gallery.database, tmp_path / "backup", with_index=False)
    assert [name for name in made.files if "jobs" in name] == []
    with zipfile.ZipFile(tmp_path / "backup") as archive:
        assert not any(b"in custody" in archive.read(name) for name in archive.namelist())
