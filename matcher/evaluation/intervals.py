"""How sure a measured rate is: Wilson's interval for counts, the bootstrap over people for everything else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval, both ends included."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Rate:
    """`errors` out of `trials`, with Wilson's interval; the rate of no trials is NaN, its interval [0, 1]."""

    errors: int
    trials: int
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.errors <= self.trials:
            raise ValueError(f"{self.errors} errors out of {self.trials} trials is impossible")

    @property
    def value(self) -> float:
        return self.errors / self.trials if self.trials else float("nan")

    @property
    def interval(self) -> Interval:
        return wilson(self.errors, self.trials, confidence=self.confidence)


@dataclass(frozen=True, slots=True)
class Share:
    """A share of searches and its interval over people. people: how many different ones were searched for."""

    value: float
    interval: Interval
    events: int
    trials: int
    people: int


def wilson(errors: int, trials: int, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a proportion (Wilson 1927; Brown, Cai and DasGupta 2001).

    It keeps its coverage at 0 errors, where the textbook interval has no width. It takes trials as independent;
    where people have several searches each, the bootstrap over people is the honest one.
    """
    if not 0 <= errors <= trials:
        raise ValueError(f"{errors} errors out of {trials} trials is impossible")
    return wilson_share(errors / trials if trials else 0.0, trials, confidence=confidence)


def wilson_share(share: float, trials: float, *, confidence: float = 0.95) -> Interval:
    """The same for a share of so many independent trials, which need not be whole where searches are weighted."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; give a value between 0 and 1")
    if not (0 <= share <= 1 and trials >= 0):
        raise ValueError(f"a share of {share} in {trials} trials is impossible")
    if trials == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    centre = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * np.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # Rounding must not exclude the rate itself at 0 and 1.
    low = 0.0 if share == 0 else max(0.0, float(centre - half))
    high = 1.0 if share == 1 else min(1.0, float(centre + half))
    return Interval(low, high)


def people_share(
    events: ArrayLike,
    people: NDArray[np.generic] | Sequence[str],
    *,
    draws: int = 1000,
    rng: np.random.Generator | None = None,
) -> Share:
    """The share of searches with an event and its 95 % interval, people resampled and not photos.

    events: bool (searches,). people: (searches,), who was searched for. The interval is the wider of the bootstrap's
    and of Wilson's with every person counted as one trial: with few events, or none, the bootstrap alone is too sure.
    rng: without one, a generator with seed 0, so that a report can be made again to the last digit.
    """
    happened, who = np.asarray(events, dtype=np.bool_), np.asarray(people)
    if happened.ndim != 1 or happened.shape != who.shape:
        raise ValueError(f"events of shape {happened.shape} and people of {who.shape}; give one of each for a search")
    if not happened.size:
        return Share(float("nan"), Interval(0.0, 1.0), 0, 0, 0)
    names, which = np.unique(who, return_inverse=True)
    errors, trials = np.bincount(which, weights=happened), np.bincount(which).astype(np.float64)
    count, persons = int(happened.sum()), int(names.size)
    value = count / happened.size
    generator = np.random.default_rng(0) if rng is None else rng
    drawn = []
    for part in _draws_in_parts(draws, persons):
        counts = generator.multinomial(persons, np.full(persons, 1 / persons), size=part)
        drawn.append((counts @ errors) / (counts @ trials))
    resampled = percentile_interval(np.concatenate(drawn))
    return Share(value, wider(resampled, wilson_share(value, persons)), count, int(happened.size), persons)


def _draws_in_parts(draws: int, persons: int) -> list[int]:
    """So many draws at once that their numbers stay within some 30 MB."""
    at_once = max(1, min(draws, 4_000_000 // persons))
    whole, rest = divmod(draws, at_once)
    return [at_once] * whole + [rest] * bool(rest)


def wider(one: Interval, other: Interval) -> Interval:
    """The interval that holds both; one without numbers (NaN) does not count."""
    if np.isnan(one.low):
        return other
    return Interval(min(one.low, other.low), max(one.high, other.high))


def people_weights(people: NDArray[np.generic], *, draws: int, rng: np.random.Generator) -> Floats:
    """Bootstrap weights of searches, people drawn with replacement: float64 (draws, searches).

    people: (searches,), who was searched for. All searches of a person come and go together, because they are not
    independent (Bolle, Ratha and Pankanti 2004, the subsets bootstrap).
    """
    if np.size(people) == 0:
        return np.zeros((draws, 0))
    draw = people_drawer(people, rng=rng)
    return np.stack([draw() for _ in range(draws)])


def people_drawer(people: NDArray[np.generic], *, rng: np.random.Generator) -> Callable[[], Floats]:
    """The same, one draw at a time: float64 (searches,), so that memory does not grow with the draws."""
    names, which = np.unique(people, return_inverse=True)
    chances = np.full(max(names.size, 1), 1 / max(names.size, 1))

    def draw() -> Floats:
        weights: Floats = rng.multinomial(names.size, chances)[which].astype(np.float64)
        return weights

    return draw


def percentile_interval(values: ArrayLike, *, confidence: float = 0.95) -> Interval:
    """The percentile interval of bootstrap values; draws without a value (NaN) are left out."""
    kept = np.asarray(values, dtype=np.float64)
    kept = kept[~np.isnan(kept)]
    if kept.size == 0:
        return Interval(float("nan"), float("nan"))
    # "nearest" and not interpolation: infinite ratios would make NaN.
    low, high = np.quantile(kept, [(1 - confidence) / 2, (1 + confidence) / 2], method="nearest")
    return Interval(float(low), float(high))
