"""Two real processes over one index on disk: each finds at its next search what the other has acknowledged."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from index.base import IndexFault
from matcher.gallery import Gallery
from tests.matcher.gallery_parts import enrolment, vector
from tests.matcher.shared_parts import on_disk, opened

ROOT = Path(__file__).parents[2]
POINTER = Path("index/drawn@1/current")


class Other:
    """A process of its own that carries out steps in the same home."""

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.matcher.shared_parts", str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._heard("ready")

    def __call__(self, do: str, person: str = "", *photos: int, **fields: str) -> None:
        """Do this, and return when the other process says that it is done."""
        step: dict[str, Any] = {"do": do, "person": person, "photos": photos, "fields": fields}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(step) + "\n")
        self._process.stdin.flush()
        self._heard("done")

    def kill(self) -> None:
        self._process.kill()

    def end(self, *, killed: bool = False) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        assert (self._process.wait() != 0) is killed

    def _heard(self, word: str) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == word


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    process = Other(tmp_path)
    yield process
    process.end()


def found(gallery: Gallery) -> set[str]:
    return {hit.person_id for hit in gallery.search(vector(1), 1_000)}


def test_what_one_process_acknowledged_the_other_finds_at_once(tmp_path: Path, other: Other) -> None:
    with opened(tmp_path) as gallery:
        pointer = (tmp_path / POINTER).read_text()
        for number in range(10):
            other("enroll", f"theirs{number}", number)
            assert f"theirs{number}" in found(gallery)
            gallery.enroll([enrolment(f"ours{number}", 100 + number)])
            if number % 3 == 0:
                other("remove", f"ours{number}")
                assert f"ours{number}" not in found(gallery)
        assert len(found(gallery)) == 16
        assert gallery.check() == ()
    assert (tmp_path / POINTER).read_text() == pointer, "nobody had a reason to build a new index"


def test_both_write_at_once_and_nothing_is_lost_or_built_anew(tmp_path: Path, other: Other) -> None:
    with opened(tmp_path) as gallery, ThreadPoolExecutor(1) as pool:
        pointer = (tmp_path / POINTER).read_text()
        theirs = pool.submit(lambda: [other("enroll", f"theirs{number}", number) for number in range(25)])
        for number in range(25):
            gallery.enroll([enrolment(f"ours{number}", 100 + number)])
            assert f"ours{number}" in found(gallery)
        theirs.result()
        assert len(found(gallery)) == 50
        assert gallery.check() == ()
    assert (tmp_path / POINTER).read_text() == pointer


def test_a_person_whose_fields_change_elsewhere_is_never_away(tmp_path: Path, other: Other) -> None:
    other("enroll", "moving", 1, 2, sex="M")
    other("enroll", "still", 3)
    with opened(tmp_path) as gallery, ThreadPoolExecutor(1) as pool:
        moves = pool.submit(lambda: [other("enroll", "moving", sex="FM"[turn % 2]) for turn in range(30)])
        searches = 0
        while not moves.done() or not searches:
            assert found(gallery) == {"moving", "still"}
            searches += 1
        moves.result()
        assert gallery.check() == ()


def test_searches_and_additions_go_on_while_another_process_builds_the_index_anew(tmp_path: Path, other: Other) -> None:
    with opened(tmp_path) as gallery, ThreadPoolExecutor(1) as pool:
        gallery.enroll([enrolment(f"p{number}", number) for number in range(30)])
        pointer = (tmp_path / POINTER).read_text()
        builds = pool.submit(lambda: [other("rebuild") for _ in range(4)])
        added = 0
        while not builds.done():
            assert len(found(gallery)) == 30 + added
            if added < 20:
                gallery.enroll([enrolment(f"q{added}", 100 + added)])
                added += 1
        builds.result()
        assert len(found(gallery)) == 30 + added
        assert gallery.check() == ()
    assert (tmp_path / POINTER).read_text() != pointer


@pytest.mark.long
def test_a_killed_process_hinders_nobody(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery, ThreadPoolExecutor(1) as pool:
        for turn in range(2):
            other = Other(tmp_path)
            other("enroll", f"kept{turn}", 10 * turn + 1)
            more = pool.submit(_until_killed, other, turn)
            while f"more{turn}.3" not in found(gallery):
                pass
            other.kill()
            acknowledged = {f"more{turn}.{number}" for number in range(more.result())}
            other.end(killed=True)
            assert acknowledged <= found(gallery)
            gallery.enroll([enrolment(f"after{turn}", 500 + turn)])
            assert {f"kept{turn}", f"after{turn}"} <= found(gallery)
        assert gallery.check() == ()


def _until_killed(other: Other, turn: int) -> int:
    """How many people it enrolled before it died."""
    for number in range(10_000):
        try:
            other("enroll", f"more{turn}.{number}", 1000 * turn + 50 + number)
        except (AssertionError, BrokenPipeError):
            return number
    return 10_000


def test_a_process_that_waited_for_a_build_takes_the_index_that_came_of_it(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
    first, second = on_disk(tmp_path), on_disk(tmp_path)
    with first.open() as mine, second.open() as theirs:
        assert mine.position == theirs.position == 1
        pointer = (tmp_path / POINTER).read_text()
        (vectors, ids) = (mine.vectors(mine.ids()), mine.ids())
        with first.renew() as building:
            building.add(ids, vectors)
            building.remove(ids[:0], position=1)
        published = (tmp_path / POINTER).read_text()
        assert published != pointer
        with second.renew() as waited:
            waited.add(ids, vectors)
            waited.remove(ids[:0], position=1)
            assert (tmp_path / POINTER).read_text() == published
            assert waited.position == 1
            assert waited.ids().tolist() == theirs.ids().tolist() == ids.tolist()


def test_a_change_that_comes_too_late_changes_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
    with on_disk(tmp_path).open() as quick, on_disk(tmp_path).open() as slow:
        (one,) = quick.ids().tolist()
        vectors = quick.vectors(quick.ids())
        assert quick.position == slow.position == 1
        quick.add(quick.ids() + 1, vectors, position=2)
        slow.add(quick.ids()[:1] + 1, vectors, position=2)
        slow.remove(quick.ids(), position=3)
        assert slow.ids().tolist() == [one, one + 1]
        assert slow.position == 2
        assert slow.remove(slow.ids()[:1], position=3) == 1
        assert quick.ids().tolist() == [one + 1]
        with pytest.raises(IndexFault):
            quick.vectors(quick.ids() + 7)
