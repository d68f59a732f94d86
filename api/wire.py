"""What goes over the wire: the one JSON shape of the command line's ``--json`` and of HTTP's ``/v1``.

Only these models and functions know it; the matcher's own values never leave `api/` in another form.
"""

from pydantic import Field

from api.wire_quality import QualityOut, Wire, quality_out
from matcher.faces import Box, Face
from matcher.identification import Candidate, Identification
from matcher.person import Person
from matcher.records.values import EnrolResult, ListedPerson, PersonRecord


class PersonOut(Wire):
    """An identity record's fields; an empty string means "not stated"."""

    person_id: str
    gallery: str
    name: str = ""
    native_name: str = ""
    date_of_birth: str = Field("", description="1980, 1980-05 or 1980-05-17")
    sex: str = Field("", description="as documented: M, F or X")
    nationality: str = Field("", description="ISO 3166-1 alpha-3 or an ICAO 9303 code")
    national_id: str = ""
    household_registration: str = ""
    source: str = ""


class PhotoOut(Wire):
    """A reference photo as recorded; not its pixels."""

    sha256: str
    format: str
    width: int
    height: int
    added_at: int = Field(description="seconds since 1970, UTC")
    has_content: bool = Field(description="whether the original bytes are kept, so that the photo can be shown")
    engines: tuple[str, ...] = Field(description="the engines with a template of this photo")
    taken_on: str = Field("", description="the day it was taken, an ISO date; empty: not known")


class PersonRecordOut(Wire):
    """A person with what is kept of the photos."""

    person: PersonOut
    photos: tuple[PhotoOut, ...]
    added_at: int = Field(description="seconds since 1970, UTC")
    changed_at: int = Field(description="seconds since 1970, UTC")


class ListedPersonOut(Wire):
    """A person's fields, and how many photos are recorded."""

    person: PersonOut
    photos: int


class RefusedPhotoOut(Wire):
    """A photo that was not taken as a reference."""

    photo: str = Field(description="its name as given, else its position, from 1")
    code: str = Field(description="stable, for programs: truncated, no_face, several_faces ...")
    reason: str


class EnrolledOut(Wire):
    """What enrolling one person did. person: new, updated, unchanged, or refused where no photo could serve."""

    gallery: str
    person_id: str
    person: str
    photos: tuple[str, ...] = Field(description="one of new, completed, already_there for each photo that was taken")
    refused: tuple[RefusedPhotoOut, ...] = ()


class BoxOut(Wire):
    """Pixels of the upright photo; right and bottom are outside. May reach over the photo's edge."""

    left: float
    top: float
    right: float
    bottom: float


class FaceOut(Wire):
    """A face found in a photo."""

    box: BoxOut
    landmarks: tuple[tuple[float, float], ...] = Field(description="x and y in pixels; their order is the engine's")
    detection_score: float
    turn: int = Field(description="degrees clockwise by which the photo must be turned for the face to stand upright")


class CandidateOut(Wire):
    """One person who may be the one in the photo; never more than a lead that a person must confirm."""

    rank: int = Field(description="1 for the likeliest")
    person_id: str
    gallery: str
    score: float = Field(description="rises with likeness; the answer's `scoring` says what it means")
    distance: float = Field(description="Euclidean distance of the nearest photo, in the engine's unit")
    best_photo: str = Field(description="SHA-256 of the person's photo that is most alike")
    photos: int = Field(description="how many of the person's photos were compared")
    false_alarm_probability: float | None = Field(
        description="share of searches for people who are not in this gallery that would show anybody this strong or "
        "stronger (FPIR); null: not calibrated"
    )
    false_alarm_reach: str = Field(
        description="measured, modelled, or beyond: then the probability is at most that; empty: not calibrated"
    )
    log10_likelihood_ratio: float | None = Field(
        description="how much likelier this likeness is if both photos show one person; null: not calibrated"
    )
    likelihood_bound: str = Field(description="how to read the ratio: as is, at most, at least; empty: not calibrated")
    confidence: float | None = Field(
        description="posterior probability under `scoring.prior`; with `scoring.nobody` and `scoring.elsewhere` all "
        "candidates' sum to 1; null: not calibrated"
    )
    meaning: str = Field(description="the false-alarm probability in words; empty: not calibrated")
    agreement: str = Field(
        "", description="joined engines: agree, doubtful or disagree, whether both say the same of this candidate"
    )
    person: PersonOut


class SearchedGalleryOut(Wire):
    """What was searched."""

    name: str | None = Field(description="null: all galleries")
    people: int
    templates: int
    version: int = Field(description="rises with every change of the records")


