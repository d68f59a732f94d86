"""The gallery: enrolment, replacement, removal and search; what goes in comes out, and nothing half-done stays."""

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from index.base import IndexClosed
from matcher.among import Among
from matcher.errors import BadField, EngineMismatch, NotFound
from matcher.faces import Box, Face, Template
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.person import Person
from matcher.records import moving
from matcher.records.database import Database
from matcher.records.values import Enrolment, Made, PersonOutcome, PhotoOutcome, ReferencePhoto
from tests.matcher.gallery_parts import DIMENSION, ENGINE, OTHER_ENGINE, content, digest, enrolment, photo, vector

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    database = Database.open(url)
    yield database
    database.close()


@pytest.fixture
def gallery(database: Database) -> Iterator[Gallery]:
    source = InMemory(DIMENSION)
    with Gallery(database, source, engine=ENGINE, dimension=DIMENSION, clock=lambda: NOW) as gallery:
        yield gallery
        assert gallery.check(contents=True) == ()


def people_found(gallery: Gallery, number: int, k: int = 50, among: Among | None = None) -> list[str]:
    return [hit.person_id for hit in gallery.search(vector(number), k, among=among or Among())]


# Enrolment


def test_an_enrolled_person_is_found_first(gallery: Gallery) -> None:
    results = gallery.enroll([enrolment(f"p{n}", n) for n in range(20)])
    assert [result.person_id for result in results] == [f"p{n}" for n in range(20)]
    assert {result.person for result in results} == {PersonOutcome.NEW}
    assert {result.photos for result in results} == {(PhotoOutcome.NEW,)}
    hits = gallery.search(vector(7), 3, gallery="main")
    assert (hits[0].person_id, hits[0].gallery, hits[0].sha256, hits[0].distance) == ("p7", "main", digest(7), 0.0)
    assert len(hits) == 3
    assert hits[0].distance < hits[1].distance < hits[2].distance


def test_what_went_in_comes_out(gallery: Gallery) -> None:
    landmarks = np.arange(10, dtype=np.float32).reshape(5, 2)
    face = Face(Box(1.5, 2.25, 100.125, 200.0), landmarks, detection_score=np.float32(0.75), turn=90)
    with_face = ReferencePhoto(
        digest(1), Template(ENGINE, vector(1)), face=face, format="JPEG", width=300, height=400, content=content(1)
    )
    person = Person(
        "p", name="Wang", native_name="王", date_of_birth="1980", sex="F", nationality="CHN", national_id="",
        household_registration="Fuzhou", source="register",
    )  # fmt: skip
    gallery.enroll([Enrolment(person, [with_face])])
    record = gallery.person("main", "p")
    assert record.person == person
    assert record.added_at == record.changed_at == int(NOW.timestamp())
    (kept,) = record.photos
    assert (kept.sha256, kept.format, kept.width, kept.height) == (digest(1), "JPEG", 300, 400)
    assert kept.has_content
    assert kept.engines == (ENGINE,)
    assert gallery.photo_content("main", "p", digest(1)) == content(1)
    found = gallery.photo_face("main", "p", digest(1))
    assert found is not None
    assert (found.box, found.detection_score, found.turn) == (face.box, 0.75, 90)
    np.testing.assert_array_equal(found.landmarks, landmarks)
    np.testing.assert_array_equal(gallery.vectors_by_person([("main", "p")])["main", "p"], vector(1)[np.newaxis])


def test_the_same_photo_of_a_person_is_kept_once(gallery: Gallery) -> None:
    assert gallery.enroll([enrolment("p", 1, 1)])[0].photos == (PhotoOutcome.NEW, PhotoOutcome.ALREADY_THERE)
    (again,) = gallery.enroll([enrolment("p", 1, 2)])
    assert again.person is PersonOutcome.UNCHANGED
    assert again.photos == (PhotoOutcome.ALREADY_THERE, PhotoOutcome.NEW)
    assert gallery.state().photos == gallery.state().templates == 2


def test_one_photo_of_two_people_is_kept_for_each(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1), enrolment("q", 1)])
    assert sorted(people_found(gallery, 1)) == ["p", "q"]
    gallery.remove_person("main", "p")
    assert people_found(gallery, 1) == ["q"]
    assert gallery.photo_content("main", "q", digest(1)) == content(1)


