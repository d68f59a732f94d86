"""A home's photos embedded by another engine while the serving one answers; killed at any moment, it goes on.

What is still to be made is asked of the records, photo by photo: nothing but the records says what is done. So any
number of processes may work on one home, photos that are added or removed meanwhile are seen, and nothing is made
twice but what two processes happen to have in hand at once. Each begins at another photo, so that they rarely do.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from matcher.audit.chain import append
from matcher.audit.entry import Action, Entry
from matcher.beside import made_of, open_second
from matcher.build import engine_opener, photo_limits
from matcher.engines.base import Engine
from matcher.faces import EngineKey
from matcher.index_place import placement_of, remove_from
from matcher.photo import PhotoLimits
from matcher.records import making, moving, serving
from matcher.records.bulk import in_parts
from matcher.records.database import Database
from matcher.records.making import Waiting
from matcher.records.moving import Progress
from matcher.records.placing import LOCAL
from matcher.records.serving import Engines
from matcher.records.values import Made
from matcher.settings import Settings
from matcher.workers import Crew, Lost

Told = Callable[[int, int], None]
"""Told how many photos of how many are done."""

_AHEAD = 500
# In memory with their bytes, whatever their size.
_LOADED_AT_ONCE = 8
_BATCH = 64
_BATCH_SECONDS = 2.0
_COUNTING_SECONDS = 10.0
_DISCARDED_AT_ONCE = 2_000


@dataclass(slots=True)
class Tally:
    """What one run did. made: templates. refused: photos of which none could be made. lost: those whose worker
    process died; the next run tries them again."""

    made: int = 0
    refused: int = 0
    lost: int = 0


class Workers(Protocol):
    """Who makes templates, as a `Crew` does: the value of each task, in their order."""

    def run(self, tasks: Iterable[Waiting], /) -> Generator[Made | Lost, None, None]: ...


def engines_entry(what: str, now: Engines, *, lacking: int = 0) -> Entry:
    """A change of the engines as the audit keeps it.

    what: begun, switched, rolled_back or discarded. lacking: photos that searches don't find from then on.
    """
    details = {"reembed": what, "serving": now.serving, "beside": now.beside, "lacking": lacking}
    return Entry(Action.MODEL_CHANGED, (), details)


def begin(database: Database, to: EngineKey, *, unless_recorded: EngineKey) -> Engines:
    """Begin to move a home to an engine, or go on; raises AlreadyThere, NotFound or EngineMismatch."""
    with database.writing() as connection:
        before = serving.engines(connection)
        now = moving.begin(connection, to, unless_recorded=unless_recorded)
        if now != before:
            append(connection, engines_entry("begun", now))
        return now


def progress(database: Database, of: EngineKey | None = None) -> Progress:
    """How far an engine is, the one beside if none is given; a few small queries."""
    with database.reading() as connection:
        return moving.progress(connection, of)


def embed_photos(
    database: Database,
    to: EngineKey,
    crew: Workers,
    *,
    tally: Tally,
    gallery: str | None = None,
    giving_up: bool = False,
    told: Told = lambda _done, _all: None,
    start: Callable[[int], int] = lambda last: random.randrange(last + 1),
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Make templates of every photo that is kept and that this engine has not tried, until there is none left.

    gallery: of this one only. giving_up: photos that end their process are refused for good, instead of being left to
    the next run. start: the photo to begin at, of the highest number. All that the tally counts is kept.
    Raises EngineMismatch where another process ends the move, RecordsError or WorkersUnavailable.
    """
    run = _Run(database, to, gallery, giving_up, tally, told, clock)
    with database.reading() as connection:
        first = start(making.last_photo(connection))
    run.count()
    # From somewhere to the end, then all: what others have done meanwhile is passed over.
    for after in (first, -1):
        run.go(crew, after)
    with database.writing() as connection:
        tally.refused += making.refuse_without_bytes(connection, to, gallery=gallery)


