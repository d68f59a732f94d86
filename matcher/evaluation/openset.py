"""Open-set error rates: who is missed (FNIR), who is wrongly put on a list (FPIR), and the curves between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matcher.evaluation.intervals import (
    Floats,
    Interval,
    Rate,
    people_drawer,
    percentile_interval,
    wider,
    wilson_share,
)

NEVER = 0
"""The rank of a mate that was not returned at all."""


def _scores(values: ArrayLike, name: str) -> Floats:
    scores = np.array(values, dtype=np.float64)
    if scores.ndim != 1:
        raise ValueError(f"{name} has shape {scores.shape}; give one score for each search")
    if np.isnan(scores).any():
        raise ValueError(f"{name} has NaN; give -inf for a search that returned nothing")
    scores.flags.writeable = False
    return scores


def _people(people: NDArray[np.generic] | Sequence[str] | None, searches: int) -> NDArray[np.generic]:
    names: NDArray[np.generic] = np.arange(searches) if people is None else np.array(people)
    if names.shape != (searches,):
        raise ValueError(f"{names.shape} people for {searches} searches; give one for each")
    names.flags.writeable = False
    return names


@dataclass(frozen=True, slots=True)
class MatedSearches:
    """Searches whose person is in the gallery; failures to acquire are in it, as misses.

    scores: float64 (n,), the score of the mate, -inf where it was not returned or the photo gave no template.
    ranks: int64 (n,), the mate's place, 1 the first; 0 (`NEVER`) where it was not returned.
    people: (n,), who was searched for; unit of the bootstrap. Made by `of`, which checks them.
    """

    scores: Floats
    ranks: NDArray[np.int64]
    people: NDArray[np.generic]

    @classmethod
    def of(
        cls, scores: ArrayLike, ranks: ArrayLike, *, people: NDArray[np.generic] | Sequence[str] | None = None
    ) -> Self:
        """Check and copy; without people every search counts as another person's."""
        checked = _scores(scores, "mated scores")
        places = np.array(ranks, dtype=np.int64)
        if places.shape != checked.shape or (places < 0).any():
            raise ValueError(f"ranks of shape {places.shape} for {checked.size} searches; give 1, 2, ... or 0 for none")
        places = np.where(np.isneginf(checked), NEVER, places)
        places.flags.writeable = False
        return cls(checked, places, _people(people, checked.size))

    def __len__(self) -> int:
        return int(self.scores.size)

    def missed(self, *, threshold: float, rank: int | None = None) -> NDArray[np.bool_]:
        """Which searches miss: the mate scores below the threshold or stands after `rank` places."""
        missed: NDArray[np.bool_] = (self.scores < threshold) | (self.ranks == NEVER)
        if rank is not None:
            missed |= self.ranks > rank
        return missed


