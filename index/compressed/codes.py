"""4-bit product quantisation by FAISS: train, encode, keep, open memory-mapped, scan.

Each entry becomes a few 4-bit codes. A scan compares a query with the codes of all entries: none is skipped, so
nobody is missed for having fallen into an unvisited cluster. What comes out is a coarse order, for exact refinement.

The principal axes are dealt out to the subquantizers so that each gets the same product of variances (Ge et al. 2013,
optimised product quantisation, parametric form): half the refinement depth of a random rotation at the same size.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.base import IndexDamaged, Vectors
from index.compressed.encoding import PackedCodes, encoder
from index.compressed.files import REMEDY
from index.compressed.mapping import attach
from index.nearest import products
from index.working import in_pieces, linear, load_faiss, threads

CODES, QUANTIZER, PROJECTION = "codes.bin", "quantizer.faiss", "projection.bin"

# Axes that carry this share of the variance are worth coding; the rest adds noise alone.
WORTH_CODING = 0.97
SAMPLE = 65_536
# Entries that the 16 centres of each subquantizer are found from, and the rounds it takes until they stand.
TRAINED_ON, ROUNDS = 16_384, 12
# Entries that are encoded in one go: their projections stay in a core's cache.
PIECE = 4_096


@dataclass(frozen=True, slots=True)
class Projection:
    """From stored vectors to the space of the codes: axes float32 (coded, dimension), mean float32 (dimension,)."""

    mean: Vectors
    axes: Vectors

    def of_queries(self, queries: Vectors) -> Vectors:
        """float32 (n, coded); each row depends on its query alone, see index/nearest.py."""
        return products(queries - self.mean, self.axes)

    def beyond(self, queries: Vectors, projected: Vectors) -> Vectors:
        """The squared length of what the projection leaves out of each query, float32 (n,)."""
        whole = np.square(queries - self.mean, dtype=np.float64).sum(axis=1)
        inside = np.square(projected, dtype=np.float64).sum(axis=1)
        return np.asarray(np.maximum(whole - inside, 0), dtype=np.float32)

    def save(self, path: Path) -> None:
        np.concatenate([self.mean[np.newaxis, :], self.axes]).astype("<f4").tofile(path)

    @classmethod
    def load(cls, path: Path, dimension: int) -> "Projection":
        values = np.fromfile(path, dtype="<f4")
        if values.size % dimension or values.size < 2 * dimension:
            raise IndexDamaged(f"{path} has {values.size} values for dimension {dimension}: {REMEDY}")
        values = values.reshape(-1, dimension)
        return cls(mean=values[0].copy(), axes=np.ascontiguousarray(values[1:]))


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan gives for one query.

    rows: those with a coarse distance below `edge`, a squared distance in the space of the codes.
    beyond: the squared length of the query's part outside that space, which every true distance has on top.
    """

    rows: NDArray[np.int64]
    edge: float
    beyond: float


@dataclass(frozen=True, slots=True)
class Examined:
    """needed: the depth from which a scan returns each row; one more than the examined depth where it does not.

    edges: its coarse distance, infinite where it was not found; both (n, k). coarse: the coarse distances of the scan,
    rising, (n, depth). beyond: as in Scanned, (n,).
    """

    needed: NDArray[np.int64]
    edges: Vectors
    coarse: Vectors
    beyond: Vectors


