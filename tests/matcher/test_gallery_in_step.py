"""Records and index stay in step: over restarts, other processes, damage, full disks, and under many threads."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import event, text

from index.base import Hits, IndexDamaged
from index.exact import ExactIndex
from matcher import following
from matcher.among import Among
from matcher.checking import ProblemKind
from matcher.errors import NotFound, RecordsUnavailable
from matcher.following import IndexSource, InMemory
from matcher.gallery import Gallery
from matcher.records.coding import ATTRIBUTE_NAMES
from matcher.records.database import Database
from matcher.records.ledger import forget_changes
from matcher.records.values import Enrolment
from tests.matcher.gallery_parts import (
    DIMENSION,
    ENGINE,
    KeptIndex,
    KeptSource,
    content,
    digest,
    enrolment,
    photo,
    vector,
)


@contextmanager
def opened(home: Path, source: IndexSource | None = None) -> Iterator[Gallery]:
    with (
        closing(Database.in_home(home)) as database,
        Gallery(database, source or InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery,
    ):
        yield gallery


def found(gallery: Gallery, number: int) -> set[str]:
    return {hit.person_id for hit in gallery.search(vector(number), 5_000)}


# The index after a restart


class Spoilt(KeptIndex):
    """An index whose files were altered under the running process."""

    def search(self, *_: object, **__: object) -> Hits:
        raise IndexDamaged("a file was altered")


def test_an_index_that_turns_out_damaged_during_a_search_is_rebuilt(tmp_path: Path) -> None:
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
    spoilt = Spoilt(DIMENSION, ATTRIBUTE_NAMES)
    ids = source.index.ids()
    spoilt.add(ids, source.index.vectors(ids), position=source.index.position)
    source.index = spoilt
    with opened(tmp_path, source) as gallery:
        assert source.renewals == 0
        assert found(gallery, 1) == {"p", "q"}
        assert source.renewals == 1
        assert gallery.check() == ()


def test_an_index_that_is_damaged_again_at_once_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1)])
        monkeypatch.setattr(KeptIndex, "search", Spoilt.search)
        with pytest.raises(IndexDamaged, match="altered"):
            gallery.search(vector(1), 5)
        assert source.renewals == 1


def test_an_index_that_was_left_behind_catches_up_from_the_log(tmp_path: Path) -> None:
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1, 2), enrolment("q", 3)])
    with opened(tmp_path) as elsewhere:
        elsewhere.enroll([enrolment("r", 4)])
        elsewhere.remove_photo("main", "p", digest(1))
        elsewhere.enroll([enrolment("q", sex="F")])
    with opened(tmp_path, source) as gallery:
        assert found(gallery, 1) == {"p", "q", "r"}
        assert [hit.person_id for hit in gallery.search(vector(1), 9, among=Among(sexes=("F",)))] == ["q"]
        assert gallery.check() == ()
    assert source.renewals == 0


def test_a_log_is_followed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 3)
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("first", 100)])
        with opened(tmp_path) as elsewhere:
            elsewhere.enroll([enrolment(f"p{n}", n) for n in range(10)])
            elsewhere.enroll([enrolment(f"p{n}", sex="M") for n in range(10)])
            for n in range(0, 10, 2):
                elsewhere.remove_person("main", f"p{n}")
        assert found(gallery, 1) == {"first", "p1", "p3", "p5", "p7", "p9"}
        assert gallery.check() == ()
    assert source.renewals == 0


def test_an_index_that_is_ahead_is_rebuilt(tmp_path: Path) -> None:
    source = KeptSource()
    source.index.add(np.array([77]), vector(7)[np.newaxis], position=1000)
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1)])
        assert found(gallery, 7) == {"p"}
        assert gallery.check() == ()
    assert source.renewals == 1


def test_an_index_older_than_the_log_is_rebuilt(tmp_path: Path) -> None:
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1)])
    with closing(Database.in_home(tmp_path)) as database, opened(tmp_path) as elsewhere:
        elsewhere.enroll([enrolment("q", 2), enrolment("r", 3)])
        with database.writing() as connection:
            assert forget_changes(connection, keep=1) == 2
    with opened(tmp_path, source) as gallery:
        assert found(gallery, 1) == {"p", "q", "r"}
        assert gallery.check() == ()
    assert source.renewals == 1


def test_an_index_of_another_history_is_rebuilt(tmp_path: Path) -> None:
    source = KeptSource()
    with opened(tmp_path / "restored") as gallery:
        gallery.enroll([enrolment("p", 1)])
        gallery.remove_person("main", "p")
    with opened(tmp_path / "lost", source) as gallery:
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
    with opened(tmp_path / "restored", source) as gallery:
        assert found(gallery, 1) == set()
        assert gallery.check() == ()
    assert source.renewals == 1


def test_an_index_that_was_left_half_made_is_rebuilt(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
    source = KeptSource()
    source.index.add(np.array([1]), vector(9)[np.newaxis])
    with opened(tmp_path, source) as gallery:
        assert gallery.check() == ()
    assert source.renewals == 1


def test_a_damaged_index_is_rebuilt(tmp_path: Path) -> None:
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1)])
    source.damaged = True
    with opened(tmp_path, source) as gallery:
        assert found(gallery, 1) == {"p"}
        assert gallery.check() == ()
    assert source.renewals == 1


def test_an_index_of_other_attributes_is_rebuilt(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment("p", 1)])
    source = KeptSource()
    source.index = ExactIndex(DIMENSION, ("colour",))  # type: ignore[assignment]
    with opened(tmp_path, source) as gallery:
        assert gallery.check() == ()
    assert source.renewals == 1


# What check() sees


def test_check_finds_what_is_wrong_and_rebuilding_repairs_the_index(tmp_path: Path) -> None:
    source = KeptSource()
    with opened(tmp_path, source) as gallery:
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
        some = source.index.ids()[:1]
        was = source.index.vectors(some)
        source.index.remove(some)
        assert [problem.kind for problem in gallery.check()] == [ProblemKind.MISSING_IN_INDEX]
        source.index.add(some, was + 1)
        assert [problem.kind for problem in gallery.check()] == [ProblemKind.OTHER_VECTOR]
        source.index.add(np.array([99]), was)
        assert [problem.kind for problem in gallery.check()] == [ProblemKind.MISSING_IN_RECORDS]
        gallery.rebuild()
        assert gallery.check() == ()


def test_check_finds_altered_bytes_and_counts(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery, closing(Database.in_home(tmp_path)) as database:
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
        with database.writing() as connection:
            connection.execute(text("UPDATE photo_content SET content = :none WHERE photo_id = 1"), {"none": b""})
            connection.execute(text("UPDATE gallery SET people = 5"))
        kinds = {problem.kind for problem in gallery.check(contents=True)}
        assert kinds == {ProblemKind.CONTENT_ALTERED, ProblemKind.MISCOUNTED}


# Other processes and threads


def test_two_galleries_see_each_others_changes_at_once(tmp_path: Path) -> None:
    with opened(tmp_path) as one, opened(tmp_path) as two:
        one.enroll([enrolment("p", 1)])
        assert found(two, 1) == {"p"}
        two.enroll([enrolment("q", 2)])
        assert found(one, 1) == {"p", "q"}
        two.remove_person("main", "p")
        assert found(one, 1) == {"q"}
        assert one.state() == two.state()
        assert one.check() == two.check() == ()


WRITER = """
import sys
from pathlib import Path
from tests.matcher.gallery_parts import enrolment
from tests.matcher.test_gallery_in_step import opened