def test_two_entries_of_one_person_in_one_call(gallery: Gallery) -> None:
    first, second = gallery.enroll([enrolment("p", 1, name="Wang"), enrolment("p", 2, sex="M")])
    assert (first.person, second.person) == (PersonOutcome.NEW, PersonOutcome.UPDATED)
    record = gallery.person("main", "p")
    assert (record.person.name, record.person.sex, len(record.photos)) == ("Wang", "M", 2)


def test_fields_that_are_given_are_updated_and_others_stay(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, name="Wang", sex="M")])
    (result,) = gallery.enroll([enrolment("p", name="Wang Li")])
    assert result.person is PersonOutcome.UPDATED
    person = gallery.person("main", "p").person
    assert (person.name, person.sex) == ("Wang Li", "M")


def test_an_update_that_contradicts_the_record_is_refused_with_all_its_call(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, nationality="CHN", national_id="11010519491231002X")])
    with pytest.raises(BadField, match="date_of_birth"):
        gallery.enroll([enrolment("q", 2), enrolment("p", date_of_birth="1950")])
    assert gallery.state().people == 1


def test_a_person_without_photos(gallery: Gallery) -> None:
    assert gallery.enroll([enrolment("p", name="Wang")])[0].photos == ()
    assert gallery.person("main", "p").photos == ()
    assert gallery.search(vector(1), 5) == ()


def test_a_person_is_asked_for_in_any_spelling(gallery: Gallery) -> None:
    gallery.enroll([enrolment("Zo\u00eb", 1)])
    assert gallery.person("main", "Zoe\u0308").person.person_id == "Zo\u00eb"
    with pytest.raises(BadField):
        gallery.person("main", "../Zoe")
    gallery.remove_person("main", "Zoe\u0308")


def test_nothing_to_enroll(gallery: Gallery) -> None:
    assert gallery.enroll([]) == ()


def test_bytes_that_come_later_complete_the_photo(gallery: Gallery) -> None:
    bare = ReferencePhoto(digest(1), Template(ENGINE, vector(1)))
    gallery.enroll([Enrolment(Person("p"), [bare])])
    with pytest.raises(NotFound):
        gallery.photo_content("main", "p", digest(1))
    assert gallery.enroll([enrolment("p", 1)])[0].photos == (PhotoOutcome.COMPLETED,)
    assert gallery.photo_content("main", "p", digest(1)) == content(1)


def _with_vector(values: object) -> Enrolment:
    return Enrolment(Person("q"), [ReferencePhoto(digest(2), Template(ENGINE, np.asarray(values)))])


@pytest.mark.parametrize(
    "values",
    [
        np.zeros(DIMENSION + 1, np.float32),
        np.zeros(DIMENSION, np.float64),
        np.full(DIMENSION, np.nan, np.float32),
        np.full(DIMENSION, np.inf, np.float32),
        np.zeros((1, DIMENSION), np.float32),
    ],
)
def test_a_vector_that_no_index_takes_never_reaches_the_records(gallery: Gallery, values: object) -> None:
    with pytest.raises(BadField):
        gallery.enroll([enrolment("p", 1), _with_vector(values)])
    assert gallery.state().people == 0


def test_bytes_of_another_digest_are_refused(gallery: Gallery) -> None:
    wrong = ReferencePhoto(digest(2), Template(ENGINE, vector(2)), content=content(3))
    with pytest.raises(BadField, match="digest"):
        gallery.enroll([enrolment("p", 1), Enrolment(Person("q"), [wrong])])
    with pytest.raises(BadField, match="hexadecimal"):
        gallery.enroll([Enrolment(Person("q"), [ReferencePhoto("abc", Template(ENGINE, vector(2)))])])
    assert gallery.state().people == 0


def test_nobody_from_the_future_is_enrolled(gallery: Gallery) -> None:
    with pytest.raises(BadField, match="future"):
        gallery.enroll([enrolment("p", 1, date_of_birth="2026-07-03")])
    gallery.enroll([enrolment("born today beyond the date line", 1, date_of_birth="2026-07-02")])


def test_a_template_of_another_engine_is_refused_before_anything_is_written(gallery: Gallery) -> None:
    with pytest.raises(EngineMismatch, match=r"other@2.*drawn@1"):
        gallery.enroll([enrolment("p", 1), Enrolment(Person("q"), [photo(2, engine=OTHER_ENGINE)])])
    assert gallery.state().people == 0


# Replacement and removal


