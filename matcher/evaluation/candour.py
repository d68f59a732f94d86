"""Do the product's numbers keep what they promise: predicted false alarms, confidences, likelihood ratios."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from matcher.evaluation.honesty import Reliability, cllr, cllr_min, expected_calibration_error, reliability
from matcher.evaluation.intervals import Interval, people_share, people_weights, percentile_interval
from matcher.evaluation.pairs import Pairs
from matcher.evaluation.rates import Figure, measurable
from matcher.evaluation.searches import Search
from matcher.evaluation.sizes import SizedSearches

BINS = 15
_DRAWS = 500


@dataclass(frozen=True, slots=True)
class Predicted:
    """One prediction. predicted: the FPIR asked for; observed: what these searches had; ratio: observed over it."""

    predicted: float
    observed: Figure
    ratio: float


@dataclass(frozen=True, slots=True)
class AtSize:
    """Predictions among so many people. samples: how many random galleries of this size; 1 is the gallery itself."""

    people: int
    samples: int
    points: tuple[Predicted, ...]


@dataclass(frozen=True, slots=True)
class Confidence:
    """The confidence of each first candidate against whether it was the right person.

    ece: the expected calibration error, low and high its 95 % interval over people. prior: the share of mated searches
    that the confidence assumes; searches are weighted so that their mixture is that.
    """

    prior: float
    searches: int
    ece: float
    low: float
    high: float
    bins: tuple[Reliability, ...]


@dataclass(frozen=True, slots=True)
class Ratios:
    """How good the likelihood ratios are. cllr: their cost in bits, 0 is perfect and 1 is knowing nothing; low and high
    its 95 % interval over people. cllr_min: what the best recalibration would reach. mated, non_mated: pairs."""

    cllr: float
    low: float
    high: float
    cllr_min: float
    mated: int
    non_mated: int


def predictions(searches: Sequence[Search], people: int, sizes: Sequence[SizedSearches]) -> tuple[AtSize, ...]:
    """Predicted against observed FPIR at each size, the gallery itself last. Photos that gave nothing are left out."""
    found = [AtSize(one.people, one.samples, _points(one.alarms, one.persons)) for one in sizes]
    seen = [one for one in searches if one.acquired and not one.mated]
    if any(one.first is not None and one.first.alarm is not None for one in seen):
        alarms = [1.0 if one.first is None or one.first.alarm is None else one.first.alarm for one in seen]
        found.append(AtSize(people, 1, _points(alarms, [one.person_id for one in seen])))
    return tuple(found)


def confidence(searches: Sequence[Search], prior: float) -> Confidence | None:
    """Reliability of first candidates; None where nothing is calibrated or one kind of search is missing."""
    seen = [one for one in searches if one.first is not None and one.first.confidence is not None]
    mated = np.array([one.mated for one in seen], dtype=np.bool_)
    if not mated.any() or mated.all():
        return None
    claimed = np.array([one.first.confidence for one in seen if one.first is not None], dtype=np.float64)
    right = np.array([one.right for one in seen])
    weights = np.where(mated, prior / mated.sum(), (1 - prior) / (~mated).sum())
    drawn = []
    rng = np.random.default_rng(0)
    for draw in people_weights(np.array([one.person_id for one in seen]), draws=_DRAWS, rng=rng):
        kept = draw > 0
        drawn.append(expected_calibration_error(claimed[kept], right[kept], bins=BINS, weights=(weights * draw)[kept]))
    value = expected_calibration_error(claimed, right, bins=BINS, weights=weights)
    # Gaps count whichever way they go, so drawing people anew adds to them: by so much the draws lie too high.
    interval, excess = percentile_interval(drawn), float(np.mean(drawn)) - value
    low, high = max(0.0, min(value, interval.low - excess)), max(value, interval.high - excess)
    return Confidence(prior, len(seen), value, low, high, reliability(claimed, right, bins=BINS, weights=weights))


def ratios(pairs: Pairs | None) -> Ratios | None:
    """Cllr and its minimum; None where nothing is calibrated or one kind of pair is missing."""
    if pairs is None or not pairs.mated or not pairs.non_mated:
        return None
    mated, non_mated = np.array(pairs.mated), np.concatenate([np.array(row) for row in pairs.non_mated])
    interval = _cllr_interval(pairs)
    return Ratios(
        cllr(mated, non_mated), interval.low, interval.high, cllr_min(mated, non_mated), mated.size, non_mated.size
    )


def _points(alarms: Sequence[float], persons: Sequence[str]) -> tuple[Predicted, ...]:
    values, who = np.array(alarms), np.array(persons)
    found = []
    for target in measurable(values.size):
        observed = Figure.of(people_share(values <= target, who))
        found.append(Predicted(target, observed, observed.value / target))
    return tuple(found)


def _cllr_interval(pairs: Pairs) -> Interval:
    """People are drawn on the probes' side; each stranger's mean cost stands for all of its pairs."""
    rng = np.random.default_rng(0)
    of_mates = np.logaddexp(0, -np.array(pairs.mated) * np.log(10))
    of_strangers = np.array([np.logaddexp(0, np.array(row) * np.log(10)).mean() for row in pairs.non_mated])
    drawn = [
        (weights @ costs) / weights.sum(axis=1)
        for costs, people in ((of_mates, pairs.mated_people), (of_strangers, pairs.non_mated_people))
        for weights in [people_weights(np.array(people), draws=_DRAWS, rng=rng)]
    ]
    return percentile_interval((drawn[0] + drawn[1]) / (2 * np.log(2)))
