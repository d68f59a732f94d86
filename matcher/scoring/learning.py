"""What a normaliser learns from a gallery: how its crowd differs from the shipped one, and how spread follows level."""

import numpy as np

from matcher.errors import MatcherError
from matcher.scoring.cohort import Codes, tails
from matcher.scoring.likeness import Vectors
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.population import Population
from matcher.scoring.spread import fit_law
from matcher.scoring.tail import LEAST_COHORT, Tail, depth

DRAWN = 2048
"""How many templates of nobody are drawn from the population."""

PRIOR = 200
"""The number of people at which the gallery's own tails and a population that fits weigh the same."""

_MEDIAN = {2: 0.455, 3: 0.693, 4: 0.789}
"""The median of a variance from 2, 3 or 4 draws, relative to its mean (chi-squared over its degrees of freedom)."""

LEAST_SHARE = 0.01
"""A population that would weigh less is left out."""

OFFSET_PRIOR = 10
"""The same for the two numbers by which the whole gallery differs from the population: they settle much sooner."""

LEAST_ALONE = 60
"""The smallest gallery that is scored without a population."""


class NotEnoughPeople(MatcherError):
    """The gallery is too small for scores of its own, and there is no population for the engine."""


def learn(own: Vectors, codes: Codes, *, people: int, population: Population | None, seed: int = 0) -> Normaliser:
    """A normaliser from a gallery's cohort; two galleries with the same people get the same.

    own: float32 (c, d), one unit template of each person that `choose_cohort` named (the mean of a person's photos,
    scaled to length 1). codes: int64 (c,), ascending. people: how many the gallery has in all, c or more.
    Raises NotEnoughPeople without population below 60 people. From 4,096 people on it takes about a second.
    """
    if len(own) != len(codes) or people < len(codes) or (np.diff(codes) <= 0).any():
        raise ValueError(f"{len(own)} templates, {len(codes)} codes, {people} people; give one a code, codes ascending")
    if population is None:
        return _alone(own, codes, people)
    drawn = population.draw(DRAWN, seed=seed)
    nobody = tails(drawn[: DRAWN // 2], drawn[DRAWN // 2 :])
    # One person leaves the cohort when a template of its own is measured.
    if len(codes) <= LEAST_COHORT:
        law = fit_law(nobody, np.ones(len(nobody)))
        return Normaliser(own, codes, drawn, people, 1.0, 0.0, 0.0, 0.0, 0.0, law)
    seen = tails(own, own, codes, codes)
    deep, (shallow, noise) = tails(own, drawn), _shallow(own, drawn, len(codes) - 1)
    earned = _fit_of(seen, shallow, noise)
    share = min(PRIOR / (PRIOR + people), earned)
    if share < LEAST_SHARE:
        # It would move a score by less than a hundredth, and comparing with it is a third of a search's cost.
        share = 0.0
    trust = len(codes) / (len(codes) + OFFSET_PRIOR)
    # Compared at the same depth: the line through 20 of 250 is not the line through 57 of 2,048, because a crowd of
    # several groups is not quite normal.
    level_offset, spread_offset = (trust * value for value in _difference(seen, shallow))
    level_depth, spread_depth = (earned * (1 - share) * value for value in _difference(deep, shallow))
    together = Tail(
        np.concatenate([seen.level + level_depth, nobody.level + level_offset]),
        np.concatenate([seen.spread * np.exp(spread_depth), nobody.spread * np.exp(spread_offset)]),
    )
    weights = np.concatenate([np.ones(len(seen)), np.full(len(nobody), PRIOR / len(nobody))])
    law = fit_law(together, weights)
    return Normaliser(own, codes, drawn, people, share, level_offset, spread_offset, level_depth, spread_depth, law)


def _alone(own: Vectors, codes: Codes, people: int) -> Normaliser:
    if people < LEAST_ALONE:
        raise NotEnoughPeople(
            f"the gallery has {people} people; scores need {LEAST_ALONE}, or a population fitted for this engine"
        )
    seen = tails(own, own, codes, codes)
    nobody = np.zeros((0, own.shape[1]), np.float32)
    return Normaliser(own, codes, nobody, people, 0.0, 0.0, 0.0, 0.0, 0.0, fit_law(seen, np.ones(len(seen))))


def _shallow(own: Vectors, drawn: Vectors, size: int) -> tuple[Tail, float]:
    """Tails against drawn cohorts of the gallery's size, the mean of up to four; and the noise of one such level.

    The noise is the variance between cohorts, in squared spreads. It falls as the tail's depth grows, which gives it
    for sizes of which only one cohort was drawn.
    """
    half = min(size, DRAWN // 2)
    parts = [tails(own, drawn[start : start + half]) for start in range(0, len(drawn) - half + 1, half)][:4]
    spread = np.exp(np.mean([np.log(part.spread) for part in parts], axis=0))
    between = np.var([part.level for part in parts], axis=0, ddof=1)
    noise = float(np.median(between / spread**2)) / _MEDIAN[len(parts)] * depth(half) / depth(size)
    if size > half:
        return tails(own, drawn[:size]), noise
    return Tail(np.mean([part.level for part in parts], axis=0), spread), noise


def _fit_of(seen: Tail, shallow: Tail, noise: float) -> float:
    """The weight that the population has earned in this gallery, 0 to 1.

    Where its levels miss the gallery's own by no more than the noise of drawing them, it is as good as any cohort.
    Where they miss by more, the people here are not those it was fitted on, and it counts by inverse variance.
    """
    missed = (seen.level - shallow.level) / seen.spread
    # The middle two thirds: a few people under two ids must not speak for the gallery.
    low, high = np.quantile(missed, [1 / 6, 5 / 6])
    variance = ((high - low) / (2 * 0.9674)) ** 2
    wrong = max(0.0, float(variance) - 1.25 * noise)
    return noise / (noise + wrong)


def _difference(left: Tail, right: Tail) -> tuple[float, float]:
    return float(np.mean(left.level - right.level)), float(np.mean(np.log(left.spread / right.spread)))
