"""One segment, opened: its files memory-mapped, rows found by id, searched by codes or exactly.

Files of the folder, rows in rising order of their ids::

    ids.bin          int64 (count,)
    attributes.bin   int32 (names, count)
    vectors.bin      float32 or float16 (count, dimension), rotated
    codes.faiss, projection.bin   where the segment has codes
    dead-N.bin       int64, rows removed before the manifest was written
"""

import math
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.base import Attributes, Ids, IndexDamaged, Vectors, Where
from index.checks import accepted, accepts_all
from index.compressed.codes import Codes
from index.compressed.files import REMEDY, check_seal
from index.compressed.manifest import Precision, SegmentFiles
from index.compressed.tuning import depth_for
from index.nearest import Distances, distances_to_halves, distances_to_rows, nearest

IDS, ATTRIBUTES, VECTORS = "ids.bin", "attributes.bin", "vectors.bin"
Found = tuple[Distances, Ids]
RowNumbers = NDArray[np.int64]
WhereKey = tuple[tuple[object, ...], ...]

# Filters whose accepted rows are remembered, in each segment.
REMEMBERED = 4
# Queries scanned in one go: bounds the memory of their candidates.
TOGETHER = 64
# Scanning slows down when asked for many; past this share of the entries, comparing with all is as fast.
DEEPEST_SHARE = 8
# A range search starts by asking for this many.
FIRST_RANGE = 64


