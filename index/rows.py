"""Entries in memory: an immutable snapshot that searches read, and the table of the one writer that replaces it."""

from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.base import Attributes, Ids, Vectors, Where
from index.checks import accepted, accepts_all
from index.nearest import Distances, distances_to_rows, nearest

_T = TypeVar("_T", np.int64, np.float32, np.int32)


@dataclass(frozen=True, slots=True)
class Rows:
    """What a search sees: a writer replaces it whole, so that a reader never waits and never sees half a change.

    ids: int64 (capacity,); vectors: float32 (capacity, dimension); attributes: int32 (capacity, names).
    live: int64, the row numbers in use, rising. Rows at and past `used` may be written by a later add.
    """

    ids: Ids
    vectors: Vectors
    attributes: Attributes
    live: NDArray[np.int64]
    used: int

    @classmethod
    def empty(cls, dimension: int, attributes: int) -> Self:
        return cls(
            ids=np.empty(0, dtype=np.int64),
            vectors=np.empty((0, dimension), dtype=np.float32),
            attributes=np.empty((0, attributes), dtype=np.int32),
            live=np.empty(0, dtype=np.int64),
            used=0,
        )

    def __len__(self) -> int:
        return len(self.live)

    def chosen(self, where: Where, names: tuple[str, ...]) -> NDArray[np.int64]:
        """The live rows that the filter accepts."""
        if accepts_all(where):
            return self.live
        return self.live[accepted(where, names, self.attributes[: self.used])[self.live]]

    def nearest(self, query: Vectors, k: int, rows: NDArray[np.int64]) -> tuple[Distances, Ids]:
        """The k nearest of these rows to one query, float32 (dimension,)."""
        return nearest(distances_to_rows(query, self.vectors, rows), self.ids[rows], k)

    def within(self, query: Vectors, radius: float, rows: NDArray[np.int64]) -> tuple[Distances, Ids]:
        """All of these rows nearer than radius to one query, nearest first."""
        distances = distances_to_rows(query, self.vectors, rows)
        near = np.flatnonzero(distances < radius)
        return nearest(distances[near], self.ids[rows[near]], max(1, len(near)))

    def appended(self, ids: Ids, vectors: Vectors, attributes: Attributes) -> "Rows":
        """With these rows at the end; the arrays double when they are full, so that adding stays cheap."""
        used = self.used + len(ids)
        return Rows(
            ids=_extended(self.ids, self.used, ids),
            vectors=_extended(self.vectors, self.used, vectors),
            attributes=_extended(self.attributes, self.used, attributes),
            live=np.concatenate([self.live, np.arange(self.used, used, dtype=np.int64)]),
            used=used,
        )

    def without(self, rows: list[int]) -> "Rows":
        """Without these row numbers."""
        kept = np.ones(self.used, dtype=np.bool_)
        kept[rows] = False
        return Rows(self.ids, self.vectors, self.attributes, self.live[kept[self.live]], self.used)

    def squeezed(self) -> "Rows":
        """The live rows alone, in fresh arrays."""
        count = len(self.live)
        return Rows(
            ids=self.ids[self.live],
            vectors=self.vectors[self.live],
            attributes=self.attributes[self.live],
            live=np.arange(count, dtype=np.int64),
            used=count,
        )


class RowTable:
    """The one writer's side of `Rows`: knows where each id stands. Its callers take turns; readers take `rows`."""

    def __init__(self, dimension: int, attributes: int) -> None:
        self._rows = Rows.empty(dimension, attributes)
        self._row_of: dict[int, int] = {}

    @property
    def rows(self) -> Rows:
        return self._rows

    def __contains__(self, id_: int) -> bool:
        return id_ in self._row_of

    def row_of(self, id_: int) -> int:
        """The row of an id, or -1."""
        return self._row_of.get(id_, -1)

    def add(self, ids: Ids, vectors: Vectors, attributes: Attributes) -> None:
        """Add ids that are not there yet."""
        first = self._rows.used
        self._rows = self._rows.appended(ids, vectors, attributes)
        self._row_of.update(zip(ids.tolist(), range(first, first + len(ids)), strict=True))

    def remove(self, ids: Ids) -> int:
        """Remove those of ids that are there; return how many."""
        gone = [row for id_ in ids.tolist() if (row := self._row_of.pop(id_, None)) is not None]
        if gone:
            self._rows = self._rows.without(gone)
        if len(self._rows) < self._rows.used // 2:
            self._rows = self._rows.squeezed()
            self._row_of = dict(zip(self._rows.ids.tolist(), range(len(self._rows)), strict=True))
        return len(gone)


def _extended(array: NDArray[_T], used: int, new: NDArray[_T]) -> NDArray[_T]:
    """The array with new written after its first rows; in place while there is room, so the rows before stay put."""
    if used + len(new) > len(array):
        grown = np.empty((max(used + len(new), 2 * used), *array.shape[1:]), dtype=array.dtype)
        grown[:used] = array[:used]
        array = grown
    array[used : used + len(new)] = new
    return array
