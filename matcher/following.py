"""Keeps one vector index in step with the records: caught up from the change log, or rebuilt where that can't be."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from index.base import (
    DuplicateId,
    IndexClosed,
    IndexFault,
    IndexUnavailable,
    IndexUnwritable,
    UnknownId,
    VectorIndex,
    WrongRequest,
    WrongVectors,
)
from index.exact import ExactIndex
from matcher.faces import EngineKey
from matcher.records import feed
from matcher.records.coding import ATTRIBUTE_NAMES
from matcher.records.database import Database

AT_ONCE = 20_000
"""How many log entries or templates are in memory at a time."""

_NO_IDS = np.empty(0, dtype=np.int64)
_NOT_KNOWN = -1
_TRIES = 3

# Rebuilding would not change that these are refused.
_ASKED_WRONGLY = (WrongVectors, WrongRequest, UnknownId, IndexUnwritable, IndexUnavailable)

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class IndexSource(Protocol):
    """Where the index comes from: in memory, files in a folder, a server."""

    def open(self) -> VectorIndex:
        """The index as it was left, or an empty one at position 0; raises IndexDamaged."""
        ...

    def renew(self) -> VectorIndex:
        """An empty index at position 0 in place of the one that is there, which is closed by now or damaged."""
        ...


@runtime_checkable
class Growing(Protocol):
    """A source that has another kind of index for larger galleries."""

    def outgrown(self, entries: int) -> VectorIndex | None:
        """The larger index, opened, where this many entries are too many for the one in use; else None."""
        ...


class InMemory:
    """A source of exact indexes that live with the process; each opening is built from the records."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension

    def open(self) -> VectorIndex:
        return ExactIndex(self._dimension, ATTRIBUTE_NAMES)

    def renew(self) -> VectorIndex:
        return self.open()


