"""One search's list: the people retrieved, scored on a scale, cut to what was asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.records.values import PersonKey
from matcher.scoring.calibration import Calibration
from matcher.scoring.candidates import Mode, Scored, shortlist
from matcher.scoring.crowd import Crowd, code_of, templates_of
from matcher.scoring.falsematch import Reach
from matcher.scoring.fusion import Agreement
from matcher.scoring.likelihood import Bound
from matcher.scoring.likeness import Floats, likeness_to, unit
from matcher.scoring.normaliser import Normaliser, ProbeTails

CROWDED = 20_000
"""From so many people on a posterior is made of the 64 best, not of all who were retrieved: those who are further down
need not be read then. The rest counts with the last one's likelihood ratio, as always."""
CONSIDERED = 64

Photos = Mapping[PersonKey, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Rated:
    """One person in a list. score: rises with likeness. distance: of the nearest photo, in the engine's unit.

    photos: how many of the person's photos were compared. The rest is None where nothing is calibrated; see `Scored`.
    agreement: whether both parts of a joined engine say the same; None for other engines and small galleries.
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
    agreement: Agreement | None = None


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
    """What one search's scores rest on. people: how many it may find. crowd: None for the engine's own metric.

    calibration: with the factor of this crowd and filter in it.
    """

    people: int
    crowd: Crowd | None
    calibration: Calibration | None

    @property
    def normaliser(self) -> Normaliser | None:
        return None if self.crowd is None else self.crowd.normaliser


def rate(
    probes: NDArray[np.float32],
    retrieved: Sequence[Sequence[PersonKey]],
    photos: Photos,
    scale: Scale,
    asked: Asked,
    *,
    prior: float,
    qualities: Sequence[float | None] | None = None,
    sides: Sequence[ProbeTails] | None = None,
) -> tuple[Ratings, ...]:
    """Rank the retrieved people of each probe.

    probes: float32 (n, d), as the engine made them. retrieved: the people of each, each once. photos: every vector of
    these people; who is missing was removed meanwhile and is left out. qualities: of the probes' photos, 0 to 100, None
    where not known. sides: the tails of each probe, where they were drawn already. A probe's list does not depend on
    the other probes, to the last bit.
    """
    lists = [[key for key in keys if key in photos] for keys in retrieved]
    if scale.crowd is None:
        return tuple(_native(probe, keys, photos, asked) for probe, keys in zip(probes, lists, strict=True))
    found = _scores(probes, lists, photos, scale.crowd, sides or tails_of_probes(probes, scale.crowd))
    known = [None] * len(lists) if qualities is None else qualities
    ratings = []
    for probe, keys, quality, (codes, scores) in zip(probes, lists, known, found, strict=True):
        best = _considered(codes, scores, scale, asked)
        people = _Retrieved(probe, [keys[place] for place in best.tolist()], codes[best], photos, quality)
        ratings.append(people.listed(scores[best], scale, asked, prior))
    return tuple(ratings)


def most_considered(asked: Asked) -> int:
    """Of how many people a list and its posterior are made in a large gallery."""
    return max(CONSIDERED, asked.top)


def tails_of_probes(probes: NDArray[np.float32], crowd: Crowd) -> list[ProbeTails]:
    """Where each of these probes, float32 (n, d), stands among strangers."""
    return [crowd.normaliser.probes(probe[None]) for probe in unit(probes)]


def _considered(codes: NDArray[np.int64], scores: Floats, scale: Scale, asked: Asked) -> NDArray[np.int64]:
    """Which of the scored count, int64, in their order: all in a small gallery, the best in a large one."""
    if scale.people < CROWDED:
        return np.arange(len(scores))
    return np.sort(np.lexsort((codes, -scores))[: most_considered(asked)])


def _scores(
    probes: NDArray[np.float32],
    lists: Sequence[Sequence[PersonKey]],
    photos: Photos,
    crowd: Crowd,
    sides: Sequence[ProbeTails],
) -> Iterator[tuple[NDArray[np.int64], Floats]]:
    """Each probe's candidates as codes and scores, in their order."""
    everyone = list(dict.fromkeys(key for keys in lists for key in keys))
    if not everyone:
        yield from ((np.zeros(0, dtype=np.int64), np.zeros(0)) for _ in lists)
        return
    place = {key: row for row, key in enumerate(everyone)}
    codes = [code_of(key) for key in everyone]
    templates = templates_of([photos[key] for key in everyone])
    tails = crowd.tails_of(codes, templates)
    numbers = np.array(codes, dtype=np.int64)
    for probe, keys, side in zip(unit(probes), lists, sides, strict=True):
        rows = np.array([place[key] for key in keys], dtype=np.int64)
        scores = side.scores(likeness_to(probe, templates[rows])[None], tails.take(rows), numbers[rows])[0]
        yield numbers[rows], scores


@dataclass(frozen=True, slots=True, repr=False)
class _Retrieved:
    """One probe and the people retrieved for it. codes, keys: the people, in one order. quality: of its photo."""

    probe: NDArray[np.float32]
    keys: Sequence[PersonKey]
    codes: NDArray[np.int64]
    photos: Photos
    quality: float | None

    def rated(self, place: int, score: float, entry: Scored | None = None) -> Rated:
        key = self.keys[place]
        distance, count = _nearest(self.probe, self.photos[key])
        if entry is None:
            return Rated(key, score, distance, count)
        return Rated(
            key, score, distance, count, entry.fpir, entry.reach, entry.log10_lr, entry.bound, entry.confidence
        )

    def listed(self, scores: Floats, scale: Scale, asked: Asked, prior: float) -> Ratings:
        if scale.calibration is None:
            order = np.lexsort((self.codes, -scores))[: asked.top].tolist()
            return Ratings(tuple(self.rated(place, float(scores[place])) for place in order))
        cut = shortlist(
            scores,
            self.codes,
            scale.calibration,
            gallery=max(scale.people, len(self.codes)),
            prior=prior,
            top=asked.top,
            fpir=asked.fpir,
            quality=self.quality,
        )
        place = {code: row for row, code in enumerate(self.codes.tolist())}
        listed = tuple(self.rated(place[entry.person], entry.score, entry) for entry in cut.candidates)
        return Ratings(listed, cut.nobody, cut.elsewhere, None if asked.fpir is None else cut.threshold)


def _nearest(probe: NDArray[np.float32], vectors: NDArray[np.float32]) -> tuple[float, int]:
    """The distance of the nearest photo in the engine's unit, and how many photos there are."""
    away = np.linalg.norm(vectors.astype(np.float64) - probe, axis=1)
    return float(away.min()), len(vectors)


def _native(probe: NDArray[np.float32], keys: Sequence[PersonKey], photos: Photos, asked: Asked) -> Ratings:
    """By the engine's own metric, the nearest photo of each person."""
    placed = [(*_nearest(probe, photos[key]), key) for key in keys]
    ordered = sorted(placed, key=lambda entry: (entry[0], entry[2]))[: asked.top]
    return Ratings(tuple(Rated(key, 1.0 - distance, distance, count) for distance, count, key in ordered))
