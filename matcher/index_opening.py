"""Which index a home's gallery gets, and what it says of itself."""

from pathlib import Path

from index.base import IndexClosed, Stats, VectorIndex
from matcher.engines.base import EngineSpec
from matcher.following import IndexSource, InMemory
from matcher.index_folder import IndexFolder
from matcher.index_source import OnDisk
from matcher.records import feed
from matcher.records.database import Database
from matcher.settings import IndexKind, Settings
from matcher.shared_index import SharedIndex

DISK_FROM = 20_000
"""From this many templates on, opening files is much quicker than reading every template from the records."""


class WatchedSource:
    """A source that remembers what it handed out last, so that it can be asked about it."""

    def __init__(self, source: IndexSource) -> None:
        self._source = source
        self._index: VectorIndex | None = None

    def open(self) -> VectorIndex:
        self._index = self._source.open()
        return self._index

    def renew(self) -> VectorIndex:
        self._index = self._source.renew()
        return self._index

    def stats(self) -> Stats:
        """What the index is now; raises IndexFault."""
        return self._handed_out().stats()

    def verify(self) -> bool:
        """Read every file of the index and compare checksums; False where it has none. Raises IndexDamaged."""
        index = self._handed_out()
        if not isinstance(index, SharedIndex):
            return False
        index.verify()
        return True

    def _handed_out(self) -> VectorIndex:
        if self._index is None:
            raise IndexClosed("no index is open")
        return self._index


def index_root(home: Path) -> Path:
    """Where a home keeps its indexes and their secret."""
    return home / "index"


def index_source(settings: Settings, database: Database, spec: EngineSpec) -> WatchedSource:
    """The index that the settings ask for: `auto` is in memory while few templates and no files are there."""
    folder = IndexFolder(index_root(settings.home), spec.key)
    if settings.index is IndexKind.EXACT or (settings.index is IndexKind.AUTO and _is_small(folder, database, spec)):
        return WatchedSource(InMemory(spec.dimension))
    return WatchedSource(OnDisk(folder, spec.key, spec.dimension, recall_target=settings.recall))


def _is_small(folder: IndexFolder, database: Database, spec: EngineSpec) -> bool:
    if folder.exists():
        return False
    with database.reading() as connection:
        return feed.count(connection, spec.key) < DISK_FROM
