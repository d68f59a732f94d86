"""The true neighbours of a few queries, found while all entries pass by in blocks."""

import threading
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.base import Vectors
from index.working import linear

RowNumbers = NDArray[np.int64]

# Candidates that are gathered before those that are beaten go.
GATHERED = 4_000_000


class Truth:
    """The k nearest of each query, float32 (queries, dimension), its own row (or -1 for none) left out.

    Distances come from a matrix product: its rounding, about 1e-6 of a distance, decides between neighbours only where
    they are as good as equal. Entries and queries are given relative to the middle of the entries, for its sake.
    """

    def __init__(self, queries: Vectors, own: RowNumbers, k: int, sample: Vectors) -> None:
        """sample: some of the entries, more than k; what is farther than the k-th of them need not be kept."""
        self._queries, self._own, self._k = queries, own, k
        self._products = linear(queries)
        self._changing = threading.Lock()
        self._asked: list[RowNumbers] = []
        self._rows: list[RowNumbers] = []
        self._scores: list[Vectors] = []
        self._gathered = 0
        self._enough = np.full(len(queries), -np.inf, dtype=np.float32)
        if len(sample) > k + 1:
            # One more than k, for a query may be in the sample itself; a little less, for the rounding.
            best = np.partition(self._scored(sample), len(sample) - k - 1, axis=0)[len(sample) - k - 1]
            self._enough = best - np.float32(1e-5) * (np.abs(best) + np.float32(1e-30))

    def see(self, first: int, block: Vectors) -> None:
        """Take notice of the entries from row first on, float32 (n, dimension)."""
        scores = self._scored(block)
        at = self._own - first
        inside = np.flatnonzero((at >= 0) & (at < len(block)))
        scores[at[inside], inside] = -np.inf
        rows, asked = np.divmod(np.flatnonzero(scores > self._enough), len(self._queries))
        with self._changing:
            self._asked.append(asked)
            self._rows.append(rows + first)
            self._scores.append(scores[rows, asked])
            self._gathered += len(rows)
            if self._gathered > GATHERED:
                self._prune()

    def neighbours(self) -> tuple[RowNumbers, Vectors]:
        """The rows of the k nearest entries of each query and their distances, (queries, k), nearest first."""
        with self._changing:
            self._prune()
            rows, scores = self._rows[0].reshape(-1, self._k), self._scores[0].reshape(-1, self._k)
        squares = np.einsum("ij,ij->i", self._queries, self._queries)[:, np.newaxis]
        return rows, np.sqrt(np.maximum(squares - 2 * scores, 0))

    def _scored(self, block: Vectors) -> Vectors:
        """The likeness of each entry to each query, (n, queries): half of what is left of the squared distance."""
        scores = self._products(block)
        scores -= np.float32(0.5) * np.einsum("ij,ij->i", block, block)[:, np.newaxis]
        return scores

    def _prune(self) -> None:
        """Keep the k best of each query, best first."""
        asked, rows, scores = np.concatenate(self._asked), np.concatenate(self._rows), np.concatenate(self._scores)
        # Few bits, so that it is sorted in linear time.
        order = np.argsort(asked.astype(np.uint16), kind="stable")
        ends = np.searchsorted(asked[order], np.arange(len(self._queries) + 1))
        kept = np.concatenate([self._best(order[a:b], scores, rows) for a, b in pairwise(ends.tolist())])
        self._asked, self._rows, self._scores = [asked[kept]], [rows[kept]], [scores[kept]]
        self._gathered = len(kept)
        full = np.flatnonzero(np.bincount(asked[kept], minlength=len(self._queries)) == self._k)
        last = np.searchsorted(asked[kept], full, side="right") - 1
        self._enough = self._enough.copy()
        self._enough[full] = np.maximum(self._enough[full], scores[kept][last])

    def _best(self, mine: RowNumbers, scores: Vectors, rows: RowNumbers) -> RowNumbers:
        """The k best of one query's candidates, best first, ties by the smaller row."""
        if len(mine) > self._k:
            limit = np.partition(scores[mine], len(mine) - self._k)[len(mine) - self._k]
            mine = mine[scores[mine] >= limit]
        return mine[np.lexsort((rows[mine], -scores[mine]))[: self._k]]
