"""One segment, opened: its files memory-mapped, rows found by id, searched by codes or exactly.

Files of the folder, rows in rising order of their ids::

    ids.bin          int64 (count,)
    attributes.bin   int32 (names, count)
    vectors.bin      float32 (count, dimension), rotated; or upper.bin and lower.bin, see vectors
    codes.bin, quantizer.faiss, projection.bin   where the segment has codes
    dead-N.bin       int64, rows removed before the manifest was written
"""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.base import Attributes, Ids, Vectors, Where
from index.checks import accepted, accepts_all
from index.compressed.codes import Codes, Scanned
from index.compressed.files import check_seal
from index.compressed.manifest import SegmentFiles
from index.compressed.tuning import depth_for, excess, margin_for
from index.compressed.vectors import RowNumbers, mapped, open_vectors
from index.nearest import Distances, nearest
from index.working import in_pieces, load_faiss

IDS, ATTRIBUTES = "ids.bin", "attributes.bin"
Found = tuple[Distances, Ids]
WhereKey = tuple[tuple[object, ...], ...]

# Filters whose accepted rows are remembered, in each segment.
REMEMBERED = 4
# Queries that share a pass over the codes: enough for the pass to be paid for, few enough for their candidates' memory.
TOGETHER = 32
# Scanning slows down when asked for many; past this share of the entries, comparing with all is as fast.
DEEPEST_SHARE = 8
# A comparison costs about as much as a third of a candidate drawn from the scan, and where a filter keeps `kept` of
# all, the scan has to draw depth * all / kept candidates: below sqrt(FEW * depth * all) comparing with all is cheaper.
FEW = 3
# A range search starts by asking for this many.
FIRST_RANGE = 64


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a search wants of a segment. mask: which rows the filter accepts, or None for all."""

    k: int
    dead: RowNumbers
    mask: NDArray[np.bool_] | None
    target: float


class Segment:
    """A sealed part of the index. Immutable, so any thread may use it without a lock."""

    def __init__(
        self,
        root: Path,
        described: SegmentFiles,
        dimension: int,
        names: tuple[str, ...],
        *,
        scattered: bool,
    ) -> None:
        """scattered: the index does not fit into memory, so that reading ahead of a wanted vector is waste."""
        self.described = described
        self._names = names
        folder = root / described.name
        for file, sealed in described.files.items():
            check_seal(folder / file, sealed)
        count = described.count
        self.ids: Ids = mapped(folder / IDS, np.dtype("<i8"), (count,))
        self.attributes: Attributes = mapped(folder / ATTRIBUTES, np.dtype("<i4"), (len(names), count)).T
        self._vectors = open_vectors(folder, described.precision, count, dimension, scattered=scattered)
        self.dead: RowNumbers = (
            np.fromfile(folder / described.dead, dtype="<i8") if described.dead else np.empty(0, dtype=np.int64)
        )
        self.codes = Codes.load(folder, dimension, count) if described.tuning.subquantizers else None
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
        return self._vectors.take(rows)

    def search(self, queries: Vectors, k: int, dead: RowNumbers, where: Where, target: float) -> list[Found]:
        """The k nearest of each query, rotated, among the entries that are not dead and that the filter accepts.

        Enough entries are refined for the recall target; where the filter leaves few, all of them are compared.
        """
        asked = _Asked(k=k, dead=dead, mask=self._mask(where), target=target)
        kept = (len(self) if asked.mask is None else int(np.count_nonzero(asked.mask))) - len(dead)
        depth = self._depth(math.ceil(k * len(self) / max(1, kept)), target)
        if depth is None or kept <= max(depth, math.isqrt(FEW * self._depth_at_least(k, target) * len(self))):
            return self._compare_all(queries, asked)
        found: list[Found | None] = [None] * len(queries)

        def scan(start: int, stop: int) -> None:
            found[start:stop] = self._scan(queries[start:stop], depth, asked)

        if len(queries) == 1:
            scan(0, 1)
        else:
            in_pieces(scan, len(queries), min(TOGETHER, -(-len(queries) // load_faiss().omp_get_max_threads())))
        return [each for each in found if each is not None]

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
        distances = self._vectors.distances(query, rows)
        close = np.flatnonzero(distances < radius)
        return nearest(distances[close], self.ids[rows[close]], max(1, len(close)))

    def _depth(self, k: int, target: float) -> int | None:
        """How many to refine for the k nearest; None where comparing with all is as fast, or the only way."""
        depth = depth_for(self.described.tuning, k, target) if self.codes is not None else None
        return None if depth is None or depth * DEEPEST_SHARE >= len(self) else depth

    def _depth_at_least(self, k: int, target: float) -> int:
        return self._depth(k, target) or len(self)

    def _compare_all(self, queries: Vectors, asked: "_Asked") -> list[Found]:
        rows = self._rows(asked.dead, asked.mask)
        return [self._nearest(query, rows, asked.k) for query in queries]

    def _nearest(self, query: Vectors, rows: RowNumbers, k: int) -> Found:
        """The k nearest of these rows."""
        rows = self._vectors.shortlist(query, rows, k)
        return nearest(self._vectors.distances(query, rows), self.ids[rows], k)

    def _scan(self, queries: Vectors, depth: int, asked: "_Asked") -> list[Found]:
        """Scan and refine; go deeper where more entries that may not be returned stand in the way than expected.

        Depths double, so that how deep a query goes does not depend on the others of its batch.
        """
        found: dict[int, Found] = {}
        waiting = list(range(len(queries)))
        codes = self.codes
        while codes is not None and waiting and depth * DEEPEST_SHARE < len(self):
            scanned = codes.scan(queries[waiting], depth)
            for number, reached in zip(waiting, scanned, strict=True):
                hits = self._refined(queries[number], reached, asked)
                if hits is not None:
                    found[number] = hits
            waiting = [number for number in waiting if number not in found]
            depth *= 2
        for number in waiting:
            found[number] = self._compare_all(queries[number : number + 1], asked)[0]
        return [found[number] for number in range(len(queries))]

    def _refined(self, query: Vectors, reached: Scanned, asked: "_Asked") -> Found | None:
        """The hits among the scanned rows, or None where the scan has to go deeper to trust them.

        It has to reach past the last hit by the margin, however many stand in the way that may not be returned.
        """
        rows = reached.rows
        hits = self._nearest(query, rows[_usable(rows, asked)], asked.k)
        if len(hits[0]) < asked.k:
            return None
        margin = margin_for(self.described.tuning, asked.target)
        return hits if excess(reached.edge, float(hits[0][-1]), reached.beyond) >= margin else None

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


def _usable(rows: RowNumbers, asked: _Asked) -> NDArray[np.bool_]:
    """Which of the rows may be returned."""
    usable = np.ones(len(rows), dtype=np.bool_) if asked.mask is None else asked.mask[rows]
    if len(asked.dead):
        at = np.minimum(np.searchsorted(asked.dead, rows), len(asked.dead) - 1)
        usable &= asked.dead[at] != rows
    return usable


def _key(where: Where) -> WhereKey:
    equals = ((name, *sorted(values)) for name, values in sorted(where.equals.items()))
    return (*equals, ("between",), *((name, *ends) for name, ends in sorted(where.between.items())))
