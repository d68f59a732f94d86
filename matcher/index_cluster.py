"""The source of an index on a server that all processes and machines of some records share, for a `Follower`.

- Each process follows the change log by itself. Whoever comes first applies a change for all, in its turn, and only
  where the index still stands at the position that this process saw last; see matcher/records/turns.py.
- Entries are written and removed by their ids, then the position: a change that a process died in is carried out again
  by the next one, to the same effect. Entries whose attributes changed are replaced in one write.
- A new index is built apart, in a collection that nobody knows, and takes the place of the current one as a whole.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from index.base import EVERYTHING, Attributes, Hits, Ids, Stats, Vectors, Where
from index.checks import check_ids
from index.milvus.address import MilvusAddress
from index.milvus.entries import Entries
from index.milvus.index import MilvusIndex
from matcher.records.coding import ATTRIBUTE_NAMES
from matcher.records.turns import Turn

_NO_IDS = np.empty(0, dtype=np.int64)

TakeTurn = Callable[[], AbstractContextManager[Turn]]


def _untold(_added: int) -> None:
    return


class OnServer:
    """One engine's index on a Milvus; see `matcher.following.IndexSource`."""

    def __init__(
        self,
        address: MilvusAddress,
        name: str,
        dimension: int,
        *,
        tag: str,
        key: Callable[[], bytes],
        turn: TakeTurn,
        recall: float = 1.0,
        told: Callable[[int], None] = _untold,
    ) -> None:
        """name: of the index on the server. turn: the right to change it, among all who may.

        key: what vectors are rotated by, asked for at each opening: another process may have renewed it.
        recall: what was measured, where the index may miss. told: how many entries were written, each time.
        """
        self.turn = turn
        self.told = told
        self.recall = recall
        self._address = address
        self._name = name
        self._dimension = dimension
        self._tag = tag
        self._key = key
        self._seen = ""

    def open(self) -> "ClusterIndex":
        with self.turn():
            index = self._connected(replacing=False)
        self._seen = index.collection
        return ClusterIndex(self, index)

    def renew(self) -> "ClusterIndex":
        with ExitStack() as holding:
            turn = holding.enter_context(self.turn())
            index = self._connected(replacing=True)
            if self._seen and index.collection != self._seen and not index.founded:
                # Another process has built a new one meanwhile.
                self._seen = index.collection
                return ClusterIndex(self, index, needless=True)
            self._seen = index.collection
            try:
                return ClusterIndex(self, index, draft=Draft(index, turn, holding.pop_all()))
            except BaseException:
                index.close()
                raise

    def _connected(self, *, replacing: bool) -> MilvusIndex:
        return MilvusIndex(
            self._address,
            self._name,
            self._dimension,
            ATTRIBUTE_NAMES,
            tag=self._tag,
            key=self._key(),
            replacing=replacing,
        )


class Draft:
    """A collection that is filled while nobody knows it, with the turn held."""

    def __init__(self, index: MilvusIndex, turn: Turn, holding: ExitStack) -> None:
        """holding: keeps the turn, and gives it back when the draft ends."""
        self._index = index
        self._turn = turn
        self._holding = holding
        try:
            self._entries: Entries = index.new_entries()
        except BaseException:
            holding.close()
            raise

    def add(self, ids: Ids, vectors: Vectors, attributes: Attributes | None) -> None:
        self._index.add_to(self._entries, ids, vectors, attributes)

    def publish(self, position: int) -> None:
        """Make it the index that every process searches; raises IndexFault or RecordsUnavailable."""
        self._turn.must_last()
        self._index.publish(self._entries, position)
        self._holding.close()

    def abandon(self) -> None:
        """Give the turn back; the collection is removed by the next draft."""
        self._holding.close()


class ClusterIndex:
    """A `VectorIndex` whose changes come from one follower of the change log, in the order that `Follower` has.

    Additions without a position are gathered for a new index; the removal with a position that ends them publishes it.
    A removal without a position happens together with the addition that follows it.
    """

    def __init__(
        self, source: OnServer, index: MilvusIndex, *, draft: Draft | None = None, needless: bool = False
    ) -> None:
        self._source = source
        self._index = index
        self._draft = draft
        # Another process has built the new index meanwhile: what is gathered here is not needed.
        self._needless = needless
        self._looked_at = -1
        self._removed = _NO_IDS

    @property
    def dimension(self) -> int:
        return self._index.dimension

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return self._index.attribute_names

    @property
    def position(self) -> int:
        self._looked_at = self._index.position
        return self._looked_at

    def __len__(self) -> int:
        return len(self._index)

    def add(
        self, ids: Ids, vectors: Vectors, *, attributes: Attributes | None = None, position: int | None = None
    ) -> None:
        if position is None:
            self._gather(ids, vectors, attributes)
            return
        removed, self._removed = self._removed, _NO_IDS
        self._change(removed, ids, vectors, attributes, position)

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        """As `VectorIndex.remove`, but always 0: the removal is still to come, or nobody has counted."""
        ids = check_ids(ids)
        if position is None:
            self._removed = ids
            return 0
        self._removed = _NO_IDS
        if self._draft is not None or self._needless:
            self._end_draft(position)
            return 0
        self._change(ids, _NO_IDS, np.empty((0, self.dimension), dtype=np.float32), None, position)
        return 0

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        return self._index.search(queries, k, where=where)

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        return self._index.range_search(query, radius, where=where)

    def vectors(self, ids: Ids) -> Vectors:
        return self._index.vectors(ids)

    def ids(self) -> Ids:
        return self._index.ids()

    def stats(self) -> Stats:
        """As `VectorIndex.stats`, with the recall that the move here has measured."""
        stats = self._index.stats()
        return stats if stats.exact else replace(stats, recall=self._source.recall)

    def close(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.abandon()
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _change(self, removed: Ids, ids: Ids, vectors: Vectors, attributes: Attributes | None, position: int) -> None:
        """Apply a change where nobody else has moved the index on."""
        with self._source.turn():
            if self._index.position == self._looked_at:
                self._index.apply(removed, ids, vectors, attributes=attributes, position=position)
                self._source.told(len(ids))

    def _gather(self, ids: Ids, vectors: Vectors, attributes: Attributes | None) -> None:
        if self._draft is None and not self._needless:
            self._start_draft()
        if self._draft is None:
            return
        try:
            self._draft.add(ids, vectors, attributes)
        except BaseException:
            self._forget_draft()
            raise
        self._source.told(len(ids))

    def _start_draft(self) -> None:
        with ExitStack() as holding:
            turn = holding.enter_context(self._source.turn())
            # It was new and empty a moment ago; is it filled now?
            if self._index.position:
                self._needless = True
                return
            self._draft = Draft(self._index, turn, holding.pop_all())

    def _end_draft(self, position: int) -> None:
        needless, self._needless = self._needless, False
        if needless or self._draft is None:
            return
        try:
            self._draft.publish(position)
        except BaseException:
            self._forget_draft()
            raise
        self._draft = None

    def _forget_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            draft.abandon()
