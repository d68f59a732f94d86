"""4-bit product quantisation by FAISS: train, encode, keep, open memory-mapped, scan.

Each entry becomes a few 4-bit codes. A scan compares a query with the codes of all entries: none is skipped, so
nobody is missed for having fallen into an unvisited cluster. What comes out is a coarse order, for exact refinement.

The principal axes are dealt out to the subquantizers so that each gets the same product of variances (Ge et al. 2013,
optimised product quantisation, parametric form): half the refinement depth of a random rotation at the same size.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.base import IndexDamaged, Vectors
from index.compressed.files import REMEDY
from index.compressed.mapping import attach
from index.nearest import products
from index.working import in_pieces, load_faiss, threads

CODES, QUANTIZER, PROJECTION = "codes.bin", "quantizer.faiss", "projection.bin"

# Axes that carry this share of the variance are worth coding; the rest adds noise alone.
WORTH_CODING = 0.97
SAMPLE = 65_536
# Entries that the 16 centres of each subquantizer are found from.
TRAINED_ON = 16_384
# Entries that are encoded in one go.
PIECE = 16_384

# Reads entries start to stop: float32 (stop - start, dimension).
Read = Callable[[int, int], Vectors]


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

    def of_entries(self, vectors: Vectors) -> Vectors:
        """float32 (n, coded), by matrix product: a last bit may differ, which a code does not show."""
        return np.asarray((vectors - self.mean) @ self.axes.T, dtype=np.float32)

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

    edges: its coarse distance, infinite where it was not found; both (n, k). beyond: as in Scanned, (n,).
    """

    needed: NDArray[np.int64]
    edges: Vectors
    beyond: Vectors


class Codes:
    """The codes of one segment, and how to scan them."""

    def __init__(self, projection: Projection, scanner: Any) -> None:
        self._projection = projection
        self._scanner = scanner
        self.is_mapped = False

    @classmethod
    def trained(cls, sample: Vectors, spread: "Spread", subquantizers: int) -> "Codes":
        """An empty one, trained on a sample, float32 (n, dimension), and its spread."""
        faiss = load_faiss()
        projection = spread.projection(subquantizers)
        scanner = faiss.IndexPQFastScan(len(projection.axes), subquantizers, 4)
        # Many tiny steps: a second thread would mostly be waited for.
        with threads(1):
            scanner.train(projection.of_entries(sample[:: max(1, len(sample) // TRAINED_ON)]))
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
        return int(self._scanner.ntotal)

    @property
    def bytes_each(self) -> int:
        return int(self._scanner.M2) // 2

    def fill(self, read: Read, count: int) -> None:
        """Give codes to the entries 0 to count; read(start, stop) gives their vectors, float32."""
        faiss = load_faiss()
        plain = faiss.IndexPQ(self._scanner.d, self._scanner.M, 4)
        plain.pq, plain.is_trained = self._scanner.pq, True
        codes = np.empty((count, plain.code_size), dtype=np.uint8)

        def encode(start: int, stop: int) -> None:
            codes[start:stop] = plain.sa_encode(self._projection.of_entries(read(start, stop)))

        in_pieces(encode, count, PIECE)
        faiss.copy_array_to_vector(codes.ravel(), plain.codes)
        plain.ntotal = count
        self._scanner = faiss.IndexPQFastScan(plain)

    def save(self, folder: Path) -> None:
        faiss = load_faiss()
        faiss.AlignedTable_to_array(self._scanner.codes).tofile(folder / CODES)
        empty = faiss.IndexPQFastScan(self._scanner.d, self._scanner.M, 4)
        empty.pq, empty.is_trained = self._scanner.pq, True
        faiss.write_index(empty, str(folder / QUANTIZER))
        self._projection.save(folder / PROJECTION)

    def scan(self, queries: Vectors, depth: int) -> list[Scanned]:
        """For each query the rows that the codes put nearest: about depth of them.

        Entries whose coarse distance equals the last one's are left out, for which of them got in is chance. So the
        set depends on the query and the depth alone, not on threads or batches; it may be smaller than depth.
        """
        depth = min(depth, len(self))
        projected = self._projection.of_queries(queries)
        coarse, rows = self._scanner.search(projected, depth)
        beyond = self._projection.beyond(queries, projected)
        if depth == len(self):
            return [Scanned(row, np.inf, float(off)) for row, off in zip(rows, beyond, strict=True)]
        return [
            Scanned(row[near < near[-1]], float(near[-1]), float(off))
            for row, near, off in zip(rows, coarse, beyond, strict=True)
        ]

    def examine(self, queries: Vectors, rows: NDArray[np.int64], depth: int) -> Examined:
        """Where a scan of this depth for each query finds each of rows, int64 (n, k)."""
        depth = min(depth, len(self))
        projected = self._projection.of_queries(queries)
        coarse, found = self._scanner.search(projected, depth)
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
        return Examined(needed, edges, self._projection.beyond(queries, projected))


class Spread:
    """How a sample, float32 (n, dimension), is spread: its mean, principal axes and their variances, falling."""

    def __init__(self, sample: Vectors) -> None:
        self.mean = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
        # Every few entries are enough for a covariance.
        centred = sample[:: max(1, len(sample) // TRAINED_ON)] - self.mean
        variances, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64) / len(centred))
        self._variances = np.maximum(variances[::-1], 0.0)
        self._axes: Vectors = np.ascontiguousarray(axes[:, ::-1].T, dtype=np.float32)
        shares = np.cumsum(self._variances) / max(float(self._variances.sum()), 1e-30)
        self._matter = min(int(np.searchsorted(shares, WORTH_CODING)) + 1, len(shares))

    def code_sizes(self) -> tuple[int, ...]:
        """Numbers of subquantizers worth trying, smallest first: from 2 bits for each axis that matters."""
        sizes = (max(8, 8 * round(self._matter * part / 8)) for part in (0.5, 0.75, 1.0, 2.0))
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
