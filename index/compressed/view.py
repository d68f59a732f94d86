"""What one search sees: segments, their removed rows and the live tail, all of one moment."""

from dataclasses import dataclass

import numpy as np

from index.base import Attributes, Hits, Ids, UnknownId, Vectors, Where
from index.compressed.building import Part
from index.compressed.segment import Found, Segment
from index.compressed.vectors import RowNumbers
from index.nearest import empty_hits, nearest, single_hits
from index.rows import Rows


@dataclass(frozen=True, slots=True)
class View:
    """Immutable. dead: for each segment its removed rows, rising."""

    segments: tuple[Segment, ...]
    dead: tuple[RowNumbers, ...]
    tail: Rows
    names: tuple[str, ...]
    position: int
    recall_target: float

    def __len__(self) -> int:
        return len(self.tail) + sum(self.live_counts())

    def live_counts(self) -> list[int]:
        """How many entries of each segment are left."""
        return [len(segment) - len(dead) for segment, dead in zip(self.segments, self.dead, strict=True)]

    def search(self, queries: Vectors, k: int, where: Where) -> Hits:
        """The k nearest of each query, rotated, over all segments and the tail."""
        parts = [
            segment.search(queries, k, dead, where, self.recall_target)
            for segment, dead in zip(self.segments, self.dead, strict=True)
        ]
        chosen = self.tail.chosen(where, self.names)
        if len(chosen):
            parts.append([self.tail.nearest(query, k, chosen) for query in queries])
        hits = empty_hits(len(queries), k)
        for number in range(len(queries)):
            distances, ids = _merged([part[number] for part in parts], k)
            hits.ids[number, : len(ids)] = ids
            hits.distances[number, : len(ids)] = distances
        return hits

    def within(self, query: Vectors, radius: float, where: Where) -> Hits:
        """All entries nearer than radius to one query, rotated."""
        parts = [
            segment.within(query, radius, dead, where, self.recall_target)
            for segment, dead in zip(self.segments, self.dead, strict=True)
        ]
        parts.append(self.tail.within(query, radius, self.tail.chosen(where, self.names)))
        return single_hits(*_merged(parts, max(1, sum(len(ids) for _, ids in parts))))

    def present(self, ids: Ids) -> Ids:
        """Those of ids that are there, once each, rising."""
        if len(ids) > 1 and not (ids[1:] > ids[:-1]).all():
            ids = np.unique(ids)
        here = np.isin(ids, self.tail.ids[self.tail.live]) if len(self.tail) else np.zeros(len(ids), dtype=np.bool_)
        for segment, dead in zip(self.segments, self.dead, strict=True):
            rows = segment.find(ids)
            here |= (rows >= 0) & ~np.isin(rows, dead)
        return ids[here]

    def ids(self) -> Ids:
        """All ids, rising."""
        parts = [self.tail.ids[self.tail.live]]
        parts += [np.delete(segment.ids, dead) for segment, dead in zip(self.segments, self.dead, strict=True)]
        return np.sort(np.concatenate(parts))

    def vectors(self, ids: Ids) -> Vectors:
        """The stored, rotated vectors of ids in their order; raises UnknownId."""
        found = np.empty((len(ids), self.tail.vectors.shape[1]), dtype=np.float32)
        missing = np.ones(len(ids), dtype=np.bool_)
        for segment, dead in zip(self.segments, self.dead, strict=True):
            rows = segment.find(ids)
            here = (rows >= 0) & ~np.isin(rows, dead)
            found[here] = segment.vectors(rows[here])
            missing &= ~here
        tail_ids = self.tail.ids[self.tail.live]
        order = np.argsort(tail_ids)
        for number in np.flatnonzero(missing).tolist():
            at = int(np.searchsorted(tail_ids, ids[number], sorter=order))
            if at == len(order) or tail_ids[order[at]] != ids[number]:
                raise UnknownId(f"id {int(ids[number])} is not there")
            found[number] = self.tail.vectors[self.tail.live[order[at]]]
        return found

    def part_of_segment(self, number: int) -> Part:
        """The rows of a segment that are left, as material for a new one."""
        segment, dead = self.segments[number], self.dead[number]
        rows = np.delete(np.arange(len(segment), dtype=np.int64), dead)
        attributes: Attributes = np.asarray(segment.attributes)[rows]
        return Part(np.asarray(segment.ids)[rows], attributes, lambda asked: segment.vectors(rows[asked]))

    def part_of_tail(self) -> Part:
        """The rows of the tail, as material for a new segment."""
        tail = self.tail.squeezed()
        return Part(tail.ids, tail.attributes, lambda asked: tail.vectors[asked])


def _merged(parts: list[Found], k: int) -> Found:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return np.empty(0, dtype=np.float32), np.empty(0, dtype=np.int64)
    distances, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
    return nearest(distances, ids, k)
