"""Searches in a case, duplicates among cases, identifications, and what consulates answer."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.deps import TheDesk
from api.officers import TheCase, TheOffice, TheOfficer, TheSearchDesk
from api.paging import PageAsked, page_of
from api.routes import described
from api.wire_quality import QualityOut, Wire, quality_out
from matcher.casework.answers import AnswerKind, Rejection, answer_id
from matcher.casework.decisions import CaseSearch, Identification
from matcher.casework.duplicates import Duplicate
from matcher.casework.numbers import number_of
from matcher.identification import Identification as Searched
from matcher.records.case_facts import Answer

router = APIRouter(prefix="/v1/cases/{case}", tags=["cases"])


class CaseSearchIn(Wire):
    """A search for the case's person."""

    gallery: str = Field(min_length=1, max_length=64, description="one that the case was put to")
    photo: str = Field("", max_length=64, description="SHA-256 of the case's photo; the last one if empty")
    top: int = Field(20, ge=1, le=200)
    fpir: float | None = Field(None, gt=0, lt=1)
    anyway: bool = Field(False, description="search with a photo of whatever quality")


class CaseSearchOut(Wire):
    """A search as it is kept. Neither candidates nor scores: reviewers see them, after comparing without."""

    id: str = Field(examples=["S-7K3M9-Q2XWD"])
    gallery: str
    basis: str
    photo: str
    engine: str
    version: int = Field(description="of the records that were searched")
    outcome: str
    candidates: int
    settled: bool
    by: str
    at: int


class SearchedOut(CaseSearchOut):
    """A search that was just made."""

    code: str = Field("", description="why the photo could not be searched with, for programs")
    reason: str = ""
    quality: QualityOut | None = None


