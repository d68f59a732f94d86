"""Brute force in memory: for small galleries, and the oracle of tests and benchmarks."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from index.base import (
    EVERYTHING,
    Attributes,
    DuplicateId,
    Hits,
    Ids,
    IndexClosed,
    Stats,
    UnknownId,
    Vectors,
    Where,
)
from index.checks import (
    accepted,
    check_attributes,
    check_ids,
    check_k,
    check_new_ids,
    check_position,
    check_query,
    check_radius,
    check_shape_of_index,
    check_vectors,
    check_where,
)
from index.nearest import distances_to_rows, empty_hits, nearest, single_hits

_T = TypeVar("_T", np.int64, np.float32, np.int32)


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What a search sees; a writer replaces it whole, so that a reader never waits and never sees half a change.

    Rows at and past `rows` may be written by a later add; those before it never change.
    """

    ids: Ids
    vectors: Vectors
    attributes: Attributes
    live: NDArray[np.int64]
    rows: int
    position: int


class ExactIndex:
    """A `VectorIndex` that compares each query with every entry. Nothing is kept on disk."""

    def __init__(self, dimension: int, attribute_names: Sequence[str] = ()) -> None:
        self._names = check_shape_of_index(dimension, attribute_names)
        self._dimension = dimension
        self._writing = threading.Lock()
        self._row_of: dict[int, int] = {}
        self._state: _Snapshot | None = _Snapshot(
            ids=np.empty(0, dtype=np.int64),
            vectors=np.empty((0, dimension), dtype=np.float32),
            attributes=np.empty((0, len(self._names)), dtype=np.int32),
            live=np.empty(0, dtype=np.int64),
            rows=0,
            position=0,
        )

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return self._names

    @property
    def position(self) -> int:
        return self._open().position

    def __len__(self) -> int:
        return len(self._open().live)

    def add(
        self,
        ids: Ids,
        vectors: Vectors,
        *,
        attributes: Attributes | None = None,
        position: int | None = None,
    ) -> None:
        vectors = check_vectors(vectors, self._dimension)
        ids = check_new_ids(ids, len(vectors))
        attributes = check_attributes(attributes, len(ids), self._names)
        with self._writing:
            state = self._open()
            position = check_position(position, state.position)
            present = next((id_ for id_ in ids.tolist() if id_ in self._row_of), None)
            if present is not None:
                raise DuplicateId(f"id {present} is already there")
            self._state = _appended(state, ids, vectors, attributes, position)
            self._row_of.update(zip(ids.tolist(), range(state.rows, state.rows + len(ids)), strict=True))

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        ids = check_ids(ids)
        with self._writing:
            state = self._open()
            position = check_position(position, state.position)
            gone = [row for id_ in ids.tolist() if (row := self._row_of.pop(id_, None)) is not None]
            kept = np.ones(state.rows, dtype=np.bool_)
            kept[gone] = False
            live = state.live[kept[state.live]] if gone else state.live
            self._state = _Snapshot(state.ids, state.vectors, state.attributes, live, state.rows, position)
            if len(live) < state.rows // 2:
                self._squeeze()
            return len(gone)

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        queries = check_vectors(queries, self._dimension)
        k = check_k(k)
        state = self._open()
        rows = self._rows(state, where)
        hits = empty_hits(len(queries), k)
        ids = state.ids[rows]
        for number, query in enumerate(queries):
            found, found_ids = nearest(distances_to_rows(query, state.vectors, rows), ids, k)
            hits.ids[number, : len(found)] = found_ids
            hits.distances[number, : len(found)] = found
        return hits

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        queries = check_query(query, self._dimension)
        radius = check_radius(radius)
        state = self._open()
        rows = self._rows(state, where)
        distances = distances_to_rows(queries[0], state.vectors, rows)
        near = np.flatnonzero(distances < radius)
        return single_hits(*nearest(distances[near], state.ids[rows[near]], max(1, len(near))))

    def vectors(self, ids: Ids) -> Vectors:
        ids = check_ids(ids)
        with self._writing:
            state = self._open()
            try:
                rows = [self._row_of[id_] for id_ in ids.tolist()]
            except KeyError as exc:
                raise UnknownId(f"id {exc.args[0]} is not there") from exc
            return state.vectors[np.array(rows, dtype=np.int64)]

    def ids(self) -> Ids:
        state = self._open()
        return np.sort(state.ids[state.live])

    def stats(self) -> Stats:
        state = self._open()
        return Stats(
            kind="exact",
            entries=len(state.live),
            exact=True,
            recall=1.0,
            recall_target=1.0,
            disk_bytes=0,
            details={"memory_bytes": state.vectors.nbytes + state.ids.nbytes + state.attributes.nbytes},
        )

    def close(self) -> None:
        with self._writing:
            self._state = None
            self._row_of = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> _Snapshot:
        state = self._state
        if state is None:
            raise IndexClosed("this index was closed")
        return state

    def _rows(self, state: _Snapshot, where: Where) -> NDArray[np.int64]:
        check_where(where, self._names)
        if not where.equals and not where.between:
            return state.live
        mask = accepted(where, self._names, state.attributes[: state.rows])
        return state.live[mask[state.live]]

    def _squeeze(self) -> None:
        """Drop the removed rows once they are the majority."""
        state = self._open()
        rows = len(state.live)
        self._state = _Snapshot(
            ids=state.ids[state.live],
            vectors=state.vectors[state.live],
            attributes=state.attributes[state.live],
            live=np.arange(rows, dtype=np.int64),
            rows=rows,
            position=state.position,
        )
        self._row_of = dict(zip(self._state.ids.tolist(), range(rows), strict=True))


def _appended(state: _Snapshot, ids: Ids, vectors: Vectors, attributes: Attributes, position: int) -> _Snapshot:
    """The state with these rows at its end; the arrays double when they are full, so that adding stays cheap."""
    rows = state.rows + len(ids)
    return _Snapshot(
        ids=_extended(state.ids, state.rows, ids),
        vectors=_extended(state.vectors, state.rows, vectors),
        attributes=_extended(state.attributes, state.rows, attributes),
        live=np.concatenate([state.live, np.arange(state.rows, rows, dtype=np.int64)]),
        rows=rows,
        position=position,
    )


def _extended(array: NDArray[_T], rows: int, new: NDArray[_T]) -> NDArray[_T]:
    """The array with new written after its first rows; in place while there is room, so the rows before stay put."""
    if rows + len(new) > len(array):
        grown = np.empty((max(rows + len(new), 2 * rows), *array.shape[1:]), dtype=array.dtype)
        grown[:rows] = array[:rows]
        array = grown
    array[rows : rows + len(new)] = new
    return array
