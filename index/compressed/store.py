"""Keeps a process's view of the folder current: opens segments, follows the logs, applies changes in order."""

import os
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.base import Ids, IndexClosed, IndexDamaged, RecallTooLow
from index.compressed import manifest as manifests
from index.compressed.files import REMEDY
from index.compressed.log import Change, Log
from index.compressed.manifest import Manifest, Place
from index.compressed.memory import machine_memory
from index.compressed.segment import Segment
from index.compressed.tuning import best_recall, depth_for
from index.compressed.vectors import RowNumbers
from index.compressed.view import View
from index.rows import RowTable

# A manifest's inode, time of change and size.
Stamp = tuple[int, int, int]

# How often a reader looks again when files vanish under it because a new manifest came in between.
LOOKS, PAUSE = 50, 0.01


@dataclass(frozen=True, slots=True)
class _Current:
    """A view and how to tell, without a lock, that nothing has changed since it was made.

    It keeps its log open, so that a reader never asks a file that another thread has just closed.
    """

    view: View
    stamp: Stamp
    log: Log
    end: int


class _Held:
    """A manifest's file, open until nobody holds this."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = manifests.opened(folder)
        self.number = self._file.fileno()
        weakref.finalize(self, self._file.close)

    def manifest(self) -> Manifest:
        return manifests.parse(self._folder, self._file.read())


class Store:
    """The folder as this process sees it. `view()` is current with every change acknowledged anywhere before it."""

    def __init__(self, folder: Path, recall_target: float | None = None) -> None:
        self._folder = folder
        self._asked_target = recall_target
        self._refreshing = threading.Lock()
        self._stamp: Stamp | None = None
        self._held: _Held | None = None
        self._manifest: Manifest | None = None
        self._segments: dict[str, Segment] = {}
        self._dead: dict[str, RowNumbers] = {}
        self._logs: dict[int, Log] = {}
        self._applied: Place = (-1, 0)
        self._tail = RowTable(1, 0)
        self._position = 0
        self._current: _Current | None = None
        self._closed = False
        self.view()

    @property
    def manifest(self) -> Manifest:
        if self._manifest is None or self._closed:
            raise IndexClosed("this index was closed")
        return self._manifest

    @property
    def log(self) -> Log:
        """The log that changes are appended to."""
        return self._logs[self.manifest.logs[-1]]

    @property
    def end(self) -> Place:
        """The place in the logs up to which the view reaches."""
        return self._applied

    def view(self) -> View:
        """Everything acknowledged by now; costs two system calls where nothing changed."""
        current = self._current
        if current is not None and current.log.acknowledged() == current.end and current.stamp == self._look():
            return current.view
        with self._refreshing:
            if self._closed:
                raise IndexClosed("this index was closed")
            try:
                if self._stamp != self._look():
                    self._load()
                else:
                    self._follow()
            except BaseException:
                # Half of the changes may have been applied: start afresh next time.
                self._stamp, self._current, self._manifest = None, None, None
                raise
            return self._publish()

    def check_logs(self) -> None:
        """Read all acknowledged changes once more; raises IndexDamaged."""
        for log in list(self._logs.values()):
            for _ in log.read(log.first, log.acknowledged()):
                pass

    def disk_bytes(self) -> int:
        """The size of all files that the manifest names."""
        segments = sum(sealed.size for each in self.manifest.segments for sealed in each.files.values())
        return segments + sum(log.acknowledged() for log in list(self._logs.values()))

    def close(self) -> None:
        with self._refreshing:
            self._closed = True
            self._current, self._manifest = None, None
            self._segments, self._dead, self._logs = {}, {}, {}
            self._tail = RowTable(1, 0)

    def _look(self) -> Stamp:
        try:
            return _stamp_of((self._folder / manifests.NAME).stat())
        except FileNotFoundError as exc:
            raise IndexDamaged(f"{self._folder / manifests.NAME} is missing: {REMEDY}") from exc

    def _load(self) -> None:
        """Take over the manifest as it is now; looks again where it was replaced in the middle of this."""
        for _ in range(LOOKS):
            # Kept open while in use: so no later manifest can have the same inode, and the stamp tells them apart.
            held = _Held(self._folder)
            stamp = _stamp_of(os.fstat(held.number))
            try:
                self._take_over(held.manifest())
            except (IndexDamaged, FileNotFoundError):
                if stamp == self._look():
                    raise
                time.sleep(PAUSE)
                continue
            self._stamp, self._held = stamp, held
            return
        raise IndexDamaged(f"{self._folder} changes faster than it can be opened")

    def _take_over(self, manifest: Manifest) -> None:
        scattered = (
            sum(sealed.size for each in manifest.segments for sealed in each.files.values()) > machine_memory() / 2
        )
        names = manifest.attribute_names
        segments = {
            each.name: self._kept(each.name, each)
            or Segment(self._folder, each, manifest.dimension, names, scattered=scattered)
            for each in manifest.segments
        }
        for segment in segments.values():
            _refuse_below(segment, self._target(manifest))
        logs = {number: self._logs.get(number) or self._open_log(manifest, number) for number in manifest.logs}
        before, self._manifest = self._manifest, manifest
        self._segments, self._logs = segments, logs
        if before is not None and _only_grew(before, manifest, self._applied):
            # A log was started or a segment added at the end: what was applied before still stands.
            self._dead = {name: self._dead.get(name, segment.dead) for name, segment in segments.items()}
            if (manifest.position, manifest.position_at) != (before.position, before.position_at):
                self._position = manifest.position
            self._follow()
            return
        self._dead = {name: segment.dead for name, segment in segments.items()}
        self._tail = RowTable(manifest.dimension, len(manifest.attribute_names))
        self._position = manifest.position
        self._applied = (manifest.logs[0], 0)
        self._follow()

    def _follow(self) -> None:
        """Apply what the logs hold past the place reached."""
        for number in self.manifest.logs:
            if number >= self._applied[0]:
                log = self._logs[number]
                start = max(log.first, self._applied[1] if number == self._applied[0] else 0)
                stop = log.acknowledged()
                for change in log.read(start, stop):
                    self._apply(change, (number, start))
                    start = change.end
                self._applied = (number, stop)

    def _apply(self, change: Change, place: Place) -> None:
        if change.position is not None and place >= self.manifest.position_at:
            self._position = change.position
        if change.vectors is not None and change.attributes is not None:
            self._tail.add(change.ids, change.vectors, change.attributes)
            return
        self._tail.remove(change.ids)
        for name, segment in self._segments.items():
            if segment.described.born <= place:
                self._dead[name] = _joined(self._dead[name], segment.find(change.ids))

    def _publish(self) -> View:
        manifest, stamp = self.manifest, self._stamp
        view = View(
            segments=tuple(self._segments.values()),
            dead=tuple(self._dead.values()),
            tail=self._tail.rows,
            names=manifest.attribute_names,
            position=self._position,
            recall_target=self._target(manifest),
        )
        if stamp is not None:
            self._current = _Current(view=view, stamp=stamp, log=self.log, end=self._applied[1])
        return view

    def _target(self, manifest: Manifest) -> float:
        return manifest.recall_target if self._asked_target is None else self._asked_target

    def _kept(self, name: str, described: object) -> Segment | None:
        segment = self._segments.get(name)
        return segment if segment is not None and segment.described == described else None

    def _open_log(self, manifest: Manifest, number: int) -> Log:
        return Log(manifests.log_path(self._folder, number), manifest.dimension, len(manifest.attribute_names))


def _joined(dead: RowNumbers, rows: Ids) -> RowNumbers:
    rows = rows[rows >= 0]
    return np.union1d(dead, rows) if len(rows) else dead


def _only_grew(before: Manifest, after: Manifest, applied: Place) -> bool:
    """Whether nothing went, and nothing came that should have been there before changes that are applied already."""
    known = len(before.segments)
    if after.logs[: len(before.logs)] != before.logs or after.segments[:known] != before.segments:
        return False
    moved = (after.position, after.position_at) != (before.position, before.position_at)
    return all(each.born >= applied for each in after.segments[known:]) and not (moved and after.position_at < applied)


def _stamp_of(status: os.stat_result) -> Stamp:
    return status.st_ino, status.st_mtime_ns, status.st_size


def _refuse_below(segment: Segment, target: float) -> None:
    tuning = segment.described.tuning
    if segment.codes is not None and depth_for(tuning, 20, target) is None:
        raise RecallTooLow(
            f"{segment.described.name} was measured at a recall of {best_recall(tuning):.4f} at most, below the "
            f"{target} asked for: ask for less, or build the index anew with this target"
        )
