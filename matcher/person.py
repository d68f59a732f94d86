"""Who a reference photo shows: the fields of an identity record, checked once, when they come in."""

import dataclasses
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Self

from matcher.chinese_id import ChineseId, looks_chinese, read_chinese_id
from matcher.errors import BadField
from matcher.nationality import nationality_code

EARLIEST_BIRTH = "1850"
LONGEST_ID = 128
LONGEST_GALLERY = 64
LONGEST_TEXT = 200

_SIGNS = "._-:@+ "
# A spreadsheet takes what begins so for a formula; ids are to be exact in every table, for programs and for people.
_NOT_FIRST = "-@+"
_PLAIN_ID = re.compile(r"[A-Za-z0-9_:](?:[A-Za-z0-9._:@+ -]*[A-Za-z0-9._:@+-])?")
_DATE = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_SEXES = {"M": "M", "F": "F", "X": "X", "<": "X", "MALE": "M", "FEMALE": "F", "男": "M", "女": "F"}
# Letters by their category, yet nothing is to be seen of them: two ids that look the same would differ.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """An identity record's fields, valid and in one spelling; the empty string means "not stated". Raises BadField.

    person_id: the operator's own id, unique in its gallery; 1 to 128 letters and digits of any script and . _ - : @ +
    and inner spaces, of which - @ + don't come first. All text is kept in Unicode NFC.
    date_of_birth: as documents state it: ``1980``, ``1980-05`` or ``1980-05-17``.
    sex: as documented, ICAO 9303: M, F or X (unspecified).
    nationality: ISO 3166-1 alpha-3 or an ICAO 9303 code.
    national_id: a Chinese number of 18 characters is verified, and must agree with date_of_birth and sex; an absent
    date of birth is taken from it, an absent sex is not (the field says what a document states in words). With
    nationality CHN it must be one; without nationality whatever looks like one must be; with another nationality
    (permits for residents of Hong Kong, Macao and Taiwan, people who have changed theirs) what looks like one and
    holds a date does.
    """

    person_id: str
    gallery: str = "main"
    name: str = ""
    native_name: str = ""
    date_of_birth: str = ""
    sex: str = ""
    nationality: str = ""
    national_id: str = ""
    household_registration: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        keep = object.__setattr__
        keep(self, "person_id", checked_person_id(self.person_id))
        keep(self, "gallery", checked_gallery(self.gallery))
        for field in ("name", "native_name", "national_id", "household_registration", "source"):
            value = getattr(self, field)
            if value != "":
                keep(self, field, _text(field, value))
        keep(self, "date_of_birth", _birth(self.date_of_birth))
        keep(self, "sex", _sex(self.sex))
        keep(self, "nationality", nationality_code(_line("nationality", self.nationality)))
        number = self._chinese_number()
        if number is not None:
            self._must_agree(number)
            keep(self, "national_id", number.number)
            keep(self, "date_of_birth", self.date_of_birth or _birth(number.born))

    def _chinese_number(self) -> ChineseId | None:
        """The national_id as a verified Chinese number; None where it is none. Raises BadField."""
        if self.nationality == "CHN":
            return read_chinese_id(self.national_id) if self.national_id else None
        if not looks_chinese(self.national_id, dated=bool(self.nationality)):
            return None
        try:
            return read_chinese_id(self.national_id)
        except BadField as exc:
            if self.nationality:
                raise
            raise BadField(exc.field, f"{exc}; if it is not a Chinese number, state whose in nationality") from exc

    def _must_agree(self, number: ChineseId) -> None:
        if not number.born.startswith(self.date_of_birth):
            raise BadField(
                "date_of_birth",
                f"date_of_birth {self.date_of_birth} of person_id {shown(self.person_id)} is not the one in the "
                f"national_id, {number.born}; correct the one that was misread",
            )
        if self.sex in ("M", "F") and number.male != (self.sex == "M"):
            raise BadField(
                "sex",
                f"sex {self.sex} of person_id {shown(self.person_id)} is not what the 17th digit of the national_id "
                "says (odd is M, even is F); correct the one that was misread, or leave sex empty",
            )

    @property
    def birth_year(self) -> int:
        """The year of birth, 0 where it is not stated."""
        return int(self.date_of_birth[:4] or 0)

    @classmethod
    def stored(cls, *values: str) -> Self:
        """A person as the records hold it, in the order of the fields, without a second check.

        What was once accepted must stay readable when a later version checks more.
        """
        person = object.__new__(cls)
        for field, value in zip(FIELDS, values, strict=True):
            object.__setattr__(person, field, value)
        return person

    def __repr__(self) -> str:
        # The other fields are personal data: they never reach a log by way of repr.
        return f"Person(person_id={self.person_id!r}, gallery={self.gallery!r}, <masked>)"


FIELDS = tuple(field.name for field in dataclasses.fields(Person))


def read_person(fields: Mapping[str, str], *, today: date) -> Person:
    """A person from named texts, as a CSV row or a form has them; raises BadField, for an unknown name too."""
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise BadField(unknown[0][:40], f"unknown field {shown(unknown[0])}; the fields are {', '.join(FIELDS)}")
    person = Person(**{"person_id": "", **fields})
    refuse_future(person, today=today)
    return person


def refuse_future(person: Person, *, today: date) -> None:
    """Raises BadField where the date of birth lies after today."""
    born = person.date_of_birth
    if born > today.isoformat()[: len(born)]:
        raise BadField("date_of_birth", f"date_of_birth {born} lies in the future; today is {today.isoformat()}")


def checked_person_id(text: str) -> str:
    """The id in NFC; raises BadField."""
    return _identifier("person_id", text, LONGEST_ID)


def checked_gallery(text: str) -> str:
    """The gallery's name in NFC, under the rules of ids, at most 64 characters; raises BadField."""
    return _identifier("gallery", text, LONGEST_GALLERY)


