"""A case as it is kept: who is in custody, which country is asked, where it stands, how long is left."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Self

from matcher.casework.numbers import number_text
from matcher.casework.statuses import Status
from matcher.errors import BadField
from matcher.nationality import nationality_code
from matcher.person import Person, shown
from matcher.records.case_tables import NO_DEADLINE

STATUTORY_DAYS = 180
_LONGEST = 2_000


class Protection(StrEnum):
    """Whether anything of a case may reach the country it is about. Unknown is treated as protected."""

    NONE = "none"
    UNKNOWN = "unknown"
    PROTECTED = "protected"


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """Who the person says they are; checked as an identity record's fields are. Raises BadField."""

    name: str = ""
    native_name: str = ""
    date_of_birth: str = ""
    household_registration: str = ""

    def __post_init__(self) -> None:
        person = Person("claim", **asdict(self))
        for field in CLAIM_FIELDS:
            object.__setattr__(self, field, getattr(person, field))

    @classmethod
    def stored(cls, fields: Mapping[str, str]) -> Self:
        """As the records hold it, without a second check."""
        claim = object.__new__(cls)
        for field in CLAIM_FIELDS:
            object.__setattr__(claim, field, fields[field])
        return claim

    def __repr__(self) -> str:
        return "Claim(<masked>)"


CLAIM_FIELDS = ("name", "native_name", "date_of_birth", "household_registration")


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case without its photos. deadline: ISO date, empty where no custody date is known. Times: seconds since 1970.

    epoch: how often the protection has changed. assignee: empty for nobody. version: rises with every change.
    """

    number: int
    country: str
    claim: Claim
    status: Status
    status_at: int
    protection: Protection
    epoch: int
    custody_date: str
    deadline: str
    assignee: str
    opened_by: str
    opened_at: int
    version: int

    @property
    def id(self) -> str:
        return case_id(self.number)

    @property
    def is_confidential(self) -> bool:
        return self.protection is not Protection.NONE

    def days_left(self, today: date) -> int | None:
        """Days until the statutory deadline, negative when it has passed; None where there is none."""
        return (date.fromisoformat(self.deadline) - today).days if self.deadline else None


@dataclass(frozen=True, slots=True)
class CasePhoto:
    """A photo of a case, as kept. taken_on: ISO date or empty. added_at: seconds since 1970."""

    sha256: str
    format: str
    width: int
    height: int
    taken_on: str
    added_by: str
    added_at: int
    engines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a case: who, when (seconds since 1970), why. before, after: of what changed."""

    at: int
    actor: str
    kind: str
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class CaseQuery:
    """Which cases are wanted; empty asks nothing. due_by: ISO date, those whose deadline is not later. unended: only
    those on which somebody still works."""

    status: Status | None = None
    country: str = ""
    assignee: str | None = None
    due_by: str = ""
    unended: bool = False


@dataclass(frozen=True, slots=True)
class CasePage:
    """Cases by deadline, the nearest first. next: where the following page begins; empty for the last."""

    cases: tuple[CaseFile, ...]
    next: str


def case_id(number: int) -> str:
    return number_text("C", number)


def case_subject(number: int) -> str:
    """A case as the audit names it."""
    return f"case:{case_id(number)}"


def deadline_of(custody_date: str, days: int) -> str:
    """The statutory deadline as the records keep it."""
    if not custody_date:
        return NO_DEADLINE
    return (date.fromisoformat(custody_date) + timedelta(days=days)).isoformat()


def checked_date(field: str, text: str, *, today: date, required: bool = False) -> str:
    """A whole date that is not in the future, or empty; raises BadField."""
    text = text.strip()
    if not text and not required:
        return ""
    try:
        found = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        found = None
    if found is None or found.year < 1900:
        raise BadField(field, f"{field} {shown(text)} is not a date; write it as 2026-03-01")
    # It may be tomorrow already where it was written.
    if found > today + timedelta(days=1):
        raise BadField(field, f"{field} {text} lies in the future; today is {today.isoformat()}")
    return found.isoformat()


def checked_text(field: str, text: str, *, required: bool = True) -> str:
    """Free text without control characters but line ends; raises BadField."""
    text = text.strip()
    if required and not text:
        raise BadField(field, f"{field} is empty; say why")
    if len(text) > _LONGEST:
        raise BadField(field, f"{field} has {len(text)} characters, at most {_LONGEST} fit; shorten it")
    if not text.replace("\n", "").replace("\t", "").isprintable():
        raise BadField(field, f"{field} holds control characters; remove them")
    return text


def checked_country(text: str) -> str:
    """A country's code as nationalities have it; raises BadField."""
    try:
        code = nationality_code(text)
    except BadField as exc:
        raise BadField("country", str(exc).replace("nationality", "country", 1)) from exc
    if not code:
        raise BadField("country", "country is empty; name the country that is asked, as in CHN")
    return code
