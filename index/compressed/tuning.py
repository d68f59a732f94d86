"""How deep a search must refine to meet the recall target: measured at build time on held-out queries.

Half of the queries are entries themselves, left out of their own results: what a stranger to the gallery looks like.
The other half are entries moved by part of the difference of two others: what a new picture of a member looks like.
Depths are chosen on one half of both kinds; the recall that is stated is measured on the other half.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors
from index.compressed.codes import Codes, Examined, Read
from index.compressed.manifest import Tuning

RowNumbers = NDArray[np.int64]
# Rows by number, as they were written.
Take = Callable[[RowNumbers], Vectors]

NEIGHBOURS = (20, 100)
DEEPEST = 16_384
SMALLEST = 32
# A new picture of a person lies about half as far from the old one as two people lie from each other.
MOVED = 0.5
# The depth that meets the target on the first half of the queries is taken this many times.
RESERVE = 1.5
BLOCK = 32_768
# The shares of neighbours for which the margin is kept.
LEVELS = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995)

# Rough costs of a search, microseconds: only their ratio matters, and only for choosing the code size.
SCANNED_BYTE, REFINED = 1 / 40_000, 0.25


def depth_for(tuning: Tuning, k: int, target: float) -> int | None:
    """How many entries to refine for the k nearest, or None where only comparing with all meets the target."""
    target = target / tuning.rounding
    near = _first(tuning.depths, tuning.recall_20, target)
    if near is None or (stated := _first(tuning.depths, tuning.stated_20, target)) is None:
        return None
    near = max(round(near * RESERVE), stated)
    if k <= NEIGHBOURS[0]:
        return near
    far = _first(tuning.depths, tuning.recall_100, target)
    if far is None:
        return None
    # Between the two measured numbers of neighbours in a straight line; past them, in proportion.
    far = max(round(far * RESERVE), near)
    if k <= NEIGHBOURS[1]:
        share = (k - NEIGHBOURS[0]) / (NEIGHBOURS[1] - NEIGHBOURS[0])
        return round(near + share * (far - near))
    return -(-far * k // NEIGHBOURS[1])


def margin_for(tuning: Tuning, target: float) -> float:
    """How far past its last hit a scan must reach; -inf where nothing was measured."""
    return next((margin for level, margin in zip(LEVELS, tuning.margins, strict=False) if level >= target), -np.inf)


def excess(edge: float, farthest: float, beyond: float) -> float:
    """How far a coarse, squared distance lies past that of the last hit, whose true distance is `farthest`.

    In units of that distance, for so the error of codes grows. Depth is an average over queries; this looks at the
    one at hand. Where many entries are about equally far, as around the middle of the population, the codes can't
    tell them apart, the scan has not reached past the hits by the margin, and the search goes deeper.
    """
    return (edge + beyond - farthest**2) / max(farthest, 1e-6)


def stated_recall(tuning: Tuning, target: float) -> float:
    """The share of the true 20 nearest found at the depth in use; 1.0 where every entry is compared."""
    depth = depth_for(tuning, NEIGHBOURS[0], target)
    if depth is None:
        return 1.0
    at = int(np.searchsorted(np.array(tuning.depths), depth, side="right")) - 1
    return tuning.stated_20[max(at, 0)] * tuning.rounding


def cost(tuning: Tuning, count: int, target: float, *, grown: float = 1.0) -> float:
    """About how long a search takes, in microseconds; infinite where the codes can't meet the target.

    grown: by how much the depth will be larger than the measured one.
    """
    depth = depth_for(tuning, NEIGHBOURS[0], target)
    return np.inf if depth is None else scan_cost(tuning.subquantizers, count) + depth * grown * REFINED


def scan_cost(subquantizers: int, count: int) -> float:
    """The part of it that no choice of depth avoids."""
    return count * subquantizers / 2 * SCANNED_BYTE


class Examination:
    """Held-out queries and their true neighbours: found once, then put to codes of several sizes."""

    def __init__(
        self, read: Read, count: int, sample: Vectors, rng: np.random.Generator, *, queries: int | None = None
    ) -> None:
        asked = min(queries or _queries_for(count), count // 2)
        self._own = np.sort(rng.choice(count, asked, replace=False))
        self.queries = np.concatenate([read(row, row + 1) for row in self._own.tolist()])
        moved = np.arange(asked) % 4 >= 2
        one, other = rng.choice(len(sample), (2, int(moved.sum())))
        self.queries[moved] += np.float32(MOVED) * (sample[one] - sample[other])
        self._own[moved] = -1
        self._truth, self._distances = _true_neighbours(read, count, self.queries, self._own, sample.mean(axis=0))

    def rounding(self, written: Take) -> float:
        """The share of the true 20 nearest that are still the 20 nearest after the vectors were rounded for keeping."""
        kept, k = 0, NEIGHBOURS[0]
        for query, rows in zip(self.queries, self._truth, strict=True):
            distances = np.linalg.norm(written(rows) - query, axis=1)
            kept += int(np.count_nonzero(np.argsort(distances, kind="stable")[:k] < k))
        return kept / (k * len(self.queries))

    def of(self, codes: Codes, subquantizers: int, rounding: float) -> Tuning:
        """The recall of these codes at every depth of the grid."""
        deepest = max(SMALLEST, min(len(codes) // 4, DEEPEST, max(2048, len(codes) // 128)))
        examined = codes.examine(self.queries, self._truth, deepest)
        needed, depths = examined.needed, _grid(deepest)
        first = np.arange(len(needed)) % 2 == 0
        near = needed[:, : NEIGHBOURS[0]]
        return Tuning(
            subquantizers=subquantizers,
            rounding=rounding,
            queries=len(needed),
            depths=depths,
            recall_20=_recall(near[first], depths),
            recall_100=_recall(needed[first], depths),
            stated_20=_recall(near[~first], depths),
            margins=self._margins(examined),
        )

    def _margins(self, examined: Examined) -> tuple[float, ...]:
        k = NEIGHBOURS[0]
        each = [
            excess(float(edge), float(distances[k - 1]), float(beyond))
            for edges, distances, beyond in zip(examined.edges, self._distances, examined.beyond, strict=True)
            for edge in edges[:k]
        ]
        margins = np.quantile(np.array(each), LEVELS, method="higher")
        # What the deepest scan of the examination did not find has no margin; the depth looks after it.
        largest = max((value for value in margins.tolist() if np.isfinite(value)), default=0.0)
        return tuple(round(min(value, largest), 6) for value in margins.tolist())


def _queries_for(count: int) -> int:
    """Fewer where each costs more: at a hundred million entries one takes a second."""
    return 256 if count <= 4_000_000 else 128 if count <= 40_000_000 else 64


def _grid(deepest: int) -> tuple[int, ...]:
    steps = int(np.ceil(4 * np.log2(deepest / SMALLEST)))
    return tuple(sorted({min(deepest, round(SMALLEST * 2 ** (step / 4))) for step in range(steps + 1)}))


def _recall(needed: NDArray[np.int64], depths: tuple[int, ...]) -> tuple[float, ...]:
    return tuple(round(float((needed <= depth).mean()), 6) for depth in depths)


def _first(depths: tuple[int, ...], recalls: tuple[float, ...], target: float) -> int | None:
    return next((depth for depth, recall in zip(depths, recalls, strict=True) if recall >= target), None)


def _true_neighbours(
    read: Read, count: int, queries: Vectors, own: RowNumbers, mean: Vectors
) -> tuple[RowNumbers, Vectors]:
    """The rows of the 100 nearest of each query, its own row left out, and their distances: (queries, 100), rising.

    Works through the entries in blocks by matrix product, keeping the best so far. The rounding of the product, about
    1e-6 of a distance, decides between neighbours only where they are as good as equal.
    """
    k = NEIGHBOURS[1]
    best = np.full((len(queries), k), np.inf, dtype=np.float32)
    rows = np.full((len(queries), k), -1, dtype=np.int64)
    queries = queries - mean
    start, step = 0, 4 * k
    while start < count:
        block = read(start, min(count, start + step)) - mean
        squares = np.einsum("ij,ij->i", block, block)
        distances = queries @ block.T
        distances *= -2
        distances += squares
        at = own - start
        inside = np.flatnonzero((at >= 0) & (at < len(block)))
        distances[inside, at[inside]] = np.inf
        _keep_best(distances, best, rows, start)
        start, step = start + len(block), BLOCK
    order = np.argsort(best, axis=1)
    best += np.einsum("ij,ij->i", queries, queries)[:, np.newaxis]
    distances = np.sqrt(np.maximum(np.take_along_axis(best, order, axis=1), 0))
    return np.take_along_axis(rows, order, axis=1), distances


def _keep_best(distances: Vectors, best: Vectors, rows: RowNumbers, start: int) -> None:
    """Merge a block's distances, float32 (queries, block), into the best so far, in place."""
    worst = best.max(axis=1)
    asked, near = np.divmod(np.flatnonzero(distances < worst[:, np.newaxis]), distances.shape[1])
    ends = np.searchsorted(asked, np.arange(len(best) + 1))
    k = best.shape[1]
    for number in range(len(best)):
        found = near[ends[number] : ends[number + 1]]
        if len(found):
            merged = np.concatenate([best[number], distances[number, found]])
            keep = np.argpartition(merged, k - 1)[:k]
            best[number] = merged[keep]
            rows[number] = np.concatenate([rows[number], found + start])[keep]
