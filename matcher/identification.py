"""What a search answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from matcher.faces import EngineKey, Face
from matcher.person import Person
from matcher.quality import Quality


class Outcome(StrEnum):
    """How a search ended; none of these is an error."""

    CANDIDATES = "candidates"
    NOBODY = "nobody"
    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    """Candidates are listed for the chosen face, but another face in the photo might be meant."""
    PHOTO_UNUSABLE = "photo_unusable"
    """No template could be made, or the photo's quality is so low that it is not searched with unasked."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person who may be the one in the photo.

    rank: 1 for the likeliest. score: rises with likeness; what it means is the answer's `scoring`.
    distance: Euclidean, of the nearest photo, in the engine's unit. best_photo: SHA-256 of that photo.
    photos: how many of the person's photos were compared.
    Of the rest, None and "" stand for "not calibrated":
    false_alarm_probability: the share of searches for people who are not in this gallery, as large as it is now, that
    would bring up anybody with this score or more (FPIR). false_alarm_reach: measured, modelled, or beyond what was
    calibrated: then it is "at most". log10_likelihood_ratio: how much likelier the likeness is if both show one
    person; likelihood_bound: as is, at most or at least. confidence: the posterior probability under the stated
    prior; those of all candidates, `elsewhere` and `nobody` sum to 1. meaning: the same in words.
    agreement: agree, doubtful or disagree: whether both parts of a joined engine say the same of this candidate; "" for
    other engines and for galleries too small to tell.
    """

    rank: int
    person: Person
    score: float
    distance: float
    best_photo: str
    photos: int
    false_alarm_probability: float | None = None
    false_alarm_reach: str = ""
    log10_likelihood_ratio: float | None = None
    likelihood_bound: str = ""
    confidence: float | None = None
    meaning: str = ""
    agreement: str = ""


@dataclass(frozen=True, slots=True)
class Scoring:
    """What the scores of an answer are. calibrated: whether they may be read as more than an order.

    mode: investigation or identification. people: how many could be found, after filters; probabilities hold for this
    number. basis: whose likeness strangers' likeness was taken from. calibration: engine, data and date, in words.
    fpir, threshold: the target and the score it asks for; None in investigation. prior: the assumed share of searches
    whose person is in the gallery. nobody, elsewhere: the posterior shares of "not in this gallery" and of everybody
    who is not listed. None where nothing is calibrated or nothing was searched.
    """

    name: str
    calibrated: bool
    note: str
    mode: str = "investigation"
    people: int = 0
    basis: str = ""
    calibration: str = ""
    fpir: float | None = None
    threshold: float | None = None
    prior: float | None = None
    nobody: float | None = None
    elsewhere: float | None = None


@dataclass(frozen=True, slots=True)
class SearchedGallery:
    """What was searched: the gallery's name, None for all; how many people and templates; version of the records."""

    name: str | None
    people: int
    templates: int
    version: int


@dataclass(frozen=True, slots=True)
class Identification:
    """A photo's ranked candidates, with what is needed to understand and to repeat the search.

    photo_sha256, width, height, notes: of the probe photo. face: the one searched with; others: the rest, largest
    first. code, reason: why the photo is unusable. quality: of the photo, None where it was not measured or there is
    no face. searched_anyway: why the photo would have been refused, had it not been asked for anyway; else empty.
    timings: step -> milliseconds.
    """

    outcome: Outcome
    photo_sha256: str
    width: int
    height: int
    notes: tuple[str, ...]
    face: Face | None
    others: tuple[Face, ...]
    candidates: tuple[Candidate, ...]
    code: str
    reason: str
    engine: EngineKey
    gallery: SearchedGallery
    scoring: Scoring
    timings: Mapping[str, float]
    quality: Quality | None = None
    searched_anyway: str = ""
