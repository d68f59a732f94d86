"""The index on disk that all processes of a home search and keep in step with the records.

Each process follows the change log by itself; whoever comes first applies a change for all.

- A change is applied under the folder's lock, and only where the index still stands at the position that this process
  saw last. Otherwise nothing happens, and the follower, which looks at the position again, goes on from there.
- Entries whose attributes changed are away for a moment, between their removal and their return. The position that is
  stored is twice that of the log, and odd meanwhile: a search that met such a moment, in any process, is repeated.
- A new index is built apart, with the lock held, and takes the place of the current one as a whole. Processes notice
  at their next call, as `current` is another file. Until then they search the old one.
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Protocol, Self, TypeVar

import numpy as np

from index.base import EVERYTHING, Attributes, Hits, Ids, IndexClosed, IndexFault, Stats, Vectors, Where
from index.checks import check_ids
from index.compressed.index import CompressedIndex
from matcher.index_draft import Draft, Opener
from matcher.index_folder import Mark
from matcher.records.coding import ATTRIBUTE_NAMES

_T = TypeVar("_T")
_TRIES = 5
_NO_IDS = np.empty(0, dtype=np.int64)


class Indexes(Opener, Protocol):
    """Where a `SharedIndex` finds its files."""

    dimension: int

    def open_current(self) -> tuple[Mark | None, CompressedIndex]: ...

    def is_superseded(self) -> bool: ...


class SharedIndex:
    """A `VectorIndex` whose changes come from one follower of the change log, in the order that `Follower` has.

    Additions without a position are gathered for a new index; the removal with a position that ends them publishes it.
    A removal without a position happens together with the addition that follows it.
    """

    def __init__(self, indexes: Indexes) -> None:
        self._indexes = indexes
        self._folder = indexes.folder
        self._switching = threading.Lock()
        self._opened: tuple[Mark | None, CompressedIndex] | None = None
        self._draft: Draft | None = None
        # Another process has built the new index meanwhile: what is gathered here is not needed.
        self._needless = False
        self._looked_at = -1
        self._removed = _NO_IDS
        self._closed = False

    @property
    def dimension(self) -> int:
        return self._indexes.dimension

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return ATTRIBUTE_NAMES

    @property
    def position(self) -> int:
        at = self._ask(lambda index: index.position)
        if at % 2 and self._draft is None:
            # Whoever is at it needs a moment; if nobody is, a process has died there, and the change must come again.
            with self._folder.lock():
                at = self._ask(lambda index: index.position)
        self._looked_at = at
        return at // 2

    def __len__(self) -> int:
        return self._ask(len)

    def start_draft(self) -> None:
        """Gather a new index from now on, unless another process has just made one."""
        with ExitStack() as holding:
            holding.enter_context(self._folder.lock())
            if self._indexes.is_superseded():
                self._needless = True
                return
            self._draft = Draft(self._indexes, holding.pop_all())

    def add(
        self, ids: Ids, vectors: Vectors, *, attributes: Attributes | None = None, position: int | None = None
    ) -> None:
        if position is None:
            self._gather(ids, vectors, attributes)
            return
        removed, self._removed = self._removed, _NO_IDS

        def change(index: CompressedIndex) -> None:
            if len(removed):
                moved = np.isin(removed, ids).any()
                index.remove(removed, position=self._looked_at | 1 if moved else None)
            index.add(ids, vectors, attributes=attributes, position=2 * position)

        self._change(change)

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        """As `VectorIndex.remove`; 0 where the removal is still to come, or others have done it."""
        ids = check_ids(ids)
        if position is None:
            self._removed = ids
            return 0
        self._removed = _NO_IDS
        if self._draft is not None or self._needless:
            self._end_draft(position)
            return 0
        return self._change(lambda index: index.remove(ids, position=2 * position)) or 0

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        return self._settled(lambda index: index.search(queries, k, where=where))

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        return self._settled(lambda index: index.range_search(query, radius, where=where))

    def vectors(self, ids: Ids) -> Vectors:
        return self._settled(lambda index: index.vectors(ids))

    def ids(self) -> Ids:
        return self._settled(lambda index: index.ids())

    def stats(self) -> Stats:
        """As `VectorIndex.stats`, with memory_bytes: what is not mapped from files, which all processes share."""
        stats = self._ask(lambda index: index.stats())
        each = 4 * self.dimension + 8 + 4 * len(ATTRIBUTE_NAMES)
        held = int(stats.details["tail_entries"]) * each
        if not stats.details["codes_mapped"]:
            held += int(stats.details["coded_entries"]) * int(stats.details["code_bytes"])
        return replace(stats, details={**stats.details, "memory_bytes": held})

    def verify(self) -> None:
        """Read every file whole and compare checksums; raises IndexDamaged. Searches go on."""
        self._ask(lambda index: index.verify())

    def compact(self) -> None:
        """Build one segment of everything that was gathered. Searches and changes go on."""
        self._ask(lambda index: index.compact())

    def close(self) -> None:
        with self._switching:
            self._closed = True
            draft, self._draft = self._draft, None
            if draft is not None:
                draft.abandon()
            if self._opened is not None:
                self._opened[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _current(self) -> CompressedIndex:
        """The index that is current now: reopened where it has become another one."""
        mark, opened = self._folder.mark(), self._opened
        if opened is not None and opened[0] == mark and not self._closed:
            return opened[1]
        with self._switching:
            if self._closed:
                raise IndexClosed("this index was closed")
            opened = self._opened
            if opened is not None and opened[0] == self._folder.mark():
                return opened[1]
            self._opened = self._indexes.open_current()
            if opened is not None:
                opened[1].close()
            return self._opened[1]

    def _ask(self, ask: Callable[[CompressedIndex], _T]) -> _T:
        """What the current index answers; asked again where it was replaced meanwhile."""
        for _ in range(_TRIES):
            index = self._current()
            try:
                return ask(index)
            except IndexFault:
                if self._closed or index is self._current():
                    raise
        raise IndexClosed("the index is replaced faster than it answers")

    def _settled(self, ask: Callable[[CompressedIndex], _T]) -> _T:
        """What ask finds in a state of the index in which no entry is away."""

        def between_changes(index: CompressedIndex) -> tuple[_T] | None:
            before = index.position
            if before % 2:
                return None
            found = ask(index)
            return (found,) if index.position == before else None

        for _ in range(_TRIES):
            if (found := self._ask(between_changes)) is not None:
                return found[0]
        # Changes come faster than answers, or one is under way: they wait for this one.
        with self._folder.lock():
            found = self._ask(between_changes)
        if found is None:
            raise IndexFault("a process died while it changed the index; ask again, and the change is completed")
        return found[0]

    def _change(self, change: Callable[[CompressedIndex], _T]) -> _T | None:
        """Apply a change where nobody else has moved the index on; None where somebody has."""
        with self._folder.lock():
            index = self._current()
            return change(index) if index.position == self._looked_at else None

    def _gather(self, ids: Ids, vectors: Vectors, attributes: Attributes | None) -> None:
        if self._draft is None and not self._needless:
            self.start_draft()
            if self._draft is not None and self._current().position:
                # It was new and empty a moment ago, and is filled now.
                self._forget_draft()
                self._needless = True
        if self._draft is None:
            return
        try:
            self._draft.add(ids, vectors, attributes)
        except BaseException:
            self._forget_draft()
            raise

    def _end_draft(self, position: int) -> None:
        needless, self._needless = self._needless, False
        if needless or self._draft is None:
            return
        try:
            self._draft.publish(2 * position)
        except BaseException:
            self._forget_draft()
            raise
        self._draft = None

    def _forget_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.abandon()
