"""A `VectorIndex` on Milvus: one state row, one collection of entries, vectors rotated by a secret key.

The server never sees a vector as an engine made it, nor a query; see index/compressed/rotation.py for what that is
worth. Entries are written first and the position last, and every write by id may be repeated: whatever moment a
process dies at, carrying out the same change again leaves the index as if nothing had happened.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from index.base import (
    EVERYTHING,
    Attributes,
    DuplicateId,
    Hits,
    Ids,
    IndexClosed,
    IndexDamaged,
    IndexFault,
    Stats,
    Vectors,
    Where,
)
from index.checks import (
    check_attributes,
    check_ids,
    check_k,
    check_new_ids,
    check_position,
    check_query,
    check_radius,
    check_shape_of_index,
    check_vectors,
    check_where,
)
from index.compressed.rotation import Rotation
from index.milvus.address import MilvusAddress
from index.milvus.client import Server
from index.milvus.entries import Entries
from index.milvus.faults import CollectionGone
from index.milvus.naming import check_name, new_name, sweep
from index.milvus.schema import attribute_fields
from index.milvus.state import Made, State, StateRow

_T = TypeVar("_T")


class MilvusIndex:
    """Entries on a server, searched there and ranked here by their exact distances.

    Any number of processes may search. Those that change it must take turns, which is the caller's to see to; each
    looks at `position` first, which notices that another one has put a new collection in the place of the old.
    """

    def __init__(
        self,
        address: MilvusAddress,
        name: str,
        dimension: int,
        attribute_names: Sequence[str] = (),
        *,
        tag: str,
        key: bytes,
        replacing: bool = False,
    ) -> None:
        """Open the index of this name, or make it. tag: the engine that the vectors are from. key: 16 bytes or more.

        replacing: an index that is damaged, or of another engine or key, gives way to an empty one.
        Raises WrongRequest, IndexUnavailable, IndexForeign or IndexDamaged.
        """
        check_name(name)
        self._names = check_shape_of_index(dimension, attribute_names)
        self._dimension = dimension
        self._name = name
        self._rotation = Rotation(key, dimension)
        self._writing = threading.RLock()
        self._closed = False
        self._founded = False
        made = Made(dimension, self._names, tag, self._rotation.check)
        # Refused before anything is asked of the server.
        attribute_fields(dimension, self._names)
        self._server = Server(address)
        try:
            self._state = StateRow(self._server, name, made)
            self._entries = self._entries_named(self._opened(replacing=replacing).collection)
        except BaseException:
            self._server.close()
            raise

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def attribute_names(self) -> tuple[str, ...]:
        return self._names

    @property
    def collection(self) -> str:
        """The name of the collection that is searched."""
        return self._entries.name

    @property
    def founded(self) -> bool:
        """Whether there was no usable index, so that this opening has made an empty one."""
        return self._founded

    @property
    def position(self) -> int:
        """As the server has it now; a collection that took the place of the old one is used from here on."""
        return self._now().position

    def __len__(self) -> int:
        return self._asked(Entries.count)

    def add(
        self,
        ids: Ids,
        vectors: Vectors,
        *,
        attributes: Attributes | None = None,
        position: int | None = None,
    ) -> None:
        """As the protocol says. Where the server fails in the middle, what was written is removed if it can be."""
        ids, vectors, attributes = self._checked(ids, vectors, attributes)
        with self._writing:
            now = self._now()
            position = check_position(position, now.position)
            if present := self._asked(lambda entries: entries.present(ids)) if len(ids) else set():
                raise DuplicateId(f"id {min(present)} is already there")
            try:
                self._asked(lambda entries: entries.put(ids, vectors, attributes))
                self._move_to(now, position)
            except BaseException:
                self._undo(ids)
                raise

    def apply(
        self,
        removed: Ids,
        ids: Ids,
        vectors: Vectors,
        *,
        attributes: Attributes | None = None,
        position: int,
    ) -> None:
        """Remove entries and write others, in the place of those with the same ids; then stand at position.

        The same call may be repeated after whatever happened in the middle of it.
        """
        removed = check_ids(removed)
        ids, vectors, attributes = self._checked(ids, vectors, attributes)
        with self._writing:
            now = self._now()
            position = check_position(position, now.position)
            gone = sorted(set(removed.tolist()) - set(ids.tolist()))
            self._asked(lambda entries: entries.delete(gone))
            self._asked(lambda entries: entries.put(ids, vectors, attributes))
            self._move_to(now, position)

    def remove(self, ids: Ids, *, position: int | None = None) -> int:
        ids = check_ids(ids)
        with self._writing:
            now = self._now()
            position = check_position(position, now.position)
            present = sorted(self._asked(lambda entries: entries.present(ids))) if len(ids) else []
            self._asked(lambda entries: entries.delete(present))
            self._move_to(now, position)
            return len(present)

    def search(self, queries: Vectors, k: int, *, where: Where = EVERYTHING) -> Hits:
        queries = check_vectors(queries, self._dimension)
        k = check_k(k)
        check_where(where, self._names)
        turned = self._rotation.apply(queries)
        return self._asked(lambda entries: entries.search(turned, k, where))

    def range_search(self, query: Vectors, radius: float, *, where: Where = EVERYTHING) -> Hits:
        queries = check_query(query, self._dimension)
        radius = check_radius(radius)
        check_where(where, self._names)
        turned = self._rotation.apply(queries)[0]
        return self._asked(lambda entries: entries.range_search(turned, radius, where))

    def vectors(self, ids: Ids) -> Vectors:
        ids = check_ids(ids)
        return self._rotation.undo(self._asked(lambda entries: entries.vectors(ids)))

    def ids(self) -> Ids:
        return self._asked(Entries.ids)

    def stats(self) -> Stats:
        """recall: 1 where every entry is compared, else 0: it was not measured here."""
        address = self._server.address
        return Stats(
            kind="milvus",
            entries=len(self),
            exact=address.exact,
            recall=1.0 if address.exact else 0.0,
            recall_target=1.0 if address.exact else 0.0,
            disk_bytes=0,
            details={"place": str(address), "collection": self.collection, "index_type": address.index_type.value},
        )

    def new_entries(self) -> Entries:
        """A new, empty collection beside the one that is searched, for `publish`; those left half filled are removed.

        Needs the caller's turn until then, as every change does.
        """
        self._must_be_open()
        sweep(self._server, self._name, kept=self.collection)
        entries = self._entries_named(new_name(self._name))
        entries.create()
        return entries

    def close(self) -> None:
        with self._writing:
            if not self._closed:
                self._closed = True
                self._server.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add_to(self, entries: Entries, ids: Ids, vectors: Vectors, attributes: Attributes | None) -> None:
        """Write to a collection that is not searched yet; raises as `add`."""
        entries.put(*self._checked(ids, vectors, attributes))

    def publish(self, entries: Entries, position: int) -> None:
        """Put these entries in the place of those that were searched, in one write, and remove the others."""
        with self._writing:
            self._state.write(State(entries.name, check_position(position, 0)))
            self._entries = entries
            sweep(self._server, self._name, kept=entries.name)

    def _checked(self, ids: Ids, vectors: Vectors, attributes: Attributes | None) -> tuple[Ids, Vectors, Attributes]:
        self._must_be_open()
        vectors = check_vectors(vectors, self._dimension)
        ids = check_new_ids(ids, len(vectors))
        return ids, self._rotation.apply(vectors), check_attributes(attributes, len(ids), self._names)

    def _opened(self, *, replacing: bool) -> State:
        try:
            state = self._state.read()
        except IndexDamaged:
            if not replacing:
                raise
            state = None
        if state is None:
            self._founded = True
            state = State(new_name(self._name), 0)
            self._entries_named(state.collection).create()
            self._state.found(state)
        return state

    def _now(self) -> State:
        self._must_be_open()
        state = self._state.read()
        if state is None:
            raise IndexDamaged(f"the index {self._name} is gone from the server: rebuild the index from the records")
        if state.collection != self._entries.name:
            self._entries = self._entries_named(state.collection)
        return state

    def _asked(self, ask: Callable[[Entries], _T]) -> _T:
        """What ask finds; asked again where another process had put a new collection in the place of this one."""
        self._must_be_open()
        entries = self._entries
        try:
            return ask(entries)
        except CollectionGone:
            self._now()
            if self._entries is entries:
                raise
            return ask(self._entries)

    def _move_to(self, now: State, position: int) -> None:
        if position != now.position:
            self._state.write(State(now.collection, position))

    def _undo(self, ids: Ids) -> None:
        try:
            self._entries.delete(ids.tolist())
        except IndexFault:
            # The server is away; the position still says that these were not added.
            return

    def _entries_named(self, name: str) -> Entries:
        return Entries(self._server, name, self._dimension, self._names)

    def _must_be_open(self) -> None:
        if self._closed:
            raise IndexClosed("this index was closed")
