"""What an index on Milvus knows of itself: one row, replaced as a whole, so that nothing in it is ever half changed.

It says which collection holds the entries and where in the change log they stand: a new collection takes the place of
the old one, with its position, in one write.
"""

import json
from dataclasses import dataclass

from index.base import IndexDamaged, IndexForeign
from index.milvus.client import Server
from index.milvus.faults import CollectionGone
from index.milvus.naming import STATE
from index.milvus.schema import ID, VECTOR, Fields

_FIELDS = Fields(2, long_numbers=("position",), texts=("collection", "made"))
_ONLY = 0
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Made:
    """What an index was made for. check: tells keys apart without showing them."""

    dimension: int
    names: tuple[str, ...]
    tag: str
    check: str

    def text(self) -> str:
        return json.dumps([_FORMAT, self.dimension, list(self.names), self.tag, self.check])


@dataclass(frozen=True, slots=True)
class State:
    """collection: the one that is searched. position: where in the caller's change log it stands."""

    collection: str
    position: int


class StateRow:
    """Reads and writes the row of one index."""

    def __init__(self, server: Server, name: str, made: Made) -> None:
        self.name = name + STATE
        self._server = server
        self._made = made

    def read(self) -> State | None:
        """The state as it is now, None where there is no index yet; raises IndexForeign or IndexDamaged."""
        try:
            rows = self._server.rows(self.name, [_ONLY], ["position", "collection", "made"])
        except CollectionGone:
            return None
        if not rows:
            return None
        row = rows[0]
        if row["made"] != self._made.text():
            raise IndexForeign(f"the index {self.name} was made {self._difference(str(row['made']))}")
        if not str(row["collection"]).isidentifier() or int(row["position"]) < 0:
            raise IndexDamaged(f"the state of the index {self.name} was altered: rebuild the index from the records")
        return State(str(row["collection"]), int(row["position"]))

    def found(self, state: State) -> None:
        """Make the row where `read` finds none; what a process that died while making it has left is removed."""
        self._server.drop(self.name)
        self._server.create(self.name, _FIELDS, small=True)
        self.write(state)

    def write(self, state: State) -> None:
        """Replace the row."""
        row = {
            ID: _ONLY,
            VECTOR: [0.0, 0.0],
            "position": state.position,
            "collection": state.collection,
            "made": self._made.text(),
        }
        self._server.upsert(self.name, [row], row_bytes=_FIELDS.row_bytes)

    def _difference(self, text: str) -> str:
        """What differs, without the key's check in it."""
        try:
            form, dimension, names, tag, check = json.loads(text)
        except (ValueError, TypeError):
            return "by another program: rebuild the index from the records"
        mine = self._made
        if form != _FORMAT:
            return f"in format {form}, this program reads {_FORMAT}: rebuild the index from the records"
        if (tag, dimension) != (mine.tag, mine.dimension):
            return (
                f"for {tag} with {dimension} dimensions, not for {mine.tag} with {mine.dimension}: rebuild the index "
                "from the records"
            )
        if tuple(names) != mine.names:
            return (
                f"with the attributes {', '.join(names) or 'none'}, not {', '.join(mine.names) or 'none'}: rebuild it"
            )
        return "with another key: rebuild the index from the records" if check != mine.check else "otherwise"
