"""The vectors of a segment for exact refinement: written, memory-mapped, and compared with a query.

They are kept at full precision, or in 16 bits as two planes of bytes (`planes.py`) where an index is too large for
the machine's memory otherwise: a quarter of the bytes then leads to the few entries whose rest has to be read.
"""

import contextlib
import math
import mmap
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.base import IndexDamaged, Vectors
from index.compressed import planes
from index.compressed.files import REMEDY
from index.compressed.manifest import Precision
from index.nearest import Distances, distances_to_rows

# Missing where Python's system has no such advice.
_LARGE_PAGES: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
VECTORS, UPPER, LOWER = "vectors.bin", "upper.bin", "lower.bin"
# Rows decoded in one go.
BLOCK = 8_192

RowNumbers = NDArray[np.int64]


class KeptVectors(Protocol):
    """Reads what `Writer` wrote. Any thread may use it."""

    def take(self, rows: RowNumbers | slice) -> Vectors:
        """The vectors of these rows, float32 (n, dimension), a copy."""
        ...

    def shortlist(self, query: Vectors, rows: RowNumbers, k: int, /) -> RowNumbers:
        """Those of rows, in their order, that can be among the k nearest of them; maybe all."""
        ...

    def distances(self, query: Vectors, rows: RowNumbers) -> Distances:
        """Euclidean distances of one query, float32 (dimension,), to these rows."""
        ...


class Whole:
    """Full precision: float32 (count, dimension) in one file."""

    def __init__(self, folder: Path, count: int, dimension: int, *, scattered: bool) -> None:
        self._mapped = mapped(folder / VECTORS, np.dtype("<f4"), (count, dimension), scattered=scattered)

    def take(self, rows: RowNumbers | slice) -> Vectors:
        return np.array(self._mapped[rows], dtype=np.float32)

    def shortlist(self, _query: Vectors, rows: RowNumbers, _k: int) -> RowNumbers:
        return rows

    def distances(self, query: Vectors, rows: RowNumbers) -> Distances:
        return distances_to_rows(query, self._mapped, rows)


class TwoPlanes:
    """16 bits: uint8 (count, dimension + 4) and uint8 (count, dimension), see `planes.py`."""

    def __init__(self, folder: Path, count: int, dimension: int, *, scattered: bool) -> None:
        wide = (count, dimension + planes.SCALE_BYTES)
        self._upper = mapped(folder / UPPER, np.dtype(np.uint8), wide, scattered=scattered)
        self._lower = mapped(folder / LOWER, np.dtype(np.uint8), (count, dimension), scattered=scattered)

    def take(self, rows: RowNumbers | slice) -> Vectors:
        return planes.join(self._upper[rows], self._lower[rows])

    def shortlist(self, query: Vectors, rows: RowNumbers, k: int) -> RowNumbers:
        if len(rows) <= k:
            return rows
        least = np.empty(len(rows), dtype=np.float32)
        most = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), BLOCK):
            part = slice(start, start + BLOCK)
            vectors, bounds = planes.outline(self._upper.take(rows[part], axis=0))
            far = distances_to_rows(query, vectors, np.arange(len(vectors), dtype=np.int64))
            least[part], most[part] = far * np.float32(1 - 1e-5) - bounds, far * np.float32(1 + 1e-5) + bounds
        near: NDArray[np.bool_] = least <= np.partition(most, k - 1)[k - 1]
        return rows[near]

    def distances(self, query: Vectors, rows: RowNumbers) -> Distances:
        found = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), BLOCK):
            vectors = self.take(rows[start : start + BLOCK])
            found[start : start + BLOCK] = distances_to_rows(query, vectors, np.arange(len(vectors), dtype=np.int64))
        return found


class Writer:
    """Writes rows in any order, from any thread, into the files of one precision."""

    def __init__(self, folder: Path, precision: Precision, dimension: int) -> None:
        self._dimension = dimension
        self._halves = precision is Precision.INT16
        self._files = [
            os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for path in files_of(folder, precision)
        ]

    def write(self, first: int, vectors: Vectors) -> None:
        """Rows from number first on, float32 (n, dimension)."""
        parts: Sequence[NDArray[Any]] = planes.split(vectors) if self._halves else [vectors.astype("<f4", copy=False)]
        for file, part in zip(self._files, parts, strict=True):
            _write_all(file, part, first * part.shape[1] * part.dtype.itemsize)

    def flush(self) -> None:
        """Have what was written so far go to the disk."""
        for file in self._files:
            os.fdatasync(file)

    def close(self) -> None:
        for file in self._files:
            os.close(file)
        self._files = []


def files_of(folder: Path, precision: Precision) -> tuple[Path, ...]:
    """The files that vectors of this precision are kept in; the one that searches read most comes first."""
    names = (UPPER, LOWER) if precision is Precision.INT16 else (VECTORS,)
    return tuple(folder / name for name in names)


def open_vectors(folder: Path, precision: Precision, count: int, dimension: int, *, scattered: bool) -> KeptVectors:
    """The vectors that a segment's folder holds; raises IndexDamaged.

    scattered: the index does not fit into memory, so that reading ahead of a wanted vector is waste.
    """
    kind = TwoPlanes if precision is Precision.INT16 else Whole
    return kind(folder, count, dimension, scattered=scattered)


def mapped(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], *, scattered: bool = False) -> NDArray[Any]:
    """A file as an array that all processes share through the page cache; raises IndexDamaged."""
    wanted = math.prod(shape) * dtype.itemsize
    if path.stat().st_size != wanted:
        raise IndexDamaged(f"{path} has {path.stat().st_size} bytes instead of {wanted}: {REMEDY}")
    if not wanted:
        return np.empty(shape, dtype=dtype)
    with path.open("rb") as file:
        pages = mmap.mmap(file.fileno(), wanted, access=mmap.ACCESS_READ)
    if scattered:
        pages.madvise(mmap.MADV_RANDOM)
    elif _LARGE_PAGES is not None:
        # A search compares with thousands of rows all over the file: looking up where each one's small page is takes
        # longer than that. Refused where the kernel knows no large pages.
        with contextlib.suppress(OSError):
            pages.madvise(_LARGE_PAGES)
    return np.frombuffer(pages, dtype=dtype).reshape(shape)


def let_go(path: Path) -> None:
    """Take a file that searches seldom read out of the page cache, where others need the room; it must be flushed."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def _write_all(file: int, rows: NDArray[Any], at: int) -> None:
    content = np.ascontiguousarray(rows).reshape(-1).view(np.uint8)
    while len(content):
        written = os.pwrite(file, content.data, at)
        content, at = content[written:], at + written
