"""What a job is: many photos to search with, how, and how far it has come."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from matcher.accounts.roles import Right
from matcher.among import EVERYBODY, Among
from matcher.casework.numbers import number_text

MOST_ITEMS = 1 << 24
"""Photos of one job; an item's id is its job's number times this, plus its own."""

MOST_PRIORITY = 9


class JobKind(StrEnum):
    """What is done with the photos."""

    PHOTOS = "photos"
    """Each is searched with, as `matcher backlog` does."""
    CASES = "cases"
    """Each is a photo of a person in custody, searched with in that case, if the confidentiality gate lets it pass."""


class JobState(StrEnum):
    """Where a job stands."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_open(self) -> bool:
        """Whether workers may take photos of it."""
        return self in (JobState.QUEUED, JobState.RUNNING)


class ItemState:
    """Where one photo stands, as a number in the records."""

    WAITING, LEASED, DONE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job's photos are searched with, as `Matcher.identify_many`. engine: the name of the one that it was made
    for. sources: where photos of an upload lie is known to the home that holds it alone."""

    engine: str
    top: int = 20
    fpir: float | None = None
    anyway: bool = False
    among: Among = EVERYBODY

    def text(self) -> str:
        """As the records keep it."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def of(cls, text: str) -> "JobOptions":
        """What `text` wrote."""
        values: dict[str, Any] = json.loads(text)
        among: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in values["among"].items()
        }
        return cls(**{**values, "among": Among(**among)})


@dataclass(frozen=True, slots=True)
class Mandate:
    """What those who made a job, filled it or let it go on could all do. rights: none where that was not noted.

    tokens: the prefixes of those that they came with; the job works while all of them are valid.
    """

    rights: frozenset[Right] = frozenset()
    tokens: tuple[str, ...] = ()

    def narrowed(self, other: "Mandate") -> "Mandate":
        """After somebody else had a hand in the job: nobody gets more rights by another one's job."""
        rights = self.rights & other.rights if self.rights else other.rights
        return Mandate(rights, tuple(dict.fromkeys((*self.tokens, *other.tokens))))


UNKNOWN = Mandate()
"""Of jobs of an earlier version."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job. number: random, see `id`. source: what was given, in words. folder: below the home's `jobs`, where an
    upload lies; empty for what stays where it is. total: photos. Times: seconds since 1970, 0 for not yet."""

    number: int
    name: str
    kind: JobKind
    state: JobState
    options: JobOptions
    source: str
    made_by: str
    made_at: int
    total: int = 0
    priority: int = 0
    reason: str = ""
    conditions: str = ""
    folder: str = ""
    started_at: int = 0
    ended_at: int = 0
    mandate: Mandate = UNKNOWN

    @property
    def named(self) -> str:
        """In whose name it works, as the audit names them: a token stands behind its account."""
        return f"{self.made_by}/token:{self.mandate.tokens[-1]}" if self.mandate.tokens else self.made_by

    @property
    def id(self) -> str:
        return job_id(self.number)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job has come. outcomes: how many photos ended how. a_second: photos, over the last while; 0 where
    nobody works. seconds_left: at that speed, None where it is not known."""

    total: int
    done: int
    workers: int = 0
    a_second: float = 0.0
    seconds_left: float | None = None
    outcomes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """One photo of a job. place: where its bytes are, as `matcher.places` writes it. known: its SHA-256 if it was
    answered before under the same conditions."""

    number: int
    case_id: str
    photo: str
    place: str
    deadline: str = ""
    code: str = ""
    reason: str = ""
    known: str = ""


def job_id(number: int) -> str:
    """A job as people see it."""
    return number_text("J", number)


def item_id(job: int, number: int) -> int:
    """An item's id in the records. job: of 39 bits, so that both fit in 63."""
    return job * MOST_ITEMS + number
