"""The gallery: records, which are the truth, and the index of one engine's templates, kept in step with them."""

import dataclasses
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.base import Hits, Stats, Vectors, WrongVectors
from index.checks import check_vectors
from matcher.among import EVERYBODY, Among
from matcher.audit.chain import append
from matcher.audit.enrolments import (
    enrolled_entries,
    removed_person_entry,
    removed_photo_entry,
    viewed_photo_entry,
)
from matcher.audit.entry import Action
from matcher.audit.trail import Trail
from matcher.casework.watching import hold_watch_lists
from matcher.checking import Problem, problems
from matcher.errors import BadField, EngineMismatch, RecordsError
from matcher.faces import EngineKey, Face, Vector
from matcher.following import Follower, IndexSource
from matcher.gallery_crowd import GalleryCrowd
from matcher.person import Person, checked_gallery, checked_person_id, refuse_future
from matcher.records import crowd, enrolling, feed, gallery_terms, reading, removing, retrieving, serving
from matcher.records.database import Database
from matcher.records.serving import Engines
from matcher.records.values import (
    Enrolment,
    EnrolResult,
    GalleryState,
    IndexStep,
    ListedPerson,
    Origin,
    PersonKey,
    PersonRecord,
    TemplateHit,
)
from matcher.scoring.likeness import unit