def test_a_replaced_person_is_exactly_what_was_given(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, 2, name="Wang", sex="M"), enrolment("q", 9)])
    result = gallery.replace_person(enrolment("p", 2, 3, name="Li"))
    assert result.person is PersonOutcome.UPDATED
    assert result.photos == (PhotoOutcome.ALREADY_THERE, PhotoOutcome.NEW)
    record = gallery.person("main", "p")
    assert record.person == Person("p", name="Li")
    assert [kept.sha256 for kept in record.photos] == [digest(2), digest(3)]
    assert sorted(people_found(gallery, 1)) == ["p", "p", "q"]
    assert gallery.replace_person(enrolment("p", 2, 3, name="Li")).person is PersonOutcome.UNCHANGED
    assert gallery.replace_person(enrolment("p", 2, name="Li")).person is PersonOutcome.UPDATED


def test_nobody_is_replaced_who_is_not_there(gallery: Gallery) -> None:
    with pytest.raises(NotFound):
        gallery.replace_person(enrolment("p", 1))
    with pytest.raises(NotFound):
        gallery.replace_person(enrolment("p", 1, gallery="nowhere"))
    assert gallery.galleries() == ("main",)


def test_a_removed_person_is_gone(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, 2), enrolment("q", 3)])
    gallery.remove_person("main", "p")
    assert people_found(gallery, 1) == ["q"]
    assert (gallery.state().people, gallery.state().photos, gallery.state().templates) == (1, 1, 1)
    with pytest.raises(NotFound):
        gallery.person("main", "p")
    with pytest.raises(NotFound):
        gallery.remove_person("main", "p")
    with pytest.raises(NotFound):
        gallery.photo_content("main", "p", digest(1))
    gallery.enroll([enrolment("p", 1)])
    assert people_found(gallery, 1)[0] == "p"


def test_a_removed_photo_is_gone(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, 2)])
    gallery.remove_photo("main", "p", digest(1))
    assert [hit.sha256 for hit in gallery.search(vector(1), 5)] == [digest(2)]
    with pytest.raises(NotFound):
        gallery.remove_photo("main", "p", digest(1))
    with pytest.raises(BadField):
        gallery.remove_photo("main", "p", "1")


def test_what_was_removed_is_not_readable_in_any_file(tmp_path: Path) -> None:
    """Of SQLite: a server's files are its own."""
    with (
        closing(Database.in_home(tmp_path)) as database,
        Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery,
    ):
        gallery.enroll([enrolment("p", 1, name="Unmistakable Name"), enrolment("q", 2)])
        secrets = (b"Unmistakable Name", content(1), vector(1).tobytes())
        assert all(any(secret in file.read_bytes() for file in tmp_path.iterdir()) for secret in secrets)
        gallery.remove_person("main", "p")
        assert not any(secret in file.read_bytes() for file in tmp_path.iterdir() for secret in secrets)


# Search


def test_fewer_entries_than_asked_for(gallery: Gallery) -> None:
    assert gallery.search(vector(1), 5) == ()
    gallery.enroll([enrolment("p", 1)])
    assert len(gallery.search(vector(1), 5)) == 1


def test_a_batch_finds_what_its_queries_find(gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n, n + 100) for n in range(30)])
    queries = np.stack([vector(n) for n in range(200, 210)])
    assert gallery.search_many(queries, 7) == tuple(gallery.search(query, 7) for query in queries)
    assert gallery.search_many(queries[:0], 7) == ()


def test_galleries_are_searched_apart(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1), enrolment("p", 1, gallery="second"), enrolment("q", 2, gallery="second")])
    assert gallery.galleries() == ("main", "second")
    assert [hit.gallery for hit in gallery.search(vector(1), 9, gallery="main")] == ["main"]
    assert [hit.gallery for hit in gallery.search(vector(1), 9, gallery="second")] == ["second", "second"]
    assert len(gallery.search(vector(1), 9)) == 3
    with pytest.raises(NotFound, match="main, second"):
        gallery.search(vector(1), 9, gallery="third")
    sizes = gallery.state().galleries
    assert (sizes["main"].people, sizes["second"].people) == (1, 2)


