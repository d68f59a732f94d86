"""Are errors shared out evenly: the same rate for each group of people, and the worst over the best."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.evaluation.intervals import Interval, Rate, people_weights, percentile_interval


@dataclass(frozen=True, slots=True)
class GroupRate:
    """One group's error rate: FPIR, FNIR, FMR or FNMR, whichever events were counted."""

    group: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class WorstToBest:
    """The highest group rate over the lowest (NISTIR 8280), and over the geometric mean (NIST FRTE part 8).

    ratio: +inf where the best group has no error, NaN where no group has one.
    interval: 95 %, bootstrap over people within each group; wide or infinite where errors are few.
    to_mean: worst over geometric mean, rates taken as (errors + 0.5) / (trials + 1) so that no error is not zero.
    """

    worst: str
    best: str
    ratio: float
    interval: Interval
    to_mean: float


def group_rates(events: ArrayLike, groups: NDArray[np.generic] | Sequence[str]) -> tuple[GroupRate, ...]:
    """The rate of events in each group, groups in alphabetical order.

    events: bool (trials,), true for an error; for FPIR a non-mated search with a candidate, for FNIR a mated search
    missed, for FMR a pair of two people that matches, for FNMR a pair of one person that does not.
    groups: (trials,), the group of the person searched for (for pairs: of both).
    """
    wrong, names = _checked(events, groups)
    return tuple(
        GroupRate(str(name), Rate(int(wrong[names == name].sum()), int((names == name).sum())))
        for name in np.unique(names)
    )


def worst_to_best(
    events: ArrayLike,
    groups: NDArray[np.generic] | Sequence[str],
    *,
    people: NDArray[np.generic] | Sequence[str] | None = None,
    draws: int = 500,
    rng: np.random.Generator | None = None,
) -> WorstToBest:
    """How unevenly errors fall on groups; people (trials,) is the unit of the bootstrap, each trial by default."""
    wrong, names = _checked(events, groups)
    rates = group_rates(wrong, names)
    if not rates:
        raise ValueError("no trials; a ratio between groups needs some")
    generator = np.random.default_rng(0) if rng is None else rng
    who = np.arange(wrong.size) if people is None else np.asarray(people)
    drawn = []
    for entry in rates:
        member = names == entry.group
        weights = people_weights(who[member], draws=draws, rng=generator)
        drawn.append(weights @ wrong[member] / weights.sum(axis=1))
    ordered = sorted(rates, key=lambda entry: entry.rate.value)
    smoothed = np.array([(entry.rate.errors + 0.5) / (entry.rate.trials + 1) for entry in rates])
    return WorstToBest(
        worst=ordered[-1].group,
        best=ordered[0].group,
        ratio=_ratio(ordered[-1].rate.value, ordered[0].rate.value),
        interval=percentile_interval([_ratio(max(values), min(values)) for values in zip(*drawn, strict=True)]),
        to_mean=float(smoothed.max() / np.exp(np.log(smoothed).mean())),
    )


def _checked(
    events: ArrayLike, groups: NDArray[np.generic] | Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.str_]]:
    wrong = np.asarray(events, dtype=np.bool_)
    names = np.asarray(groups).astype(np.str_)
    if wrong.ndim != 1 or wrong.shape != names.shape:
        raise ValueError(f"events of shape {wrong.shape} and groups of {names.shape}; give one of each for a trial")
    return wrong, names


def _ratio(worst: float, best: float) -> float:
    if best > 0:
        return float(worst / best)
    return float("inf") if worst > 0 else float("nan")
