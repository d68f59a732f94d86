"""Who enrolls an id second is told, people are listed page by page, and the index says where it stands."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import BadField, NotFound, PersonDiffers
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.records.database import Database
from matcher.records.values import PersonOutcome
from tests.matcher.gallery_parts import DIMENSION, ENGINE, KeptSource, enrolment


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database.in_home(tmp_path)
    yield database
    database.close()


@pytest.fixture
def gallery(database: Database) -> Iterator[Gallery]:
    with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
        yield gallery


def test_without_update_another_value_of_a_field_is_refused_with_all_its_call(gallery: Gallery) -> None:
    gallery.enroll([enrolment("a", 1, name="Wang", nationality="CHN")], update=False)
    with pytest.raises(PersonDiffers, match="'a' is in gallery 'main' with another name") as refusal:
        gallery.enroll([enrolment("b", 2), enrolment("a", 3, name="Li")], update=False)
    assert refusal.value.field == "name"
    assert gallery.state().people == 1
    assert len(gallery.person("main", "a").photos) == 1
    # What is equal, left out, or new to the record contradicts nothing.
    done = gallery.enroll([enrolment("a", 3, name="Wang"), enrolment("a", sex="F")], update=False)
    assert [result.person for result in done] == [PersonOutcome.UNCHANGED, PersonOutcome.UPDATED]
    with pytest.raises(PersonDiffers, match="sex"):
        gallery.enroll([enrolment("c", name="X", sex="M"), enrolment("c", sex="F")], update=False)
    assert gallery.enroll([enrolment("a", name="Li")])[0].person is PersonOutcome.UPDATED


def test_of_two_who_enroll_one_id_at_once_with_other_fields_the_later_is_told(tmp_path: Path) -> None:
    at_once = threading.Barrier(6)

    def enroll(number: int) -> str:
        # Each as in a process of its own: nothing is shared but the file.
        database = Database.in_home(tmp_path)
        try:
            with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
                at_once.wait()
                gallery.enroll([enrolment("same", number, name=f"Name {number}")], update=False)
                return f"Name {number}"
        except PersonDiffers:
            return ""
        finally:
            database.close()

    Database.in_home(tmp_path).close()
    with ThreadPoolExecutor(6) as pool:
        taken = [name for name in pool.map(enroll, range(6)) if name]
    assert len(taken) == 1
    database = Database.in_home(tmp_path)
    with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
        record = gallery.person("main", "same")
    database.close()
    assert record.person.name == taken[0]
    assert len(record.photos) == 1


@settings(max_examples=15, deadline=None)
@given(
    ids=st.lists(st.from_regex(r"[A-Za-z0-9_\u4e00-\u4e20]{1,4}", fullmatch=True), max_size=12, unique=True),
    limit=st.integers(1, 5),
)
@pytest.mark.long
def test_pages_hold_everyone_once_in_order(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], limit: int
) -> None:
    database = Database.in_home(tmp_path_factory.mktemp("pages"))
    try:
        with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
            gallery.enroll([enrolment("elsewhere", gallery="other"), enrolment("first", 1, 2, name="Wang")])
            gallery.enroll([enrolment(person_id, 3) for person_id in ids if person_id != "first"])
            pages = [gallery.people("main", limit=limit)]
            while len(pages[-1]) == limit:
                pages.append(gallery.people("main", after=pages[-1][-1].person.person_id, limit=limit))
            listed = [entry for page in pages for entry in page]
            assert [entry.person.person_id for entry in listed] == sorted({*ids, "first"})
            (wang,) = (entry for entry in listed if entry.person.person_id == "first")
            assert (wang.person.name, wang.photos) == ("Wang", 2)
    finally:
        database.close()


def test_a_gallery_that_is_not_there(gallery: Gallery) -> None:
    with pytest.raises(NotFound, match="no gallery 'nope'"):
        gallery.people("nope")
    with pytest.raises(NotFound, match="no gallery 'nope'; there are: main"):
        gallery.must_have("nope")
    with pytest.raises(BadField):
        gallery.must_have("a/b")
    gallery.must_have("main")


def test_the_index_says_where_it_stands(database: Database, tmp_path: Path) -> None:
    source = KeptSource()
    with Gallery(database, source, engine=ENGINE, dimension=DIMENSION) as gallery:
        gallery.enroll([enrolment("a", 1, 2), enrolment("b", 3)])
        step = gallery.step()
        assert step.is_in_step
        assert (step.recorded, step.indexed, step.templates, step.entries) == (3, 3, 3, 3)
        # Entries that nobody recorded: at the same position, yet not the same people.
        source.index.remove(source.index.ids()[:1])
        step = gallery.step()
        assert not step.is_in_step
        assert (step.templates, step.entries) == (3, 2)
        gallery.rebuild()
        assert gallery.step().is_in_step
