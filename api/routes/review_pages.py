"""The comparison: one reviewer's pass over a search's candidates, blind first, then with scores."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from starlette.concurrency import run_in_threadpool

from api.deps import Desk, TheDesk, TheMatcher
from api.officers import TheOffice, TheOfficer
from api.web import words
from api.web.face_view import FACE, FaceView, face_view
from api.web.formats import formats
from api.web.pages import Page, ThePage
from api.web.people import person_facts
from api.web.strength import agreement, strength, told
from matcher.build import photo_limits
from matcher.casework.decisions import ReviewState
from matcher.casework.numbers import number_of
from matcher.casework.reviewing import ReviewView, Shown
from matcher.pipeline import Matcher

router = APIRouter(include_in_schema=False)
ReviewId = Annotated[str, Path(max_length=32)]


@router.post("/searches/{search}/review")
async def begin(page: ThePage, officer: TheOfficer, office: TheOffice, search: ReviewId) -> Response:
    """Begin to compare, or go on; where somebody else does, that is said."""
    review = await run_in_threadpool(office.reviews.begin, officer, number_of("S", search))
    return page.go(f"/reviews/{review.id}")


@router.get("/reviews/{review}")
def compare(page: ThePage, officer: TheOfficer, office: TheOffice, review: ReviewId) -> Response:
    """The page on which candidates are compared; somebody else's review is not there."""
    found = office.reviews.view(officer, number_of("R", review))
    if found.review.state is ReviewState.CLOSED:
        return page.render("desk/handed_in.html", found=found, case=found.case, words=words)
    taken = ""
    for photo in office.cases.after_change(officer, found.case.number).photos:
        if photo.sha256 == found.photo_sha256:
            taken = photo.taken_on
    return page.render(
        "desk/compare.html", review=found.review, case=found.case, taken=taken, words=words, state=_state(page, found)
    )


@router.get("/searches/{search}/reviews")
def settled(page: ThePage, officer: TheOfficer, office: TheOffice, search: ReviewId) -> Response:
    """Who found what, for supervisors, once a search is settled."""
    found = office.reviews.of_settled(officer, number_of("S", search))
    return page.render("desk/settled.html", search=search, reviews=found, words=words)


@router.get("/reviews/{review}/probe")
async def probe(
    *, desk: TheDesk, matcher: TheMatcher, officer: TheOfficer, office: TheOffice, review: ReviewId
) -> Response:
    """The photo of the person in custody, with its landmarks."""

    def content() -> bytes:
        found = office.reviews.view(officer, number_of("R", review))
        return office.cases.photo(officer, found.case.number, found.photo_sha256)[0]

    return await _picture(desk, matcher, content)


@router.get("/reviews/{review}/candidates/{candidate}/picture")
async def candidate(
    *, desk: TheDesk, matcher: TheMatcher, officer: TheOfficer, office: TheOffice, review: ReviewId,
    candidate: ReviewId,
) -> Response:  # fmt: skip
    """A candidate's photo, which counts as opened from then on, with its landmarks."""
    return await _picture(desk, matcher, lambda: office.reviews.open(officer, number_of("R", review), candidate))


async def _picture(desk: Desk, matcher: Matcher, content: Callable[[], bytes]) -> Response:
    limits = photo_limits(desk.settings)

    def made() -> FaceView:
        return face_view(matcher, content(), limits)

    view = await desk.work(made)
    headers = {"Cache-Control": "private, no-store", FACE: view.face}
    return Response(view.picture, headers=headers, media_type="image/jpeg")


def _day(page: Page, iso: str) -> str:
    return formats(page.preferences.language).plain_day(iso)


def _state(page: Page, found: ReviewView) -> dict[str, Any]:
    """What the page's script works with; nothing of scores or people while the review is blind."""
    is_blind = found.review.state is ReviewState.BLIND
    return {
        "review": found.review.id,
        "addresses": {"at": f"/reviews/{found.review.id}", "service": f"/v1/reviews/{found.review.id}"},
        "case": found.case.id,
        "state": found.review.state.value,
        "account": page.actor.name if page.actor else "",
        "told": told(found.scoring, found.searched_anyway, page.gettext),
        "candidates": [_candidate(page, one, is_blind=is_blind) for one in found.candidates],
    }


def _candidate(page: Page, one: Shown, *, is_blind: bool) -> dict[str, Any]:
    given = one.verdict
    shown: dict[str, Any] = {
        "id": one.candidate.id,
        "opened": one.opened,
        **({"taken": page.gettext("taken %(day)s", day=_day(page, one.taken_on))} if one.taken_on else {}),
        "verdict": given
        and {
            "verdict": given.opinion.value,
            "confidence": given.confidence,
            "reasons": [str(reason) for reason in given.reasons],
            "remark": given.remark,
        },
    }
    if is_blind:
        return shown
    number = formats(page.preferences.language).number
    scores = one.candidate.scores
    return shown | {
        "rank": scores.rank,
        "strength": strength(scores, page.gettext, number),
        "score": number(scores.score, 2),
        "agreement": agreement(scores, page.gettext),
        "person": None if one.person is None else person_facts(page, one.person),
    }
