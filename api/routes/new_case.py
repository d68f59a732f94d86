"""A new case: protection asked first, then who it is, then photos, each judged before anything is searched."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from api.deps import TheDesk, TheGallery, TheMatcher
from api.errors import error_response, status_and_code
from api.forms import UploadLimits
from api.officers import TheOffice, TheOfficer
from api.routes.identify import only_photo
from api.web import quality_words
from api.web.fault_pages import wants_page
from api.web.formats import formats
from api.web.languages import N_
from api.web.pages import Manner, Message, Page, ThePage
from api.web.refusals import refusal_words
from api.wire import ErrorOut
from matcher.casework.case import Claim, Protection, checked_text
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.errors import BadField, MatcherError
from matcher.faces import Face
from matcher.preparing import PhotoState, PreparedPhoto

router = APIRouter(include_in_schema=False)
_NO_PROTECTION = N_("Say first whether the person needs protection; it decides what may be done with everything else.")
_STATES = {
    PhotoState.NO_FACE: N_("No face was found. Give a photo that shows the face from the front."),
    PhotoState.SEVERAL_FACES: N_("Several faces of similar size: choose the one that is meant."),
    PhotoState.UNUSABLE: N_("The file can't be used as a photo."),
}


@router.get("/cases/new")
def new(page: ThePage, desk: TheDesk, gallery: TheGallery) -> Response:
    """The form."""
    return _form(page, desk.settings.max_photo_bytes, tuple(gallery.state().galleries))


@router.post("/cases/new")
async def open_case(
    *, page: ThePage, desk: TheDesk, gallery: TheGallery, officer: TheOfficer, office: TheOffice
) -> Response:
    """Open the case, and put it to a gallery where one is chosen; what can't be taken is shown again as typed."""
    typed = await page.form()
    names = await run_in_threadpool(lambda: tuple(gallery.state().galleries))
    try:
        number = await run_in_threadpool(_opened, officer, office, typed, names)
    except BadField as fault:
        status, code = status_and_code(fault)
        if not wants_page(page.request.scope):
            error = ErrorOut(code=code, message=_words(page, fault), field=fault.field)
            return error_response(status, error)
        return _form(page, desk.settings.max_photo_bytes, names, typed=typed, fault=fault, status=status)
    if not wants_page(page.request.scope):
        return JSONResponse({"case": number}, 201, {"Location": f"/cases/{number}"})
    return page.go(f"/cases/{number}", said=page.gettext("The case was opened."))


@router.post("/photos/check")
async def check(request: Request, page: ThePage, desk: TheDesk, matcher: TheMatcher) -> Response:
    """What a photo would be worth: faces, quality, advice. Nothing is kept, and nothing is searched."""
    limits = UploadLimits(desk.settings.max_photo_bytes, photos=1, names=(), alone=True)
    async with desk.upload(request, limits) as upload:
        content = only_photo(upload).content
        prepared = await desk.work(lambda: matcher.prepare(content))
    return JSONResponse(_judged(page, prepared))


def _opened(officer: Officer, office: Office, typed: Mapping[str, str], galleries: tuple[str, ...]) -> str:
    protection = typed.get("protection", "")
    if protection not in (Protection.UNKNOWN, Protection.PROTECTED):
        raise BadField("protection", _NO_PROTECTION)
    chosen = typed.get("gallery", "")
    if chosen:
        # All that may be refused is asked before the case is there.
        checked_text("basis", typed.get("basis", ""))
        if chosen not in galleries:
            raise BadField("gallery", "there is no gallery of that name; choose one of those that are offered")
    names = ("name", "native_name", "date_of_birth", "household_registration")
    case = office.cases.open(
        officer, country=typed.get("country", ""), claim=Claim(*(typed.get(name, "") for name in names)),
        custody_date=typed.get("custody_date", ""), protection=Protection(protection),
    )  # fmt: skip
    if chosen:
        office.cases.put_to(officer, case.number, chosen, country=case.country, basis=typed["basis"])
    return case.id


def _form(
    page: Page, most_bytes: int, galleries: tuple[str, ...], *, typed: Mapping[str, str] | None = None,
    fault: MatcherError | None = None, status: int = 200,
) -> Response:  # fmt: skip
    field = getattr(fault, "field", "")
    said = None
    if fault is not None:
        said = Message(page.gettext("The case was not opened yet."), Manner.FAULT)
    shown = _words(page, fault) if fault is not None else ""
    return page.render(
        "desk/new_case.html", status=status, said=said, camera=True, galleries=galleries, typed=typed or {},
        faults={field: shown} if field else {}, most_bytes=most_bytes,
        countries=formats(page.preferences.language).countries(),
    )  # fmt: skip


def _words(page: Page, fault: MatcherError) -> str:
    return refusal_words(str(fault), page.gettext) or page.gettext(str(fault))


def _judged(page: Page, prepared: PreparedPhoto) -> dict[str, Any]:
    faces = [*([prepared.face] if prepared.face is not None else []), *prepared.others]
    percent = formats(page.preferences.language).percent
    state = PhotoState.SEVERAL_FACES if prepared.contested else prepared.state
    return {
        "state": state.value,
        "said": page.gettext(_STATES[state]) if state in _STATES else "",
        "exactly": prepared.reason,
        "faces": [_frame(face, prepared) for face in faces],
        "quality": None if prepared.quality is None else quality_words.told(prepared.quality, page.gettext, percent),
    }


def _frame(face: Face, prepared: PreparedPhoto) -> dict[str, float]:
    """A face's box as shares of the upright photo."""
    box, width, height = face.box, prepared.width, prepared.height
    return {
        "left": box.left / width,
        "top": box.top / height,
        "right": box.right / width,
        "bottom": box.bottom / height,
    }
