"""A case on one page: who, how long is left, what was found, and every step that may follow."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api.deps import Desk, TheDesk, TheGallery
from api.errors import status_and_code
from api.officers import TheCase, TheOffice, TheOfficer, TheSearchDesk
from api.web import words
from api.web.case_steps import STEPS, Asked
from api.web.case_view import CaseView, case_view
from api.web.clock import TimeLeft
from api.web.fault_pages import FAULTS
from api.web.languages import N_
from api.web.next_step import next_step
from api.web.pages import Manner, Message, Page, ThePage
from api.web.refusals import refusal_words
from matcher.accounts.roles import Right
from matcher.casework.answers import answer_id
from matcher.casework.case import case_id
from matcher.casework.faults import CaseError
from matcher.casework.numbers import number_of
from matcher.casework.office import Office, SearchDesk
from matcher.casework.officer import Officer
from matcher.errors import AlreadyThere, BadField, GalleryHeld, MatcherError, NotFound

router = APIRouter(include_in_schema=False)
WHY_NOT = {
    "photo": N_("The case has no photo yet."),
    "ended": N_("The case has ended."),
    "unstated": N_("Nobody has stated who supplied this gallery and on what legal basis; an administrator does."),
    "held": N_("The gallery is held until two administrators have released it."),
    "protected": N_("Another country supplied this gallery, and the protection of the case is not lifted."),
}
_SHOWN = (CaseError, BadField, AlreadyThere, GalleryHeld)
"""What is said on the page itself, with everything that was typed."""


@router.get("/cases/{case}")
def show(
    *, page: ThePage, desk: TheDesk, officer: TheOfficer, office: TheOffice, searches: TheSearchDesk,
    gallery: TheGallery, case: TheCase,
) -> Response:  # fmt: skip
    """The case. One that may not be seen is answered as one that does not exist."""
    view = case_view(officer, office, searches, gallery, case)
    return page.render("desk/case.html", **_shown(view, officer.account, desk, office))


@router.get("/cases/{case}/photos/new")
def new_photo(page: ThePage, desk: TheDesk, officer: TheOfficer, office: TheOffice, case: TheCase) -> Response:
    """Where photos are added to a case, each judged before it is kept."""
    found = office.cases.get(officer, case).case
    return page.render("desk/new_photo.html", camera=True, case=found, most_bytes=desk.settings.max_photo_bytes)


@router.post("/cases/{case}/steps/{step}")
async def take_step(
    *, page: ThePage, desk: TheDesk, officer: TheOfficer, office: TheOffice, searches: TheSearchDesk,
    gallery: TheGallery, case: TheCase, step: str,
) -> Response:  # fmt: skip
    """Do what a form of the page asks for; where it is refused, the page is shown again with what was typed."""
    if step not in (*STEPS, *_WITH_ENGINE):
        raise NotFound("there is no such step")
    fields = await page.form()
    address = f"/cases/{case_id(case)}"
    try:
        if step in STEPS:
            said = await run_in_threadpool(STEPS[step], Asked(office, officer, case, fields))
        else:
            said = await desk.work(lambda: _WITH_ENGINE[step](officer, searches, case, fields))
    except _SHOWN as refusal:
        status, told = _told(page, refusal)

        def again() -> Response:
            view = case_view(officer, office, searches, gallery, case)
            shown = _shown(view, officer.account, desk, office, typed={step: fields}, open_step=step)
            return page.render("desk/case.html", status=status, said=told, **shown)

        return await run_in_threadpool(again)
    return page.go(address, said=page.gettext(said))


def _search(officer: Officer, searches: SearchDesk, case: int, fields: Mapping[str, str]) -> str:
    if not fields.get("gallery"):
        raise BadField("gallery", "no gallery is chosen; choose one that the case is put to")
    found, _ = searches.searches.search(
        officer, case, gallery=fields["gallery"], photo=fields.get("photo", ""), anyway="anyway" in fields
    )
    searches.duplicates.look_by_itself(officer, case)
    if found.outcome == "candidates":
        return N_("Searched. The candidates wait for whoever compares them.")
    return SEARCHED.get(found.outcome, N_("Searched. Nobody was found."))


def _look(officer: Officer, searches: SearchDesk, case: int, _fields: Mapping[str, str]) -> str:
    found = searches.duplicates.look(officer, case)
    return (
        N_("Other cases may be the same person's; they are listed below.")
        if found
        else N_("No other case looks like the same person's.")
    )


def _decide(officer: Officer, searches: SearchDesk, case: int, fields: Mapping[str, str]) -> str:
    same = fields.get("same", "")
    if same not in ("yes", "no"):
        raise BadField("same", "it is not said whether the two are one person; press one of the two buttons")
    searches.duplicates.decide(officer, case, number_of("C", fields.get("other", "")), same=same == "yes")
    return N_("It was written down.")


_WITH_ENGINE: Mapping[str, Callable[[Officer, SearchDesk, int, Mapping[str, str]], str]] = {
    "search": _search,
    "duplicates": _look,
    "duplicate": _decide,
}
SEARCHED = {
    "nobody": N_("Searched. Nobody in this gallery is alike enough."),
    "no_face": N_("No face was found in the photo. Add another one."),
    "photo_unusable": N_(
        "The photo is too poor to be relied on. Add a better one, or search with it anyway by ticking the box."
    ),
}


def _told(page: Page, refusal: MatcherError) -> tuple[int, Message]:
    status, code = status_and_code(refusal)
    title = page.gettext(FAULTS[code].title if code in FAULTS else FAULTS["not_now"].title)
    words_of = refusal_words(str(refusal), page.gettext)
    return status, Message(
        f"{title}: {words_of}" if words_of else f"{title}.", Manner.FAULT, "" if words_of else f"{refusal}."
    )


def _shown(
    view: CaseView, account: str, desk: Desk, office: Office, *, typed: Mapping[str, Mapping[str, str]] | None = None,
    open_step: str = "",
) -> dict[str, Any]:  # fmt: skip
    case = view.record.case
    return {
        "next": next_step(view, account),
        "view": view,
        "case": case,
        "left": TimeLeft.of(case, office.files.today, desk.settings.case_deadline_days),
        "typed": typed or {},
        "open_step": open_step,
        "words": words,
        "why_not": WHY_NOT,
        "answer_id": answer_id,
        "supervise": Right.SUPERVISE_CASES,
        "most_bytes": desk.settings.max_photo_bytes,
    }
