"""From a score to a likelihood ratio: how much likelier it is if both photos show one person than if they don't.

    ln LR(s) = a + b s + c s^2,  c >= 0

which is what two normal distributions give when mated scores vary more than others. It is fitted by prior-weighted
logistic regression (Brummer and du Preez 2006), against the law of false matches instead of a sample of strangers,
and at two priors: even odds, and one in a thousand, the odds of a candidate in a search.
The ratio is flat below the vertex of the parabola and from the ends of the calibrated range on, so it never falls.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from matcher.errors import OutsideCalibration
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.likeness import Floats
from matcher.scoring.normal import quantile

LEAST_MATED = 30
_LOG_ODDS = (0.0, -np.log(1000.0))


class Bound(StrEnum):
    """How a likelihood ratio is to be read."""

    AS_IS = "as is"
    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class LikelihoodLaw:
    """The formula above, between the scores `lowest` and `highest`; beyond them the ratio is a bound."""

    constant: float
    linear: float
    quadratic: float
    lowest: float
    highest: float

    def __post_init__(self) -> None:
        if self.quadratic < 0 or not self.lowest < self.highest:
            raise ValueError("a likelihood law needs quadratic >= 0 and lowest < highest; fit it again")
        if self.linear + 2 * self.quadratic * self.lowest < -1e-9:
            raise ValueError("the likelihood ratio would fall with the score; fit it again")

    def ln(self, scores: ArrayLike) -> Floats:
        """The natural logarithm of the likelihood ratio, float64, same shape; never falls with the score."""
        s = np.clip(np.asarray(scores, dtype=np.float64), self.lowest, self.highest)
        values: Floats = self.constant + self.linear * s + self.quadratic * s * s
        return values

    def log10(self, scores: ArrayLike) -> Floats:
        """The same to base 10, as forensic reports give it."""
        values: Floats = self.ln(scores) / np.log(10)
        return values

    def bound(self, score: float) -> Bound:
        if score < self.lowest:
            return Bound.AT_MOST
        return Bound.AT_LEAST if score > self.highest else Bound.AS_IS


def fit_likelihood(mated: ArrayLike, law: FalseMatchLaw, *, weights: ArrayLike | None = None) -> LikelihoodLaw:
    """The law from the scores of mated pairs, (n,), at least 30; the non-mated ones come from `law`.

    weights: (n,), so that much-photographed people or a large data set don't rule; all the same by default.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    mates = np.asarray(mated, dtype=np.float64)
    if mates.ndim != 1 or mates.size < LEAST_MATED or not np.isfinite(mates).all():
        raise OutsideCalibration(
            f"{mates.size} mated pairs; at least {LEAST_MATED} finite scores are needed to calibrate"
        )
    share = np.ones(mates.size) if weights is None else np.asarray(weights, dtype=np.float64)
    share = share / share.sum()
    strangers, mass = _strangers(law)
    features = [np.stack([np.ones_like(s), s, s * s], axis=1) for s in (mates, strangers)]

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        value, gradient = 0.0, np.zeros(3)
        for odds in _LOG_ODDS:
            prior = float(expit(odds))
            # Normalised by the cost of knowing nothing, so that both priors count.
            scale = 1 / min(prior, 1 - prior)
            high, low = features[0] @ coefficients + odds, features[1] @ coefficients + odds
            value += scale * (prior * (share @ np.logaddexp(0, -high)) + (1 - prior) * (mass @ np.logaddexp(0, low)))
            gradient -= scale * prior * ((share * expit(-high)) @ features[0])
            gradient += scale * (1 - prior) * ((mass * expit(low)) @ features[1])
        return value, gradient

    start = np.array([-7.0, 3.0, 0.0])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(None, None), (1e-3, None), (0.0, None)])
    constant, linear, quadratic = (float(value) for value in found.x)
    return LikelihoodLaw(constant, linear, quadratic, 0.0, law.modelled_to)


def _strangers(law: FalseMatchLaw) -> tuple[Floats, Floats]:
    """A grid of strangers' scores from 0 up and their mass; those below 0 are gathered at 0."""
    tail = np.concatenate([[0.5], np.logspace(-0.5, -9, 600)])
    scores = (-quantile(tail) - law.shift) / law.slope
    kept = scores >= 0
    scores, tail = np.concatenate([[0.0], scores[kept]]), np.concatenate([tail[kept], [0.0]])
    return scores, np.concatenate([[1 - tail[0]], tail[:-1] - tail[1:]])
