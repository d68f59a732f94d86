"""Reviews: whose turn it is, candidates in the reviewer's own order, verdicts, scores after the blind stage."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.deps import TheDesk
from api.officers import TheOffice, TheOfficer
from api.paging import PageAsked, page_of
from api.pictures import jpeg_view
from api.routes import described
from api.wire import PersonOut, person_out
from api.wire_quality import Wire
from matcher.build import photo_limits
from matcher.casework.case import case_id
from matcher.casework.decisions import CaseSearch, ReviewState, Verdict
from matcher.casework.features import Feature, Opinion, Seen
from matcher.casework.numbers import number_of, number_text
from matcher.casework.reviewing import ReviewView, Shown

router = APIRouter(prefix="/v1", tags=["reviews"])
SearchId = Annotated[str, Path(max_length=32, description="the search's number", examples=["S-7K3M9-Q2XWD"])]
ReviewId = Annotated[str, Path(max_length=32, description="the review's number", examples=["R-7K3M9-Q2XWD"])]
_MOST_WAITING = 10_000
_REASONS = f"features ({', '.join(Feature)}) and what was seen ({', '.join(Seen)}), as in ears:similar"


class WaitingOut(Wire):
    """A search that you may review. Whether somebody did before is not told."""

    search: str
    case: str
    candidates: int
    at: int


class WaitingListOut(Wire):
    """A page of them, the nearest deadlines first."""

    waiting: tuple[WaitingOut, ...]
    next: str = Field("", description="the cursor of the next page; empty where this is the last")


class VerdictIn(Wire):
    """What was found of a candidate."""

    candidate: str = Field(max_length=32)
    verdict: Opinion
    confidence: int = Field(ge=0, le=100, description="your own, 0 (a guess) to 100 (certain)")
    reasons: tuple[str, ...] = Field((), max_length=len(Feature), description=_REASONS)
    remark: str = Field("", max_length=2000)


class VerdictOut(Wire):
    """Your last verdict of a candidate."""

    stage: ReviewState = Field(description="blind or scored: when it was found")
    verdict: Opinion
    confidence: int
    reasons: tuple[str, ...]
    remark: str
    at: int


class ScoresOut(Wire):
    """What the search said of a candidate; a score decides nothing."""

    rank: int
    score: float
    distance: float
    false_alarm_probability: float | None
    log10_likelihood_ratio: float | None
    confidence: float | None
    meaning: str
    agreement: str = Field(
        description="agree, doubtful or disagree: whether both parts of a joined engine say the same; empty: not known"
    )


class CandidateToReviewOut(Wire):
    """A candidate. person, scores: absent in the blind stage."""

    id: str = Field(examples=["K-7K3M9-Q2XWD"])
    opened: bool
    verdict: VerdictOut | None
    person: PersonOut | None
    scores: ScoresOut | None
    taken_on: str = Field(description="the day the photo was taken, an ISO date; empty: not known")


class ReviewOut(Wire):
    """Your review: candidates in an order of its own while it is blind, by rank afterwards."""

    id: str
    case: str
    state: ReviewState
    photo: str = Field(description="SHA-256 of the case's photo that was searched with")
    may_be_revealed: bool
    scoring: str = Field(description="what the scores rest on; empty in the blind stage")
    searched_anyway: str = Field(
        description="why the photo would have been refused for its quality; empty if not, or in the blind stage"
    )
    candidates: tuple[CandidateToReviewOut, ...]


class SettledVerdictOut(VerdictOut):
    """A verdict, of which candidate."""

    candidate: str


class SettledReviewOut(Wire):
    """One reviewer's pass, with every change of mind."""

    id: str
    round: int = Field(description="1, 2, or 3 for a supervisor who settled")
    reviewer: str
    verdicts: tuple[SettledVerdictOut, ...]


class SettledReviewsOut(Wire):
    """A settled search's reviews."""

    reviews: tuple[SettledReviewOut, ...]


@router.get("/reviews/waiting", summary="What you may review", responses=described.errors(422, 503))
def waiting(who: TheOfficer, office: TheOffice, asked: Annotated[PageAsked, Query()]) -> WaitingListOut:
    """Searches that wait for a reviewer who has not reviewed them. What is reviewed leaves the list."""
    page, following = page_of(office.reviews.waiting(who, limit=_MOST_WAITING), asked, lambda one: one.id)
    return WaitingListOut(waiting=tuple(map(_waiting_out, page)), next=following)


@router.post("/searches/{search}/reviews", summary="Begin a review", status_code=201,
             responses=described.errors(404, 409, 422, 503))  # fmt: skip
def begin(who: TheOfficer, office: TheOffice, search: SearchId, response: Response) -> ReviewOut:
    """Begin to review a search, or go on with your own review of it."""
    review = office.reviews.begin(who, number_of("S", search))
    response.headers["Location"] = f"/v1/reviews/{review.id}"
    return _review_out(office.reviews.view(who, review.number))


