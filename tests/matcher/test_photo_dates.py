"""The day on which a reference photo was taken: stated or not known, kept, replaced only where that is meant."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from matcher.errors import BadField, PersonDiffers
from matcher.following import InMemory
from matcher.gallery import Gallery
from matcher.photo_date import PhotoDates, checked_photo_date, dates_of
from matcher.records import reading
from matcher.records.database import Database
from matcher.records.values import Enrolment, PersonOutcome, PhotoOutcome
from tests.matcher.gallery_parts import DIMENSION, ENGINE, digest, enrolment, photo

TODAY = date(2026, 3, 1)


@pytest.fixture
def gallery(url: str) -> Iterator[Gallery]:
    """On both databases."""
    database = Database.open(url)
    with Gallery(database, InMemory(DIMENSION), engine=ENGINE, dimension=DIMENSION) as gallery:
        yield gallery
    database.close()


def _dated(person_id: str, **days: str) -> Enrolment:
    """Photos by their numbers, as in p1="2019-05-17"."""
    numbers = [int(name[1:]) for name in days]
    days_of = {digest(number): day for number, day in zip(numbers, days.values(), strict=True) if day}
    return Enrolment(enrolment(person_id).person, [photo(number) for number in numbers], days_of)


def _days(gallery: Gallery, person_id: str) -> list[str]:
    return [kept.taken_on for kept in gallery.person("main", person_id).photos]


def test_a_day_is_kept_with_its_photo_and_what_has_none_is_not_known(gallery: Gallery) -> None:
    gallery.enroll([_dated("a", p1="2019-05-17", p2=""), _dated("b", p3="")])
    assert (_days(gallery, "a"), _days(gallery, "b")) == (["2019-05-17", ""], [""])
    keys = [("main", "a"), ("main", "b")]
    asked = [(keys[0], digest(1)), (keys[0], digest(2)), (keys[1], digest(3)), (keys[1], digest(1))]
    with gallery.database.reading() as connection:
        assert reading.photo_dates(connection, asked) == {(keys[0], digest(1)): "2019-05-17"}


def test_a_recorded_photo_gets_its_day_and_loses_it_only_where_that_is_meant(gallery: Gallery) -> None:
    gallery.enroll([_dated("a", p1="", p2="")])
    (done,) = gallery.enroll([_dated("a", p1="2019-05-17")], update=False)
    assert (done.dated, done.photos, done.person) == (1, (PhotoOutcome.ALREADY_THERE,), PersonOutcome.UNCHANGED)
    # Alone, for a photo that is recognised before it is decoded; and one that is not there is passed over.
    (done,) = gallery.enroll([Enrolment(done_person := _dated("a").person, (), {digest(2): "2020-01-02"})])
    assert gallery.enroll([Enrolment(done_person, (), {digest(9): "2020-01-02"})])[0].dated == 0
    assert _days(gallery, "a") == ["2019-05-17", "2020-01-02"]
    with pytest.raises(PersonDiffers, match=r"taken on 2019-05-17, not 2018-01-01") as refusal:
        gallery.enroll([_dated("b", p5=""), _dated("a", p1="2018-01-01")], update=False)
    assert refusal.value.field == "taken_on"
    assert gallery.state().people == 1
    # What says nothing leaves it; an update replaces it.
    gallery.enroll([_dated("a", p1="")])
    assert gallery.enroll([_dated("a", p1="2018-01-01")])[0].dated == 1
    assert _days(gallery, "a") == ["2018-01-01", "2020-01-02"]
    assert gallery.replace_person(_dated("a", p1="")).person is PersonOutcome.UPDATED
    assert _days(gallery, "a") == [""]


def test_photos_of_before_have_no_day(gallery: Gallery) -> None:
    """A row as a process of the version before writes it, which does not know the column."""
    gallery.enroll([_dated("a", p1="2019-05-17")])
    with gallery.database.writing() as connection:
        columns = "owner_id, format, width, height, added_at"
        statement = f"INSERT INTO photo (id, link, sha256, {columns}) SELECT 999, 999, :digest, {columns} FROM photo"
        connection.execute(text(statement), {"digest": bytes.fromhex(digest(2))})
    assert _days(gallery, "a") == ["2019-05-17", ""]


@pytest.mark.parametrize(
    ("given_text", "why"),
    [
        ("2026-03-02", "in the future"), ("2019-5-17", "not a date"), ("20190517", "not a date"), ("2019", "not a"),
        ("2019-02-29", "not a date"), ("17.05.2019", "not a date"), ("1849-12-31", "not a date"), ("0000-00-00", "not"),
        ("\u0662019-05-17", "not a date"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_refused_with_its_value_and_the_remedy(given_text: str, why: str) -> None:
    with pytest.raises(BadField, match=why) as refusal:
        checked_photo_date(given_text, today=TODAY)
    assert refusal.value.field == "taken_on"
    assert "leave it empty" in str(refusal.value)
    with pytest.raises(BadField, match=why):
        PhotoDates(TODAY).read(given_text)


@given(st.dates(date(1850, 1, 1), TODAY))
def test_every_day_comes_back_as_it_was_stated(day: date) -> None:
    assert checked_photo_date(f" {day.isoformat()} ", today=TODAY) == day.isoformat()
    assert PhotoDates(TODAY).read(day.isoformat()) == day.isoformat()


def test_as_many_days_as_photos_and_one_for_each_photo() -> None:
    assert dates_of(["a", "b"], ()) == {}
    assert dates_of(["a", "b", "a"], ["2019-05-17", "", "2019-05-17"]) == {"a": "2019-05-17"}
    with pytest.raises(BadField, match="given 1 times for 2 photos"):
        dates_of(["a", "b"], ["2019-05-17"])
    with pytest.raises(BadField, match="2019-05-17 and 2020-01-01"):
        dates_of(["a", "a"], ["2019-05-17", "2020-01-01"])