_TRIES = 5
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class Gallery:
    """People with their photos, and the search among them by one engine's templates.

    What a call has returned from is kept, whatever happens to the process, and found by the next search of every
    process. Any number of threads may search; writers, of this and other processes, take turns. Faults of the
    records raise RecordsError, those of the index IndexFault.
    """

    def __init__(
        self,
        database: Database,
        source: IndexSource,
        *,
        engine: EngineKey,
        dimension: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Opens the index and brings it in step. The database stays the caller's to close."""
        self._database = database
        self._engine = engine
        self._dimension = dimension
        self._clock = clock
        self._writing = threading.Lock()
        self._numbers: dict[str, int] = {}
        self.trail = Trail(database, clock=clock)
        self._follower = Follower(database, engine, dimension, source)

    @property
    def engine(self) -> EngineKey:
        return self._engine

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def database(self) -> Database:
        """Its records, for casework, which shares them."""
        return self._database

    def enroll(self, entries: Sequence[Enrolment], *, update: bool = True) -> tuple[EnrolResult, ...]:
        """Add people and photos, all of them or none; one result an entry, in their order.

        Of a person who is there already, the fields that an entry states are updated and new photos added. Without
        update, PersonDiffers is raised where a recorded value would be replaced by another one: it is compared in the
        transaction that writes, so of two who enroll an id at once with other fields the later is told.
        Raises EngineMismatch, also where the home's searches use another engine by now, or BadField; nothing is
        written then.
        """
        self._check(entries)
        with self._writing, self._database.writing() as connection:
            entries = serving.admit(connection, self._engine, entries)
            results = enrolling.enroll(connection, entries, now=self._now(), update=update)
            done = enrolled_entries(self._engine, entries, results, action=Action.PERSON_ENROLLED)
            held = hold_watch_lists(connection, entries, results, now=self._now())
            append(connection, *done, *held, clock=self._clock)
        self._follower.catch_up()
        return results

    def replace_person(self, entry: Enrolment) -> EnrolResult:
        """Make a recorded person exactly this: these fields, empty ones too, and no other photos; raises NotFound."""
        self._check([entry])
        with self._writing, self._database.writing() as connection:
            (entry,) = serving.admit(connection, self._engine, [entry])
            result = enrolling.replace(connection, entry, now=self._now())
            done = enrolled_entries(self._engine, [entry], [result], action=Action.PERSON_REPLACED)
            held = hold_watch_lists(connection, [entry], [result], now=self._now())
            append(connection, *done, *held, clock=self._clock)
        self._after_removal()
        return result

    def remove_person(self, gallery: str, person_id: str) -> None:
        """Remove a person with every photo and template; raises NotFound."""
        with self._writing, self._database.writing() as connection:
            key = _key(gallery, person_id)
            removing.remove_person(connection, *key)
            append(connection, removed_person_entry(key), clock=self._clock)
        self._after_removal()

    def remove_photo(self, gallery: str, person_id: str, sha256: str) -> None:
        """Remove one photo of a person, the templates made of it too; raises NotFound."""
        with self._writing, self._database.writing() as connection:
            key = _key(gallery, person_id)
            removing.remove_photo(connection, *key, sha256)
            append(connection, removed_photo_entry(key, sha256), clock=self._clock)
        self._after_removal()

    def person(self, gallery: str, person_id: str) -> PersonRecord:
        """A person's fields and what is kept of the photos; raises NotFound."""
        with self._database.reading() as connection:
            return reading.person_record(connection, *_key(gallery, person_id))

    def persons(self, keys: Iterable[PersonKey]) -> dict[PersonKey, Person]:
        """The fields of many people by (gallery, person_id), as hits name them; those not there are left out."""
        with self._database.reading() as connection:
            return reading.persons(connection, keys)

    def photo_content(self, gallery: str, person_id: str, sha256: str) -> bytes:
        """The original bytes of a photo, for somebody to look at, which is recorded first; raises NotFound."""
        content = self.photo_to_draw(gallery, person_id, sha256)
        self.trail.record(viewed_photo_entry(_key(gallery, person_id), sha256))
        return content

    def photo_to_draw(self, gallery: str, person_id: str, sha256: str) -> bytes:
        """The same for what is recorded as a whole, as a backlog's page is; raises NotFound."""
        with self._database.reading() as connection:
            return reading.photo_content(connection, *_key(gallery, person_id), sha256)

    def photo_face(self, gallery: str, person_id: str, sha256: str) -> Face | None:
        """Where this engine found the face in a photo; None if that was not kept. Raises NotFound."""
        with self._database.reading() as connection:
            return reading.photo_face(connection, *_key(gallery, person_id), sha256, self._engine)

    def known_photos(self, gallery: str) -> frozenset[tuple[str, str]]:
        """(person_id, sha256) of every photo with a template of this engine: work that need not be done again."""
        with self._database.reading() as connection:
            return reading.known_photos(connection, gallery, self._engine)

    def vectors_by_person(self, keys: Iterable[PersonKey]) -> dict[PersonKey, NDArray[np.float32]]:
        """Every vector of each person, float32 (photos, dimension); people without one are left out."""
        with self._database.reading() as connection:
            return reading.vectors_by_person(connection, keys, self._engine, self._dimension)

    def people(self, gallery: str, *, after: str = "", limit: int = 100) -> tuple[ListedPerson, ...]:
        """A gallery's people in the order of their ids, a page at a time; after: the last id of the page before.

        Raises NotFound for a gallery that is not there.
        """
        self.must_have(gallery)
        with self._database.reading() as connection:
            return crowd.people_page(connection, checked_gallery(gallery), after=after, limit=limit)

    def must_have(self, gallery: str) -> None:
        """Raises NotFound for a gallery that is not there, BadField for a name that can't be one."""
        self._number(checked_gallery(gallery))

    def must_be_usable(self, gallery: str | None) -> None:
        """Raises GalleryHeld where no search may use this gallery, or with None any of them."""
        with self._database.reading() as connection:
            gallery_terms.refuse_held(connection, gallery)

    def step(self) -> IndexStep:
        """Where records and index stand, the index caught up first; raises why it can't be."""
        for _ in range(_TRIES):
            with self._database.reading() as connection:
                recorded, templates = feed.log_range(connection).latest, feed.count(connection, self._engine)
            indexed = self._follower.catch_up()
            entries = self._follower.settled(len)
            # Otherwise somebody wrote in between, and the counts are of two moments.
            if indexed == recorded:
                break
        return IndexStep(recorded, indexed, templates, entries)

    def index_stats(self) -> Stats:
        """What the index says of itself now; raises why it can't be asked."""
        return self._follower.settled(lambda index: index.stats())

    def person_keys(self, gallery: str | None = None) -> Iterator[PersonKey]:
        """Everyone's key, of one gallery or of all, in no order."""
        with self._database.reading() as connection:
            yield from crowd.person_keys(connection, gallery)

    @property
    def crowd(self) -> GalleryCrowd:
        """Its people as a crowd: what scores ask of many at once."""
        return GalleryCrowd(self._database, self._engine, self._dimension)

    def count_people(self, among: Among) -> int:
        """How many people with a template of this engine a search may find; counted row by row."""
        with self._database.reading() as connection:
            return crowd.count_people(connection, self._engine, among)

    def search(
        self, vector: Vector, k: int, *, gallery: str | None = None, among: Among = EVERYBODY
    ) -> tuple[TemplateHit, ...]:
        """The k nearest templates, nearest first; fewer where there are fewer. vector: float32 (dimension,).

        Distances are those of the vectors scaled to length 1; the records keep them as the engine made them.

        gallery: the same as in `among`, for short. Raises NotFound for a gallery that is not there, and
        EngineMismatch where all that could be found was made by other engines.
        """
        return self.search_many(np.asarray(vector)[np.newaxis, :], k, gallery=gallery, among=among)[0]

    def search_many(
        self, vectors: Vectors, k: int, *, gallery: str | None = None, among: Among = EVERYBODY
    ) -> tuple[tuple[TemplateHit, ...], ...]:
        """The same for many queries at once, float32 (queries, dimension); one tuple for each."""
        among = among if gallery is None else dataclasses.replace(among, gallery=gallery)

        def read(connection: Connection, ids: Sequence[int]) -> tuple[dict[int, Origin], None]:
            return reading.origins(connection, ids), None

        return self._search(vectors, k, among, read)[0]

    def search_people(
        self,
        vectors: Vectors,
        k: int,
        *,
        among: Among = EVERYBODY,
        choose: Callable[[Hits], NDArray[np.bool_]] | None = None,
    ) -> tuple[tuple[tuple[TemplateHit, ...], ...], dict[PersonKey, NDArray[np.float32]]]:
        """The same, and every vector of each person found, as `vectors_by_person`, read together.

        choose: says which of the hits count, (queries, k), before anything of them is read; None for all.
        """

        def read(
            connection: Connection, ids: Sequence[int]
        ) -> tuple[dict[int, Origin], dict[PersonKey, NDArray[np.float32]]]:
            return retrieving.holdings(connection, ids, self._engine, self._dimension)

        return self._search(vectors, k, among, read, choose)

    def _search(
        self,
        vectors: Vectors,
        k: int,
        among: Among,
        read: Callable[[Connection, Sequence[int]], tuple[dict[int, Origin], _T]],
        choose: Callable[[Hits], NDArray[np.bool_]] | None = None,
    ) -> tuple[tuple[tuple[TemplateHit, ...], ...], _T]:
        where = among.where(self._number)
        vectors = _queries(vectors, self._dimension)
        for _ in range(_TRIES):
            hits = self._follower.settled(lambda index: index.search(vectors, k, where=where))
            counting = hits.ids >= 0 if choose is None else choose(hits)
            wanted = np.unique(hits.ids[counting])
            with self._database.reading() as connection:
                origins, more = read(connection, wanted.tolist())
            if len(origins) == len(wanted):
                break
            # Someone was removed after the search; without them the list may have room for others.
        if not origins:
            self._refuse_other_engines(among.gallery)
        return tuple(_answers(hits, counting, origins)), more

    def state(self) -> GalleryState:
        """Sizes and version, at the cost of two small queries."""
        with self._database.reading() as connection:
            return GalleryState(self._engine, feed.log_range(connection).latest, reading.sizes(connection))

    def engines(self) -> Engines:
        """Which engine this home's searches use by now, and which one is kept beside it; one small query."""
        with self._database.reading() as connection:
            return serving.engines(connection)

    def galleries(self) -> tuple[str, ...]:
        """The names of all galleries, in order."""
        return tuple(self.state().galleries)

    def rebuild(self) -> None:
        """Make the index anew from the records."""
        self._follower.rebuild()

    def check(self, *, contents: bool = False) -> tuple[Problem, ...]:
        """Compare the records with themselves and with the index, both ways; empty where all is well.

        contents: also read every photo's bytes and compare their digests. Takes minutes with millions of photos.
        """
        with self._writing:
            return tuple(problems(self._database, self._follower, contents=contents))

    def close(self) -> None:
        self.trail.close()
        self._follower.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _after_removal(self) -> None:
        self._follower.catch_up()
        try:
            self._database.sweep()
        except RecordsError as exc:
            # The removal is done; only the log's old pages are still to be overwritten, by a later sweep.
            _log.warning("the write-ahead log was not emptied after a removal: %s", exc)

    def _check(self, entries: Sequence[Enrolment]) -> None:
        # The latest date that it is anywhere on Earth: a newborn in Asia is not from the future.
        today = (self._clock() + timedelta(hours=14)).date()
        vectors = []
        for entry in entries:
            refuse_future(entry.person, today=today)
            for photo in entry.photos:
                if photo.template.engine != self._engine:
                    raise EngineMismatch(
                        f"a template of {photo.template.engine} can't enter a gallery of {self._engine}; "
                        "enroll with the gallery's engine"
                    )
                vectors.append(photo.template.vector)
                # Those of other engines are of other lengths.
                for made in photo.also:
                    if made.template is not None:
                        _check_templates([made.template.vector], len(made.template.vector))
        _check_templates(vectors, self._dimension)

    def _number(self, gallery: str) -> int:
        # A gallery keeps its number for ever, so what was read once holds.
        number = self._numbers.get(gallery)
        if number is None:
            with self._database.reading() as connection:
                number = self._numbers[gallery] = reading.gallery_number(connection, gallery)
        return number

    def _refuse_other_engines(self, gallery: str | None) -> None:
        galleries = self.state().galleries
        sizes = list(galleries.values()) if gallery is None else [galleries[gallery]]
        engines = sorted({engine for size in sizes for engine in size.templates})
        if engines and self._engine not in engines:
            raise EngineMismatch(
                f"the gallery holds templates of {', '.join(engines)} only, the engine in use is {self._engine}; "
                f"leave --engine away, or move the home with matcher reembed --to {serving.name_of(self._engine)}"
            )


def _key(gallery: str, person_id: str) -> PersonKey:
    """In the spelling that the records keep; raises BadField."""
    return checked_gallery(gallery), checked_person_id(person_id)


def _answers(
    hits: Hits, counting: NDArray[np.bool_], origins: Mapping[int, Origin]
) -> Iterator[tuple[TemplateHit, ...]]:
    for ids, distances, counts in zip(hits.ids, hits.distances, counting, strict=True):
        found = []
        # By query: what another one had read must not come into this one's answer.
        for number, distance in zip(ids[counts].tolist(), distances[counts].tolist(), strict=True):
            if (origin := origins.get(number)) is not None:
                found.append(TemplateHit(number, origin.gallery, origin.person_id, origin.sha256, distance))
        yield tuple(found)


def _queries(vectors: Vectors, dimension: int) -> Vectors:
    """Queries scaled to length 1, as the index holds its entries; zero stays zero. Raises WrongVectors."""
    checked = check_vectors(vectors, dimension)
    lengths = np.linalg.norm(checked.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(checked / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def _check_templates(vectors: Sequence[Vector], dimension: int) -> None:
    """Raises BadField for what the index would refuse after the records have it."""
    if not vectors:
        return
    try:
        unit(check_vectors(np.stack(vectors), dimension))
    except (ValueError, WrongVectors) as exc:
        raise BadField(
            "template", f"a template is not float32 of {dimension} finite numbers, not all 0: {exc}"
        ) from exc
