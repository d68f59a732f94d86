"""What came of exercises: how well somebody tells same from different, and how well they keep to the path."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from matcher.casework.detection import Detection
from matcher.training.grades import Grade

LATEST = 10
"""Only so many of the latest exercises of a grade count: somebody who got better should be seen to be."""
ENOUGH = 6
"""Fewer exercises than this say nothing of a grade."""
LEAST_SENSITIVITY = 2.0
"""d' from which on a grade is passed."""
LEAST_RIGHT = 0.6
"""The share of lists whose outcome must be right."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Whether each step beside the comparison was right; None where the path did not come to it."""

    protection: bool | None = None
    photo: bool | None = None
    document: bool | None = None
    answer: bool | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One exercise. blind, final: the pairs before scores were shown, and as handed in. right: whether the list's
    outcome was: the person and nobody else found, or nobody where nobody was."""

    blind: Detection
    final: Detection
    right: bool
    steps: Steps

    def stored(self) -> dict[str, Any]:
        """As the records keep it."""
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            Detection(**stored["blind"]), Detection(**stored["final"]), stored["right"], Steps(**stored["steps"])
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """One officer in one grade, over the latest exercises. left: given up, which count neither way."""

    account: str
    grade: Grade
    exercises: int
    right: int
    left: int
    blind: Detection
    final: Detection
    steps_right: int
    steps: int

    @property
    def is_passed(self) -> bool:
        sensitivity = self.final.d_prime
        enough = self.exercises >= ENOUGH and self.right >= LEAST_RIGHT * self.exercises
        return enough and sensitivity is not None and sensitivity >= LEAST_SENSITIVITY


def standing(account: str, grade: Grade, results: Sequence[Result], *, left: int = 0) -> Standing:
    """The standing from an officer's results in a grade, the latest first."""
    counted = results[:LATEST]
    steps = [right for one in counted for right in asdict(one.steps).values() if right is not None]
    return Standing(
        account, grade, len(counted), sum(one.right for one in counted), left,
        _sum([one.blind for one in counted]), _sum([one.final for one in counted]), sum(steps), len(steps),
    )  # fmt: skip


def highest_passed(standings: Sequence[Standing]) -> Grade | None:
    """The hardest grade that is passed, None before the first."""
    passed = {one.grade for one in standings if one.is_passed}
    return next((grade for grade in reversed(Grade) if grade in passed), None)


def _sum(parts: Sequence[Detection]) -> Detection:
    return Detection(
        sum(part.hits for part in parts), sum(part.misses for part in parts),
        sum(part.false_alarms for part in parts), sum(part.correct_rejections for part in parts),
    )  # fmt: skip
