"""A person's fields: what is accepted, in which spelling it is kept, and what is refused with which remedy."""

import dataclasses
import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.chinese_id import check_character, read_chinese_id
from matcher.errors import BadField
from matcher.person import FIELDS, Person, checked_gallery, read_person

TODAY = date(2026, 7, 1)
NUMBER = "11010519491231002X"


@pytest.mark.parametrize(
    "person_id",
    ["1", "P-0001", "a.b_c:d@e+f", "case 17", "王小明", "Ελένη", "कुमारी", "_x", "a-", "..a", "a" * 128, "王" * 128],
)
def test_ids_that_are_kept(person_id: str) -> None:
    assert Person(person_id).person_id == unicodedata.normalize("NFC", person_id)


@pytest.mark.parametrize(
    "person_id",
    [
        *("", " ", ".", "..", " a", "a ", "a/b", "a\\b", "a\nb", "a\0b", "a\tb", "../x", "a*b", "a;b", "<b>", "a'b"),
        *("-", "-17", "+49 30", "@desk", "=1+1", "-1+cmd|' /C calc'!A0"),
        *("a" * 129, "a" * 10_000, "a\u200bb", "a\u202eb", "\u0301a", "a\ufe0f", "\u3164", "a\u00a0b", "\ud800", "😀"),
    ],
)
def test_ids_that_are_refused(person_id: str) -> None:
    with pytest.raises(BadField) as refusal:
        Person(person_id)
    assert refusal.value.field == "person_id"
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 250


def test_an_id_is_kept_in_one_spelling() -> None:
    assert Person("Zoe\u0308").person_id == Person("Zo\u00eb").person_id


def test_a_gallery_is_named_under_the_same_rules() -> None:
    assert checked_gallery("register 2026") == "register 2026"
    for name in ("", "a/b", "x" * 65):
        with pytest.raises(BadField):
            checked_gallery(name)


@given(st.text(max_size=150))
def test_any_text_is_an_id_or_a_refusal(text: str) -> None:
    try:
        person_id = Person(text).person_id
    except BadField:
        return
    assert Person(person_id).person_id == person_id
    assert 1 <= len(person_id) <= 128
    assert person_id == person_id.strip()
    assert not set(person_id) & set("/\\\0\n\r")


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=30)))
def test_what_was_accepted_is_accepted_again_unchanged(fields: dict[str, str]) -> None:
    try:
        person = read_person({"person_id": "p", **fields}, today=TODAY)
    except BadField:
        return
    assert dataclasses.replace(person) == person
    assert Person.stored(*(getattr(person, name) for name in FIELDS)) == person


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        *(("cn", "CHN"), ("CHN", "CHN"), (" us ", "USA"), ("", ""), ("D", "DEU"), ("XXA", "XXA"), ("xxb", "XXB")),
        *(("UNK", "UNK"), ("HKG", "HKG"), ("TWN", "TWN"), ("XK", "RKS"), ("GBN", "GBN")),
    ],
)
def test_nationality_in_one_spelling(given: str, kept: str) -> None:
    assert Person("p", nationality=given).nationality == kept


@pytest.mark.parametrize("code", ["ZZ", "China", "C", "C1", "ZZZ", "XX", "1"])
def test_a_nationality_that_is_none(code: str) -> None:
    with pytest.raises(BadField, match="ISO 3166"):
        Person("p", nationality=code)


@pytest.mark.parametrize(("given", "kept"), [("m", "M"), ("F", "F"), ("x", "X"), ("<", "X"), ("女", "F"), ("", "")])
def test_sex_as_documented(given: str, kept: str) -> None:
    assert Person("p", sex=given).sex == kept


@pytest.mark.parametrize("born", ["1980", "1980-05", "1980-05-17", "2000-02-29", "1850", "1850-01-01"])
def test_dates_of_birth_may_be_partial(born: str) -> None:
    person = Person("p", date_of_birth=born)
    assert person.date_of_birth == born
    assert person.birth_year == int(born[:4])


@pytest.mark.parametrize(
    "born",
    [
        "1849-12-31",
        "1980-13",
        "1980-02-30",
        "2001-02-29",
        "80",
        "1980-5-1",
        "17.05.1980",
        "19800517",
        "0000",
        "\uff11980",
    ],
)
def test_dates_of_birth_that_are_none(born: str) -> None:
    with pytest.raises(BadField) as refusal:
        Person("p", date_of_birth=born)
    assert refusal.value.field == "date_of_birth"


@pytest.mark.parametrize("born", ["2026", "2026-07", "2026-07-01"])
def test_born_today_is_not_the_future(born: str) -> None:
    assert read_person({"person_id": "p", "date_of_birth": born}, today=TODAY).date_of_birth == born


@pytest.mark.parametrize("born", ["2027", "2026-08", "2026-07-02", "9999-12-31"])
def test_nobody_is_born_in_the_future(born: str) -> None:
    with pytest.raises(BadField, match="future"):
        read_person({"person_id": "p", "date_of_birth": born}, today=TODAY)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(BadField, match="unknown field 'birthday'"):
        read_person({"person_id": "p", "birthday": "1980"}, today=TODAY)


def test_a_missing_id_is_named() -> None:
    with pytest.raises(BadField, match="person_id is empty"):
        read_person({"name": "Wang"}, today=TODAY)


@pytest.mark.parametrize("text", ["a\nb", "a\x00b", "a\u202eb", "a\u2028b", "\ud800", "x" * 201])
@pytest.mark.parametrize("field", ["name", "native_name", "national_id", "household_registration", "source"])
def test_text_without_control_characters(field: str, text: str) -> None:
    with pytest.raises(BadField) as refusal:
        Person("p", **{field: text})
    assert refusal.value.field == field


