"""How deep a search must look to meet the recall target: measured at build time on held-out queries.

Half of the queries are entries themselves, left out of their own results: what a stranger to the gallery looks like.
The other half are entries moved by part of the difference of two others: what a new picture of a member looks like.

Codes are coarse, so a neighbour may come later in the scan than it should. By how much is what is measured: how far
its coarse distance lies past that of the last hit. The margin that covers the wanted share of neighbours is chosen on
one half of the queries of both kinds, and the recall that is stated is what it gives on the other half. A search then
looks at its own scan: it has gone deep enough once it has reached past its last hit by the margin.
"""

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors
from index.compressed.codes import Codes, Examined
from index.compressed.manifest import Tuning
from index.compressed.truth import Truth

RowNumbers = NDArray[np.int64]

NEIGHBOURS = (20, 100)
DEEPEST, DEEP = 16_384, 2_048
SMALLEST = 32
# A new picture of a person lies about half as far from the old one as two people lie from each other.
MOVED = 0.5
# The shares of neighbours for which margins are kept, and what the last one, the largest seen, is taken times.
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 1.0)
PAST_ALL = 1.2
# Of the misses that a target allows, so many are left for what the held-out queries did not show.
KEPT_BACK = 0.5
# Searches begin with the depth that reaches past the margin for this share of the queries; the others go on from there.
AT_ONCE = 0.95

# Rough costs of a search, microseconds: only their ratio matters, and only for choosing the code size.
SCANNED_BYTE, REFINED = 1 / 40_000, 0.25


