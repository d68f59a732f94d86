"""A search in a case as those who decide on it have it: candidates, reviews, verdicts, identifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from matcher.casework.features import Opinion, Reason
from matcher.casework.numbers import number_text


class Stage(StrEnum):
    """Whose turn it is with a search."""

    FIRST = "first"
    SECOND = "second"
    SUPERVISOR = "supervisor"
    SETTLED = "settled"


ROUNDS = {Stage.FIRST: 1, Stage.SECOND: 2, Stage.SUPERVISOR: 3}


class ReviewState(StrEnum):
    """Blind: photos alone. Scored: scores and records are shown, and verdicts may change. Closed: nothing does."""

    BLIND = "blind"
    SCORED = "scored"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """A search in a case. outcome: as searches say it. digest: of its result, as the audit has it. stage: whose turn it
    is, which no reviewer is told, since it tells what the one before found. at: seconds since 1970.
    searched_anyway: why the photo would have been refused, had it not been asked for anyway; else empty."""

    number: int
    case: int
    gallery: str
    basis: str
    photo_sha256: str
    engine: str
    version: int
    outcome: str
    digest: str
    second_look: bool
    stage: Stage
    by: str
    at: int
    candidates: int = 0
    searched_anyway: str = ""

    @property
    def id(self) -> str:
        return number_text("S", self.number)


@dataclass(frozen=True, slots=True)
class Scores:
    """What the search said of a candidate; shown after the blind stage only. See `identification.Candidate`."""

    rank: int
    score: float
    distance: float
    false_alarm_probability: float | None
    log10_likelihood_ratio: float | None
    confidence: float | None
    meaning: str
    false_alarm_reach: str = ""
    likelihood_bound: str = ""
    agreement: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A candidate as the records keep it. key: gallery and person_id."""

    number: int
    key: tuple[str, str]
    photo_sha256: str
    scores: Scores

    @property
    def id(self) -> str:
        return number_text("K", self.number)


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's pass over a search's candidates. seed: of the order in which they are shown."""

    number: int
    search: int
    round: int
    reviewer: str
    seed: int
    state: ReviewState

    @property
    def id(self) -> str:
        return number_text("R", self.number)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reviewer found of a candidate. stage: blind or scored, when it was found. confidence: 0 to 100."""

    candidate: int
    stage: ReviewState
    opinion: Opinion
    confidence: int
    reasons: tuple[Reason, ...]
    remark: str
    at: int


@dataclass(frozen=True, slots=True)
class Identification:
    """Two reviewers found the same person: whom, in which search, and who the two are. at: seconds since 1970."""

    number: int
    search: int
    candidate: int
    key: tuple[str, str]
    photo_sha256: str
    first_reviewer: str
    second_reviewer: str
    at: int

    @property
    def id(self) -> str:
        return number_text("I", self.number)


def shuffled(listed: Sequence[Listed], seed: int) -> list[Listed]:
    """The candidates in the order of a seed, the same for the same seed."""
    order = sorted(listed, key=lambda one: one.number)
    Random(seed).shuffle(order)
    return order
