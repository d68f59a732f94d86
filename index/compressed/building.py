"""Builds a segment from rows: sorts by id, writes, trains, encodes, examines, seals. Memory stays flat at any size."""

import shutil
import threading
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.base import Attributes, Ids, IndexFault, RecallTooLow, Vectors
from index.compressed.codes import SAMPLE, Codes, Spread
from index.compressed.files import refusals, seal, sync_folder
from index.compressed.manifest import Place, Precision, SegmentFiles, Tuning
from index.compressed.segment import ATTRIBUTES, IDS, VECTORS, RowNumbers
from index.compressed.tuning import Examination, cost, scan_cost

# A measured recall needs some entries to measure it on.
FEWEST_CODED = 500
# Held-out queries of the trial that only compares code sizes.
TRIAL_QUERIES = 128
# Rows in one go while writing and encoding.
BLOCK = 65_536


class Cancelled(IndexFault):
    """The index was closed while a segment was being built."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows that a segment is built from. fetch: part-relative row numbers to float32 vectors."""

    ids: Ids
    attributes: Attributes
    fetch: Callable[[RowNumbers], Vectors]


@dataclass(frozen=True, slots=True)
class Order:
    """What a segment shall be. coded_rows: from how many rows on it gets codes."""

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
        order = np.argsort(ids, kind="stable")
        firsts = np.cumsum([0, *(len(part.ids) for part in parts)])
        self._parts = parts
        self._part = (np.searchsorted(firsts, order, side="right") - 1).astype(np.int32)
        self._row = order - firsts[self._part]
        self.ids = ids[order]
        self.attributes = np.concatenate([part.attributes for part in parts])[order]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, places: RowNumbers | slice) -> Vectors:
        """Vectors by their place in the order of ids."""
        part, row = self._part[places], self._row[places]
        if len(self._parts) == 1:
            return self._parts[0].fetch(row)
        first = self._parts[int(part[0])].fetch(row[:1])
        vectors = np.empty((len(row), first.shape[1]), dtype=np.float32)
        for number in np.unique(part).tolist():
            mine = part == number
            vectors[mine] = self._parts[number].fetch(row[mine])
        return vectors

    def read(self, start: int, stop: int) -> Vectors:
        return self.take(slice(start, stop))


def build(order: Order, parts: Sequence[Part], cancelled: threading.Event) -> SegmentFiles:
    """Build a segment in its folder and return its description; raises Cancelled once the event is set."""
    source = Source(parts)
    folder = order.root / order.name
    try:
        with refusals(folder):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            np.ascontiguousarray(source.ids, dtype="<i8").tofile(folder / IDS)
            np.ascontiguousarray(source.attributes.T, dtype="<i4").tofile(folder / ATTRIBUTES)
            _write_vectors(order, source, cancelled)
            # The checksum of the largest file is computed beside the encoding.
            with ThreadPoolExecutor(1) as pool:
                vectors = pool.submit(seal, folder / VECTORS)
                tuning = _encode(order, source, cancelled)
                others = [path for path in sorted(folder.iterdir()) if path.name != VECTORS]
                sealed = {path.name: seal(path) for path in others} | {VECTORS: vectors.result()}
            sync_folder(folder)
            sync_folder(order.root)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return SegmentFiles(name=order.name, count=len(source), born=order.born, files=sealed, tuning=tuning)


def _write_vectors(order: Order, source: Source, cancelled: threading.Event) -> None:
    kind = order.precision if _is_coded(order, len(source)) else Precision.FLOAT32
    with (order.root / order.name / VECTORS).open("wb") as file:
        for start in range(0, len(source), BLOCK):
            _stop_if(cancelled)
            vectors = source.read(start, min(len(source), start + BLOCK))
            file.write(np.ascontiguousarray(vectors, dtype=np.dtype(kind.value)).data)


def _encode(order: Order, source: Source, cancelled: threading.Event) -> Tuning:
    """Codes of the size that makes searches cheapest at the recall target; none where they don't pay."""
    count = len(source)
    if not _is_coded(order, count):
        return Tuning()
    written = np.memmap(
        order.root / order.name / VECTORS, dtype=order.precision.value, mode="r", shape=(count, order.dimension)
    )

    def read(start: int, stop: int) -> Vectors:
        _stop_if(cancelled)
        return np.asarray(written[start:stop], dtype=np.float32)

    def take(rows: RowNumbers) -> Vectors:
        return np.asarray(written[rows], dtype=np.float32)

    # The seed follows from the data, so that the same entries give the same segment.
    rng = np.random.default_rng(zlib.crc32(source.ids[:: max(1, count // 1024)].tobytes()))
    sample = take(np.sort(rng.choice(count, min(count, SAMPLE), replace=False)))
    rounded = order.precision is not Precision.FLOAT32
    examination = Examination(source.read if rounded else read, count, sample, rng)
    rounding = examination.rounding(take) if rounded else 1.0
    if rounding < order.recall_target:
        raise RecallTooLow(
            f"rounding to {order.precision.value} alone leaves a recall of {rounding:.4f}, below the "
            f"{order.recall_target} asked for: keep the vectors in float32, or ask for less"
        )
    spread = Spread(sample)
    for size in _sizes(sample, spread, count, order.recall_target, rng):
        codes = Codes.trained(sample, spread, size)
        codes.fill(read, count)
        best = examination.of(codes, size, rounding)
        if cost(best, count, order.recall_target) < np.inf:
            codes.save(order.root / order.name)
            return best
    if rounded:
        raise RecallTooLow(f"no code meets a recall of {order.recall_target} with vectors in {order.precision.value}")
    return Tuning()


def _sizes(sample: Vectors, spread: Spread, count: int, target: float, rng: np.random.Generator) -> list[int]:
    """Code sizes in the order in which to try them, cheapest search first, by a trial on the sample alone.

    The depth that a target takes grows with the gallery, slowly: measured from 1e5 to 1e7, as its fourth root.
    """
    grown = (count / len(sample)) ** 0.25

    def read(start: int, stop: int) -> Vectors:
        return sample[start:stop]

    examination = Examination(read, len(sample), sample, rng, queries=TRIAL_QUERIES)
    costs: dict[int, float] = {}
    for size in spread.code_sizes():
        if costs and scan_cost(size, count) >= min(costs.values()):
            costs[size] = scan_cost(size, count) + 1e9
            continue
        codes = Codes.trained(sample, spread, size)
        codes.fill(read, len(sample))
        costs[size] = cost(examination.of(codes, size, 1.0), count, target, grown=grown)
    # The larger ones stay as the way out where the trial was too hopeful.
    return sorted(costs, key=lambda size: (costs[size], size))


def _is_coded(order: Order, count: int) -> bool:
    return count >= max(order.coded_rows, FEWEST_CODED)


def _stop_if(cancelled: threading.Event) -> None:
    if cancelled.is_set():
        raise Cancelled("the index was closed while a segment was being built; nothing was lost")
