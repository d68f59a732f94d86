"""FAISS and its threads: how many a piece of work gets, and long work in pieces.

FAISS would share a call among threads by itself, but has them wait for each other at the end of each: where the cores
are busy with something else, that wait is most of the time. Pieces need no waiting.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Fewer pairs than this take one thread: waking a second one costs more than it saves, and where the cores are busy
# the wait for it is a scheduler's turn, thousands of times the work.
WORTH_THREADS = 1 << 16


def in_pieces(work: Callable[[int, int], None], count: int, size: int) -> None:
    """Call work(start, stop) for every piece of `size` from 0 to count, some at the same time."""
    starts = range(0, count, size)

    def piece(start: int) -> None:
        with threads(1):
            work(start, min(count, start + size))

    workers = min(load_faiss().omp_get_max_threads(), len(starts))
    if workers <= 1:
        for start in starts:
            piece(start)
        return
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(piece, starts):
            pass


@contextmanager
def threads_for(pairs: int) -> Iterator[None]:
    """One thread for a small piece of work; all of the calling thread's for a large one."""
    if pairs >= WORTH_THREADS:
        yield
        return
    with threads(1):
        yield


@contextmanager
def threads(count: int) -> Iterator[None]:
    """How many threads FAISS may use for calls from this thread, until the block ends."""
    faiss = load_faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def linear(
    matrix: NDArray[np.float32], offset: NDArray[np.float32] | None = None
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """The function from float32 (n, d) to ``vectors @ matrix.T + offset``, float32 (n, len(matrix)).

    FAISS's matrix product keeps to the thread that calls it; NumPy's would wake others and wait for them. The last bit
    of a result may depend on its row's place.
    """
    faiss = load_faiss()
    made = faiss.LinearTransform(matrix.shape[1], matrix.shape[0], offset is not None)
    faiss.copy_array_to_vector(np.ascontiguousarray(matrix, dtype=np.float32).ravel(), made.A)
    if offset is not None:
        faiss.copy_array_to_vector(np.ascontiguousarray(offset, dtype=np.float32), made.b)
    made.is_trained = True

    def apply(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        vectors = np.ascontiguousarray(vectors)
        found = np.empty((len(vectors), len(matrix)), dtype=np.float32)
        with threads(1):
            made.apply_noalloc(len(vectors), faiss.swig_ptr(vectors), faiss.swig_ptr(found))
        return found

    return apply


def load_faiss() -> Any:
    """FAISS, imported at the first need: it takes a noticeable part of a second."""
    import faiss

    return faiss