def test_names_are_trimmed_and_composed() -> None:
    person = Person("p", name="  Jose\u0301 ", native_name="\u0645\u06cc\u200c\u062e\u0648")
    assert person.name == "Jos\u00e9"
    assert person.native_name == "\u0645\u06cc\u200c\u062e\u0648"


def test_repr_shows_no_personal_data() -> None:
    person = Person("p1", name="Wang", native_name="王", nationality="CHN", national_id=NUMBER)
    assert repr(person) == "Person(person_id='p1', gallery='main', <masked>)"


def test_a_value_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadField, match="must be text"):
        Person("p", name=None)  # type: ignore[arg-type]


# China's identity number


def test_a_valid_number_gives_the_date_of_birth() -> None:
    person = Person("p", nationality="CN", national_id="110105 19491231 002x")
    assert person.national_id == NUMBER
    assert person.date_of_birth == "1949-12-31"
    assert person.sex == ""


@pytest.mark.parametrize("born", ["1949", "1949-12", "1949-12-31"])
def test_a_date_of_birth_that_agrees_stays_as_documented(born: str) -> None:
    assert Person("p", nationality="CHN", national_id=NUMBER, date_of_birth=born).date_of_birth == born


@pytest.mark.parametrize("born", ["1950", "1949-11", "1949-12-30"])
def test_a_date_of_birth_that_disagrees(born: str) -> None:
    with pytest.raises(BadField) as refusal:
        Person("p", nationality="CHN", national_id=NUMBER, date_of_birth=born)
    assert refusal.value.field == "date_of_birth"


def test_sex_agrees_with_the_seventeenth_digit() -> None:
    assert Person("p", nationality="CHN", national_id=NUMBER, sex="F").sex == "F"
    assert Person("p", nationality="CHN", national_id=NUMBER, sex="X").sex == "X"
    with pytest.raises(BadField) as refusal:
        Person("p", nationality="CHN", national_id=NUMBER, sex="M")
    assert refusal.value.field == "sex"


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("110105194912310021", "check character"),
        ("110105194902300026", "no date"),
        ("1101051949123100", "form"),
        ("A123456(7)", "Hong Kong"),
        ("11010519491231002XX", "form"),
        ("\uff110105194912310021", "form"),
    ],
)
def test_numbers_that_are_not_valid(number: str, why: str) -> None:
    with pytest.raises(BadField, match=why) as refusal:
        Person("p", nationality="CHN", national_id=number)
    assert refusal.value.field == "national_id"
    assert number not in str(refusal.value)


def test_an_old_number_becomes_the_new_one_of_the_same_person() -> None:
    person = Person("p", nationality="CHN", national_id="110105491231002")
    assert person.national_id == NUMBER
    assert read_chinese_id("110105800101997").born == "1880-01-01"


def test_other_nations_numbers_are_kept_as_they_are() -> None:
    assert Person("p", nationality="HKG", national_id="A123456(7)").national_id == "A123456(7)"
    assert Person("p", nationality="THA", national_id="110105994912310021").national_id == "110105994912310021"
    assert Person("p", national_id="1101051949123100").national_id == "1101051949123100"


@pytest.mark.parametrize("nationality", ["", "HKG", "TWN", "USA"])
def test_a_number_of_the_chinese_form_is_verified_whatever_the_nationality(nationality: str) -> None:
    person = Person("p", nationality=nationality, national_id="110105 19491231 002x")
    assert (person.national_id, person.date_of_birth, person.nationality) == (NUMBER, "1949-12-31", nationality)
    with pytest.raises(BadField, match="check character") as refusal:
        Person("p", nationality=nationality, national_id="110105194912310021")
    assert refusal.value.field == "national_id"
    with pytest.raises(BadField, match=r"date_of_birth 1950 .*1949-12-31.*correct") as refusal:
        Person("p", nationality=nationality, national_id=NUMBER, date_of_birth="1950")
    assert refusal.value.field == "date_of_birth"
    with pytest.raises(BadField, match=r"sex M .*correct") as refusal:
        Person("p", nationality=nationality, national_id=NUMBER, sex="M")
    assert refusal.value.field == "sex"


@pytest.mark.parametrize("number", ["110105194902300026", "110105994912310021"])
def test_without_a_nationality_a_date_that_is_none_is_refused(number: str) -> None:
    with pytest.raises(BadField, match=r"no date.*state whose in nationality") as refusal:
        Person("p", national_id=number)
    assert refusal.value.field == "national_id"


dates = st.dates(date(1900, 1, 1), date(2020, 12, 31))


@given(
    place=st.integers(110000, 820000),
    born=dates,
    order=st.integers(0, 999),
    at=st.integers(0, 16),
    by=st.integers(1, 9),
)
def test_one_wrong_digit_is_always_found(place: int, born: date, order: int, at: int, by: int) -> None:
    digits = f"{place}{born:%Y%m%d}{order:03}"
    number = digits + check_character(digits)
    assert read_chinese_id(number).born == born.isoformat()
    assert read_chinese_id(number).male == (order % 2 == 1)
    wrong = number[:at] + str((int(number[at]) + by) % 10) + number[at + 1 :]
    with pytest.raises(BadField):
        read_chinese_id(wrong)


@given(place=st.integers(110000, 820000), born=dates, order=st.integers(0, 999), at=st.integers(0, 15))
def test_two_swapped_neighbours_are_always_found(place: int, born: date, order: int, at: int) -> None:
    digits = f"{place}{born:%Y%m%d}{order:03}"
    number = digits + check_character(digits)
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if swapped != number:
        with pytest.raises(BadField):
            read_chinese_id(swapped)
