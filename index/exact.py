"""Brute force in memory: for small galleries, and the oracle of tests and benchmarks."""

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import numpy as np

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
from index.nearest import empty_hits, single_hits
from index.rows import Rows, RowTable


class ExactIndex:
    """A `VectorIndex` that compares each query with every entry. Nothing is kept on disk."""

    def __init__(self, dimension: int, attribute_names: Sequence[str] = ()) -> None:
        self._names = check_shape_of_index(dimension, attribute_names)
        self._dimension = dimension
        self._writing = threading.Lock()
        self._table = RowTable(dimension, len(self._names))
        # Replaced whole by each change: what a reader takes from here belongs together.
        self._state: tuple[Rows, int] | None = (self._table.rows, 0)

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return self._names

    @property
    def position(self) -> int:
        return self._open()[1]

    def __len__(self) -> int:
        return len(self._open()[0])

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
            position = check_position(position, self._open()[1])
            present = next((id_ for id_ in ids.tolist() if id_ in self._table), None)
            if present is not None:
                raise DuplicateId(f"id {present} is already there")
            self._table.add(ids, vectors, attributes)
            self._state = (self._table.rows, position)

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        ids = check_ids(ids)
        with self._writing:
            position = check_position(position, self._open()[1])
            gone = self._table.remove(ids)
            self._state = (self._table.rows, position)
            return gone

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        queries = check_vectors(queries, self._dimension)
        k = check_k(k)
        check_where(where, self._names)
        rows, _ = self._open()
        chosen = rows.chosen(where, self._names)
        hits = empty_hits(len(queries), k)
        for number, query in enumerate(queries):
            distances, ids = rows.nearest(query, k, chosen)
            hits.ids[number, : len(ids)] = ids
            hits.distances[number, : len(ids)] = distances
        return hits

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        queries = check_query(query, self._dimension)
        radius = check_radius(radius)
        check_where(where, self._names)
        rows, _ = self._open()
        return single_hits(*rows.within(queries[0], radius, rows.chosen(where, self._names)))

    def vectors(self, ids: Ids) -> Vectors:
        ids = check_ids(ids)
        with self._writing:
            rows, _ = self._open()
            found = np.array([self._table.row_of(id_) for id_ in ids.tolist()], dtype=np.int64)
        if (found < 0).any():
            raise UnknownId(f"id {int(ids[np.argmin(found)])} is not there")
        return rows.vectors[found]

    def ids(self) -> Ids:
        rows, _ = self._open()
        return np.sort(rows.ids[rows.live])

    def stats(self) -> Stats:
        rows, _ = self._open()
        return Stats(
            kind="exact",
            entries=len(rows),
            exact=True,
            recall=1.0,
            recall_target=1.0,
            disk_bytes=0,
            details={"memory_bytes": rows.vectors.nbytes + rows.ids.nbytes + rows.attributes.nbytes},
        )

    def close(self) -> None:
        with self._writing:
            self._state = None
            self._table = RowTable(self._dimension, len(self._names))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> tuple[Rows, int]:
        state = self._state
        if state is None:
            raise IndexClosed("this index was closed")
        return state
