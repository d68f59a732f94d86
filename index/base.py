"""What every vector index promises: the protocol, its values and its errors.

Errors::

    IndexFault                   something about the index; the message says what to do
    |-- WrongVectors             vectors of another dimension, dtype or with NaN or infinity
    |-- WrongRequest             ids, attributes, k, radius or a filter that make no sense here
    |-- UnknownId, DuplicateId   an id that is not there, or already is
    |-- IndexDamaged             a file that is truncated, altered or not an index
    |   `-- IndexForeign         a sound index of another engine, dimension, key or version than asked for
    |-- RecallTooLow             an index that was measured below the recall that is asked of it
    |-- IndexUnwritable          the disk refused: full, read-only, no rights
    |-- IndexUnavailable         a server that is away, too slow, or refuses the token; the entries are not in doubt
    `-- IndexClosed              used after close()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
Attributes = NDArray[np.int32]


class IndexFault(Exception):
    """The root of this floor's errors."""


class WrongVectors(IndexFault):
    """The vectors don't fit this index: dimension, dtype, or a value that is not finite."""


class WrongRequest(IndexFault):
    """Ids, attributes, k, radius or a filter that make no sense for this index."""


class UnknownId(IndexFault):
    """An id that the index does not hold."""


class DuplicateId(IndexFault):
    """An id that the index already holds."""


class IndexDamaged(IndexFault):
    """A file of the index is truncated, altered, or not an index at all: rebuild it from the records."""


class IndexForeign(IndexDamaged):
    """A sound index, but of another engine, dimension, key or format version than asked for."""


class RecallTooLow(IndexFault):
    """The index was measured below the recall that is asked of it, so it refuses to serve."""


class IndexUnwritable(IndexFault):
    """The disk refused to keep a change: full, read-only or without rights. The change did not happen."""


class IndexUnavailable(IndexFault):
    """The server of a distributed index did not answer in time or refused to; what it holds is not in doubt."""


class IndexClosed(IndexFault):
    """The index was used after close()."""


@dataclass(frozen=True, slots=True)
class Hits:
    """The nearest neighbours of each query, nearest first; ties by the smaller id.

    ids: int64, shape (queries, k), -1 where there were fewer than k.
    distances: float32, shape (queries, k), Euclidean (not squared), rising; +inf where ids is -1.
    """

    ids: Ids
    distances: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Where:
    """Which entries a search may return; all conditions must hold. Empty means every entry.

    equals: attribute name -> the accepted values.
    between: attribute name -> (low, high), both included.
    """

    equals: Mapping[str, Sequence[int]] = field(default_factory=dict)
    between: Mapping[str, tuple[int, int]] = field(default_factory=dict)


EVERYTHING = Where()


@dataclass(frozen=True, slots=True)
class Stats:
    """What an index is at this moment, for people and dashboards; holds no vectors.

    kind: the backend's name. entries: how many a search can return.
    exact: True where every search compares with every entry at full precision.
    recall: share of the true 20 nearest that searches find, measured on held-out queries; 1.0 where exact.
    recall_target: what was asked for. disk_bytes: files of the index; 0 in memory.
    details: the backend's own figures, name -> number or word.
    """

    kind: str
    entries: int
    exact: bool
    recall: float
    recall_target: float
    disk_bytes: int
    details: Mapping[str, int | float | str] = field(default_factory=dict)


class VectorIndex(Protocol):
    """Vectors in, nearest neighbours out; knows no faces, people or HTTP.

    An id is a non-negative int64 of the caller's. Each entry has one int32 value for each of the attribute
    names that the index was made with (0 where the caller gave none). Every method may be called from any thread.
    """

    @property
    def dimension(self) -> int: ...

    @property
    def attribute_names(self) -> tuple[str, ...]: ...

    @property
    def position(self) -> int:
        """Where in the caller's change log this index stands; 0 when new. Stored with the entries."""
        ...

    def __len__(self) -> int: ...

    def add(
        self,
        ids: Ids,
        vectors: Vectors,
        *,
        attributes: Attributes | None = None,
        position: int | None = None,
    ) -> None:
        """Add entries; found by the very next search, and kept when it returns.

        ids: int64 (n,), none already present. vectors: float32 (n, dimension).
        attributes: int32 (n, len(attribute_names)). position: the new value of `position`.
        All or nothing; raises WrongVectors, WrongRequest or DuplicateId.
        """
        ...

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        """Remove the entries that are present among ids; return how many. No later search returns them.

        A removed id may be added again. position is stored even where nothing was there to remove.
        """
        ...

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        """The k nearest entries of each query among those that `where` accepts; queries float32 (q, dimension).

        The same ids, order and distances whatever the number of threads and of queries asked at once.
        """
        ...

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        """Every entry nearer than radius (Euclidean) to the one query, shape (dimension,), as Hits with one row."""
        ...

    def vectors(self, ids: Ids) -> Vectors:
        """The stored vectors of ids, float32 (n, dimension), in that order; raises UnknownId."""
        ...

    def ids(self) -> Ids:
        """All ids, ascending."""
        ...

    def stats(self) -> Stats:
        """What the index is now: its size, its way of searching, its measured recall."""
        ...

    def close(self) -> None:
        """Let go of memory and files; every later call but close() raises IndexClosed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
