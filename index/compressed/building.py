"""Builds a segment from rows: sorts by id, writes, trains, encodes, examines, seals. Memory stays flat at any size.

Each row is fetched once: while it is at hand, it is written, encoded and compared with the held-out queries.
"""

import shutil
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.base import Attributes, Ids, IndexFault, Vectors
from index.compressed.choosing import Chosen, choose, fitting
from index.compressed.codes import Filling
from index.compressed.files import Seal, refusals, seal, sync_folder
from index.compressed.manifest import Place, Precision, SegmentFiles, Tuning
from index.compressed.segment import ATTRIBUTES, IDS
from index.compressed.vectors import RowNumbers, Writer, files_of, let_go, open_vectors
from index.working import in_pieces

# A measured recall needs some entries to measure it on.
FEWEST_CODED = 500
# Rows in one go: few enough to stay in a core's cache from one step to the next.
BLOCK = 4_096
# Blocks after which what was written is sent to the disk, so that the last flush is short.
FLUSHED = 32


class Cancelled(IndexFault):
    """The index was closed while a segment was being built."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows that a segment is built from. fetch: their numbers in this part to float32 vectors."""

    ids: Ids
    attributes: Attributes
    fetch: Callable[[RowNumbers | slice], Vectors]


@dataclass(frozen=True, slots=True)
class Order:
    """What a segment shall be. coded_rows: from how many rows on it gets codes. precision: of one with codes, not AUTO;
    without them it is kept at full precision."""

    root: Path
    name: str
    born: Place
    precision: Precision
    dimension: int
    recall_target: float
    coded_rows: int


class Source:
    """The rows of all parts, in rising order of their ids."""

    def __init__(self, parts: Sequence[Part]) -> None:
        ids = np.concatenate([part.ids for part in parts])
        self._parts = parts
        self._in_order = len(parts) == 1 and bool((ids[1:] > ids[:-1]).all())
        if self._in_order:
            self.ids, self.attributes = ids, parts[0].attributes
            return
        order = np.argsort(ids, kind="stable")
        firsts = np.cumsum([0, *(len(part.ids) for part in parts)])
        self._part = (np.searchsorted(firsts, order, side="right") - 1).astype(np.int32)
        self._row = order - firsts[self._part]
        self.ids = ids[order]
        self.attributes = np.concatenate([part.attributes for part in parts])[order]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: RowNumbers | slice) -> Vectors:
        """Vectors by their place in the order of ids."""
        if self._in_order:
            return self._parts[0].fetch(places)
        part, row = self._part[places], self._row[places]
        if len(self._parts) == 1:
            return self._parts[0].fetch(row)
        first = self._parts[int(part[0])].fetch(row[:1])
        vectors = np.empty((len(row), first.shape[1]), dtype=np.float32)
        for number in np.unique(part).tolist():
            mine = part == number
            vectors[mine] = self._parts[number].fetch(row[mine])
        return vectors


def build(order: Order, parts: Sequence[Part], cancelled: threading.Event) -> SegmentFiles:
    """Build a segment in its folder and return its description; raises Cancelled once the event is set."""
    source = Source(parts)
    if not _is_coded(order, len(source)):
        # All of it is compared anyway, and it is small: rounding would save little, and its loss is not measured.
        order = replace(order, precision=Precision.FLOAT32)
    folder = order.root / order.name
    try:
        with refusals(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            np.ascontiguousarray(source.ids, dtype="<i8").tofile(folder / IDS)
            np.ascontiguousarray(source.attributes.T, dtype="<i4").tofile(folder / ATTRIBUTES)
            tuning, sealed = _filled(_Building(order, source, folder, cancelled))
            sync_folder(folder)
            sync_folder(order.root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return SegmentFiles(order.name, len(source), order.born, sealed, tuning, order.precision)


@dataclass(frozen=True, slots=True)
class _Building:
    order: Order
    source: Source
    folder: Path
    cancelled: threading.Event

    def take(self, rows: RowNumbers | slice) -> Vectors:
        if self.cancelled.is_set():
            raise Cancelled("the index was closed while a segment was being built; nothing was lost")
        return self.source.take(rows)


def _filled(building: _Building) -> tuple[Tuning, dict[str, Seal]]:
    """Write everything; return what was measured, and the seals of all files."""
    order, count = building.order, len(building.source)
    chosen = choose(building.take, count, order.recall_target) if _is_coded(order, count) else None
    with ThreadPoolExecutor(1) as pool:
        filling = _pass(building, chosen, pool)
        # The checksum of the largest files is computed beside the examination.
        large = [(path, pool.submit(seal, path)) for path in files_of(building.folder, order.precision)]
        tuning = Tuning()
        if chosen is not None and filling is not None:
            kept = open_vectors(building.folder, order.precision, count, order.dimension, scattered=False)
            tuning, codes = fitting(chosen, filling, kept, order.precision, order.recall_target)
            if codes is not None:
                codes.save(building.folder)
        sealed = {path.name: future.result() for path, future in large}
        for path, _ in large[1:]:
            let_go(path)
    others = [path for path in sorted(building.folder.iterdir()) if path.name not in sealed]
    return tuning, sealed | {path.name: seal(path) for path in others}


def _pass(building: _Building, chosen: Chosen | None, pool: ThreadPoolExecutor) -> Filling | None:
    """Fetch every row once: write it, and show it to the examination and to the codes."""
    order, count = building.order, len(building.source)
    filling = Filling(chosen.trained, count) if chosen is not None else None
    flushes: list[Future[None]] = []
    writer = Writer(building.folder, order.precision, order.dimension)
    try:

        def block(start: int, stop: int) -> None:
            vectors = building.take(slice(start, stop))
            writer.write(start, vectors)
            if (start // BLOCK) % FLUSHED == FLUSHED - 1:
                flushes.append(pool.submit(writer.flush))
            if chosen is not None and filling is not None:
                centred = vectors - chosen.middle
                chosen.examination.see(start, centred)
                filling.see(start, centred)

        in_pieces(block, count, BLOCK)
    finally:
        for flush in flushes:
            flush.result()
        writer.close()
    return filling


def _is_coded(order: Order, count: int) -> bool:
    return count >= max(order.coded_rows, FEWEST_CODED)