me = int(sys.argv[2])
with opened(Path(sys.argv[1])) as gallery:
    for number in range(25):
        key = 1000 * me + number
        gallery.enroll([enrolment(f"p{me}-{number}", key), enrolment("shared", key, name=f"Name {me}")])
        if number % 5 == 4:
            gallery.remove_person("main", f"p{me}-{number}")
        found = {hit.person_id for hit in gallery.search(enrolment("x", key).photos[0].template.vector, 9)}
        assert "shared" in found, found
"""


@pytest.mark.long
def test_two_processes_write_at_once(tmp_path: Path) -> None:
    Database.in_home(tmp_path).close()
    root = Path(__file__).parents[2]
    children = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, str(tmp_path), str(me)], cwd=root)
        for me in (1, 2)
    ]
    with opened(tmp_path) as watching:
        while any(child.poll() is None for child in children):
            watching.search(vector(1), 5)
        assert [child.returncode for child in children] == [0, 0]
        state = watching.state()
        assert (state.people, state.photos, state.templates) == (41, 90, 90)
        assert len(watching.person("main", "shared").photos) == 50
        assert watching.check(contents=True) == ()


@pytest.mark.long
def test_nobody_is_missed_while_fields_change_and_others_come_and_go(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([enrolment(f"p{n}", n) for n in range(20)])
        done = threading.Event()

        def look() -> int:
            looks = 0
            while not done.is_set():
                looks += 1
                assert gallery.search(vector(5), 1)[0].person_id == "p5"
                assert "p6" in {hit.person_id for hit in gallery.search(vector(6), 3, gallery="main")}
            return looks

        with ThreadPoolExecutor(3) as pool:
            lookers = [pool.submit(look) for _ in range(3)]
            try:
                for turn in range(15):
                    gallery.enroll(
                        [enrolment("p5", sex="MF"[turn % 2]), enrolment("p6", date_of_birth=str(1980 + turn))]
                    )
                    gallery.enroll([enrolment(f"n{turn}", 100 + turn)])
                    gallery.remove_person("main", f"n{turn}")
                gallery.rebuild()
            finally:
                done.set()
            assert all(looker.result() > 0 for looker in lookers)
        assert gallery.check() == ()


# Full disks


def _until_full(gallery: Gallery, photos_at_once: int = 20) -> int:
    """How many calls were acknowledged before the disk was full."""
    for call in range(100_000):
        first = call * photos_at_once
        try:
            gallery.enroll([enrolment(f"p{n}", n) for n in range(first, first + photos_at_once)])
        except RecordsUnavailable as fault:
            assert "full" in str(fault)  # noqa: PT017
            return call
    raise AssertionError("the disk never filled")


def _empty_records(home: Path) -> int:
    """How many bytes records with nobody in them take, so that what is left for people is the same for ever."""
    Database.in_home(home).close()
    return sum(file.stat().st_size for file in home.rglob("*") if file.is_file())


def test_a_full_disk_leaves_everything_acknowledged_and_nothing_else(tmp_path: Path) -> None:
    pages = _empty_records(tmp_path / "empty") // 4096 + 25
    with closing(Database.in_home(tmp_path)) as database:
        limit = lambda connection, _: connection.execute(f"PRAGMA max_page_count = {pages}").close()  # noqa: E731
        event.listen(database.engine, "connect", limit)
        database.engine.dispose()
        with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
            calls = _until_full(gallery)
            assert calls > 1
            assert gallery.state().people == 20 * calls
            assert len(found(gallery, 1)) == 20 * calls
            assert gallery.check(contents=True) == ()
            gallery.remove_person("main", "p0")
            gallery.enroll([enrolment("p0", 0)])
    with opened(tmp_path) as gallery:
        assert gallery.state().people == 20 * calls
        assert gallery.check(contents=True) == ()


def test_a_file_system_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    # The tables stand in the database and in its log.
    size = 2 * _empty_records(tmp_path / "empty") + 1_200_000
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system takes root; the test before this one fills a database all the same")
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["umount", str(disk)], check=True)
        with opened(disk / "home") as gallery:
            calls = _until_full(gallery)
            assert gallery.state().people == 20 * calls
            assert gallery.check(contents=True) == ()
        with opened(disk / "home") as gallery:
            assert calls > 1
            assert gallery.state().people == 20 * calls
            assert gallery.check(contents=True) == ()


# Any order of operations, against a dictionary


class AnyOrder(RuleBasedStateMachine):
    """Enrolments, replacements, removals and restarts in any order; a dictionary says what must be found."""

    people = st.sampled_from(["p", "q", "r"])
    photos = st.lists(st.integers(0, 5), max_size=3)
    sexes = st.sampled_from(["", "M", "F"])

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.stack = ExitStack()
        self.home = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.database = Database.in_home(self.home)
        self.stack.callback(self.database.close)
        self.source = KeptSource()
        self.model: dict[str, tuple[str, set[int]]] = {}
        self.open()

    def open(self) -> None:
        self.gallery = Gallery(self.database, self.source, engine=ENGINE, dimension=DIMENSION)

    @rule(person=people, photos=photos, sex=sexes)
    def enroll(self, person: str, photos: list[int], sex: str) -> None:
        self.gallery.enroll([enrolment(person, *photos, sex=sex)])
        before_sex, before = self.model.get(person, ("", set()))
        self.model[person] = (sex or before_sex, before | set(photos))

    @rule(person=people, photos=photos, sex=sexes)
    def replace(self, person: str, photos: list[int], sex: str) -> None:
        try:
            self.gallery.replace_person(enrolment(person, *photos, sex=sex))
        except NotFound:
            assert person not in self.model
        else:
            self.model[person] = (sex, set(photos))

    @rule(person=people)
    def remove(self, person: str) -> None:
        try:
            self.gallery.remove_person("main", person)
        except NotFound:
            assert person not in self.model
        else:
            del self.model[person]

    @rule(person=people, number=st.integers(0, 5))
    def remove_photo(self, person: str, number: int) -> None:
        try:
            self.gallery.remove_photo("main", person, digest(number))
        except NotFound:
            assert number not in self.model.get(person, ("", set()))[1]
        else:
            self.model[person][1].remove(number)

    @rule(fresh=st.booleans())
    def restart(self, *, fresh: bool) -> None:
        self.gallery.close()
        if fresh:
            self.source = KeptSource()
        self.open()

    @rule()
    def forget(self) -> None:
        with self.database.writing() as connection:
            forget_changes(connection, keep=2)

    @invariant()
    def agrees(self) -> None:
        for sex in ("", "M", "F"):
            wanted = {(p, digest(n)) for p, (kept, numbers) in self.model.items() if kept == sex for n in numbers}
            hits = self.gallery.search(vector(0), 100, among=Among(sexes=(sex,)))
            assert {(hit.person_id, hit.sha256) for hit in hits} == wanted
            assert len(hits) == len(wanted)
        assert self.gallery.state().people == len(self.model)
        assert self.gallery.check(contents=True) == ()

    def teardown(self) -> None:
        self.gallery.close()
        self.stack.close()


TestAnyOrder = pytest.mark.long(AnyOrder.TestCase)
TestAnyOrder.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


@pytest.mark.long
def test_many_at_once_are_all_found(tmp_path: Path) -> None:
    with opened(tmp_path) as gallery:
        gallery.enroll([Enrolment(enrolment(f"p{n}").person, [photo(n)]) for n in range(12_000)])
        for number in (0, 4_999, 5_000, 11_999):
            hit = gallery.search(vector(number), 1)[0]
            assert hit.person_id == f"p{number}"
            assert gallery.photo_content("main", hit.person_id, hit.sha256) == content(number)
        assert len(gallery.persons(("main", f"p{n}") for n in range(12_000))) == 12_000
    with opened(tmp_path) as gallery:
        assert gallery.state().templates == 12_000
        assert gallery.check() == ()