@router.get(
    "/searches/{search}/reviews", summary="A settled search's reviews", responses=described.errors(404, 409, 422, 503)
)
def settled(who: TheOfficer, office: TheOffice, search: SearchId) -> SettledReviewsOut:
    """Who found what, for supervisors; not before the search is settled."""
    found = office.reviews.of_settled(who, number_of("S", search))
    return SettledReviewsOut(
        reviews=tuple(
            SettledReviewOut(
                id=review.id,
                round=review.round,
                reviewer=review.reviewer,
                verdicts=tuple(
                    SettledVerdictOut(candidate=number_text("K", one.candidate), **_verdict_out(one).model_dump())
                    for one in verdicts
                ),
            )
            for review, verdicts in found
        )
    )


@router.get("/reviews/{review}", summary="Your review", responses=described.errors(404, 422, 503))
def view(who: TheOfficer, office: TheOffice, review: ReviewId) -> ReviewOut:
    """The candidates and your verdicts. Somebody else's review is answered as one that does not exist."""
    return _review_out(office.reviews.view(who, number_of("R", review)))


@router.get(
    "/reviews/{review}/candidates/{candidate}/photo",
    summary="Open a candidate",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "the photo"},
        **described.errors(404, 409, 422, 503),
    },
)
def open_candidate(
    *, desk: TheDesk, who: TheOfficer, office: TheOffice, review: ReviewId,
    candidate: Annotated[str, Path(max_length=32)],
    longest: Annotated[int, Query(ge=64, le=4096, description="pixels of the longer side at most")] = 1024,
) -> Response:  # fmt: skip
    """The candidate's photo as an upright JPEG. Every candidate must have been opened before it can be judged."""
    content = office.reviews.open(who, number_of("R", review), candidate)
    picture = jpeg_view(content, limits=photo_limits(desk.settings), longest=longest)
    return Response(picture, headers={"Cache-Control": "private, no-store"}, media_type="image/jpeg")


@router.post("/reviews/{review}/verdicts", summary="Judge a candidate", responses=described.errors(404, 409, 422, 503))
def judge(who: TheOfficer, office: TheOffice, review: ReviewId, given: VerdictIn) -> ReviewOut:
    """Say what you found, or change it; every change is kept."""
    number = number_of("R", review)
    office.reviews.judge(
        who, number, given.candidate, opinion=given.verdict, confidence=given.confidence, reasons=given.reasons,
        remark=given.remark,
    )  # fmt: skip
    return _review_out(office.reviews.view(who, number))


@router.post("/reviews/{review}/reveal", summary="Show the scores", responses=described.errors(404, 409, 422, 503))
def reveal(who: TheOfficer, office: TheOffice, review: ReviewId) -> ReviewOut:
    """End the blind stage, once every candidate has a verdict. Verdicts may still change, which is recorded."""
    number = number_of("R", review)
    office.reviews.reveal(who, number)
    return _review_out(office.reviews.view(who, number))


@router.post("/reviews/{review}/close", summary="Hand a review in", responses=described.errors(404, 409, 422, 503))
def close(who: TheOfficer, office: TheOffice, review: ReviewId) -> ReviewOut:
    """Your verdicts stand from now on. "Same person" counts once a second reviewer has found it too."""
    number = number_of("R", review)
    office.reviews.close(who, number)
    return _review_out(office.reviews.view(who, number))


def _waiting_out(found: CaseSearch) -> WaitingOut:
    return WaitingOut(search=found.id, case=case_id(found.case), candidates=found.candidates, at=found.at)


def _review_out(found: ReviewView) -> ReviewOut:
    blind = found.review.state is ReviewState.BLIND
    return ReviewOut(
        id=found.review.id,
        case=found.case.id,
        state=found.review.state,
        photo=found.photo_sha256,
        may_be_revealed=found.may_be_revealed,
        scoring=found.scoring,
        searched_anyway=found.searched_anyway,
        candidates=tuple(_candidate_out(one, blind=blind) for one in found.candidates),
    )


def _candidate_out(one: Shown, *, blind: bool) -> CandidateToReviewOut:
    scores = one.candidate.scores
    return CandidateToReviewOut(
        id=one.candidate.id,
        opened=one.opened,
        taken_on=one.taken_on,
        verdict=None if one.verdict is None else _verdict_out(one.verdict),
        person=None if blind or one.person is None else person_out(one.person),
        scores=None
        if blind
        else ScoresOut(
            rank=scores.rank, score=scores.score, distance=scores.distance,
            false_alarm_probability=scores.false_alarm_probability,
            log10_likelihood_ratio=scores.log10_likelihood_ratio, confidence=scores.confidence, meaning=scores.meaning,
            agreement=scores.agreement,
        ),
    )  # fmt: skip


def _verdict_out(verdict: Verdict) -> VerdictOut:
    return VerdictOut(
        stage=verdict.stage, verdict=verdict.opinion, confidence=verdict.confidence,
        reasons=tuple(str(reason) for reason in verdict.reasons), remark=verdict.remark, at=verdict.at,
    )  # fmt: skip
