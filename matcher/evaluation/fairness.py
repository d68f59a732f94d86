"""Are errors shared out evenly among groups of people, and can so few searches tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.evaluation.groups import worst_to_best
from matcher.evaluation.openset import threshold_for_fpir
from matcher.evaluation.rates import Figure, arrays, figure
from matcher.evaluation.searches import Search

OVERALL_FPIR = 0.05
LEAST_PEOPLE = 30
LEAST_EVENTS = 3.0
_SHUFFLES = 500


@dataclass(frozen=True, slots=True)
class GroupRates:
    """One group. not_acquired: of its probes; fpir, fnir: at the threshold of an overall FPIR of `OVERALL_FPIR`."""

    group: str
    not_acquired: Figure
    fpir: Figure
    fnir: Figure


@dataclass(frozen=True, slots=True)
class Unevenness:
    """The worst group's rate over the best's.

    ratio: infinite where the best group has no error, NaN where none has. low, high: 95 %, people resampled.
    to_mean: worst over the geometric mean, every group given half an error more. by_chance: how often groups drawn
    by lot from the same people differ as much as that. too_few: why the ratio says little; empty where it may be read.
    """

    worst: str
    best: str
    ratio: float
    low: float
    high: float
    to_mean: float
    by_chance: float
    too_few: str


@dataclass(frozen=True, slots=True)
class Fairness:
    """Rates by group, and how uneven they are. overall_fpir: the FPIR of all groups together, asked for.

    threshold: the score that it takes. left_out: searches of people whose group is not stated.
    """

    overall_fpir: float
    threshold: float
    groups: tuple[GroupRates, ...]
    false_alarms: Unevenness
    misses: Unevenness
    left_out: int


def fairness(searches: Sequence[Search]) -> Fairness | None:
    """The groups' rates; None where fewer than two groups have mated and non-mated searches each."""
    stated = [one for one in searches if one.group]
    mated, non_mated = [one for one in stated if one.mated], [one for one in stated if not one.mated]
    names = sorted({one.group for one in mated} & {one.group for one in non_mated})
    if len(names) < 2:
        return None
    kept = [one for one in stated if one.group in names]
    mated, non_mated = [one for one in mated if one.group in names], [one for one in non_mated if one.group in names]
    _, strangers = arrays(mated, non_mated)
    cut = threshold_for_fpir(strangers, OVERALL_FPIR)

    def alarmed(one: Search) -> bool:
        return one.first is not None and one.first.score >= cut

    def missed(one: Search) -> bool:
        return one.mate is None or one.mate.score < cut

    groups = tuple(
        GroupRates(
            name,
            figure([one for one in kept if one.group == name], lambda one: not one.acquired),
            figure([one for one in non_mated if one.group == name], alarmed),
            figure([one for one in mated if one.group == name], missed),
        )
        for name in names
    )
    return Fairness(
        overall_fpir=OVERALL_FPIR,
        threshold=cut,
        groups=groups,
        false_alarms=_unevenness(non_mated, alarmed, [entry.fpir for entry in groups], names),
        misses=_unevenness(mated, missed, [entry.fnir for entry in groups], names),
        left_out=len(searches) - len(kept),
    )


def _unevenness(
    searches: Sequence[Search], happened: Callable[[Search], bool], figures: Sequence[Figure], names: Sequence[str]
) -> Unevenness:
    events = np.array([happened(one) for one in searches])
    groups = np.array([one.group for one in searches])
    people = np.array([one.person_id for one in searches])
    found = worst_to_best(events, groups, people=people)
    return Unevenness(
        worst=found.worst,
        best=found.best,
        ratio=found.ratio,
        low=found.interval.low,
        high=found.interval.high,
        to_mean=found.to_mean,
        by_chance=_by_chance(events, groups, people, found.to_mean),
        too_few=_too_few(figures, names),
    )


def _too_few(figures: Sequence[Figure], names: Sequence[str]) -> str:
    overall = sum(one.events for one in figures) / sum(one.trials for one in figures)
    for one, name in zip(figures, names, strict=True):
        if one.people < LEAST_PEOPLE:
            return f"the group {name} has {one.people} people, {LEAST_PEOPLE} are needed"
        if one.trials * overall < LEAST_EVENTS:
            return (
                f"the group {name} has {one.trials} searches, of which {one.trials * overall:.1f} errors would be "
                f"expected; {LEAST_EVENTS:.0f} are needed"
            )
    return ""


def _by_chance(
    events: np.typing.NDArray[np.bool_],
    groups: np.typing.NDArray[np.str_],
    people: np.typing.NDArray[np.str_],
    observed: float,
) -> float:
    """A permutation test over people, who keep all their searches and change groups with one another."""
    names, who = np.unique(people, return_inverse=True)
    _, numbers = np.unique(groups, return_inverse=True)
    errors, trials = np.bincount(who, weights=events), np.bincount(who).astype(np.float64)
    group_of = np.zeros(names.size, dtype=np.int64)
    group_of[who] = numbers
    rng = np.random.default_rng(0)
    reached = 0
    for _ in range(_SHUFFLES):
        drawn = rng.permutation(group_of)
        smoothed = (np.bincount(drawn, weights=errors) + 0.5) / (np.bincount(drawn, weights=trials) + 1)
        reached += bool(smoothed.max() / np.exp(np.log(smoothed).mean()) >= observed * (1 - 1e-9))
    return (1 + reached) / (1 + _SHUFFLES)
