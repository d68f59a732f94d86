"""Do confidences and likelihood ratios mean what they say: calibration error, reliability, Cllr.

Source of Cllr and of its minimum by isotonic regression: Brummer and du Preez, "Application-independent evaluation of
speaker detection", Computer Speech and Language 20 (2006). The forensic toolkit `lir` computes the same, and brings
pandas, scikit-learn, matplotlib and optuna with it; the tests here hold this file to its published values.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from matcher.evaluation.intervals import Floats, Interval, wilson_share


@dataclass(frozen=True, slots=True)
class Reliability:
    """One bin of a reliability diagram: what was claimed on average beside what was observed.

    weight: the bin's share of all trials, by their weights.
    """

    low: float
    high: float
    count: int
    claimed: float
    observed: float
    interval: Interval
    weight: float


def cllr(mated_log10_lr: ArrayLike, non_mated_log10_lr: ArrayLike) -> float:
    """The cost of the log-likelihood ratio, in bits: 0 is perfect, 1 is knowing nothing, above 1 misleads.

    Cllr = (mean over mated of log2(1 + 1/LR) + mean over non-mated of log2(1 + LR)) / 2. Both arguments: (n,), log10.
    """
    mated, non_mated = _ln(mated_log10_lr, "mated"), _ln(non_mated_log10_lr, "non-mated")
    return float((np.logaddexp(0, -mated).mean() + np.logaddexp(0, non_mated).mean()) / (2 * np.log(2)))


def cllr_min(mated: ArrayLike, non_mated: ArrayLike) -> float:
    """The Cllr that the best monotone recalibration of these scores would reach: what discrimination alone costs.

    Works on any score that rises with likeness, (n,) each. cllr - cllr_min is the cost of bad calibration.
    """
    return cllr(*calibrate_by_pav(mated, non_mated))


def calibrate_by_pav(mated: ArrayLike, non_mated: ArrayLike) -> tuple[Floats, Floats]:
    """log10 likelihood ratios of the same scores by pool-adjacent-violators, mated then non-mated; may be infinite."""
    high, low = _ln(mated, "mated"), _ln(non_mated, "non-mated")
    scores, which = np.unique(np.concatenate([high, low]), return_inverse=True)
    count_high = np.bincount(which[: high.size], minlength=scores.size).astype(np.float64)
    count_low = np.bincount(which[high.size :], minlength=scores.size).astype(np.float64)
    # Each kind weighs one half in all, so the posterior odds are the likelihood ratio.
    weight_high, weight_low = count_high / high.size, count_low / low.size
    total = weight_high + weight_low
    posterior = isotonic_regression(weight_high / total, weights=total).x
    with np.errstate(divide="ignore"):
        ratios: Floats = np.log10(posterior) - np.log10(1 - posterior)
    return ratios[which[: high.size]], ratios[which[high.size :]]


def reliability(
    confidences: ArrayLike, correct: ArrayLike, *, bins: int = 15, weights: ArrayLike | None = None
) -> tuple[Reliability, ...]:
    """The reliability table: confidences (n,) in 0-1 in `bins` bins of equal width, empty bins left out.

    weights: float (n,), above 0, where the trials stand for another mixture than they are; all the same by default.
    """
    claimed, right = _confidences(confidences, correct)
    if bins < 1:
        raise ValueError(f"{bins} bins; give at least 1")
    mass = _weights(weights, claimed.size)
    place = np.minimum((claimed * bins).astype(np.int64), bins - 1)
    return tuple(
        _bin(int(bin_), bins, claimed[place == bin_], right[place == bin_], mass[place == bin_])
        for bin_ in np.unique(place)
    )


def expected_calibration_error(
    confidences: ArrayLike, correct: ArrayLike, *, bins: int = 15, weights: ArrayLike | None = None
) -> float:
    """ECE: the mean gap between claimed and observed, bins weighted by their trials (Naeini and others 2015)."""
    table = reliability(confidences, correct, bins=bins, weights=weights)
    return sum(entry.weight * abs(entry.claimed - entry.observed) for entry in table)


def _bin(number: int, bins: int, claimed: Floats, right: NDArray[np.bool_], mass: Floats) -> Reliability:
    total = float(mass.sum())
    # Rounding must not carry a share of all or none past its end.
    observed = float(right.all()) if right.all() or not right.any() else float(mass[right].sum() / total)
    # Kish: weighted trials are worth as many as equal ones would be.
    worth = total * total / float((mass * mass).sum())
    return Reliability(
        low=number / bins,
        high=(number + 1) / bins,
        count=int(claimed.size),
        claimed=float(mass @ claimed / total),
        observed=observed,
        interval=wilson_share(observed, worth),
        weight=total,
    )


def _weights(weights: ArrayLike | None, trials: int) -> Floats:
    mass = np.ones(trials) if weights is None else np.asarray(weights, dtype=np.float64)
    if mass.shape != (trials,) or not (mass > 0).all() or not np.isfinite(mass).all():
        raise ValueError(f"weights of shape {mass.shape} for {trials} trials; give one above 0 for each")
    shares: Floats = mass / mass.sum()
    return shares


def _ln(values: ArrayLike, name: str) -> Floats:
    ratios: Floats = np.asarray(values, dtype=np.float64) * np.log(10)
    if ratios.ndim != 1 or ratios.size == 0:
        raise ValueError(f"the {name} scores have shape {ratios.shape}; give at least one, in one row")
    if np.isnan(ratios).any():
        raise ValueError(f"the {name} scores have NaN")
    return ratios


def _confidences(confidences: ArrayLike, correct: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    claimed = np.asarray(confidences, dtype=np.float64)
    right = np.asarray(correct, dtype=np.bool_)
    if claimed.ndim != 1 or claimed.shape != right.shape or claimed.size == 0:
        raise ValueError(f"confidences of shape {claimed.shape} and outcomes of {right.shape}; give one of each")
    # Written so that NaN fails too.
    if not ((claimed >= 0) & (claimed <= 1)).all():
        raise ValueError("confidences must lie between 0 and 1")
    return claimed, right