class Segment:
    """A sealed part of the index. Immutable, so any thread may use it without a lock."""

    def __init__(self, root: Path, described: SegmentFiles, dimension: int, names: tuple[str, ...], kind: Precision):
        self.described = described
        self._names = names
        folder = root / described.name
        for file, sealed in described.files.items():
            check_seal(folder / file, sealed)
        count = described.count
        self.ids: Ids = _mapped(folder / IDS, np.dtype("<i8"), (count,))
        self.attributes: Attributes = _mapped(folder / ATTRIBUTES, np.dtype("<i4"), (len(names), count)).T
        self._vectors = _mapped(folder / VECTORS, np.dtype(kind.value), (count, dimension))
        self.dead: RowNumbers = (
            np.fromfile(folder / described.dead, dtype="<i8") if described.dead else np.empty(0, dtype=np.int64)
        )
        self.codes = Codes.load(folder, dimension) if described.tuning.subquantizers else None
        if self.codes is not None and len(self.codes) != count:
            raise IndexDamaged(f"{folder} has {len(self.codes)} codes for {count} entries: {REMEDY}")
        self._accepted: OrderedDict[WhereKey, NDArray[np.bool_]] = OrderedDict()
        self._remembering = threading.Lock()

    def __len__(self) -> int:
        return self.described.count

    def find(self, ids: Ids) -> RowNumbers:
        """The row of each id, or -1; rows of removed entries included."""
        rows = np.searchsorted(self.ids, ids)
        rows[rows == len(self)] = 0
        return np.where(self.ids[rows] == ids, rows, -1)

    def vectors(self, rows: RowNumbers) -> Vectors:
        """The stored vectors of these rows, float32, a copy."""
        return self._vectors[rows].astype(np.float32)

    def distances(self, query: Vectors, rows: RowNumbers) -> Distances:
        """Distances of one query to these rows."""
        if self._vectors.dtype == np.float16:
            return distances_to_halves(query, self._vectors, rows)
        return distances_to_rows(query, self._vectors, rows)

    def search(self, queries: Vectors, k: int, dead: RowNumbers, where: Where, target: float) -> list[Found]:
        """The k nearest of each query, rotated, among the entries that are not dead and that the filter accepts.

        Enough entries are refined for the recall target; where the filter leaves few, all of them are compared.
        """
        mask = self._mask(where)
        kept = (len(self) if mask is None else int(np.count_nonzero(mask))) - len(dead)
        depth = depth_for(self.described.tuning, k, target)
        if self.codes is None or depth is None or self._few(kept, depth):
            return self._compare_all(queries, k, dead, mask)
        found: list[Found] = []
        for start in range(0, len(queries), TOGETHER):
            found += self._scan(queries[start : start + TOGETHER], k, depth, dead, mask)
        return found

    def within(self, query: Vectors, radius: float, dead: RowNumbers, where: Where, target: float) -> Found:
        """Every entry nearer than radius to one query, rotated: a search that widens until its last hit is outside."""
        k = FIRST_RANGE
        while k * DEEPEST_SHARE < len(self):
            distances, ids = self.search(query[np.newaxis, :], k, dead, where, target)[0]
            if len(distances) < k or distances[-1] >= radius:
                near = distances < radius
                return distances[near], ids[near]
            k *= 4
        rows = self._rows(dead, self._mask(where))
        distances = self.distances(query, rows)
        close = np.flatnonzero(distances < radius)
        return nearest(distances[close], self.ids[rows[close]], max(1, len(close)))

    def _few(self, kept: int, depth: int) -> bool:
        """Whether comparing with all is cheaper than a scan deep enough to meet `depth` of so few.

        A comparison costs about as much as scanning 150 codes or drawing a third of a candidate from the scan; the
        scan has to draw depth * len / kept candidates.
        """
        return kept <= max(depth, math.isqrt(3 * depth * len(self)))

    def _compare_all(self, queries: Vectors, k: int, dead: RowNumbers, mask: NDArray[np.bool_] | None) -> list[Found]:
        rows = self._rows(dead, mask)
        ids = self.ids[rows]
        return [nearest(self.distances(query, rows), ids, k) for query in queries]

    def _scan(
        self, queries: Vectors, k: int, depth: int, dead: RowNumbers, mask: NDArray[np.bool_] | None
    ) -> list[Found]:
        """Refine at least `depth` entries of each query that may be returned, going deeper where many may not."""
        if self.codes is None:
            return self._compare_all(queries, k, dead, mask)
        kept = (len(self) if mask is None else int(np.count_nonzero(mask))) - len(dead)
        reach = math.ceil(1.25 * depth * len(self) / kept) + 64
        found: list[Found | None] = [None] * len(queries)
        missing = list(range(len(queries)))
        while missing and reach * DEEPEST_SHARE < len(self):
            scanned = self.codes.scan(queries[missing], reach)
            for number, rows in zip(missing, scanned, strict=True):
                usable = _usable(rows, dead, mask)
                if len(usable) >= depth:
                    found[number] = nearest(self.distances(queries[number], usable), self.ids[usable], k)
            missing = [number for number in missing if found[number] is None]
            reach *= 4
        for number in missing:
            found[number] = self._compare_all(queries[number : number + 1], k, dead, mask)[0]
        return [each for each in found if each is not None]

    def _rows(self, dead: RowNumbers, mask: NDArray[np.bool_] | None) -> RowNumbers:
        if mask is None and not len(dead):
            return np.arange(len(self), dtype=np.int64)
        keep = np.ones(len(self), dtype=np.bool_) if mask is None else mask.copy()
        keep[dead] = False
        return np.flatnonzero(keep)

    def _mask(self, where: Where) -> NDArray[np.bool_] | None:
        """Which rows the filter accepts, removed ones included; None where it has no condition."""
        if accepts_all(where):
            return None
        frozen = _key(where)
        with self._remembering:
            if frozen in self._accepted:
                self._accepted.move_to_end(frozen)
                return self._accepted[frozen]
        mask = accepted(where, self._names, self.attributes)
        with self._remembering:
            self._accepted[frozen] = mask
            while len(self._accepted) > REMEMBERED:
                self._accepted.popitem(last=False)
        return mask


def _usable(rows: RowNumbers, dead: RowNumbers, mask: NDArray[np.bool_] | None) -> RowNumbers:
    if mask is not None:
        rows = rows[mask[rows]]
    if len(dead):
        at = np.minimum(np.searchsorted(dead, rows), len(dead) - 1)
        rows = rows[dead[at] != rows]
    return rows


def _key(where: Where) -> WhereKey:
    equals = ((name, *sorted(values)) for name, values in sorted(where.equals.items()))
    return (*equals, ("between",), *((name, *ends) for name, ends in sorted(where.between.items())))


def _mapped(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    wanted = math.prod(shape) * dtype.itemsize
    if path.stat().st_size != wanted:
        raise IndexDamaged(f"{path} has {path.stat().st_size} bytes instead of {wanted}: {REMEDY}")
    if not wanted:
        return np.empty(shape, dtype=dtype)
    # A plain array over the map: the subclass would follow every slice and cost time.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r", shape=shape))
