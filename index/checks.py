"""Refuses what can't be an id, a vector, an attribute, a query or a filter, before anything is touched."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.base import Attributes, DuplicateId, Ids, Vectors, Where, WrongRequest, WrongVectors

INT32 = np.iinfo(np.int32)

# Squares of differences of such values still fit into float32, whatever the dimension.
LARGEST = 1e15


def check_shape_of_index(dimension: int, attribute_names: Sequence[str]) -> tuple[str, ...]:
    """The attribute names as a tuple; raises WrongRequest where an index can't have this shape."""
    if not 1 <= dimension <= 4096:
        raise WrongRequest(f"dimension {dimension} is outside 1-4096")
    names = tuple(attribute_names)
    if len(set(names)) != len(names):
        raise WrongRequest(f"attribute names repeat: {', '.join(names)}")
    return names


def check_vectors(vectors: Vectors, dimension: int) -> Vectors:
    """vectors as contiguous float32 (n, dimension), copied only where needed; raises WrongVectors."""
    if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32:
        kind = vectors.dtype if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise WrongVectors(f"vectors must be a float32 array, not {kind}")
    if vectors.ndim != 2 or vectors.shape[1] != dimension:
        raise WrongVectors(f"vectors have the shape {vectors.shape}; this index holds (n, {dimension})")
    # NaN fails both comparisons; min and max need no temporary array of the same size.
    if vectors.size and not (float(vectors.min()) >= -LARGEST and float(vectors.max()) <= LARGEST):
        raise WrongVectors(f"a vector holds NaN, infinity or a value past {LARGEST:g}")
    return np.ascontiguousarray(vectors)


def check_query(query: Vectors, dimension: int) -> Vectors:
    """One query as contiguous float32 (1, dimension); raises WrongVectors."""
    if not isinstance(query, np.ndarray) or query.ndim != 1:
        raise WrongVectors(f"one query of shape ({dimension},) is needed")
    return check_vectors(query[np.newaxis, :], dimension)


def check_ids(ids: Ids) -> Ids:
    """ids as contiguous int64 (n,), none negative; raises WrongRequest."""
    if not isinstance(ids, np.ndarray) or ids.dtype != np.int64 or ids.ndim != 1:
        raise WrongRequest("ids must be an int64 array of one dimension")
    if ids.size and int(ids.min()) < 0:
        raise WrongRequest(f"id {int(ids.min())} is negative")
    return np.ascontiguousarray(ids)


def check_new_ids(ids: Ids, count: int) -> Ids:
    """ids for count new entries, none twice; raises WrongRequest or DuplicateId."""
    ids = check_ids(ids)
    if len(ids) != count:
        raise WrongRequest(f"{len(ids)} ids for {count} vectors")
    if len(ids) > 1:
        ordered = np.sort(ids)
        twice = np.flatnonzero(ordered[1:] == ordered[:-1])
        if twice.size:
            raise DuplicateId(f"id {int(ordered[twice[0]])} is given twice in one call")
    return ids


def check_attributes(attributes: Attributes | None, count: int, names: tuple[str, ...]) -> Attributes:
    """Attributes as contiguous int32 (count, len(names)), zeros where None; raises WrongRequest."""
    if attributes is None:
        return np.zeros((count, len(names)), dtype=np.int32)
    if not isinstance(attributes, np.ndarray) or attributes.dtype != np.int32:
        raise WrongRequest("attributes must be an int32 array")
    if attributes.shape != (count, len(names)):
        raise WrongRequest(f"attributes have the shape {attributes.shape}; {(count, len(names))} is needed")
    return np.ascontiguousarray(attributes)


def check_position(position: int | None, now: int) -> int:
    """The new position, or the one of now; raises WrongRequest."""
    if position is None:
        return now
    if not 0 <= position < 2**63:
        raise WrongRequest(f"position {position} is not a non-negative 64-bit number")
    return int(position)


def check_k(k: int) -> int:
    """k as a plain int; raises WrongRequest."""
    if not 1 <= k <= 2**31 - 1:
        raise WrongRequest(f"k is {k}; at least 1 is needed")
    return int(k)


def check_radius(radius: float) -> float:
    """A radius that is a number (infinity is one); raises WrongRequest."""
    if np.isnan(radius):
        raise WrongRequest("the radius is not a number")
    return float(radius)


def check_where(where: Where, names: tuple[str, ...]) -> None:
    """Raises WrongRequest where the filter names an attribute that this index does not have."""
    unknown = (set(where.equals) | set(where.between)) - set(names)
    if unknown:
        known = ", ".join(names) or "none"
        raise WrongRequest(f"no attribute named {', '.join(sorted(unknown))}; this index has: {known}")


def accepts_all(where: Where) -> bool:
    """True where the filter has no condition."""
    return not where.equals and not where.between


def accepted(where: Where, names: tuple[str, ...], attributes: Attributes) -> NDArray[np.bool_]:
    """Which rows of attributes, int32 (n, len(names)), the filter accepts: bool (n,)."""
    mask = np.ones(len(attributes), dtype=np.bool_)
    for name, values in where.equals.items():
        wanted = [int(value) for value in values if INT32.min <= value <= INT32.max]
        column = attributes[:, names.index(name)]
        mask &= column == wanted[0] if len(wanted) == 1 else np.isin(column, np.array(wanted, dtype=np.int32))
    for name, (low, high) in where.between.items():
        column = attributes[:, names.index(name)]
        mask &= (column >= low) & (column <= high)
    return mask
