"""Turns the tail and small or worn segments into a new one, beside searches and changes, and swaps it in.

1. Under the write lock, a new log is started: what was before it no longer changes.
2. Without a lock, a segment is built from the tail and the chosen segments of that moment.
3. Under the write lock, one manifest replaces the other: the new segment for its sources, the old logs gone.
A crash in between leaves files that no manifest names; the next compaction removes them.
"""

import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.compressed import manifest as manifests
from index.compressed.building import Order, build
from index.compressed.files import locked_if_free, refusals, seal, sync_folder
from index.compressed.log import Log
from index.compressed.manifest import Manifest, SegmentFiles, log_path
from index.compressed.memory import precision_for
from index.compressed.store import Store
from index.compressed.vectors import RowNumbers
from index.compressed.view import View

LOCK = "compaction.lock"


@dataclass(frozen=True, slots=True)
class Limits:
    """When the index does what; the defaults suit every size.

    flush_rows, flush_bytes: a tail or log past this becomes a segment. bulk_rows: an addition of this many becomes
    one at once. coded_rows: segments from this size on have codes; smaller ones are compared with as a whole.
    largest_rows: segments are not merged past this size, which bounds the time and disk space of a compaction.
    worn_share, worn_rows: a segment with this share, and at least this many, removed is built anew.
    float_bytes: vectors are kept at full precision while they take no more than this; 0: half of the memory.
    """

    flush_rows: int = 16_384
    flush_bytes: int = 64 << 20
    bulk_rows: int = 32_768
    coded_rows: int = 50_000
    largest_rows: int = 20_000_000
    worn_share: float = 0.2
    worn_rows: int = 1_000
    float_bytes: int = 0


def is_due(view: View, log_bytes: int, limits: Limits) -> bool:
    """Whether a compaction would pay now."""
    if len(view.tail) >= limits.flush_rows or log_bytes >= limits.flush_bytes:
        return True
    return len(chosen(view, limits, with_tail=False)) > 0


def chosen(view: View, limits: Limits, *, with_tail: bool = True) -> list[int]:
    """The numbers of the segments to merge: the worn ones, and those at most twice what has come together so far.

    So each entry is rewritten about once for every doubling of the index, and segments stay few.
    """
    live = view.live_counts()
    picked = [number for number in range(len(live)) if _worn(view, number, limits)]
    total = sum(live[number] for number in picked) + (len(view.tail) if with_tail else 0)
    for number in sorted(set(range(len(live))) - set(picked), key=lambda number: live[number]):
        fits = total + live[number] <= limits.largest_rows
        if fits and (live[number] <= 2 * total or total == 0):
            picked.append(number)
            total += live[number]
    if not with_tail and len(picked) == 1 and not _worn(view, picked[0], limits):
        return []
    return sorted(picked)


def _worn(view: View, number: int, limits: Limits) -> bool:
    removed = len(view.dead[number])
    return removed >= limits.worn_rows and removed >= limits.worn_share * len(view.segments[number])


class Compactor:
    """Compacts one folder. `writing` gives the write lock; `cancelled` stops the building of a segment."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        limits: Limits,
        writing: Callable[[], AbstractContextManager[None]],
        cancelled: threading.Event,
    ) -> None:
        self._folder = folder
        self._store = store
        self._limits = limits
        self._writing = writing
        self._cancelled = cancelled

    def run(self, *, everything: bool = False) -> bool:
        """One compaction; with everything=True of all segments that fit together.

        Returns False, with nothing done, while another thread or process compacts this folder.
        """
        with locked_if_free(self._folder / LOCK) as mine:
            if not mine:
                return False
            sealed, number = self._seal()
            merged = self._everything(sealed) if everything else chosen(sealed, self._limits)
            built = self._build(sealed, merged, number)
            self._swap(sealed, merged, built, number)
            return True

    def _everything(self, view: View) -> list[int]:
        picked, total = [], len(view.tail)
        for number, live in enumerate(view.live_counts()):
            if total + live <= self._limits.largest_rows:
                picked.append(number)
                total += live
        return picked

    def _seal(self) -> tuple[View, int]:
        """Start a new log; return what all before it amounts to, and the number of the log."""
        with self._writing():
            manifest = self._store.manifest
            number = manifest.next_number
            Log.create(log_path(self._folder, number), manifest.dimension, len(manifest.attribute_names))
            manifests.write(self._folder, replace(manifest, logs=(*manifest.logs, number), next_number=number + 1))
            return self._store.view(), number

    def _build(self, sealed: View, merged: list[int], number: int) -> SegmentFiles | None:
        parts = [sealed.part_of_segment(each) for each in merged] + [sealed.part_of_tail()]
        parts = [part for part in parts if len(part.ids)]
        if not parts:
            return None
        manifest = self._store.manifest
        replaced = {sealed.segments[each].described.name for each in merged}
        others = replace(manifest, segments=tuple(each for each in manifest.segments if each.name not in replaced))
        order = Order(
            root=self._folder,
            name=f"segment-{number:08d}",
            born=(number, 0),
            precision=precision_for(others, sum(len(part.ids) for part in parts), self._limits.float_bytes),
            dimension=manifest.dimension,
            recall_target=sealed.recall_target,
            coded_rows=self._limits.coded_rows,
        )
        return build(order, parts, self._cancelled)

    def _swap(self, sealed: View, merged: list[int], built: SegmentFiles | None, number: int) -> None:
        replaced = {sealed.segments[each].described.name for each in merged}
        dead = {
            segment.described.name: rows
            for segment, rows in zip(sealed.segments, sealed.dead, strict=True)
            if segment.described.name not in replaced
        }
        with self._writing():
            manifest = self._store.manifest
            kept = [each for each in manifest.segments if each.name not in replaced]
            kept = [_with_dead(self._folder, each, dead.get(each.name), number) for each in kept]
            moved = replace(
                manifest,
                segments=(*kept, *([built] if built else [])),
                logs=tuple(each for each in manifest.logs if each >= number),
            )
            if manifest.position_at < (number, 0):
                moved = replace(moved, position=sealed.position, position_at=(number, 0))
            manifests.write(self._folder, moved)
            self._store.view()
            remove_strays(self._folder, moved)


def _with_dead(folder: Path, segment: SegmentFiles, dead: RowNumbers | None, number: int) -> SegmentFiles:
    """The segment with the rows that were removed before the sealed log, in a file of their own."""
    known = 0 if not segment.dead else segment.files[segment.dead].size // 8
    if dead is None or len(dead) == known:
        return segment
    name = f"dead-{number:08d}.bin"
    path = folder / segment.name / name
    with refusals(path):
        np.ascontiguousarray(dead, dtype="<i8").tofile(path)
    sealed = {file: each for file, each in segment.files.items() if file != segment.dead} | {name: seal(path)}
    sync_folder(path.parent)
    return replace(segment, files=sealed, dead=name)


def remove_strays(folder: Path, manifest: Manifest) -> None:
    """Remove what the manifest does not name: replaced files, and the leavings of a crash.

    Needs the write lock and the compaction's. Readers that still have such a file open keep it until they let go.
    """
    segments = {each.name: each for each in manifest.segments}
    logs = {log_path(folder, number).name for number in manifest.logs}
    for path in folder.iterdir():
        if path.name.startswith("segment-") and path.name not in segments:
            shutil.rmtree(path, ignore_errors=True)
        elif path.name.startswith("segment-"):
            for file in path.iterdir():
                if file.name not in segments[path.name].files:
                    file.unlink(missing_ok=True)
        elif path.name.startswith("log-") and path.name not in logs:
            path.unlink(missing_ok=True)
