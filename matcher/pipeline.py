"""`identify` and `enroll`: the only file that knows the order of the steps."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from matcher.among import EVERYBODY, Among
from matcher.engines.base import Engine
from matcher.errors import EngineMismatch
from matcher.gallery import Gallery
from matcher.identification import Candidate, Identification, Outcome, SearchedGallery
from matcher.person import Person
from matcher.photo import DEFAULT_LIMITS, PhotoLimits
from matcher.preparing import Clock, PhotoState, PreparedPhoto, prepare
from matcher.records.values import Enrolment, EnrolResult, ReferencePhoto, TemplateHit
from matcher.scoring.native import NATIVE, Ranked, rank

DEFAULT_TOP = 20
_OUTCOMES = {PhotoState.NO_FACE: Outcome.NO_FACE, PhotoState.UNUSABLE: Outcome.PHOTO_UNUSABLE}


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What enrolling one person did: the records' result, and the photos that were refused, by their position."""

    result: EnrolResult | None
    refused: Mapping[int, PreparedPhoto]


class Matcher:
    """Photos in, ranked candidates out. Any number of threads may share it."""

    def __init__(
        self,
        engine: Engine,
        gallery: Gallery,
        *,
        limits: PhotoLimits = DEFAULT_LIMITS,
        clock: Clock = time.perf_counter,
    ) -> None:
        if engine.spec.key != gallery.engine:
            raise EngineMismatch(
                f"the engine {engine.spec.key} can't search a gallery opened for {gallery.engine}; use one for both"
            )
        self.engine = engine
        self.gallery = gallery
        self._limits = limits
        self._clock = clock

    def prepare(self, data: bytes) -> PreparedPhoto:
        """A photo's bytes to its template, or the reason why not."""
        return prepare(self.engine, data, limits=self._limits, clock=self._clock)

    def identify(self, data: bytes, *, top: int = DEFAULT_TOP, among: Among = EVERYBODY) -> Identification:
        """The `top` likeliest people for a photo; never writes to the gallery."""
        return self.identify_many([self.prepare(data)], top=top, among=among)[0]

    def identify_many(
        self, probes: Sequence[PreparedPhoto], *, top: int = DEFAULT_TOP, among: Among = EVERYBODY
    ) -> tuple[Identification, ...]:
        """The same for photos that were prepared already, searched together; one answer each, in their order."""
        if top < 1:
            raise ValueError(f"top is {top}; it must be at least 1")
        searched = self._searched(among)
        vectors = [probe.template.vector for probe in probes if probe.template is not None]
        started = self._clock()
        found = iter(self._nearest(np.stack(vectors), top, among) if vectors else ())
        each = 1000 * (self._clock() - started) / max(1, len(vectors))
        ranked = [next(found) if probe.template is not None else () for probe in probes]
        persons = self.gallery.persons({entry.key for entries in ranked for entry in entries})
        answers = []
        for probe, entries in zip(probes, ranked, strict=True):
            candidates = tuple(
                Candidate(place, persons[entry.key], entry.score, entry.best.distance, entry.best.sha256, entry.photos)
                for place, entry in enumerate((e for e in entries if e.key in persons), start=1)
            )
            timings = {**probe.timings, "search": each} if probe.template is not None else dict(probe.timings)
            answers.append(self._answer(probe, candidates, searched, timings))
        return tuple(answers)

    def enroll(self, person: Person, photos: Sequence[bytes], *, keep_photos: bool = True) -> Enrolled:
        """Add a person with photos. Photos that can't serve as a reference are refused, the others kept; with none
        that can, nothing is written."""
        prepared = [self.prepare(data) for data in photos]
        good = [
            reference_photo(item, data if keep_photos else None)
            for item, data in zip(prepared, photos, strict=True)
            if item.state is PhotoState.READY
        ]
        refused = {place: item for place, item in enumerate(prepared) if item.state is not PhotoState.READY}
        if photos and not good:
            return Enrolled(None, refused)
        return Enrolled(self.gallery.enroll([Enrolment(person, good)])[0], refused)

    def _nearest(
        self, vectors: np.typing.NDArray[np.float32], top: int, among: Among
    ) -> tuple[tuple[Ranked, ...], ...]:
        """The best people for each vector: as many templates are fetched as it takes to fill the list."""
        depth = max(50, 2 * top)
        while True:
            found = self.gallery.search_many(vectors, depth, among=among)
            ranked = tuple(rank(hits, top=top) for hits in found)
            if all(_full(entries, hits, top, depth) for entries, hits in zip(ranked, found, strict=True)):
                return ranked
            depth *= 4

    def _searched(self, among: Among) -> SearchedGallery:
        state = self.gallery.state()
        if among.gallery is None or among.gallery not in state.galleries:
            return SearchedGallery(among.gallery, state.people, state.templates, state.version)
        size = state.galleries[among.gallery]
        return SearchedGallery(among.gallery, size.people, size.templates.get(state.engine, 0), state.version)

    def _answer(
        self,
        probe: PreparedPhoto,
        candidates: tuple[Candidate, ...],
        searched: SearchedGallery,
        timings: Mapping[str, float],
    ) -> Identification:
        outcome = _OUTCOMES.get(probe.state, Outcome.CANDIDATES if candidates else Outcome.NOBODY)
        if probe.state is PhotoState.SEVERAL_FACES:
            outcome = Outcome.SEVERAL_FACES
        return Identification(
            outcome=outcome,
            photo_sha256=probe.sha256,
            width=probe.width,
            height=probe.height,
            notes=probe.notes,
            face=probe.face,
            others=probe.others,
            candidates=candidates,
            code=probe.code,
            reason=probe.reason,
            engine=self.engine.spec.key,
            gallery=searched,
            scoring=NATIVE,
            timings=timings,
        )


def reference_photo(prepared: PreparedPhoto, content: bytes | None) -> ReferencePhoto:
    """A prepared photo as the records keep it; raises ValueError for one without a template."""
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
    )


def _full(entries: Sequence[Ranked], hits: Sequence[TemplateHit], top: int, depth: int) -> bool:
    """Whether asking for more templates could not bring more people."""
    return len(entries) >= top or len(hits) < depth
