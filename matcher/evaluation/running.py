"""The work of an evaluation: the operator's product, as it is, enrolls and searches the photos of a plan."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from matcher.among import Among
from matcher.build import build_engine, open_matcher
from matcher.enrolment import Tally, enroll_source
from matcher.errors import BadManifest, NotFound
from matcher.evaluation.pairs import Pairs, compare_pairs
from matcher.evaluation.plan import Entry, Kind, Plan, photo_digests
from matcher.evaluation.searches import Search, search_of
from matcher.evaluation.sizes import SizedSearches, search_at_sizes
from matcher.evaluation.throwaway import throwaway_matcher
from matcher.faces import EngineKey
from matcher.gallery import Gallery
from matcher.identification import Identification, Scoring, SearchedGallery
from matcher.person import Person, shown
from matcher.photo_work import FileTask, PhotoDone, PhotoWorkforce, Worked, held_bytes, lost_photo, photo_crew
from matcher.pipeline import Matcher, reference_photo
from matcher.preparing import PhotoState, PreparedPhoto
from matcher.records.values import Enrolment
from matcher.scoring.calibration import Calibration
from matcher.settings import Settings
from matcher.sources import PersonPhotos, PhotoPlace, Refusal, Source
from matcher.workers import Lost

Progress = Callable[[int, int], None]
Stage = Callable[[str], AbstractContextManager[Progress]]
"""Opened with what is being done; told how much of how much is."""

_Searching = Callable[[Sequence[PreparedPhoto]], Sequence[Identification]]
_BATCH = 64


class SeveralFaces(StrEnum):
    """What becomes of gallery photos that show several faces of similar size."""

    REFUSE = "refuse"
    """As `matcher enroll` does; the people count as missed."""
    TAKE = "take"
    """Enrolled by the face that a search would choose, for lists whose photos are known to mean that one."""


@dataclass(frozen=True, slots=True, repr=False)
class Run:
    """What was done and seen. own_gallery: the name of the operator's gallery, empty for the plan's own rows.

    several_faces: what was done with gallery photos that show several faces of similar size.
    photo_digests: path -> SHA-256. refused: gallery photos that were not enrolled. sizes: searches of sampled
    galleries, smallest first. pairs: None where nothing is calibrated. seconds: of enrolling, searching and the rest.
    """

    plan: Plan
    settings: Settings
    own_gallery: str
    several_faces: SeveralFaces
    engine: EngineKey
    gallery: SearchedGallery
    scoring: Scoring
    calibration: Calibration | None
    photo_digests: dict[str, str]
    refused: tuple[Refusal, ...]
    searches: tuple[Search, ...]
    sizes: tuple[SizedSearches, ...]
    pairs: Pairs | None
    seconds: dict[str, float]


@contextmanager
def quietly(_what: str) -> Iterator[Progress]:
    """A stage that nobody watches."""
    yield lambda _done, _total: None


def run(
    plan: Plan,
    settings: Settings,
    *,
    own_gallery: str = "",
    several_faces: SeveralFaces = SeveralFaces.REFUSE,
    stage: Stage = quietly,
) -> Run:
    """Do the work of a plan; in one process for each core where photos are prepared.

    own_gallery: search this gallery of the operator's instead of one made of the plan's rows. Raises BadManifest where
    plan and gallery contradict each other or no gallery photo could be enrolled, NotFound for a gallery that is not
    there, and what enrolment and search raise.
    """
    with stage("Reading photos") as told:
        digests = photo_digests(plan, [*plan.gallery, *plan.probes], progress=told)
    seconds: dict[str, float] = {}
    top, among = settings.top, Among(gallery=own_gallery or None)
    with _opened(plan, settings, own_gallery) as matcher:
        if own_gallery:
            _refuse_contradictions(plan, matcher.gallery, own_gallery, digests)
        with photo_crew(settings, photos=len(digests)) as crew:
            with stage("Enrolling the gallery") as told, _timed(seconds, "enrolling"):
                refused = () if own_gallery else _enrolled(plan, matcher.gallery, crew, several_faces, told)
            with stage("Searching") as told, _timed(seconds, "searching"):
                search = partial(matcher.identify_many, top=top, among=among)
                answered = list(_searched(plan.probes, search, crew, told))
        searches = tuple(one for one, _ in answered)
        ready = [(one, photo) for one, photo in answered if one.acquired]
        outlook = matcher.outlook(top=top, among=among)
        with stage("Searching smaller galleries") as told, _timed(seconds, "smaller galleries"):
            sizes = search_at_sizes(matcher, ready, settings, own_gallery, progress=told)
        pairs = None
        if outlook.scoring.calibrated:
            with stage("Comparing pairs") as told, _timed(seconds, "pairs"):
                pairs = compare_pairs(matcher, ready, settings, own_gallery, progress=told)
        return Run(
            plan=plan,
            settings=settings,
            own_gallery=own_gallery,
            several_faces=several_faces,
            engine=matcher.engine.spec.key,
            gallery=outlook.gallery,
            scoring=outlook.scoring,
            calibration=matcher.scorer.calibration,
            photo_digests=digests,
            refused=refused,
            searches=searches,
            sizes=sizes,
            pairs=pairs,
            seconds=seconds,
        )


def _opened(plan: Plan, settings: Settings, own_gallery: str) -> AbstractContextManager[Matcher]:
    if own_gallery:
        return open_matcher(settings)
    return throwaway_matcher(settings, build_engine(settings), expecting=len(plan.gallery))


def _enrolled(
    plan: Plan, gallery: Gallery, crew: PhotoWorkforce, several_faces: SeveralFaces, progress: Progress
) -> tuple[Refusal, ...]:
    """The gallery rows enrolled as `matcher enroll` does; the photos that were refused."""
    people: dict[str, list[PhotoPlace]] = {}
    for entry in plan.gallery:
        people.setdefault(entry.person_id, []).append(PhotoPlace(entry.path, entry.photo, entry.line))
    source = Source(tuple(PersonPhotos(Person(name), tuple(places)) for name, places in people.items()), ())
    tally = Tally()
    enroll_source(source, gallery, crew, tally=tally, keep_photos=False, progress=progress)
    refused = sorted(tally.refused, key=lambda refusal: refusal.line)
    if several_faces is SeveralFaces.TAKE:
        refused = _taken(plan, refused, gallery, crew)
    if len(refused) == len(plan.gallery):
        first = refused[0]
        raise BadManifest(
            f"{plan.manifest}: no gallery photo could be enrolled; the first, in line {first.line}: {first.reason}"
        )
    return tuple(refused)


def _taken(plan: Plan, refused: Sequence[Refusal], gallery: Gallery, crew: PhotoWorkforce) -> list[Refusal]:
    """Enroll photos that were refused for several faces by the face that a search would choose; the other refusals."""
    lines = {refusal.line for refusal in refused if refusal.code == PhotoState.SEVERAL_FACES.value}
    entries = [entry for entry in plan.gallery if entry.line in lines]
    found = [_prepared(one) for one in crew.run([FileTask(entry.path) for entry in entries])]
    taken = [(entry, photo) for entry, photo in zip(entries, found, strict=True) if photo.template is not None]
    gallery.enroll([Enrolment(Person(entry.person_id), [reference_photo(photo, None)]) for entry, photo in taken])
    now = {entry.line for entry, _ in taken}
    return [refusal for refusal in refused if refusal.line not in now]


def _refuse_contradictions(plan: Plan, gallery: Gallery, name: str, digests: dict[str, str]) -> None:
    """Who is said to be in the operator's gallery must be there, others not, and probes must be photos of their own."""
    galleries = gallery.galleries()
    if name not in galleries:
        raise NotFound(f"no gallery {shown(name)}; there are: {', '.join(galleries) or 'none'}")
    recorded = gallery.persons({(name, entry.person_id) for entry in plan.probes})
    enrolled = {digest: person_id for person_id, digest in gallery.known_photos(name)}
    for entry in plan.probes:
        there = (name, entry.person_id) in recorded
        if there != (entry.kind is Kind.MATED):
            verb = "is" if there else "is not"
            raise BadManifest(
                f"{plan.manifest}, line {entry.line}: person_id {shown(entry.person_id)} is {entry.kind.value} but "
                f"{verb} in the gallery {name}; correct the probe_kind or the person_id"
            )
        if (owner := enrolled.get(digests[entry.path])) is not None:
            raise BadManifest(
                f"{plan.manifest}, line {entry.line}: the photo {shown(entry.photo)} is itself enrolled in the gallery "
                f"{name}, for {shown(owner)}; a probe must be another photo, taken on another day"
            )


def _searched(
    entries: Sequence[Entry], search: _Searching, crew: PhotoWorkforce, progress: Progress
) -> Iterator[tuple[Search, PreparedPhoto]]:
    """What came of each probe, and its photo as prepared; other processes prepare the next ones meanwhile."""
    batch: list[tuple[Entry, PreparedPhoto]] = []
    with closing(crew.run((FileTask(entry.path) for entry in entries), weigh=held_bytes)) as results:
        for done, (entry, result) in enumerate(zip(entries, results, strict=True), start=1):
            batch.append((entry, _prepared(result)))
            if len(batch) == _BATCH or done == len(entries):
                answers = search([photo for _, photo in batch])
                yield from (
                    (search_of(one, answer), photo) for (one, photo), answer in zip(batch, answers, strict=True)
                )
                batch = []
            progress(done, len(entries))


def _prepared(result: PhotoDone | Lost) -> PreparedPhoto:
    done = lost_photo(result) if isinstance(result, Lost) else result
    if not isinstance(done, Worked):
        raise TypeError(f"a photo to search with came back as {type(done).__name__}")
    return done.prepared


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started