class Codes:
    """The codes of one segment, and how to scan them."""

    def __init__(self, projection: Projection, scanner: Any) -> None:
        self.projection = projection
        self.scanner = scanner
        self.is_mapped = False

    @classmethod
    def trained(cls, sample: Vectors, spread: "Spread", subquantizers: int) -> "Codes":
        """An empty one, trained on a sample, float32 (n, dimension), and its spread."""
        faiss = load_faiss()
        projection = spread.projection(subquantizers)
        scanner = faiss.IndexPQFastScan(len(projection.axes), subquantizers, 4)
        scanner.pq.cp.niter = ROUNDS
        centred = sample[:: max(1, len(sample) // TRAINED_ON)] - projection.mean
        # Many tiny steps: a second thread would mostly be waited for.
        with threads(1):
            scanner.train(linear(projection.axes)(centred))
        return cls(projection, scanner)

    @classmethod
    def load(cls, folder: Path, dimension: int, count: int) -> "Codes":
        """Opened memory-mapped: shared by every process through the page cache, ready at once at any size."""
        faiss = load_faiss()
        try:
            scanner = faiss.read_index(str(folder / QUANTIZER))
        except RuntimeError as exc:
            raise IndexDamaged(f"{folder / QUANTIZER} can't be read: {REMEDY}") from exc
        blocks = -(-count // scanner.bbs) * scanner.bbs
        path = folder / CODES
        if path.stat().st_size != blocks * scanner.M2 // 2:
            raise IndexDamaged(f"{path} does not hold the codes of {count} entries: {REMEDY}")
        codes = cls(Projection.load(folder / PROJECTION, dimension), scanner)
        codes.is_mapped = attach(codes, scanner, np.memmap(path, dtype=np.uint8, mode="r"))
        scanner.ntotal, scanner.ntotal2 = count, blocks
        return codes

    def __len__(self) -> int:
        return int(self.scanner.ntotal)

    @property
    def subquantizers(self) -> int:
        return int(self.scanner.M)

    @property
    def bytes_each(self) -> int:
        return int(self.scanner.M2) // 2

    def filled(self, sample: Vectors) -> "Codes":
        """The same with codes for each of a sample, float32 (n, dimension)."""
        filling = Filling(self, len(sample))
        in_pieces(lambda start, stop: filling.see(start, sample[start:stop] - self.mean), len(sample), PIECE)
        return filling.codes()

    @property
    def mean(self) -> Vectors:
        """What is to be taken off an entry before it is encoded, float32 (dimension,)."""
        return self.projection.mean

    def save(self, folder: Path) -> None:
        faiss = load_faiss()
        faiss.AlignedTable_to_array(self.scanner.codes).tofile(folder / CODES)
        empty = faiss.IndexPQFastScan(self.scanner.d, self.scanner.M, 4)
        empty.pq, empty.is_trained = self.scanner.pq, True
        faiss.write_index(empty, str(folder / QUANTIZER))
        self.projection.save(folder / PROJECTION)

    def scan(self, queries: Vectors, depth: int) -> list[Scanned]:
        """For each query the rows that the codes put nearest: about depth of them.

        Entries whose coarse distance equals the last one's are left out, for which of them got in is chance. So the
        set depends on the query and the depth alone, not on threads or batches; it may be smaller than depth.
        """
        depth = min(depth, len(self))
        projected = self.projection.of_queries(queries)
        coarse, rows = self.scanner.search(projected, depth)
        beyond = self.projection.beyond(queries, projected)
        if depth == len(self):
            return [Scanned(row, np.inf, float(off)) for row, off in zip(rows, beyond, strict=True)]
        return [
            Scanned(row[near < near[-1]], float(near[-1]), float(off))
            for row, near, off in zip(rows, coarse, beyond, strict=True)
        ]

    def examine(self, queries: Vectors, rows: NDArray[np.int64], depth: int) -> Examined:
        """Where a scan of this depth for each query finds each of rows, int64 (n, k)."""
        depth = min(depth, len(self))
        projected = self.projection.of_queries(queries)
        coarse, found = self.scanner.search(projected, depth)
        needed = np.full(rows.shape, depth + 1, dtype=np.int64)
        edges = np.full(rows.shape, np.inf, dtype=np.float32)
        for number in range(len(rows)):
            order = np.argsort(found[number])
            at = order[np.minimum(np.searchsorted(found[number], rows[number], sorter=order), depth - 1)]
            here = found[number][at] == rows[number]
            # The last of its equals is left out, so one more than their end is needed.
            ends = np.searchsorted(coarse[number], coarse[number][at], side="right") + 1
            needed[number, here] = np.minimum(ends, depth + 1)[here]
            edges[number, here] = coarse[number][at][here]
        return Examined(needed, edges, coarse, self.projection.beyond(queries, projected))


class Filling:
    """Gives codes to entries block by block, in any order and from any thread."""

    def __init__(self, trained: Codes, count: int) -> None:
        self._trained = trained
        self._encode = encoder(trained.projection.axes, trained.scanner.pq, count)
        self._packed: PackedCodes = np.empty((count, trained.scanner.pq.code_size), dtype=np.uint8)

    def see(self, first: int, centred: Vectors) -> None:
        """The entries from row first on, float32 (n, dimension), less the mean."""
        for start in range(0, len(centred), PIECE):
            codes = self._encode(centred[start : start + PIECE])
            self._packed[first + start : first + start + len(codes)] = codes

    def codes(self) -> Codes:
        """All of them, ready to be scanned."""
        faiss, trained = load_faiss(), self._trained.scanner
        plain = faiss.IndexPQ(trained.d, trained.M, 4)
        plain.pq, plain.is_trained = trained.pq, True
        faiss.copy_array_to_vector(self._packed.ravel(), plain.codes)
        plain.ntotal = len(self._packed)
        return Codes(self._trained.projection, faiss.IndexPQFastScan(plain))


class Spread:
    """How a sample, float32 (n, dimension), is spread around its mean: principal axes and their variances, falling."""

    def __init__(self, sample: Vectors, mean: Vectors) -> None:
        self.mean = mean
        faiss = load_faiss()
        dimension = sample.shape[1]
        axes = faiss.PCAMatrix(dimension, dimension)
        # Every few entries are enough for a covariance; and a second thread would mostly be waited for.
        with threads(1):
            axes.train(np.ascontiguousarray(sample[:: max(1, len(sample) // TRAINED_ON)]))
        variances = faiss.vector_to_array(axes.eigenvalues).astype(np.float64)
        self._variances = np.maximum(variances / max(float(variances.max()), 1e-30), 0.0)
        self._axes: Vectors = faiss.vector_to_array(axes.PCAMat).reshape(dimension, dimension).copy()
        shares = np.cumsum(self._variances) / max(float(self._variances.sum()), 1e-30)
        self._matter = min(int(np.searchsorted(shares, WORTH_CODING)) + 1, len(shares))

    def code_sizes(self) -> tuple[int, ...]:
        """Numbers of subquantizers worth trying, smallest first: from 2 bits for each axis that matters."""
        sizes = (max(8, 8 * round(self._matter * part / 8)) for part in (0.5, 0.625, 0.75, 1.0, 2.0))
        return tuple(sorted({min(size, len(self._variances)) for size in sizes}))

    def projection(self, subquantizers: int) -> Projection:
        """The axes dealt out to so many subquantizers."""
        # Powers of two, for which FAISS encodes several times faster than for three axes.
        wanted = self._matter / subquantizers
        each = 2 if wanted < 3 else 4 if wanted < 6 else 8
        each = max(1, min(each, len(self._variances) // subquantizers))
        logs = np.log(np.maximum(self._variances[: each * subquantizers], 1e-12))
        return Projection(mean=self.mean, axes=self._axes[_dealt(logs, subquantizers, each)])


def _dealt(logs: NDArray[np.float64], hands: int, each: int) -> NDArray[np.int64]:
    """Deal the axes, largest first, always to the hand with the smallest product that is not full yet."""
    logs = logs - logs.min() + 1e-6
    totals = np.zeros(hands)
    dealt: list[list[int]] = [[] for _ in range(hands)]
    for axis, log in enumerate(logs):
        hand = int(np.argmin(totals))
        dealt[hand].append(axis)
        totals[hand] = np.inf if len(dealt[hand]) == each else totals[hand] + log
    return np.array(dealt, dtype=np.int64).ravel()
