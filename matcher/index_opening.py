"""Which index a home's gallery gets, and what it says of itself."""

import logging

from index.base import IndexClosed, IndexFault, Stats, VectorIndex
from matcher.engines.base import EngineSpec
from matcher.following import IndexSource, InMemory
from matcher.index_place import address_of, index_folder, on_server
from matcher.index_source import OnDisk
from matcher.protection.guard import RecordsGuard
from matcher.records import feed, placing, serving
from matcher.records.database import Database
from matcher.records.placing import LOCAL, Placement
from matcher.settings import IndexKind, Settings
from matcher.shared_index import SharedIndex

DISK_FROM = 20_000
"""From this many templates on, opening files is much quicker than reading every template from the records."""

GATHER_FROM = 50_000
"""So many additions, if they are also a good part of the whole, are cheaper to build into the index at their end."""

_log = logging.getLogger(__name__)


class WatchedSource:
    """A source that remembers what it handed out last, so that it can be asked about it."""

    def __init__(self, source: IndexSource, *, gathers: bool = False, larger: IndexSource | None = None) -> None:
        """gathers: what is added is only gathered, and wants `compact` by a source that doesn't, afterwards.

        larger: what takes the source's place from `DISK_FROM` templates on.
        """
        self.gathers = gathers
        self._larger = larger
        self._source = source
        self._index: VectorIndex | None = None

    def open(self) -> VectorIndex:
        self._index = self._source.open()
        return self._index

    def renew(self) -> VectorIndex:
        self._index = self._source.renew()
        return self._index

    def outgrown(self, entries: int) -> VectorIndex | None:
        """The index that comes next, where there are too many entries for this one and such a one can be had."""
        if self._larger is None or entries < DISK_FROM:
            return None
        larger, self._larger = self._larger, None
        try:
            opened = larger.open()
        except IndexFault as fault:
            _log.warning("the index stays in memory, where searches compare with everybody: %s", fault)
            return None
        self._source, self._index = larger, opened
        return opened

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

    def compact(self) -> None:
        """Build one segment of everything, where the index is on disk."""
        index = self._handed_out()
        if isinstance(index, SharedIndex):
            index.compact()

    def _handed_out(self) -> VectorIndex:
        if self._index is None:
            raise IndexClosed("no index is open")
        return self._index


def index_source(settings: Settings, database: Database, spec: EngineSpec, *, expecting: int = 0) -> WatchedSource:
    """The index where it is recorded to be; that of new records is where the settings say.

    In a home, `auto` is in memory while few templates and no files are there, and goes on on disk when they are many.

    expecting: how many templates are about to be added in one go.
    """
    place = _place(settings, database)
    if place != LOCAL:
        return WatchedSource(on_server(settings, database, spec.key, spec.dimension, place))
    return local_source(settings, database, spec, expecting=expecting)


def local_source(settings: Settings, database: Database, spec: EngineSpec, *, expecting: int = 0) -> WatchedSource:
    """The index in memory or in the home, wherever searches look."""
    folder = index_folder(settings, database, spec.key)
    with database.reading() as connection:
        count = feed.count(connection, spec.key)
    guard = RecordsGuard(database)
    small = count + expecting < DISK_FROM and not folder.exists()
    if settings.index is IndexKind.EXACT or (settings.index is IndexKind.AUTO and small):
        later = OnDisk(folder, spec.key, spec.dimension, recall_target=settings.recall, guard=guard)
        return WatchedSource(InMemory(spec.dimension), larger=later if settings.index is IndexKind.AUTO else None)
    gathers = expecting >= max(GATHER_FROM, count // 4)
    source = OnDisk(folder, spec.key, spec.dimension, recall_target=settings.recall, gathering=gathers, guard=guard)
    return WatchedSource(source, gathers=gathers)


def _place(settings: Settings, database: Database) -> str:
    """Where the index is: as recorded; as the settings say in records without a template, which then record it."""
    with database.reading() as connection:
        found = placing.placement(connection)
        new = found == Placement() and not serving.engines(connection).serving
    if not (new and settings.index_url is not None):
        return found.place
    place = str(address_of(settings, settings.index_url.get_secret_value()))
    with database.writing() as connection:
        if placing.placement(connection) == Placement():
            placing.set_placement(connection, Placement(place))
        return placing.placement(connection).place