@dataclass(frozen=True, slots=True)
class NonMatedSearches:
    """Searches whose person is not in the gallery.

    top: float64 (n,), the score of the first candidate, -inf where none was returned or the photo gave no template.
    people: (n,), who was searched for. Made by `of`, which checks them.
    """

    top: Floats
    people: NDArray[np.generic]

    @classmethod
    def of(cls, top: ArrayLike, *, people: NDArray[np.generic] | Sequence[str] | None = None) -> Self:
        """Check and copy; without people every search counts as another person's."""
        checked = _scores(top, "non-mated scores")
        return cls(checked, _people(people, checked.size))

    def __len__(self) -> int:
        return int(self.top.size)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What one threshold costs; the interval is over people, the threshold drawn anew in each draw.

    It is never narrower than Wilson's with every person counted as one trial: the bootstrap of no misses has no width.
    """

    threshold: float
    fpir: Rate
    fnir: Rate
    fnir_interval: Interval


@dataclass(frozen=True, slots=True)
class Det:
    """The detection error trade-off, one point a threshold: float64 (points,) each.

    thresholds rise; fpir falls, fnir rises.
    """

    thresholds: Floats
    fpir: Floats
    fnir: Floats


def fpir(searches: NonMatedSearches, *, threshold: float) -> Rate:
    """FPIR(N, T): the share of non-mated searches with a candidate at or above the threshold."""
    return Rate(int(np.count_nonzero(_passes(searches.top, threshold))), len(searches))


def fnir(searches: MatedSearches, *, threshold: float = -np.inf, rank: int | None = None) -> Rate:
    """FNIR(N, R, T): the share of mated searches whose mate is below the threshold or not among the first `rank`.

    Threshold -inf with a rank is investigation; no rank with a threshold is identification. A mate that was not
    returned and a photo that gave no template are misses at every threshold (NISTIR 8271, section 3).
    """
    return Rate(int(np.count_nonzero(searches.missed(threshold=threshold, rank=rank))), len(searches))


def cmc(searches: MatedSearches, ranks: Sequence[int]) -> tuple[Rate, ...]:
    """The cumulative match characteristic: the misses at each rank; the hit rate is 1 - value."""
    return tuple(fnir(searches, rank=rank) for rank in ranks)


def threshold_for_fpir(searches: NonMatedSearches, target: float) -> float:
    """The lowest threshold whose observed FPIR is at most `target`.

    No interpolation: of n searches floor(target n) may have a candidate, so the threshold is the next float above the
    (floor(target n) + 1)-th highest score. The observed FPIR is then never above the target, also with ties.
    """
    if not 0 <= target <= 1:
        raise ValueError(f"the target FPIR is {target}; give a share between 0 and 1")
    allowed = _allowed(target, len(searches))
    if allowed >= len(searches):
        return -np.inf
    return float(np.nextafter(np.sort(searches.top)[::-1][allowed], np.inf))


def at_fpir(
    mated: MatedSearches,
    non_mated: NonMatedSearches,
    target: float,
    *,
    rank: int | None = None,
    draws: int = 500,
    rng: np.random.Generator | None = None,
) -> OperatingPoint:
    """FNIR at the threshold of a target FPIR, with a 95 % bootstrap interval over people.

    rng: without one, a generator with seed 0, so that a report can be made again to the last digit.
    """
    generator = np.random.default_rng(0) if rng is None else rng
    threshold = threshold_for_fpir(non_mated, target)
    order = np.argsort(-non_mated.top, kind="stable")
    top = non_mated.top[order]
    draw_others = people_drawer(non_mated.people[order], rng=generator)
    draw_mates = people_drawer(mated.people, rng=generator)
    misses = []
    for _ in range(draws):
        cut, weights = _weighted_threshold(top, draw_others(), target), draw_mates()
        total = weights.sum()
        misses.append(weights[mated.missed(threshold=cut, rank=rank)].sum() / total if total else np.nan)
    missed = fnir(mated, threshold=threshold, rank=rank)
    least = wilson_share(missed.value if missed.trials else 0.0, np.unique(mated.people).size)
    return OperatingPoint(
        threshold=threshold,
        fpir=fpir(non_mated, threshold=threshold),
        fnir=missed,
        fnir_interval=wider(percentile_interval(misses), least),
    )


def det(mated: MatedSearches, non_mated: NonMatedSearches, *, rank: int | None = None) -> Det:
    """FPIR and FNIR at every threshold where one of them steps; thresholds are finite and distinct."""
    thresholds = np.unique(np.concatenate([mated.scores, non_mated.top]))
    thresholds = thresholds[np.isfinite(thresholds)]
    non_mates = np.sort(non_mated.top)
    above = len(non_mated) - np.searchsorted(non_mates, thresholds, side="left")
    counted = mated.scores if rank is None else np.where(mated.ranks > rank, -np.inf, mated.scores)
    below = np.searchsorted(np.sort(counted), thresholds, side="left")
    return Det(thresholds, above / max(len(non_mated), 1), below / max(len(mated), 1))


def _allowed(target: float, searches: int) -> int:
    # 0.1 of 500 must be 50 and not 49, whatever binary rounding makes of it.
    return int(np.floor(target * searches * (1 + 1e-12)))


def _passes(top: Floats, threshold: float) -> NDArray[np.bool_]:
    # A search without any candidate is no false alarm, not even at a threshold of -inf.
    passes: NDArray[np.bool_] = (top >= threshold) & ~np.isneginf(top)
    return passes


def _weighted_threshold(falling: Floats, weights: Floats, target: float) -> float:
    """As `threshold_for_fpir`, of scores in falling order of which each stands for `weights` searches."""
    running = np.cumsum(weights)
    if not running.size or running[-1] == 0:
        return float("nan")
    place = int(np.searchsorted(running, _allowed(target, int(running[-1])), side="right"))
    return float(np.nextafter(falling[place], np.inf)) if place < falling.size else -np.inf
