"""The quick reader of many persons says exactly what the thorough reader of one says."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from matcher.errors import BadField
from matcher.person import FIELDS, Person, read_person
from matcher.person_reader import PersonReader

TODAY = date(2026, 7, 1)
NUMBER = "11010519491231002X"

LIKELY = {
    "person_id": ["P1", "a b", "", "-1", "=x", "\u738b", "x" * 129],
    "gallery": ["main", "other", "a/b", "Zoe\u0308"],
    "name": ["Ann", " Ann ", "A\nB", "\u738b\u5c0f\u660e", "x" * 201, "Zoe\u0308"],
    "date_of_birth": ["1980", "1980-05", "1980-13", "2027", "2026-07-01", "2026-07-02", " 1980 "],
    "sex": ["M", "f", "male", "Q", "<"],
    "nationality": ["CHN", "chn", "UKR", "ZZZ", "\u202eCHN"],
    "national_id": [NUMBER, NUMBER[:-1] + "1", "AB 123"],
    "source": ["register", "\t"],
    "shoe_size": ["42"],
}
rows = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) | st.text(max_size=4) for name, values in LIKELY.items()}
)


def outcome(read: object, fields: dict[str, str]) -> tuple[str, ...]:
    try:
        person: Person = read(fields)  # type: ignore[operator]
    except BadField as refusal:
        return "refused", refusal.field, str(refusal)
    return tuple(getattr(person, name) for name in FIELDS)


@given(st.lists(rows, max_size=6))
def test_many_are_read_as_one_is(table: list[dict[str, str]]) -> None:
    reader = PersonReader("main", today=TODAY)
    for fields in table:
        stated = {name: text for name, text in fields.items() if text}
        alone = outcome(lambda row: read_person({"gallery": "main", **row}, today=TODAY), stated)
        assert outcome(reader.read, stated) == alone
        # What was remembered from the first time changes nothing.
        assert outcome(reader.read, stated) == alone
