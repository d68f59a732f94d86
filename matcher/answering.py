"""From what was prepared, retrieved and rated to the answer that leaves: outcome, candidates, and on what they rest."""

from collections.abc import Mapping
from dataclasses import dataclass

from matcher.among import Among
from matcher.faces import EngineKey
from matcher.identification import Candidate, Identification, Outcome, Scoring, SearchedGallery
from matcher.person import Person
from matcher.preparing import QUALITY, PhotoState, PreparedPhoto, quality_refusal
from matcher.records.values import GalleryState, PersonKey
from matcher.scoring.rating import Rated, Ratings
from matcher.scoring.words import alarm_words

_OUTCOMES = {PhotoState.NO_FACE: Outcome.NO_FACE, PhotoState.UNUSABLE: Outcome.PHOTO_UNUSABLE}


@dataclass(frozen=True, slots=True)
class Basis:
    """On what an answer rests. anyway: photos of whatever quality were asked to be searched with."""

    engine: EngineKey
    gallery: SearchedGallery
    scoring: Scoring
    anyway: bool


def answer_of(
    probe: PreparedPhoto, candidates: tuple[Candidate, ...], basis: Basis, timings: Mapping[str, float]
) -> Identification:
    """The answer to one photo; candidates: none where it was not searched with."""
    outcome, code, reason = _outcome(probe, found=bool(candidates)), probe.code, probe.reason
    refusal = quality_refusal(probe)
    if refusal and not basis.anyway:
        outcome, code, reason, refusal = Outcome.PHOTO_UNUSABLE, QUALITY, refusal, ""
    return Identification(
        outcome=outcome,
        photo_sha256=probe.sha256,
        width=probe.width,
        height=probe.height,
        notes=probe.notes,
        face=probe.face,
        others=probe.others,
        candidates=candidates,
        code=code,
        reason=reason,
        engine=basis.engine,
        gallery=basis.gallery,
        scoring=basis.scoring,
        timings=timings,
        quality=probe.quality,
        searched_anyway=refusal,
    )


def candidates_of(
    ratings: Ratings, persons: Mapping[PersonKey, Person], best: Mapping[PersonKey, str]
) -> tuple[Candidate, ...]:
    """The rated people as candidates; who was removed meanwhile, and is not among persons, is left out.

    best: the digest of each one's nearest photo.
    """
    listed = [entry for entry in ratings.listed if entry.key in persons]
    return tuple(
        _candidate(rank, entry, persons[entry.key], best[entry.key]) for rank, entry in enumerate(listed, start=1)
    )


def searched_gallery(among: Among, state: GalleryState) -> SearchedGallery:
    """How much a search among these people looks through."""
    if among.gallery is None or among.gallery not in state.galleries:
        return SearchedGallery(among.gallery, state.people, state.templates, state.version)
    size = state.galleries[among.gallery]
    return SearchedGallery(among.gallery, size.people, size.templates.get(state.engine, 0), state.version)


def _outcome(probe: PreparedPhoto, *, found: bool) -> Outcome:
    if probe.state is PhotoState.SEVERAL_FACES:
        return Outcome.SEVERAL_FACES
    return _OUTCOMES.get(probe.state, Outcome.CANDIDATES if found else Outcome.NOBODY)


def _candidate(rank: int, entry: Rated, person: Person, photo: str) -> Candidate:
    return Candidate(
        rank=rank,
        person=person,
        score=entry.score,
        distance=entry.distance,
        best_photo=photo,
        photos=entry.photos,
        false_alarm_probability=entry.fpir,
        false_alarm_reach=entry.reach.value if entry.reach else "",
        log10_likelihood_ratio=entry.log10_lr,
        likelihood_bound=entry.bound.value if entry.bound else "",
        confidence=entry.confidence,
        meaning=alarm_words(entry.fpir, entry.reach) if entry.fpir is not None and entry.reach else "",
        agreement=entry.agreement.value if entry.agreement else "",
    )