class ScoringOut(Wire):
    """What the scores of this answer are."""

    name: str
    calibrated: bool = Field(description="whether scores may be read as more than an order")
    note: str
    mode: str = Field(description="investigation: the best are listed; identification: those that keep the target FPIR")
    people: int = Field(description="how many could be found, after filters; probabilities hold for this number")
    basis: str = Field(description="whose likeness the scores are measured against; empty: nobody's")
    calibration: str = Field(description="what the probabilities were fitted on; empty: not calibrated")
    fpir: float | None = Field(description="the target; null in investigation")
    threshold: float | None = Field(description="the score that the target asks for")
    prior: float | None = Field(description="the assumed share of searches whose person is in the gallery")
    nobody: float | None = Field(description="probability that the person is not in this gallery")
    elsewhere: float | None = Field(description="probability that it is somebody who is not listed")


class IdentificationOut(Wire):
    """A photo's ranked candidates."""

    photo: str = Field(description="the photo's path or file name as it was given; empty where it had none")
    outcome: str = Field(description="candidates, nobody, no_face, several_faces or photo_unusable")
    code: str = Field(description="why the photo is unusable, for programs; empty otherwise")
    reason: str = Field(description="the same for people")
    notes: tuple[str, ...] = Field(description="what decoding had to do that a person should know")
    sha256: str = Field(description="of the photo's bytes; empty where they could not be read")
    width: int = Field(description="pixels, upright")
    height: int
    box: BoxOut | None = Field(description="the face that was searched with")
    landmarks: tuple[tuple[float, float], ...]
    turn: int
    others: tuple[FaceOut, ...] = Field(description="the other faces in the photo, largest first")
    quality: QualityOut | None = Field(description="of the photo; null without a face, or where it is not measured")
    searched_anyway: str = Field(
        description="why the photo would have been refused for its quality, had `anyway` not been said; else empty"
    )
    candidates: tuple[CandidateOut, ...]
    engine: str
    gallery: SearchedGalleryOut
    scoring: ScoringOut
    timings_ms: dict[str, float]


class ErrorOut(Wire):
    """The one shape of every error."""

    code: str = Field(description="stable, for programs")
    message: str = Field(description="what is wrong and what to do, in one line")
    field: str = Field("", description="the field that is not valid, where there is one")


def person_out(person: Person) -> PersonOut:
    return PersonOut.model_validate(person, from_attributes=True)


def listed_person_out(entry: ListedPerson) -> ListedPersonOut:
    return ListedPersonOut(person=person_out(entry.person), photos=entry.photos)


def person_record_out(record: PersonRecord) -> PersonRecordOut:
    return PersonRecordOut(
        person=person_out(record.person),
        photos=tuple(PhotoOut.model_validate(photo, from_attributes=True) for photo in record.photos),
        added_at=record.added_at,
        changed_at=record.changed_at,
    )


def enrolled_out(result: EnrolResult, refused: tuple[RefusedPhotoOut, ...] = ()) -> EnrolledOut:
    return EnrolledOut(
        gallery=result.gallery,
        person_id=result.person_id,
        person=result.person.value,
        photos=tuple(photo.value for photo in result.photos),
        refused=refused,
    )


def box_out(box: Box) -> BoxOut:
    return BoxOut(**{side: round(float(getattr(box, side)), 2) for side in ("left", "top", "right", "bottom")})


def face_out(face: Face) -> FaceOut:
    return FaceOut(
        box=box_out(face.box), landmarks=_points(face), detection_score=float(face.detection_score), turn=face.turn
    )


def candidate_out(candidate: Candidate) -> CandidateOut:
    return CandidateOut(
        rank=candidate.rank,
        person_id=candidate.person.person_id,
        gallery=candidate.person.gallery,
        score=candidate.score,
        distance=candidate.distance,
        best_photo=candidate.best_photo,
        photos=candidate.photos,
        false_alarm_probability=candidate.false_alarm_probability,
        false_alarm_reach=candidate.false_alarm_reach,
        log10_likelihood_ratio=candidate.log10_likelihood_ratio,
        likelihood_bound=candidate.likelihood_bound,
        confidence=candidate.confidence,
        meaning=candidate.meaning,
        agreement=candidate.agreement,
        person=person_out(candidate.person),
    )


def identification_out(answer: Identification, *, photo: str = "") -> IdentificationOut:
    """photo: the path or file name as it was given."""
    face = answer.face
    return IdentificationOut(
        photo=photo,
        outcome=answer.outcome.value,
        code=answer.code,
        reason=answer.reason,
        notes=answer.notes,
        sha256=answer.photo_sha256,
        width=answer.width,
        height=answer.height,
        box=box_out(face.box) if face else None,
        landmarks=_points(face) if face else (),
        turn=face.turn if face else 0,
        others=tuple(face_out(other) for other in answer.others),
        quality=quality_out(answer.quality) if answer.quality else None,
        searched_anyway=answer.searched_anyway,
        candidates=tuple(candidate_out(candidate) for candidate in answer.candidates),
        engine=answer.engine,
        gallery=SearchedGalleryOut.model_validate(answer.gallery, from_attributes=True),
        scoring=ScoringOut.model_validate(answer.scoring, from_attributes=True),
        timings_ms={step: round(took, 3) for step, took in answer.timings.items()},
    )


def _points(face: Face) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in face.landmarks)
