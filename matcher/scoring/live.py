"""Scores of searches in an operator's own gallery: normalised on its people, calibrated, cut to the list asked for."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.among import Among
from matcher.errors import OutsideCalibration
from matcher.gallery import Gallery
from matcher.records.bulk import in_parts
from matcher.records.values import GallerySize, GalleryState, PersonKey
from matcher.scoring.calibration import Calibration
from matcher.scoring.candidates import Mode, Scored, shortlist
from matcher.scoring.crowd import Crowd, code_of, learn_crowd, templates_of
from matcher.scoring.falsematch import Reach
from matcher.scoring.learning import LEAST_ALONE, NotEnoughPeople
from matcher.scoring.likelihood import Bound
from matcher.scoring.likeness import Floats, similarities, unit
from matcher.scoring.normaliser import Normaliser
from matcher.scoring.population import Population

_KEPT_COUNTS = 256
_WARMED_AT_ONCE = 500
_PAUSE = 0.02


@dataclass(frozen=True, slots=True)
class Rated:
    """One person in a list. score: rises with likeness. distance: of the nearest photo, in the engine's unit.

    photos: how many of the person's photos were compared. The rest is None where nothing is calibrated; see `Scored`.
    """

    key: PersonKey
    score: float
    distance: float
    photos: int
    fpir: float | None = None
    reach: Reach | None = None
    log10_lr: float | None = None
    bound: Bound | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Ratings:
    """One search's list, best first. nobody, elsewhere: the posterior's other shares, None where not calibrated.

    threshold: the score that a target FPIR asks for; None without a target.
    """

    listed: tuple[Rated, ...]
    nobody: float | None = None
    elsewhere: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """How a list is cut. top: at most so many. fpir: a target makes it identification; None is investigation."""

    top: int
    fpir: float | None = None

    @property
    def mode(self) -> Mode:
        return Mode.INVESTIGATION if self.fpir is None else Mode.IDENTIFICATION


@dataclass(frozen=True, slots=True, repr=False)
class Scale:
    """What one search's scores rest on. people: how many it may find. crowd: None for the engine's own metric."""

    people: int
    crowd: Crowd | None
    calibration: Calibration | None

    @property
    def normaliser(self) -> Normaliser | None:
        return None if self.crowd is None else self.crowd.normaliser


class Scorer:
    """Scores for one gallery and engine. Any number of threads may share it."""

    def __init__(
        self,
        gallery: Gallery,
        *,
        population: Population | None,
        calibration: Calibration | None,
        prior: float,
    ) -> None:
        """population, calibration: of the gallery's engine; None where there is none. prior: the share of searches
        whose person is in the gallery, above 0 and below 1."""
        self._gallery = gallery
        self._population = population
        self._calibration = calibration
        self.prior = prior
        self._learning = threading.Lock()
        self._crowds: dict[str | None, Crowd] = {}
        self._counts: dict[tuple[Among, int], int] = {}

    @property
    def calibration(self) -> Calibration | None:
        return self._calibration

    def scale(self, among: Among, state: GalleryState, *, fpir: float | None = None) -> Scale:
        """What searches among these people rest on, at this state of the gallery.

        Raises OutsideCalibration for a target FPIR that can't be kept.
        """
        people = self._people(among, state)
        crowd = self._crowd(among.gallery, state)
        calibration = self._calibration if crowd is not None else None
        if fpir is not None:
            if calibration is None:
                raise OutsideCalibration(
                    f"no list can be cut at FPIR {fpir:g}: scores of {state.engine} are not calibrated here; search "
                    "without a target, or calibrate on people with several photos"
                )
            calibration.false_matches.threshold(fpir, people)
        return Scale(people, crowd, calibration)

    def warm(self, stop: threading.Event) -> None:
        """Meet everyone before a search does: learn all galleries' crowd and the tails of everyone, until stopped.

        About 60 microseconds of one core a person; a search that meets 200 people for the first time takes ten
        milliseconds longer than one that does not. Cheap where it was done before.
        """
        state = self._gallery.state()
        for name in {None, *self._crowds}:
            crowd = self._crowd(name, state)
            if crowd is None or len(crowd.store) >= 0.9 * self._people(Among(gallery=name), state):
                continue
            for part in in_parts(list(self._gallery.person_keys(name)), _WARMED_AT_ONCE):
                if stop.wait(_PAUSE):
                    return
                vectors = self._gallery.vectors_by_person(part)
                if vectors:
                    crowd.tails_of([code_of(key) for key in vectors], templates_of(list(vectors.values())))

    def rate(
        self,
        probes: NDArray[np.float32],
        retrieved: Sequence[Sequence[PersonKey]],
        vectors: Mapping[PersonKey, NDArray[np.float32]],
        scale: Scale,
        asked: Asked,
    ) -> tuple[Ratings, ...]:
        """Rank the retrieved people of each probe.

        probes: float32 (n, d), as the engine made them. retrieved: the people of each, each once. vectors: every
        vector of these people; who is missing was removed meanwhile and is left out.
        """
        lists = [[key for key in keys if key in vectors] for keys in retrieved]
        if scale.crowd is None:
            return tuple(_native(probe, keys, vectors, asked) for probe, keys in zip(probes, lists, strict=True))
        found = self._scores(probes, lists, vectors, scale.crowd)
        return tuple(
            self._listed(
                scores, codes, scale, asked, _Photos(probe, dict(zip(codes.tolist(), keys, strict=True)), vectors)
            )
            for probe, keys, (codes, scores) in zip(probes, lists, found, strict=True)
        )

    def _scores(
        self,
        probes: NDArray[np.float32],
        lists: Sequence[Sequence[PersonKey]],
        vectors: Mapping[PersonKey, NDArray[np.float32]],
        crowd: Crowd,
    ) -> Iterator[tuple[NDArray[np.int64], Floats]]:
        """Each probe's candidates as codes and scores, in their order."""
        everyone = list(dict.fromkeys(key for keys in lists for key in keys))
        if not everyone:
            yield from ((np.zeros(0, dtype=np.int64), np.zeros(0)) for _ in lists)
            return
        place = {key: row for row, key in enumerate(everyone)}
        codes = [code_of(key) for key in everyone]
        templates = templates_of([vectors[key] for key in everyone])
        tails = crowd.tails_of(codes, templates)
        units = unit(probes)
        sides = crowd.normaliser.probes(units)
        numbers = np.array(codes, dtype=np.int64)
        for row, keys in enumerate(lists):
            rows = np.array([place[key] for key in keys], dtype=np.int64)
            likeness = similarities(units[row : row + 1], templates[rows])
            scores = sides.row(row).scores(likeness, tails.take(rows), numbers[rows])[0]
            yield numbers[rows], scores

    def _listed(
        self, scores: Floats, codes: NDArray[np.int64], scale: Scale, asked: Asked, photos: "_Photos"
    ) -> Ratings:
        if scale.calibration is None:
            order = np.lexsort((codes, -scores))[: asked.top]
            return Ratings(tuple(photos.rated(int(codes[place]), float(scores[place])) for place in order))
        cut = shortlist(
            scores,
            codes,
            scale.calibration,
            gallery=max(scale.people, len(codes)),
            prior=self.prior,
            top=asked.top,
            fpir=asked.fpir,
        )
        listed = tuple(photos.rated(entry.person, entry.score, entry) for entry in cut.candidates)
        return Ratings(listed, cut.nobody, cut.elsewhere, None if asked.fpir is None else cut.threshold)

    def _people(self, among: Among, state: GalleryState) -> int:
        if among == Among(gallery=among.gallery):
            # Who has no photo of this engine can't be found; the kept counts say how many can at most.
            return sum(min(size.people, size.templates.get(state.engine, 0)) for size in _sizes(among.gallery, state))
        asked = (among, state.version)
        count = self._counts.get(asked)
        if count is None:
            if len(self._counts) >= _KEPT_COUNTS:
                self._counts.clear()
            count = self._counts[asked] = self._gallery.count_people(among)
        return count

    def _crowd(self, gallery: str | None, state: GalleryState) -> Crowd | None:
        """The gallery's crowd, learned anew where it has changed too much; None where there are too few people."""
        known = self._crowds.get(gallery)
        if known is not None and known.fits(state.version):
            return known
        with self._learning:
            known = self._crowds.get(gallery)
            if known is not None and known.fits(state.version):
                return known
            people = self._people(Among(gallery=gallery), state)
            if self._population is None and people < LEAST_ALONE:
                return None
            templates = sum(size.templates.get(state.engine, 0) for size in _sizes(gallery, state))
            try:
                crowd = learn_crowd(
                    self._gallery,
                    gallery,
                    self._population,
                    size=people,
                    version=state.version,
                    templates=templates,
                )
            except NotEnoughPeople:
                return None
            self._crowds[gallery] = crowd
            return crowd