class Follower:
    """An index that is never behind what its caller has seen the records acknowledge.

    Searching threads share it without waiting for each other; one at a time applies changes.
    """

    def __init__(self, database: Database, engine: EngineKey, dimension: int, source: IndexSource) -> None:
        self._database = database
        self._engine = engine
        self._dimension = dimension
        self._source = source
        self._applying = threading.RLock()
        self._closed = False
        # Odd while entries are away for a moment or the index is being replaced: what was found then doesn't count.
        self._generation = 0
        self._position = _NOT_KNOWN
        self._index: VectorIndex | None = None
        self.catch_up()

    def catch_up(self) -> int:
        """Bring the index to where the records are now, rebuilding it where it must be; return that position."""
        with self._database.reading() as connection:
            latest = feed.log_range(connection).latest
        if latest == self._position and not self._closed:
            return latest
        with self._applying:
            self._must_be_open()
            try:
                self._follow()
            except IndexUnavailable:
                # What it holds is not in doubt: it is gone on with when it answers again.
                raise
            except IndexFault as exc:
                self._distrust(f"{type(exc).__name__}: {exc}")
            return self._position

    @property
    def engine(self) -> EngineKey:
        return self._engine

    @property
    def dimension(self) -> int:
        return self._dimension

    @contextmanager
    def held(self) -> Iterator[tuple[VectorIndex, int]]:
        """The caught-up index and its position; this process applies nothing to it inside the block."""
        with self._applying:
            self.catch_up()
            if self._index is None:
                raise IndexClosed("the index could not be rebuilt")
            yield self._index, self._position

    def rebuild(self) -> None:
        """Make the index anew from the records; searches wait meanwhile."""
        with self._applying:
            self._must_be_open()
            self._renew()

    def settled(self, ask: Callable[[VectorIndex], _T]) -> _T:
        """What ask finds in the caught-up index, asked again where entries were away while it searched.

        An index that turns out damaged is rebuilt from the records, once; what is wrong with the question is raised.
        """
        rebuilt = False
        for _ in range(_TRIES):
            self.catch_up()
            generation, index = self._generation, self._index
            if generation % 2 or index is None:
                break
            try:
                found = ask(index)
            except IndexClosed:
                if self._closed or self._generation == generation:
                    raise
                continue
            except _ASKED_WRONGLY:
                raise
            except IndexFault as exc:
                if rebuilt or self._closed:
                    raise
                rebuilt = True
                self._replace(index, f"{type(exc).__name__}: {exc}")
                continue
            if generation == self._generation:
                return found
        # Changes come faster than answers: they wait for this one.
        with self.held() as (index, _):
            return ask(index)

    def close(self) -> None:
        with self._applying:
            self._closed = True
            if self._index is not None:
                self._index.close()

    def _must_be_open(self) -> None:
        if self._closed:
            raise IndexClosed("this gallery was closed")

    def _follow(self) -> None:
        if self._index is None:
            self._index = self._source.open()
        index = self._index
        if index.dimension != self._dimension or index.attribute_names != ATTRIBUTE_NAMES:
            raise IndexFault("the index was made for other vectors or attributes")
        # The index first: others may move both on, and it must not seem to be ahead of the records.
        at = index.position
        with self._database.reading() as connection:
            log = feed.log_range(connection)
            count = feed.count(connection, self._engine)
        if not log.start <= at <= log.latest:
            self._distrust(f"it stands at {at}, the change log goes from {log.start} to {log.latest}")
            return
        if at == 0 and len(index):
            self._distrust("it was left half made")
            return
        if at == 0 and log.latest > AT_ONCE:
            # The way of an index in memory at each start: streaming is faster than following the log from its start.
            self._position = self._fill(index)
            return
        if at == log.latest and len(index) != count and index.position == at:
            # The same position in another history, as after restoring an older state of one of the two.
            self._distrust(f"it holds {len(index)} entries, the records {count}")
            return
        self._apply_until(index, log.latest)
        self._position = log.latest
        self._outgrow(index)

    def _outgrow(self, index: VectorIndex) -> None:
        """Go on with a larger index where there are too many entries by now; searches wait while it is filled."""
        larger = self._source.outgrown(len(index)) if isinstance(self._source, Growing) else None
        if larger is None:
            return
        self._generation += 1
        try:
            self._index, self._position = larger, _NOT_KNOWN
            index.close()
        finally:
            self._generation += 1
        self._follow()

    def _apply_until(self, index: VectorIndex, latest: int) -> None:
        while (at := index.position) < latest:
            with self._database.reading() as connection:
                changes = feed.changes(connection, after=at, limit=AT_ONCE)
                entries = feed.entries(connection, self._engine, self._dimension, changes.added)
            if changes.last == at:
                raise IndexFault(f"the change log ends at {at}, before {latest}")
            try:
                self._apply(index, changes, entries)
            except DuplicateId:
                # Another process that shares this index's files was quicker.
                if index.position < changes.last:
                    raise

    def _apply(self, index: VectorIndex, changes: feed.Changes, entries: feed.Entries) -> None:
        removed = np.array(changes.removed, dtype=np.int64)
        if not len(entries):
            index.remove(removed, position=changes.last)
            return
        if changes.moved:
            self._generation += 1
        try:
            if len(removed):
                index.remove(removed)
            index.add(entries.ids, entries.vectors, attributes=entries.attributes, position=changes.last)
        finally:
            if changes.moved:
                self._generation += 1

    def _replace(self, index: VectorIndex, reason: str) -> None:
        """Rebuild in the place of this index, unless another thread has done so meanwhile."""
        with self._applying:
            self._must_be_open()
            if self._index is index:
                self._distrust(reason)

    def _distrust(self, reason: str) -> None:
        _log.warning("rebuilding the index from the records: %s", reason)
        self._renew()

    def _renew(self) -> None:
        """Stream every template into a new index; searches wait meanwhile."""
        self._generation += 1
        try:
            self._position = _NOT_KNOWN
            if self._index is not None:
                with suppress(IndexFault):
                    self._index.close()
            self._index = None
            index = self._source.renew()
            try:
                self._position = self._fill(index)
            except BaseException:
                index.close()
                raise
            self._index = index
        finally:
            self._generation += 1

    def _fill(self, index: VectorIndex) -> int:
        """Every template into the empty index, then what was written meanwhile; return the position reached."""
        with self._database.reading() as connection:
            latest = feed.log_range(connection).latest
            for part in feed.all_entries(connection, self._engine, self._dimension, at_once=AT_ONCE):
                index.add(part.ids, part.vectors, attributes=part.attributes)
        # Only now: an index that is left at position 0 with entries in it was not finished.
        index.remove(_NO_IDS, position=latest)
        with self._database.reading() as connection:
            now = feed.log_range(connection).latest
        self._apply_until(index, now)
        return now
