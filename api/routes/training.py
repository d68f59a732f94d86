"""Training: exercises with drawn people, page by page; nothing of them is in casework."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Response
from starlette.concurrency import run_in_threadpool

from api.deps import TheDesk, TheMatcher
from api.officers import TheOfficer
from api.web import training_words as words
from api.web.pages import Page, ThePage
from api.web.training_steps import step_page
from api.web.words import who
from matcher.accounts.roles import Right
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import Protection
from matcher.casework.numbers import number_of
from matcher.errors import BadField
from matcher.person import shown
from matcher.training import known, results
from matcher.training.course import Course
from matcher.training.exercise import Sending
from matcher.training.grades import Grade
from matcher.training.machine import Machine
from matcher.training.practice import Practice, Step
from matcher.training.standings import all_standings, own_standings

router = APIRouter(include_in_schema=False)
_Kind = TypeVar("_Kind", bound=StrEnum)
ExerciseId = Annotated[str, Path(max_length=32)]
Place = Annotated[int, Path(ge=0, le=99)]


def course_of(desk: TheDesk) -> Course:
    return Course(desk.database)


TheCourse = Annotated[Course, Depends(course_of)]


@router.get("/training")
def overview(page: ThePage, desk: TheDesk, officer: TheOfficer, course: TheCourse) -> Response:
    """Where the officer stands, what is known of errors, and the way into an exercise."""
    return page.render(
        "training/overview.html", standings=own_standings(desk.database, officer),
        under_way=course.under_way(officer), grades=words.GRADES, steps=words.STEPS, photo_sets=words.PHOTO_SETS,
        known=known, results=results, may_supervise=page.may(Right.SUPERVISE_CASES),
    )  # fmt: skip


@router.post("/training")
async def begin(page: ThePage, desk: TheDesk, matcher: TheMatcher, officer: TheOfficer, course: TheCourse) -> Response:
    """Begin an exercise of a grade, or go on with the one that is under way."""
    grade = _one_of(Grade, "grade", (await page.form()).get("grade", ""))
    number = await desk.work(lambda: course.begin(officer, Machine(matcher), grade))
    return page.go(_address(course.view(officer, number)))


@router.get("/training/officers")
def officers(page: ThePage, desk: TheDesk, officer: TheOfficer) -> Response:
    """How everybody stands; for supervisors."""
    return page.render(
        "training/officers.html", standings=all_standings(desk.database, officer), grades=words.GRADES, who=who
    )


@router.get("/training/{exercise}")
def practise(page: ThePage, officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> Response:
    """The step at which an exercise stands."""
    return _shown(page, course.view(officer, _number(exercise)))


@router.post("/training/{exercise}/protection")
async def protection(page: ThePage, officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> Response:
    """What the file says of the person's protection."""
    given = _one_of(Protection, "protection", (await page.form()).get("protection", ""))
    return await _after(page, exercise, lambda n: course.state_protection(officer, n, given))


@router.post("/training/{exercise}/photo")
async def photo(
    *, page: ThePage, desk: TheDesk, matcher: TheMatcher, officer: TheOfficer, course: TheCourse, exercise: ExerciseId
) -> Response:
    """Search with one of the photos."""
    number, chosen = _number(exercise), (await page.form()).get("photo", "")
    which = int(chosen) if chosen.isdecimal() and len(chosen) < 3 else -1
    try:
        await desk.work(lambda: course.choose_photo(officer, number, which, Machine(matcher)))
    except BadField as fault:
        return _shown(page, course.view(officer, number), fault=str(fault), status=422)
    return page.go(f"/training/{exercise}")


@router.post("/training/{exercise}/second")
async def second(page: ThePage, officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> Response:
    """On from the second review."""
    return await _after(page, exercise, lambda n: course.go_on(officer, n))


@router.post("/training/{exercise}/document")
async def document(page: ThePage, officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> Response:
    """Send the practice document, or hold it."""
    given = _one_of(Sending, "sending", (await page.form()).get("sending", ""))
    return await _after(page, exercise, lambda n: course.send(officer, n, given))


@router.post("/training/{exercise}/answer")
async def answer(page: ThePage, officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> Response:
    """Write the consulate's answer down."""
    fields, number = await page.form(), _number(exercise)
    kind = _one_of(AnswerKind, "kind", fields.get("kind", ""))
    reason = _one_of(Rejection, "reason", fields["reason"]) if fields.get("reason") else None
    try:
        await run_in_threadpool(course.answer, officer, number, kind, reason)
    except BadField:
        fault = page.gettext("A rejection has a reason, and nothing else has one.")
        return _shown(page, course.view(officer, number), fault=fault, given=fields, status=422)
    return page.go(f"/training/{exercise}")


@router.post("/training/{exercise}/leave")
async def leave(page: ThePage, officer: TheOfficer, course: TheCourse, exercise: ExerciseId) -> Response:
    """Give an exercise up."""
    await run_in_threadpool(course.leave, officer, _number(exercise))
    return page.go("/training", said=page.gettext("The exercise was given up. It counts neither way."))


@router.get("/training/{exercise}/photos/{which}")
def own_photo(officer: TheOfficer, course: TheCourse, exercise: ExerciseId, which: Place) -> Response:
    """A photo of the person in custody."""
    return _picture(course.probe(officer, _number(exercise), which))


@router.get("/training/{exercise}/records/{place}")
def record_photo(officer: TheOfficer, course: TheCourse, exercise: ExerciseId, place: Place) -> Response:
    """The photo of a listed record."""
    return _picture(course.open(officer, _number(exercise), place))


def _shown(page: Page, practice: Practice, *, status: int = 200, **given: Any) -> Response:
    """The page of an exercise's step."""
    if practice.step is Step.LEFT:
        return page.go("/training")
    template, values = step_page(page, practice)
    return page.render(template, status=status, **(values | given))


async def _after(page: Page, exercise: str, act: Callable[[int], None]) -> Response:
    """Take a step, then show the next one."""
    await run_in_threadpool(act, _number(exercise))
    return page.go(f"/training/{exercise}")


def _picture(content: bytes) -> Response:
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, no-store"})


def _number(exercise: str) -> int:
    return number_of("T", exercise)


def _address(practice: Practice) -> str:
    return f"/training/{practice.id}"


def _one_of(kinds: type[_Kind], field: str, text: str) -> _Kind:
    """One of an enumeration's values; raises BadField."""
    try:
        return kinds(text)
    except ValueError:
        raise BadField(field, f"{field} {shown(text)} is none of {', '.join(kinds)}; choose one on the page") from None
