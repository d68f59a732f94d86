"""One officer's way through one exercise, as it stands."""

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import Connection, Row

from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Protection
from matcher.casework.decisions import ReviewState, Scores, Verdict
from matcher.casework.detection import detection
from matcher.casework.features import Opinion, Reason
from matcher.casework.numbers import number_text
from matcher.quality import Component, Measure, Quality
from matcher.quality import Reason as QualityReason
from matcher.quality import Verdict as QualityVerdict
from matcher.records import training as kept
from matcher.training.colleague import Second, second_review
from matcher.training.exercise import Exercise, Sending, exercise
from matcher.training.grades import Grade
from matcher.training.results import Result, Steps

AS_GOOD = 5.0
"""A photo whose quality is less than this below the better one's is as good a choice."""


class Step(StrEnum):
    """Where an officer stands, in the order of the path. LEFT: given up."""

    CASE = "case"
    PHOTO = "photo"
    BLIND = "blind"
    SCORED = "scored"
    SECOND = "second"
    DOCUMENT = "document"
    ANSWER = "answer"
    DONE = "done"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Looked:
    """What the program said of a photo of the person in custody. found: whether it shows a face to search with.

    quality: None where it was not measured.
    """

    found: bool
    quality: Quality | None

    @property
    def score(self) -> float:
        """0 to 100; below every other where there is nothing to search with."""
        return -1.0 if self.quality is None or not self.found else self.quality.score

    def stored(self) -> dict[str, Any]:
        """As the records keep it."""
        return {"found": self.found, "quality": None if self.quality is None else asdict(self.quality)}

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        if stored["quality"] is None:
            return cls(stored["found"], None)
        given = stored["quality"]
        components = {Measure(name): Component(**one) for name, one in given["components"].items()}
        reasons = tuple(QualityReason(Measure(one["code"]), one["text"], one["advice"]) for one in given["reasons"])
        return cls(stored["found"], Quality(components, given["score"], QualityVerdict(given["verdict"]), reasons))


@dataclass(frozen=True, slots=True)
class Choices:
    """What the officer chose beside the comparison; None before."""

    protection: Protection | None = None
    photo: int | None = None
    sending: Sending | None = None
    kind: AnswerKind | None = None
    reason: Rejection | None = None

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        return cls(
            protection=None if (protection := stored.get("protection")) is None else Protection(protection),
            photo=stored.get("photo"),
            sending=None if (sending := stored.get("sending")) is None else Sending(sending),
            kind=None if (kind := stored.get("kind")) is None else AnswerKind(kind),
            reason=None if (reason := stored.get("reason")) is None else Rejection(reason),
        )

    def stored(self) -> str:
        return json.dumps({name: value for name, value in asdict(self).items() if value is not None})


@dataclass(frozen=True, slots=True, repr=False)
class Practice:
    """An exercise and what its officer has done. verdicts: by place, every one in its order."""

    number: int
    account: str
    exercise: Exercise
    edition: int
    engine: str
    step: Step
    photos: tuple[Looked, ...]
    choices: Choices
    opened: frozenset[int]
    verdicts: dict[int, tuple[Verdict, ...]] = field(default_factory=dict)
    scores: tuple[Scores, ...] = ()

    @property
    def id(self) -> str:
        return number_text("T", self.number)

    @property
    def found(self) -> frozenset[int]:
        """The places that are called the same person now."""
        return frozenset(place for place, given in self.verdicts.items() if given[-1].opinion is Opinion.SAME_PERSON)

    @property
    def may_be_revealed(self) -> bool:
        return self.step is Step.BLIND and len(self.verdicts) == len(self.exercise.entries)

    @property
    def second(self) -> Second:
        """What came of the second review; to be shown from that step on only."""
        return second_review(self.exercise, self.found)

    def last(self, place: int, stage: ReviewState | None = None) -> Verdict | None:
        """The last verdict of a place, or its last of a stage."""
        given = [one for one in self.verdicts.get(place, ()) if stage is None or one.stage is stage]
        return given[-1] if given else None

    def result(self) -> Result:
        """What came of it; for an exercise that is done."""
        made, second, choices = self.exercise, self.second, self.choices
        truth = frozenset() if made.truth is None else frozenset({made.truth})
        place = second.identified
        letter = None if place is None or choices.kind is None else made.letter(place)
        return Result(
            blind=detection(self._called(ReviewState.BLIND)),
            final=detection(self._called(None)),
            right=self.found == truth,
            steps=Steps(
                protection=choices.protection is made.protection,
                photo=self._chose_well(),
                document=None if place is None else choices.sending is made.sending,
                answer=None if letter is None else (choices.kind, choices.reason) == (letter.kind, letter.reason),
            ),
        )

    def _called(self, stage: ReviewState | None) -> list[tuple[bool, bool]]:
        last = [(entry.is_same, self.last(place, stage)) for place, entry in enumerate(self.exercise.entries)]
        return [(is_same, verdict.opinion is Opinion.SAME_PERSON) for is_same, verdict in last if verdict is not None]

    def _chose_well(self) -> bool:
        scores = [one.score for one in self.photos]
        return self.choices.photo is not None and scores[self.choices.photo] >= max(scores) - AS_GOOD


def practice_of(connection: Connection, row: Row[Any]) -> Practice:
    """An exercise as the records have it."""
    verdicts: dict[int, tuple[Verdict, ...]] = {}
    for one in kept.verdicts(connection, row.id):
        verdicts[one.place] = (*verdicts.get(one.place, ()), _verdict(one))
    return Practice(
        number=row.id, account=row.account, exercise=exercise(Grade(row.grade), row.seed), edition=row.edition,
        engine=row.engine, step=Step(row.state), photos=tuple(Looked.of(one) for one in json.loads(row.photos)),
        choices=Choices.of(json.loads(row.choices)), opened=kept.opened(connection, row.id), verdicts=verdicts,
        scores=tuple(Scores(**one) for one in json.loads(row.scores)),
    )  # fmt: skip


def _verdict(row: Row[Any]) -> Verdict:
    reasons = tuple(Reason.read(text) for text in json.loads(row.reasons))
    return Verdict(row.place, ReviewState(row.stage), Opinion(row.verdict), row.confidence, reasons, "", row.at)
