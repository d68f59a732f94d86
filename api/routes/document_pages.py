"""A case's documents on a page: seen before they are made, given out, said to be sent, answered."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api.deps import TheDesk
from api.errors import status_and_code
from api.officers import TheCase, TheOffice, TheOfficer
from api.routes.documents import DocumentId
from api.web import words
from api.web.fault_pages import FAULTS
from api.web.languages import N_
from api.web.pages import Manner, Message, Page, ThePage
from matcher.casework.answers import AnswerKind, Rejection
from matcher.casework.case import case_id
from matcher.casework.faults import CaseError
from matcher.casework.office import Office
from matcher.casework.officer import Officer
from matcher.errors import BadField, BadSetting, MatcherError, NotFound
from matcher.person import shown

router = APIRouter(include_in_schema=False)
_SHOWN = (CaseError, BadField, BadSetting, NotFound)
_NO_KEY = N_("There is no key that documents are signed with; an administrator makes one.")
_FILE = {"Cache-Control": "private, no-store", "Content-Disposition": 'attachment; filename="preview.pdf"'}


@router.get("/cases/{case}/documents")
def show(page: ThePage, officer: TheOfficer, office: TheOffice, case: TheCase) -> Response:
    """What was made of a case, and what may be made. One that may not be seen is answered as one that is not there."""
    return page.render("document/case.html", **_view(officer, office, case))


@router.post("/cases/{case}/documents")
async def make(*, page: ThePage, desk: TheDesk, officer: TheOfficer, office: TheOffice, case: TheCase) -> Response:
    """Make a document; where it is refused, the page says why."""
    fields = await page.form()
    chosen = fields.get("identification", "")
    try:
        kept = await desk.work(lambda: office.documents.make(officer, case, identification=chosen))
    except _SHOWN as refusal:
        return await run_in_threadpool(_again, page, officer, office, case, refusal)
    return page.go(_address(case), said=page.gettext("Document %(number)s was made and signed.", number=kept.id))


@router.post("/cases/{case}/documents/preview")
async def preview(*, page: ThePage, desk: TheDesk, officer: TheOfficer, office: TheOffice, case: TheCase) -> Response:
    """The pages of a document that is not made yet, as a file."""
    fields = await page.form()
    chosen = fields.get("identification", "")
    try:
        seen = await desk.work(lambda: office.documents.preview(officer, case, identification=chosen))
    except _SHOWN as refusal:
        return await run_in_threadpool(_again, page, officer, office, case, refusal)
    return Response(seen.pdf, headers=_FILE, media_type="application/pdf")


@router.post("/cases/{case}/documents/{document}/{step}")
async def take_step(
    *, page: ThePage, officer: TheOfficer, office: TheOffice, case: TheCase, document: DocumentId, step: str
) -> Response:
    """Say that a document was sent, or what came back for it."""
    if step not in _STEPS:
        raise NotFound("there is no such step")
    fields = await page.form()
    try:
        said = await run_in_threadpool(_STEPS[step], office, officer, case, document, fields)
    except _SHOWN as refusal:
        typed = {f"{document}/{step}": fields}
        return await run_in_threadpool(_again, page, officer, office, case, refusal, typed=typed)
    return page.go(_address(case), said=page.gettext(said))


def _sent(office: Office, officer: Officer, case: int, document: str, fields: Mapping[str, str]) -> str:
    version = fields.get("version", "")
    if not version.isdecimal() or len(version) > 12:
        raise BadField("version", "the form does not say which version of the case it was made for; load it again")
    office.documents.mark_sent(
        officer, case, document, sent_on=fields.get("sent_on", ""), how=fields.get("how", ""), version=int(version)
    )
    return N_("It was written down; the case is sent to the consulate.")


def _response(office: Office, officer: Officer, case: int, document: str, fields: Mapping[str, str]) -> str:
    office.responses.respond(officer, case, document, fields.get("json", "").encode())
    return N_("The answer was recorded. Another person has to check it.")


def _typed(office: Office, officer: Officer, case: int, document: str, fields: Mapping[str, str]) -> str:
    answer, reason = fields.get("answer", ""), fields.get("reason", "")
    if answer not in set(AnswerKind) or (reason and reason not in set(Rejection)):
        raise BadField("answer", f"answer {shown(answer)} {shown(reason)} can't be chosen; choose one that is offered")
    office.responses.respond_typed(
        officer, case, document, answer=AnswerKind(answer), reason=Rejection(reason) if reason else None,
        answered_on=fields.get("answered_on", ""), answered_by=fields.get("answered_by", ""),
        reference=fields.get("reference", ""), remarks=fields.get("remarks", ""),
    )  # fmt: skip
    return N_("The answer was recorded. Another person has to check it.")


_STEPS = {"sent": _sent, "response": _response, "typed": _typed}


def _again(
    page: Page, officer: Officer, office: Office, case: int, refusal: MatcherError,
    *, typed: Mapping[str, Mapping[str, str]] | None = None,
) -> Response:  # fmt: skip
    status, code = status_and_code(refusal)
    if isinstance(refusal, BadSetting):
        # Its own words name a place on this machine.
        told = Message(page.gettext(_NO_KEY), Manner.FAULT)
    else:
        title = page.gettext(FAULTS[code if code in FAULTS else "not_now"].title)
        told = Message(f"{title}.", Manner.FAULT, f"{refusal}.")
    return page.render("document/case.html", status=status, said=told, **_view(officer, office, case, typed))


def _view(
    officer: Officer, office: Office, case: int, typed: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Any]:
    record = office.cases.get(officer, case)
    return {
        "case": record.case,
        "documents": office.documents.documents(officer, case),
        "identifications": office.reviews.identifications(officer, case),
        "has_key": any(one.retired_at is None for one in office.documents.keys.known()),
        "typed": typed or {},
        "words": words,
    }


def _address(case: int) -> str:
    return f"/cases/{case_id(case)}/documents"
