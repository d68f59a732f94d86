"""A new index while it is built: under a name that nobody knows, with the folder's lock held."""

from contextlib import ExitStack, suppress
from typing import Protocol

import numpy as np

from index.base import Attributes, Ids, IndexFault, Vectors
from index.checks import check_attributes
from index.compressed.index import CompressedIndex
from matcher.index_folder import IndexFolder
from matcher.records.coding import ATTRIBUTE_NAMES

# So many are in memory before they become files; fewer would make many small files of a large gallery.
_AT_ONCE = 100_000
_NO_IDS = np.empty(0, dtype=np.int64)


class Opener(Protocol):
    """Opens the indexes of one folder by name."""

    folder: IndexFolder

    def open_named(self, name: str, *, gathering: bool = False, background: bool = True) -> CompressedIndex: ...


class Draft:
    """Gathers entries; `publish` makes them the index that every process searches, `abandon` forgets them."""

    def __init__(self, opener: Opener, holding: ExitStack) -> None:
        """holding: keeps the folder's lock, and lets go of it when the draft ends."""
        self._opener = opener
        self._folder = opener.folder
        self._holding = holding
        self._name = self._folder.new_name()
        self._parts: list[tuple[Ids, Vectors, Attributes]] = []
        self._index = opener.open_named(self._name, gathering=True)

    def add(self, ids: Ids, vectors: Vectors, attributes: Attributes | None) -> None:
        """Keep a copy of these entries in mind, or write many of them at once."""
        checked = check_attributes(attributes, len(ids), ATTRIBUTE_NAMES)
        self._parts.append((ids.copy(), vectors.copy(), checked.copy()))
        if sum(len(part[0]) for part in self._parts) >= _AT_ONCE:
            self._flush()

    def publish(self, position: int) -> None:
        """Build the index of everything and put it in the place of the current one; raises IndexFault."""
        self._flush()
        self._index.close()
        self._index = self._opener.open_named(self._name, background=False)
        if len(self._index):
            self._index.compact()
        self._index.remove(_NO_IDS, position=position)
        self._index.close()
        self._folder.publish(self._name)
        self._holding.close()

    def abandon(self) -> None:
        """Remove what was gathered and let go of the lock; the current index stays."""
        try:
            self._index.close()
            with suppress(IndexFault):
                self._folder.sweep(self._folder.current())
        finally:
            self._holding.close()

    def _flush(self) -> None:
        if not self._parts:
            return
        ids, vectors, attributes = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        self._parts = []
        self._index.add(ids, vectors, attributes=attributes)
