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
    mates, share = mated_scores(mated, weights)
    strangers, mass = strangers_of(law)
    found = regressed(
        (_features(mates), share),
        (_features(strangers), mass),
        start=np.array([-7.0, 3.0, 0.0]),
        bounds=[(None, None), (1e-3, None), (0.0, None)],
    )
    constant, linear, quadratic = (float(value) for value in found)
    return LikelihoodLaw(constant, linear, quadratic, 0.0, law.modelled_to)


def mated_scores(mated: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats]:
    """Scores and weights of mated pairs, float64 (n,), the weights' sum 1; OutsideCalibration for too few."""
    mates = np.asarray(mated, dtype=np.float64)
    if mates.ndim != 1 or mates.size < LEAST_MATED or not np.isfinite(mates).all():
        raise OutsideCalibration(
            f"{mates.size} mated pairs; at least {LEAST_MATED} finite scores are needed to calibrate"
        )
    share = np.ones(mates.size) if weights is None else np.asarray(weights, dtype=np.float64)
    return mates, share / share.sum()


def regressed(
    mates: tuple[Floats, Floats],
    strangers: tuple[Floats, Floats],
    *,
    start: Floats,
    bounds: list[tuple[float | None, float | None]],
) -> Floats:
    """The coefficients of ln LR, (k,), by prior-weighted logistic regression at both priors.

    mates, strangers: features (n, k) and weights (n,), whose sum is 1.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    (mated, share), (others, mass) = mates, strangers

    def loss(coefficients: Floats) -> tuple[float, Floats]:
        value, gradient = 0.0, np.zeros(start.size)
        for odds in _LOG_ODDS:
            prior = float(expit(odds))
            # Normalised by the cost of knowing nothing, so that both priors count.
            scale = 1 / min(prior, 1 - prior)
            high, low = mated @ coefficients + odds, others @ coefficients + odds
            missed, alarmed = float(share @ np.logaddexp(0, -high)), float(mass @ np.logaddexp(0, low))
            value += scale * (prior * missed + (1 - prior) * alarmed)
            gradient -= scale * prior * ((share * expit(-high)) @ mated)
            gradient += scale * (1 - prior) * ((mass * expit(low)) @ others)
        return value, gradient

    # The features go together, so that the valley is long: ended early, the coefficients would be where it began.
    limits = {"ftol": 1e-13, "gtol": 1e-8, "maxiter": 5000, "maxfun": 10000}
    found: Floats = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=limits).x
    return found


def _features(scores: Floats) -> Floats:
    return np.stack([np.ones_like(scores), scores, scores * scores], axis=1)


def strangers_of(law: FalseMatchLaw) -> tuple[Floats, Floats]:
    """A grid of strangers' scores from 0 up and their mass; those below 0 are gathered at 0."""
    tail = np.concatenate([[0.5], np.logspace(-0.5, -9, 600)])
    scores = (-quantile(tail) - law.shift) / law.slope
    kept = scores >= 0
    scores, tail = np.concatenate([[0.0], scores[kept]]), np.concatenate([tail[kept], [0.0]])
    return scores, np.concatenate([[1 - tail[0]], tail[:-1] - tail[1:]])
