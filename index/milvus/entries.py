"""The entries of one collection: written by id, and searched so that the exact distances decide.

What the server answers is a short list with its vectors; their distances are computed here, with the same kernel as
in every other backend, and ties go to the smaller id. Where the server compares with every entry, the list is made
longer until nothing outside it can belong to the answer, whatever the server's own rounding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.base import Attributes, Hits, Ids, UnknownId, Vectors, Where
from index.milvus.client import MOST, Row, Server
from index.milvus.schema import ID, VECTOR, attribute_fields, filter_text
from index.nearest import Distances, distances_to_rows, empty_hits, nearest, single_hits

# The first list is so much longer than what is asked for; each further one four times the one before.
_SPARE = 12
_LONGER = 4
# Of the squared distance that a server computes in float32, as differences or by way of inner products.
_ROUNDING = 1e-5

_Found = tuple[Distances, Ids]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query while its list is made. query: float32 (dimension,). squared: of its length."""

    number: int
    query: Vectors
    squared: float


class Entries:
    """One collection by its name. Holds no connection of its own and no state."""

    def __init__(self, server: Server, name: str, dimension: int, names: tuple[str, ...]) -> None:
        """Raises WrongRequest for a dimension or attribute names that Milvus can't hold."""
        self.name = name
        self._server = server
        self._dimension = dimension
        self._fields = attribute_fields(dimension, names)

    def create(self) -> None:
        self._server.create(self.name, self._fields)

    def put(self, ids: Ids, vectors: Vectors, attributes: Attributes) -> None:
        """Write entries, in the place of those with the same ids."""
        numbers = self._fields.numbers
        # Milvus wants one row for an id; numbers that Python knows, and the vector as it is.
        rows: list[dict[str, Any]] = [
            {ID: id_, VECTOR: vector, **dict(zip(numbers, values, strict=True))}
            for id_, vector, values in zip(ids.tolist(), vectors, attributes.tolist(), strict=True)
        ]
        self._server.upsert(self.name, rows, row_bytes=self._fields.row_bytes)

    def delete(self, ids: Sequence[int]) -> None:
        self._server.delete(self.name, ids)

    def present(self, ids: Ids) -> set[int]:
        """Which of ids are there."""
        return {int(row[ID]) for row in self._server.rows(self.name, np.unique(ids).tolist(), [ID])}

    def count(self) -> int:
        return self._server.count(self.name)

    def ids(self) -> Ids:
        """All ids, ascending."""
        parts = [[int(row[ID]) for row in part] for part in self._server.every_row(self.name, [ID])]
        return np.unique(np.array([id_ for part in parts for id_ in part], dtype=np.int64))

    def vectors(self, ids: Ids) -> Vectors:
        """The stored vectors, float32 (n, dimension), in the order of ids; raises UnknownId."""
        found: dict[int, Any] = {}
        wanted = np.unique(ids).tolist()
        for start in range(0, len(wanted), 1024):
            rows = self._server.rows(self.name, wanted[start : start + 1024], [ID, VECTOR])
            found.update((int(row[ID]), row[VECTOR]) for row in rows)
        missing = next((id_ for id_ in ids.tolist() if id_ not in found), None)
        if missing is not None:
            raise UnknownId(f"id {missing} is not there")
        return np.array([found[id_] for id_ in ids.tolist()], dtype=np.float32).reshape(len(ids), self._dimension)

    def search(self, queries: Vectors, k: int, where: Where) -> Hits:
        """The k nearest of each query, float32 (q, dimension), by their exact distances."""
        hits = empty_hits(len(queries), k)
        text = filter_text(where)
        if text is None:
            return hits
        waiting = [_asked(number, query) for number, query in enumerate(queries)]
        length = k + _SPARE if self._server.address.exact else k * self._server.address.wider
        while waiting:
            length = min(length, MOST)
            left = []
            for asked, answers in zip(waiting, self._answers(waiting, length, text), strict=True):
                distances, ids = nearest(*self._exact(asked, [row for _, row in answers]), k)
                if not self._whole(asked, answers, length, distances, k):
                    left.append(asked)
                    continue
                hits.ids[asked.number, : len(ids)] = ids
                hits.distances[asked.number, : len(ids)] = distances
            if left and length == MOST:
                self._scan_into(hits, left, k, text)
                left = []
            waiting, length = left, length * _LONGER
        return hits

    def range_search(self, query: Vectors, radius: float, where: Where) -> Hits:
        """Every entry nearer than radius to the query, float32 (dimension,)."""
        text = filter_text(where)
        if text is None or radius <= 0:
            return empty_hits(1, 0)
        asked, length = _asked(0, query), 64
        while True:
            length = min(length, MOST)
            (answers,) = self._answers([asked], length, text)
            if len(answers) < length or answers[-1][0] - _doubt(asked, answers[-1][0]) > radius * radius:
                found = self._exact(asked, [row for _, row in answers])
                break
            if length == MOST:
                found = self._scanned(asked, text, radius, None)
                break
            length *= _LONGER
        distances, ids = found
        near = distances < radius
        return single_hits(*nearest(distances[near], ids[near], max(1, int(near.sum()))))

    def _answers(self, asked: Sequence[Asked], length: int, text: str) -> list[list[tuple[float, Row]]]:
        queries = [one.query for one in asked]
        return self._server.nearest(
            self.name, queries, length, [ID, VECTOR], where=text, row_bytes=self._fields.row_bytes
        )

    def _exact(self, asked: Asked, rows: Sequence[Row]) -> _Found:
        vectors = np.array([row[VECTOR] for row in rows], dtype=np.float32).reshape(len(rows), self._dimension)
        ids = np.array([row[ID] for row in rows], dtype=np.int64)
        return distances_to_rows(asked.query, vectors, np.arange(len(rows), dtype=np.int64)), ids

    def _whole(
        self, asked: Asked, answers: Sequence[tuple[float, Row]], length: int, distances: NDArray[np.float32], k: int
    ) -> bool:
        """Whether nothing outside the server's list can be among the k nearest."""
        if len(answers) < length:
            return True
        if len(distances) < k:
            return False
        if not self._server.address.exact:
            return True
        last = answers[-1][0]
        return last - _doubt(asked, last) > float(distances[-1]) ** 2

    def _scan_into(self, hits: Hits, asked: Sequence[Asked], k: int, text: str) -> None:
        for one in asked:
            distances, ids = self._scanned(one, text, np.inf, k)
            hits.ids[one.number, : len(ids)] = ids
            hits.distances[one.number, : len(ids)] = distances

    def _scanned(self, asked: Asked, text: str, radius: float, k: int | None) -> _Found:
        """By reading every entry: for answers longer than Milvus gives at once, and more equals than that."""
        distances, ids = np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
        for part in self._server.every_row(self.name, [ID, VECTOR], where=text):
            found, numbers = self._exact(asked, part)
            near = found < radius if np.isfinite(radius) else np.ones(len(found), dtype=np.bool_)
            distances, ids = np.concatenate([distances, found[near]]), np.concatenate([ids, numbers[near]])
            if k is not None:
                distances, ids = nearest(distances, ids, k)
        return distances, ids


def _asked(number: int, query: Vectors) -> Asked:
    return Asked(number, np.ascontiguousarray(query), float((query.astype(np.float64) ** 2).sum()))


def _doubt(asked: Asked, squared: float) -> float:
    """How far the server's squared distance may be off, for an entry about so far away."""
    length = np.sqrt(asked.squared)
    return float(_ROUNDING * (asked.squared + (length + np.sqrt(max(squared, 0.0))) ** 2))
