"""Several photos of one person, or several engines on one photo, as one score.

Photos: the mean of a person's unit templates misses least (press photos, 2, 3 and 5 photos a person, FNIR at FPIR 0.1
with one photo 0.084, 0.092, 0.107; mean template 0.025, 0.015, 0.006; highest score 0.033, 0.020, 0.010; mean score
0.058, 0.057, 0.061).
Engines: their unit templates side by side make one longer template, whose distances, tails and scores are as any
other's; that misses as little as the mean of the two scores, and needs nothing new in the index.
"""

import math
from enum import StrEnum

import numpy as np

from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.likeness import Floats, Vectors, unit
from matcher.scoring.tail import Tail


class Agreement(StrEnum):
    """What two engines, or a new photo and the person's others, say about each other."""

    AGREE = "agree"
    DOUBTFUL = "doubtful"
    DISAGREE = "disagree"


def person_template(vectors: Vectors) -> Vectors:
    """One unit template of a person's photos: float32 (d,), from unit rows, float32 (photos, d).

    The same in every order of the photos. ValueError where they cancel out, which photos of one person never do.
    """
    # Sorted, because a sum of floats depends on its order.
    return unit(np.sort(np.asarray(vectors, dtype=np.float64), axis=0).mean(axis=0))


def join(first: Vectors, second: Vectors, *, weight: float) -> Vectors:
    """Templates of two engines as one: float32 (n, d1 + d2), unit rows, from unit rows of the same photos.

    weight: of the first against the second, above 0; `balance` gives the one at which both count the same.
    """
    if not weight > 0:
        raise ValueError(f"the weight is {weight}; give a number above 0")
    return unit(np.concatenate([weight * first.astype(np.float64), second.astype(np.float64)], axis=-1))


def balance(first: Tail, second: Tail) -> float:
    """The weight at which one z of either engine moves the joined distance equally.

    first, second: the tails of the same templates under each engine. The joined squared distance is
    w^2 d1^2 + d2^2, so its change for one spread is w^2 d1 spread1 on one side and d2 spread2 on the other; taken at
    the levels, in the median.
    """
    reach = [float(np.median(-tail.level * tail.spread)) for tail in (first, second)]
    if min(reach) <= 0:
        raise ValueError("an engine's templates are all alike; there is nothing to balance")
    return math.sqrt(reach[1] / reach[0])


def agreement(
    scores: Floats, law: FalseMatchLaw, *, doubtful: float = 1e-3, strange: float = 2e-2
) -> tuple[Agreement, ...]:
    """Whether photos look like their person, or an engine supports another's candidate.

    scores: (n,). Strangers reach a doubtful score with chance 1e-3, a strange one more often than 2e-2.
    """
    rates = law.fmr(scores)
    steps = np.digitize(rates, [doubtful, strange])
    return tuple((Agreement.AGREE, Agreement.DOUBTFUL, Agreement.DISAGREE)[step] for step in steps)
