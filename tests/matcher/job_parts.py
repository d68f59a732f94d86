"""A job over templates of nobody: everything but the photos. As a program: a worker on the job of a home, to be killed.

The place of each photo is the number of a drawn template; a workforce in this process makes probes of them.
"""

import hashlib
import sys
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from matcher.faces import Template, Vector
from matcher.jobs.answering import Answering
from matcher.jobs.job import Job, JobOptions
from matcher.jobs.register import Jobs
from matcher.jobs.worker import Worker
from matcher.manifest import Case
from matcher.photo import DEFAULT_LIMITS
from matcher.photo_work import FileTask, Known, PhotoDone, PhotoTask, Worked
from matcher.pipeline import Matcher
from matcher.preparing import PhotoState, PreparedPhoto
from matcher.scoring.likeness import unit
from matcher.workers import Lost
from tests.matcher.live_parts import DIMENSION, LENGTH, enroll, opened
from tests.matcher.scoring_people import ENGINE

PEOPLE = 60


def drawn(number: int) -> Vector:
    return unit(np.random.default_rng(5000 + number).normal(size=(1, DIMENSION)))[0]


def fill(matcher: Matcher) -> None:
    enroll(matcher, {f"p{number}": [drawn(number)] for number in range(PEOPLE)})


class Here:
    """Prepares "photos" in this process: of the template whose number is the file's name. pause: seconds for each."""

    def __init__(self, pause: float = 0.0, *, first: Callable[[], None] = lambda: None) -> None:
        self._pause = pause
        self._first = first

    def run(
        self,
        tasks: Iterable[PhotoTask],
        *,
        weigh: Callable[[Any], int] = lambda _value: 0,  # noqa: ARG002
    ) -> Generator[PhotoDone | Lost, None, None]:
        for task in tasks:
            assert isinstance(task, FileTask)
            self._first()
            self._first = lambda: None
            time.sleep(self._pause)
            yield self._done(task)

    def close(self) -> None:
        return

    def _done(self, task: FileTask) -> PhotoDone:
        name = Path(task.path).name
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        if sha256 in task.known:
            return Known(sha256)
        if not name.isdecimal():
            return Worked(PreparedPhoto(PhotoState.NO_FACE, sha256=sha256))
        template = Template(ENGINE, drawn(int(name)) * LENGTH)
        return Worked(
            PreparedPhoto(PhotoState.READY, sha256=sha256, template=template), picture=b"jpeg" + name.encode()
        )


def cases(count: int) -> list[Case]:
    """Of every tenth there is a second photo of the same bytes, and every seventh shows nobody."""
    made = []
    for number in range(count):
        name = "nobody" if number % 7 == 6 else str(number - 1 if number % 10 == 9 else number)
        deadline = f"2026-05-{1 + number % 5:02}" if number % 2 else ""
        made.append(Case(number + 2, f"case-{number}", f"{name}.jpg", f"/photos/{name}", deadline=deadline))
    return made


def create(jobs: Jobs, count: int, *, name: str = "some", priority: int = 0) -> Job:
    options = JobOptions(ENGINE, top=5)
    return jobs.create(name, cases(count), options, made_by="os:anna", source="a test", priority=priority)


def worker(matcher: Matcher, home: Path, workforce: Here, **more: Any) -> Worker:
    jobs = Jobs(matcher.gallery.database, home)
    return Worker(matcher, workforce, jobs, Answering(matcher, limits=DEFAULT_LIMITS), **more)


@contextmanager
def started(home: Path) -> Generator[tuple[Matcher, Jobs], None, None]:
    """A home with people, and its jobs."""
    with opened(home) as matcher:
        fill(matcher)
        yield matcher, Jobs(matcher.gallery.database, home)


def main(home: Path, pause: float) -> None:
    with opened(home) as matcher:
        print("ready", flush=True)
        worker(matcher, home, Here(pause)).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
