"""A demo set in a folder: drawn people to enroll, cases to search, and the right answers."""

import csv
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from matcher.drawn.biography import ENROLLED_ON, biography
from matcher.drawn.picture import photo_bytes
from matcher.errors import BadSetting
from matcher.person import FIELDS, Person

Job = tuple[Path, int, int]
"""Where to, which person, which photo."""

BATCH = 16


@dataclass(frozen=True, slots=True)
class DemoSet:
    """What was written. people: what `enroll` reads; backlog: what `backlog` reads; answers: who they really are."""

    people: Path
    backlog: Path
    answers: Path


def people(count: int, *, first: int = 0) -> Iterator[tuple[int, Person]]:
    """`count` drawn people from number `first` on: each one's number and papers."""
    for person in range(first, first + count):
        yield person, biography(person)


def write_demo(
    folder: Path,
    *,
    people: int = 1000,
    cases: int = 100,
    not_enrolled: int = 30,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> DemoSet:
    """Write photos, ``people.csv``, ``backlog.csv`` and ``answers.csv`` into `folder`, replacing what has those names.

    people: how many to enroll, photo 0 of each. cases: how many later photos to search with, of which `not_enrolled`
    show people who are not among them. seed: which people the cases show, in which order. workers: processes,
    by default one a core. progress: told how many photos of how many are written. The tables are written last,
    so that a folder with tables is complete. Raises BadSetting for impossible counts, OSError where writing fails.
    """
    if people < 0 or not 0 <= not_enrolled <= cases or cases - not_enrolled > people:
        raise BadSetting(
            f"a demo of {people} people and {cases} cases, {not_enrolled} of them not enrolled, is impossible: "
            "the enrolled people among the cases can't be more than the people"
        )
    shown = _shown(people, cases, not_enrolled, seed)
    for name in ("photos", "cases"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    roster = [biography(person) for person in range(people)]
    jobs = [(folder / "photos" / f"{papers.person_id}.jpg", person, 0) for person, papers in enumerate(roster)]
    jobs += [(folder / "cases" / f"{_case(i)}.jpg", person, number) for i, (person, number) in enumerate(shown)]
    _draw_all(jobs, workers, progress)
    return DemoSet(
        people=_table(
            folder / "people.csv",
            ["person_id", "photo", *(name for name in FIELDS if name not in ("person_id", "gallery")), "taken_on"],
            (
                {"photo": f"photos/{papers.person_id}.jpg", "taken_on": ENROLLED_ON.isoformat(), **asdict(papers)}
                for papers in roster
            ),
        ),
        backlog=_table(
            folder / "backlog.csv",
            ["case_id", "photo"],
            ({"case_id": _case(i), "photo": f"cases/{_case(i)}.jpg"} for i in range(cases)),
        ),
        answers=_table(
            folder / "answers.csv",
            ["case_id", "person_id"],
            (
                {"case_id": _case(i), "person_id": roster[person].person_id if person < people else ""}
                for i, (person, _) in enumerate(shown)
            ),
        ),
    )


def _case(index: int) -> str:
    return f"case-{index + 1:04d}"


def _shown(people: int, cases: int, not_enrolled: int, seed: int) -> list[tuple[int, int]]:
    """Person and photo of each case; numbers from `people` on are not enrolled."""
    rng = np.random.default_rng(seed)
    known = rng.permutation(people)[: cases - not_enrolled]
    everyone = rng.permutation(np.concatenate([known, people + np.arange(not_enrolled)]))
    return [(int(person), int(number)) for person, number in zip(everyone, rng.integers(1, 50, cases), strict=True)]


def _draw_all(jobs: Sequence[Job], workers: int | None, progress: Callable[[int, int], None]) -> None:
    count = workers or _cores()
    batches = [jobs[start : start + BATCH] for start in range(0, len(jobs), BATCH)]
    done = 0
    if count == 1 or len(batches) < 2:
        for batch in batches:
            done += _draw_batch(batch)
            progress(done, len(jobs))
        return
    # Fresh processes, since a fork of a process with threads can hang.
    with ProcessPoolExecutor(count, get_context("spawn"), initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for written in pool.map(_draw_batch, batches):
            done += written
            progress(done, len(jobs))


def _cores() -> int:
    """The cores that this process may use, where the system tells."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _draw_batch(batch: Sequence[Job]) -> int:
    for path, person, number in batch:
        path.write_bytes(photo_bytes(person, number))
    return len(batch)


def _table(path: Path, columns: Sequence[str], rows: Iterable[dict[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path
