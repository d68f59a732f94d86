"""The source of an index on disk, for a `Follower` to keep in step with the records."""

from index.base import IndexDamaged
from index.compressed import manifest
from index.compressed.compaction import Limits
from index.compressed.index import CompressedIndex
from matcher.faces import EngineKey
from matcher.index_folder import IndexFolder, Mark
from matcher.index_secret import UNGUARDED, Guard, index_secret
from matcher.records.coding import ATTRIBUTE_NAMES
from matcher.shared_index import SharedIndex

# What is only gathered needs no codes yet: they come once, when everything is there.
_GATHERING = Limits(flush_rows=2**62, flush_bytes=2**62, bulk_rows=1, coded_rows=2**62)


class OnDisk:
    """One engine's index in its folder of a home; see `matcher.following.IndexSource`."""

    def __init__(
        self,
        folder: IndexFolder,
        engine: EngineKey,
        dimension: int,
        *,
        recall_target: float,
        gathering: bool = False,
        guard: Guard = UNGUARDED,
    ) -> None:
        """gathering: many additions are to come: what they need is built at the end, see `SharedIndex.compact`."""
        self.folder = folder
        self.dimension = dimension
        self._engine = engine
        self._recall_target = recall_target
        self._gathering = gathering
        self._guard = guard
        self._seen = ""

    def open(self) -> SharedIndex:
        with self.folder.lock():
            if not self.folder.exists():
                name = self.folder.new_name()
                self.open_named(name).close()
                self.folder.publish(name)
        return SharedIndex(self)

    def renew(self) -> SharedIndex:
        index = SharedIndex(self)
        try:
            index.start_draft()
        except BaseException:
            index.close()
            raise
        return index

    def open_current(self) -> tuple[Mark | None, CompressedIndex]:
        """The index that is current now, and what tells that it still is; raises IndexDamaged."""
        mark = self.folder.mark()
        name = self.folder.current()
        # Also where opening fails: this is the one that was found damaged.
        self._seen = name
        if not name or not (self.folder.path / name / manifest.NAME).exists():
            raise IndexDamaged(f"{self.folder.path / name} was emptied: rebuild the index from the records")
        return mark, self.open_named(name, gathering=self._gathering)

    def is_superseded(self) -> bool:
        """Whether another process has put an index in the place of the one that was seen here last."""
        try:
            return self.folder.current() not in ("", self._seen)
        except IndexDamaged:
            return False

    def open_named(self, name: str, *, gathering: bool = False, background: bool = True) -> CompressedIndex:
        """An index of this folder, made where there is none of that name.

        gathering: for many additions one after the other, with nothing searched before `compact`.
        """
        return CompressedIndex(
            self.folder.path / name,
            self.dimension,
            ATTRIBUTE_NAMES,
            # The records hold templates as the engine made them, the index their directions.
            tag=f"{self._engine} unit",
            key=index_secret(self.folder.root, self._guard),
            recall_target=self._recall_target,
            limits=_GATHERING if gathering else None,
            background=background and not gathering,
        )