def photo_crew(settings: Settings, to: EngineKey, *, photos: int) -> Crew[Waiting, Made]:
    """Processes that make templates of this engine: one a core, fewer for few photos."""
    workers = max(1, min(settings.worker_count, photos // 4))
    return Crew(partial(_prepare_process, settings.model_copy(update={"threads": 1}), to), workers=workers)


def roll_back(database: Database) -> Progress:
    """Let the engine serve again that did before the switch; raises NotFound where there is none."""
    with database.writing() as connection:
        before = moving.roll_back(connection)
        now = serving.engines(connection)
        append(connection, engines_entry("rolled_back", now, lacking=before.lacking))
        return before


def discard(database: Database, *, told: Told = lambda _done, _all: None) -> tuple[EngineKey, int]:
    """Remove every template of the engine beside the serving one; which it was and how many went.

    Killed in the middle, it is gone on with by the next call. Raises NotFound where there is no such engine.
    """
    with database.writing() as connection:
        engine = moving.begin_discarding(connection)
        append(connection, engines_entry("discarded", serving.engines(connection)))
    total = progress(database).made
    after = -1
    while True:
        with database.writing() as connection:
            last = moving.discard_some(connection, engine, after=after, limit=_DISCARDED_AT_ONCE)
        if last is None:
            break
        after = last
        told(total - progress(database).made, total)
    database.sweep()
    return engine, total


@dataclass(slots=True)
class _Run:
    """One process at work on a home's photos."""

    database: Database
    to: EngineKey
    gallery: str | None
    giving_up: bool
    tally: Tally
    told: Told
    clock: Callable[[], float]
    lost: set[int] = field(default_factory=set)
    done: int = 0
    photos: int = 0
    counted: float = 0.0

    def go(self, crew: Workers, after: int) -> None:
        """All photos with a higher number than `after`."""
        numbers: deque[int] = deque()
        batch: list[tuple[int, Made]] = []
        since = self.clock()
        with closing(crew.run(self._tasks(after, numbers))) as results:
            try:
                for result in results:
                    number = numbers.popleft()
                    if not isinstance(result, Lost):
                        batch.append((number, result))
                    elif self.giving_up:
                        batch.append((number, Made(self.to, None, code=result.code, reason=result.reason)))
                    else:
                        self.lost.add(number)
                        self.tally.lost += 1
                    if len(batch) >= _BATCH or self.clock() > since + _BATCH_SECONDS:
                        ready, batch, since = batch, [], self.clock()
                        self._keep(ready)
            finally:
                # After an interruption too: what is made need not be made again.
                self._keep(batch)

    def _tasks(self, after: int, numbers: deque[int]) -> Iterator[Waiting]:
        """The photos to do, each read when its turn comes."""
        engines = progress(self.database).engines
        found_by = engines.beside if engines.serving == self.to else engines.serving
        while True:
            with self.database.reading() as connection:
                page = making.waiting(connection, self.to, after=after, gallery=self.gallery, limit=_AHEAD)
            if not page:
                return
            for part in in_parts((number for number in page if number not in self.lost), _LOADED_AT_ONCE):
                with self.database.reading() as connection:
                    photos = making.load(connection, part, found_by)
                for photo in photos:
                    numbers.append(photo.photo_id)
                    yield photo
            after = page[-1]

    def _keep(self, batch: list[tuple[int, Made]]) -> None:
        if not batch:
            return
        with self.database.writing() as connection:
            self.tally.made += making.keep(connection, self.to, batch)
        self.tally.refused += sum(made.template is None for _, made in batch)
        self.done += len(batch)
        if self.clock() >= self.counted + _COUNTING_SECONDS:
            # What other processes did, and who came and went.
            self.count()
        self.told(min(self.done, self.photos), self.photos)

    def count(self) -> None:
        """Look how many photos there are, and of how many nothing is to be made any more."""
        now = progress(self.database, self.to)
        self.done, self.photos, self.counted = now.photos - now.waiting, now.photos, self.clock()


def remove_index(settings: Settings, database: Database, engine: EngineKey) -> None:
    """Remove the index of an engine that does not serve, wherever it is; nothing where there is none.

    Raises IndexFault or BadSetting.
    """
    placed = placement_of(database)
    for place in {LOCAL, placed.place, placed.before or LOCAL}:
        remove_from(settings, database, place, engine)


def _prepare_process(settings: Settings, to: EngineKey) -> Callable[[Waiting], Made]:
    import cv2

    cv2.setNumThreads(1)
    return partial(_embed, open_second(engine_opener(settings), to), photo_limits(settings))


def _embed(engine: Engine, limits: PhotoLimits, photo: Waiting) -> Made:
    return made_of(engine, photo.content, photo.face, limits=limits)
