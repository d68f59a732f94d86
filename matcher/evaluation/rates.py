"""What searches show of a product: who is missed, who is wrongly listed, and what a photo gave nothing for."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from matcher.evaluation.intervals import Share, people_share
from matcher.evaluation.openset import MatedSearches, NonMatedSearches, at_fpir, det
from matcher.evaluation.searches import Search, Standing

TARGETS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_CURVE = 200


@dataclass(frozen=True, slots=True)
class Figure:
    """A share with its 95 % interval over people; events out of trials (searches), of so many different people.

    value is NaN where there was no trial.
    """

    value: float
    low: float
    high: float
    events: int
    trials: int
    people: int

    @classmethod
    def of(cls, share: Share) -> Self:
        return cls(share.value, share.interval.low, share.interval.high, share.events, share.trials, share.people)


@dataclass(frozen=True, slots=True)
class Rank:
    """The cumulative match characteristic at one rank: the share of mated searches whose mate is among the first."""

    rank: int
    hit: Figure


@dataclass(frozen=True, slots=True)
class Point:
    """One operating point. fnir: misses; fpir: false alarms.

    target: the FPIR asked for. threshold: the score it takes; None where candidates were cut by their false-alarm
    probability, as `--fpir` does, and not by a threshold that these very searches gave.
    """

    target: float
    threshold: float | None
    fpir: Figure
    fnir: Figure


@dataclass(frozen=True, slots=True)
class Curve:
    """FNIR against FPIR, one entry a threshold, thresholds rising; at most a few hundred of all steps."""

    thresholds: tuple[float, ...]
    fpir: tuple[float, ...]
    fnir: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Error rates of mated and non-mated searches.

    not_acquired: probes that gave nothing to search with; they are misses, and no false alarms. reasons: why, counted.
    ranks: from 1 to the length of the list. at_observed: at the thresholds where these searches have the target FPIR.
    as_asked: with candidates cut at the product's own false-alarm probability; empty where that is not calibrated.
    """

    not_acquired: Figure
    reasons: Mapping[str, int]
    ranks: tuple[Rank, ...]
    at_observed: tuple[Point, ...]
    as_asked: tuple[Point, ...]
    det: Curve

    @property
    def rank_1(self) -> Figure:
        return self.ranks[0].hit


def measure(searches: Sequence[Search], *, top: int) -> Rates:
    """The rates of searches that listed at most `top` people each; both mated and non-mated ones are needed."""
    mated, non_mated = split(searches)
    mates, strangers = arrays(mated, non_mated)
    return Rates(
        not_acquired=figure(searches, lambda search: not search.acquired),
        reasons=dict(sorted(Counter(search.code for search in searches if not search.acquired).items())),
        ranks=tuple(Rank(rank, figure(mated, _within(rank))) for rank in range(1, top + 1)),
        at_observed=tuple(_at_observed(mates, strangers, non_mated, target) for target in measurable(len(non_mated))),
        as_asked=_as_asked(mated, non_mated),
        det=_curve(mates, strangers),
    )


def split(searches: Sequence[Search]) -> tuple[list[Search], list[Search]]:
    """Mated and non-mated ones; raises ValueError where one kind is missing."""
    mated = [search for search in searches if search.mated]
    non_mated = [search for search in searches if not search.mated]
    if not mated or not non_mated:
        raise ValueError(f"{len(mated)} mated and {len(non_mated)} non-mated searches; rates need some of both")
    return mated, non_mated


def measurable(non_mated: int) -> tuple[float, ...]:
    """The target FPIRs at which so many searches have a false alarm at all."""
    return tuple(target for target in TARGETS if target * non_mated >= 1)


def figure(searches: Sequence[Search], happened: Callable[[Search], bool]) -> Figure:
    """The share of searches of which this holds."""
    return _figure(searches, [happened(one) for one in searches])


def arrays(mated: Sequence[Search], non_mated: Sequence[Search]) -> tuple[MatedSearches, NonMatedSearches]:
    """The same searches as scores and ranks."""
    return (
        MatedSearches.of(
            [-np.inf if one.mate is None else one.mate.score for one in mated],
            [0 if one.mate is None else one.mate.rank for one in mated],
            people=[one.person_id for one in mated],
        ),
        NonMatedSearches.of(
            [-np.inf if one.first is None else one.first.score for one in non_mated],
            people=[one.person_id for one in non_mated],
        ),
    )


def _figure(searches: Sequence[Search], events: Sequence[bool]) -> Figure:
    return Figure.of(people_share(events, np.array([one.person_id for one in searches])))


def _within(rank: int) -> Callable[[Search], bool]:
    return lambda search: search.mate is not None and search.mate.rank <= rank


def _at_observed(
    mates: MatedSearches, strangers: NonMatedSearches, non_mated: Sequence[Search], target: float
) -> Point:
    point = at_fpir(mates, strangers, target)
    people = int(np.unique(mates.people).size)
    missed = Figure(
        point.fnir.value, point.fnir_interval.low, point.fnir_interval.high, point.fnir.errors, len(mates), people
    )
    alarmed = figure(non_mated, lambda one: one.first is not None and one.first.score >= point.threshold)
    return Point(target, point.threshold, alarmed, missed)


def _as_asked(mated: Sequence[Search], non_mated: Sequence[Search]) -> tuple[Point, ...]:
    """What `--fpir` at each target would have listed; the same searches, cut by their own probabilities."""
    if not any(one.first is not None and one.first.alarm is not None for one in (*mated, *non_mated)):
        return ()
    points = []
    for target in measurable(len(non_mated)):
        alarmed = _figure(non_mated, [_listed_at(one.first, target) for one in non_mated])
        missed = _figure(mated, [not _listed_at(one.mate, target) for one in mated])
        points.append(Point(target, None, alarmed, missed))
    return tuple(points)


def _listed_at(standing: Standing | None, target: float) -> bool:
    return standing is not None and standing.alarm is not None and standing.alarm <= target


def _curve(mates: MatedSearches, strangers: NonMatedSearches) -> Curve:
    whole = det(mates, strangers)
    kept = _thinned(whole.fpir)
    return Curve(*(tuple(values[kept].tolist()) for values in (whole.thresholds, whole.fpir, whole.fnir)))


def _thinned(fpir: NDArray[np.float64]) -> NDArray[np.int64]:
    """Places of a falling curve, as evenly spread over its logarithm as there are steps, ends included."""
    if fpir.size <= _CURVE:
        return np.arange(fpir.size)
    floor = fpir[fpir > 0].min() / 2
    along = -np.log(np.maximum(fpir, floor))
    wanted = np.linspace(along[0], along[-1], _CURVE)
    return np.unique(np.concatenate([[0], np.searchsorted(along, wanted).clip(0, fpir.size - 1), [fpir.size - 1]]))
