"""Which codes a segment gets: those that make searches cheapest at the recall target; none where they don't pay."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from index.base import RecallTooLow, Vectors
from index.compressed.codes import SAMPLE, Codes, Filling, Spread
from index.compressed.manifest import Precision, Tuning
from index.compressed.tuning import NEIGHBOURS, Examination, cost, queries_for, scan_cost
from index.compressed.vectors import KeptVectors, RowNumbers
from index.working import in_pieces

# Held-out queries and entries of the trial that only compares code sizes.
TRIAL_QUERIES, TRIAL = 128, 32_768
BLOCK = 4_096
# A search that scans and refines in so many microseconds is not made faster by better codes: the rest takes as long.
QUICK = 100.0

Take = Callable[[RowNumbers], Vectors]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is known before the entries pass by.

    trained: the codes that promise most; others: how to train those to fall back on, in their order.
    middle: what is taken off each entry before the examination and the codes see it.
    """

    examination: Examination
    trained: Codes
    others: tuple[Callable[[], Codes], ...]
    middle: Vectors


def choose(take: Take, count: int, target: float) -> Chosen:
    """Draw a sample and held-out queries from count entries, and order the code sizes by a trial on the sample."""
    # The seed follows from the number of entries, so that the same entries give the same segment.
    rng = np.random.default_rng(zlib.crc32(count.to_bytes(8, "little")))
    sample = take(np.sort(rng.choice(count, min(count, SAMPLE), replace=False)))
    own = np.sort(rng.choice(count, min(queries_for(count), count // 2), replace=False))
    examination = Examination(own, take(own), sample, rng)
    spread = Spread(sample, examination.middle)
    ordered = _ordered(sample[:: 1 + (len(sample) - 1) // TRIAL], spread, count, target, rng)
    return Chosen(examination, ordered[0](), tuple(ordered[1:]), examination.middle)


def fitting(
    chosen: Chosen, filling: Filling, kept: KeptVectors, precision: Precision, target: float
) -> tuple[Tuning, Codes | None]:
    """The first of the chosen codes that meet the target for all entries, and what was measured of them.

    filling: holds the codes of the first. Raises RecallTooLow where the rounding of the vectors alone misses it.
    """
    rounding = 1.0 if precision is Precision.FLOAT32 else _rounding(chosen.examination, kept)
    if rounding < target:
        raise RecallTooLow(
            f"rounding to {precision.value} alone leaves a recall of {rounding:.4f}, below the {target} asked for: "
            "keep the vectors in float32, or ask for less"
        )
    codes = filling.codes()
    for number in range(len(chosen.others) + 1):
        if number:
            codes = _refilled(chosen.others[number - 1](), kept, len(codes))
        tuning = chosen.examination.of(codes, rounding)
        if fits(tuning, len(codes), target):
            return tuning, codes
    return Tuning(rounding=rounding), None


def fits(tuning: Tuning, count: int, target: float) -> bool:
    """Whether codes that measured so meet the target."""
    return cost(tuning, count, target) < np.inf


def _ordered(
    sample: Vectors, spread: Spread, count: int, target: float, rng: np.random.Generator
) -> list[Callable[[], Codes]]:
    """How to train codes of several sizes, in the order in which to try them, cheapest search first.

    The depth that a target takes grows with the gallery, slowly: measured from 1e5 to 1e7, as its fourth root.
    """
    grown = (count / len(sample)) ** 0.25
    own = np.sort(rng.choice(len(sample), min(TRIAL_QUERIES, len(sample) // 2), replace=False))
    examination = Examination(own, sample[own], sample, rng)
    in_pieces(lambda start, stop: examination.see(start, sample[start:stop] - examination.middle), len(sample), BLOCK)
    costs: dict[int, float] = {}
    for size in spread.code_sizes():
        if costs and min(costs.values()) <= max(QUICK, scan_cost(size, count)):
            costs[size] = scan_cost(size, count) + 1e9
            continue
        trained = Codes.trained(sample, spread, size)
        tuning = examination.of(trained.filled(sample), 1.0)
        costs[size] = cost(tuning, count, target, grown=grown)
    # The larger ones stay as the way out where the trial was too hopeful.
    return [
        partial(Codes.trained, sample, spread, size) for size in sorted(costs, key=lambda size: (costs[size], size))
    ]


def _refilled(trained: Codes, kept: KeptVectors, count: int) -> Codes:
    filling = Filling(trained, count)

    def block(start: int, stop: int) -> None:
        filling.see(start, kept.take(slice(start, stop)) - trained.mean)

    in_pieces(block, count, BLOCK)
    return filling.codes()


def _rounding(examination: Examination, kept: KeptVectors) -> float:
    """The share of the true 20 nearest that are still the 20 nearest after the vectors were rounded for keeping."""
    same, k = 0, NEIGHBOURS[0]
    rows, _ = examination.neighbours()
    for query, near in zip(examination.queries, rows, strict=True):
        distances = np.linalg.norm(kept.take(near) - query, axis=1)
        same += int(np.count_nonzero(np.argsort(distances, kind="stable")[:k] < k))
    return same / (k * len(rows))