class CaseSearchesOut(Wire):
    """A case's searches, the oldest first."""

    searches: tuple[CaseSearchOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class DuplicateOut(Wire):
    """Another case that may be the same person's."""

    case: str
    score: float
    distance: float
    false_alarm_probability: float | None = Field(
        description="that chance alone brings up such a likeness among as many cases as you may see, 500 at least; "
        "null where scores are not calibrated"
    )
    state: str = Field(description="suspected, same or different")


class DuplicatesOut(Wire):
    """The likeliest first."""

    duplicates: tuple[DuplicateOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class DuplicateVerdictIn(Wire):
    """Whether two cases are one person's."""

    same: bool


class IdentificationOut(Wire):
    """Two reviewers found the same person."""

    id: str
    gallery: str
    person_id: str
    photo: str
    first_reviewer: str
    second_reviewer: str
    at: int


class IdentificationsOut(Wire):
    identifications: tuple[IdentificationOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class AnswerIn(Wire):
    """What a consulate said."""

    kind: AnswerKind
    country: str = Field(max_length=3)
    received_on: str = Field(max_length=10, examples=["2026-03-01"])
    reference: str = Field("", max_length=2000)
    reason: Rejection | None = Field(None, description="with rejected, and only then")
    identification: str = Field("", max_length=32, description="whom it is about; the case's only one if empty")


class AnswerOut(Wire):
    """An answer as recorded; nothing follows from it until another person has checked it."""

    id: str
    kind: str
    country: str
    reason: str
    reference: str
    received_on: str
    recorded_by: str
    recorded_at: int
    checked_by: str


class AnswersOut(Wire):
    answers: tuple[AnswerOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


@router.post("/searches", summary="Search for a case's person", status_code=201,
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
async def search(
    *, desk: TheDesk, who: TheOfficer, searches: TheSearchDesk, case: TheCase, given: CaseSearchIn
) -> SearchedOut:
    """Search one gallery with one of the case's photos. Refused, and recorded, where the gate does not let it pass: see
    `confidential`, `gallery_held` and `not_now` among the errors. Candidates are kept for their reviewers.
    """

    def searched() -> tuple[CaseSearch, Searched]:
        made = searches.searches.search(
            who, case, gallery=given.gallery, photo=given.photo, top=given.top, fpir=given.fpir, anyway=given.anyway
        )
        searches.duplicates.look_by_itself(who, case)
        return made

    found, answer = await desk.work(searched)
    quality = None if answer.quality is None else quality_out(answer.quality)
    return SearchedOut(**search_out(found).model_dump(), code=answer.code, reason=answer.reason, quality=quality)


@router.get("/searches", summary="A case's searches", responses=described.errors(404, 422, 503))
def searches(
    who: TheOfficer, desk: TheSearchDesk, case: TheCase, asked: Annotated[PageAsked, Query()]
) -> CaseSearchesOut:
    """Every search of the case, the oldest first."""
    page, following = page_of(desk.searches.searches(who, case), asked, lambda one: one.id)
    return CaseSearchesOut(searches=tuple(map(search_out, page)), next=following)


@router.post(
    "/duplicates", summary="Look for the same person in other cases", responses=described.errors(404, 422, 503)
)
async def look(*, desk: TheDesk, who: TheOfficer, searches: TheSearchDesk, case: TheCase) -> DuplicatesOut:
    """Compare the case's photos with those of all other cases anew. It happens by itself when a photo is added and when
    the case is searched. Cases that you may not see are not named.
    """
    found = await desk.work(lambda: searches.duplicates.look(who, case))
    return DuplicatesOut(duplicates=tuple(map(_duplicate_out, found)), next="")


@router.get("/duplicates", summary="Cases that may be the same person's", responses=described.errors(404, 422, 503))
def duplicates(
    who: TheOfficer, desk: TheSearchDesk, case: TheCase, asked: Annotated[PageAsked, Query()]
) -> DuplicatesOut:
    """What was found before."""
    page, following = page_of(desk.duplicates.known(who, case), asked, lambda one: one.id)
    return DuplicatesOut(duplicates=tuple(map(_duplicate_out, page)), next=following)


@router.post("/duplicates/{other}", summary="Decide on a duplicate", status_code=204,
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
def decide(
    who: TheOfficer, desk: TheSearchDesk, case: TheCase, other: Annotated[str, Path(max_length=32)],
    given: DuplicateVerdictIn,
) -> None:  # fmt: skip
    """Say whether two cases are one person's. What becomes of the case is another step: its status."""
    desk.duplicates.decide(who, case, number_of("C", other), same=given.same)


@router.get("/identifications", summary="Who the person is found to be", responses=described.errors(404, 422, 503))
def identifications(
    who: TheOfficer, office: TheOffice, case: TheCase, asked: Annotated[PageAsked, Query()]
) -> IdentificationsOut:
    """Whom two different reviewers found to be the person of this case."""
    page, following = page_of(office.reviews.identifications(who, case), asked, lambda one: one.id)
    return IdentificationsOut(identifications=tuple(map(_identification_out, page)), next=following)


@router.post("/answers", summary="Record a consulate's answer", status_code=201,
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
def answer(who: TheOfficer, office: TheOffice, case: TheCase, given: AnswerIn) -> AnswersOut:
    """Write down what a consulate said. Another person checks it; then status and statistics follow."""
    office.answers.record(
        who, case, kind=given.kind, country=given.country, received_on=given.received_on, reference=given.reference,
        reason=given.reason, identification=given.identification,
    )  # fmt: skip
    return _answers(office.answers.answers(who, case))


@router.get("/answers", summary="What consulates answered", responses=described.errors(404, 422, 503))
def answers(who: TheOfficer, office: TheOffice, case: TheCase, asked: Annotated[PageAsked, Query()]) -> AnswersOut:
    """In the order of recording."""
    page, following = page_of(office.answers.answers(who, case), asked, lambda one: answer_id(one.number))
    return _answers(page, following)


@router.post("/answers/{answer}/check", summary="Check a consulate's answer",
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
def check(who: TheOfficer, office: TheOffice, case: TheCase, answer: Annotated[str, Path(max_length=32)]) -> AnswersOut:
    """Confirm, as another person than the one who wrote it down, that a consulate said so."""
    office.answers.check(who, case, answer)
    return _answers(office.answers.answers(who, case))


def search_out(found: CaseSearch) -> CaseSearchOut:
    return CaseSearchOut(
        id=found.id, gallery=found.gallery, basis=found.basis, photo=found.photo_sha256, engine=found.engine,
        version=found.version, outcome=found.outcome, candidates=found.candidates,
        settled=found.stage == "settled", by=found.by, at=found.at,
    )  # fmt: skip


def _duplicate_out(one: Duplicate) -> DuplicateOut:
    return DuplicateOut(
        case=one.id, score=one.score, distance=one.distance, false_alarm_probability=one.false_alarm_probability,
        state=one.state,
    )  # fmt: skip


def _identification_out(one: Identification) -> IdentificationOut:
    return IdentificationOut(
        id=one.id, gallery=one.key[0], person_id=one.key[1], photo=one.photo_sha256,
        first_reviewer=one.first_reviewer, second_reviewer=one.second_reviewer, at=one.at,
    )  # fmt: skip


def _answers(found: tuple[Answer, ...], following: str = "") -> AnswersOut:
    return AnswersOut(
        answers=tuple(
            AnswerOut(
                id=answer_id(one.number), kind=one.kind, country=one.country, reason=one.reason,
                reference=one.reference, received_on=one.received_on, recorded_by=one.recorded_by,
                recorded_at=one.recorded_at, checked_by=one.checked_by,
            )
            for one in found
        ),
        next=following,
    )  # fmt: skip
