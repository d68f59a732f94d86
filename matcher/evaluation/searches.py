"""What an evaluation keeps of each search: where the mate stood, and who stood first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from matcher.evaluation.plan import Entry, Kind
from matcher.identification import Candidate, Identification, Outcome

NOT_ACQUIRED = frozenset({Outcome.NO_FACE, Outcome.PHOTO_UNUSABLE})


@dataclass(frozen=True, slots=True)
class Standing:
    """One candidate of an answer. alarm: the false-alarm probability; it and the rest None where not calibrated."""

    rank: int
    score: float
    alarm: float | None = None
    log10_lr: float | None = None
    confidence: float | None = None

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        return cls(
            candidate.rank,
            candidate.score,
            candidate.false_alarm_probability,
            candidate.log10_likelihood_ratio,
            candidate.confidence,
        )


@dataclass(frozen=True, slots=True)
class Search:
    """One probe's search. acquired: False where the photo gave nothing to search with; code says why.

    first: the best candidate; mate: the person searched for, None where not listed. right: the first one is the mate.
    milliseconds: step -> time, as the product measures it.
    """

    person_id: str
    photo: str
    line: int
    mated: bool
    group: str
    acquired: bool
    outcome: str
    code: str
    first: Standing | None
    mate: Standing | None
    milliseconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return self.mate is not None and self.mate.rank == 1


def search_of(entry: Entry, answer: Identification) -> Search:
    """What is kept of the answer to one probe."""
    mate = next((one for one in answer.candidates if one.person.person_id == entry.person_id), None)
    return Search(
        person_id=entry.person_id,
        photo=entry.photo,
        line=entry.line,
        mated=entry.kind is Kind.MATED,
        group=entry.group,
        acquired=answer.outcome not in NOT_ACQUIRED,
        outcome=answer.outcome.value,
        code=answer.code or (answer.outcome.value if answer.outcome in NOT_ACQUIRED else ""),
        first=Standing.of(answer.candidates[0]) if answer.candidates else None,
        mate=None if mate is None else Standing.of(mate),
        milliseconds=dict(answer.timings),
    )