def depth_for(tuning: Tuning, k: int, target: float) -> int | None:
    """How many entries of the scan to begin with for the k nearest; None where only comparing with all meets it."""
    level = _level(tuning, target)
    if level is None:
        return None
    near = tuning.starts_20[level]
    if k <= NEIGHBOURS[0]:
        return near
    far = max(near, tuning.starts_100[level])
    # Between the two measured numbers of neighbours in a straight line; past them, in proportion.
    if k <= NEIGHBOURS[1]:
        share = (k - NEIGHBOURS[0]) / (NEIGHBOURS[1] - NEIGHBOURS[0])
        return round(near + share * (far - near))
    return -(-far * k // NEIGHBOURS[1])


def margin_for(tuning: Tuning, target: float) -> float:
    """How far past its last hit a scan must reach; infinite where no scan meets the target."""
    level = _level(tuning, target)
    return np.inf if level is None else tuning.margins[level]


def excess(edge: float, farthest: float, beyond: float) -> float:
    """How far a coarse, squared distance lies past that of the last hit, whose true distance is `farthest`.

    In units of that distance, for so the error of codes grows. Where many entries are about equally far, as around the
    middle of the population, the codes can't tell them apart, the scan has not reached past the hits by the margin,
    and the search goes deeper.
    """
    return (edge + beyond - farthest**2) / max(farthest, 1e-6)


def stated_recall(tuning: Tuning, target: float) -> float:
    """The share of the true 20 nearest found at the margin in use; where all are compared, what rounding leaves."""
    level = _level(tuning, target)
    return tuning.rounding if level is None else tuning.stated[level] * tuning.rounding


def best_recall(tuning: Tuning) -> float:
    """The largest recall that was measured at any margin."""
    return max(tuning.stated, default=0.0) * tuning.rounding


def cost(tuning: Tuning, count: int, target: float, *, grown: float = 1.0) -> float:
    """About how long a search takes, in microseconds; infinite where the codes can't meet the target.

    grown: by how much the depth will be larger than the measured one.
    """
    depth = depth_for(tuning, NEIGHBOURS[0], target)
    return np.inf if depth is None else scan_cost(tuning.subquantizers, count) + depth * grown * REFINED


def scan_cost(subquantizers: int, count: int) -> float:
    """The part of it that no choice of depth avoids."""
    return count * subquantizers / 2 * SCANNED_BYTE


def _level(tuning: Tuning, target: float) -> int | None:
    """Which of LEVELS serves a target; None where none was measured to."""
    target = target / tuning.rounding
    if target > 1:
        return None
    for number, (level, stated, start) in enumerate(zip(LEVELS, tuning.stated, tuning.starts_20, strict=False)):
        if level >= 1 - (1 - target) * KEPT_BACK and stated >= target and start > 0:
            return number
    return None


class Examination:
    """Held-out queries, whose true neighbours are found while the entries pass by; then codes are put to them."""

    def __init__(self, own: RowNumbers, entries: Vectors, sample: Vectors, rng: np.random.Generator) -> None:
        """own: row numbers of some entries; entries: those, float32 (queries, dimension). sample: of all entries."""
        moved = np.arange(len(own)) % 4 >= 2
        one, other = rng.choice(len(sample), (2, int(moved.sum())))
        self.queries = entries.copy()
        self.queries[moved] += np.float32(MOVED) * (sample[one] - sample[other])
        self.middle: Vectors = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._truth = Truth(
            self.queries - self.middle,
            np.where(moved, -1, own),
            NEIGHBOURS[1],
            sample[:: 1 + len(sample) // 32_768] - self.middle,
        )
        self._found: tuple[RowNumbers, Vectors] | None = None

    def see(self, first: int, centred: Vectors) -> None:
        """The entries from row first on, float32 (n, dimension), less `middle`."""
        self._truth.see(first, centred)

    def neighbours(self) -> tuple[RowNumbers, Vectors]:
        """The rows of the true 100 nearest of each query and their distances; every entry must have been seen."""
        if self._found is None:
            self._found = self._truth.neighbours()
        return self._found

    def of(self, codes: Codes, rounding: float) -> Tuning:
        """What searches by these codes need for each level of recall."""
        rows, distances = self.neighbours()
        deepest = max(SMALLEST, min(len(codes) // 4, DEEPEST, max(DEEP, len(codes) // 128)))
        examined = codes.examine(self.queries, rows, deepest)
        first = np.arange(len(rows)) % 2 == 0
        margins = _margins(examined, distances, first)
        reached = [[_reached(examined, distances, margin, k) for margin in margins] for k in NEIGHBOURS]
        starts = [[_start(depths, deepest) for depths in each] for each in reached]
        stated = [
            _recall(examined.needed[~first], np.maximum(depths[~first], start))
            for depths, start in zip(reached[0], starts[0], strict=True)
        ]
        return Tuning(
            subquantizers=codes.subquantizers,
            rounding=rounding,
            queries=len(rows),
            margins=tuple(margins),
            stated=tuple(stated),
            starts_20=tuple(starts[0]),
            starts_100=tuple(starts[1]),
        )


def queries_for(count: int) -> int:
    """How many held-out queries: fewer where each costs more."""
    return 256 if count <= 4_000_000 else 128 if count <= 40_000_000 else 64


def _margins(examined: Examined, distances: Vectors, chosen: NDArray[np.bool_]) -> list[float]:
    """For each level the margin that covers this share of the neighbours of the chosen queries."""
    each = []
    for k in NEIGHBOURS:
        farthest = distances[:, k - 1 : k]
        past = (examined.edges[:, :k] + examined.beyond[:, np.newaxis] - farthest**2) / np.maximum(farthest, 1e-6)
        each.append(np.quantile(past[chosen].ravel(), LEVELS, method="higher"))
    margins = np.max(each, axis=0)
    margins[-1] *= PAST_ALL if margins[-1] > 0 else 1
    # Infinite is a neighbour that the deepest scan of the examination did not find: no margin is known to cover it.
    return [round(float(margin), 6) for margin in margins if np.isfinite(margin)]


def _reached(examined: Examined, distances: Vectors, margin: float, k: int) -> RowNumbers:
    """How deep each query's scan has to go to reach past its k-th hit by the margin, int64 (queries,)."""
    farthest = distances[:, k - 1]
    edges = farthest**2 + margin * np.maximum(farthest, 1e-6) - examined.beyond
    return np.array(
        [np.searchsorted(coarse, edge, side="left") + 1 for coarse, edge in zip(examined.coarse, edges, strict=True)]
    )


def _start(depths: RowNumbers, deepest: int) -> int:
    """The depth to begin with; 0 where it is past the deepest that was examined."""
    start = int(np.quantile(depths, AT_ONCE, method="higher"))
    return 0 if start > deepest else max(SMALLEST, start)


def _recall(needed: RowNumbers, depths: RowNumbers) -> float:
    near = needed[:, : NEIGHBOURS[0]]
    return round(float((near <= depths[:, np.newaxis]).mean()), 6)
