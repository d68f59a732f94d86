"""The second reviewer of an exercise, and the supervisor: drawn people too, so that one person can practise the path.

In real work both are other people, and nobody is told what the others found. The colleague errs as often as stated, so
that agreeing with a colleague proves nothing here either; the supervisor of an exercise is always right.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from matcher.training.exercise import Exercise

ERRS = 0.25
"""The share of lists in which the colleague finds the wrong one, or misses the right one; officers are told."""


class Agreement(StrEnum):
    """What came of two reviews."""

    SAME = "same"
    """Both found the same record: an identification."""
    NOBODY = "nobody"
    """Both found nobody."""
    SETTLED_FOR = "settled_for"
    """They differed; the supervisor found what one of them had found: an identification."""
    SETTLED_AGAINST = "settled_against"
    """They differed, and the supervisor found nobody."""


@dataclass(frozen=True, slots=True)
class Second:
    """place: whom the colleague found, None for nobody. identified: whose record is identified in the end."""

    place: int | None
    agreement: Agreement
    identified: int | None


def colleague(exercise: Exercise) -> int | None:
    """Whom the colleague takes for the person; None for nobody. It depends on the exercise alone."""
    rng = Random(f"colleague/{exercise.grade.value}/{exercise.seed}")
    if rng.random() >= ERRS:
        return exercise.truth
    others = [place for place in range(len(exercise.entries)) if place != exercise.truth]
    return rng.choice([None, *others]) if exercise.truth is not None else rng.choice(others)


def second_review(exercise: Exercise, found: frozenset[int]) -> Second:
    """What comes of an officer's findings. found: the places that the officer calls the same person."""
    place = colleague(exercise)
    if place is not None and found == {place}:
        return Second(place, Agreement.SAME, place)
    if place is None and not found:
        return Second(None, Agreement.NOBODY, None)
    # What the supervisor and one of the two found stands.
    stands = exercise.truth if exercise.truth in found or exercise.truth == place else None
    return Second(place, Agreement.SETTLED_AGAINST if stands is None else Agreement.SETTLED_FOR, stands)
