"""What a gallery's own photos say of it: look-alikes, one person under two ids, photos unlike their person's others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matcher.among import Among
from matcher.errors import OutsideCalibration
from matcher.gallery import Gallery
from matcher.records.bulk import in_parts
from matcher.records.values import PersonKey
from matcher.scoring.audit import look_alikes
from matcher.scoring.cohort import highest_of
from matcher.scoring.crowd import Crowd, code_of, templates_of
from matcher.scoring.falsematch import FalseMatchLaw
from matcher.scoring.fusion import Agreement, agreement
from matcher.scoring.likeness import Floats, Vectors, similarities, unit
from matcher.scoring.live import Scorer

NEIGHBOURS = 5
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people more alike than chance allows. expected: how many such pairs chance would bring in this gallery."""

    one: PersonKey
    other: PersonKey
    score: float
    expected: float


@dataclass(frozen=True, slots=True)
class Stray:
    """A person of whom one photo does not look like the others. agreement: doubtful or disagree. photos: how many."""

    person: PersonKey
    agreement: Agreement
    score: float
    photos: int


@dataclass(frozen=True, slots=True)
class Audit:
    """pairs, strays: the most striking first. people: how many were compared."""

    people: int
    pairs: tuple[Pair, ...]
    strays: tuple[Stray, ...]


def audit(gallery: Gallery, scorer: Scorer, name: str | None, *, expected: float = 1.0) -> Audit:
    """Look through one gallery, or all.

    expected: pairs are listed of which chance would bring at most so many. Raises NotFound for a gallery that is not
    there, OutsideCalibration where the engine's scores are not calibrated.
    """
    state = gallery.state()
    scale = scorer.scale(Among(gallery=name), state)
    if scale.crowd is None or scale.calibration is None:
        raise OutsideCalibration(
            f"scores of {gallery.engine} are not calibrated here; run calibrate, with people of whom there are several "
            "photos"
        )
    keys, vectors = _everyone(gallery, name)
    if not keys:
        return Audit(0, (), ())
    law = scale.calibration.false_matches
    pairs = _pairs(keys, templates_of(vectors), scale.crowd, law, expected)
    strays = _strays(keys, vectors, scale.crowd, law)
    return Audit(len(keys), pairs, strays)


def strays_among(gallery: Gallery, scorer: Scorer, name: str, keys: Iterable[PersonKey]) -> tuple[Stray, ...]:
    """Of these people of one gallery, those of whom a photo is unlike the others, the most striking first.

    Empty where the engine's scores are not calibrated.
    """
    several: dict[PersonKey, NDArray[np.float32]] = {}
    for part in in_parts(keys):
        several.update((key, rows) for key, rows in gallery.vectors_by_person(part).items() if len(rows) > 1)
    # Where everybody has one photo nothing need be learned of the gallery.
    scale = scorer.scale(Among(gallery=name), gallery.state()) if several else None
    if scale is None or scale.crowd is None or scale.calibration is None:
        return ()
    return _strays(list(several), list(several.values()), scale.crowd, scale.calibration.false_matches)


def unlike_photos(
    scorer: Scorer, gallery: Gallery, key: PersonKey, photos: Sequence[NDArray[np.float32]]
) -> tuple[Agreement | None, ...]:
    """For each of a person's photos that were just added, whether it looks like all their others together.

    photos: float32 (d,) each, as the engine made them. None where there is no other photo, or nothing is calibrated.
    """
    scale = scorer.scale(Among(gallery=key[0]), gallery.state())
    known = gallery.vectors_by_person([key]).get(key)
    if known is None or len(known) < 2 or scale.crowd is None or scale.calibration is None:
        return (None,) * len(photos)
    verdicts = agreement(stray_scores(known, scale.crowd, code_of(key)), scale.calibration.false_matches)
    rows = [np.flatnonzero((known == photo).all(axis=1)) for photo in photos]
    return tuple(verdicts[row[0]] if row.size else None for row in rows)


def stray_scores(vectors: NDArray[np.float32], crowd: Crowd, code: int) -> Floats:
    """The score of each of one person's photos, float32 (n, d), n at least 2, against the mean of the others."""
    units = unit(vectors)
    people = np.array([code], dtype=np.int64)
    scores = []
    for place in range(len(units)):
        others = templates_of([np.delete(units, place, axis=0)])
        tails = crowd.normaliser.templates(others, people)
        probe = crowd.normaliser.probes(units[place : place + 1])
        scores.append(float(probe.scores(similarities(units[place : place + 1], others), tails, people)[0, 0]))
    return np.array(scores)


def _everyone(gallery: Gallery, name: str | None) -> tuple[list[PersonKey], list[NDArray[np.float32]]]:
    """Everyone with a template, by code, and their vectors."""
    found: dict[PersonKey, NDArray[np.float32]] = {}
    for part in in_parts(list(gallery.person_keys(name))):
        found.update(gallery.vectors_by_person(part))
    keys = sorted(found, key=code_of)
    return keys, [found[key] for key in keys]


def _pairs(
    keys: Sequence[PersonKey], templates: Vectors, crowd: Crowd, law: FalseMatchLaw, expected: float
) -> tuple[Pair, ...]:
    codes = np.array([code_of(key) for key in keys], dtype=np.int64)
    if len(keys) < 2:
        return ()
    likeness, neighbours = _nearest(templates, min(NEIGHBOURS, len(keys) - 1))
    tails = crowd.normaliser.templates(templates, codes)
    key_of = dict(zip(codes.tolist(), keys, strict=True))
    found = look_alikes(likeness, neighbours, tails, codes, law, expected=expected)
    return tuple(Pair(key_of[pair.one], key_of[pair.other], pair.score, pair.expected) for pair in found)


def _nearest(templates: Vectors, count: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The nearest other templates of each: similarities and rows, (n, count), nearest first."""
    likeness = np.empty((len(templates), count), dtype=np.float32)
    rows = np.empty((len(templates), count), dtype=np.int64)
    for start in range(0, len(templates), _BLOCK):
        block = similarities(templates[start : start + _BLOCK], templates)
        own = np.arange(len(block))
        block[own, start + own] = -np.inf
        likeness[start : start + len(block)], rows[start : start + len(block)] = highest_of(block, count)
    return likeness, rows


def _strays(
    keys: Sequence[PersonKey], vectors: Sequence[NDArray[np.float32]], crowd: Crowd, law: FalseMatchLaw
) -> tuple[Stray, ...]:
    found = sorted(_unlike(keys, vectors, crowd, law), key=lambda stray: (stray.score, stray.person))
    return tuple(found)


def _unlike(
    keys: Sequence[PersonKey], vectors: Sequence[NDArray[np.float32]], crowd: Crowd, law: FalseMatchLaw
) -> Iterator[Stray]:
    for key, photos in zip(keys, vectors, strict=True):
        if len(photos) < 2:
            continue
        lowest = stray_scores(photos, crowd, code_of(key)).min()
        (verdict,) = agreement(np.array([lowest]), law)
        if verdict is not Agreement.AGREE:
            yield Stray(key, verdict, float(lowest), len(photos))
