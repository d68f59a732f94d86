"""How often strangers are alike in one gallery, counted among its own people, beside what a calibration expects.

Everyone in the cohort is searched for among the others, as if not enrolled: each pair is scored with tails that leave
the other one out. The highest scores of such searches are false alarms of people who are not one another, so they show
what no calibration can know: how alike the people of this gallery are, and, where a search is narrowed to some of
them (one sex, one nationality), how much more alike those are than people in general.

Measured (`python -m benchmarks scoring`) on eight sets of people, alone and mixed, with population and calibration of
other sets, galleries of 250 to 2,000 people drawn ten times: observed over predicted FPIR was 0.38 to 1.50 without
this factor and 0.56 to 1.32 with it; the lowest with nothing but portraits to predict press photos by.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.cohort import highest_of, leaving_one_out, tails
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.likeness import Floats, similarities
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.tail import Tail, draw, kept

LEAST_PEOPLE = 30
"""The smallest cohort in which strangers are counted."""

_NEAREST = 12
_BLOCK = 512
# Alarms are counted at this FPIR: often enough to be many, rarely enough to be those that lists are about.
_TARGET = 0.2
# The expectation weighs as much as this many alarms.
_WEIGHT = 10.0
# Pairs of which chance would bring fewer than this in the whole cohort are one person under two ids.
_SAME = 1e-2
_POWER = 2 / 3
_LARGEST_EXPECTATION = 4.0

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, repr=False)
class Strangers:
    """A cohort whose members are scored against each other.

    plain: the members' tails against all others. members: int32 (c, k), the most similar others of each.
    level, spread: float64 (c, k), the tails without that one.
    """

    normaliser: Normaliser
    plain: Tail
    members: NDArray[np.int32]
    level: Floats
    spread: Floats

    @classmethod
    def of(cls, normaliser: Normaliser) -> Self | None:
        """None where the cohort is too small. About half a second of one core for 4,096 people."""
        own = normaliser.own
        count = len(own)
        if count < LEAST_PEOPLE or normaliser.share == 1:
            return None
        highest, members = np.empty((count, kept(count - 1) + 1), np.float32), []
        for start in range(0, count, _BLOCK):
            likeness = _others(normaliser, np.arange(start, min(start + _BLOCK, count)), np.arange(count))
            highest[start : start + len(likeness)], found = highest_of(likeness, highest.shape[1])
            members.append(found.astype(np.int32))
        drawn = tails(own, normaliser.drawn) if normaliser.share > 0 else None
        wide = None if drawn is None else Tail(drawn.level[:, None], drawn.spread[:, None])
        without = normaliser.blend(leaving_one_out(highest[:, : kept(count - 2) + 1], count - 2), wide)
        plain = normaliser.blend(draw(highest, count - 1), drawn)
        return cls(
            normaliser, plain, np.concatenate(members)[:, : without.level.shape[1]], without.level, without.spread
        )

    def highest(self, rows: Rows | None = None) -> Floats:
        """For each member the highest score against the others, float64 (c,); rows: among these members alone."""
        chosen = np.arange(len(self.plain)) if rows is None else rows
        if len(chosen) < 2:
            return np.zeros(0)
        tops = []
        for start in range(0, len(chosen), _BLOCK):
            block = chosen[start : start + _BLOCK]
            likeness, columns = highest_of(_others(self.normaliser, block, chosen), min(_NEAREST, len(chosen) - 1))
            partners = chosen[columns]
            one = self._z(likeness, np.repeat(block[:, None], partners.shape[1], axis=1), partners)
            other = self._z(likeness, partners, block[:, None])
            tops.append((0.5 * (one + other)).max(axis=1))
        return np.concatenate(tops)

    def _z(self, likeness: NDArray[np.float32], whose: Rows, without: Rows) -> Floats:
        """Where similarities stand in the tails of `whose`, each without the member `without`; all (n, k)."""
        among = self.members[whose] == without[..., None]
        place, found = among.argmax(axis=-1), among.any(axis=-1)
        level = np.where(found, self.level[whose, place], self.plain.level[whose])
        spread = np.where(found, self.spread[whose, place], self.plain.spread[whose])
        return Tail(level, spread).z(likeness.astype(np.float64))


def count_factor(highest: Floats, law: FalseMatchLaw, *, expected: float = 1.0) -> float:
    """How many times as often as by the law strangers alarm, given the highest score of each among the others.

    expected: what to assume before counting; it weighs as much as 10 alarms. 1 of 1 where nothing was counted.
    """
    size = highest.size
    strangers = highest[size * (size - 1) / 2 * law.fmr(highest) > _SAME]
    alarms = int(np.count_nonzero(law.fpir(strangers, max(size - 1, 0)) <= _TARGET))
    return (alarms + _WEIGHT * expected) / (_TARGET * strangers.size + _WEIGHT)


def expected_of_some(some: int, everyone: int) -> float:
    """The factor to assume for a search narrowed to `some` of `everyone`, relative to the whole gallery's.

    Who is searched for is as a rule of the kind that the search is narrowed to, and false matches are mostly among
    one's kind. If none of a gallery's false matches were left out it would be everyone / some, if they were left out in
    proportion, 1. Measured on groups it was that ratio to the power of 0.4 to 0.7, and at most 3.7.
    """
    ratio = max(everyone, 1) / max(some, 1)
    return min(math.pow(ratio, _POWER), _LARGEST_EXPECTATION)


def _others(normaliser: Normaliser, rows: Rows, columns: Rows) -> NDArray[np.float32]:
    """Similarities (rows, columns) of members of the cohort, -inf for oneself."""
    likeness = similarities(normaliser.own[rows], normaliser.own[columns])
    likeness[rows[:, None] == columns] = -np.inf
    return likeness
