"""Exact distances and the order of hits: the one place that says which neighbour is nearer.

Every distance and product comes from FAISS's kernel for a single pair, so that it depends on the two vectors alone:
not on the number of threads, on how many queries are asked at once, or on where in memory a row stands. A matrix
product does not keep that promise: it rounds rows at the edge of a block differently.
"""

import numpy as np
from numpy.typing import NDArray

from index.base import Hits, Ids, Vectors
from index.working import WORTH_THREADS, in_pieces, load_faiss, threads_for

Distances = NDArray[np.float32]

# Pairs computed in one go: bounds the memory to about 20 MB.
BLOCK = 1 << 20


def distances_to_rows(query: Vectors, base: Vectors, rows: NDArray[np.int64]) -> Distances:
    """Euclidean distances of one query, float32 (dimension,), to base[rows], float32 (len(rows),).

    base: float32 (n, dimension), contiguous; may be a memory map, of which only these rows are read.
    """
    faiss = load_faiss()
    found = np.empty(len(rows), dtype=np.float32)
    zeros = np.zeros(min(len(rows), BLOCK), dtype=np.int64)
    query = np.ascontiguousarray(query)
    for start in range(0, len(rows), BLOCK):
        block = np.ascontiguousarray(rows[start : start + BLOCK])
        with threads_for(len(block)):
            faiss.pairwise_indexed_L2sqr(
                base.shape[1],
                len(block),
                faiss.swig_ptr(query),
                faiss.swig_ptr(zeros),
                faiss.swig_ptr(base),
                faiss.swig_ptr(block),
                faiss.swig_ptr(found[start:]),
            )
    return np.sqrt(found, out=found)


def products(vectors: Vectors, matrix: Vectors) -> Vectors:
    """Inner products of each vector with each row of the matrix: float32 (n, len(matrix)), each pair by itself."""
    faiss = load_faiss()
    rows = len(matrix)
    found = np.empty((len(vectors), rows), dtype=np.float32)
    step = max(1, WORTH_THREADS // rows)
    left = np.repeat(np.arange(min(step, len(vectors)), dtype=np.int64), rows)
    right = np.tile(np.arange(rows, dtype=np.int64), min(step, len(vectors)))

    def multiply(start: int, stop: int) -> None:
        block = np.ascontiguousarray(vectors[start:stop])
        faiss.pairwise_indexed_inner_product(
            vectors.shape[1],
            len(block) * rows,
            faiss.swig_ptr(block),
            faiss.swig_ptr(left),
            faiss.swig_ptr(matrix),
            faiss.swig_ptr(right),
            faiss.swig_ptr(found[start:]),
        )

    in_pieces(multiply, len(vectors), step)
    return found


def nearest(distances: Distances, ids: Ids, k: int) -> tuple[Distances, Ids]:
    """The k smallest distances and their ids, nearest first, ties by the smaller id; fewer where there are fewer."""
    if len(distances) > 4 * k:
        # Everything at the k-th distance stays in until the ids have decided between equals.
        limit = np.partition(distances, k - 1)[k - 1]
        keep = np.flatnonzero(distances <= limit)
        distances, ids = distances[keep], ids[keep]
    order = np.lexsort((ids, distances))[:k]
    return distances[order], ids[order]


def empty_hits(queries: int, k: int) -> Hits:
    """Hits without a single neighbour."""
    return Hits(ids=np.full((queries, k), -1, dtype=np.int64), distances=np.full((queries, k), np.inf, np.float32))


def single_hits(distances: Distances, ids: Ids) -> Hits:
    """One row of hits from the neighbours in order."""
    return Hits(ids=ids[np.newaxis, :].astype(np.int64), distances=distances[np.newaxis, :].astype(np.float32))
