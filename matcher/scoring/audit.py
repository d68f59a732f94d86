"""Look-alikes and one person under two ids inside a gallery, by the score between two of its templates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.cohort import Codes
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.tail import Tail


@dataclass(frozen=True, slots=True)
class LookAlike:
    """Two people whose templates are closer than chance allows.

    one, other: their codes, the smaller first. expected: how many such pairs chance would bring in this gallery;
    far below 1 they are one person under two ids, or twins.
    """

    one: int
    other: int
    score: float
    expected: float


def look_alikes(
    likeness: NDArray[np.floating],
    neighbours: NDArray[np.int64],
    tails: Tail,
    people: Codes,
    law: FalseMatchLaw,
    *,
    expected: float = 1.0,
) -> tuple[LookAlike, ...]:
    """The pairs of which chance would bring at most `expected` in the whole gallery, the most striking first.

    likeness: (n, k), similarities of each template to its nearest ones. neighbours: int64 (n, k), their rows, -1 for
    none. tails: of the n templates, one of each person. people: int64 (n,), distinct codes.
    The score of a pair is the mean of both sides' z; among n people there are n (n - 1) / 2 pairs.
    """
    similar = np.asarray(likeness, dtype=np.float64)
    near = Tail(tails.level[:, None], tails.spread[:, None]).z(similar)
    scores = 0.5 * (near + tails.take(neighbours.ravel()).z(similar.ravel()).reshape(similar.shape))
    chance = len(people) * (len(people) - 1) / 2 * law.fmr(scores)
    rows = np.arange(len(people))[:, None]
    found: dict[tuple[int, int], LookAlike] = {}
    for row, place in np.argwhere((chance <= expected) & (neighbours >= 0) & (neighbours != rows)):
        one, other = sorted((int(people[row]), int(people[neighbours[row, place]])))
        found[one, other] = LookAlike(one, other, float(scores[row, place]), float(chance[row, place]))
    return tuple(sorted(found.values(), key=lambda pair: (-pair.score, pair.one, pair.other)))
