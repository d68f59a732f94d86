"""How similar strangers get to one template: the upper tail of its similarities, as two numbers.

A template in a crowded region of the embedding is near to many strangers, one in an empty region to few. So a
similarity by itself says little. What says something is where it stands among the template's similarities to other
people (the adaptive score normalisation of speaker recognition: Matejka and others, "Analysis of Score Normalization
in Multilingual Speaker Recognition", Interspeech 2017).

Instead of the mean and deviation of the top K, which mean another thing at each K and cohort size, the K highest
similarities are laid on normal quantile paper and a straight line is drawn through them:

    similarity(rank r) = a + b * x(r),   x(r) = PhiInverse(1 - (r - 3/8) / (n + 1/4))   (Blom's normal scores)

`level` is the line at x = 2, within the range that was seen for any cohort, and `spread` is b. A similarity s then
stands at z = 2 + (s - level) / spread, and non-mated z have a standard normal upper tail whatever the engine's scale,
the group, the size of the cohort and K: measured, z at a false match rate of 1e-3 is 2.9-3.2 from 250 to 3,200 people.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.likeness import Floats
from matcher.scoring.normal import quantile

LEVEL_AT = 2.0
"""The z at which a tail's level stands; 2.3 % of strangers are more similar."""

SKIPPED = 1
"""The most similar other people left out: the same person under a second id must not look like a crowd."""

LEAST_COHORT = 12
"""The smallest cohort that a tail can be drawn from."""


def depth(cohort: int) -> int:
    """K, how many of a cohort's highest similarities make the tail: 1.25 times the root of its size, at least 8."""
    return max(8, round(1.25 * math.sqrt(cohort)))


@dataclass(frozen=True, slots=True)
class Tail:
    """The tails of n templates. level, spread: float64 (n,), in units of similarity; spread above 0."""

    level: Floats
    spread: Floats

    def __len__(self) -> int:
        return int(self.level.size)

    def z(self, similarities: Floats) -> Floats:
        """Where similarities stand, float64; they broadcast against the n templates, as in (queries, n)."""
        placed: Floats = LEVEL_AT + (similarities - self.level) / self.spread
        return placed

    def take(self, rows: NDArray[np.int64] | slice) -> Self:
        return type(self)(self.level[rows], self.spread[rows])


@lru_cache(maxsize=256)
def line(cohort: int) -> tuple[Floats, Floats]:
    """The weights that turn the kept similarities, falling, into level and spread (least squares on x)."""
    count = depth(cohort)
    ranks = np.arange(SKIPPED + 1, SKIPPED + count + 1)
    scores = -quantile((ranks - 0.375) / (cohort + 0.25))
    centred = scores - scores.mean()
    slope = centred / (centred**2).sum()
    level = 1 / count + slope * (LEVEL_AT - scores.mean())
    level.flags.writeable = slope.flags.writeable = False
    return level, slope


def kept(cohort: int) -> int:
    """How many of the highest similarities `draw` needs."""
    return depth(cohort) + SKIPPED


def draw(highest: NDArray[np.floating], cohort: int) -> Tail:
    """The tail from the `kept(cohort)` highest similarities of each template to a cohort of other people.

    highest: (n, at least kept(cohort)), falling along each row. cohort: how many people were compared, 12 or more.
    """
    if cohort < LEAST_COHORT:
        raise ValueError(f"a cohort of {cohort} is too small to draw a tail from; {LEAST_COHORT} people are needed")
    level, slope = line(cohort)
    used = np.asarray(highest[:, SKIPPED : kept(cohort)], dtype=np.float64)
    # Identical similarities (a cohort of copies) give no spread; a floor keeps z finite and the order right.
    # Not as a matrix product, which rounds a row differently beside others.
    return Tail((used * level).sum(axis=1), np.maximum((used * slope).sum(axis=1), 1e-6))
