"""The likelihood ratio of a score, given how fit the probe's photo is.

    ln LR(s, u) = a + b s + c s^2 + d u + e u s,    u = 4 + logit(overall / 100), kept in 0 to 7;    b, c, e >= 0

A blurred photo of somebody scores lower against its mate, and no higher or lower against strangers. So a middling score
says more for a person if the photo is poor than if it is good. Fitted as `likelihood.fit_likelihood`, strangers' scores
and the photos' quality being independent. Ranks and false alarms know nothing of it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from matcher.errors import OutsideCalibration
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.likelihood import LikelihoodLaw, mated_scores, regressed, strangers_of
from matcher.scoring.likeness import Floats

LOWEST, HIGHEST = -4.0, 3.0
LEAST_RANGE = 1.0
"""How much the quality of photos must differ, in u, to fit a law on them."""

_BINS = 16


def fitness(overall: ArrayLike) -> Floats:
    """u, 0 to 7, float64, same shape; overall: the photo's quality, 0 to 100."""
    share = np.clip(np.asarray(overall, dtype=np.float64) / 100, 1e-3, 1 - 1e-3)
    return np.asarray(np.clip(np.log(share / (1 - share)), LOWEST, HIGHEST) - LOWEST)


@dataclass(frozen=True, slots=True)
class QualityLaw:
    """The formula above, between the scores `lowest` and `highest`. constant, linear, quadratic: a, b, c; shift, slope:
    d, e. mated: how many searches it was fitted on, those with photos made worse included."""

    constant: float
    linear: float
    quadratic: float
    shift: float
    slope: float
    lowest: float
    highest: float
    mated: int

    def __post_init__(self) -> None:
        # Then the ratio never falls with the score, whatever the quality.
        if min(self.linear, self.quadratic, self.slope, self.lowest) < 0 or not math.isfinite(self.shift):
            raise ValueError("the likelihood ratio would fall with the score; fit it again")

    def at(self, overall: float) -> LikelihoodLaw:
        """The law of probes of this quality, 0 to 100."""
        above = float(fitness(overall))
        return LikelihoodLaw(
            self.constant + self.shift * above,
            self.linear + self.slope * above,
            self.quadratic,
            self.lowest,
            self.highest,
        )


def fit_by_quality(
    mated: ArrayLike, quality: ArrayLike, law: FalseMatchLaw, *, weights: ArrayLike | None = None
) -> QualityLaw:
    """The law from the scores of mated pairs and the quality of their probes, (n,) each, at least 30.

    quality: 0 to 100. weights: (n,), all the same by default. Raises OutsideCalibration for fewer, and where all
    photos are of one quality.
    """
    mates, share = mated_scores(mated, weights)
    above = fitness(quality)
    if above.shape != mates.shape or not np.isfinite(above).all() or np.ptp(above) < LEAST_RANGE:
        raise OutsideCalibration(
            f"the quality of {above.size} photos hardly differs or is not known; give poor and good ones"
        )
    strangers, mass = strangers_of(law)
    levels, often = _binned(above, share)
    scores, qualities = np.repeat(strangers, levels.size), np.tile(levels, strangers.size)
    free, rising = (None, None), (0.0, None)
    found = regressed(
        (_features(mates, above), share),
        (_features(scores, qualities), np.outer(mass, often).ravel()),
        start=np.array([-3.0, 1.0, 0.3, -1.0, 0.2]),
        bounds=[free, rising, rising, free, rising],
    )
    constant, linear, quadratic, shift, slope = (float(value) for value in found)
    return QualityLaw(constant, linear, quadratic, shift, slope, 0.0, law.modelled_to, mates.size)


def _features(scores: Floats, above: Floats) -> Floats:
    return np.stack([np.ones_like(scores), scores, scores * scores, above, above * scores], axis=1)


def _binned(above: Floats, share: Floats) -> tuple[Floats, Floats]:
    """The distribution of quality as at most 16 levels and their mass."""
    order = np.argsort(above, kind="stable")
    place = np.minimum(np.cumsum(share[order]) * _BINS, _BINS - 1e-9).astype(np.int64)
    mass: Floats = np.bincount(place, weights=share[order], minlength=_BINS).astype(np.float64)
    sums = np.bincount(place, weights=share[order] * above[order], minlength=_BINS)
    there = mass > 0
    return sums[there] / mass[there], mass[there]
