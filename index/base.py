"""What every vector index promises: the protocol, its values and its errors.

Errors::

    IndexFault                   something about the index; the message says what to do
    |-- WrongVectors             vectors of another dimension, dtype or with NaN or infinity
    |-- UnknownId, DuplicateId   an id that is not there, or already is
    |-- IndexDamaged             a file that is truncated, altered or of a foreign format
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


class UnknownId(IndexFault):
    """An id that the index does not hold."""


class DuplicateId(IndexFault):
    """An id that the index already holds."""


class IndexDamaged(IndexFault):
    """A file of the index is truncated, altered, or not of this format, engine or version."""


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
        All or nothing; raises WrongVectors or DuplicateId.
        """
        ...

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        """Remove the entries that are present among ids; return how many. No later search returns them."""
        ...

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        """The k nearest entries of each query among those that `where` accepts; queries float32 (q, dimension)."""
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

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
