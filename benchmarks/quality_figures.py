"""How well a number predicts that a mated search misses: AUC, error versus discard, and the weights of the score."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matcher.evaluation import people_weights, percentile_interval

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DISCARDED = (0.0, 0.05, 0.1, 0.2, 0.3)
_OFFSET = 0.05


def auc(number: Floats, missed: Flags, weights: Floats | None = None) -> float:
    """The chance that a found search has the larger number than a missed one, ties as one half; NaN without either.

    number, missed, weights: (n,).
    """
    share = np.ones(len(number)) if weights is None else weights
    order = np.argsort(number, kind="stable")
    values, first = np.unique(number[order], return_index=True)
    lost = np.add.reduceat((share * missed)[order], first) if len(values) else np.zeros(0)
    found = np.add.reduceat((share * ~missed)[order], first) if len(values) else np.zeros(0)
    if not lost.sum() or not found.sum():
        return float("nan")
    below = np.cumsum(lost) - lost
    return float((found * (below + lost / 2)).sum() / (lost.sum() * found.sum()))


def auc_with_interval(number: Floats, missed: Flags, people: NDArray[np.str_], *, draws: int = 200) -> dict[str, float]:
    """The AUC with its 95 % bootstrap interval over people."""
    drawn = people_weights(people, draws=draws, rng=np.random.default_rng(0))
    interval = percentile_interval([auc(number, missed, weights) for weights in drawn])
    return {"auc": auc(number, missed), "low": interval.low, "high": interval.high}


def error_versus_discard(number: Floats, missed: Flags) -> dict[str, float]:
    """The share missed once the searches of lowest number are left out, by how many are (Grother and Tabassi 2007)."""
    order = np.argsort(number, kind="stable")
    return {
        str(share): float(missed[order[round(share * len(order)) :]].mean()) if len(order) else float("nan")
        for share in DISCARDED
    }


def perfect_discard(missed: Flags) -> dict[str, float]:
    """The same if exactly the missed searches were left out first."""
    return error_versus_discard(-missed.astype(np.float64), missed)


def fitted(
    scores: Mapping[str, Floats], missed: Flags, weights: Floats, *, most: float = 30.0
) -> tuple[float, dict[str, float]]:
    """Base and weights of the score (matcher/quality/overall.py) by logistic regression, no weight below 0.

    scores: component -> (n,), 0-100. weights: (n,), of the searches.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    losses = np.stack([np.log((1 + _OFFSET) / (each / 100 + _OFFSET)) for each in scores.values()], axis=1)
    share = weights / weights.sum()

    def cost(values: Floats) -> tuple[float, Floats]:
        logits = losses @ values[1:] - values[0]
        away = share * (expit(logits) - missed)
        total = float(share @ (np.logaddexp(0, logits) - missed * logits))
        return total, np.concatenate([[-away.sum()], losses.T @ away])

    bounds = [(None, None), *[(0.0, most)] * losses.shape[1]]
    found = minimize(cost, np.ones(losses.shape[1] + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    return float(found[0]), dict(zip(scores, map(float, found[1:]), strict=True))


def bands(number: Floats, missed: Flags, edges: Sequence[float]) -> list[dict[str, float]]:
    """The share missed in each band of the number, with its mean there and how many searches."""
    table = []
    for low, high in pairwise(edges):
        within = (number >= low) & (number < high)
        if within.any():
            mean, lost = float(number[within].mean()), float(missed[within].mean())
            table.append({"low": low, "high": high, "searches": int(within.sum()), "mean": mean, "missed": lost})
    return table


def shift(number: Floats, mates: Floats, held_out: Flags, people: NDArray[np.str_]) -> dict[str, float]:
    """How far mates' scores move with a number, and what knowing it is worth.

    Scores as normal distributions around constant + slope * number, and around one mean for all, each fitted on the
    people who are not held out. gain: how many bits likelier the held-out scores are under the first, a search, with
    its interval over people. Where strangers' scores don't depend on the number, that is what a likelihood ratio gains.
    """
    fit, rest = ~held_out, held_out
    slope, constant = np.polyfit(number[fit], mates[fit], 1)
    away, plain = mates - constant - slope * number, mates - mates[fit].mean()
    bits = (_normal(away[rest], away[fit].std()) - _normal(plain[rest], plain[fit].std())) / np.log(2)
    drawn = people_weights(people[rest], draws=200, rng=np.random.default_rng(0))
    interval = percentile_interval(drawn @ bits / drawn.sum(axis=1))
    found = {"constant": constant, "slope": slope, "deviation": away[fit].std(), "deviation_without": plain[fit].std()}
    found |= {"gain": bits.mean(), "low": interval.low, "high": interval.high}
    return {name: float(value) for name, value in found.items()}


def _normal(away: Floats, deviation: float) -> Floats:
    """The logarithm of the normal density, without its constant."""
    return np.asarray(-((away / deviation) ** 2) / 2 - np.log(deviation))