def test_a_search_among_some(gallery: Gallery) -> None:
    gallery.enroll(
        [
            enrolment("a", 1, nationality="CHN", sex="F", date_of_birth="1980-05"),
            enrolment("b", 2, nationality="VNM", sex="M", date_of_birth="1990"),
            enrolment("c", 3),
        ]
    )
    assert people_found(gallery, 9, among=Among(nationalities=("CHN",))) == ["a"]
    assert sorted(people_found(gallery, 9, among=Among(nationalities=("CHN", "")))) == ["a", "c"]
    assert people_found(gallery, 9, among=Among(sexes=("M",))) == ["b"]
    assert people_found(gallery, 9, among=Among(birth_years=(1975, 1985))) == ["a"]
    assert people_found(gallery, 9, among=Among(sexes=("M",), nationalities=("CHN",))) == []
    with pytest.raises(BadField):
        people_found(gallery, 9, among=Among(sexes=("W",)))
    with pytest.raises(BadField):
        people_found(gallery, 9, among=Among(nationalities=("CN",)))


def test_changed_fields_change_what_a_filter_finds(gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, 2, sex="F")])
    gallery.enroll([enrolment("p", 3, sex="M")])
    assert people_found(gallery, 9, among=Among(sexes=("F",))) == []
    assert people_found(gallery, 9, among=Among(sexes=("M",))) == ["p", "p", "p"]


def test_fields_of_many_people_at_once(gallery: Gallery) -> None:
    gallery.enroll([enrolment(f"p{n}", n, name=f"Name {n}") for n in range(10)])
    gallery.enroll([enrolment("p1", 50, gallery="second", name="Other")])
    found = gallery.persons([("main", "p1"), ("second", "p1"), ("main", "nobody"), ("main", "p1")])
    assert {key: person.name for key, person in found.items()} == {
        ("main", "p1"): "Name 1",
        ("second", "p1"): "Other",
    }
    assert gallery.vectors_by_person([("main", "p1"), ("main", "x")]).keys() == {("main", "p1")}


def test_known_photos_are_those_of_this_engine(database: Database, gallery: Gallery) -> None:
    gallery.enroll([enrolment("p", 1, 2), enrolment("q", 3, gallery="second")])
    assert gallery.known_photos("main") == {("p", digest(1)), ("p", digest(2))}
    assert gallery.known_photos("nowhere") == frozenset()
    with Gallery(database, InMemory(DIMENSION), engine=OTHER_ENGINE, dimension=DIMENSION) as other:
        assert other.known_photos("main") == frozenset()


def test_a_closed_gallery_says_so(database: Database) -> None:
    gallery = Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION)
    gallery.close()
    with pytest.raises(IndexClosed):
        gallery.search(vector(1), 1)


def test_repr_shows_no_biometrics() -> None:
    assert "masked" in repr(photo(1))
    assert hashlib.sha256(content(1)).hexdigest() not in repr(enrolment("p", 1))


# Engines


def test_a_gallery_of_another_engine_only_is_not_searched(database: Database) -> None:
    with Gallery(database, InMemory(DIMENSION), engine=OTHER_ENGINE, dimension=DIMENSION) as other:
        other.enroll([Enrolment(Person("p"), [photo(1, engine=OTHER_ENGINE)])])
    with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
        for name in (None, "main"):
            with pytest.raises(EngineMismatch, match=r"other@2.*drawn@1.*reembed --to drawn"):
                gallery.search(vector(1), 5, gallery=name)
        (problem,) = gallery.check()
        assert problem.kind == "without_template"


def test_engines_share_the_records_but_never_meet(database: Database) -> None:
    with (
        Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery,
        Gallery(database, InMemory(4), engine=OTHER_ENGINE, dimension=4) as other,
    ):
        gallery.enroll([enrolment("p", 1), enrolment("q", 2)])
        small = Template(OTHER_ENGINE, vector(1)[:4])
        with database.writing() as connection:
            moving.begin(connection, OTHER_ENGINE, unless_recorded=ENGINE)
        both = dataclasses.replace(photo(1), also=(Made(OTHER_ENGINE, small),))
        (result,) = gallery.enroll([Enrolment(Person("p"), [both])])
        assert result.photos == (PhotoOutcome.COMPLETED,)
        assert [hit.person_id for hit in other.search(vector(1)[:4], 9)] == ["p"]
        assert len(gallery.search(vector(1), 9)) == 2
        assert gallery.state().galleries["main"].templates == {ENGINE: 2, OTHER_ENGINE: 1}
        assert gallery.check() == ()
        gallery.remove_person("main", "p")
        with pytest.raises(EngineMismatch):
            other.search(vector(1)[:4], 9)
