"""What several replicas cost that one service does not: turns of writers, changes followed, space in the database."""

import argparse
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from benchmarks import population
from matcher.audit.entry import Action, Entry
from matcher.build import open_gallery
from matcher.faces import Template, Vector
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.records.values import Enrolment, ReferencePhoto
from matcher.settings import IndexKind, load_settings

_AT_ONCE = 1_000
_TOP = 20
_GROUP = 50


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """On the empty PostgreSQL database of `options.database`: milliseconds and bytes; see docs/scaling.md."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        one, two = (stack.enter_context(_opened(Path(folder) / name, options.database)) for name in ("one", "two"))
        people = _people(one, options.people + options.times)
        load = list(os.getloadavg())
        before = _size(one)
        bulk = [_seconds(partial(one.enroll, part)) for part in _parts(people[: options.people])]
        held = _size(one) - before
        following = _seconds(lambda: two.search(_vector(people[0]), 1))
        return {
            "load_before": load,
            "people": options.people,
            "database_bytes_a_person": held / options.people,
            "bulk_ms_a_person": 1e3 * sum(bulk) / options.people,
            "follow_ms_an_entry": 1e3 * following / options.people,
            **_changes(one, two, people[options.people :]),
            **_entries(one, options.times),
        }


def _opened(home: Path, url: str) -> AbstractContextManager[Gallery]:
    return open_gallery(load_settings(home, database_url=url, index=IndexKind.COMPRESSED))


def _changes(one: Gallery, two: Gallery, people: Sequence[Enrolment]) -> dict[str, list[float]]:
    """Each person enrolled at one gallery and searched for at the other at once, and once more."""
    found: dict[str, list[float]] = {"enroll_ms": [], "first_search_there_ms": [], "search_there_ms": []}
    for entry in people:
        vector = _vector(entry)
        found["enroll_ms"].append(1e3 * _seconds(partial(one.enroll, [entry])))
        hits: list[str] = []

        def search(vector: Vector = vector, hits: list[str] = hits) -> None:
            hits.extend(hit.person_id for hit in two.search(vector, 1))

        first = _seconds(search)
        if hits != [entry.person.person_id]:
            raise SystemExit(f"benchmarks: {entry.person.person_id} was acknowledged here and not found there: {hits}")
        found["first_search_there_ms"].append(1e3 * first)
        found["search_there_ms"].append(1e3 * _seconds(partial(two.search, vector, 1)))
    return found


def _entries(gallery: Gallery, times: int) -> dict[str, Any]:
    """Entries of searches in the audit, one in a turn and many in a turn, as when many searches wait for theirs."""
    entry = Entry(
        Action.SEARCH,
        [f"photo:{'0' * 64}", *(f"person:main/n{number:07d}" for number in range(_TOP))],
        {
            "outcome": "candidates",
            "top": _TOP,
            "scores": [4.25 - number / 7 for number in range(_TOP)],
            "result": "0" * 64,
        },
    )
    before = _size(gallery)
    alone = [1e3 * _seconds(lambda: gallery.trail.record(entry)) for _ in range(times)]
    grouped = [1e3 * _seconds(lambda: gallery.trail.record(*[entry] * _GROUP)) for _ in range(max(4, times // 10))]
    held = (_size(gallery) - before) / (times + _GROUP * len(grouped))
    return {"audit_turn_ms": alone, "audit_group": _GROUP, "audit_group_ms": grouped, "audit_bytes_an_entry": held}


def _people(gallery: Gallery, count: int) -> list[Enrolment]:
    vectors = population.load().gallery(count)
    return [
        Enrolment(
            Person(f"n{number:07d}", sex="F" if number % 2 else "M", nationality="CHN", date_of_birth="1980-01-01"),
            [ReferencePhoto(hashlib.sha256(vector.tobytes()).hexdigest(), Template(gallery.engine, vector))],
        )
        for number, vector in enumerate(vectors)
    ]


def _parts(people: Sequence[Enrolment]) -> list[Sequence[Enrolment]]:
    return [people[start : start + _AT_ONCE] for start in range(0, len(people), _AT_ONCE)]


def _vector(entry: Enrolment) -> Vector:
    return entry.photos[0].template.vector


def _size(gallery: Gallery) -> int:
    with gallery.database.session() as connection:
        connection.execute(text("CHECKPOINT"))
        return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def _seconds(task: Callable[[], object]) -> float:
    began = time.perf_counter()
    task()
    return time.perf_counter() - began