@dataclass(frozen=True, slots=True, repr=False)
class _Photos:
    """One probe and the photos of the people retrieved for it. keys: by code."""

    probe: NDArray[np.float32]
    keys: Mapping[int, PersonKey]
    vectors: Mapping[PersonKey, NDArray[np.float32]]

    def rated(self, code: int, score: float, entry: Scored | None = None) -> Rated:
        key = self.keys[code]
        distance, photos = _nearest(self.probe, self.vectors[key])
        if entry is None:
            return Rated(key, score, distance, photos)
        return Rated(
            key, score, distance, photos, entry.fpir, entry.reach, entry.log10_lr, entry.bound, entry.confidence
        )


def _sizes(gallery: str | None, state: GalleryState) -> list[GallerySize]:
    """Those of the galleries that are searched; none for one that is not there."""
    return [size for name, size in state.galleries.items() if gallery in {None, name}]


def _nearest(probe: NDArray[np.float32], vectors: NDArray[np.float32]) -> tuple[float, int]:
    """The distance of the nearest photo in the engine's unit, and how many photos there are."""
    away = np.linalg.norm(vectors.astype(np.float64) - probe, axis=1)
    return float(away.min()), len(vectors)


def _native(
    probe: NDArray[np.float32],
    keys: Sequence[PersonKey],
    vectors: Mapping[PersonKey, NDArray[np.float32]],
    asked: Asked,
) -> Ratings:
    """By the engine's own metric, the nearest photo of each person."""
    placed = [(*_nearest(probe, vectors[key]), key) for key in keys]
    ordered = sorted(placed, key=lambda entry: (entry[0], entry[2]))[: asked.top]
    return Ratings(tuple(Rated(key, 1.0 - distance, distance, photos) for distance, photos, key in ordered))