def shown(text: str) -> str:
    """A value as it may stand in a message: quoted, on one line, 40 characters at most."""
    return ascii(text) if len(text) <= 40 else f"{text[:37]!a}... ({len(text)} characters)"


def _identifier(field: str, text: str, longest: int) -> str:
    _must_be_text(field, text)
    if not text:
        raise BadField(field, f"{field} is empty; give 1 to {longest} characters")
    if len(text) > longest:
        raise BadField(field, f"{field} {shown(text)} is longer than {longest} characters; shorten it")
    if _PLAIN_ID.fullmatch(text):
        return text
    text = unicodedata.normalize("NFC", text)
    bad = next((sign for sign in text if not _fits_identifier(sign)), "")
    if bad:
        raise BadField(
            field,
            f"{field} {shown(text)} holds {bad!a}; use letters, digits, . _ - : @ + and spaces inside",
        )
    if text[0] in _NOT_FIRST:
        raise BadField(
            field,
            f"{field} {shown(text)} begins with {text[0]}, which spreadsheets take for a formula; put a letter or a "
            "digit before it",
        )
    if text in (".", "..") or text != text.strip() or unicodedata.category(text[0]).startswith("M"):
        raise BadField(field, f"{field} {shown(text)} starts or ends with a space, or is not a name; change it")
    if len(text) > longest:
        raise BadField(field, f"{field} {shown(text)} is longer than {longest} characters; shorten it")
    return text


def _fits_identifier(sign: str) -> bool:
    if sign in _SIGNS:
        return True
    kind = unicodedata.category(sign)
    # Marks belong to the letters of many scripts; variation selectors are marks that nobody sees.
    unseen = sign in _UNSEEN or 0xFE00 <= ord(sign) <= 0xFE0F or 0x180B <= ord(sign) <= 0x180F or ord(sign) >= 0xE0000
    return (kind[0] in "LM" or kind == "Nd") and not unseen


def _text(field: str, text: str) -> str:
    text = unicodedata.normalize("NFC", _line(field, text)).strip()
    if len(text) > LONGEST_TEXT:
        raise BadField(field, f"{field} {shown(text)} is longer than {LONGEST_TEXT} characters; shorten it")
    return text


def _line(field: str, text: str) -> str:
    """The text itself, where it is text without control characters, line ends and turned writing."""
    _must_be_text(field, text)
    if text.isprintable():
        return text
    for sign in text:
        if sign in _TURNING or unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            raise BadField(field, f"{field} {shown(text)} holds the control character {sign!a}; remove it")
    return text


def _must_be_text(field: str, text: object) -> None:
    if not isinstance(text, str):
        raise BadField(field, f"{field} must be text, not {type(text).__name__}")


def _sex(text: str) -> str:
    if text == "":
        return ""
    sex = _SEXES.get(_line("sex", text).strip().upper())
    if sex is None:
        raise BadField("sex", f"sex {shown(text)} is not M, F or X as documents state it; leave it empty if unknown")
    return sex


def _birth(text: str) -> str:
    if text == "":
        return ""
    text = _line("date_of_birth", text).strip()
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        date(*(int(part) for part in (text + "-01-01")[:10].split("-")))
    except ValueError:
        raise BadField(
            "date_of_birth", f"date_of_birth {shown(text)} is not a date; write 1980, 1980-05 or 1980-05-17"
        ) from None
    if text < EARLIEST_BIRTH:
        raise BadField("date_of_birth", f"date_of_birth {text} lies before {EARLIEST_BIRTH}; correct it")
    return text
