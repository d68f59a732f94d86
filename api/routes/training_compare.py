"""The comparison in training: the page of real reviews, over an exercise's drawn records."""

import json
from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.deps import TheDesk, TheMatcher
from api.officers import TheOfficer
from api.routes.reviews import VerdictIn
from api.routes.training import ExerciseId, TheCourse
from api.web.face_view import FACE, face_of
from matcher.casework.numbers import number_of
from matcher.errors import NotFound
from matcher.pipeline import Matcher
from matcher.training.pictures import entry_plain, probe_plain

router = APIRouter(include_in_schema=False)
Place = Annotated[int, Path(ge=0, le=99)]


@router.get("/training/{exercise}/probe")
async def probe(
    *, desk: TheDesk, matcher: TheMatcher, officer: TheOfficer, course: TheCourse, exercise: ExerciseId
) -> Response:
    """The photo that was searched with, with its landmarks."""
    number = number_of("T", exercise)

    def made() -> Response:
        practice = course.view(officer, number)
        which = practice.choices.photo
        if which is None:
            raise NotFound("no photo was chosen yet")
        return _picture(matcher, course.probe(officer, number, which), probe_plain(practice.exercise, which))

    return await desk.work(made)


@router.get("/training/{exercise}/candidates/{place}/picture")
async def candidate(
    *, desk: TheDesk, matcher: TheMatcher, officer: TheOfficer, course: TheCourse, exercise: ExerciseId, place: Place
) -> Response:
    """A record's photo, which counts as opened from then on, with its landmarks."""
    number = number_of("T", exercise)

    def made() -> Response:
        shown = course.open(officer, number, place)
        return _picture(matcher, shown, entry_plain(course.view(officer, number).exercise, place))

    return await desk.work(made)


@router.post("/training/{exercise}/verdicts", status_code=204)
def judge(officer: TheOfficer, course: TheCourse, exercise: ExerciseId, given: VerdictIn) -> None:
    """Say what was found of a record, or change it."""
    place = int(given.candidate) if given.candidate.isdecimal() else -1
    course.judge(
        officer, number_of("T", exercise), place, opinion=given.verdict, confidence=given.confidence,
        reasons=given.reasons,
    )  # fmt: skip


@router.post("/training/{exercise}/reveal", status_code=204)
def reveal(officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> None:
    """End the blind stage."""
    course.reveal(officer, number_of("T", exercise))


@router.post("/training/{exercise}/close", status_code=204)
def close(officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> None:
    """Hand the review in."""
    course.close(officer, number_of("T", exercise))


def _picture(matcher: Matcher, shown: bytes, plain: bytes) -> Response:
    """A marked photo; its landmarks are found in the same picture without band and mark."""
    face = json.dumps(face_of(matcher.prepare(plain)))
    headers = {"Cache-Control": "private, no-store", FACE: face}
    return Response(shown, media_type="image/jpeg", headers=headers)
