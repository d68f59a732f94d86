"""`identify` and `enroll`: the only file that knows the order of the steps."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from index.base import IndexFault
from matcher.among import EVERYBODY, Among
from matcher.answering import Basis, answer_of, candidates_of, searched_gallery
from matcher.audit.entry import Entry
from matcher.audit.searches import refusal_entry
from matcher.beside import Beside
from matcher.engines.base import Engine
from matcher.errors import EngineMismatch, MatcherError
from matcher.faces import Vector
from matcher.gallery import Gallery
from matcher.gallery_audit import unlike_photos
from matcher.identification import Identification
from matcher.outside import entry_of, held_back
from matcher.person import Person
from matcher.photo import DEFAULT_LIMITS, PhotoLimits
from matcher.photo_date import dates_of
from matcher.preparing import Clock, PhotoState, PreparedPhoto, prepare
from matcher.quality import Appraiser, Quality, QualityPolicy, Verdict
from matcher.records.values import Enrolment, EnrolResult, GalleryState, Made, PersonKey, ReferencePhoto, TemplateHit
from matcher.scoring.account import scoring_of, with_shares
from matcher.scoring.fusion import Agreement
from matcher.scoring.live import Scorer
from matcher.scoring.outlook import Glance
from matcher.scoring.rating import Asked, Ratings, Scale

DEFAULT_TOP = 20
DEFAULT_PRIOR = 0.5
DEPTH = 200
"""How many templates are retrieved at least: who is further away by plain likeness is not first by score."""


Keep = Callable[[Sequence[Identification], Sequence[Entry]], None]
"""Writes answers and the audit's entries of these searches, in their order, both or neither."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What enrolling one person did: the records' result; by their position, the photos that were refused, those
    that were taken although they don't look like all others of the person together, and those that were taken although
    their quality is not good."""

    result: EnrolResult | None
    refused: Mapping[int, PreparedPhoto]
    unlike: Mapping[int, Agreement] = field(default_factory=dict)
    poor: Mapping[int, Quality] = field(default_factory=dict)


class Matcher:
    """Photos in, ranked candidates out. Any number of threads may share it."""

    def __init__(
        self,
        engine: Engine,
        gallery: Gallery,
        *,
        scorer: Scorer | None = None,
        appraiser: Appraiser | None = None,
        beside: Beside | None = None,
        limits: PhotoLimits = DEFAULT_LIMITS,
        clock: Clock = time.perf_counter,
    ) -> None:
        """scorer: for this gallery; without one scores rest on the gallery alone, and nothing is calibrated.

        appraiser: measures the quality of photos; without one none is refused for it. beside: makes templates of the
        second engine that a home keeps while it moves to another.
        """
        if engine.spec.key != gallery.engine:
            raise EngineMismatch(
                f"the engine {engine.spec.key} can't search a gallery opened for {gallery.engine}; use one for both"
            )
        self.engine = engine
        self.gallery = gallery
        self.scorer = scorer or Scorer(gallery, population=None, calibration=None, prior=DEFAULT_PRIOR)
        self._appraiser = appraiser
        self._beside = beside
        self._limits = limits
        self._clock = clock

    @property
    def quality_policy(self) -> QualityPolicy | None:
        """Which photos are poor and which unfit; None where quality is not measured."""
        return None if self._appraiser is None else self._appraiser.policy

    def prepare(self, data: bytes) -> PreparedPhoto:
        """A photo's bytes to its template, or the reason why not."""
        return prepare(self.engine, data, limits=self._limits, appraiser=self._appraiser, clock=self._clock)

    def identify(
        self,
        data: bytes,
        *,
        top: int = DEFAULT_TOP,
        fpir: float | None = None,
        among: Among = EVERYBODY,
        anyway: bool = False,
    ) -> Identification:
        """The likeliest people for a photo; never writes to the gallery. As `identify_many`."""
        try:
            # Before the work on the photo, which would be for nothing.
            self._must_be_there(among)
        except MatcherError as refusal:
            photos = (hashlib.sha256(data).hexdigest(),)
            self.gallery.trail.record(refusal_entry(refusal, among, top=top, fpir=fpir, photos=photos))
            raise
        return self.identify_many([self.prepare(data)], top=top, fpir=fpir, among=among, anyway=anyway)[0]

    def identify_many(
        self,
        probes: Sequence[PreparedPhoto],
        *,
        top: int = DEFAULT_TOP,
        fpir: float | None = None,
        among: Among = EVERYBODY,
        anyway: bool = False,
        keep: Keep | None = None,
        in_case: bool = False,
    ) -> tuple[Identification, ...]:
        """The same for photos that were prepared already, searched together; one answer each, in their order.

        Photos whose quality is unfit are not searched with, unless anyway.

        Without fpir the `top` likeliest people (investigation). With it, those of them whose false-alarm probability
        is at most that, maybe nobody (identification); raises OutsideCalibration where such a target can't be kept.
        Raises NotFound for a gallery that is not there, whatever the photos show.

        A photo's answer does not depend on the photos beside it, to the last bit. Nothing is answered, and no search
        refused, without its audit record: raises RecordsUnavailable where that can't be written.

        keep: writes the answers together with these records, in one transaction; without it they are written alone.
        in_case: casework's own gate was passed; else a photo of a confidential case is not searched with in galleries
        of other countries, see `outside`.
        """
        try:
            if not in_case:
                with self.gallery.database.reading() as connection:
                    probes = held_back(connection, probes, among)
            answers = self._answers(probes, top=top, fpir=fpir, among=among, anyway=anyway)
        except MatcherError as refusal:
            photos = tuple(probe.sha256 for probe in probes)
            self.gallery.trail.record(refusal_entry(refusal, among, top=top, fpir=fpir, photos=photos))
            raise
        entries = [entry_of(answer, among, top=top, fpir=fpir, anyway=anyway) for answer in answers]
        if keep is None:
            self.gallery.trail.record(*entries)
        else:
            keep(answers, entries)
        return answers

    def warm(self, *, among: Among = EVERYBODY) -> None:
        """Load what the first photo would wait for, by searching with a drawn one: models, libraries, scores' basis.

        Nobody is searched for, so that nothing is recorded. What can't be loaded is told by the first search.
        """
        from matcher.drawn import photo_bytes

        with suppress(MatcherError, IndexFault):
            self._answers([self.prepare(photo_bytes(0, 0))], top=1, fpir=None, among=among, anyway=True)

    def outlook(self, *, top: int = DEFAULT_TOP, fpir: float | None = None, among: Among = EVERYBODY) -> Identification:
        """What the answer to a photo without a face would be: it tells how every other will be scored.

        Nobody is searched for, so that nothing is recorded. Raises as `identify_many`.
        """
        return self._answers([PreparedPhoto(PhotoState.NO_FACE)], top=top, fpir=fpir, among=among, anyway=False)[0]

    def _answers(
        self, probes: Sequence[PreparedPhoto], *, top: int, fpir: float | None, among: Among, anyway: bool
    ) -> tuple[Identification, ...]:
        if top < 1:
            raise ValueError(f"top is {top}; it must be at least 1")
        self._must_be_there(among)
        asked = Asked(top, fpir)
        state = self.gallery.state()
        started = self._clock()
        scale = self.scorer.scale(among, state, fpir=fpir)
        fit = [probe.template is not None and (anyway or not probe.is_unfit) for probe in probes]
        ready = [
            (probe.template.vector, None if probe.quality is None else probe.quality.score)
            for probe, searched in zip(probes, fit, strict=True)
            if searched and probe.template is not None
        ]
        found = self.ranked(ready, scale, state, asked, among) if ready else []
        persons = self.gallery.persons({entry.key for ratings, _ in found for entry in ratings.listed})
        each = 1000 * (self._clock() - started) / max(1, len(ready))
        searched, scoring = searched_gallery(among, state), scoring_of(scale, asked, prior=self.scorer.prior)
        rest = iter(found)
        answers = []
        for probe, is_searched in zip(probes, fit, strict=True):
            basis = Basis(self.engine.spec.key, searched, scoring, anyway=anyway)
            if not is_searched:
                answers.append(answer_of(probe, (), basis, probe.timings))
                continue
            ratings, best = next(rest)
            candidates = candidates_of(ratings, persons, best)
            basis = replace(basis, scoring=with_shares(scoring, ratings))
            answers.append(answer_of(probe, candidates, basis, {**probe.timings, "search": each}))
        return tuple(answers)

    def enroll(
        self,
        person: Person,
        photos: Sequence[bytes],
        *,
        keep_photos: bool = True,
        anyway: bool = False,
        update: bool = True,
        taken_on: Sequence[str] = (),
    ) -> Enrolled:
        """Add a person with photos. Photos that can't serve as a reference are refused, the others kept; with none
        that can, nothing is written. anyway: also take photos whose quality is unfit. update: see `Gallery.enroll`.

        taken_on: none, or for each photo the ISO date it was taken on, empty where not known. Raises BadField where
        there is another number of them, or one photo is given with two dates.
        """
        dates = dates_of([hashlib.sha256(data).hexdigest() for data in photos], taken_on)
        prepared = dict(enumerate(self.prepare(data) for data in photos))
        refused = {place: item for place, item in prepared.items() if not _can_serve(item, anyway=anyway)}
        taken = {place: item for place, item in prepared.items() if place not in refused}
        if photos and not taken:
            return Enrolled(None, refused)
        references = [
            reference_photo(item, photos[place] if keep_photos else None, self._also(photos[place], item))
            for place, item in taken.items()
        ]
        result = self.gallery.enroll([Enrolment(person, references, dates)], update=update)[0]
        poor = {
            place: item.quality
            for place, item in taken.items()
            if item.quality is not None and item.quality.verdict is not Verdict.GOOD
        }
        return Enrolled(result, refused, self._unlike((result.gallery, result.person_id), taken), poor)

    def _must_be_there(self, among: Among) -> None:
        if among.gallery is not None:
            self.gallery.must_have(among.gallery)
        self.gallery.must_be_usable(among.gallery)

    def _also(self, data: bytes, prepared: PreparedPhoto) -> tuple[Made, ...]:
        return () if self._beside is None else self._beside.also(data, prepared.face)

    def _unlike(self, key: PersonKey, prepared: Mapping[int, PreparedPhoto]) -> dict[int, Agreement]:
        taken = {place: item.template.vector for place, item in prepared.items() if item.template is not None}
        verdicts = unlike_photos(self.scorer, self.gallery, key, list(taken.values()))
        return {
            place: verdict
            for place, verdict in zip(taken, verdicts, strict=True)
            if verdict in {Agreement.DOUBTFUL, Agreement.DISAGREE} and verdict is not None
        }

    def ranked(
        self,
        probes: Sequence[tuple[Vector, float | None]],
        scale: Scale,
        state: GalleryState,
        asked: Asked,
        among: Among,
    ) -> list[tuple[Ratings, dict[PersonKey, str]]]:
        """For each probe the rated people, and the nearest photo of each person who was retrieved.

        probes: vector, and the photo's quality, None where it was not measured.
        """
        vectors, qualities = np.stack([vector for vector, _ in probes]), [quality for _, quality in probes]
        glance = self.scorer.glance(vectors, scale, state, asked)
        retrieved, known = self._nearest(vectors, asked.top, among, glance)
        lists = [list(best) for best in retrieved]
        sides = None if glance is None else glance.sides
        ratings = self.scorer.rate(vectors, lists, known, scale, asked, qualities=qualities, sides=sides)
        return list(zip(ratings, retrieved, strict=True))

    def _nearest(
        self, vectors: np.typing.NDArray[np.float32], top: int, among: Among, glance: Glance | None
    ) -> tuple[tuple[dict[PersonKey, str], ...], dict[PersonKey, np.typing.NDArray[np.float32]]]:
        """The people near each vector with their nearest photo, as many templates as it takes to fill the list; and
        every vector of these people. glance: leaves out who can't come into the list, unread."""
        depth = max(DEPTH, 4 * top)
        people: dict[int, dict[PersonKey, str]] = {}
        known: dict[PersonKey, np.typing.NDArray[np.float32]] = {}
        left = list(range(len(vectors)))
        # Each goes as deep as it needs: those beside it must not change what it finds.
        while left:
            choose = None if glance is None else partial(glance.worth_reading, places=tuple(left))
            lists, theirs = self.gallery.search_people(vectors[left], depth, among=among, choose=choose)
            found = dict(zip(left, lists, strict=True))
            known |= theirs
            people |= {place: _people_of(hits) for place, hits in found.items()}
            # With fewer templates than asked for, asking for more could not bring more people.
            left = [place for place, hits in found.items() if len(people[place]) < top and len(hits) == depth]
            depth *= 4
        return tuple(people[place] for place in range(len(vectors))), known


def reference_photo(prepared: PreparedPhoto, content: bytes | None, also: tuple[Made, ...] = ()) -> ReferencePhoto:
    """A prepared photo as the records keep it; raises ValueError for one without a template.

    also: what other engines made of it.
    """
    if prepared.template is None:
        raise ValueError("a photo without a template can't be a reference")
    return ReferencePhoto(
        sha256=prepared.sha256,
        template=prepared.template,
        face=prepared.face,
        format=prepared.format,
        width=prepared.width,
        height=prepared.height,
        content=content,
        also=also,
    )


def _can_serve(prepared: PreparedPhoto, *, anyway: bool) -> bool:
    return prepared.is_of_one and (anyway or not prepared.is_unfit)


def _people_of(hits: Sequence[TemplateHit]) -> dict[PersonKey, str]:
    """Each person once, nearest first, with the digest of the nearest photo. hits: nearest first."""
    best: dict[PersonKey, str] = {}
    for hit in hits:
        best.setdefault((hit.gallery, hit.person_id), hit.sha256)
    return best
